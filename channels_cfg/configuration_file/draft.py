"""A plan while it is made: what has been read of the file so far, beside what is set now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from django.utils.translation import gettext as _

from channels_cfg.configuration_file.current_settings import CurrentSettings, StoredRecord
from channels_cfg.configuration_file.entries import Values
from channels_cfg.configuration_file.nodes import MOST_PROBLEMS, FileProblem, Node, Tell, too_many_problems
from channels_cfg.configuration_file.plan import Plan, RecordPlan
from channels_cfg.configuration_file.section import Key, Section
from channels_cfg.configuration_file.sections import CHANNELS, KEYS, SECTIONS
from channels_cfg.history.change_set import Action
from channels_cfg.keys.effective_settings import LISTS_OF_KIND
from channels_cfg.models import User
from channels_cfg.near_names import did_you_mean

MOST_GUESSES = 100


class Environment:
    """Where references to secrets are looked up. ``beginning`` limits which variables a file may name."""

    def __init__(self, variables: Mapping[str, str], *, beginning: str = "") -> None:
        self.variables = variables
        self.beginning = beginning
        hint = _("Here only names that begin with %(beginning)s are read.") % {"beginning": beginning}
        self.hint = f" {hint}" if beginning else ""

    def get(self, name: str) -> str:
        return self.variables.get(name, "") if name.startswith(self.beginning) else ""


class TooManyProblems(Exception):
    """So many that nobody reads on: the rest of the file is not looked at."""


class DraftSettings:
    """The records of the sections as they would be. ``by`` is who must be allowed to have it applied; None may do
    everything."""

    def __init__(
        self, nodes: Mapping[str, Node], *, complete: bool, environment: Environment, by: User | None, tell: Tell
    ) -> None:
        self.nodes = nodes
        self.complete = complete
        self.environment = environment
        self.by = by
        self.current = CurrentSettings()
        self.records: dict[str, list[RecordPlan]] = defaultdict(list)
        self.by_key: dict[str, dict[Key, RecordPlan]] = defaultdict(dict)
        self.problems: list[FileProblem] = []
        self.kept: list[str] = []
        self.renames: dict[str, str] = {}
        self._final: dict[str, dict[Key, Values]] = {}
        self._problems = self._guesses = 0
        self._tell = tell
        self._passed, self._steps = 0, 2 * sum(len(node.value or "") for node in nodes.values())

    def of(self, *sections: Section) -> list[RecordPlan]:
        return [record for section in sections for record in self.records[section.name]]

    def stored(self, record: RecordPlan) -> StoredRecord | None:
        return self.current.records(record.section).get(record.key)

    def final(self, section: Section) -> dict[Key, Values]:
        """The records as they would be, by key; asked once all of the section are read."""
        if section.name not in self._final:
            final = {key: stored.values for key, stored in self.current.records(section).items()}
            for record in self.of(section):
                if record.action == Action.REMOVE:
                    final.pop(record.key, None)
                else:
                    final[record.key] = record.values
            self._final[section.name] = final
        return self._final[section.name]

    @cached_property
    def own_names(self) -> dict[str, str]:
        """The key's own name by each of its other names; asked once the keys are read."""
        is_replaced = KEYS.name in self.nodes and self.complete
        keys = {} if is_replaced else {key: stored.values for key, stored in self.current.records(KEYS).items()}
        keys |= {record.key: record.values for record in self.of(KEYS)}
        return {alias: key[0] for key, values in keys.items() for alias in values["aliases"]}

    def kind(self, values: Values) -> str:
        """The kind of a channel, or of a queue's channel, as it would be; empty where that is refused."""
        if "channel" in values:
            key = (values["channel"],)
            channel = self.by_key[CHANNELS.name].get(key) or self.current.records(CHANNELS).get(key)
            values = channel.values if channel else {}
        kind = str(values.get("kind"))
        return kind if kind in LISTS_OF_KIND else ""

    def refuse(self, record: RecordPlan, text: str, *, entry: str = "", node: Node | None = None) -> None:
        """Refuse the record because of one of its entries, or as a whole."""
        node = node or record.nodes.get(entry) or record.node
        self.add(record.problems, node.problem(text) if node else FileProblem(None, record.section.name, text))

    def add(self, problems: list[FileProblem], *found: FileProblem) -> None:
        """Note what was found, or raise ``TooManyProblems``."""
        problems += found
        self._problems += len(found)
        if self._problems > MOST_PROBLEMS:
            raise TooManyProblems

    def passed(self) -> None:
        """Tell that one record more was read or checked."""
        self._passed += 1
        self._tell(self._passed / max(self._steps, self._passed))

    def near(self, name: str, known: Iterable[str]) -> str:
        """A known name that may be meant, in words; only so many are looked for, since that takes long."""
        self._guesses += 1
        return did_you_mean(name, list(known)) if self._guesses <= MOST_GUESSES else ""

    def as_plan(self) -> Plan:
        return Plan(
            self.of(*SECTIONS),
            self.problems,
            [section.name for section in SECTIONS if section.name not in self.nodes],
            self.kept,
            self.renames,
        )

    def as_refused_plan(self) -> Plan:
        """Only what is wrong with it, which is not all that is."""
        refused = [record for record in self.of(*SECTIONS) if record.problems]
        return Plan(refused, [too_many_problems(), *self.problems])
