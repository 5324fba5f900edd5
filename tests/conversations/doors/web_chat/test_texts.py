"""Visitors are spoken to in the language of their browser."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from channels_cfg.models import AttachedKey, Queue
from conversations.doors import web_chat
from conversations.doors.web_chat.texts import TRANSLATED
from tests.conversations.doors.web_chat.conftest import ADDRESS, SHOP, Visitor
from tests.factories import AttachedKeyFactory

ROOM = Path(web_chat.__file__).parent


def entry(accepted: str) -> Any:
    headers = {"Origin": SHOP, "Accept-Language": accepted}
    return Client().get(f"/visitor/entry?address={ADDRESS}", headers=headers)


@pytest.mark.parametrize(
    ("accepted", "language", "begin"),
    [
        ("fi-FI,fi;q=0.9,en;q=0.8", "fi", "Aloita keskustelu"),
        ("ja, sv-SE;q=0.7, de;q=0.5", "sv", "Starta chatten"),
        ("DE", "de", "Chat beginnen"),
        ("en-GB,fi;q=0.5", "en-us", "Start the chat"),
        ("ja,*;q=0.1", "en-us", "Start the chat"),
        ("", "en-us", "Start the chat"),
        ("fi" * 9000, "en-us", "Start the chat"),
        (";;q=x,\u00e4", "en-us", "Start the chat"),
    ],
)
def test_the_widget_speaks_the_first_language_that_is_spoken_here(queue: Queue, accepted, language, begin):
    answer = entry(accepted)

    assert (answer.json()["language"], answer.json()["texts"]["begin"]) == (language, begin)
    assert (answer["Content-Language"], "Accept-Language" in answer["Vary"]) == (language, True)
    assert translation.get_language() == "en-us"


def test_questions_and_refusals_speak_it_too(queue: Queue, visitor: Visitor):
    AttachedKeyFactory(name="orderId", label="Order", pattern="[A-Z]{2}[0-9]{6}", example="FI123456")
    AttachedKeyFactory(name="note", kind=AttachedKey.Kind.TEXT)
    type(queue.channel).objects.update(pre_chat_keys=["orderId", "note"], pre_chat_required_keys=["orderId"])

    form = {question["key"]: question for question in entry("fi").json()["form"]}
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fi"
    refused = visitor.start(name="Maija", email="maija@example.com")

    assert (form["name"]["label"], form["email"]["label"]) == ("Nimi", "Sähköposti")
    assert form["email"]["rule"] == "Tarkista tämä kohta. Esimerkki: name@example.com"
    assert (form["orderId"]["label"], form["orderId"]["rule"]) == ("Order", "Tarkista tämä kohta. Esimerkki: FI123456")
    assert refused.json()["errors"] == {"orderId": ["Keskustelu ei ala ilman tätä."]}
    assert "Example: FI123456" in entry("en").json()["form"][2]["rule"]


def said() -> Iterator[str]:
    """Every text that is marked for translation in the room of web chat."""
    for file in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_":
                yield ast.literal_eval(node.args[0])


@pytest.mark.parametrize("language", TRANSLATED)
def test_all_of_it_is_translated(language: str):
    with (ROOM / "locale" / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        catalogue = GNUTranslations(file)
    placeholders = re.compile(r"\{\w+\}|%\(\w+\)s")

    texts = set(said())

    assert len(texts) > 40
    for text in texts:
        translated = catalogue._catalog.get(text, "")  # type: ignore[attr-defined]  # gettext() would answer the text
        assert translated, text
        assert sorted(placeholders.findall(translated)) == sorted(placeholders.findall(text)), text
    assert {file.name for file in (ROOM / "locale").iterdir()} == set(TRANSLATED)
