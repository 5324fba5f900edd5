"""What whoever applies a file may see and do by hand, and what for that reason a file may say."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.configuration_file.draft import DraftSettings
from channels_cfg.configuration_file.plan import RecordPlan
from channels_cfg.configuration_file.section import Section
from channels_cfg.configuration_file.sections import GROUPS, USERS
from channels_cfg.history.change_set import Action
from channels_cfg.models import User

_REFUSALS = {
    Action.ADD: gettext_lazy("You may not add %(records)s. Ask who administers the groups for that right."),
    Action.CHANGE: gettext_lazy("You may not change %(records)s. Ask who administers the groups for that right."),
    Action.REMOVE: gettext_lazy("You may not delete %(records)s. Ask who administers the groups for that right."),
}


def may_see(draft: DraftSettings, section: Section) -> bool:
    """Nobody learns from a plan what the pages would not show."""
    by = draft.by
    if by is None or by.has_perm(section.permission("view")) or by.has_perm(section.permission("change")):
        return True
    text = _("You may not see %(section)s. Leave the section out.") % {"section": section.plural}
    draft.add(draft.problems, draft.nodes[section.name].problem_with_name(text))
    return False


def check_permissions(draft: DraftSettings, section: Section) -> None:
    if draft.by is None or draft.by.is_superuser:
        return
    for record in draft.of(section):
        if record.action != Action.SAME:
            for text, entry in _reasons_against(draft, record, draft.by):
                draft.refuse(record, text, entry=entry)


def _reasons_against(draft: DraftSettings, record: RecordPlan, by: User) -> Iterator[tuple[str, str]]:
    """Why the user may not do it, each with the entry that it is about."""
    section, stored = record.section, draft.stored(record)
    if not by.has_perm(section.permission("delete" if record.action == Action.REMOVE else record.action)):
        yield str(_REFUSALS[record.action] % {"records": section.plural}), ""
    is_raised = record.values.get("is_superuser") or (stored and stored.values.get("is_superuser"))
    if section is USERS and is_raised:
        yield _("Superusers are changed by superusers only."), "is_superuser"
    if section is GROUPS and record.changed("permissions"):
        yield _("Which pages a group opens is for superusers to say."), "permissions"
