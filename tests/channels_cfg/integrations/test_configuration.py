"""A configuration is read whole, or refused with each fault in its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.integrations.configuration import Configuration, ConfigurationFaults, read_configuration

EXAMPLE = """
{
  "request": {
    "authentication": {
      "type": "basic"
    },
    "method": "GET",
    "headers": {
      "Accept": "application/json"
    },
    "params": {
      "phone": "{contact.source}"
    }
  },
  "response": {
    "save": {
      "customer_data": {
        "id": "{response.body.id}",
        "firstname": "{response.body.properties.firstname}",
        "lastname": "{response.body.properties.lastname}",
        "company": "{response.body.properties.company}",
        "jobtitle": "{response.body.properties.jobtitle}",
        "lastticket": "{response.body.tickets[-1].id}"
      }
    }
  }
}
"""
"""As the specification prints it."""

SPECIFICATION = Path(__file__).parents[5] / "shared/spec/001_e97e60c5f97fbaac.txt"
KNOWN = {"crm": "basic", "api-key": "api_key", "second-key": "api_key", "token": "bearer"}


def read(text: str) -> Configuration:
    return read_configuration(text, authentications=KNOWN)


def test_the_example_of_the_specification_is_read():
    read_example = read(EXAMPLE)

    assert read_example.authentication == "crm"
    assert (read_example.method, read_example.params) == ("GET", {"phone": "{contact.source}"})
    assert read_example.save["customer_data"]["lastticket"] == "{response.body.tickets[-1].id}"
    assert not read_example.uses_attached_data


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the specification is not here")
def test_the_example_is_the_specification_s():
    text = SPECIFICATION.read_text()

    assert json.loads(text[text.index("{") : text.rindex("}") + 1]) == json.loads(EXAMPLE)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ('{"request": {}', 1, 15, "comma or }"),
        ('{"reqest": {}}', 1, 2, "Did you mean “request”"),
        ('{"request":\n {"method": "GOT"}}', 2, 13, "Did you mean “GET”"),
        ('{"request": {"params": {"a": "{contact.sorce}"}}}', 1, 31, "Did you mean “contact.source”"),
        ('{"request": {"params": {"a": "x {contact.}"}}}', 1, 42, "name is expected"),
        ('{"request": {"params": {"a": "{response.body.id}"}}}', 1, 31, "There is no {response.body.id}"),
        ('{"request": {"params": {"a": {"b": 1}}}}', 1, 30, "A parameter is"),
        ('{"request": {"headers": {"X-Key": "{authentications.api-kee}"}}}', 1, 36, "mean “authentications.api-key”"),
        ('{"request": {"headers": {"X-Key": "{authentications.crm}"}}}', 1, 36, "There is no {authentications.crm}"),
        ('{"request": {"headers": {"X A": "1"}}}', 1, 26, "letters, digits and hyphens"),
        ('{"request": {"headers": {"Host": "evil"}}}', 1, 26, "set by itself"),
        ('{"request": {"headers": {"A": "b\\r\\nC: d"}}}', 1, 31, "line break"),
        ('{"request": {"authentication": {"type": "basik"}}}', 1, 41, "Did you mean “basic”"),
        ('{"request": {"authentication": {"type": "oauth2"}}}', 1, 41, "Add one below"),
        ('{"request": {"authentication": {"type": "api_key"}}}', 1, 41, "There are several"),
        ('{"request": {"authentication": {"type": "basic", "password": "x"}}}', 1, 50, "stored encrypted"),
        ('{"response": {"save": {"1st": "x"}}}', 1, 24, "starts with a letter"),
        ('{"response": {"save": {"a": "{authentications.api-key}"}}}', 1, 30, "There is no"),
        ('{"response": {"save": {"a": "{response.bdy.id}"}}}', 1, 30, "Did you mean “response.body”"),
        ('{"response": {"save": []}}', 1, 23, "object in braces"),
        ('{"response": {"set": {"queu": {}}}}', 1, 23, "Did you mean “queue”"),
        ('{"response": {"set": {"queue": "a"}}}', 1, 32, "object in braces"),
        ('{"response": {"set": {"queue": {"id": "", "condition": "{status} >"}}}}', 1, 67, "placeholder, a number"),
        ('{"response": {"set": {"priority": {"value": 1, "condition": "{statis} = 1"}}}}', 1, 62, "mean “status”"),
        ('{"response":\n {"set": {"priority": "12345678901234567890"}}}', 2, 23, "from 0 to 32767"),
        ('{"response": {"set": {"priority": 12345678901234567890}}}', 1, 35, "from 0 to 32767"),
        ('{"response": {"set": {"priority": {"value": 32768}}}}', 1, 45, "from 0 to 32767"),
        ('{"response": {"set": {"priority": ["7", "-1"]}}}', 1, 41, "from 0 to 32767"),
        ('{"response": {"set": {"priority": "urgent"}}}', 1, 35, "from 0 to 32767"),
        ("[]", 1, 1, "object in braces"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(text: str, line: int, column: int, words: str):
    with pytest.raises(ConfigurationFaults) as refused:
        read(text)

    fault = refused.value.faults[0]
    assert (fault.position[:2], words in fault.text) == ((line, column), True), fault


def test_every_fault_is_told_at_once():
    with pytest.raises(ConfigurationFaults) as refused:
        read('{"request": {"method": "GOT", "params": {"a": "{x}"}}, "response": {"save": {"b": "{y}"}}}')

    assert len(refused.value.faults) == 3


def test_sets_may_be_several_with_conditions():
    found = read(
        json.dumps(
            {
                "request": {"body": {"event": "{event}"}},
                "response": {
                    "set": {
                        "condition": "{status} = 200",
                        "priority": [{"value": 1, "condition": "{contact.cad.rank} >= 100"}, "5"],
                        "queue": {"address": "{response.body.queue}"},
                        "preferredAgent": {"chat_address": "agent@acme.com"},
                        "requiredAgents": {"agents": ["{response.body.agent}"], "timeout": 60},
                    }
                },
            }
        )
    )

    assert found.method == "POST"
    assert [len(rule.conditions) for rule in found.sets["priority"]] == [2, 1]
    assert found.uses_attached_data


NAMES = (
    "request", "response", "save", "set", "body", "headers", "params", "method", "authentication", "type", "name",
    "queue", "id", "condition", "a",
)  # fmt: skip


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("{}[].abc", max_size=8),
        lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(NAMES), below, max_size=4),
    )
)
def test_no_json_raises_anything_but_faults_of_the_configuration(value: object):
    try:
        read(json.dumps(value))
    except ConfigurationFaults as refused:
        assert refused.faults
