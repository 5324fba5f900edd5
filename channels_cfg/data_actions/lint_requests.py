"""Faults of the request: address, headers and body against the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from channels_cfg.data_actions.contract import property_types, required_of, sample_of
from channels_cfg.data_actions.definition import ActionDefinition
from channels_cfg.data_actions.faults import NOWHERE, ActionFault, ActionFinding, Severity
from channels_cfg.data_actions.json_text import NotJson, place_of_value, read_json
from channels_cfg.data_actions.requesting import RequestValues, body_of
from channels_cfg.data_actions.velocity_parts import TemplateReference
from channels_cfg.data_actions.velocity_reading import VelocityTemplate, read_template, references_in
from channels_cfg.data_actions.velocity_tools import IN_REQUESTS
from channels_cfg.near_names import did_you_mean
from channels_cfg.positions import Position

_ROOTS = {"input", "credentials", "authResponse", *IN_REQUESTS}
_SECRET_HEADER = re.compile(r"authorization|api-?key|token|secret|password", re.IGNORECASE)


def findings_about_request(definition: ActionDefinition) -> Iterator[ActionFinding]:
    address = read_template(definition.request_url_template)
    body = read_template(definition.request_template)
    has_body = definition.request_type not in ("GET", "HEAD")
    yield from _about_address(definition, address)
    yield from _about_headers(definition)
    yield from _about_names(definition, "requestUrlTemplate", address)
    if has_body:
        yield from _about_names(definition, "requestTemplate", body)
        yield from _about_body(definition, body)
    elif definition.request_template.strip() not in ("", "${input.rawRequest}"):
        yield ActionFinding(
            Severity.WARNING,
            "requestTemplate",
            _("A %(type)s request has no body; this is not sent.") % {"type": definition.request_type},
            _("Empty it, or choose POST, PUT or PATCH."),
        )


def sample_inputs(definition: ActionDefinition) -> dict[str, object]:
    """A value that the contract allows for every input."""
    found = sample_of({**definition.inputs, "type": "object"})
    return dict(found) if isinstance(found, dict) else {}


def _about_address(definition: ActionDefinition, template: VelocityTemplate) -> Iterator[ActionFinding]:
    text, field = template.text, "requestUrlTemplate"

    def finding(
        message: str, remedy: str, offset: int | None = None, severity: Severity = Severity.WARNING
    ) -> ActionFinding:
        return ActionFinding(severity, field, message, remedy, NOWHERE if offset is None else template.place(offset))

    if not text.strip():
        yield finding(_("There is no address."), _("Enter where the request goes."), severity=Severity.BLOCKS)
        return
    if (at := text.find("&amp;")) >= 0:
        yield finding(_("&amp; is not decoded in an address."), _("Write & alone."), at)
    begins = text.strip()
    if not re.match(r"(https?://|/|\$!?\{?(credentials|authResponse)\b)", begins, re.IGNORECASE):
        remedy = _("Begin with https://, or with / for a path at the connection's base address.")
        yield finding(_("This is no address."), remedy, 0)
    elif begins.lower().startswith("http://"):
        remedy = _("Write https://; http:// is for hosts that an administrator allows.")
        yield finding(_("The request and its secrets would go over the network as anybody can read them."), remedy, 0)
    query = text.find("?")
    for reference in template.printed():
        if query >= 0 and reference.offset > query and _is_text_input(definition, reference):
            name = reference.names[-1]
            yield finding(
                _("The input “%(name)s” goes into the query unescaped.") % {"name": name},
                _("Write $esc.url(%(reference)s).") % {"reference": reference.source},
                reference.offset,
            )


def _about_headers(definition: ActionDefinition) -> Iterator[ActionFinding]:
    for name, value in definition.header_templates.items():
        place = place_of_value(definition.headers, name)
        template = read_template(value)
        roots = {reference.root.lower() for reference in template.references()}
        if _SECRET_HEADER.search(name) and not roots & {"credentials", "authresponse"}:
            message = (
                _("The secret of the header “%(name)s” is passed in as an input.")
                if "input" in roots
                else _("The header “%(name)s” holds its secret in plain text.")
            )
            remedy = _("Keep it with the connection, and write ${credentials.name}.")
            yield ActionFinding(Severity.WARNING, "headers", message % {"name": name[:80]}, remedy, place)
        for found in _about_names(definition, "headers", template):
            yield ActionFinding(found.severity, "headers", found.message, found.remedy, place)


def _about_names(definition: ActionDefinition, field: str, template: VelocityTemplate) -> Iterator[ActionFinding]:
    """Names that are nobody's, inputs that the contract does not name, and such as may be left out."""
    types, required = property_types(definition.inputs), required_of(definition.inputs)
    own, add = set_in(template.text), _("Add it to the properties of the input schema.")
    seen: set[str] = set()
    for reference in template.references():
        if reference.root in own:
            continue
        at = template.place(reference.offset)
        if reference.root not in _ROOTS:
            yield _nobody(field, reference.root, at)
        name = _input_of(reference)
        if name and name not in types and name not in seen:
            seen.add(name)
            message = _("The contract has no input “%(name)s”.") % {"name": name}
            yield ActionFinding(Severity.WARNING, field, message, near_name(name, list(types), add), at)
    for reference in template.printed():
        optional = [
            name for inner in references_in(reference) if (name := _input_of(inner)) in types and name not in required
        ]
        if optional and not reference.is_quiet and reference.source not in seen:
            seen.add(reference.source)
            message = _("“%(name)s” may be left out, and %(reference)s is then sent as it stands here.")
            remedy = _("Write %(quiet)s, or require the input.") % {"quiet": f"$!{reference.source[1:]}"[:200]}
            about = {"name": optional[0], "reference": reference.source[:200]}
            yield ActionFinding(Severity.WARNING, field, message % about, remedy, template.place(reference.offset))


