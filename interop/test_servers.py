"""The course's code against servers that nobody here wrote: llama.cpp's own, and llmock.

llama.cpp runs a model with random weights: JSON that its grammar held to the schema, and noise in
it. llmock fills any schema and calls any tool, and breaks on demand. Of neither comes a sensible
plan; what is tested is that each answer is valid, or ends in an error that says what is wrong.
"""

import asyncio
import json
from contextlib import suppress

import pytest
from openai import AsyncOpenAI

from planlab import Risk, Toolbox, connect, errors, tool
from planlab.cost import FREE
from planlab.drafts import Verdict
from planlab.executing import Evaluation
from planlab.model import Model
from planlab.patterns.compiler import Joined, run_compiler
from planlab.patterns.plan_execute import run_plan_execute
from planlab.patterns.react import run_react
from planlab.patterns.reflection import run_reflection
from planlab.planning import make_plan
from planlab.records import Goal, Plan, Stop
from planlab.streaming import StepReader
from planlab.trace import Trace

SCHEMAS = [Verdict, Evaluation, Joined, Goal, Plan]
GOAL = "Report how many tickets came in this week."


@tool(risk=Risk.LOW)
async def count_tickets(week: str) -> int:
    """The number of support tickets of a week."""
    return 5


@tool(risk=Risk.LOW)
async def write_report(text: str) -> str:
    """Write the report of the week."""
    return "written"


# What noise may end in: no end, no meaning; the server's own parser gives up with a 500.
CLEAR = (errors.MalformedAnswer, errors.TruncatedAnswer, errors.ServerFailed, errors.BrokenStream)

TOOLS = Toolbox([count_tickets, write_report])


@pytest.fixture(scope="module")
def llama_url(tmp_path_factory):
    """llama.cpp's server with a model of noise."""
    xllamacpp = pytest.importorskip("xllamacpp")
    from tiny_gguf import CONTEXT, make_gguf

    settings = xllamacpp.CommonParams()
    settings.model.path = str(make_gguf(tmp_path_factory.mktemp("gguf") / "noise.gguf"))
    settings.n_ctx, settings.n_parallel, settings.port = CONTEXT, 2, 0
    settings.cpuparams.n_threads = 1
    settings.warmup = settings.ui = False
    settings.verbosity = 0
    server = xllamacpp.Server(settings)
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture
async def llama(llama_url, monkeypatch):
    """The model of noise as a learner gets it: by the environment alone."""
    async with named("noise", monkeypatch, OPENAI_BASE_URL=llama_url) as model:
        yield model


@pytest.fixture
async def mock(llmock, monkeypatch):
    """llmock's model; `llmock` has set the address."""
    async with named("mock", monkeypatch) as model:
        yield model


def named(name: str, monkeypatch, **settings: str) -> Model:
    for variable, value in {"PLANLAB_MODEL": name, **settings}.items():
        monkeypatch.setenv(variable, value)
    model = connect()
    assert (model.name, model.simulated) == (name, False)
    return model


# llama.cpp


async def test_llama_text_is_counted_by_the_server(llama):
    with Trace() as trace, suppress(errors.TruncatedAnswer):  # noise seldom finds an end
        await llama.ask("How are you?", max_completion_tokens=30)
    usage = trace.of("model")[0].usage
    assert usage.input_tokens > 10
    assert 0 < usage.output_tokens <= 30


async def test_llama_text_that_runs_on_is_a_truncated_answer(llama):
    with pytest.raises(errors.TruncatedAnswer, match="max_completion_tokens"):
        await llama.ask("How are you?", max_completion_tokens=3, seed=1, temperature=0)


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.__name__)
async def test_llama_fills_the_course_schemas_or_says_why_not(llama, schema):
    filled = 0
    for seed in range(4):
        with suppress(*CLEAR):
            value = await llama.fill(GOAL, schema, seed=seed)
            assert schema.model_validate_json(value.model_dump_json()) == value
            filled += 1
    assert filled > 0


async def test_llama_streams_json_that_the_step_reader_can_follow(llama):
    streamed = 0
    for seed in range(4):
        reader, pieces = StepReader(), []
        with suppress(*CLEAR):
            async for piece in llama.stream(GOAL, schema=Plan, seed=seed):
                pieces.append(piece)
                reader.feed(piece)
            json.loads("".join(pieces))
            streamed += len(pieces) > 1
    assert streamed > 0


