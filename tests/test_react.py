"""The ReAct loop, with a scripted model: what it does, not what a model would say."""

import asyncio
from dataclasses import replace

import pytest

from planlab import errors
from planlab.cost import Budget
from planlab.ledger import Ledger
from planlab.model import Model
from planlab.patterns.react import run_react
from planlab.records import Stop
from planlab.simulated.act import Answer
from planlab.toolbox import Toolbox, guarded
from planlab.tools import Risk, tool
from planlab.trace import Trace
from planlab.world import open_world
from tests.scripted import calls, says, scripted


@tool(risk=Risk.LOW)
async def double(number: int) -> int:
    "Twice the number."
    return 2 * number


@tool(risk=Risk.LOW)
async def explode(number: int) -> int:
    "Always raises."
    raise OSError("the disk is gone")


@tool(risk=Risk.LOW, source="web")
async def read_page(page: str) -> str:
    "A page of the web."
    return "untrusted words"


TOOLS = Toolbox([double, explode, read_page])


async def run(*answers, tools=TOOLS, goal="Double it.", **options):
    model, script = scripted(*answers)
    return await run_react(goal, model=model, tools=tools, **options), script


async def test_the_observation_is_in_the_next_context():
    result, script = await run(calls(("double", {"number": 21})), says("It is 42."))
    assert (result.answer, result.stop) == ("It is 42.", Stop.ANSWERED)
    assert script.requests[1]["messages"][-1]["content"] == "42"


async def test_the_loop_is_bounded_and_says_so():
    result, script = await run(calls(("double", {"number": 1})), max_turns=3)
    assert (result.answer, result.stop) == (None, Stop.ROUNDS)
    assert len(script.requests) == len(result.detail.turns) == 3


BAD_CALLS = [
    (("triple", {"number": 1}), "double, explode, read_page"),
    (("double", {"number": "many"}), "valid integer"),
    (("double", {}), "number: int"),
    (("explode", {"number": 1}), "the disk is gone"),
]


@pytest.mark.parametrize(("call", "words"), BAD_CALLS)
async def test_what_goes_wrong_is_an_observation_that_the_model_can_act_on(call, words):
    result, script = await run(calls(call), says("I see."))
    assert words in script.requests[1]["messages"][-1]["content"]
    assert result.stop == Stop.ANSWERED


async def test_arguments_that_are_not_json_are_an_observation():
    model, script = scripted(
        calls(("double", {"number": 1})), says("I see."), faults="malformed_json@1"
    )
    result = await run_react("Double it.", model=model, tools=TOOLS)
    assert "not JSON" in script.requests[1]["messages"][-1]["content"]
    assert result.stop == Stop.ANSWERED


async def test_calls_of_one_turn_run_side_by_side_and_answer_in_order():
    both = asyncio.Barrier(2)

    @tool(risk=Risk.LOW)
    async def meet(name: str) -> str:
        "Waits until somebody else is here."
        await asyncio.wait_for(both.wait(), 5)
        return name

    pair = calls(("meet", {"name": "first"}), ("meet", {"name": "second"}))
    result, _ = await run(pair, says("Met."), tools=Toolbox([meet]))
    assert [o.value for _, o in result.detail.turns[0].calls] == ["first", "second"]


async def test_usage_is_the_sum_over_the_turns():
    result, _ = await run(calls(("double", {"number": 1})), says("2"))
    assert result.usage.calls == 2
    assert result.usage == result.trace.usage


async def test_each_turn_reads_more_than_the_last():
    result, _ = await run(*[calls(("double", {"number": n})) for n in range(4)], says("done"))
    prompts = [turn.usage.input_tokens for turn in result.detail.turns]
    assert prompts == sorted(set(prompts))


async def test_a_reminder_comes_before_each_turn_but_the_first():
    twice = [calls(("double", {"number": n})) for n in range(2)]
    _, script = await run(*twice, says("done"), remind=lambda messages: "Remember the goal.")
    last = [request["messages"][-1]["content"] for request in script.requests]
    assert last == ["Double it.", "Remember the goal.", "Remember the goal."]


async def test_what_was_read_taints_every_later_argument():
    seen = []

    async def note(call):
        seen.append((call.tool, sorted(call.taint.get("number", ()))))

    pages = calls(("double", {"number": 1})), calls(("read_page", {"page": "x"}))
    tools = guarded(TOOLS, gates=[note])
    await run(*pages, calls(("double", {"number": 2})), says("done"), tools=tools)
    assert seen == [("double", []), ("read_page", []), ("double", ["web"])]


async def test_a_call_that_needs_a_person_stops_the_run_and_keeps_the_rest():
    async def ask(call):
        if call.tool == "read_page":
            raise errors.NeedsApproval("ask first", call)

    pair = calls(("double", {"number": 4}), ("read_page", {"page": "x"}))
    result, _ = await run(pair, tools=guarded(TOOLS, gates=[ask]))
    assert result.stop == Stop.WAITING
    assert [o.value for _, o in result.detail.turns[0].calls] == [8]
    assert result.detail.error.request.tool == "read_page"


async def test_a_spent_budget_stops_the_run():
    model, _ = scripted(calls(("double", {"number": 1})))
    poor = Model(model.client, model.name, model.price, Budget(calls=2))
    result = await run_react("Double it.", model=poor, tools=TOOLS)
    assert (result.stop, len(result.detail.turns)) == (Stop.BUDGET, 2)


async def test_a_model_that_fails_is_a_result_with_its_error():
    result, _ = await run(Answer(None, refusal="No."))
    assert result.stop == Stop.FAILED
    assert isinstance(result.detail.error, errors.RefusedAnswer)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"goal": "  "}, "goal"), ({"tools": Toolbox([])}, "toolbox"), ({"max_turns": 0}, "turn")],
)
async def test_wrong_use_is_refused_before_anything_is_asked(options, words):
    with pytest.raises(errors.BadInput, match=words):
        await run(says("x"), **options)


async def test_the_trace_holds_the_run_its_turns_and_its_calls():
    with Trace() as trace:
        await run(calls(("double", {"number": 1})), says("2"))
    kinds = [(span.kind, span.parent) for span in trace.spans]
    assert kinds == [("run", None), ("model", 0), ("tool", 0), ("model", 0)]


async def test_the_same_call_in_two_turns_is_two_calls():
    keys = []

    async def note(call):
        keys.append(call.key)

    again = calls(("double", {"number": 1}))
    await run(again, again, says("done"), tools=guarded(TOOLS, gates=[note]))
    assert len(set(keys)) == 2


async def test_a_loop_that_is_run_again_as_the_same_step_does_nothing_twice(tmp_path):
    order = calls(
        ("send_email", {"to": "a@b.example", "subject": "Hello", "body": "Your refund is paid."})
    )
    with open_world() as world:
        for turns in (1, 2):  # the first time it gets no further than the mail
            with Ledger(tmp_path / "run.db") as done:
                tools = guarded(replace(world.tools, run_id=done.run_id), journal=done)
                result, _ = await run(
                    order, says("sent"), goal="Mail.", tools=tools, step="s1", max_turns=turns
                )
        assert result.stop == Stop.ANSWERED
        assert len(world.sent()) == 1
