"""IVR definitions in the history: changed, planned and undone as a whole."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from channels_cfg.history.change_set import NotApplied, apply
from channels_cfg.history.planned_changes import apply_change, plan_change
from channels_cfg.history.revert import undoing_of
from channels_cfg.in_use import used_by
from channels_cfg.models import IvrAddress, IvrDefinition, IvrStep, QueueAddress, ScheduledChange, SettingsVersion, User
from tests.factories import IvrDefinitionFactory, OpeningHoursFactory, QueueFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada", is_staff=True, is_superuser=True)


@pytest.fixture
def ivr() -> IvrDefinition:
    return IvrDefinitionFactory(name="Service number", addresses=["+358401112222"])


def as_a_version(change: object) -> int:
    """The number of the version that the change became: a transaction of its own says the history."""
    with transaction.atomic():
        change()  # type: ignore[operator]
        made = SettingsVersion.objects.order_by("-pk").first()
    assert made
    return made.pk


@pytest.mark.django_db(transaction=True)
def test_a_version_that_touched_several_steps_is_undone_as_a_whole(ada: User):
    """Set back one by one, each step would be refused for the others."""
    ivr = IvrDefinitionFactory()

    def ask_hours_first() -> None:
        hours = OpeningHoursFactory()
        facts = {"kind": "hours", "opening_hours": hours, "next_step": "Sales", "other_step": "Goodbye"}
        IvrStep.objects.create(definition=ivr, name="Office", position=15, **facts)
        ivr.steps.filter(name="Language").update(keys=["1 = fi > Office"])

    version = as_a_version(ask_hours_first)
    assert ivr.faults() == []

    apply(lambda: undoing_of([version]), by=ada, reverts=[version])

    assert ivr.faults() == []
    assert [step.name for step in ivr.steps.all()] == ["Language", "Sales", "Goodbye"]


@pytest.mark.django_db(transaction=True)
def test_a_deleted_ivr_comes_back_with_its_steps_and_addresses(ada: User):
    ivr = IvrDefinitionFactory(name="Service number", addresses=["+358401112222"])
    version = as_a_version(ivr.delete)

    apply(lambda: undoing_of([version]), by=ada, reverts=[version])

    back = IvrDefinition.objects.get()
    assert (back.faults(), back.steps.count(), str(back.addresses.get())) == ([], 3, "+358401112222")


@pytest.mark.django_db(transaction=True)
def test_what_would_leave_an_ivr_with_a_fault_is_not_undone(ada: User):
    ivr = IvrDefinitionFactory(variables=[])
    ivr.steps.filter(name="Goodbye").update(prompt="Good day")
    version = as_a_version(lambda: IvrDefinition.objects.update(variables=["Selected_language"]))

    with pytest.raises(NotApplied) as refused:
        apply(lambda: undoing_of([version]), by=ada, reverts=[version])

    assert "IVR definition “" in refused.value.reason
    assert "“Selected_language” is not one of the variables" in refused.value.reason
    assert IvrDefinition.objects.get().variables == ["Selected_language"]


def test_a_change_that_would_leave_a_fault_is_not_planned(ada: User, ivr: IvrDefinition):
    now = timezone.now()
    for variables, said in ([], "is not one of the variables"), (["Selected_language", "x"], "“x” is never set"):
        with pytest.raises(ValidationError, match=said):
            plan_change(ivr, {"variables": variables}, at=now + timedelta(hours=1), by=ada, now=now)

    assert not ScheduledChange.objects.exists()


def test_a_planned_change_takes_effect_unless_it_leaves_a_fault_by_then(ada: User, ivr: IvrDefinition):
    now = timezone.now()
    soon = now + timedelta(hours=1)
    renamed = plan_change(ivr, {"name": "Main number"}, at=soon, by=ada, now=now)
    assert (done := apply_change(renamed.pk, now=soon)) and done.state == "applied"

    ivr.refresh_from_db()
    later = plan_change(ivr, {"name": "Other"}, at=soon, by=ada, now=now)
    ivr.steps.filter(name="Goodbye").update(kind="say")
    failed = apply_change(later.pk, now=soon)

    assert failed and failed.state == "failed"
    assert "Step “Goodbye”: Name the step that follows." in failed.problem


def test_a_queue_that_an_ivr_leads_to_stays_with_its_channel_and_says_which_ivr_uses_it(ivr: IvrDefinition):
    queue = ivr.steps.get(kind="transfer").queue
    assert queue
    queue.channel = QueueFactory(channel__kind="voice").channel

    with pytest.raises(ValidationError, match="An IVR of its channel leads to this queue"):
        queue.full_clean()

    assert used_by(queue) == ["the IVR “Service number”"]


def test_a_step_is_checked_beside_the_others_wherever_it_is_saved(ivr: IvrDefinition):
    step = ivr.steps.get(name="Language")
    step.other_step = "Nowhere"

    with pytest.raises(ValidationError, match="Step “Language”: There is no step “Nowhere”"):
        step.full_clean()


def test_an_address_leads_to_a_queue_or_to_an_ivr(ivr: IvrDefinition):
    queue = QueueFactory(channel=ivr.channel)
    QueueAddress.objects.create(queue=queue, address="+358403334444")

    with pytest.raises(ValidationError, match="An IVR has this address already"):
        QueueAddress(queue=queue, address="+358 40 111 2222").full_clean()
    with pytest.raises(ValidationError, match="A queue has this address already"):
        IvrAddress(definition=ivr, address="+358403334444").full_clean()
    with pytest.raises(IntegrityError, match="an IVR has the address"), transaction.atomic():
        QueueAddress.objects.create(queue=queue, address="+358401112222")
    with pytest.raises(IntegrityError, match="a queue has the address"), transaction.atomic():
        IvrAddress.objects.create(definition=ivr, address="+358403334444")
