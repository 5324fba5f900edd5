"""The shop's CRM: it knows customers by telephone number, as the specification's example asks for them."""

from __future__ import annotations

import json
from http import HTTPStatus
from urllib.parse import parse_qs

PATH = "/crm/customers"

# number: first name, last name, company, tickets; the demonstration's customers, but one
_CUSTOMERS = {
    "358401112233": ("Maija", "Korhonen", "Korhonen Oy", 2),
    "46701234567": ("Erik", "Svensson", "Nordljus AB", 1),
    "4915112345678": ("Lena", "Schäfer", "", 0),
    "34612345678": ("Lucía", "Gómez", "Sol y Sombra SL", 3),
    "5511987654321": ("João", "Pereira", "", 1),
}


def answer(query: str) -> tuple[HTTPStatus, bytes]:
    """The customer with the ``phone`` of the query, as JSON; 404 for whom it does not know."""
    phone = "".join(filter(str.isdigit, parse_qs(query).get("phone", [""])[0]))
    if phone not in _CUSTOMERS:
        return HTTPStatus.NOT_FOUND, json.dumps({"message": "Nobody has this number."}).encode()
    first, last, company, tickets = _CUSTOMERS[phone]
    customer = {
        "id": f"C-{phone[-4:]}",
        "properties": {"firstname": first, "lastname": last, "company": company},
        "tickets": [{"id": f"T-{phone[-2:]}{number}"} for number in range(1, tickets + 1)],
    }
    return HTTPStatus.OK, json.dumps(customer, ensure_ascii=False).encode()
