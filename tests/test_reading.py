"""The simulated model reads what stands in view: data of any shape, prose, fields of a schema."""

import json
from collections.abc import Mapping

import pytest

from planlab.simulated import act, qa, sizes, sums
from planlab.simulated.facts import Fact


def answer(*messages: Mapping[str, object], **options: object) -> str:
    body = {"messages": list(messages), **options}
    return act.answer(body, size=sizes.LARGE).text or ""


def said(text: str) -> str:
    return answer({"role": "user", "content": text})


def looked_up(goal: str, *results: tuple[str, object]) -> str:
    """The answer to `goal` after each result of `look_up(of)`."""
    messages: list[Mapping[str, object]] = [{"role": "user", "content": goal}]
    for number, (of, result) in enumerate(results):
        function = {"name": "look_up", "arguments": json.dumps({"of": of})}
        call = {"id": f"c{number}", "type": "function", "function": function}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        content = json.dumps(result)
        messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": content})
    parameters = {"type": "object", "properties": {"of": {"type": "string"}}, "required": ["of"]}
    tool = {"name": "look_up", "description": "Look up a thing.", "parameters": parameters}
    tools = [{"type": "function", "function": tool}]
    return answer(*messages, tools=tools, tool_choice="none")


def filled(text: str, **types: str) -> object:
    properties = {name: {"type": kind} for name, kind in types.items()}
    schema = {"type": "object", "properties": properties, "required": list(types)}
    form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}
    return json.loads(answer({"role": "user", "content": text}, response_format=form))


@pytest.mark.parametrize(
    "data",
    [
        {"columns": ["horse", "stable", "age"], "rows": [["Comet", "S4", 7], ["Duke", "S9", 3]]},
        [{"horse": "Comet", "stable": "S4", "age": 7}, {"horse": "Duke", "stable": "S9", "age": 3}],
        {"stables": {"S9": {"horse": "Duke"}}, "horses": [{"horse": "Comet", "stable": "S4"}]},
        "Duke is three years old. Comet stands in stable S4.",
    ],
)
def test_the_value_asked_for_is_taken_from_data_of_any_shape(data: object) -> None:
    told = looked_up("In which stable does Comet stand?", ("Comet", data))
    assert "S4" in told
    assert "S9" not in told


def test_each_thing_asked_about_gets_its_own_value() -> None:
    told = looked_up("What do a harp and a tuba cost?", ("harp", "€900"), ("tuba", "€350"))
    assert [line.split() for line in told.splitlines()] == [["harp:", "€900"], ["tuba:", "€350"]]


@pytest.mark.parametrize("nothing", [[], {}, {"columns": ["n"], "rows": []}, {"hits": []}])
def test_an_empty_result_is_said_to_be_empty(nothing: object) -> None:
    assert "Nothing was found" in looked_up("Where is the key of hut 4?", ("hut 4", nothing))


@pytest.mark.parametrize(("day", "word"), [("Monday", "no"), ("Thursday", "yes")])
def test_a_range_of_weekdays_is_read(day: str, word: str) -> None:
    text = f"The forge is open from Wednesday to Saturday. Is it open on {day}? Say yes or no."
    assert said(text) == word


def test_json_inside_a_message_is_read_as_data() -> None:
    blocks = [
        json.dumps(
            [{"page": f"farm-{name.lower()}", "text": f"Farm {name} asks ${price} a crate."}]
        )
        for name, price in (("North", 14), ("South", 11))
    ]
    told = said(
        f"Compare their prices.\n\nResult of s1:\n{blocks[0]}\n\nResult of s2:\n{blocks[1]}"
    )
    assert "Farm South is the cheapest at $11" in told
    assert "{" not in told


def test_what_is_not_said_is_left_empty() -> None:
    text = "Extract the guest: Iva Lund arrives with 2 dogs."
    assert filled(text, name="string", dogs="integer", email="string") == {
        "name": "Iva Lund",
        "dogs": 2,
        "email": "",
    }


def test_nothing_in_view_bears_on_the_question() -> None:
    assert "nothing here says it" in said("The forge has 3 anvils. Who owns the forge?")


_STAFF = [
    {"name": "Ana", "ward": "surgery", "since": 1998, "trained": True},
    {"name": "Bo", "ward": "cardiology", "since": 2010, "trained": False},
    {"name": "Cy", "ward": "surgery", "since": 1987, "trained": True},
]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("How many of the staff work in surgery?", ["Ana", "Cy"]),
        ("How many people started after 1990?", ["Ana", "Bo"]),
        ("How many of the staff are not trained?", ["Bo"]),
    ],
)
def test_only_the_records_that_a_question_singles_out_count(
    question: str, names: list[str]
) -> None:
    records = [Fact(str(row["name"]), "", "staff", tuple(row.items())) for row in _STAFF]
    assert [fact.label for fact in qa.matching(qa.parse(question), records)] == names


@pytest.mark.parametrize(
    ("story", "value"),
    [
        ("The gauge read 310 m3 and reads 342 m3. How much water was used?", 32),
        ("The car went from 1,200 km to 1,475 km. How far did it drive?", 275),
        ("One litre costs 2 euros. It held 80 l, then 35 l. What did the fuel used cost?", 90),
    ],
)
def test_two_readings_give_what_was_used(story: str, value: float) -> None:
    assert sums.calculate(sums.written(story) or "") == value
