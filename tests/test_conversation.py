"""Behaviour over several messages: corrections, follow-ups, orders of form, text protocols."""

import pytest

from planlab.simulated import act
from planlab.simulated.sizes import LARGE


def _said(*texts: str, system: str = "") -> str:
    """What the model says last, where user and model take turns."""
    messages: list[dict[str, object]] = [{"role": "system", "content": system}] if system else []
    text = ""
    for asked in texts:
        messages.append({"role": "user", "content": asked})
        text = act.answer({"messages": messages}, size=LARGE).text or ""
        messages.append({"role": "assistant", "content": text})
    return text


@pytest.mark.parametrize(
    ("order", "new", "old"),
    [
        ("Use the shed instead of the garage.", "the shed", "garage"),
        ("Sorry, the shed, not the garage. Revise the plan.", "the shed", "garage"),
        ("Replace the garage with the shed.", "the shed", "garage"),
        ("Change garage to shed.", "the shed", "garage"),
    ],
)
def test_correction_gives_the_plan_again_with_the_replacement(
    order: str, new: str, old: str
) -> None:
    plan = "Give me a step-by-step plan to paint the garage."
    first, second = _said(plan), _said(plan, order)
    assert len(second.splitlines()) == len(first.splitlines()) > 2
    assert new in second
    assert old not in second


def test_question_about_the_plan_is_no_correction() -> None:
    plan = "Give me a step-by-step plan to paint the garage."
    assert _said(plan, "Why step 3?") != _said(plan)


def test_step_is_dropped_from_the_plan() -> None:
    plan = "Give me a step-by-step plan to paint the garage."
    lines = _said(plan).splitlines()
    assert len(_said(plan, "Drop step 2.").splitlines()) == len(lines) - 1


@pytest.mark.parametrize("asked", ["What is 2 + 2?", "Write a plan to bake bread."])
def test_answer_begins_as_the_instructions_say(asked: str) -> None:
    assert _said(asked, system="Begin every answer with 'Farm office:'.").startswith("Farm office:")


def test_summary_has_as_many_bullets_as_ordered() -> None:
    text = "The mine closed in 1984. It had 300 workers. The shaft is 210 m deep. Tea was served."
    lines = _said(f"Summarise this in exactly two bullet points:\n\n{text}").splitlines()
    assert len(lines) == 2
    assert all(line.startswith("- ") and line[2:] in text for line in lines)


def test_tool_is_named_alone_when_nothing_else_is_wanted() -> None:
    tools = (
        "- seat_map(row: int): Show the seats of a row.\n- refund(ticket: str): Refund a ticket."
    )
    asked = "The concert is off and a guest wants the ticket refunded. Which tool fits?"
    assert _said(f"Tools:\n{tools}\n\n{asked} Answer with the name and nothing else.") == "refund"


def test_name_alone_is_the_answer_when_nothing_else_is_wanted() -> None:
    told = "Anna is a vet. Ben is a nurse."
    assert _said(f"{told} Who is the vet? Give the name and nothing else.") == "Anna"


def _tool(called: str, about: str, /, **parameters: str) -> dict[str, object]:
    schema = {
        "type": "object",
        "properties": {each: {"type": kind} for each, kind in parameters.items()},
        "required": list(parameters),
    }
    return {
        "type": "function",
        "function": {"name": called, "description": about, "parameters": schema},
    }


_TIDE = _tool(
    "tide", "The time of high tide at a harbour on a day.", harbour="string", day="string"
)
_GAUGE = _tool("gauge_level", "Read the level of the river in metres.")
_GATE = _tool("close_gate", "Close the flood gate.")


def _calls(tools: list[dict[str, object]], *turns: dict[str, object]) -> tuple[act.Call, ...]:
    return act.answer({"messages": list(turns), "tools": tools}, size=LARGE).calls


def _asks(text: str) -> dict[str, object]:
    return {"role": "user", "content": text}


def _saw(tool: str, result: str) -> list[dict[str, object]]:
    call = {"id": tool, "type": "function", "function": {"name": tool, "arguments": "{}"}}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": tool, "content": result},
    ]


@pytest.mark.parametrize(
    ("question", "arguments"),
    [
        ("And on Tuesday?", {"harbour": "Whitby", "day": "Tuesday"}),
        ("What about Hull?", {"harbour": "Hull", "day": "Monday"}),
    ],
)
def test_follow_up_keeps_the_other_arguments(question: str, arguments: dict[str, str]) -> None:
    before = {"role": "assistant", "content": "At 6:12."}
    first = _asks("When is high tide at Whitby on Monday?")
    assert _calls([_TIDE], first, before, _asks(question)) == (("tide", arguments),)


