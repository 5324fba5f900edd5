"""Authentications of integrations in the file: ``crm: {type: basic, username: portal, password: {secret: env:…}}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from channels_cfg.configuration_file.entries import InvalidValue, Secret, SecretsEntry, invalid
from channels_cfg.configuration_file.nodes import FileProblem, Node
from channels_cfg.models import Authentication
from channels_cfg.near_names import did_you_mean

SECRET = {"basic": "password", "bearer": "token", "api_key": "key", "oauth2": "client_secret"}
"""What the secret is called in the file, by type."""
OTHERS = {
    "basic": {"username": "username"},
    "bearer": {},
    "api_key": {"header": "header"},
    "oauth2": {"client_id": "username", "token_address": "token_address", "scope": "scope"},
}
"""What else there is, and which field of the model holds it."""


@dataclass(frozen=True)
class KnownAuthentication(Secret):
    """One authentication; ``note`` is its name and ``text`` its secret."""

    kind: str = ""
    username: str = ""
    header: str = ""
    token_address: str = ""
    scope: str = ""

    def __str__(self) -> str:
        return super().__str__()

    @classmethod
    def of(cls, row: Authentication) -> KnownAuthentication:
        facts = {name: getattr(row, name) for name in ("kind", "username", "header", "token_address", "scope")}
        return cls(row.secret, row.name, **facts)

    def as_row(self) -> Authentication:
        facts: dict[str, Any] = asdict(self)
        secret, name = facts.pop("text"), facts.pop("note")
        del facts["reference"]
        return Authentication(name=name, secret=secret, **facts)


@dataclass(frozen=True)
class AuthenticationsEntry(SecretsEntry):
    """Authentications by their names. Left out, what is stored stays as it is."""

    def resolve(self, node: Node, environment: Any) -> list[Secret]:
        if node.value is None:
            return []
        if not isinstance(node.value, dict):
            raise invalid(node, _("Authentications are written by name: crm: {type: basic, username: …}."))
        found: list[Secret] = []
        problems: list[FileProblem] = []
        for name, item in node.value.items():
            try:
                found.append(self._authentication(name, item, environment))
            except InvalidValue as bad:
                problems += bad.problems
        if problems:
            raise InvalidValue(*problems)
        return found

    def _authentication(self, name: str, node: Node, environment: Any) -> KnownAuthentication:
        if not isinstance(node.value, dict):
            raise invalid(node, _("An authentication is written {type: basic, username: …, password: …}."))
        kind_node = node.value.get("type")
        kind = str(kind_node.value if kind_node else "")
        if kind not in SECRET:
            about = {"types": ", ".join(SECRET), "near": did_you_mean(kind, SECRET)}
            raise invalid(kind_node or node, _("“type” is one of %(types)s.%(near)s") % about)
        known = ["type", SECRET[kind], *OTHERS[kind]]
        for stray in node.value.keys() - set(known):
            text = _("An authentication of this type has no “%(name)s”. It has: %(names)s.")
            raise invalid(node.value[stray], text % {"name": stray[:80], "names": ", ".join(known)})
        if SECRET[kind] not in node.value:
            text = _("An authentication of this type needs “%(name)s”: {secret: env:NAME}.") % {"name": SECRET[kind]}
            raise invalid(node, text)
        secret = self._resolved(node.value[SECRET[kind]], environment)
        facts = dict(_texts(node.value, OTHERS[kind]))
        made = KnownAuthentication(secret.text, name, secret.reference, kind=kind, **facts)
        _check(made, node)
        return made


def _texts(written: Mapping[str, Node], fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, field in fields.items():
        if node := written.get(name):
            if isinstance(node.value, list | dict):
                raise invalid(node, _("A text is expected here."))
            yield field, str(node.value or "").strip()


def _check(made: KnownAuthentication, node: Node) -> None:
    """What the model says of it."""
    row = made.as_row()
    try:
        row.clean_fields(exclude=["integration"])
        row.clean()
    except ValidationError as refused:
        words = [f"{name}: {' '.join(messages)}" for name, messages in refused.message_dict.items()]
        raise InvalidValue(*[node.problem(text) for text in words]) from None


def write_authentications(integration: int, wanted: list[Secret]) -> None:
    """Have exactly these, leaving alone those that are so already."""
    missing = set(wanted)
    for stored in Authentication.objects.filter(integration=integration):
        known = KnownAuthentication.of(stored)
        if known in missing:
            missing.remove(known)
        else:
            stored.delete()
    for made in sorted(missing, key=lambda one: one.note):
        assert isinstance(made, KnownAuthentication)  # the entry makes no others
        row = made.as_row()
        row.integration_id = integration
        row.save()
