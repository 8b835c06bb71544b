"""Steps read from a plan that is still being written."""

import itertools
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planlab.errors import BrokenStream, MalformedAnswer
from planlab.records import Argument, Plan, Ref, Step
from planlab.streaming import StepReader
from tests.plans import as_text, plan, ref, step

PLAN = plan(step("s1", number=3), step("s2", number=ref("s1", "rows.0")), step("s3", tool=None))

texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ['"', "\\", "}{", '"},{"', "[]", "\\ud83d", "😀", "\u2028", "\x00", "steps", '{"steps": [']
)
scalars = texts | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
arguments = st.builds(
    Argument,
    name=texts,
    value=scalars
    | st.none()
    | st.builds(Ref, step=texts, path=texts)
    | st.tuples(scalars, scalars),
)
steps = st.builds(
    Step,
    id=texts,
    description=texts,
    how=st.just("tool"),
    tool=texts | st.none(),
    arguments=st.lists(arguments, max_size=3).map(tuple),
    depends_on=st.lists(texts, max_size=3).map(tuple),
    output=texts,
    expected_output=texts,
)
plans = st.builds(
    Plan,
    goal=texts,
    reasoning=texts,
    steps=st.lists(steps, max_size=4).map(tuple),
    version=st.just(1),
)


def write(made: Plan, ascii: bool, indent: int | None) -> tuple[str, list[int]]:
    """The plan as text, and where each step's text ends."""

    def said(value: object) -> str:
        return json.dumps(value, ensure_ascii=ascii, indent=indent)

    text = f'{{"goal": {said(made.goal)}, "reasoning": {said(made.reasoning)}, "steps": ['
    ends = []
    for number, each in enumerate(made.steps):
        text += (",\n" if number else "") + said(each.model_dump())
        ends.append(len(text))
    return text + '], "version": 1}', ends


def cut(text: str, places: list[int]) -> list[str]:
    """The text in pieces that end anywhere, empty ones too."""
    ends = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(ends)]


@given(
    plans, st.lists(st.integers(0, 10_000), max_size=30), st.booleans(), st.sampled_from([None, 2])
)
@example(PLAN, list(range(2_000)), True, None)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_each_step_comes_once_and_with_its_last_character(made, places, ascii, indent):
    text, ends = write(made, ascii, indent)
    reader, found, read = StepReader(), [], 0
    for piece in cut(text, places):
        found += reader.feed(piece)
        read += len(piece)
        assert len(found) == sum(end <= read for end in ends)
    reader.close()
    assert tuple(found) == Plan.model_validate_json(text).steps


@given(plans, st.integers(0, 10_000))
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_a_plan_cut_anywhere_gives_what_was_whole_and_says_that_it_broke_off(made, place):
    text, ends = write(made, True, None)
    text = text[: place % len(text)]
    reader = StepReader()
    assert len(list(reader.feed(text))) == sum(end <= len(text) for end in ends)
    with pytest.raises(BrokenStream):
        reader.close()


@pytest.mark.parametrize("rubbish", ["oops", "}", "]]", '{"id": "s9"}', "```"])
def test_what_is_no_json_is_said_after_the_steps_before_it(rubbish):
    text, ends = write(PLAN, True, None)
    coming = StepReader().feed(text[: ends[1]] + rubbish)
    assert [next(coming).id, next(coming).id] == ["s1", "s2"]
    with pytest.raises(MalformedAnswer, match="not JSON"):
        next(coming)


@pytest.mark.parametrize(
    "wrong", ['"s1"', "7", "null", "[]", '{"id": "s1"}', '{"id": 5, "how": "?"}']
)
def test_a_step_that_does_not_fit_is_said_after_those_before_it(wrong):
    text, ends = write(PLAN, True, None)
    coming = StepReader().feed(f"{text[: ends[0]]}, {wrong}]}}")
    assert next(coming).id == "s1"
    with pytest.raises(MalformedAnswer, match="schema"):
        next(coming)


@pytest.mark.parametrize(
    "text", ["null", "[]", "{}", '{"steps": {"id": "s1"}}', '{"plan": {"steps": []}}']
)
def test_json_without_steps_gives_none(text):
    reader = StepReader()
    assert list(reader.feed(text)) == []
    reader.close()


def test_nothing_at_all_is_a_plan_that_broke_off():
    with pytest.raises(BrokenStream):
        StepReader().close()


def test_a_number_means_the_same_as_in_a_plan_read_at_once():
    text = as_text(plan(step("s1", a=2**70, b=0.1, c=1e300, d=-0.0, e=True)))
    (read,) = StepReader().feed(text)
    assert read == Plan.model_validate_json(text).steps[0]
    assert [type(a.value) for a in read.arguments] == [int, float, float, float, bool]