@pytest.mark.parametrize(
    "goal",
    [
        "Measure the river level. If it is above 3 metres, close the flood gate.",
        "Check the river level and, if it is above 3 metres, close the flood gate.",
        "Read the river level and close the flood gate only if it exceeds 3.",
    ],
)
@pytest.mark.parametrize(("level", "closes"), [("3.4 m", True), ("2.1 m", False)])
def test_condition_is_read_before_it_is_acted_on(goal: str, level: str, closes: bool) -> None:
    tools = [_GAUGE, _GATE]
    assert [name for name, _ in _calls(tools, _asks(goal))] == ["gauge_level"]
    after = _calls(tools, _asks(goal), *_saw("gauge_level", level))
    assert [name for name, _ in after] == (["close_gate"] if closes else [])


def test_years_side_by_side_take_a_call_each() -> None:
    table = _tool("points", "The points of a club in a season.", club="string", year="integer")
    made = _calls([table], _asks("How many points did Leeds have in 2021 and in 2022?"))
    assert [given["year"] for _, given in made] == [2021, 2022]


def test_protocol_is_known_by_what_stands_behind_its_labels() -> None:
    form = (
        "Each turn:\nNotion: your reasoning\nRun: tool name\nParams: the arguments in JSON\n\n"
        "You will then see Echo: with the result. When finished:\nReport: the answer\n\n"
        "Tools:\n- ward_beds(ward: str): The number of free beds on a ward."
    )
    asked = "How many beds are free on ward Nightingale?"
    text = _said(asked, system=form)
    assert "\nRun: ward_beds\nParams: {" in text
    assert "Report: " in _said(asked, "Echo: Nightingale: 7 free beds", system=form)


def test_plan_names_no_step_twice() -> None:
    tools = [
        _tool("list_source_files", "List the source files."),
        _tool("read_source", "Read a source file.", path="string"),
        _tool("run_tests", "Run the tests."),
    ]
    body = {"messages": [_asks("Refactor the authentication module to use JWT.")], "tools": tools}
    lines = (act.answer(body, size=LARGE).text or "").splitlines()[1:]
    steps = [line.split(". ", 1)[1] for line in lines]
    assert len(steps) == len(set(steps)) > 2


def test_slip_in_a_tools_name_is_not_told_once_the_goal_is_reached() -> None:
    asked = _asks("When is high tide at Whitby on Monday?")
    turns = [asked, *_saw("tides", "Error: unknown tool 'tides'"), *_saw("tide", "At 6:12")]
    text = act.answer({"messages": turns, "tools": [_TIDE]}, size=LARGE).text or ""
    assert "6:12" in text
    assert "unknown" not in text


def test_price_of_many_is_looked_up_and_multiplied() -> None:
    shop = _tool("item", "Returns an article of the shop with its price.", name="string")
    sums = _tool("calculate", "Work out an arithmetic expression.", expression="string")
    asked = _asks("How much are 3 umbrellas, please?")
    assert [name for name, _ in _calls([shop, sums], asked)] == ["item"]
    seen = _saw("item", '{"name": "umbrella", "price": 14.5}')
    ((name, given),) = _calls([shop, sums], asked, *seen)
    assert name == "calculate"
    assert given["expression"] in ("14.5 * 3", "3 * 14.5")


def test_protocol_tells_the_observation_from_the_arguments_of_an_action() -> None:
    form = (
        "Write\n\nThought: what you think\nAction: the name of one tool\n"
        "Action Input: its arguments as JSON\n\nand stop; the Observation will be added for you. "
        "At the end write\n\nFinal Answer: the answer\n\n"
        "The tools:\n- stock(item: str): Stock of an item."
    )
    order = "How many lamps are in stock?"
    turn = 'Thought: I look.\nAction: stock\nAction Input: {"item": "lamps"}'
    messages = [("system", form), ("user", order), ("assistant", turn), ("user", "Observation: 17")]
    body = {"messages": [{"role": role, "content": text} for role, text in messages]}
    assert "Final Answer" in (said := act.answer(body, size=LARGE).text or "")
    assert "17" in said


def test_what_an_act_hangs_on_is_looked_up_even_by_a_tool_with_no_verb() -> None:
    damp = _tool("soil_moisture", "Moisture of a bed in percent.", bed="string")
    valve = _tool("open_valve", "Open the valve of a bed.", bed="string")
    goal = "Check the tomato bed. If its moisture is below 40 percent, open its valve."
    assert [name for name, _ in _calls([damp, valve], _asks(goal))] == ["soil_moisture"]


@pytest.mark.parametrize("goal", [",", ".", "?!"])
def test_goal_of_punctuation_is_no_crash(goal: str) -> None:
    assert _calls([_GAUGE, _GATE], _asks(goal), _asks(goal)) is not None
