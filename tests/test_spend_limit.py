"""The spend limit of a process, on a real endpoint: a server on this machine that says what it was.

`PLANLAB_BUDGET` holds for all that a process asks, however many models it connects and however
many calls are under way. The judge is the server: it adds up what it would have charged.
"""

import asyncio

import pytest
from pydantic import BaseModel

from planlab import errors, model
from planlab.cost import parse_price
from planlab.model import connect
from planlab.records import Usage
from planlab.simulated import Simulator, serving, wire
from planlab.simulated.act import Answer

PRICE = "100/100/100"  # dollars for a million tokens: each is a hundredth of a cent
LIMIT = 2.0  # dollars: 20,000 tokens
REASONS = "because " * 100  # most of a call is what is read
LONGEST = {"max_completion_tokens": 60}


class Note(BaseModel):
    text: str


def forty_words(body, **_settings) -> Answer:
    text = "word " * 40
    return Answer(Note(text=text).model_dump_json() if "response_format" in body else text)


@pytest.fixture
def charged(monkeypatch) -> list[Usage]:
    """What the server would charge for. Its tokenizer makes twice the tokens that we count."""
    seen: list[Usage] = []
    count = wire._usage

    def counted(*given):
        used = count(*given)
        used["prompt_tokens"] *= 2
        seen.append(Usage(1, used["prompt_tokens"], 0, used["completion_tokens"]))
        return used

    monkeypatch.setattr(wire, "_usage", counted)
    return seen


@pytest.fixture(autouse=True)
def endpoint(monkeypatch):
    """A real endpoint with a price and a limit, all by the environment."""
    model._live_budget.cache_clear()
    with serving(Simulator(answer=forty_words, latency=0.05)) as url:
        for name, value in {
            "OPENAI_BASE_URL": url,
            "PLANLAB_MODEL": "sim-large",
            "PLANLAB_PRICE": PRICE,
            "PLANLAB_BUDGET": str(LIMIT),
        }.items():
            monkeypatch.setenv(name, value)
        yield
    model._live_budget.cache_clear()


@pytest.fixture
async def models(endpoint):
    """Two models of one process: connecting again gives no second budget."""
    async with connect() as one, connect() as other:
        yield one, other


async def fifty_calls(models) -> list[object]:
    """Fifty calls of every kind at once; what each gave or raised."""
    calls = (call(models[n % 2], n) for n in range(50))
    return await asyncio.gather(*calls, return_exceptions=True)


async def call(handle: model.Model, number: int) -> object:
    question = f"Say forty words, the {number}th time, {REASONS}"
    match number % 3:
        case 0:
            return await handle.ask(question, **LONGEST)
        case 1:
            return await handle.fill(question, Note, **LONGEST)
        case _:
            return [piece async for piece in handle.stream(question, **LONGEST)]


def dollars(charged: list[Usage]) -> float:
    return sum(map(parse_price(PRICE).of, charged))


async def test_fifty_calls_at_once_cannot_spend_more_than_the_limit(models, charged):
    outcomes = await fifty_calls(models)
    refused = [o for o in outcomes if isinstance(o, BaseException)]
    assert {type(error) for error in refused} == {errors.BudgetSpent}
    assert len(charged) == 50 - len(refused) > 0
    assert 0 < dollars(charged) <= LIMIT


async def test_the_book_says_what_the_server_charged_and_nothing_stays_held(models, charged):
    await fifty_calls(models)
    budget = models[0].budget
    assert budget.spent.dollars == pytest.approx(dollars(charged))
    assert budget.held.dollars == pytest.approx(0)


async def test_asking_on_and_on_ends_at_the_limit(models, charged):
    for _ in range(12):
        made = len(charged)
        await fifty_calls(models)
    assert len(charged) == made > 0
    assert dollars(charged) <= LIMIT
    assert models[1].budget.left.dollars < 0.15  # the dearest of the calls no longer fits


async def test_a_stream_left_early_is_paid_for_as_far_as_it_was_written(models):
    handle, _ = models
    stream = handle.stream("Say forty words.", **LONGEST)
    await anext(stream)
    before = handle.budget.spent.dollars
    await stream.aclose()
    assert before == 0
    asked = model._count_input({"messages": [{"role": "user", "content": "Say forty words."}]})
    assert handle.budget.spent.tokens > asked
    assert handle.budget.held.tokens == 0
