"""What the simulated model makes of a request: goal, role, limits, protocol, and what it loses."""

import json

import pytest

from planlab.simulated.prompt import find_protocol, find_schema, sections, tools_in_text
from planlab.simulated.scene import read, strength
from planlab.simulated.sizes import LARGE, SMALL

GOAL = "Research competitors A, B and C of Acme and compare their pricing"


def says(role: str, text: str) -> dict[str, object]:
    return {"role": role, "content": text}


def user(*texts: str) -> dict[str, object]:
    return {"messages": [says("user", text) for text in texts]}


def after_result(filler: str, *more: dict[str, object]) -> dict[str, object]:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    return {
        "messages": [
            says("user", GOAL),
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": filler},
            *more,
        ]
    }


@pytest.mark.parametrize(
    "nudge",
    [
        "Please include your response in a tool call.",
        "Continue.",
        "Validation error: steps.0.id field required. Fix the errors and try again.",
        "You seem to be off track. Reassess what you are doing.",
        "What is the next step?",
    ],
)
def test_a_nudge_does_not_replace_the_goal(nudge: str) -> None:
    body = {"messages": [says("user", GOAL), says("assistant", "Let me see."), says("user", nudge)]}
    assert read(body, LARGE).goal == GOAL


def test_a_new_request_replaces_the_goal() -> None:
    body = user(GOAL, "Now translate the word bread to German")
    assert read(body, LARGE).goal == "Now translate the word bread to German"


def test_a_first_message_that_sounds_like_a_nudge_is_the_goal() -> None:
    text = "Explain why a plan with a cycle is not valid"
    assert read(user(text), LARGE).goal == text


@pytest.mark.parametrize(
    "label", ["Goal", "Task", "Objective", "Your task", "User request", "## Goal"]
)
def test_the_goal_is_read_behind_its_label(label: str) -> None:
    sign = "\n" if label.startswith("#") else ": "
    text = f"You are a planner. Reply as JSON.\n\n{label}{sign}{GOAL}\n\nUse few steps."
    assert read(user(text), LARGE).goal == GOAL


def test_content_in_parts_and_the_developer_role_are_read() -> None:
    body = {
        "messages": [
            {"role": "developer", "content": [{"type": "text", "text": "Never use web_search."}]},
            {"role": "user", "content": [{"type": "text", "text": GOAL}]},
        ]
    }
    scene = read(body, LARGE)
    assert scene.goal == GOAL
    assert scene.forbidden == ("use web_search",)


def test_limits_are_read_from_the_words() -> None:
    scene = read(
        user("Make a plan with at most three steps for a picnic, in no more than 80 words"), LARGE
    )
    assert (scene.at_most, scene.at_least, scene.word_limit) == (3, None, 80)
    exact = read(user("Give me exactly 5 steps to bake bread"), LARGE)
    assert (exact.at_most, exact.at_least) == (5, 5)


@pytest.mark.parametrize(
    ("system", "role"),
    [
        ("You are a careful planner. A critic will read your plan.", "planner"),
        ("You are a strict reviewer of plans.", "critic"),
        ("You revise drafts.", "reviser"),
        ("You are the joiner: decide whether to finish or replan.", "joiner"),
        ("You are a friendly assistant.", "chat"),
    ],
)
def test_who_the_model_is_told_to_be_is_its_role(system: str, role: str) -> None:
    assert read({"messages": [says("system", system), says("user", GOAL)]}, LARGE).role == role


def test_an_observation_keeps_its_call_and_its_error() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"q": "A"}'}}
    body = {
        "messages": [
            says("user", GOAL),
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "Error: the line is busy"},
        ]
    }
    seen = read(body, LARGE).observations[0]
    assert (seen.tool, seen.arguments) == ("look", {"q": "A"})
    assert seen.error


# ---- drift -------------------------------------------------------------------------------------
# ------------


def test_the_goal_falls_out_of_the_window() -> None:
    scene = read(after_result("coffee " * 3 * SMALL.window), SMALL)
    assert scene.goal == ""
    assert ("goal", "window") in [(loss.item, loss.why) for loss in scene.lost]


def test_the_goal_is_forgotten_by_distance_inside_the_window() -> None:
    scene = read(after_result("coffee " * (SMALL.reach + 200)), SMALL)
    assert scene.goal == ""
    assert [(loss.item, loss.why) for loss in scene.lost] == [("goal", "distance")]
    assert 0 < scene.lost[0].strength < 0.5


def test_a_larger_reach_holds_the_goal_over_the_same_text() -> None:
    scene = read(after_result("coffee " * (SMALL.reach + 200)), LARGE)
    assert scene.goal == GOAL
    assert not scene.lost


def test_saying_the_goal_again_near_the_end_restores_it() -> None:
    reminder = says("user", f"Reminder. Your task: {GOAL}")
    for words_between in (SMALL.reach + 200, 3 * SMALL.window):
        assert read(after_result("coffee " * words_between, reminder), SMALL).goal == GOAL


def test_strength_is_one_half_after_one_reach_of_other_text() -> None:
    turns_body = after_result("coffee " * 1000)
    from planlab.simulated.scene import _dicts, _turn

    turns = [_turn(message) for message in _dicts(turns_body["messages"])]
    exact = sum(turn.tokens for turn in turns[1:])
    assert strength(GOAL, turns, exact) == pytest.approx(0.5)
    assert strength(GOAL, turns[:1], exact) == 1.0


# ---- text --------------------------------------------------------------------------------------
# --------------

REACT = """Use this form:
Reason: what you think
Act: tool[input]
Result: what came back
Answer: the end

Tools:
- lookup[term]: find a fact

Question: Who makes Foo?
Reason: I look it up.
Act: lookup[Foo]
Result: Foo is made by Bar Inc.
"""


def test_a_text_protocol_is_read_with_its_own_labels() -> None:
    protocol = find_protocol(REACT)
    assert protocol is not None
    assert (protocol.action, protocol.observation, protocol.final) == ("Act", "Result", "Answer")
    assert protocol.call("Hm.", "lookup", {"term": "Foo"}) == "Reason: Hm.\nAct: lookup[Foo]"


def test_the_prompts_own_example_is_not_an_observation() -> None:
    seen = read(user(REACT), LARGE).observations
    assert [(each.tool, each.text) for each in seen] == [("lookup", "Foo is made by Bar Inc.")]


def test_an_ordinary_prompt_has_no_protocol() -> None:
    assert find_protocol("Result: 5\nAnswer the question. Action is needed: call Bob.") is None


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("- search(query: str): find pages", ["query"]),
        ("1. `add(a: int, b: int)` - adds", ["a", "b"]),
        ("* fetch[url]: get a page", ["url"]),
    ],
)
def test_tools_are_read_from_the_prompts_text(line: str, names: list[str]) -> None:
    (_, about, parameters) = tools_in_text(f"You can use:\n{line}\n")[0]
    assert about
    assert parameters["required"] == names


def test_the_last_schema_in_a_prompt_is_the_one_that_counts() -> None:
    shown = {"properties": {"foo": {"type": "array"}}}
    asked = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    prompt = (
        f"For the schema {json.dumps(shown)} such JSON is fine. Output schema:\n{json.dumps(asked)}"
    )
    assert find_schema(prompt) == asked


def test_an_example_object_stands_for_a_schema() -> None:
    schema = find_schema('Reply as JSON like this: {"ok": true, "why": "..."}')
    assert schema is not None
    assert schema["required"] == ["ok", "why"]


def test_an_order_with_a_colon_is_no_label() -> None:
    text = "Write the weekly report: load the tickets, count them."
    assert sections(text) == {"": text}
