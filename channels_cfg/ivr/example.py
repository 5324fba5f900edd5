"""The IVR of the demonstration."""

from __future__ import annotations

from typing import Any

from channels_cfg.ivr.call_flow import DIGITS, HANG_UP, MENU, SAY, TRANSFER

IVR = "Service number"
ABOUT = "Asks for the language and the customer number before a call waits for sales"
IVR_ADDRESS = "+358401234568"
VARIABLES = ["Selected_language", "customerId"]
STEPS: tuple[dict[str, Any], ...] = (
    {
        "name": "Welcome",
        "kind": SAY,
        "prompt": "Welcome to the service number.",
        "next_step": "Language",
    },
    {
        "name": "Language",
        "kind": MENU,
        "prompt": "For Finnish press 1, for English press 2.",
        "variable": "Selected_language",
        "keys": ["1 = fi > Customer number", "2 = en > Customer number"],
        "other_step": "Goodbye",
    },
    {
        "name": "Customer number",
        "kind": DIGITS,
        "prompt": "Please enter your customer number, seven digits. To choose another language press the star key.",
        "variable": "customerId",
        "shortest": 7,
        "longest": 7,
        "pattern": "[0-9]{7}",
        "back_key": "*",
        "most_wrong": 2,
        "next_step": "Sales",
        "other_step": "Sales",
    },
    {
        "name": "Sales",
        "kind": TRANSFER,
        "prompt": "We connect you.",
        "attached_variables": ["Selected_language", "customerId"],
    },
    {"name": "Goodbye", "kind": HANG_UP, "prompt": "Please call again."},
)
"""The example *Passing Call Attached Data from IVR to Queue*, with a customer number besides."""
