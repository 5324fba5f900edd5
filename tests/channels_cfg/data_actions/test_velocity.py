"""Templates: a whitelisted part of Velocity, which reaches nothing but the values it is given."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.velocity_reading import TemplateFault, read_template
from channels_cfg.data_actions.velocity_rendering import render
from channels_cfg.data_actions.velocity_tools import IN_RESULTS

INPUT = {"name": 'Ann "Ada"', "none": None, "count": 3, "yes": True, "empty": "", "list": [1, 2]}


def rendered(template: str, **values: Any) -> str:
    return render(read_template(template), {**IN_RESULTS, "input": INPUT, **values}, where="requestTemplate")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("${input.name}, $input.count.", 'Ann "Ada", 3.'),
        ("$!{input.none}|$!input.missing|${input.none}", "||${input.none}"),
        ("$Input.count ${INPUT.count}", "3 3"),
        ("costs $5, #1, #fff, {$}, ${}, $$${input.count}", "costs $5, #1, #fff, {$}, ${}, $$3"),
        ("\\$input.name \\#if", "$input.name #if"),
        ("a## to the end\nb#* here *#c#[[ $input.name ]]#", "abc $input.name "),
        ('#if("$!{input.missing}" != "")a#{else}b#end', "b"),
        ('#if("$!{input.name}" != "" && $input.count > 2)a#elseif($input.yes)b#{end}', "a"),
        ("#if($nobody)a#else b#end", " b"),
        ("#if(!$input.empty and not $input.none)a#end", "a"),
        ("#set($n = 2 + 3 * 4 % 5)$n $math.add($n, 1) $input.list[1] $input.list.size()", "4 5 2 2"),
        ("#foreach($i in [1..3])$i#if($foreach.hasNext),#end#end#foreach($i in $input.list)$i#end", "1,2,312"),
        ("${input.name.replace('\"', '')} $input.name.toUpperCase().length()", "Ann Ada 9"),
        ('"$esc.jsonString(${input.name})" $esc.url("a b&~*")', '"Ann \\"Ada\\"" a+b%26%7E*'),
        ('$esc.quote$esc.dollar $encoding.base64("user:${input.count}")', '"$ dXNlcjoz'),
        ("$salesforce.escReserved('a-b (c)')", "a\\-b \\(c\\)"),
        ("?x=1&$urlTool.optionalQueryParam('q', 'a b')$urlTool.optionalQueryParam('n', $input.none)", "?x=1&q=a+b"),
    ],
)
def test_templates_render_as_published_ones_expect(template: str, text: str):
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('${successTemplateUtils.firstFromArray("${ids}")}', '"a\\"b"'),
        ("${successTemplateUtils.firstFromArray(${ids})}", '"a\\"b"'),
        ('${successTemplateUtils.firstFromArray("[]", "$esc.quote$esc.quote")}', '""'),
        ('${successTemplateUtils.firstFromArray("[]")}', ""),
        ('{"j": "$esc.jsonEncode(${successTemplateUtils.firstFromArray("${ids}")})"}', '{"j": "\\"a\\\\\\"b\\""}'),
    ],
)
def test_the_first_of_a_list_is_json_text(template: str, text: str):
    assert rendered(template, ids='["a\\"b", "c"]') == text


@pytest.mark.parametrize(
    ("template", "place", "words"),
    [
        ("a\n${input.name", (2, 13), "not closed"),
        ("x #if($a) y", (1, 12), "no #end"),
        ("#end", (1, 1), "no #if"),
        ("#if(1", (1, 6), "“\\)” is expected"),
        ("#set(1 = 2)", (1, 1), "a name of its own"),
        ("#foreach($i of $x)#end", (1, 1), "#foreach"),
        ("#parse('/etc/passwd')", (1, 1), "not available"),
        ('#if("a)#end', (1, 5), "no closing quotation mark"),
    ],
)
def test_a_template_that_cannot_be_read_names_the_place(template: str, place: tuple[int, int], words: str):
    with pytest.raises(TemplateFault, match=words) as refused:
        read_template(template)

    assert refused.value.at[:2] == place


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (" ${X}", r"Variable \$X has not been set at requestTemplate\[line 1, column 2\]"),
        ("$input.name.format('{0.__class__}')", "no .format"),
        ("$input.name.substring(5, 2)", "cannot be done"),
        ("$esc.nothing('x')", "no nothing"),
        ("$esc", "functions"),
        ("${input.none.replace('a', 'b')}", "no value"),
        ("$math.div(1, 0)", "cannot be done"),
        ("$math.add('x', 1)", "number"),
        ("$successTemplateUtils.firstFromArray('x')", "needs a list"),
        ("#set($x = 'ab')#foreach($i in [1..60])#set($x = \"$x$x\")#end", "more than"),
        ("#set($x = [1])#foreach($i in [1..60])#set($x = [$x, $x])#end", "too long"),
        ("#foreach($i in [1..900])#foreach($j in [1..900])#foreach($k in [1..900])#end#end#end", "too much"),
        ("#set($n = 9)#foreach($i in [1..400])#set($n = $n * $n)#end", "too large"),
    ],
)
def test_a_template_that_cannot_be_rendered_says_why(template: str, words: str):
    with pytest.raises(TemplateFault, match=words):
        rendered(template)


@pytest.mark.parametrize(
    "template",
    ["$input.__class__.__mro__", "$input.name.__class__", "$esc.__init__", "$input.list.append(1)", "$input.clear()"],
)
def test_nothing_of_python_can_be_reached(template: str):
    before = repr(INPUT)
    try:
        text = rendered(template)
    except TemplateFault:
        text = ""

    assert "<" not in text and "object" not in text and repr(INPUT) == before


PIECES = st.lists(
    st.sampled_from(
        [
            *"$}\"'1 \\#é\n!),",
            "${",
            "input",
            ".name",
            ".list",
            "[0]",
            "#if(",
            "#end",
            "#foreach($i in ",
            "#set($x = ",
            "##",
        ]
    )
    | st.sampled_from(
        ["$input.name", "$!{input.missing}", "$esc.url(", "$math.add(1,", "==", "&&", "[1..9]", "#{else}"]
    )
    | st.sampled_from(["#[[", ".replace("]),
    max_size=25,
).map("".join)


@given(st.text(max_size=60) | PIECES)
def test_no_template_raises_anything_but_a_fault(template: str):
    try:
        text = rendered(template)
    except ActionFault as fault:
        assert fault.message
    else:
        assert isinstance(text, str)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_value_is_ever_read_as_a_template(value: str):
    assert rendered("$v${v}", v=value) == value * 2
