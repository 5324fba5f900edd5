"""The request that a data action makes of its inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.data_actions.definition import ActionDefinition
from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.json_text import json_text
from channels_cfg.data_actions.velocity_reading import read_template
from channels_cfg.data_actions.velocity_rendering import render
from channels_cfg.data_actions.velocity_tools import IN_REQUESTS

LONGEST_ADDRESS = 8_000
LONGEST_HEADER = 8_000
MOST_HEADERS = 50

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}\Z")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?\Z")
_OURS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect", "te", "upgrade"}
"""Headers that the connection itself sets; ``Transfer-Encoding: buffered`` of published files changes nothing here."""


class UnusableRequest(ActionFault):
    """With these inputs there is no request that could be sent."""


@dataclass(frozen=True)
class RequestValues:
    """What the templates of a request may name."""

    inputs: Mapping[str, Any]
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth_response: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def names(self) -> dict[str, Any]:
        return {
            **IN_REQUESTS,
            "input": {**self.inputs, "rawRequest": json_text(dict(self.inputs))},
            "credentials": dict(self.credentials),
            "authResponse": dict(self.auth_response),
        }


def address_of(definition: ActionDefinition, values: RequestValues, *, base: str) -> str:
    """The whole address; a template that begins with / is put behind ``base``. Raises ``ActionFault``."""
    template = definition.request_url_template.strip()
    names = values.names()
    address = render(read_template(template), names, where="requestUrlTemplate").strip()
    if address.startswith("/") and not address.startswith("//"):
        if not base:
            raise UnusableRequest(_("The address begins with /, and the connection has no base address."))
        address = base.rstrip("/") + address
    elif authority := _authority(template):
        # A value that is put into the host must not lead to another one.
        host = render(read_template(authority), names, where="requestUrlTemplate").strip()
        if not _HOST.match(host) or not re.match(rf"https?://{re.escape(host)}(?:[/?#]|\Z)", address, re.IGNORECASE):
            raise UnusableRequest(_("With these inputs the address names no host."))
    if len(address) > LONGEST_ADDRESS or not re.match(r"https?://", address, re.IGNORECASE):
        raise UnusableRequest(_("With these inputs this is no address that could be called."))
    if any(ord(character) < 32 or ord(character) == 127 for character in address):
        raise UnusableRequest(_("With these inputs the address has a line break or another control character."))
    return address


def _authority(template: str) -> str:
    """The part of the template between :// and the path, empty where it says none itself."""
    found = re.match(r"https?://((?:\$!?\{[^}]*\}|[^/?#])*)", template, re.IGNORECASE)
    return found[1] if found else ""


def headers_of(definition: ActionDefinition, values: RequestValues) -> dict[str, str]:
    """Raises ``ActionFault``, also for a value that would begin another header."""
    templates = definition.header_templates
    if len(templates) > MOST_HEADERS:
        raise UnusableRequest(_("There are more than %(most)d headers.") % {"most": MOST_HEADERS})
    names, found = values.names(), {}
    for name, template in templates.items():
        if name.lower() in _OURS:
            continue
        if not _HEADER_NAME.match(name):
            raise UnusableRequest(_("“%(name)s” is no name of a header.") % {"name": name[:80]})
        value = render(read_template(template), names, where=f"headers.{name}").strip()
        if len(value) > LONGEST_HEADER or not _HEADER_VALUE.match(value):
            raise UnusableRequest(
                _("With these inputs the header “%(name)s” has a line break or another character that cannot be sent.")
                % {"name": name[:80]}
            )
        found[name] = value
    return found


def body_of(definition: ActionDefinition, values: RequestValues) -> str:
    """Empty for GET and HEAD, whose template is not looked at. Raises ``ActionFault``."""
    if definition.request_type in ("GET", "HEAD"):
        return ""
    return render(read_template(definition.request_template), values.names(), where="requestTemplate")
