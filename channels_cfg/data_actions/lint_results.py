"""Faults of the result: translation map, defaults and success template against the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.data_actions.contract import property_types, required_of
from channels_cfg.data_actions.definition import ActionDefinition
from channels_cfg.data_actions.faults import ActionFault, ActionFinding, Severity
from channels_cfg.data_actions.json_text import NotJson, json_text, place_of_name, place_of_value, read_json
from channels_cfg.data_actions.lint_requests import near_name, set_in
from channels_cfg.data_actions.result_paths import read_path
from channels_cfg.data_actions.results import success_text
from channels_cfg.data_actions.velocity_reading import read_template
from channels_cfg.data_actions.velocity_tools import IN_RESULTS
from channels_cfg.positions import position_of


def findings_about_result(definition: ActionDefinition) -> Iterator[ActionFinding]:
    yield from _about_paths(definition)
    yield from _about_defaults(definition)
    unknown = list(_about_names(definition))
    yield from unknown
    if not unknown:
        yield from _about_outputs(definition)


def _about_paths(definition: ActionDefinition) -> Iterator[ActionFinding]:
    used = {reference.root for reference in read_template(definition.success_template).references()}
    for name, path in definition.paths.items():
        at = place_of_value(definition.translation_map, name)
        about = {"name": name[:80], "path": path[:80]}
        if not path.strip().startswith("$"):
            yield ActionFinding(
                Severity.WARNING,
                "translationMap",
                _("The path of “%(name)s” does not begin with $.") % about,
                _("Write $.%(path)s.") % {"path": path.strip().lstrip(".")[:80]},
                at,
            )
        if name not in used:
            yield ActionFinding(
                Severity.WARNING,
                "translationMap",
                _("“%(name)s” is found, and the success template does not use it.") % about,
                _("Use ${%(name)s} there, or take it out.") % about,
                place_of_name(definition.translation_map, name),
            )


def _about_defaults(definition: ActionDefinition) -> Iterator[ActionFinding]:
    for name, default in definition.defaults.items():
        at = place_of_value(definition.translation_map_defaults, name)
        about = {"name": name[:80], "default": json_text(default)[:80]}
        if name not in definition.paths:
            message = _("The translation map has no “%(name)s”.")
            remedy = near_name(name, list(definition.paths), _("Add it there, or take the default out."))
            yield ActionFinding(Severity.WARNING, "translationMapDefaults", message % about, remedy, at)
            continue
        try:
            read_json(default)
        except NotJson:
            message = _("The default of “%(name)s” is not JSON.") % about
            remedy = _("Write a text with quotes of its own: %(written)s.") % {
                "written": json_text(json_text(default))[:90]
            }
            yield ActionFinding(Severity.WARNING, "translationMapDefaults", message, remedy, at)
        if not read_path(definition.paths[name]).is_definite:
            message = _("The default of “%(name)s” is never used: its path finds a list, perhaps an empty one.") % about
            remedy = _("Give it to the success template: $successTemplateUtils.firstFromArray(“list”, “default”).")
            yield ActionFinding(Severity.WARNING, "translationMapDefaults", message, remedy, at)


def _about_names(definition: ActionDefinition) -> Iterator[ActionFinding]:
    """Names in the success template that have no value, so that it always fails."""
    template = read_template(definition.success_template)
    known = {*IN_RESULTS, *definition.paths, "rawResult", *set_in(template.text)}
    lower = {name.lower() for name in known}
    for reference in template.references():
        if reference.root.lower() in lower or reference.is_quiet:
            continue
        message = _("Nothing is called “%(name)s” in the translation map.") % {"name": reference.root}
        remedy = near_name(reference.root, [*definition.paths, "rawResult"], _("Add it to the translation map."))
        at = template.place(reference.offset)
        yield ActionFinding(Severity.BLOCKS, "successTemplate", message, remedy, at)


def _about_outputs(definition: ActionDefinition) -> Iterator[ActionFinding]:
    """What the success template makes of an ordinary answer, against the contract."""
    if definition.success_template.strip() in ("", "${rawResult}", "$rawResult", "$!{rawResult}"):
        return
    names = {name: '"x"' if read_path(path).is_definite else '["x"]' for name, path in definition.paths.items()}
    try:
        outputs = read_json(success_text(definition, "{}", names))
    except NotJson as fault:
        message = _("With an ordinary answer the success template makes no JSON: %(fault)s") % {"fault": fault.message}
        remedy = _("Each ${name} is JSON already: a text has its quotes. The place counts in what the template makes.")
        yield ActionFinding(Severity.WARNING, "successTemplate", message, remedy, fault.at)
        return
    except ActionFault as fault:
        yield ActionFinding(Severity.WARNING, "successTemplate", fault.message, "", fault.at)
        return
    if isinstance(outputs, dict):
        yield from _against_contract(definition, outputs)


def _against_contract(definition: ActionDefinition, outputs: dict[str, Any]) -> Iterator[ActionFinding]:
    types = property_types(definition.outputs)
    for name in outputs:
        if types and name not in types:
            message = _("The contract has no output “%(name)s”.") % {"name": name[:80]}
            remedy = near_name(name, list(types), _("Add it to the properties of the success schema."))
            at = position_of(max(definition.success_template.find(f'"{name}"'), 0), definition.success_template)
            yield ActionFinding(Severity.WARNING, "successTemplate", message, remedy, at)
    for name in required_of(definition.outputs):
        if name not in outputs:
            message = _("The contract requires the output “%(name)s”, which the success template never writes.")
            remedy = _("Write it there, or take it from required.")
            at = place_of_name(definition.success_schema, "required")
            yield ActionFinding(Severity.WARNING, "successSchema", message % {"name": name[:80]}, remedy, at)
