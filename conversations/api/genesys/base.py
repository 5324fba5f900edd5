"""What every call of this door has: its errors, its pages, and who may ask."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from channels_cfg.api.problems import Problem
from conversations.api.caller import caller
from conversations.contacts.records import ContactMerged, IdentifierTaken
from conversations.contacts.rights import may_manage_contacts
from conversations.models import ExternalContact

CONTACTS = "/api/v2/externalcontacts/contacts"
USUAL_PAGE, LARGEST_PAGE, LAST_RECORD = 20, 100, 1000


def refuse(status: HTTPStatus, code: str, message: str, **members: Any) -> NoReturn:
    """Raise what is answered in the vendor's shape: a code of its own, and what the message is about."""
    raise Problem(status, message, code=code, **members)


def no_such_contact() -> NoReturn:
    refuse(HTTPStatus.NOT_FOUND, "contact.not.found", "There is no external contact with this id.")


def as_uuid(text: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except (ValueError, TypeError, AttributeError):
        return None


@extend_schema(exclude=True)
class ContactsView(APIView):
    """Contacts, for whoever manages contacts; for others there are none."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.is_manager = may_manage_contacts(caller(request))
        if not self.is_manager and not self.lists(request):
            no_such_contact()

    def lists(self, request: Request) -> bool:
        """Whether the answer is a list, which is empty for who may see nothing on it."""
        return False

    def handle_exception(self, exc: Exception) -> Any:
        return super().handle_exception(told(exc))


def told(failure: Exception) -> Exception:
    """What work on contacts raises, as this door answers it."""
    match failure:
        case ExternalContact.DoesNotExist():
            code, message = "contact.not.found", "There is no external contact with this id."
            return Problem(HTTPStatus.NOT_FOUND, message, code=code)
        case IdentifierTaken():
            taken = failure.contact_id
            details = [
                {
                    "errorCode": "identifier.taken",
                    "fieldName": camel(failure.identifier.slot or failure.identifier.kind),
                    "entityId": str(taken),
                    "entityName": "contact",
                }
            ]
            code = "identifier.taken"
            return Problem(HTTPStatus.CONFLICT, str(failure), code=code, details=details, entityId=str(taken))
        case ContactMerged():
            canonical = str(failure.canonical_id)
            return Problem(HTTPStatus.CONFLICT, str(failure), code="contact.merged", entityId=canonical)
        case ValidationError() if hasattr(failure, "error_dict"):
            messages = {camel(name): said for name, said in failure.message_dict.items()}
            return Problem(HTTPStatus.BAD_REQUEST, "", code="invalid.value", errors=messages)
    return failure


def camel(name: str) -> str:
    """``first_name`` as the vendor writes it."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


# Bodies


def object_of(value: Any, where: str = "body") -> dict[str, Any]:
    if not isinstance(value, dict):
        refuse(HTTPStatus.BAD_REQUEST, "bad.request", f"{where}: Send a JSON object.")
    return value


def check_known(sent: Mapping[str, Any], known: Sequence[str], where: str = "") -> None:
    """A misspelt field is not left out silently."""
    if unknown := sorted(set(sent) - set(known)):
        said = f"There is no such field here. Known are: {', '.join(known)}."
        messages = {f"{where}{name}"[:100]: [said] for name in unknown}
        raise Problem(HTTPStatus.BAD_REQUEST, "", code="invalid.property", errors=messages)


def wrong(field: str, message: str, *, code: str = "invalid.value") -> NoReturn:
    raise Problem(HTTPStatus.BAD_REQUEST, "", code=code, errors={field: [message]})


def text_of(sent: Mapping[str, Any], field: str, *, required: bool = False) -> str:
    value = sent.get(field)
    if value is None or value == "":
        if required:
            wrong(field, "This is required.", code="missing.value")
        return ""
    if not isinstance(value, str):
        wrong(field, "Send text, in quotation marks.")
    return value


def flag_of(sent: Mapping[str, Any], field: str) -> bool | None:
    value = sent.get(field)
    if value is not None and not isinstance(value, bool):
        wrong(field, "Send true or false.")
    return value


def list_of(sent: Mapping[str, Any], field: str, *, most: int, fewest: int = 0) -> list[Any]:
    value = sent.get(field) or []
    if not isinstance(value, list) or not fewest <= len(value) <= most:
        wrong(field, f"Send a list of {fewest} to {most}.")
    return value


# Pages


def number_of(asked: Mapping[str, Any], name: str, usual: int, most: int, *, least: int = 1) -> int:
    given = asked.get(name)
    text = str(usual if given is None else given)
    if not (text.isascii() and text.isdecimal()) or len(text) > 10 or not least <= int(text) <= most:
        wrong(name, f"A whole number from {least} to {most} is expected here.")
    return int(text)


def page_of(
    rows: QuerySet[Any], asked: Mapping[str, Any], address: str, *, most: int | None = LAST_RECORD
) -> tuple[list[Any], dict[str, Any]]:
    """The rows of the page that is asked for, and what the vendor says around them."""
    size = number_of(asked, "pageSize", USUAL_PAGE, LARGEST_PAGE)
    number = number_of(asked, "pageNumber", 1, 1_000_000)
    if most and size * number > most:
        wrong("pageNumber", f"Pages show the first {most} records. Ask more closely, or use {address}/scan's cursor.")
    total = rows.count()
    last = max(-(-total // size), 1)

    def uri(page: int) -> str:
        return f"{address}?pageSize={size}&pageNumber={page}"

    around = {
        "pageSize": size,
        "pageNumber": number,
        "total": total,
        "pageCount": -(-total // size),
        "selfUri": uri(number),
        "firstUri": uri(1),
        "lastUri": uri(last),
        **({"nextUri": uri(number + 1)} if number < last else {}),
        **({"previousUri": uri(number - 1)} if number > 1 else {}),
    }
    return list(rows[(number - 1) * size : number * size]), around
