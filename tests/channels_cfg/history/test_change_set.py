"""Change sets, whoever proposes them: who may apply one, and that nothing is done by halves."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied

from channels_cfg.history.change_set import Action, ChangeSet, NotApplied, RecordChange, apply
from channels_cfg.history.record_writing import write_in_bulk, write_one_by_one
from channels_cfg.models import Queue, User
from tests.factories import QueueFactory, UserFactory

pytestmark = pytest.mark.django_db


@dataclass
class Proposed(ChangeSet):
    changes: list[RecordChange]
    one_by_one: bool = False

    def record_changes(self) -> list[RecordChange]:
        return self.changes

    def write(self) -> None:
        (write_one_by_one if self.one_by_one else write_in_bulk)(self.changes)


def renamed(queue: Queue, name: str) -> RecordChange:
    return RecordChange(Action.CHANGE, Queue, queue.pk, {"name": queue.name}, {"name": name}, "queue")


def test_only_who_could_do_the_same_by_hand_applies_a_change_set():
    queue = QueueFactory(name="Care")

    with pytest.raises(PermissionDenied):
        apply(lambda: Proposed([renamed(queue, "Sales")]), by=UserFactory(is_staff=True))
    apply(lambda: Proposed([renamed(queue, "Sales")]), by=UserFactory(is_superuser=True))

    assert Queue.objects.get().name == "Sales"


def test_superusers_are_changed_by_superusers_alone():
    root, ada = UserFactory(is_superuser=True), UserFactory()
    raising = RecordChange(Action.CHANGE, User, ada.pk, {"is_superuser": False}, {"is_superuser": True})
    touching = RecordChange(Action.CHANGE, User, root.pk, {"email": ""}, {"email": "a@example.com"})
    adding = RecordChange(Action.ADD, User, None, {}, {"username": "eve", "is_superuser": True})
    plain = RecordChange(Action.CHANGE, User, ada.pk, {"email": ""}, {"email": "a@example.com"})
    configurator = UserFactory()
    configurator.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "add_user"]))

    allowed = [Proposed([change]).may_be_applied_by(configurator) for change in (raising, touching, adding, plain)]

    assert allowed == [False, False, False, True]


@pytest.mark.parametrize("one_by_one", [True, False])
def test_where_one_change_is_refused_none_is_made(one_by_one):
    care, sales = QueueFactory(name="Care"), QueueFactory(name="Sales")

    with pytest.raises(NotApplied):
        apply(lambda: Proposed([renamed(sales, "Moved"), renamed(care, "Moved")], one_by_one))

    assert set(Queue.objects.values_list("name", flat=True)) == {"Care", "Sales"}


def test_what_a_change_set_does_and_to_what_makes_its_fingerprint():
    queue = QueueFactory(name="Care")
    change = renamed(queue, "Sales")
    other_old = RecordChange(Action.CHANGE, Queue, queue.pk, {"name": "Help"}, {"name": "Sales"}, "queue")

    fingerprints = {Proposed(changes).fingerprint for changes in ([change], [renamed(queue, "Moved")], [other_old], [])}

    assert len(fingerprints) == 4
    assert Proposed([change]).fingerprint == Proposed([renamed(queue, "Sales")]).fingerprint
