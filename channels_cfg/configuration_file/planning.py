"""Comparing a file with what is set now: what would be added, changed, removed, refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from channels_cfg.addresses import also_allowing
from channels_cfg.configuration_file.draft import DraftSettings, Environment, TooManyProblems
from channels_cfg.configuration_file.key_effects import tell_key_effects
from channels_cfg.configuration_file.nodes import MOST_PROBLEMS, FileProblem, Node, Tell, silently
from channels_cfg.configuration_file.permissions import check_permissions, may_see
from channels_cfg.configuration_file.plan import Plan
from channels_cfg.configuration_file.record_checks import RecordChecks, check_channels_of_queues
from channels_cfg.configuration_file.record_reading import read_section
from channels_cfg.configuration_file.removals import check_removals, plan_removals
from channels_cfg.configuration_file.sections import BY_NAME, KEYS, OUTGOING, SECTIONS
from channels_cfg.configuration_file.uniqueness import check_addresses, check_unique
from channels_cfg.models import User
from channels_cfg.near_names import did_you_mean

VERSION = "1"
HEADER = "keepsake_configuration"
COMPLETE = "complete"


def plan_file(root: Node, *, environment: Environment, by: User | None = None, tell: Tell = silently) -> Plan:
    """What the file would do. ``by`` is who must be allowed to do it; None may do everything."""
    entries = root.value if isinstance(root.value, dict) else {}
    complete = COMPLETE in entries and entries[COMPLETE].value == "true"
    sections = {name: node for name, node in entries.items() if name in BY_NAME}
    plan = plan_sections(sections, complete=complete, environment=environment, by=by, tell=tell)
    plan.own_problems[:0] = _problems_of_header(root)
    return plan


def _problems_of_header(root: Node) -> Iterator[FileProblem]:
    version = {"header": HEADER, "version": VERSION}
    if not isinstance(root.value, dict):
        yield root.problem(_("This is no configuration of Keepsake: it begins with %(header)s: %(version)s") % version)
        return
    header, complete = root.value.get(HEADER), root.value.get(COMPLETE)
    if header is None:
        yield root.problem(_("The first line is missing: %(header)s: %(version)s") % version)
    elif header.value != VERSION:
        newer = _("This version reads %(header)s: %(version)s. A file of a newer Keepsake needs that one.")
        yield header.problem(newer % version)
    if complete and complete.value not in ("true", "false"):
        yield complete.problem(_("Write true or false."))
    known = [HEADER, COMPLETE, *BY_NAME]
    for name in [name for name in root.value if name not in known][: MOST_PROBLEMS + 1]:
        about = {"name": name[:80], "did_you_mean": did_you_mean(name, known)}
        yield root.value[name].problem_with_name(_("There is no section “%(name)s”.%(did_you_mean)s") % about)


def plan_sections(
    nodes: Mapping[str, Node],
    *,
    complete: bool,
    environment: Environment,
    by: User | None = None,
    tell: Tell = silently,
) -> Plan:
    """What these sections would do; a fixed number of queries for any number of records.

    Complete sections are all there is: what they leave out is removed, and a setting that a record leaves out has its
    default. Of others, what is left out stays as it is.
    """
    draft = DraftSettings(nodes, complete=complete, environment=environment, by=by, tell=tell)
    try:
        with also_allowing(_allowed_hosts(nodes)):
            _plan(draft)
    except TooManyProblems:
        return draft.as_refused_plan()
    return draft.as_plan()


def _allowed_hosts(nodes: Mapping[str, Node]) -> list[str]:
    """Those that the same file allows."""
    outgoing = nodes.get(OUTGOING.name)
    listed = outgoing.value.get("allowed_hosts") if outgoing and isinstance(outgoing.value, dict) else None
    return [str(node.value) for node in listed.value] if listed and isinstance(listed.value, list) else []


def _plan(draft: DraftSettings) -> None:
    sections = [section for section in SECTIONS if section.name in draft.nodes and may_see(draft, section)]
    for section in sorted(sections, key=lambda section: section is not KEYS):  # lists say keys by their own names
        read_section(draft, section)
    for section in sections:
        plan_removals(draft, section)
    checks = RecordChecks(draft)
    for section in sections:
        checks.check(section)
        check_unique(draft, section)
        check_permissions(draft, section)
    check_channels_of_queues(draft)
    check_addresses(draft)
    tell_key_effects(draft)
    for section in sections:
        check_removals(draft, section)
