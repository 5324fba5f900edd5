"""The key catalogue in the configurator: the form, the check while typing, the list and changes of several keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_cfg.history.change_log import ChangeHistory
from channels_cfg.models import AttachedKey, AttachedKeyAlias, User
from conversations.models import KeyUsage, SeenKey
from tests.channels_cfg.admin.forms import open_form, save_form
from tests.factories import AttachedKeyFactory, ChannelFactory, QueueFactory

ADD = reverse("admin:channels_cfg_attachedkey_add")
LIST = reverse("admin:channels_cfg_attachedkey_changelist")
NEAR = reverse("admin:near_names")
Kind = AttachedKey.Kind


def page_of(key: AttachedKey) -> str:
    return reverse("admin:channels_cfg_attachedkey_change", args=[key.pk])


def aliases(*names: str, kept: int = 0) -> dict[str, Any]:
    """New rows of other names, behind those that are there."""
    rows = {f"aliases-{number}-name": name for number, name in enumerate(names, start=kept)}
    return {"aliases-TOTAL_FORMS": len(names) + kept, **rows}


def errors(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


# The form


def test_a_key_is_made_with_its_rules_and_other_names(browser: Client):
    save_form(
        browser,
        ADD,
        name="customerType",
        label="Customer type",
        kind="choice",
        choices="gold\nsilver, or so\n\nbronze",
        on_violation="drop",
        owner="CRM team",
        sensitive="on",
        **aliases("custmerType", "type"),
    )

    key = AttachedKey.objects.get()
    assert (key.name, key.label, key.owner, key.sensitive) == ("customerType", "Customer type", "CRM team", True)
    assert (key.choices, key.on_violation) == (["gold", "silver, or so", "bronze"], "drop")
    assert list(key.aliases.values_list("name", flat=True)) == ["custmerType", "type"]


def test_choices_on_one_line_are_split_at_commas(browser: Client):
    save_form(browser, ADD, name="tier", kind="choice", choices="gold, silver")

    assert AttachedKey.objects.get().choices == ["gold", "silver"]


def test_constraints_of_another_type_are_emptied(browser: Client):
    save_form(
        browser, ADD, name="due", kind="date", minimum="2026-01-01", choices="gold", pattern="[", decimals="-1",
        longest="five",
    )  # fmt: skip

    key = AttachedKey.objects.get()
    assert (key.kind, key.minimum) == ("date", "2026-01-01")
    assert (key.choices, key.pattern, key.decimals, key.longest) == ([], "", None, None)


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"name": "customer Id"}, "name", "Character 9 is a space."),
        ({"kind": "choice"}, "choices", "something to choose from"),
        ({"kind": "integer", "minimum": "2", "maximum": "1"}, "maximum", "below the minimum"),
        ({"kind": "integer", "minimum": "low"}, "minimum", "a whole number"),
        ({"pattern": "("}, "pattern", "no regular expression"),
        ({"pattern": "[0-9]+"}, "example", "Give a value that matches"),
        ({"pattern": "[0-9]+", "example": "x"}, "example", "breaks the rules"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field_and_stays_typed(
    browser: Client, typed: dict[str, str], field: str, words: str
):
    answer = save_form(browser, ADD, **{"name": "amount", "kind": "text", **typed})

    assert list(errors(answer)) == [field]
    assert words in errors(answer)[field][0]
    assert all(answer.context["adminform"].form[name].value() == value for name, value in typed.items())
    assert not AttachedKey.objects.exists()


def test_a_name_is_one_keys_only(browser: Client):
    AttachedKeyFactory(name="customerType", aliases=["type"])

    as_key = save_form(browser, ADD, name="type")
    as_alias = save_form(browser, ADD, name="segment", **aliases("customerType", "type", "segment", "kind", "kind"))

    assert "“type” is another name of customerType." in errors(as_key)["name"][0]
    problems = as_alias.context["inline_admin_formsets"][0].formset.errors
    assert "“customerType” is a key of its own" in problems[0]["name"][0]
    assert "already exists" in problems[1]["name"][0]
    assert "the key's own name" in problems[2]["name"][0]
    assert AttachedKey.objects.count() == 1


def test_the_same_other_name_twice_is_refused(browser: Client):
    answer = save_form(browser, ADD, name="segment", **aliases("kind", "kind"))

    assert "duplicate" in answer.content.decode()
    assert not AttachedKey.objects.exists()


def test_a_new_other_name_leaves_the_lists(browser: Client):
    key = AttachedKeyFactory(name="customerType")
    channel = ChannelFactory(name="Chat", statistics_keys=["custmerType", "topic"])

    answer = save_form(browser, page_of(key), **aliases("custmerType"))

    channel.refresh_from_db()
    assert channel.statistics_keys == ["customerType", "topic"]
    assert "The lists of Chat name customerType now" in answer.content.decode()


def test_a_name_is_fixed_once_saved(browser: Client):
    key = AttachedKeyFactory(name="customerType")

    save_form(browser, page_of(key), name="other", label="Customer type")

    key.refresh_from_db()
    assert (key.name, key.label) == ("customerType", "Customer type")


def test_an_address_proposes_another_name_that_saving_adds(browser: Client):
    key = AttachedKeyFactory(name="customerType")
    address = f"{page_of(key)}?alias=custmerType"

    formset = browser.get(address).context["inline_admin_formsets"][0].formset
    proposed = formset.forms[0]["name"].value()
    save_form(browser, address, **aliases(proposed))

    assert proposed == "custmerType"
    assert AttachedKeyAlias.objects.get().key == key


def test_an_address_proposes_the_name_of_a_new_key(browser: Client):
    assert open_form(browser, f"{ADD}?name=tier")["name"] == "tier"


def test_a_key_stops_being_sensitive_after_its_name_was_typed(browser: Client):
    key = AttachedKeyFactory(name="card", sensitive=True)
    ChannelFactory(name="Sales", statistics_keys=["card"])

    asked = save_form(browser, page_of(key), sensitive=None)
    key.refresh_from_db()
    is_still = key.sensitive
    save_form(browser, page_of(key), sensitive=None, _typed="card")

    key.refresh_from_db()
    assert asked.status_code == 409
    assert UNMARKED in asked.content.decode()
    assert is_still and not key.sensitive


UNMARKED = "“card” stays on these lists, unmarked: Sales, Extra Data Included in Statistics."


def test_a_sensitive_key_is_deleted_after_its_name_was_typed_and_the_lists_that_lose_the_mark_are_named(
    browser: Client,
):
    key = AttachedKeyFactory(name="card", sensitive=True)
    ChannelFactory(name="Sales", statistics_keys=["card"])
    page = reverse("admin:channels_cfg_attachedkey_delete", args=[key.pk])

    asked = browser.post(page, {"post": "yes"})
    is_still = AttachedKey.objects.exists()
    browser.post(page, {"post": "yes", "_typed": "card"})

    assert UNMARKED in asked.content.decode()
    assert is_still and not AttachedKey.objects.exists()


def test_sensitive_keys_among_several_are_deleted_after_words_were_typed(browser: Client):
    keys = [AttachedKeyFactory(name="card", sensitive=True), AttachedKeyFactory(name="topic")]
    ChannelFactory(name="Sales", statistics_keys=["card"])
    sent = {"action": "delete_selected", "_selected_action": [key.pk for key in keys], "post": "yes"}

    asked = browser.post(LIST, sent)
    are_still = AttachedKey.objects.count()
    browser.post(LIST, {**sent, "_typed": "card"})

    assert UNMARKED in asked.content.decode()
    assert (are_still, AttachedKey.objects.count()) == (2, 0)


def test_an_ordinary_key_is_deleted_without_typing(browser: Client):
    key = AttachedKeyFactory(name="topic")

    browser.post(reverse("admin:channels_cfg_attachedkey_delete", args=[key.pk]), {"post": "yes"})

    assert not AttachedKey.objects.exists()


def test_a_name_that_looks_like_another_key_is_asked_about_before_it_is_made(browser: Client):
    AttachedKeyFactory(name="customerType", aliases=["custmerType"])

    asked = save_form(browser, ADD, name="customertype")
    count = AttachedKey.objects.count()
    save_form(browser, ADD, name="customertype", _typed="customertype")
    own = save_form(browser, ADD, name="orderId", **aliases("orderid"))

    assert (asked.status_code, count, own.status_code) == (409, 1, 200)
    assert "“customerType”, a key of the catalogue, in upper and lower case alone." in asked.content.decode()
    assert set(AttachedKey.objects.values_list("name", flat=True)) == {"customerType", "customertype", "orderId"}


def test_the_page_of_a_key_tells_where_it_is_listed(browser: Client):
    key = AttachedKeyFactory(name="customerType")
    QueueFactory(name="Chat sales", statistics_keys=["customerType"])

    page = browser.get(page_of(key)).content.decode()

    assert "Chat sales</a> Extra Data Included in Statistics" in page


def test_the_change_log_tells_of_keys_and_their_other_names(browser: Client, configurator: User):
    save_form(browser, ADD, name="customerType", **aliases("type"))

    history = browser.get(reverse("admin:channels_cfg_attachedkey_history", args=[AttachedKey.objects.get().pk]))

    assert history.content.decode().count("aino") >= 2


# While typing


def near(browser: Client, name: str, key: AttachedKey | None = None) -> dict[str, Any]:
    return browser.get(NEAR, {"name": name, "key": key.pk if key else ""}).json()


def test_a_bad_name_is_marked_at_its_character(browser: Client):
    problem = near(browser, "customer Id")["problem"]

    assert (problem["position"], problem["before"], problem["at"], problem["after"]) == (9, "customer", " ", "Id")


def test_near_names_are_told_with_what_to_do_about_them(browser: Client):
    key = AttachedKeyFactory(name="customerType", aliases=["clientKind"])
    ChannelFactory(statistics_keys=["orderNumber"])
    SeenKey.objects.create(name="postCode", seen=7, first_seen_at=timezone.now(), last_seen_at=timezone.now())

    told = [near(browser, name)["near"][0] for name in ("custmerType", "CUSTOMERTYPE", "clientKinds", "orderNumbr")]
    seen = near(browser, "postcode")["near"][0]

    assert [one["said"] for one in told] == [
        "It is near “customerType”, a key of the catalogue.",
        "It differs from “customerType”, a key of the catalogue, in upper and lower case alone.",
        "It is near “clientKind”, another name of customerType.",
        "It is near “orderNumber”, which is on a list.",
    ]
    assert [one["owner_page"] for one in told] == [page_of(key)] * 3 + [""]
    assert (
        seen["said"] == "It differs from “postCode”, which comes in with conversations, in upper and lower case alone."
    )


def test_a_name_that_is_taken_says_by_what(browser: Client):
    key = AttachedKeyFactory(name="customerType", aliases=["type"])

    as_key, as_alias = near(browser, "customerType")["near"][0], near(browser, "type")["near"][0]

    assert (as_key["is_taken"], as_key["said"]) == (True, "“customerType” is in the catalogue already.")
    assert (as_alias["is_taken"], as_alias["owner_page"]) == (True, page_of(key))


def test_names_of_the_key_that_is_edited_are_not_near_it(browser: Client):
    key = AttachedKeyFactory(name="customerType", aliases=["custmerType"])
    ChannelFactory(statistics_keys=["customerType"])

    assert near(browser, "customertype", key)["near"] == []


@pytest.mark.parametrize("name", ["", "%", "a" * 5000, "__proto__", "’; DROP", "ключ"])
def test_odd_names_are_answered(browser: Client, name: str):
    assert browser.get(NEAR, {"name": name, "key": "9" * 30}).status_code == 200


def test_the_check_is_for_those_who_see_the_catalogue(client: Client):
    assert client.get(NEAR, {"name": "x"}).status_code == 302


# The list


def row_of(browser: Client, name: str, **asked: str) -> str:
    changelist = browser.get(LIST, asked).context["cl"]
    model_admin = changelist.model_admin
    key = next(key for key in changelist.result_list if key.name == name)
    return " | ".join(
        str(getattr(model_admin, column)(key)) if hasattr(model_admin, column) else str(getattr(key, column))
        for column in model_admin.list_display
    )


def names_in(browser: Client, **asked: str) -> list[str]:
    return [key.name for key in browser.get(LIST, asked).context["cl"].result_list]


def test_the_list_tells_where_a_key_is_used_and_when_it_was_seen(browser: Client):
    AttachedKeyFactory(name="customerType", label="Customer type", group="Customer", owner="CRM team", sensitive=True)
    queue = QueueFactory(name="Chat sales", statistics_keys=["customerType"])
    now = timezone.now()
    for days, seen in ((1, 5), (2, 6), (40, 100)):
        KeyUsage.objects.create(
            channel=queue.channel, queue=queue, day=(now - timedelta(days=days)).date(), key="customerType", seen=seen,
            first_seen_at=now, last_seen_at=now,
        )  # fmt: skip
    SeenKey.objects.create(name="customerType", seen=111, first_seen_at=now, last_seen_at=now)

    row = row_of(browser, "customerType")

    for words in ["Customer type", "Customer", "CRM team", "Sensitive", "1 list", "Chat sales", "| 11 |"]:
        assert words in row
    assert row.endswith(f"{timezone.localtime(now):%Y-%m-%d %H:%M}")


def test_the_list_is_searched_and_filtered(browser: Client):
    AttachedKeyFactory(name="customerType", label="Segment", aliases=["type"], group="Customer", kind=Kind.CHOICE)
    AttachedKeyFactory(name="topic", owner="Care", sensitive=True)
    ChannelFactory(statistics_keys=["topic"])

    assert [names_in(browser, q=text) for text in ("segment", "TYPE", "care")] == [
        ["customerType"], ["customerType"], ["topic"]
    ]  # fmt: skip
    assert names_in(browser, used="yes") == names_in(browser, sensitive__exact="1") == ["topic"]
    assert names_in(browser, used="no") == names_in(browser, kind__exact="choice") == ["customerType"]
    assert names_in(browser, group__icontains="custom") == ["customerType"]


# Several keys


def change_several(browser: Client, keys: list[AttachedKey], **typed: str) -> Any:
    sent = {"action": "change_several", "_selected_action": [key.pk for key in keys], **typed}
    return browser.post(LIST, sent, follow=True)


def test_several_keys_are_changed_at_once_and_each_change_is_recorded(browser: Client):
    first, second, third = (AttachedKeyFactory(name=name, owner="Nobody", label=name) for name in ("a", "b", "c"))

    asked = change_several(browser, [first, second])
    done = change_several(
        browser, [first, second], _change="1", group="Customer", owner="CRM team", sensitive="yes", why="Tidying"
    )

    assert "2 keys" in asked.content.decode()
    assert "2 keys have changed." in done.content.decode()
    assert list(AttachedKey.objects.order_by("name").values_list("name", "label", "group", "owner", "sensitive")) == [
        ("a", "a", "Customer", "CRM team", True),
        ("b", "b", "Customer", "CRM team", True),
        ("c", "c", "", "Nobody", False),
    ]
    changes = [ChangeHistory.of(key)[:5][0] for key in (first, second)]
    assert [(change.action, change.by, len(change.fields)) for change in changes] == [("changed", "aino", 3)] * 2
    assert ChangeHistory.of(third)[:5][0].action == "created"


def test_changing_nothing_is_told(browser: Client):
    answer = change_several(browser, [AttachedKeyFactory()], _change="1")

    assert "Nothing would change." in answer.content.decode()


def test_several_keys_stop_being_sensitive_after_the_words_were_typed(browser: Client):
    keys = [AttachedKeyFactory(sensitive=True) for _ in range(2)]

    asked = change_several(browser, keys, _change="1", sensitive="no")
    still = AttachedKey.objects.filter(sensitive=True).count()
    change_several(browser, keys, _change="1", sensitive="no", _typed="not sensitive")

    assert "2 keys are no longer sensitive?" in asked.content.decode()
    assert still == 2
    assert not AttachedKey.objects.filter(sensitive=True).exists()
