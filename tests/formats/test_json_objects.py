"""Objects parsed natively are those that the strict parser gives, with the same reasons."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamis.formats.json_objects import MAX_DEPTH, Unreadable, _parse_strictly, parse_objects

spaces = st.sampled_from(["", "", "", " ", "\n", "\t", "\r", "  ", "\x0b", "\xa0"])
strings = st.sampled_from(
    [
        '""',
        '"a"',
        '"b"',
        '":"',
        '" x"',
        '"a\\""',
        '"\\u0022:"',
        '"\\u0061"',
        '"\\ud800"',
        '"é"',
        '"\\ud83d\\ude00"',
        '"\\\\"',
        '"\\n"',
        '"\n"',
        '"\x00"',
        '"\x7f"',
        '"\\/"',
        '"\\x"',
        '"{"',
    ]
)
numbers = st.sampled_from(
    [
        "0",
        "-0",
        "1",
        "01",
        "1.",
        ".5",
        "1.50",
        "-1.0e5",
        "1E-7",
        "1e400",
        "+1",
        "0x1",
        "1_0",
        "NaN",
        "Infinity",
        "-Infinity",
        "9" * 25,
        "-" + "9" * 400,
        "9" * 4301,
        "9" * 4300,
    ]
)
words = st.sampled_from(["null", "true", "false", "nul", "True", "'a'", ""])


@st.composite
def joined(draw: st.DrawFn, below: st.SearchStrategy[str]) -> str:
    """An object or a list as text, with any white space, keys twice, and other mistakes."""
    space = draw(spaces)
    if draw(st.booleans()):
        members = draw(st.lists(st.tuples(strings, spaces, below), max_size=4))
        inner = ",".join(f"{space}{key}{gap}:{value}" for key, gap, value in members)
        return "{" + inner + draw(st.sampled_from(["}", "}", "}", "", ",}"]))
    return "[" + f",{space}".join(draw(st.lists(below, max_size=3))) + "]"


texts = st.recursive(strings | numbers | words, joined, max_leaves=12)
objects = joined(texts).map(lambda text: text if text.startswith("{") else f'{{"a":{text}}}')


def one_by_one(lines: list[bytes]) -> list[str]:
    """The strict parser's answers."""
    answers = []
    for line in lines:
        try:
            answers.append(repr(_parse_strictly(line)))
        except Unreadable as error:
            answers.append(repr(error))
    return answers


@settings(max_examples=400)
@given(
    st.lists(
        objects.map(lambda text: text.encode("utf-8", "surrogatepass"))
        | st.tuples(objects, st.integers(0, 60), st.binary(max_size=2)).map(
            lambda cut: cut[0].encode()[: cut[1]] + cut[2] + cut[0].encode()[cut[1] + 1 :]
        ),
        max_size=6,
    )
)
@example([b'{"a":1,"a" :2}', b'{"a":":b"}'])
@example([b'{"a":1,"a":"\\u0022"}', b'{"a":"\\"","a":1}'])
def test_what_is_parsed_natively_is_what_is_parsed_strictly(lines: list[bytes]) -> None:
    assert list(map(repr, parse_objects(lines))) == one_by_one(lines)


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize("beside", [b'{"a":1}', b"{", b'{"a":"{[{["}'])
def test_depth_is_counted_in_each_line(more: int, beside: bytes) -> None:
    below = MAX_DEPTH - 1 + more
    deep = b'{"a":' + b"[" * below + b"]" * below + b"}"
    (parsed,) = parse_objects([beside, deep, beside])[1:2]
    assert isinstance(parsed, Unreadable) == bool(more)
