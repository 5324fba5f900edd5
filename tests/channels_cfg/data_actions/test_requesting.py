"""The request is what the templates say, and no value leads it elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.data_actions.definition import ActionDefinition
from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.requesting import RequestValues, address_of, body_of, headers_of

BASE = "https://crm.example/base/"


def address(template: str, **inputs: Any) -> str:
    return address_of(ActionDefinition(request_url_template=template), RequestValues(inputs), base=BASE)


def header(template: str, **inputs: Any) -> dict[str, str]:
    return headers_of(ActionDefinition(headers=json.dumps({"X-Name": template})), RequestValues(inputs))


def test_a_path_is_put_behind_the_base_and_anything_else_stands_for_itself():
    assert address("/v2/contacts?q=$esc.url(${input.q})", q="a b&c") == "https://crm.example/base/v2/contacts?q=a+b%26c"
    assert address("https://${input.shop}.example:8443/x", shop="fi") == "https://fi.example:8443/x"
    with pytest.raises(ActionFault, match="no base address"):
        address_of(ActionDefinition(request_url_template="/x"), RequestValues({}), base="")


@pytest.mark.parametrize(
    "shop", ["evil.example/", "evil.example?", "evil.example#", "a@evil.example", "a b", "", "x\\"]
)
def test_no_input_leads_to_another_host(shop: str):
    with pytest.raises(ActionFault, match="no host"):
        address("https://${input.shop}.example/x" if shop else "https://$!{input.shop}/x", shop=shop)


@pytest.mark.parametrize(
    "template", ["[YOUR SERVER]", "//evil.example/x", "ftp://x/", "${input.a}", "https://x/\n${input.a}"]
)
def test_what_is_no_address_is_refused(template: str):
    with pytest.raises(ActionFault):
        address(template, a="javascript:1")


def test_no_value_begins_another_header():
    assert header("a ${input.v}", v="b") == {"X-Name": "a b"}
    for value in ("a\r\nX-Evil: 1", "a\nb", "a\x00", "☃"):
        with pytest.raises(ActionFault, match="cannot be sent"):
            header("${input.v}", v=value)
    named = ActionDefinition(headers='{"Host": "evil", "Transfer-Encoding": "buffered", "Accept": "application/json"}')
    assert headers_of(named, RequestValues({})) == {"Accept": "application/json"}
    with pytest.raises(ActionFault, match="no name of a header"):
        headers_of(ActionDefinition(headers='{"a b": "c"}'), RequestValues({}))


def test_a_body_has_inputs_raw_and_the_whole_request_as_json():
    values = RequestValues({"a": 'x"', "n": 1}, {"key": "k"}, {"access_token": "t"})
    template = (
        '{"a": "${input.a}", "n": ${input.n}} ${input.rawRequest} ${credentials.key} ${authResponse.access_token}'
    )
    posted = ActionDefinition(request_type="POST", request_template=template)

    assert body_of(posted, values) == '{"a": "x"", "n": 1} {"a":"x\\"","n":1} k t'
    assert body_of(ActionDefinition(request_type="GET", request_template=template), values) == ""


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_input_raises_anything_but_a_fault(template: str, value: str):
    for make in (
        lambda: address(f"https://x.example/{template}?q=${{input.v}}", v=value),
        lambda: header(f"{template}${{input.v}}", v=value),
    ):
        try:
            made = make()
        except ActionFault:
            continue
        assert "\n" not in str(made)
