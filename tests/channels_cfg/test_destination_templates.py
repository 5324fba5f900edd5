"""Templates of metadata destinations: no two conversations share a name, and no name leaves its folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from channels_cfg.destination_templates import (
    EXAMPLE,
    FILE_NAME,
    LONGEST_NAME,
    LONGEST_PIECE,
    OF_NAMES,
    SUBJECT,
    SessionFacts,
    address,
    check_address_template,
    check_file_name,
    check_subject,
    file_name,
    subject,
)
from channels_cfg.integrations.placeholders import UnusableValue


@pytest.mark.parametrize(
    ("template", "name"),
    [
        (FILE_NAME, "metadata/call-1418.json"),
        ("{year}/{month}/{day}/{kind}{number}", "2026/11/29/call1418"),
        ("{channel}/{queue}/{ticket_id}/{id}", "Customer-service/Sales/CS-2071/7f9c24e5-2f1b-4d0a-9a53-0c6a1d2b3e4f"),
        ("{queue}-{kind}-{number}.json", "Sales-call-1418.json"),
        ("{kind}-{number}-{queue}.json", "call-1418-Sales.json"),
        ("{{x}}-{id}", "{x}-7f9c24e5-2f1b-4d0a-9a53-0c6a1d2b3e4f"),
    ],
)  # fmt: skip
def test_a_template_becomes_a_name(template: str, name: str):
    check_file_name(template)

    assert file_name(template, EXAMPLE) == name


def test_a_day_is_that_of_the_end_in_utc():
    ended = datetime(2026, 12, 1, 0, 30, tzinfo=ZoneInfo("Europe/Helsinki"))

    assert file_name("{year}-{month}-{day}/{id}", replace(EXAMPLE, ended_at=ended)).startswith("2026-11-30/")


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        ("Päivystys 24/7", "Päivystys-24-7"),
        ("..", "none"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\\b\0c\nd", "a-b-c-d"),
        ("", "none"),
        ("ä" * 90, "ä" * 50),
    ],
)
def test_a_value_is_made_safe_for_a_name(value: str, becomes: str):
    assert file_name("{queue}/{id}", replace(EXAMPLE, queue=value)) == f"{becomes}/{EXAMPLE.id}"


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("metadata.json", "Two conversations could share this name"),
        ("{kind}.json", "Two conversations could share this name"),
        ("{number}.json", "Two conversations could share this name"),
        ("{ticket_id}/{kind}.json", "Two conversations could share this name"),
        ("{queue}{number}/{kind}", "Two conversations could share this name"),
        ("{queue}-{number}-{channel}/{kind}", "Two conversations could share this name"),
        ("{queue}-{id}-{channel}", "Two conversations could share this name"),
        ("{kind}{number}{year}{queue}", "Two conversations could share this name"),
        ("{kind}-{number}0{queue}", "Two conversations could share this name"),
        ("../{id}", "“..” would leave the folder"),
        ("a/./{id}", "“.” would leave the folder"),
        ("/srv/{id}", "neither begins nor ends with a slash"),
        ("a//{id}", "no two stand side by side"),
        ("{id}/", "neither begins nor ends with a slash"),
        ("a\\{id}", "“\\” cannot stand there"),
        ("a\0{id}", "cannot be seen"),
        ("a\n{id}", "cannot be seen"),
        ("{kind}-{numbr}", "There is no {numbr} here. Did you mean “number”?"),
        ("{xyzzy}-{id}", "There is no {xyzzy} here. There are: kind, number"),
        ("{ticket_url}/{id}", "There is no {ticket_url} here. Did you mean “ticket_id”?"),
        ("{id", "Character 1: A brace that belongs to no placeholder"),
        ("manifests/{id}", "The manifests lie in “manifests”"),
        (".unfinished/{id}", "What lies in “.unfinished” is removed"),
        ("{queue}{channel}{ticket_id}/{id}", "longer than 255 bytes"),
        ("{queue}/{queue}/{queue}/{queue}/{queue}/{queue}/{queue}/{id}", "longer than 700 bytes"),
    ],
)
def test_a_name_that_could_be_another_ones_or_leaves_the_folder_is_refused(template: str, complaint: str):
    with pytest.raises(ValidationError) as refused:
        check_file_name(template)

    assert complaint in refused.value.messages[0]


ODD = st.text(st.sampled_from("1-a.0/\\ä٣c"), max_size=5) | st.sampled_from(["call", "chat1", "..", "-1-", EXAMPLE.id])
SESSIONS = st.builds(
    SessionFacts,
    kind=st.sampled_from(["call", "chat"]),
    number=st.sampled_from([1, 2, 10, 11, 12, 101, 112, 2026]),
    id=st.uuids().map(str),
    ended_at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(ZoneInfo("UTC"))),
    channel=ODD,
    queue=ODD,
    ticket_id=ODD,
)
TOLD = [f"{{{name}}}" for name in OF_NAMES] + ["{kind}", "{number}"] * 3
TEMPLATES = st.lists(
    st.sampled_from([*TOLD, "-", "/", "1", ".", "a", "call"]),
    min_size=1,
    max_size=7,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(template=TEMPLATES, one=SESSIONS, other=SESSIONS)
@example(
    template="{queue}-{number}-{channel}/{kind}",
    one=replace(EXAMPLE, number=1, queue="a", channel="2-x"),
    other=replace(EXAMPLE, number=2, queue="a-1", channel="x"),
)
def test_two_conversations_never_share_a_name_and_none_leaves_its_folder(
    template: str, one: SessionFacts, other: SessionFacts
):
    try:
        check_file_name(template)
    except ValidationError:
        return
    assume((one.kind, one.number) != (other.kind, other.number))

    names = [file_name(template, facts) for facts in (one, other)]

    assert names[0] != names[1]
    for name in names:
        pieces = name.split("/")
        assert not {"", ".", ".."} & set(pieces) and "\\" not in name
        assert max(len(piece.encode()) for piece in pieces) <= LONGEST_PIECE and len(name.encode()) <= LONGEST_NAME


def test_an_address_keeps_its_host_whatever_the_ticket_is_called():
    template = "https://crm.example.com/tickets/{ticket_id}/files?from={ticket_url}"
    check_address_template(template)

    assert address(template, replace(EXAMPLE, ticket_id="a/../b")) == (
        "https://crm.example.com/tickets/a%2F..%2Fb/files?from=https%3A%2F%2Fcrm.example.com%2Ftickets%2F2071"
    )
    with pytest.raises(UnusableValue):
        address(template, replace(EXAMPLE, ticket_id=""))


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("{ticket_url}/files", "never in its name"),
        ("https://{ticket_id}.example.com/", "never in its name"),
        ("http://crm.example.com/{ticket_id}", "begins with https://"),
        ("https://crm.example.com/../{ticket_id}", "as a folder"),
        ("https://crm.example.com/a b", "neither spaces"),
        ("https://ada@crm.example.com/{number}", "without a user"),
        ("https://crm.example.com/{tickt_id}", "Did you mean “ticket_id”?"),
    ],
)
def test_an_address_that_could_lead_elsewhere_is_refused(db: None, template: str, complaint: str):
    with pytest.raises(ValidationError) as refused:
        check_address_template(template)

    assert complaint in refused.value.messages[0]


def test_a_subject_is_one_line_that_names_the_ticket():
    check_subject(SUBJECT)

    assert subject(SUBJECT, EXAMPLE) == "Session metadata of call 1418 [CS-2071]"
    assert subject("{ticket_id}", replace(EXAMPLE, ticket_id="a\r\nBcc: x")) == "a  Bcc: x"
    for template, complaint in {"Metadata": "needs {ticket_id}", "{ticket_id}\nBcc: x": "A line break"}.items():
        with pytest.raises(ValidationError, match=complaint):
            check_subject(template)
