"""What is wrong with a data action before it runs: template against contract against translation map."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.utils.translation import gettext as _

from channels_cfg.data_actions.contract import findings_about_inputs
from channels_cfg.data_actions.definition import FIELDS_IN_FILE, ActionDefinition
from channels_cfg.data_actions.faults import ActionFault, ActionFinding, Severity
from channels_cfg.data_actions.json_text import place_of_value, read_texts
from channels_cfg.data_actions.lint_requests import findings_about_request
from channels_cfg.data_actions.lint_results import findings_about_result
from channels_cfg.data_actions.result_paths import read_path
from channels_cfg.data_actions.velocity_reading import read_template

MOST_FINDINGS = 100
_ORDER = [Severity.UNREADABLE, Severity.BLOCKS, Severity.WARNING]


def findings_about(definition: ActionDefinition) -> list[ActionFinding]:
    """Everything that is found, the worst first, then in the order of the fields and lines."""
    found = list(_unreadable(definition))
    if not found:
        for check in (_contract, findings_about_request, findings_about_result):
            found += check(definition)
    fields = list(FIELDS_IN_FILE.values())

    def rank(finding: ActionFinding) -> tuple[int, int, int, int]:
        place = fields.index(finding.field) if finding.field in fields else len(fields)
        return _ORDER.index(finding.severity), place, finding.at.line, finding.at.column

    return sorted(dict.fromkeys(found), key=rank)[:MOST_FINDINGS]


def _unreadable(definition: ActionDefinition) -> Iterator[ActionFinding]:
    """Each field that cannot be read: one fault each."""
    readers: list[tuple[str, Callable[[], object]]] = [
        ("requestUrlTemplate", lambda: read_template(definition.request_url_template)),
        ("headers", lambda: definition.header_templates),
        ("requestTemplate", lambda: read_template(definition.request_template)),
        ("translationMap", lambda: definition.paths),
        ("translationMapDefaults", lambda: definition.defaults),
        ("successTemplate", lambda: read_template(definition.success_template)),
        ("inputSchema", lambda: definition.inputs),
        ("successSchema", lambda: definition.outputs),
    ]
    sound = set()
    for field, read in readers:
        try:
            read()
            sound.add(field)
        except ActionFault as fault:
            yield ActionFinding(Severity.UNREADABLE, field, fault.message, "", fault.at)
    if "headers" in sound:
        yield from _each_unreadable("headers", definition.headers, read_template)
    if "translationMap" in sound:
        remedy = _("Example: $.entities[0].id")
        yield from _each_unreadable("translationMap", definition.translation_map, read_path, remedy)


def _each_unreadable(field: str, text: str, read: Callable[[str], object], remedy: str = "") -> Iterator[ActionFinding]:
    for name, value in read_texts(text).items():
        try:
            read(value)
        except ActionFault as fault:
            at = place_of_value(text, name, character=fault.at.column - 1 if fault.at.line == 1 else 0)
            message = _("“%(name)s”: %(fault)s") % {"name": name[:80], "fault": fault.message}
            yield ActionFinding(Severity.UNREADABLE, field, message, remedy, at)


def _contract(definition: ActionDefinition) -> Iterator[ActionFinding]:
    yield from findings_about_inputs(definition.input_schema, definition.inputs)
    kind = definition.outputs.get("type", "object")
    if kind not in ("object", "array"):
        yield ActionFinding(
            Severity.WARNING, "successSchema", _("Outputs are an object."), _('Write "type": "object".')
        )
