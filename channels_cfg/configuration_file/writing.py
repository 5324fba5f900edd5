"""The settings as one YAML file, the same settings always as the same text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from channels_cfg.configuration_file.current_settings import CurrentSettings
from channels_cfg.configuration_file.parts import PartsEntry
from channels_cfg.configuration_file.planning import COMPLETE, HEADER, VERSION
from channels_cfg.configuration_file.section import Section
from channels_cfg.configuration_file.sections import ACCESS_RIGHTS, SECTIONS

_OPENING = f"""\
# The configuration of Keepsake. It holds no password, no API key and no secret.
# See what a changed file would do: manage.py apply_configuration FILE --plan
#
# A setting that is left out has its default; a record that a section leaves out is removed; a section that is left
# out stays as it is. Without “complete: true”, whatever is left out stays as it is.
# Secrets of messaging services are named by their place, and stay as they are when left out:
#   webhook_secrets: [{{secret: env:WHATSAPP_SECRET, note: from January}}]
# So are those of integrations:
#   authentications: {{crm: {{type: basic, username: portal, password: {{secret: env:CRM_PASSWORD}}}}}}
{HEADER}: {VERSION}
{COMPLETE}: true
"""

_PLAIN = re.compile(r"[^\W\d_](?:[\w.@/()+ -]*[\w.@/()+])?")
_MEANS_SOMETHING = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def export(sections: Iterable[Section] = SECTIONS) -> str:
    """The file: sections in a fixed order, records by name, defaults left out except those of
    the system."""
    settings = CurrentSettings()
    return _OPENING + "".join("\n" + line for section in sections for line in _section(section, settings))


def _section(section: Section, settings: CurrentSettings) -> Iterator[str]:
    if section.is_single:
        (single,) = settings.records(section).values()
        yield f"{section.name}:\n{''.join(_entries(single.values, indent='  '))}"
        return
    records = [_without_defaults(section, record.values) for record in settings.records(section).values()]
    if not records:
        yield f"{section.name}: []\n"
    else:
        yield f"{section.name}:\n{''.join(_record(section, values) for values in records)}"


def _without_defaults(section: Section, values: dict[str, Any]) -> dict[str, Any]:
    first = {name: values[name] for name in section.identity if values[name]}
    defaults = section.defaults()
    return first | {
        entry.name: _parts(entry, values[entry.name]) if isinstance(entry, PartsEntry) else values[entry.name]
        for entry in section.entries
        if not entry.is_secret and entry.name not in section.identity and values[entry.name] != defaults[entry.name]
    }


def _parts(entry: PartsEntry, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    defaults = entry.defaults()
    return [{name: value for name, value in part.items() if value != defaults[name]} for part in parts]


def _record(section: Section, values: dict[str, Any]) -> str:
    if section is ACCESS_RIGHTS:
        return "- {" + ", ".join(f"{name}: {_scalar(value)}" for name, value in values.items()) + "}\n"
    return "- " + "".join(_entries(values, indent="  ")).removeprefix("  ")


def _entries(values: dict[str, Any], *, indent: str) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            parts = ("".join(_entries(part, indent=f"{indent}  ")).removeprefix(f"{indent}  ") for part in value)
            yield f"{indent}{name}:\n" + "".join(f"{indent}- {part}" for part in parts)
        elif isinstance(value, list) and value:
            yield f"{indent}{name}:\n" + "".join(f"{indent}- {_scalar(item)}\n" for item in value)
        else:
            yield f"{indent}{name}: {_scalar(value)}\n"


def _scalar(value: Any) -> str:
    """Plain where no reader of YAML can take it for anything else, in double quotes otherwise."""
    if value is None:
        return "null"
    if value == []:
        return "[]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _MEANS_SOMETHING:
        return value
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
