"""Reading YAML: places, traps, and everything that is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.configuration_file.nodes import MOST_PROBLEMS, Node, UnreadableFile
from channels_cfg.configuration_file.reading import MOST_BYTES, read_yaml
from channels_cfg.positions import Position


def plain(node: Node) -> object:
    if isinstance(node.value, dict):
        return {name: plain(below) for name, below in node.value.items()}
    return [plain(below) for below in node.value] if isinstance(node.value, list) else node.value


def why_not(content: bytes) -> list[str]:
    with pytest.raises(UnreadableFile) as refused:
        read_yaml(content)
    return [str(problem) for problem in refused.value.problems]


def test_scalars_stay_as_they_are_written():
    root = read_yaml(b"a: no\nb: 0123\nc: 1_000\nd: 12:30:45\ne: 2026-11-21\nf: ~\ng:\nh: 'null'\ni: 1e3\n")

    assert plain(root) == {
        "a": "no",
        "b": "0123",
        "c": "1_000",
        "d": "12:30:45",
        "e": "2026-11-21",
        "f": None,
        "g": None,
        "h": "null",
        "i": "1e3",
    }


def test_every_piece_knows_its_place():
    root = read_yaml("channels:\n- name: Päiväkeskus\n  statistics_keys: [a, ä b]\n".encode())

    item = root.value["channels"].value[0].value["statistics_keys"].value[1]  # type: ignore[union-attr,index,call-overload]
    assert item.path == "channels[0].statistics_keys[1]"
    assert item.position == Position(3, 24)


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (b"", ["line 1, column 1: The file is empty."]),
        (b"\xef\xbb\xbf# nothing\n", ["line 1, column 1: The file is empty."]),
        (
            b"a: [1\nb: 2",
            ["line 2, column 2: This is not YAML: while parsing a flow sequence, did not find expected ',' or ']'."],
        ),
        (
            b"a: 1\nb: 2\na: 3\n",
            ["line 3, column 1, a: “a” stands here a second time; the first is on line 1, column 1."],
        ),
        (b"a: 1\n---\nb: 1\n", ["line 2, column 1: A second document begins here. Keep one in a file."]),
        (b"a: b\nc: \xff", ["line 2, column 4: This is not UTF-8. Save the file as UTF-8."]),
        (b"a: x\x07y", ["line 1, column 5: The invisible character U+0007 may not stand in YAML. Remove it."]),
        (b"? [a]\n: b\n", ["line 1, column 3: A name is expected here."]),
        (
            b'a: ["x\\0y"]\n"b\\0": 1\n',
            [
                "line 1, column 5, a[0]: The invisible character U+0000 may not stand in a text. Remove it.",
                "line 2, column 1: The invisible character U+0000 may not stand in a text. Remove it.",
            ],
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(content: bytes, problems: list[str]):
    assert why_not(content) == problems


def test_several_problems_are_named_at_once():
    problems = why_not(b"a: &x [1]\nb: *x\nc: !!python/object/apply:os.system [ls]\nc: 1\n")

    assert [problem.split(":")[0] for problem in problems] == [
        "line 1, column 4, a",
        "line 2, column 4, b",
        "line 3, column 4, c",
        "line 4, column 1, c",
    ]


def test_after_very_many_problems_nothing_more_is_read():
    first, *others = why_not(b"[" + b"&a 1, " * 5_000 + b"[")

    assert first.startswith("More than 500 problems. Nothing after them was read")
    assert len(others) == MOST_PROBLEMS + 1


def test_a_bomb_of_anchors_is_refused_before_it_goes_off():
    lines = [b"a0: &a0 [x, x]"] + [b"a%d: &a%d [*a%d, *a%d]" % (n, n, n - 1, n - 1) for n in range(1, 40)]

    assert "Anchors and aliases are not read here" in why_not(b"\n".join(lines))[0]


@pytest.mark.parametrize("nested", [b"[" * 100_000, b"a:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 500))])
def test_deep_nesting_is_refused(nested: bytes):
    assert "Nested deeper than 12 levels" in why_not(nested)[0]


def test_a_huge_file_is_refused():
    assert why_not(b"#" * (MOST_BYTES + 1)) == ["The file is larger than 20 MiB."]


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>'\"#\n \t%@`,?", max_size=60).map(str.encode))
def test_nothing_makes_the_reader_fall_over(content: bytes):
    try:
        root = read_yaml(content)
    except UnreadableFile as refused:
        assert refused.problems
    else:
        assert isinstance(root, Node)
