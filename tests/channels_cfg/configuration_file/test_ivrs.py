"""IVR definitions in the configuration file: the steps stand inside, in their order."""

from __future__ import annotations

import pytest

from channels_cfg.configuration_file import wording
from channels_cfg.configuration_file.writing import export
from channels_cfg.history.change_set import NotApplied
from channels_cfg.models import Channel, IvrDefinition, Queue, QueueAddress
from tests.channels_cfg.configuration_file.conftest import COMPLETE, OPENING, applied, planned
from tests.factories import ChannelFactory, OpeningHoursFactory, QueueFactory

IVR = """
ivrs:
- name: Service number
  channel: Phone
  variables: [Selected_language]
  addresses: ["+358 40 765 4321"]
  steps:
  - name: Language
    kind: menu
    prompt: "For Finnish press 1, for English press 2."
    variable: Selected_language
    keys: [1 = fi > Office hours, 2 = en > Office hours]
    other_step: Goodbye
  - {name: Office hours, kind: hours, opening_hours: Office, next_step: Sales, other_step: Goodbye}
  - {name: Sales, kind: transfer, queue: Phone sales, attached_variables: [Selected_language]}
  - {name: Goodbye, kind: hang_up}
"""


@pytest.fixture
def phone(db: None) -> Channel:
    phone: Channel = ChannelFactory(name="Phone", kind="voice")
    QueueFactory(name="Phone sales", channel=phone)
    QueueFactory(name="Chat sales")
    OpeningHoursFactory(name="Office")
    return phone


@pytest.mark.usefixtures("phone")
def test_an_ivr_of_the_file_comes_out_as_it_went_in():
    applied(OPENING + IVR)

    ivr = IvrDefinition.objects.get()
    assert [(step.name, step.kind, step.position) for step in ivr.steps.all()] == [
        ("Language", "menu", 10),
        ("Office hours", "hours", 20),
        ("Sales", "transfer", 30),
        ("Goodbye", "hang_up", 40),
    ]
    assert (str(ivr.addresses.get()), ivr.faults()) == ("+358407654321", [])
    assert planned(export()).is_empty
    before = export()
    IvrDefinition.objects.all().delete()
    applied(before)
    assert export() == before


@pytest.mark.usefixtures("phone")
def test_steps_that_keep_their_name_stay_and_a_change_is_told_step_by_step():
    applied(OPENING + IVR)
    rows = {step.name: step.pk for step in IvrDefinition.objects.get().steps.all()}
    changed = IVR.replace("2 = en", "2 = sv").replace("Goodbye", "Bye")

    said = wording.text(planned(OPENING + changed))
    applied(OPENING + changed)

    now = {step.name: step.pk for step in IvrDefinition.objects.get().steps.all()}
    assert (now["Language"], now["Sales"]) == (rows["Language"], rows["Sales"])
    assert "Goodbye" not in now and "Bye" in now
    assert "Bye (Kind: Hang up)" in said and "2 = sv > Office hours" in said


FAULTS = [
    # what is changed, where the problem is, what is said
    ("kind: hang_up}", "kind: say}", "steps[3]", "Name the step that follows"),
    ("queue: Phone sales", "queue: Chat sales", "steps[2].queue", "belongs to another channel"),
    ("queue: Phone sales", "queue: Phone slaes", "steps[2].queue", "Did you mean “Phone sales”?"),
    ("1 = fi > Office hours, 2", "1 = fi > Office hours, 1", "steps[0].keys", "used twice"),
    ("variable: Selected_language", "variable: 2nd", "steps[0].variable", "starts with a letter"),
    ("kind: hang_up}", "kind: hang_up}\n  - {name: Lost, kind: hang_up}", "steps[4].name", "No call comes to it"),
    ("kind: hang_up}", "kind: hang_up}\n  - {name: goodbye!, kind: hang_up}", "steps[4].name", "Begin with a letter"),
    ("kind: hang_up}", "kind: hung_up}", "steps[3].kind", "is none of"),
    ("kind: hang_up}", "knid: hang_up}", "steps[3].knid", "Did you mean “kind”?"),
    ("variables: [Selected_language]", "variables: [Selected_language, x]", "variables", "“x” is never set"),
    ("channel: Phone", "channel: Mail", "channel", "Choose a voice channel"),
    ("+358 40 765 4321", "+358 40 123 4567", "addresses[0]", "A queue has this address already"),
    ("attached_variables: [Sel", "attached_variables: [sel", "steps[2].attached_variables", "is not one of"),
    ("other_step: Goodbye\n", 'back_key: "1"\n    other_step: Goodbye\n', "steps[0].keys", "used twice"),
    ("steps:\n", "steps: 5\n  description:\n", "steps", "A list is expected"),
]


@pytest.mark.parametrize(("old", "new", "place", "said"), FAULTS)
def test_an_ivr_with_a_fault_is_refused_where_the_fault_stands(
    phone: Channel, old: str, new: str, place: str, said: str
):
    ChannelFactory(name="Mail", kind="email")
    QueueAddress.objects.create(queue=Queue.objects.get(name="Phone sales"), address="+358401234567")
    assert old in IVR
    text = OPENING + IVR.replace(old, new, 1)

    problems = planned(text).problems
    with pytest.raises(NotApplied):
        applied(text)

    assert any(place in problem.path and said in problem.text and problem.position for problem in problems), problems
    assert not IvrDefinition.objects.exists()


@pytest.mark.usefixtures("phone")
def test_a_queue_that_an_ivr_leads_to_is_neither_moved_nor_removed():
    applied(OPENING + IVR)
    ChannelFactory(name="Other phone", kind="voice")

    moved = planned(OPENING + "queues: [{name: Phone sales, channel: Other phone}]").problems
    removed = planned(COMPLETE + "queues: []").problems
    removed_beside_it = planned(COMPLETE + "queues: []" + IVR).problems

    assert "An IVR of its channel leads to this queue" in str(moved[0])
    assert "“Phone sales” is used by the IVR “Service number”, so it stays" in " ".join(map(str, removed))
    assert "The same file removes queue “Phone sales”" in " ".join(map(str, removed_beside_it))

    applied(COMPLETE + "queues: []\nivrs: []")
    assert not Queue.objects.exists()


@pytest.mark.usefixtures("phone")
def test_an_address_moves_from_a_queue_to_an_ivr_in_one_file():
    QueueAddress.objects.create(queue=Queue.objects.get(name="Phone sales"), address="+358407654321")

    refused = planned(OPENING + IVR).problems
    applied(OPENING + "queues: [{name: Phone sales, addresses: []}]" + IVR)

    assert "A queue has this address already" in str(refused[0])
    assert IvrDefinition.objects.reached_at("+358407654321").get().name == "Service number"
