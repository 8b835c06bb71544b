"""The handle on a model: answers, structured answers, failures in words, live mode."""

import asyncio
import contextlib
import json

import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel, Field

from planlab import errors, model
from planlab.cost import FREE, Budget
from planlab.model import Model, connect, simulated_only
from planlab.simulated import Simulator, serving
from planlab.simulated.act import Answer
from planlab.toolbox import Toolbox
from planlab.tools import Risk, tool
from planlab.trace import Trace
from tests.scripted import calls, says, scripted

SECRET = "sk-" + "verysecret0123456789"


class Verdict(BaseModel):
    approved: bool
    score: float = Field(ge=0, le=1)


@tool(risk=Risk.LOW)
async def look_up(word: str) -> str:
    "The meaning of a word."
    return word


@pytest.fixture
def live(monkeypatch):
    """The environment of somebody with a real model, here a server on this machine."""
    model._live_budget.cache_clear()
    with serving(Simulator()) as url:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", SECRET)
        monkeypatch.setenv("PLANLAB_MODEL", "sim-large")
        yield url
    model._live_budget.cache_clear()


async def test_a_text_answer_is_a_reply_with_its_tokens_and_dollars():
    handle, _ = scripted(says("Plans are text."))
    reply = await handle.ask("What is a plan?")
    assert reply.text == "Plans are text."
    assert reply.usage.calls == 1
    assert reply.usage.dollars == pytest.approx(handle.price.of(reply.usage))
    assert reply.usage.dollars > 0


async def test_a_reply_can_be_put_back_into_the_context():
    handle, script = scripted(calls(("look_up", {"word": "plan"})), says("done"))
    reply = await handle.ask("Look up plan.", tools=[look_up])
    call = reply.calls[0]
    answer = {"role": "tool", "tool_call_id": call.id, "content": "a plan"}
    question = {"role": "user", "content": "Look up plan."}
    await handle.ask([question, reply.message, answer], tools=Toolbox([look_up]))
    assert json.loads(call.arguments) == {"word": "plan"}
    assert script.requests[0]["tools"][0]["function"]["strict"] is True


async def test_structured_output_is_an_object():
    handle, _ = scripted(says({"approved": True, "score": 0.5}))
    assert await handle.fill("Judge it.", Verdict) == Verdict(approved=True, score=0.5)


async def test_an_answer_that_does_not_fit_is_sent_back_with_what_is_wrong():
    handle, script = scripted(
        says("not JSON"), says({"approved": True, "score": 7}), says({"approved": 1, "score": 1})
    )
    verdict = await handle.fill("Judge it.", Verdict)
    assert verdict.score == 1
    assert "less than or equal to 1" in script.requests[2]["messages"][-1]["content"]


async def test_asking_again_is_bounded():
    handle, script = scripted(says("never JSON"))
    with pytest.raises(errors.MalformedAnswer, match="4 attempts"):
        await handle.fill("Judge it.", Verdict, attempts=4)
    assert len(script.requests) == 4


@pytest.mark.parametrize("attempts", [0, -1])
async def test_no_attempts_is_wrong_use(attempts):
    handle, _ = scripted(says("x"))
    with pytest.raises(errors.BadInput, match="attempts"):
        await handle.fill("Judge it.", Verdict, attempts=attempts)


async def test_an_open_dict_is_refused_before_anything_is_sent():
    class Open(BaseModel):
        anything: dict[str, str]

    handle, script = scripted(says("x"))
    with pytest.raises(errors.BadSchema, match=r"Open\.anything"):
        await handle.fill("Fill it.", Open)
    assert not script.requests


async def test_the_pieces_of_a_stream_are_the_answer():
    handle, _ = scripted(says("one two three four five six"))
    with Trace() as trace:
        pieces = [piece async for piece in handle.stream("Count.")]
    assert "".join(pieces) == "one two three four five six"
    assert len(pieces) > 1
    assert trace.of("model")[0].usage.output_tokens > 0


async def test_a_stream_that_is_left_early_closes_its_span_and_frees_its_money():
    handle, _ = scripted(says("one two three four five six"))
    with Trace() as trace:
        stream = handle.stream("Count.")
        await anext(stream)
        await stream.aclose()
    assert trace.spans[0].end is not None
    assert handle.budget.held.tokens == 0


