"""“Why can this user not see this?”, asked by a configurator, and the hints for whoever sees nothing."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from channels_cfg.models import AccessRight, Right, User
from channels_cfg.rights.roles import CONFIGURATOR
from config.portal.why_rights import OF_NO_USE
from conversations import lifecycle
from tests.factories import (
    ConversationFactory,
    GroupFactory,
    QueueFactory,
    QueueGroupFactory,
    UserFactory,
    ended_conversation,
    grant,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    """A configurator without rights on queues."""
    ada = UserFactory(first_name="Ada", last_name="Lindgren", is_staff=True)
    ada.groups.add(Group.objects.get(name=CONFIGURATOR))
    return ada


@pytest.fixture
def anna() -> User:
    return UserFactory(first_name="Anna", last_name="Ek")


def ask(by: User, **question: object) -> HttpResponse:
    client = Client()
    client.force_login(by)
    return client.get(reverse("why_rights"), {name: getattr(value, "pk", value) for name, value in question.items()})


def sentences(answer: HttpResponse) -> list[str]:
    return [answer.sentence for answer, *_ in answer.context["answers"]]


def test_what_is_missing_is_named_with_who_has_it_and_who_can_grant_it(ada: User, anna: User):
    queue, nordic, team = (
        QueueFactory(name="Chat care"),
        QueueGroupFactory(name="Nordic"),
        GroupFactory(name="Day shift"),
    )
    queue.groups.add(nordic)
    anna.groups.add(team)
    AccessRight.objects.create(group=GroupFactory(name="Night shift"), right=Right.SERVE, queue_group=nordic)

    answer = ask(ada, user=anna, queue=queue, what="/desk/")

    page = answer.content.decode()
    assert sentences(answer) == ["Anna Ek does not hold Serve on Chat care."]
    assert "Members of Night shift hold it." in page
    could = [words for _, _, could in answer.context["answers"] for words, _ in could]
    assert could == [
        "to Anna Ek on Chat care",
        "to Anna Ek on all queues of Nordic",
        "to the group Day shift on Chat care",
    ]
    assert list(answer.context["people"]) == [ada]


def test_what_is_held_is_told_with_its_origin(ada: User, anna: User):
    queue, team = QueueFactory(name="Chat care"), GroupFactory(name="Day shift")
    anna.groups.add(team)
    AccessRight.objects.create(group=team, right=Right.VIEW_HISTORY, queue=queue)
    grant(anna, Right.VIEW_HISTORY, on=queue)

    answer = ask(ada, user=anna, queue=queue, what="https://portal.example/history/?q=x")

    [(held, through, _)] = answer.context["answers"]
    assert held.is_held
    assert [words for words, _ in through] == ["directly", "through group Day shift"]


@pytest.mark.parametrize(
    ("address", "rights"),
    [
        ("/desk/", {"Serve"}),
        ("/history/", {"View history"}),
        ("/reports/rows/", {"View reports"}),
        ("/RI/cmi/contactData", {"Manage contacts"}),
        ("/api/v1/contact-log.csv", {"View reports"}),
        ("/api/v1/conversations", {"View history", "Serve"}),
        (f"/api/v1/conversations/{uuid.UUID(int=7)}/accept", {"Serve"}),
    ],
)
def test_each_address_names_its_rights(ada: User, anna: User, address: str, rights: set[str]):
    answer = ask(ada, user=anna, queue=QueueFactory(), what=address)

    assert {answer.right.label for answer, *_ in answer.context["answers"]} == rights


def test_without_a_place_the_extent_of_the_right_is_told(ada: User, anna: User):
    grant(anna, Right.VIEW_HISTORY, on=QueueFactory())
    grant(anna, Right.VIEW_HISTORY, on=QueueFactory())

    answer = ask(ada, user=anna, what="/history/")

    assert [extent.sentence for extent in answer.context["explanation"].extents] == ["View history: on 2 queues"]


def test_an_id_tells_a_configurator_without_rights_nothing(ada: User, anna: User):
    there = ended_conversation(QueueFactory(name="Secret queue"), customer_name="Canary Customer")
    grant(anna, Right.VIEW_HISTORY, on=there.queue)
    nowhere = uuid.uuid4()

    pages = {}
    for pk in (there.pk, nowhere):
        for what in (str(pk), pk.hex.upper(), f"/history/{pk}/", f"/RI/cmi/contactData/{pk.hex}"):
            answer = ask(ada, user=anna, what=what)
            told = answer.content.decode().split('id="answer"')[1].split("effective-rights")[0]
            pages.setdefault(what.replace(str(pk), "").replace(pk.hex.upper(), "").replace(pk.hex, ""), []).append(told)
            assert str(OF_NO_USE) in told
            assert "Secret queue" not in told and "Canary" not in answer.content.decode()

    assert all(told_there == told_nowhere for told_there, told_nowhere, *_ in pages.values())


def test_an_id_is_placed_for_who_holds_a_right_there(ada: User, anna: User):
    conversation = ended_conversation(QueueFactory(name="Chat care"), customer_name="Canary Customer")
    grant(ada, Right.VIEW_REPORTS, on=conversation.queue)

    answer = ask(ada, user=anna, what=f"/history/{conversation.pk}/")

    assert sentences(answer) == ["Anna Ek does not hold View history on Chat care."]
    assert "Canary" not in answer.content.decode()


def test_a_direct_conversation_is_placed_by_the_groups_of_its_agent(ada: User, anna: User):
    team, other = GroupFactory(name="Day shift"), GroupFactory(name="Night shift")
    agent = UserFactory()
    agent.groups.add(team, other)
    conversation = ConversationFactory(queue=None, agent=agent)
    AccessRight.objects.create(user=ada, right=Right.SERVE, direct_conversations_of=team)
    AccessRight.objects.create(user=anna, right=Right.VIEW_HISTORY, direct_conversations_of=other)

    answer = ask(ada, user=anna, what=f"/history/{conversation.pk}/")

    [(held, through, _)] = answer.context["answers"]
    assert held.sentence == (
        "Anna Ek holds View history on direct conversations of Day shift or direct conversations of Night shift."
    )
    assert [words for words, _ in through] == ["directly, on direct conversations of Night shift"]


def test_a_call_that_ended_in_the_ivr_is_placed_by_the_queues_of_its_channel(ada: User, anna: User):
    queue, other = QueueFactory(name="Sales", channel__kind="voice"), QueueFactory(name="Elsewhere")
    QueueFactory(name="Care", channel=queue.channel)
    call = lifecycle.receive(channel=queue.channel, now=timezone.now())
    lifecycle.end(call.pk, now=timezone.now())
    grant(ada, Right.SERVE, on=queue)
    grant(anna, Right.VIEW_HISTORY, on=other)

    answer = ask(ada, user=anna, what=f"/history/{call.pk}/")

    assert sentences(answer) == ["Anna Ek does not hold View history on Care or Sales."]
    assert "The call ended in the IVR" in answer.content.decode()


def test_what_stands_before_all_rights_is_told_first(ada: User):
    queue = QueueFactory()
    gone = UserFactory(is_active=False)
    client = UserFactory(is_api_client=True)

    inactive = ask(ada, user=gone, queue=queue)
    machine = ask(ada, user=client, queue=queue, what="/history/")
    outside = ask(ada, user=gone, what="/admin/")

    assert "is inactive" in inactive.context["explanation"].hurdles[0]
    assert "cannot use pages" in machine.context["explanation"].hurdles[0]
    assert any("May open the System Configurator" in hurdle for hurdle in outside.context["explanation"].hurdles)
    assert any("in no group that opens its pages" in hurdle for hurdle in outside.context["explanation"].hurdles)


def test_a_configurator_opens_the_configurator(ada: User):
    assert ask(ada, user=ada, what="/admin/").context["explanation"].hurdles == []


@pytest.mark.parametrize("what", ["/no/such/page", "http://[broken", "x" * 600])
def test_an_odd_question_is_answered(ada: User, anna: User, what: str):
    assert ask(ada, user=anna, what=what).status_code == 200


def test_only_who_may_see_users_and_rights_may_ask(anna: User):
    assert ask(UserFactory(is_staff=True), user=anna).status_code == 403
    assert ask(anna, user=anna).status_code == 302


def test_an_answer_costs_the_same_for_few_rights_and_for_many(ada: User, anna: User):
    queue = QueueFactory()

    def queries() -> int:
        with CaptureQueriesContext(connection) as made:
            ask(ada, user=anna, queue=queue)
        return len(made)

    grant(anna, Right.SERVE, on=queue)
    few = queries()
    for _ in range(10):
        group = GroupFactory()
        anna.groups.add(group)
        AccessRight.objects.create(group=group, right=Right.SERVE, queue=queue)

    assert queries() <= few + 1  # the names of groups


@pytest.mark.parametrize(
    ("address", "right"), [("/history/", "View history"), ("/desk/", "Serve"), ("/reports/", "View reports")]
)
def test_an_empty_page_names_the_right_and_who_can_grant_it(ada: User, anna: User, address: str, right: str):
    UserFactory(is_superuser=True, is_staff=True, first_name="Zoe")
    client = Client()
    client.force_login(anna)

    page = client.get(address).content.decode()

    assert (
        f"You hold the right “{right}” on no queue. Ada Lindgren or another System Configurator can grant it." in page
    )


def test_a_page_that_is_not_there_tells_ones_own_rights_and_nothing_else(ada: User, anna: User):
    hidden = ended_conversation(QueueFactory(name="Secret queue"))
    grant(anna, Right.VIEW_HISTORY, on=QueueFactory())
    client = Client()
    client.force_login(anna)

    foreign = client.get(f"/history/{hidden.pk}/")
    nowhere = client.get(f"/history/{uuid.uuid4()}/")

    page = foreign.content.decode()
    assert foreign.status_code == nowhere.status_code == 404
    assert "View history: on 1 queue" in page and "Serve: on no queue" in page
    assert "Ada Lindgren can say what is missing" in page
    assert "Secret queue" not in page
    assert without_token(foreign) == without_token(nowhere)
    assert "You hold" not in Client().get("/nowhere/").content.decode()


def without_token(answer: HttpResponse) -> list[str]:
    return [line for line in answer.content.decode().splitlines() if "csrf" not in line.lower()]