def _nobody(field: str, root: str, at: Position) -> ActionFinding:
    near = next((name for name in _ROOTS if name.lower() == root.lower()), "")
    if near:
        message, remedy = _("“$%(name)s” is written in another case."), _("Write $%(near)s.") % {"near": near}
    else:
        message, remedy = _("Nothing is called “$%(name)s” in a request."), _("Inputs are called $input.name.")
    severity = Severity.WARNING if near else Severity.BLOCKS
    return ActionFinding(severity, field, message % {"name": root}, remedy, at)


def _input_of(reference: TemplateReference) -> str:
    """The name of the input that is meant, empty for anything else."""
    names = reference.names
    return names[1] if reference.root.lower() == "input" and len(names) > 1 and names[1] != "rawRequest" else ""


def _about_body(definition: ActionDefinition, template: VelocityTemplate) -> Iterator[ActionFinding]:
    """Of a body that is JSON: inputs that could break it, and whether it is JSON with ordinary inputs."""
    if not template.text.lstrip().startswith(("{", "[", "#")):
        return
    field = "requestTemplate"
    for reference in template.printed():
        if not _is_text_input(definition, reference):
            continue
        name = reference.names[-1]
        if _in_quotes(template.text, reference):
            message = _(
                "The input “%(name)s” goes into a JSON text unescaped: a quotation mark or a line break ends it."
            )
            remedy = _("Write $esc.jsonString(%(reference)s).") % {"reference": reference.source}
        elif template.text[reference.offset - 1 : reference.offset] in (" ", ":", "[", ","):
            message = _("The text input “%(name)s” goes into the JSON without quotes.")
            remedy = _('Write "$esc.jsonString(%(reference)s)".') % {"reference": reference.source}
        else:
            continue
        yield ActionFinding(Severity.WARNING, field, message % {"name": name}, remedy, template.place(reference.offset))
    try:
        values = RequestValues(sample_inputs(definition), _AnyName(), _AnyName())
        read_json(body_of(definition, values))
    except NotJson as fault:
        message = _("With ordinary inputs the body is not JSON: %(fault)s") % {"fault": fault.message}
        remedy = _("The place counts in what the template makes.")
        yield ActionFinding(Severity.WARNING, field, message, remedy, fault.at)
    except ActionFault as fault:
        yield ActionFinding(Severity.WARNING, field, fault.message, "", fault.at)


class _AnyName(dict[str, str]):
    """Holds a text for every name that the templates could ask for."""

    def get(self, name: str, default: object = None) -> str:
        return "x"


def _is_text_input(definition: ActionDefinition, reference: TemplateReference) -> bool:
    """An input whose value may be any text. What was called on it is taken for the author's own escaping."""
    if reference.root.lower() != "input" or len(reference.names) != 2 or len(reference.steps) > 1:
        return False
    name = reference.names[1]
    return name != "rawRequest" and property_types(definition.inputs).get(name, "string") in ("string", "")


def _in_quotes(text: str, reference: TemplateReference) -> bool:
    """Whether the reference stands inside a JSON text of its line."""
    start = text.rfind("\n", 0, reference.offset) + 1
    bare = re.sub(r"\\.|#(?:if|elseif)\s*\(.*?\)|\$!?\{[^}]*\}", "", text[start : reference.offset])
    return bare.count('"') % 2 == 1


def set_in(text: str) -> set[str]:
    found = re.findall(r"#\{?(?:set|foreach)\}?\s*\(\s*\$!?\{?(\w+)", text)
    return {*found, "foreach"} if found else set()


def near_name(name: str, known: list[str], otherwise: str) -> str:
    """The remedy for a name that nothing has."""
    return did_you_mean(name, known).strip() or otherwise