async def test_a_tool_called_while_a_stream_is_open_is_not_its_child():
    handle, _ = scripted(says("one two three"))
    with Trace() as trace:
        async for _ in handle.stream("Count."):
            await Toolbox([look_up]).call("look_up", {"word": "x"})
    assert all(span.parent is None for span in trace.spans)


FAULTS = {
    "rate_limit": errors.ServerFailed,
    "server_error": errors.ServerFailed,
    "broken_stream": errors.NoReply,
    "truncated": errors.TruncatedAnswer,
    "refusal": errors.RefusedAnswer,
}


@pytest.mark.parametrize(("fault", "error"), FAULTS.items())
async def test_each_failure_has_its_error_in_words(fault, error):
    handle, _ = scripted(says("fine, and long enough to be cut off somewhere"), faults=fault)
    with Trace() as trace, pytest.raises(error) as caught:
        await handle.ask("Hello?")
    assert "sim" in caught.value.message
    assert trace.of("model")[0].error.startswith(error.__name__)


async def test_a_rate_limit_that_passes_is_retried_by_the_client():
    handle, script = scripted(says("fine"), faults="rate_limit@1")
    assert (await handle.ask("Hello?")).text == "fine"
    assert len(script.requests) == 1


async def test_a_stream_that_breaks_is_an_error_and_not_a_short_answer():
    handle, _ = scripted(says("one two three four five six"), faults="broken_stream")
    with pytest.raises(errors.BrokenStream):
        [piece async for piece in handle.stream("Count.")]


async def test_no_reply_in_time_is_an_error_that_says_so():
    handle, _ = scripted(says("late"), latency=5.0)
    slow = Model(handle.client.with_options(max_retries=0), handle.name, handle.price)
    with pytest.raises(errors.NoReply, match="in time"):
        await slow.ask("Hello?", timeout=0.05)


async def test_malformed_json_is_caught_and_asked_again():
    handle, _ = scripted(says({"approved": True, "score": 1}), faults="malformed_json@1")
    assert (await handle.fill("Judge it.", Verdict)).approved


async def test_an_unknown_model_is_named_with_those_that_exist():
    handle, _ = scripted(says("x"))
    with pytest.raises(errors.UnknownModel, match="sim-huge"):
        await Model(handle.client, "sim-huge", FREE).ask("Hello?")


async def test_a_schema_that_nothing_satisfies_is_named():
    class Impossible(BaseModel):
        number: int = Field(ge=5, le=4)

    with pytest.raises(errors.BadSchema):
        await connect().fill("Fill it.", Impossible)


async def test_no_server_is_an_error_that_names_the_host():
    client = AsyncOpenAI(api_key="x", base_url="http://127.0.0.1:9/v1", max_retries=0)
    with pytest.raises(errors.NoReply, match=r"127\.0\.0\.1"):
        async with Model(client, "any", FREE) as handle:
            await handle.ask("Hello?")


@pytest.mark.parametrize("messages", ["", []])
async def test_nothing_to_answer_is_wrong_use(messages):
    handle, _ = scripted(says("x"))
    with pytest.raises(errors.LearnerError):
        await handle.ask(messages)


async def test_a_call_that_does_not_fit_the_budget_is_not_made():
    handle, script = scripted(says("x"))
    poor = Model(handle.client, handle.name, handle.price, Budget(dollars=0.001))
    with pytest.raises(errors.BudgetSpent):
        await poor.ask("Hello?")
    assert not script.requests


async def test_parallel_calls_cannot_both_take_the_last_dollar():
    handle, script = scripted(says("x"), latency=0.01)
    two = Model(handle.client, handle.name, handle.price, Budget(calls=2))
    outcomes = await asyncio.gather(*(two.ask("Hi") for _ in range(5)), return_exceptions=True)
    assert len(script.requests) == 2
    assert sum(isinstance(o, errors.BudgetSpent) for o in outcomes) == 3


async def test_a_refused_request_costs_nothing_and_a_lost_answer_its_input():
    handle, _ = scripted(says("long enough to be broken somewhere"), faults="server_error@1-3")
    with pytest.raises(errors.ServerFailed):
        await handle.ask("Hello?")
    assert handle.budget.spent.dollars == 0
    with pytest.raises(errors.TruncatedAnswer):
        await handle.ask("Hello?", max_completion_tokens=2)
    assert handle.budget.spent.dollars > 0


