"""Many access rights granted and withdrawn at once: what a preview says is what saving does."""

from __future__ import annotations

import random
from collections import defaultdict
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_cfg.history.change_set import StalePreview, apply
from channels_cfg.models import QUEUE_RIGHTS, AccessRight, Queue, Right, SettingsVersion, User
from channels_cfg.rights.changes import (
    MOST_AT_ONCE,
    TYPED_FROM,
    RightChanges,
    RightsPreview,
    cell_of,
    preview_of,
    read_cells,
    scopes_in_words,
)
from channels_cfg.rights.effective import (
    GROUP,
    QUEUE,
    QUEUE_GROUP,
    USER,
    Cell,
    Effective,
    Holder,
    Scope,
    effective_rights,
    names_of,
    rights_on,
)
from tests.channels_cfg.rights.test_effective import a_centre_with_random_rights
from tests.factories import ChannelFactory, GroupFactory, QueueFactory, QueueGroupFactory, UserFactory, grant

pytestmark = pytest.mark.django_db


def cell(holder: object, right: Right, scope: object) -> Cell:
    kind = USER if isinstance(holder, User) else GROUP
    where = QUEUE if isinstance(scope, Queue) else QUEUE_GROUP
    return Cell(Holder(kind, holder.pk), Scope(where, scope.pk), right)  # type: ignore[attr-defined]


def save(changes: RightChanges, **facts: Any) -> None:
    apply(partial(preview_of, changes), agreed_to=preview_of(changes).fingerprint, **facts)


def to_type(preview: RightsPreview) -> str:
    return preview.confirmation.words if preview.confirmation else ""


@pytest.mark.django_db(transaction=True)
def test_changes_are_one_settings_version_with_its_reason():
    anna, boss, queue, other = UserFactory(), UserFactory(is_superuser=True), QueueFactory(), QueueFactory()
    grant(anna, Right.SERVE, on=queue)
    before = SettingsVersion.objects.count()

    save(
        RightChanges(
            [cell(anna, right, other) for right in QUEUE_RIGHTS],
            [cell(anna, Right.SERVE, queue)],
        ),
        by=boss,
        why="New team",
    )

    assert SettingsVersion.objects.count() == before + 1
    events = AccessRight.pgh_event_model.objects.filter(pgh_context__metadata__why="New team")  # type: ignore[attr-defined]
    assert sorted(events.values_list("pgh_label", flat=True)) == ["delete"] + ["insert"] * len(QUEUE_RIGHTS)
    assert set(Queue.objects.granting(Right.SERVE, to=anna)) == {other}


@pytest.mark.parametrize("seed", range(12))
def test_the_preview_tells_exactly_what_people_lose(seed: int):
    a_centre_with_random_rights(seed)
    dice = random.Random(seed)
    there = [cell_of(right) for right in AccessRight.objects.all()]
    leaving = dice.sample(there, 8)
    coming = [
        candidate._replace(right=dice.choice(rights_on(candidate.scope.kind))) for candidate in dice.sample(there, 8)
    ]
    changes = RightChanges.between(leaving, coming)
    before = of_people(effective_rights())

    preview = preview_of(changes)
    assert of_people(effective_rights()) == before  # a preview changes nothing
    save(changes)

    assert preview.losing == lost_in_words(before, of_people(effective_rights()))


def of_people(effective: Effective) -> Effective:
    return {
        key: origins for key, origins in effective.items() if key.holder.kind == USER and key.scope.kind != QUEUE_GROUP
    }


def lost_in_words(before: Effective, after: Effective) -> list[str]:
    lost = defaultdict(list)
    for gone in before.keys() - after.keys():
        lost[gone.holder, gone.right].append(gone.scope)
    names = names_of({item for gone in before for item in (gone.holder, gone.scope)})
    return sorted(
        f"{names[holder]} loses {right.label} on {scopes_in_words(scopes, names)}."
        for (holder, right), scopes in lost.items()
    )


def test_who_keeps_a_right_through_something_else_is_told_through_what():
    anna, team, queue = UserFactory(first_name="Anna", last_name="Ek"), GroupFactory(name="Day shift"), QueueFactory()
    anna.groups.add(team)
    nordic = QueueGroupFactory(name="Nordic sales")
    queue.groups.add(nordic)
    AccessRight.objects.create(group=team, right=Right.VIEW_HISTORY, queue_group=nordic)
    grant(anna, Right.VIEW_HISTORY, on=queue)

    preview = preview_of(RightChanges((), [cell(anna, Right.VIEW_HISTORY, queue)]))

    assert preview.losing == []
    assert preview.keeping == [
        f"Anna Ek keeps View history on {queue}: through group Day shift, on queue group Nordic sales."
    ]


