"""The contract of a data action: which inputs it takes and which outputs it gives, as JSON Schema draft 4."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from jsonschema import Draft4Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend

from channels_cfg.data_actions.faults import ActionFault, ActionFinding, Severity
from channels_cfg.data_actions.json_text import NotJson, json_text, place_of_name, read_json_object
from channels_cfg.value_rules import finds, problem_with_pattern

RESERVED_INPUTS = {"orgid", "integrationid", "rawrequest"}
_FLAT = {"string", "integer", "number", "boolean", "null"}
_INPUT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
MOST_COMPLAINTS = 20
_SAMPLES: dict[str, Any] = {"string": "x", "integer": 1, "number": 1.5, "boolean": True, "null": None}


class UnreadableContract(ActionFault):
    """It is not a JSON Schema that is followed."""


@dataclass(frozen=True)
class ContractComplaint:
    """Where a value breaks the contract, and which rule; the value itself is in neither."""

    pointer: str
    rule: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.rule}"


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """In time that grows with the text alone, whatever the pattern."""
    if validator.is_type(instance, "string") and not finds(pattern, instance):
        yield ValidationError("pattern")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "object"):
        for pattern, subschema in patterns.items():
            for name, value in instance.items():
                if finds(pattern, name):
                    yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def _unique_items(validator: Any, unique: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if unique and validator.is_type(instance, "array") and len({json_text(item) for item in instance}) < len(instance):
        yield ValidationError("uniqueItems")


_Draft4 = extend(
    Draft4Validator,
    {"pattern": _pattern, "patternProperties": _pattern_properties, "uniqueItems": _unique_items},
)


def read_schema(text: str) -> dict[str, Any]:
    """The schema that the text says. Raises ``UnreadableContract`` with line and column."""
    try:
        schema = read_json_object(text)
    except NotJson as fault:
        raise UnreadableContract(fault.message, at=fault.at) from None
    if path := _path_of_ref(schema):
        raise UnreadableContract(_("$ref is not followed. Write the schema out."), at=place_of_name(text, *path))
    for path, pattern in _patterns(schema):
        if problem := problem_with_pattern(pattern):
            raise UnreadableContract(problem, at=place_of_name(text, *path))
    try:
        _Draft4.check_schema(schema)
    except SchemaError as fault:
        path = tuple(fault.absolute_path)
        words = _("/%(pointer)s is not as JSON Schema draft 4 says (%(rule)s).")
        about = {"pointer": "/".join(map(str, path))[:200], "rule": fault.validator}
        raise UnreadableContract(words % about, at=place_of_name(text, *path)) from None
    except Exception:  # numbers and patterns that its own schema cannot be asked about
        raise UnreadableContract(_("This is not a JSON Schema of draft 4.")) from None
    return schema


def complaints_about(value: Any, schema: dict[str, Any]) -> list[ContractComplaint]:
    """How the value breaks the schema, the first few."""
    found: list[ContractComplaint] = []
    try:
        for error in _Draft4(schema).iter_errors(value):
            pointer = "".join(f"/{part}" for part in error.absolute_path)
            found.append(ContractComplaint(pointer[:200], _rule(error)))
            if len(found) >= MOST_COMPLAINTS:
                break
    except Exception:  # RecursionError, or numbers that cannot be compared
        found.append(ContractComplaint("", _("this cannot be compared with the contract")))
    return found


def property_types(schema: dict[str, Any]) -> dict[str, str]:
    """Name and type of each property; several types are joined by a comma, and no type is an empty text."""
    found = {}
    for name, rule in _properties(schema).items():
        kind = rule.get("type", "") if isinstance(rule, dict) else ""
        found[name] = ",".join(map(str, kind)) if isinstance(kind, list) else str(kind)
    return found


def required_of(schema: dict[str, Any]) -> list[str]:
    wanted = schema.get("required")
    return [str(name) for name in wanted] if isinstance(wanted, list) else []


def sample_of(schema: Any) -> Any:
    """A value that an ordinary schema allows; the flat ones of inputs in any case."""
    if not isinstance(schema, dict):
        return _SAMPLES["string"]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    kind = schema.get("type", "")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object":
        return {name: sample_of(part) for name, part in _properties(schema).items()}
    if kind == "array":
        items = schema.get("items", {})
        return [sample_of(items[0] if isinstance(items, list) and items else items)]
    return _SAMPLES.get(kind if isinstance(kind, str) else "", _SAMPLES["string"])


def findings_about_inputs(text: str, schema: dict[str, Any]) -> Iterator[ActionFinding]:
    """What Genesys Cloud asks of inputs beyond JSON Schema: an object, flat, with plain names."""

    def finding(name: str, message: str, remedy: str) -> ActionFinding:
        path = (name,) if name in ("type", "required") else ("properties", name)
        return ActionFinding(Severity.WARNING, "inputSchema", message, remedy, place_of_name(text, *path))

    if schema.get("type", "object") != "object":
        yield finding("type", _("Inputs are an object."), _('Write "type": "object".'))
    for name, kind in property_types(schema).items():
        about = {"name": name[:80]}
        if not _INPUT_NAME.match(name):
            yield finding(
                name,
                _("“%(name)s” is no name of an input.") % about,
                _("Begin with a letter; use letters, digits, - and _."),
            )
        if name.lower() in RESERVED_INPUTS:
            yield finding(name, _("“%(name)s” is reserved.") % about, _("Choose another name."))
        if set(filter(None, kind.split(","))) - _FLAT:
            yield finding(
                name,
                _("“%(name)s” is no flat value.") % about,
                _("Use string, integer, number or boolean; pass anything else as a text that holds JSON."),
            )
    for name in required_of(schema):
        if name not in _properties(schema):
            yield finding(
                "required",
                _("“%(name)s” is required and not described.") % {"name": name[:80]},
                _("Describe it under properties, or take it from required."),
            )


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _rule(error: ValidationError) -> str:
    """The broken rule in words that hold nothing of the value."""
    expected, rule = error.validator_value, str(error.validator or error.message)
    if rule == "type":
        return _("must be of type %(type)s") % {"type": expected if isinstance(expected, str) else json_text(expected)}
    if rule == "required":
        # The library's message is «'name' is a required property», a name of the contract.
        return _("%(name)s is missing") % {"name": error.message.split(" is a ")[0][:100]}
    if rule == "additionalProperties":
        return _("it holds more than the contract names")
    if rule == "enum":
        return _("is none of the values that the contract names")
    return _("breaks the rule “%(rule)s”") % {"rule": rule}


def _path_of_ref(schema: Any) -> tuple[str | int, ...]:
    """Where ``$ref`` refers to something, empty where it nowhere does; a property may have this name."""
    waiting: list[tuple[Any, tuple[str | int, ...], bool]] = [(schema, (), False)]
    while waiting:
        part, path, is_properties = waiting.pop()
        if isinstance(part, dict):
            if "$ref" in part and not is_properties:
                return (*path, "$ref")
            said = () if is_properties else ("enum", "default")
            waiting += [
                (value, (*path, key), key == "properties" and not is_properties)
                for key, value in part.items()
                if key not in said
            ]
        elif isinstance(part, list):
            waiting += [(item, (*path, index), False) for index, item in enumerate(part)]
    return ()


def _patterns(schema: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each regular expression, with where it stands."""
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(schema, ())]
    while waiting:
        part, path = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("pattern"), str):
                yield (*path, "pattern"), part["pattern"]
            if isinstance(part.get("patternProperties"), dict):
                yield from (((*path, "patternProperties", name), name) for name in part["patternProperties"])
            waiting += [(value, (*path, name)) for name, value in part.items()]
        elif isinstance(part, list):
            waiting += [(item, (*path, index)) for index, item in enumerate(part)]