async def test_parallel_calls_overlap_by_their_spans():
    handle, _ = scripted(says("x"), latency=0.1)
    with Trace() as trace:
        await asyncio.gather(*(handle.ask("Hi") for _ in range(4)))
    spans = trace.of("model")
    assert len(spans) == 4
    assert max(span.start for span in spans) < min(span.end for span in spans)


def test_unset_means_simulated_and_says_so(capsys):
    assert connect().simulated
    assert "Simulated model sim-large" in capsys.readouterr().out


def test_an_unknown_size_is_wrong_use():
    with pytest.raises(errors.BadInput, match="'large' or 'small'"):
        connect("medium")


def test_two_sizes_are_two_models():
    assert connect("small").name == "sim-small"
    assert connect("small").price.input < connect().price.input


async def test_one_variable_makes_it_a_real_model(live, capsys):
    async with connect() as handle:
        assert not handle.simulated
        assert (await handle.ask("Hello?")).text
    said = capsys.readouterr().out
    assert "Real model sim-large at 127.0.0.1" in said
    assert "$1.00" in said


async def test_the_simulated_model_is_there_beside_a_real_one(live):
    assert connect("small", simulated=True).name == "sim-small"
    assert connect("small", simulated=True).simulated


async def test_faults_are_always_the_simulators(live):
    assert connect(faults="rate_limit@1").simulated


def test_a_small_model_that_is_not_named_is_the_large_one(live, monkeypatch):
    assert connect("small").name == "sim-large"
    monkeypatch.setenv("PLANLAB_SMALL_MODEL", "sim-small")
    assert connect("small").name == "sim-small"


def test_a_real_model_without_a_key_says_what_to_do(monkeypatch):
    monkeypatch.setenv("PLANLAB_MODEL", "gpt-5-mini")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(errors.NotAllowed, match="OPENAI_API_KEY"):
        connect()


def test_a_real_model_without_a_price_is_refused_before_it_costs(monkeypatch):
    monkeypatch.setenv("PLANLAB_MODEL", "made-up-9")
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with pytest.raises(errors.BadInput, match="PLANLAB_PRICE"):
        connect()


@pytest.mark.parametrize("limit", ["lots", "-1", "nan"])
def test_a_spend_limit_that_means_nothing_is_refused(live, monkeypatch, limit):
    monkeypatch.setenv("PLANLAB_BUDGET", limit)
    with pytest.raises(errors.BadInput):
        connect()


async def test_connecting_twice_does_not_double_the_spend_limit(live, monkeypatch):
    monkeypatch.setenv("PLANLAB_PRICE", "100/10/100")
    monkeypatch.setenv("PLANLAB_BUDGET", "0.5")
    for _ in range(2):
        async with connect() as handle:
            await asyncio.wait_for(ask_until_it_is_spent(handle), 30)
    assert 0 < handle.budget.spent.dollars <= 0.5


async def ask_until_it_is_spent(handle):
    with contextlib.suppress(errors.BudgetSpent):
        while True:
            await handle.ask("Hello?", max_completion_tokens=4000)


async def test_the_key_is_in_no_trace_error_or_repr(live, tmp_path):
    async with connect() as handle:
        with Trace(tmp_path / "t.jsonl"):
            await handle.ask(f"My key is {SECRET}.")
    assert SECRET not in (tmp_path / "t.jsonl").read_text()
    assert SECRET not in repr(handle)
    assert SECRET not in str(errors.BadInput(f"bad key {SECRET}"))


def test_what_holds_only_for_the_simulated_model_is_passed_over_live(live, capsys):
    assert not simulated_only("the count is the simulator's")
    assert "Passed over with sim-large: the count is the simulator's." in capsys.readouterr().out


def test_what_holds_only_for_the_simulated_model_runs_offline(capsys):
    assert simulated_only("the count is the simulator's")
    assert capsys.readouterr().out == ""


async def test_a_refusal_inside_structured_output_is_an_error():
    handle, _ = scripted(Answer(None, refusal="I'd rather not."))
    with pytest.raises(errors.RefusedAnswer, match="rather not"):
        await handle.fill("Judge it.", Verdict)
