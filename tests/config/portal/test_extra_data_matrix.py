"""The pages of the extra-data matrix."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels_cfg.history.change_log import event_models
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS
from channels_cfg.models import Channel, Queue, SystemSettings
from channels_cfg.rights.roles import CONFIGURATOR
from tests.factories import AttachedKeyFactory, ChannelFactory, QueueFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    client = Client()
    client.force_login(user)
    return client


def page_of(place: Channel | Queue) -> str:
    return reverse("extra_data_place", args=[place._meta.model_name, place.pk])


def loaded(**lists: list[list[str]]) -> str:
    return json.dumps(lists)


def test_ticks_are_saved_in_the_order_they_had_new_ones_last(browser):
    queue = QueueFactory(statistics_keys=["b", "a"])

    browser.post(
        page_of(queue),
        {"loaded": loaded(statistics_keys=[["b", "a"], []]), "statistics_keys": ["a", "b", "c"], "why": "spring"},
    )

    queue.refresh_from_db()
    assert queue.statistics_keys == ["b", "a", "c"]
    events = event_models()[Queue].objects.filter(pgh_obj=queue.pk, pgh_label="update")
    assert [event.pgh_context.metadata["why"] for event in events] == ["spring"]


def test_an_inherited_list_left_as_it_is_stays_inherited(browser):
    queue = QueueFactory(channel__statistics_keys=["a", "b"])
    page = browser.get(page_of(queue)).content.decode()

    browser.post(page_of(queue), {"loaded": loaded(statistics_keys=[[], ["a", "b"]]), "statistics_keys": ["b", "a"]})

    queue.refresh_from_db()
    assert queue.statistics_keys == []
    assert f"from channel {queue.channel}" in page


def test_another_administrators_change_is_shown_as_a_difference_of_three(browser):
    queue = QueueFactory(statistics_keys=["theirs"])
    typed = {"loaded": loaded(statistics_keys=[["was"], []]), "statistics_keys": ["was", "mine"]}

    asked = browser.post(page_of(queue), typed)
    queue.refresh_from_db()
    untouched = queue.statistics_keys
    answer = {"_carried": asked.context["carried"], "_shown": asked.context["loaded"]}
    (difference,) = asked.context["comparison"].differences
    browser.post(page_of(queue), answer | {difference.choice: "mine"})
    queue.refresh_from_db()

    assert asked.status_code == 409
    assert (difference.was, difference.theirs, difference.mine) == ("was", "theirs", "was, mine")
    assert untouched == ["theirs"]
    assert queue.statistics_keys == ["was", "mine"]


@pytest.mark.parametrize(
    ("pasted", "rows"),
    [
        ("a, b", {"a", "b"}),
        ("a\nb", {"a", "b"}),
        ('["a", "b"]', {"a", "b"}),
        ("key,statistics_keys\na,yes\nb,no", {"a"}),
    ],
)
def test_pasted_keys_are_ticked_and_not_saved_yet(browser, pasted, rows):
    queue = QueueFactory()

    page = browser.post(
        page_of(queue),
        {"loaded": loaded(statistics_keys=[[], []]), "paste": "yes", "paste_into": "statistics_keys", "pasted": pasted},
    )

    assert {key for key, _known, _cells in page.context["rows"]} == rows
    assert Queue.objects.get().statistics_keys == []


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("customer Id, 2nd", "Item 2, “2nd”"),
        ("key,statistics_keys\ngood,x\nbad key,x", "Line 3, “bad key”: Character 4"),
    ],
)
def test_a_bad_paste_names_where_and_loses_nothing(browser, pasted, said):
    queue = QueueFactory(statistics_keys=["kept"])

    page = browser.post(
        page_of(queue),
        {
            "loaded": loaded(statistics_keys=[["kept"], []]),
            "statistics_keys": "kept",
            "paste": "yes",
            "paste_into": "statistics_keys",
            "pasted": pasted,
        },
    )

    assert page.status_code == 422
    assert any(said in problem for problem in page.context["problems"])
    assert page.context["pasted"] == pasted


def test_a_sensitive_key_is_listed_once_its_name_was_typed(browser):
    AttachedKeyFactory(name="iban", sensitive=True)
    queue = QueueFactory()
    typed = {"loaded": loaded(statistics_keys=[[], []]), "statistics_keys": "iban"}

    asked = browser.post(page_of(queue), typed)
    before = Queue.objects.get().statistics_keys
    browser.post(page_of(queue), typed | {"_typed": "iban"})

    assert asked.status_code == 409
    assert (before, Queue.objects.get().statistics_keys) == ([], ["iban"])


def test_a_change_in_between_is_asked_about_also_after_something_was_wrong(browser):
    queue = QueueFactory(statistics_keys=["was"])
    typed = {"loaded": loaded(statistics_keys=[["was"], []]), "statistics_keys": ["was", "2nd"]}
    Queue.objects.update(statistics_keys=["theirs"])

    refused = browser.post(page_of(queue), typed)
    asked = browser.post(page_of(queue), typed | {"loaded": refused.context["loaded"], "statistics_keys": ["mine"]})

    assert (refused.status_code, asked.status_code) == (422, 409)
    assert [difference.theirs for difference in asked.context["comparison"].differences] == ["theirs"]


def test_a_key_that_is_typed_but_not_added_becomes_a_row_instead_of_being_forgotten(browser):
    key = AttachedKeyFactory(name="customerType")
    key.aliases.create(name="custmerType")
    queue = QueueFactory(statistics_keys=["kept", "gone"])

    page = browser.post(
        page_of(queue),
        {
            "loaded": loaded(statistics_keys=[["kept", "gone"], []]),
            "row": ["kept", "gone"],
            "statistics_keys": "kept",
            "key": "custmerType",
        },
    )

    assert [(row, cells[0].marks) for row, _known, cells in page.context["rows"]] == [
        ("kept", "checked"),
        ("gone", "data-differs"),
        ("customerType", ""),
    ]
    assert Queue.objects.get().statistics_keys == ["kept", "gone"]


def test_a_missing_reason_is_asked_for_and_the_ticks_stay(browser):
    SystemSettings(why_required=True).save()
    queue = QueueFactory(statistics_keys=["kept", "gone"])

    page = browser.post(
        page_of(queue),
        {"loaded": loaded(statistics_keys=[["kept", "gone"], []]), "row": ["kept", "gone"], "statistics_keys": "kept"},
    )

    assert "Say why." in page.text
    assert [(row, cells[0].marks) for row, _known, cells in page.context["rows"]] == [
        ("kept", "checked"),
        ("gone", "data-differs"),
    ]
    assert Queue.objects.get().statistics_keys == ["kept", "gone"]


def test_a_place_is_found_by_a_part_of_its_name_without_scripts(browser):
    billing, other = QueueFactory(name="Billing"), QueueFactory(name="Care")

    answer = browser.get(reverse("extra_data"), {"q": "bill"}, follow=True).text

    assert page_of(billing) in answer and page_of(other) not in answer


def test_a_page_that_is_out_of_date_says_so_and_keeps_its_ticks(browser):
    page = browser.post(page_of(QueueFactory()), {"loaded": "{", "statistics_keys": "mine"})

    assert page.status_code == 422
    assert page.context["problems"] == ["The page is out of date. Your ticks are below; look at them, and save again."]
    assert [row for row, _known, _cells in page.context["rows"]] == ["mine"]


def test_five_hundred_keys_on_each_of_four_lists_can_be_saved(browser):
    channel = ChannelFactory(kind="voice")
    lists = {name: [f"{name}{number}" for number in range(500)] for name in EXTRA_DATA_LISTS}
    rows = [key for keys in lists.values() for key in keys]

    browser.post(page_of(channel), {"loaded": loaded(**{name: [[], []] for name in lists}), "row": rows, **lists})

    channel.refresh_from_db()
    assert {name: getattr(channel, name) for name in lists} == lists


def test_bulk_is_previewed_then_saved(browser):
    queues = [QueueFactory(channel__statistics_keys=["a"]) for _ in range(3)]
    asked = {"list": "statistics_keys", "add": "orderId", "place": [f"queue-{queue.pk}" for queue in queues]}
    asked["preview"] = "yes"

    preview = browser.post(reverse("extra_data_bulk"), asked)
    browser.post(
        reverse("extra_data_bulk"),
        asked | {"save": "yes", "why": "x", "agreed_to": preview.context["impact"].fingerprint},
    )

    assert "adds 3, removes 0; affects 3 queues" in preview.content.decode()
    assert [queue.statistics_keys for queue in Queue.objects.all()] == [["a", "orderId"]] * 3


def test_bulk_reaches_every_queue_that_is_found_as_one_version(browser):
    channel = ChannelFactory(name="Chat", statistics_keys=["a"])
    Queue.objects.bulk_create(Queue(name=f"Many {number}", channel=channel) for number in range(2_500))
    QueueFactory(name="Other", channel__name="Other channel")
    asked = {"list": "statistics_keys", "add": "orderId", "q": "chat", "searched": "chat"}
    found = browser.post(reverse("extra_data_bulk"), asked | {"choose": "queues"})
    chosen = asked | {"chosen": str(found.context["chosen"]), "shown": found.context["shown"]}
    chosen["place"] = found.context["shown"].split()[1:-1]  # neither the channel nor the last queue

    preview = browser.post(reverse("extra_data_bulk"), chosen | {"preview": "yes"})
    agreed = {"save": "yes", "agreed_to": preview.context["impact"].fingerprint}
    with CaptureQueriesContext(connection) as queries:
        browser.post(reverse("extra_data_bulk"), chosen | agreed)

    assert (found.context["found_channels"], found.context["found_queues"]) == (1, 2_500)
    assert "adds 2499, removes 0; affects 2499 queues" in preview.content.decode()
    assert Queue.objects.filter(statistics_keys=["a", "orderId"]).count() == 2_499
    assert len([query for query in queries if 'INTO "channels_cfg_queue"' in query["sql"]]) == 3


def test_bulk_is_not_saved_when_it_does_something_else_by_now(browser):
    queue = QueueFactory(statistics_keys=["a"])
    asked = {"list": "statistics_keys", "add": "orderId", "chosen": f"queue-{queue.pk}"}
    preview = browser.post(reverse("extra_data_bulk"), asked | {"preview": "yes"})
    Queue.objects.update(statistics_keys=["b"])

    again = browser.post(
        reverse("extra_data_bulk"), asked | {"save": "yes", "agreed_to": preview.context["impact"].fingerprint}
    )

    assert again.context["is_stale"]
    assert Queue.objects.get().statistics_keys == ["b"]


def test_the_panel_says_what_saving_would_do(browser):
    channel = ChannelFactory(statistics_keys=["a"])
    QueueFactory.create_batch(2, channel=channel)

    answer = browser.post(
        f"{page_of(channel)}impact/", {"loaded": loaded(statistics_keys=[["a"], []]), "statistics_keys": "b"}
    )

    assert "adds 1, removes 1; affects 2 queues (2 by following the channel)" in answer.content.decode()


def test_without_rights_nothing_is_shown_or_saved():
    queue = QueueFactory()
    client = Client()
    client.force_login(UserFactory(is_staff=True))
    addresses = [
        page_of(queue),
        *(reverse(name) for name in ("extra_data", "extra_data_bulk", "extra_data_keys", "extra_data_places")),
    ]

    answers = [client.get(address).status_code for address in addresses]
    answers.append(client.post(page_of(queue), {"statistics_keys": "a"}).status_code)

    assert answers == [403] * 6


def test_keys_are_found_by_the_beginning_of_their_name_first(browser):
    for name, label in (("zip", ""), ("agent_zip", ""), ("code", "Zip code"), ("other", "")):
        AttachedKeyFactory(name=name, label=label)

    found = browser.get(reverse("extra_data_keys"), {"q": "zip"}).json()["keys"]

    assert [key["name"] for key in found] == ["zip", "agent_zip", "code"]


def test_forms_of_channels_and_queues_lead_to_their_matrix(browser):
    queue = QueueFactory(channel__name="Sales <b>&</b> care")

    for place in (queue, queue.channel):
        name = f"admin:channels_cfg_{place._meta.model_name}_change"
        form = browser.get(reverse(name, args=[place.pk])).content.decode()
        assert f'href="{page_of(place)}"' in form
        assert "<b>&</b>" not in form
