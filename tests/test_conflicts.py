"""Steps that touch one thing: the later one waits, and nothing else does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planlab.conflicts import InOrder
from planlab.errors import BadInput
from planlab.toolbox import Toolbox
from planlab.tools import Risk, tool
from tests.plans import ref, step


@tool(risk=Risk.MEDIUM, writes="path")
async def write(path: str, text: str) -> str:
    "Write a file."
    return path


@tool(risk=Risk.LOW, reads="path")
async def read(path: str) -> str:
    "Read a file."
    return path


@tool(risk=Risk.LOW)
async def look(path: str) -> str:
    "Look at something that nobody changes."
    return path


@tool(risk=Risk.MEDIUM, reads="source", writes="target")
async def copy(source: str, target: str) -> str:
    "Copy a file."
    return target


TOOLS = Toolbox([write, read, look, copy])


def waits(*steps):
    """What each step waits for besides what it needs by itself."""
    orderly = InOrder(TOOLS)
    return {s.id: set(orderly(s).needs) - set(s.needs) for s in steps}


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        (step("a", "write", path="x", text=""), step("b", "write", path="x", text=""), True),
        (step("a", "write", path="x", text=""), step("b", "read", path="x"), True),
        (step("a", "read", path="x"), step("b", "write", path="x", text=""), True),
        (step("a", "read", path="x"), step("b", "read", path="x"), False),
        (step("a", "write", path="x", text=""), step("b", "write", path="y", text=""), False),
        (step("a", "write", path="x", text=""), step("b", "write", path="./X", text=""), True),
        (step("a", "write", path="r/x.md", text=""), step("b", "read", path="r"), True),
        (step("a", "write", path="r/x.md", text=""), step("b", "read", path="r/"), True),
        (step("a", "write", path="rx.md", text=""), step("b", "read", path="r"), False),
        (step("a", "write", path="a/../x", text=""), step("b", "read", path="x"), True),
        (step("a", "write", path=ref("s"), text=""), step("b", "read", path="x"), True),
        (step("a", "write", path=("x", "y"), text=""), step("b", "read", path="y"), True),
        (step("a", "write", path="x", text=""), step("b", "look", path="x"), False),
        (step("a", "write", path="x", text=""), step("b", None), False),
        (step("a", "write", path="x", text=""), step("b", "nothing", path="x"), False),
        (step("a", "copy", source="x", target="y"), step("b", "read", path="y"), True),
        (step("a", "copy", source="x", target="y"), step("b", "write", path="x", text=""), True),
        (step("a", "write", text=""), step("b", "read", path="x"), False),
    ],
)
def test_two_steps_meet_where_one_writes_what_the_other_touches(first, second, meet):
    assert waits(first, second) == {"a": set(), "b": {"a"} if meet else set()}


def test_a_step_that_waits_already_is_left_as_it_is():
    first, last = step("a", "write", path="x", text=""), step("c", "read", ["b"], path="x")
    orderly = InOrder(TOOLS)
    orderly(first)
    orderly(step("b", "look", ["a"], path="x"))
    assert orderly(last) is last


def test_the_last_writer_is_enough_where_it_waits_for_the_others():
    chain = [step(id, "write", path="x", text="") for id in "abc"]
    assert waits(*chain) == {"a": set(), "b": {"a"}, "c": {"b"}}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["write", "read", "look"]), st.sampled_from("xyz"), st.integers(0, 6)
        ),
        max_size=10,
    )
)
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_of_any_two_that_meet_a_way_leads_from_the_one_to_the_other(made):
    steps = [
        step(f"s{n}", name, [f"s{need}"] if need < n else [], path=path)
        for n, (name, path, need) in enumerate(made)
    ]
    orderly, upstream, extra = InOrder(TOOLS), {}, {}
    for each in steps:
        ordered = orderly(each)
        extra[each.id] = set(ordered.needs) - set(each.needs)
        upstream[each.id] = set(ordered.needs).union(*(upstream[id] for id in ordered.needs))
    for n, (name, path, _) in enumerate(made):
        met = {
            f"s{m}"
            for m, (other, same, _) in enumerate(made[:n])
            if same == path and "write" in (name, other) and "look" not in (name, other)
        }
        assert met <= upstream[f"s{n}"]
        assert extra[f"s{n}"] <= met


def test_a_tool_can_only_read_and_write_what_it_is_given():
    with pytest.raises(BadInput, match="'file'"):

        @tool(risk=Risk.LOW, reads="file")
        async def wrong(path: str) -> str:
            "Read."
            return path
