"""Contacts as Genesys Cloud's API has them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from channels_cfg.models import Right, SystemSettings
from conversations.models import ContactIdentifier, ContactNote, ExternalContact
from tests.conversations.api.conftest import ApiClient, client_with
from tests.factories import QueueFactory, external_contact

pytestmark = pytest.mark.django_db
CONTACTS = "/api/v2/externalcontacts/contacts"
LOOKUP = "/api/v2/externalcontacts/identifierlookup/contacts"


@pytest.fixture
def crm(db: None) -> ApiClient:
    return client_with(Right.MANAGE_CONTACTS, on=QueueFactory())


def put(client: Client, path: str, body: Any) -> Any:
    return client.put(path, body, content_type="application/json")


def patch(client: Client, path: str, body: Any) -> Any:
    return client.patch(path, body, content_type="application/json")


def test_a_contact_is_made_read_replaced_and_deleted(crm: ApiClient):
    body = {
        "firstName": "Aino",
        "lastName": "Laine",
        "title": "12582152",
        "workPhone": {"display": "09 1234567", "normalizationCountryCode": "FI", "extension": 12, "acceptsSMS": False},
        "personalEmail": "Aino@Example.com",
        "address": {"city": "Helsinki"},
        "externalIds": [{"externalSource": {"id": "crm"}, "value": "7"}],
    }

    made = crm.post_json(CONTACTS, body)
    read = crm.get(f"{CONTACTS}/{made.json()['id']}").json()
    replaced = put(crm, read["selfUri"], read | {"title": "Dr.", "workPhone": None, "customFields": None}).json()
    deleted = crm.delete(read["selfUri"])

    assert made.status_code == 200 and made.json() == read
    assert read["workPhone"] == {
        "display": "+358 9 1234567",
        "e164": "+35891234567",
        "countryCode": "FI",
        "extension": 12,
        "acceptsSMS": False,
    }
    assert read["personalEmail"] == "aino@example.com" and read["type"] == "Curated"
    assert [(one["type"], one["value"]) for one in read["identifiers"]] == [
        ("Phone", "+35891234567;ext=12"),
        ("Email", "aino@example.com"),
        ("ExternalId", "7"),
    ]
    assert replaced["title"] == "Dr." and "workPhone" not in replaced and replaced["address"] == {"city": "Helsinki"}
    assert deleted.status_code == 200
    gone = crm.get(read["selfUri"])
    assert (gone.status_code, gone.json()["code"]) == (404, "contact.not.found")
    assert not ContactIdentifier.objects.exists()


def test_single_fields_are_changed(crm: ApiClient):
    contact = external_contact(email="a@example.com", title="old")
    changes = [
        {"field": "title", "value": "new", "action": "Set"},
        {"field": "address.city", "value": "Turku", "action": "Set"},
        {"field": "workEmail", "action": "Clear"},
        {"field": "cellPhone", "value": {"display": "+358401234567"}},
    ]

    answer = patch(crm, f"{CONTACTS}/{contact.pk}", {"changes": changes}).json()

    assert (answer["title"], answer["address"], answer["firstName"]) == ("new", {"city": "Turku"}, "Aino")
    assert [one["value"] for one in answer["identifiers"]] == ["+358401234567"]
    refused = patch(crm, f"{CONTACTS}/{contact.pk}", {"changes": [{"field": "tittle", "value": "x"}]})
    assert refused.status_code == 400 and "tittle" in refused.json()["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "firstName"),
        ({"firstName": 1}, "firstName"),
        ({"firstname": "A"}, "firstname"),
        ({"firstName": "A", "workPhone": {"display": "040 123 4567"}}, "workPhone.display"),
        ({"firstName": "A", "workPhone": "+358401234567"}, "workPhone"),
        ({"firstName": "A", "otherEmail": "nobody"}, "otherEmail"),
        ({"firstName": "A", "externalIds": [{"value": "7"}]}, "externalIds.externalSource"),
        ({"firstName": "A", "externalIds": "7"}, "externalIds"),
        ({"firstName": "A", "address": {"town": "x"}}, "address"),
        ({"firstName": "A", "surveyOptOut": "yes"}, "surveyOptOut"),
        ({"firstName": "A", "customFields": {"dni": "1"}}, "customFields.dni"),
        ({"firstName": "A", "workEmail": "a@b.fi", "otherEmail": "A@b.fi"}, "otherEmail"),
        ([], "body"),
    ],
)
def test_a_bad_contact_is_refused_by_field_and_nothing_is_made(crm: ApiClient, body: Any, field: str):
    answer = crm.post_json(CONTACTS, body)

    said = answer.json()
    assert answer.status_code == 400 and field in said["message"], said
    assert {"message", "code", "status", "contextId", "details", "errors", "messageParams"} <= said.keys()
    assert not ExternalContact.objects.exists()


def test_an_identifier_that_another_has_is_a_conflict_that_names_it(crm: ApiClient):
    holder = external_contact(email="a@example.com")

    answer = crm.post_json(CONTACTS, {"firstName": "B", "workEmail": "A@EXAMPLE.com"})

    assert (answer.status_code, answer.json()["code"]) == (409, "identifier.taken")
    assert answer.json()["details"] == [
        {
            "errorCode": "identifier.taken",
            "fieldName": "workEmail",
            "entityId": str(holder.pk),
            "entityName": "contact",
        }
    ]
    assert ExternalContact.objects.count() == 1


def test_what_is_not_exact_is_found_by_q_and_what_is_by_its_field(crm: ApiClient):
    settings = SystemSettings.load()
    settings.contact_fields = '{"properties": {"points": {"type": "integer"}}}'
    settings.save()
    one = external_contact("Aino", title="123456", custom_fields={"points": 5})
    other = external_contact("Eero", title="12345678", custom_fields={"points": 50})

    def found(**asked: Any) -> list[str]:
        return [contact["firstName"] for contact in crm.get(CONTACTS, asked).json()["entities"]]

    assert found(q="123456", sortOrder="firstName:desc") == ["Eero", "Aino"]
    assert found(title="123456") == ["Aino"]
    assert found(**{"customFields.points": "5"}) == ["Aino"]
    assert found(q="nobody") == []
    page = crm.get(CONTACTS, {"pageSize": 1, "pageNumber": 2, "sortOrder": "title"}).json()
    assert (page["total"], page["pageCount"], page["entities"][0]["id"]) == (2, 2, str(other.pk))
    assert page["previousUri"].endswith("pageNumber=1") and "nextUri" not in page
    searched = crm.post_json(f"{CONTACTS}/search", {"operation": {"simpleSearch": {"query": "aino"}}}).json()
    assert [contact["id"] for contact in searched["entities"]] == [str(one.pk)]
    for asked in ({"pageSize": 100, "pageNumber": 11}, {"pageSize": 0}, {"sortOrder": "age:asc"}, {"pageNumber": "x"}):
        assert crm.get(CONTACTS, asked).status_code == 400


def test_all_contacts_are_read_by_cursor_each_once(crm: ApiClient):
    made = {str(external_contact(last_name=f"L{number}").pk) for number in range(23)}
    seen: list[str] = []
    answer: dict[str, Any] = {"cursor": ""}

    while "cursor" in answer:
        asked = {"limit": 10, "cursor": answer["cursor"]}
        answer = crm.get("/api/v2/externalcontacts/scan/contacts", asked).json()
        seen += [contact["id"] for contact in answer["entities"]]

    assert sorted(seen) == sorted(made)


def test_a_list_costs_the_same_for_one_and_for_twenty(crm: ApiClient, django_assert_max_num_queries: Any):
    for number in range(20):
        external_contact(last_name=f"L{number}", email=f"{number}@example.com")

    with django_assert_max_num_queries(8):
        assert len(crm.get(CONTACTS).json()["entities"]) == 20


def test_a_contact_is_found_by_any_identifier_and_by_nothing_else(crm: ApiClient):
    source = {"externalSource": {"id": "crm"}}
    contact = crm.post_json(
        CONTACTS,
        {
            "firstName": "Aino",
            "cellPhone": {"display": "+358401234567"},
            "workEmail": "a@example.com",
            "externalIds": [source | {"value": "7"}],
        },
    ).json()
    claimed = {"type": "SocialFacebook", "value": "99"}
    patch(crm, f"{contact['selfUri']}/identifiers", {"operation": "Claim", "identifier": claimed})

    for asked in (
        {"type": "Phone", "value": "+358 40 123 4567"},
        {"type": "Email", "value": "A@example.com"},
        {"type": "ExternalId", "value": "7"} | source,
        claimed,
    ):
        assert crm.post_json(LOOKUP, asked).json()["id"] == contact["id"], asked
    for asked, status in (
        ({"type": "ExternalId", "value": "70"} | source, 404),
        ({"type": "Phone", "value": "0401234567"}, 400),
        ({"type": "Cookie", "value": "x"}, 400),
        ({"type": "outdated_sdk_version", "value": "x"}, 400),
        ({"value": "x"}, 400),
    ):
        assert crm.post_json(LOOKUP, asked).status_code == status, asked
    reverse = crm.get("/api/v2/externalcontacts/reversewhitepageslookup", {"lookupVal": "+358401234567"}).json()
    assert [one["id"] for one in reverse["contacts"]] == [contact["id"]]
    release = {"operation": "Release", "identifier": claimed}
    assert patch(crm, f"{contact['selfUri']}/identifiers", release).json()["value"] == "99"
    assert patch(crm, f"{contact['selfUri']}/identifiers", release).json()["code"] == "identifier.not.found"


def test_finding_and_making_are_one_call(crm: ApiClient):
    dni = {"type": "ExternalId", "externalSource": {"id": "dni"}, "value": "12582152"}
    body = {"matchingIdentifiers": [dni], "contact": {"firstName": "Ana", "lastName": "Gil"}}

    tried = crm.post_json(f"{CONTACTS}/enrich?dryRun=true", body)
    made = crm.post_json(f"{CONTACTS}/enrich", body)
    found = crm.post_json(f"{CONTACTS}/enrich", body | {"contact": {"workEmail": "ana@example.com"}})
    inserted = crm.post_json(f"{CONTACTS}/enrich", body | {"action": "Insert"})
    unknown = crm.post_json(
        f"{CONTACTS}/enrich", body | {"action": "Update", "matchingIdentifiers": [dni | {"value": "1"}]}
    )

    assert (tried.status_code, made.status_code, found.status_code) == (201, 201, 200)
    assert found.json()["id"] == made.json()["id"] and found.json()["firstName"] == "Ana"
    assert found.json()["externalIds"][0]["value"] == "12582152" and found.json()["workEmail"] == "ana@example.com"
    assert (inserted.status_code, inserted.json()["entityId"]) == (409, made.json()["id"])
    assert unknown.status_code == 404 and ExternalContact.objects.count() == 1


def test_ids_of_merged_contacts_lead_on(crm: ApiClient):
    first, second, third = (external_contact(last_name=f"L{number}", phone=f"+35840111222{number}") for number in "123")
    ids = [str(contact.pk) for contact in (first, second)]

    merged = crm.post_json(f"{CONTACTS}/merge", {"contactIds": ids, "valueOverride": {"title": "both"}}).json()
    crm.post_json(
        "/api/v2/externalcontacts/merge/contacts",
        {"sourceContactId": ids[0], "targetContactId": str(third.pk)},
    )

    assert (merged["id"], merged["title"]) == (ids[0], "both")
    for id in ids:
        read = crm.get(f"{CONTACTS}/{id}").json()
        assert read["id"] == str(third.pk) and len(read["identifiers"]) == 3 and read["title"] == "both"
        raw = crm.get(f"{CONTACTS}/{id}/unresolved").json()
        assert (raw["id"], raw["canonicalContact"]["id"]) == (id, str(third.pk))
    refused = crm.delete(f"{CONTACTS}/{ids[1]}")
    assert (refused.status_code, refused.json()["entityId"]) == (409, str(third.pk))
    assert crm.post_json(f"{CONTACTS}/merge", {"contactIds": [ids[0]]}).status_code == 400


def test_notes_are_kept_with_their_author(crm: ApiClient):
    notes = f"{CONTACTS}/{external_contact().pk}/notes"

    made = crm.post_json(notes, {"noteText": "likes tea"}).json()
    changed = put(crm, made["selfUri"], {"noteText": "likes coffee"}).json()

    assert made["createdBy"]["id"] == str(crm.user.pk) and changed["noteText"] == "likes coffee"
    assert [note["id"] for note in crm.get(notes).json()["entities"]] == [made["id"]]
    for text in ("", " ", "x" * 32_001):
        assert crm.post_json(notes, {"noteText": text}).status_code == 400
    assert crm.delete(made["selfUri"]).status_code == 200
    assert crm.get(made["selfUri"]).status_code == 404 and not ContactNote.objects.exists()


def test_who_manages_no_contacts_finds_none():
    contact = external_contact("canary", email="canary@example.com")
    stranger = client_with(Right.SERVE, Right.VIEW_HISTORY, on=QueueFactory())

    assert stranger.get(CONTACTS).json()["total"] == 0
    assert stranger.get(f"{CONTACTS}/{contact.pk}").status_code == 404
    assert stranger.post_json(LOOKUP, {"type": "Email", "value": "canary@example.com"}).status_code == 404
    assert stranger.post_json(CONTACTS, {"firstName": "A", "workEmail": "canary@example.com"}).status_code == 404
    assert Client().get(CONTACTS).json()["code"] == "authentication.required"