def test_moving_a_right_from_a_user_to_a_group_takes_it_from_nobody():
    anna, team, queue = UserFactory(), GroupFactory(), QueueFactory()
    anna.groups.add(team)
    grant(anna, Right.SERVE, on=queue)

    preview = preview_of(RightChanges([cell(team, Right.SERVE, queue)], [cell(anna, Right.SERVE, queue)]))

    assert preview.losing == []
    assert preview.left_alone == []
    assert to_type(preview) == ""


def test_the_last_holder_is_not_taken_away_without_typing():
    anna, queue = UserFactory(), QueueFactory(name="Chat care")
    grant(anna, Right.MANAGE_CONTACTS, on=queue)
    grant(UserFactory(is_active=False), Right.MANAGE_CONTACTS, on=queue)

    preview = preview_of(RightChanges((), [cell(anna, Right.MANAGE_CONTACTS, queue)]))

    assert preview.left_alone == ["Nobody will hold Manage contacts on Chat care."]
    assert to_type(preview) == "withdraw 1"


def test_many_withdrawals_are_typed():
    anna, bo, queues = UserFactory(), UserFactory(), QueueFactory.create_batch(TYPED_FROM + 1, channel=ChannelFactory())
    for queue in queues:
        grant(anna, Right.SERVE, on=queue)
        grant(bo, Right.SERVE, on=queue)

    few = preview_of(RightChanges((), [cell(anna, Right.SERVE, queue) for queue in queues[:TYPED_FROM]]))
    many = preview_of(RightChanges((), [cell(anna, Right.SERVE, queue) for queue in queues]))

    assert to_type(few) == ""
    assert to_type(many) == f"withdraw {TYPED_FROM + 1}"


def test_what_would_do_something_else_by_now_is_not_done():
    anna, team, queue = UserFactory(), GroupFactory(), QueueFactory()
    anna.groups.add(team)
    AccessRight.objects.create(group=team, right=Right.SERVE, queue=queue)
    grant(anna, Right.SERVE, on=queue)
    changes = RightChanges((), [cell(anna, Right.SERVE, queue)])
    agreed = preview_of(changes)
    AccessRight.objects.filter(group=team).delete()

    with pytest.raises(StalePreview) as refused:
        apply(partial(preview_of, changes), agreed_to=agreed.fingerprint)

    assert agreed.losing == []
    assert len(refused.value.change_set.losing) == 1
    assert AccessRight.objects.get().user == anna


def test_what_is_in_effect_already_is_counted_and_changes_nothing():
    anna, queue = UserFactory(), QueueFactory()
    grant(anna, Right.SERVE, on=queue)
    gone = Cell(Holder(USER, anna.pk), Scope(QUEUE, queue.pk + 1), Right.SERVE)
    changes = RightChanges([cell(anna, Right.SERVE, queue), gone], [cell(anna, Right.VIEW_REPORTS, queue)])

    preview = preview_of(changes)
    save(changes)

    assert preview.done_already == 3
    assert not preview.changes
    assert AccessRight.objects.count() == 1


@pytest.mark.parametrize(
    "written", ["u1-q1", "u1-q1-rule", "x1-q1-serve", "u1-x1-serve", "u-q1-serve", "u1-q١-serve", "-"]
)
def test_what_is_no_access_right_is_refused(written: str):
    with pytest.raises(ValidationError, match="is no"):
        read_cells(written)


def test_cells_read_as_they_are_written():
    written = "u12-q5-serve g3-s7-view_history g3-d4-view_reports"

    assert " ".join(map(str, read_cells(f"{written} u12-q5-serve"))) == written


def test_more_than_can_be_looked_through_is_refused():
    anna = Holder(USER, 1)
    changes = RightChanges([Cell(anna, Scope(QUEUE, number), Right.SERVE) for number in range(MOST_AT_ONCE + 1)])

    with pytest.raises(ValidationError, match="grant the right on a queue group"):
        preview_of(changes)


def test_a_preview_costs_the_same_for_one_change_and_for_twenty():
    team, queues = GroupFactory(), QueueFactory.create_batch(20, channel=ChannelFactory())
    team.user_set.add(*UserFactory.create_batch(5))
    for queue in queues:
        AccessRight.objects.create(group=team, right=Right.SERVE, queue=queue)
    cells = [cell(team, Right.SERVE, queue) for queue in queues]

    with CaptureQueriesContext(connection) as for_one:
        preview_of(RightChanges((), cells[:1]))
    with CaptureQueriesContext(connection) as for_twenty:
        preview_of(RightChanges((), cells))

    assert len(for_twenty) == len(for_one)
