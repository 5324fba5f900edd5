"""How the System Configurator looks and what its menu offers."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Keepsake",
    "SITE_HEADER": "Keepsake",
    "SITE_SYMBOL": "inventory_2",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
}
