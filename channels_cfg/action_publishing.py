"""Data actions between file, draft and what is published."""

from __future__ import annotations

from dataclasses import dataclass, fields

from django.core.exceptions import ValidationError
from django.db import transaction

from channels_cfg.data_actions.definition import ActionDefinition
from channels_cfg.data_actions.faults import ActionFinding, Severity
from channels_cfg.models import DataAction, DataActionConnection, DataActionDraft
from channels_cfg.models.data_action import CONTENT, DEFAULT_SUCCESS_TEMPLATE, tidied_template
from channels_cfg.models.versioned import lock_settings


@dataclass(frozen=True)
class ImportedAction:
    """What became of a published file: the action, whether it runs from now on, and what is wrong with it."""

    action: DataAction
    is_published: bool
    was_there: bool
    findings: list[ActionFinding]


@transaction.atomic
def start_draft(action: DataAction) -> DataActionDraft:
    """The draft in which a published action is edited; the one there is, or a new one that says the same."""
    lock_settings()
    draft, _made = DataActionDraft.objects.get_or_create(action=action, defaults=action.content())
    return draft


@transaction.atomic
def publish(action: DataAction) -> None:
    """Have the action run as it is drafted. Raises ``ValidationError`` where that could not run."""
    lock_settings()
    draft = DataActionDraft.objects.filter(action=action).first()
    if draft:
        for name in CONTENT:
            setattr(action, name, getattr(draft, name))
    action.state = DataAction.State.PUBLISHED
    action.full_clean()
    action.save()
    if draft:
        draft.delete()


@transaction.atomic
def import_action(definition: ActionDefinition) -> ImportedAction:
    """Keep the action that a published file holds, and publish it unless something keeps it from running.

    One of the same name becomes what the file says, and keeps its connection and category. Raises ``ValidationError``
    for what cannot be kept.
    """
    lock_settings()
    action = DataAction.objects.filter(name=definition.name.strip()).first()
    was_there = action is not None
    action = action or DataAction(name=definition.name.strip(), connection=_connection_for(definition))
    may_run = _fill(action, definition)
    action.full_clean()
    action.save()
    DataActionDraft.objects.filter(action=action).delete()
    return ImportedAction(action, may_run, was_there, action.findings())


def _fill(action: DataAction, definition: ActionDefinition) -> bool:
    """Set everything that the file says, and say whether it is published."""
    for field in fields(definition):
        value = getattr(definition, field.name)
        if field.name != "name":
            setattr(action, field.name, tidied_template(value) if isinstance(value, str) else value)
    action.success_template = action.success_template or DEFAULT_SUCCESS_TEMPLATE
    may_run = not any(finding.severity == Severity.BLOCKS for finding in action.findings())
    action.state = DataAction.State.PUBLISHED if may_run else DataAction.State.DRAFT
    return may_run


def _connection_for(definition: ActionDefinition) -> DataActionConnection | None:
    """The only one that takes files of this type."""
    if not definition.integration_type:
        return None
    found = list(DataActionConnection.objects.filter(integration_type=definition.integration_type)[:2])
    return found[0] if len(found) == 1 else None


def reasons_against_publishing(action: DataAction) -> list[ActionFinding]:
    """What keeps the draft, or the action that is none but its own, from being published."""
    draft = DataActionDraft.objects.filter(action=action).first()
    return [finding for finding in (draft or action).findings() if finding.severity != Severity.WARNING]


def in_words(refused: ValidationError) -> str:
    """The refusal of an import in one line."""
    return " ".join(f"{message}" for messages in refused.message_dict.values() for message in messages)