PATTERNS = {
    "plan": lambda model: make_plan(GOAL, planner=model, tools=TOOLS),
    "plan_execute": lambda model: run_plan_execute(
        GOAL, planner=model, executor=model, tools=TOOLS
    ),
    "compiler": lambda model: run_compiler(GOAL, planner=model, joiner=model, tools=TOOLS),
    "reflection": lambda model: run_reflection(GOAL, writer=model, critic=model),
    "react": lambda model: run_react(GOAL, model=model, tools=TOOLS),
}


@pytest.mark.parametrize("pattern", PATTERNS)
async def test_llama_ends_every_pattern_with_a_reason(llama, pattern):
    with Trace() as trace:
        result = await asyncio.wait_for(PATTERNS[pattern](llama), 50)
    assert result.stop in set(Stop)
    assert 0 < len(trace.of("model")) <= 60


async def test_llama_refuses_what_does_not_fit_its_context_in_words(llama):
    with pytest.raises(errors.LearnerError, match="context"):
        await llama.ask("word " * 20_000, max_completion_tokens=5)


async def test_llama_answers_parallel_calls_each_with_its_own(llama):
    asked = (llama.ask("Hello?", max_completion_tokens=8, seed=seed) for seed in range(12))
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(o, errors.TruncatedAnswer) or o.text is not None for o in outcomes)
    assert llama.budget.held.calls == 0


# llmock


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.__name__)
async def test_llmock_fills_the_course_schemas(mock, schema):
    with Trace() as trace:
        assert isinstance(await mock.fill(GOAL, schema), schema)
    assert len(trace.of("model")) == 1


async def test_llmock_calls_a_tool_that_really_runs(mock):
    result = await run_react("Count the tickets of this week.", model=mock, tools=TOOLS)
    assert result.stop == Stop.ANSWERED
    (span,) = result.trace.of("tool")
    assert (span.name, span.data["observation"]) == ("count_tickets", "5")


async def test_llmock_text_streams_whole(mock):
    pieces = [piece async for piece in mock.stream("Tell me about plans.")]
    assert len(pieces) > 1
    assert "".join(pieces).strip()


@pytest.mark.parametrize("pattern", PATTERNS)
async def test_llmock_ends_every_pattern_with_a_reason(mock, pattern):
    result = await asyncio.wait_for(PATTERNS[pattern](mock), 50)
    assert result.stop in set(Stop)


@pytest.mark.parametrize(
    ("kind", "said"), [("malformed_arguments", "JSON"), ("unknown_tool", "no tool")]
)
async def test_llmock_broken_tool_call_becomes_an_observation(mock, llmock, kind, said):
    llmock.break_tool_call(kind)
    result = await run_react("Count the tickets of this week.", model=mock, tools=TOOLS)
    assert result.stop == Stop.ANSWERED
    assert said in str(result.detail.messages)


async def test_llmock_rate_limits_are_waited_out(mock, llmock):
    llmock.rate_limit(times=2, retry_after=0.1)
    assert (await mock.ask("Hello?")).text
    llmock.assert_resilient()


FAULTS = {
    "outage": (lambda llmock: llmock.outage(), errors.ServerFailed),
    "bad key": (lambda llmock: llmock.fail(401), errors.NotAllowed),
    "unknown model": (lambda llmock: llmock.fail(404), errors.UnknownModel),
    "too long": (lambda llmock: llmock.context_overflow(), errors.BadInput),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_llmock_refusals_are_errors_that_say_who_must_act(mock, llmock, fault):
    broken, expected = FAULTS[fault]
    broken(llmock)
    with pytest.raises(expected):
        await mock.ask("Hello?")
    assert mock.budget.held.calls == 0


@pytest.mark.parametrize("fault", ["disconnect", "truncate", "corrupt"])
async def test_llmock_broken_streams_are_no_short_answers(mock, llmock, fault):
    getattr(llmock, fault)(after_chunks=2)
    with pytest.raises(errors.ModelError):
        [piece async for piece in mock.stream("Tell me about plans.")]


async def test_llmock_stalled_stream_ends_at_the_time_out(mock, llmock):
    llmock.stall(after_chunks=1, seconds=20)
    with pytest.raises(errors.NoReply):
        [piece async for piece in mock.stream("Tell me about plans.", timeout=0.3)]


async def test_a_server_that_is_not_there_is_named():
    client = AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="x", max_retries=0)
    async with Model(client, "any", FREE, simulated=False) as model:
        with pytest.raises(errors.NoReply, match=r"127\.0\.0\.1"):
            await model.ask("Hello?")
