"""IVR definitions in the System Configurator: saved whole or not at all, drawn, tried out."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from hypothesis import given

from channels_cfg.admin.ivrs.picture import picture_of
from channels_cfg.ivr.call_flow import CallFlow, FlowStep
from channels_cfg.ivr.faults import MOST_STEPS
from channels_cfg.models import IvrDefinition, IvrStep, ScheduledChange, User
from tests.channels_cfg.admin.forms import open_form, save_form
from tests.channels_cfg.ivr.flows import any_flows
from tests.factories import ChannelFactory, IvrDefinitionFactory, QueueFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client) -> User:
    ada: User = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(ada)
    return ada


@pytest.fixture
def ivr(ada: User) -> IvrDefinition:
    phone = ChannelFactory(
        name="Phone",
        kind="voice",
        allocation_keys=["Selected_language"],
        connection_keys=["customerId"],
        statistics_keys=["Selected_language"],
    )
    return IvrDefinitionFactory(
        name="Service number", channel=phone, steps__queue=QueueFactory(name="Phone sales", channel=phone)
    )


def page_of(ivr: IvrDefinition) -> str:
    return reverse("admin:channels_cfg_ivrdefinition_change", args=[ivr.pk])


def complaints(answer: Any) -> str:
    """What the page says is wrong, each as ``step.field: text``."""
    formsets = [inline.formset for inline in answer.context["inline_admin_formsets"]]
    told = [f"{name}: {text}" for name, texts in answer.context["adminform"].form.errors.items() for text in texts]
    for formset in formsets:
        told += formset.non_form_errors()
        for form in formset.forms:
            told += [
                f"{form['name'].value()}.{name}: {text}"
                for name, texts in form.errors.items()
                for text in texts
                if "name" in form.fields
            ]
    return "\n".join(told)


FAULTS: list[tuple[dict[str, Any], str]] = [
    # what is typed instead (step 0 is Language, 1 Sales, 2 Goodbye), and what is said at which step and field
    ({"steps-0-other_step": "Nowhere"}, "Language.other_step: There is no step “Nowhere”"),
    ({"steps-0-other_step": "Sales"}, "Goodbye.name: No call comes to it"),
    ({"steps-2-kind": "say", "steps-2-next_step": "Goodbye"}, "Goodbye.next_step: Calls go round"),
    ({"steps-0-keys": "1 = fi > Sales\n1 = en > Sales"}, "Language.keys: The key 1 is used twice"),
    ({"steps-0-keys": "eleven"}, "Language.keys: “eleven” cannot be read"),
    ({"steps-0-variable": "2nd"}, "Language.variable: A key starts with a letter"),
    ({"steps-0-variable": "language"}, "Language.variable: “language” is not one of the variables"),
    ({"steps-1-attached_variables": "language"}, "Sales.attached_variables: “language” is not one of the variables"),
    ({"variables": "Selected_language, x"}, "The variable “x” is never set"),
    ({"variables": ""}, "Language.variable: “Selected_language” is not one of the variables"),
    ({"steps-1-DELETE": "on"}, "Language.keys: There is no step “Sales”"),
    ({f"steps-{number}-DELETE": "on" for number in range(3)}, "It has no steps"),
    (
        {"steps-0-kind": "digits", "steps-0-pattern": "(?=1)", "steps-0-next_step": "Sales"},
        "Language.pattern: It is no regular expression that can be used here",
    ),
]


@pytest.mark.parametrize(("typed", "said"), FAULTS, ids=[said[:40] for _typed, said in FAULTS])
def test_a_fault_is_refused_at_its_step_and_changes_nothing(
    client: Client, ivr: IvrDefinition, typed: dict[str, Any], said: str
):
    answer = save_form(client, page_of(ivr), **typed)

    assert said in complaints(answer)
    assert [step.name for step in ivr.steps.all()] == ["Language", "Sales", "Goodbye"]
    assert ivr.faults() == []


def test_a_transfer_to_a_queue_of_another_channel_is_refused(client: Client, ivr: IvrDefinition):
    other = QueueFactory(name="Other phone", channel__kind="voice")

    answer = save_form(client, page_of(ivr), **{"steps-1-queue": other.pk})

    assert "Sales.queue: The queue Other phone belongs to another channel" in complaints(answer)


def test_a_channel_that_takes_no_calls_is_not_offered(client: Client, ivr: IvrDefinition):
    answer = save_form(client, page_of(ivr), channel=ChannelFactory().pk)

    assert "channel: Select a valid choice" in complaints(answer)


def test_what_says_nothing_about_the_chosen_kind_is_emptied(client: Client, ivr: IvrDefinition):
    """The page does not show these fields any more."""
    answer = save_form(client, page_of(ivr), **{"steps-0-kind": "say", "steps-0-next_step": "Sales", "variables": ""})
    assert "Sales.attached_variables" in complaints(answer)

    typed = {"steps-0-kind": "say", "steps-0-next_step": "Sales", "variables": "", "steps-2-DELETE": "on"}
    save_form(client, page_of(ivr), **typed, **{"steps-1-attached_variables": ""})

    first = ivr.steps.get(name="Language")
    assert (first.kind, first.variable, first.keys, first.other_step) == ("say", "", [], "")


def test_an_ivr_is_made_with_its_steps_at_once(client: Client, ivr: IvrDefinition):
    page = reverse("admin:channels_cfg_ivrdefinition_add")
    typed = {
        "name": "Night number",
        "channel": ivr.channel_id,
        "steps-TOTAL_FORMS": 1,
        "steps-0-name": "Goodbye",
        "steps-0-kind": "hang_up",
        "steps-0-position": 10,
        "steps-0-most_wrong": 3,
        "steps-0-prompt": "Please call tomorrow.",
        "addresses-TOTAL_FORMS": 1,
        "addresses-0-address": "+358 40 111 2222",
    }

    answer = client.post(page, open_form(client, page) | typed)

    assert answer.status_code == 302
    made = IvrDefinition.objects.get(name="Night number")
    assert (made.faults(), str(made.addresses.get())) == ([], "+358401112222")


def test_a_change_that_leaves_a_fault_cannot_be_planned_in_the_form_either(client: Client, ivr: IvrDefinition):
    answer = save_form(client, page_of(ivr), variables="", takes_effect_at="2999-01-01 12:00")
    assert "is not one of the variables" in complaints(answer)

    save_form(client, page_of(ivr), description="For everybody", takes_effect_at="2999-01-01 12:00")
    assert ScheduledChange.objects.get().changes == {"description": "For everybody"}


def test_the_page_draws_the_steps_and_says_the_same_in_words(client: Client, ivr: IvrDefinition):
    page = client.get(page_of(ivr)).content.decode()

    assert page.count('class="ivr-step ') == 3
    assert page.count('class="ivr-line') == 2  # both keys lead to the queue
    for words in ("1 = fi", "2 = en", "3 × wrong", "The call waits in Phone sales, with Selected_language"):
        assert words in page


def test_as_many_steps_as_may_be_are_drawn_without_overlaps():
    """One after the other, each with a way that passes the others by."""
    steps = [
        FlowStep(f"{number}", "menu", keys=[f"1 > {number + 1}", "9 > 3"], other_step=f"{MOST_STEPS - 1}")
        for number in range(MOST_STEPS - 1)
    ]
    picture = picture_of(CallFlow([*steps, FlowStep(f"{MOST_STEPS - 1}", "hang_up")]))

    boxes = picture.drawing.boxes
    assert len(boxes) == MOST_STEPS
    assert len({(box.x, box.y) for box in boxes}) == MOST_STEPS
    for one, other in pairwise(sorted(boxes, key=lambda box: (box.y, box.x))):
        assert one.y + one.height < other.y or one.x + one.width < other.x
    assert all(box.x + box.width < picture.drawing.width for box in boxes)


@given(any_flows)
def test_any_flow_can_be_drawn(flow: CallFlow):
    picture = picture_of(flow, path=[step.name for step in flow.steps])

    assert {step.box.name for step in picture.steps} == set(flow.by_name)


def typed(client: Client, ivr: IvrDefinition | None, **changes: Any) -> Any:
    """What is drawn of the form with these changes; nothing is saved."""
    form = open_form(client, page_of(ivr) if ivr else reverse("admin:channels_cfg_ivrdefinition_add"))
    before = [list(model.objects.values()) for model in (IvrDefinition, IvrStep)]
    answer = client.post(reverse("admin:ivr_typed"), form | changes | {"drawn": ivr.pk if ivr else ""})
    assert answer.status_code == 200
    assert [list(model.objects.values()) for model in (IvrDefinition, IvrStep)] == before
    return answer


_CLOSING = {"name": "Closing", "kind": "say", "prompt": "Bye", "next_step": "Goodbye", "position": 40, "most_wrong": 3}
ONE_STEP_MORE = {"steps-TOTAL_FORMS": 4} | {f"steps-3-{name}": value for name, value in _CLOSING.items()}


def test_what_is_typed_is_drawn_before_it_is_saved(client: Client, ivr: IvrDefinition):
    answer = typed(client, ivr, **ONE_STEP_MORE, **{"steps-0-other_step": "Closing"})

    page = answer.content.decode()
    assert page.count('class="ivr-step ') == 4 and "3 × wrong: to Closing" in page
    assert answer.context["complaints"] == [] and "without a fault" in page


@pytest.mark.parametrize(("changes", "said"), FAULTS, ids=[said[:40] for _typed, said in FAULTS])
def test_what_is_wrong_with_what_is_typed_is_told_beside_the_picture(
    client: Client, ivr: IvrDefinition, changes: dict[str, Any], said: str
):
    told = typed(client, ivr, **changes).context["complaints"]

    assert any(said.rpartition(": ")[2] in complaint.text for complaint in told)
    step = said.partition(".")[0] if "." in said.partition(": ")[0] else ""
    assert step in {complaint.step for complaint in told}


def test_a_new_ivr_is_drawn_as_it_is_typed(client: Client, ivr: IvrDefinition):
    one = {"name": "Goodbye", "kind": "transfer", "position": 10, "most_wrong": 3}
    sent = {"steps-TOTAL_FORMS": 1} | {f"steps-0-{name}": value for name, value in one.items()}

    answer = typed(client, None, name="Night", channel=ivr.channel_id, **sent)

    assert answer.content.decode().count('class="ivr-step ') == 1
    assert [(one.step, one.field) for one in answer.context["complaints"]] == [("Goodbye", "Queue")]
    assert client.post(reverse("admin:ivr_typed"), {"drawn": "x", "steps-TOTAL_FORMS": "many"}).status_code == 200


def test_only_who_may_change_an_ivr_has_it_drawn(client: Client, ivr: IvrDefinition):
    client.force_login(UserFactory(is_staff=True))

    assert client.post(reverse("admin:ivr_typed"), {"drawn": ivr.pk}).status_code == 403
    assert client.get(reverse("admin:ivr_typed")).status_code == 405


def tried(client: Client, ivr: IvrDefinition, **sent: Any) -> Any:
    """What is answered with the form as it is stored, but for what is ``sent``."""
    answer = client.post(reverse("admin:ivr_try_out"), open_form(client, page_of(ivr)) | sent | {"drawn": ivr.pk})
    assert answer.status_code == 200
    return answer


def test_an_ivr_is_tried_out_as_it_is_typed(client: Client, ivr: IvrDefinition):
    first = tried(client, ivr, begin="1", **{"steps-0-prompt": "Hello there"}).context["tried"]
    assert first.outcome.prompt == "Hello there"

    changed = {"steps-0-keys": "9 = sv > Sales"}
    answer = tried(client, ivr, position=first.position, entered="9", **changed).context["tried"]

    assert (answer.outcome.queue.name, answer.outcome.position.variables) == (
        "Phone sales",
        {"Selected_language": "sv"},
    )
    assert IvrDefinition.objects.get().call_flow.steps[0].prompt != "Hello there"


def test_a_new_ivr_is_tried_out_before_it_is_saved(client: Client, ivr: IvrDefinition):
    one = {"steps-TOTAL_FORMS": 1, "steps-INITIAL_FORMS": 0, "steps-0-name": "Goodbye", "steps-0-kind": "hang_up"}

    answer = client.post(reverse("admin:ivr_try_out"), one | {"steps-0-prompt": "Goodbye.", "begin": "1", "drawn": ""})

    assert (answer.context["tried"].outcome.prompt, answer.context["tried"].outcome.ended) == ("Goodbye.", True)
    assert IvrDefinition.objects.get() == ivr


def test_who_may_but_see_an_ivr_tries_out_what_is_stored(client: Client, ivr: IvrDefinition):
    viewer = UserFactory(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_ivrdefinition"))
    client.force_login(viewer)

    sent = {"drawn": ivr.pk, "begin": "1", "steps-TOTAL_FORMS": 0, "steps-INITIAL_FORMS": 0}

    assert client.post(reverse("admin:ivr_try_out"), sent).context["tried"].outcome.position.step == "Language"
    assert client.post(reverse("admin:ivr_try_out"), sent | {"drawn": ""}).status_code == 403


def test_pressing_keys_shows_the_way_the_variables_and_who_sees_what(client: Client, ivr: IvrDefinition):
    first = tried(client, ivr, begin="1").context["tried"]
    assert first.outcome.expects == "key"

    answer = tried(client, ivr, position=first.position, entered="2")

    page, pair = answer.content.decode(), answer.context["tried"].pairs[0]
    assert "The call waits in Phone sales." in page
    assert page.count("is-passed") == 3  # two steps and the line between them
    assert (pair.key, pair.value, pair.when_offered, pair.when_connected, pair.is_kept) == (
        *("Selected_language", "en"),
        *(True, True, True),
    )


@pytest.mark.parametrize(
    "sent",
    [
        {"position": "{", "entered": "1"},
        {"position": "[" * 5000, "entered": "1"},
        {"position": json.dumps({"step": "Nowhere", "path": 5, "variables": [1]}), "entered": "1"},
        {"position": "{}", "entered": "x" * 5000},
        {"position": "{}", "timed_out": "1"},
        {"at": "yesterday"},
    ],
)
def test_whatever_is_sent_the_telephone_answers(client: Client, ivr: IvrDefinition, sent: dict[str, str]):
    assert tried(client, ivr, **sent).context["tried"].outcome.position.step == "Language"


def test_only_who_may_see_the_ivr_may_try_it_out(client: Client, ivr: IvrDefinition):
    client.force_login(UserFactory(is_staff=True))

    assert client.post(reverse("admin:ivr_try_out"), {"drawn": ivr.pk}).status_code == 403


def test_deleting_a_queue_that_an_ivr_leads_to_names_the_ivr(client: Client, ivr: IvrDefinition):
    queue = ivr.steps.get(kind="transfer").queue
    assert queue

    page = client.get(reverse("admin:channels_cfg_queue_delete", args=[queue.pk])).content.decode()

    assert "is used by the IVR “Service number”" in page


def test_an_ivr_is_found_by_what_it_says_and_where_it_leads(client: Client, ivr: IvrDefinition):
    IvrDefinitionFactory(name="Another", steps=[{"name": "Goodbye", "kind": "hang_up"}])
    address = reverse("admin:channels_cfg_ivrdefinition_changelist")

    for words in ("press 1", "phone sales", "Selected_language"):
        page = client.get(address, {"q": words})
        found = [found.name for found in page.context["cl"].result_list]
        assert "Service number" in found and (words == "Selected_language" or found == ["Service number"])
