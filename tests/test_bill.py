"""What a run cost, from its trace and from its context, against counting by hand."""

import math
import random
from dataclasses import replace

import pytest

from planlab import connect
from planlab.bill import (
    Bill,
    PrefixCache,
    bill_calls,
    bill_context,
    bill_trace,
    cache_of,
    count_answer,
    count_shared,
    message_tokens,
    prompt_tokens,
)
from planlab.cost import Price, known_facts, price_of
from planlab.errors import BadInput, MalformedAnswer
from planlab.patterns.react import run_react
from planlab.records import Usage
from planlab.tokens import count_tokens, split_tokens
from planlab.trace import Trace, span
from planlab.world import open_world

PRICE = Price(2.5, 0.25, 10.0)


def says(role, content):
    return {"role": role, "content": content}


# ---- tokens


LETTERS = "abc XYZ 0123456789 _-.,\n éß 中文 ٣٤ ² 🙂 \ud800"


def test_text_is_split_into_as_many_tokens_as_are_counted():
    rng = random.Random(1)
    for _ in range(1000):
        text = "".join(rng.choices(LETTERS, k=rng.randint(0, 60)))
        assert len(split_tokens(text)) == count_tokens(text)


def test_texts_that_differ_in_a_sign_or_a_space_part_there():
    for one, other in ("a b", "a  b"), ("a b", "a c"), ("a é", "a è"), ("a ʫ", "a caab"):
        assert count_shared(split_tokens(one), split_tokens(other)) == 1


# ---- the cache


def test_a_hit_is_the_most_whole_blocks_that_are_shared_and_none_below_the_shortest():
    rng = random.Random(2)
    for _ in range(1000):
        cache = PrefixCache(rng.randint(1, 200), rng.randint(0, 1500))
        shared = rng.randint(0, 3000)
        held = [n for n in range(0, shared + 1, cache.block) if n >= cache.shortest]
        assert cache.hit(shared) == max(held, default=0)


def test_a_boundary_in_the_middle_of_a_message_counts_by_tokens():
    head = "same words again and again " * 20
    prompts = [[says("user", head + end)] for end in ("until noon", "until night")]
    first, second = bill_calls(
        [(p, says("assistant", "yes")) for p in prompts], cache=PrefixCache()
    )
    assert first.cached_tokens == 0
    assert second.cached_tokens == message_tokens(says("user", head + "until"))
    assert second.cached_tokens < second.input_tokens


def test_any_earlier_prompt_may_hold_the_beginning():
    one, other = ([says("user", f"{name} {'word ' * 40}")] for name in ("one", "other"))
    calls = bill_calls([(p, says("assistant", "")) for p in (one, other, one)], cache=PrefixCache())
    assert calls[2].cached_tokens == calls[2].input_tokens


def test_an_edit_early_in_the_prompt_loses_all_that_stands_behind_it():
    context = [says("system", "It is 9:00."), says("user", "long " * 500)]
    later = [says("system", "It is 9:01."), *context[1:]]
    answer = says("assistant", "yes")
    same, edited = (
        bill_calls([(context, answer), (again, answer)], cache=PrefixCache())[1].cached_tokens
        for again in (context, later)
    )
    assert same > 500
    assert edited < 10


@pytest.mark.parametrize(("block", "shortest"), [(0, 0), (-1, 0), (1, -1), (1.5, 0), (None, 0)])
def test_a_cache_that_means_nothing_is_refused(block, shortest):
    with pytest.raises(BadInput):
        PrefixCache(block, shortest)


def test_known_caches_say_where_they_are_from():
    assert cache_of("openai") == PrefixCache(128, 1024)
    for kind in "price", "shape", "bandwidth", "cache":
        assert all(row["source"] and row["date"] for row in known_facts(kind).values())
    with pytest.raises(BadInput, match="openai"):
        cache_of("nobody")


# ---- contexts and traces


def random_context(rng):
    context = [says("system", words(rng)), says("user", words(rng))]
    for _ in range(rng.randint(0, 6)):
        context.append(says("assistant", words(rng)))
        context += [says("tool", words(rng)) for _ in range(rng.randint(0, 3))]
    return context


def words(rng):
    return " ".join(
        rng.choices(["plan", "the", "longer", "éa", "12345", "—"], k=rng.randint(0, 12))
    )


def count_by_hand(context, cache):
    """Each prompt token by token, against each earlier prompt."""
    calls, prompts = [], []
    for at, message in enumerate(context):
        if message["role"] != "assistant":
            continue
        prompt = prompt_tokens(context[:at])
        shared = 0
        for earlier in prompts:
            n = 0
            while n < min(len(prompt), len(earlier)) and prompt[n] == earlier[n]:
                n += 1
            shared = max(shared, n)
        while shared and (shared % cache.block or shared < cache.shortest):
            shared -= 1
        calls.append(Usage(1, len(prompt), shared, count_tokens(message["content"])))
        prompts.append(prompt)
    return calls


def test_the_bill_of_a_context_is_what_counting_by_hand_gives():
    rng = random.Random(3)
    for _ in range(1000):
        context, cache = random_context(rng), PrefixCache(rng.randint(1, 9), rng.randint(0, 30))
        assert bill_context(context, cache=cache) == count_by_hand(context, cache)


def random_trace(rng):
    spent = []
    with Trace() as trace:
        for _ in range(rng.randint(0, 12)):
            name = rng.choice(["sim-large", "sim-small"])
            size = rng.randint(0, 9999)
            spent.append((name, size, rng.randint(0, size), rng.randint(0, 999)))
            with span("step", "s"), span("model", name) as record:
                record.usage = Usage(1, *spent[-1][1:])
    return trace, spent


def test_the_bill_of_a_trace_is_what_adding_up_token_by_token_gives():
    rng = random.Random(4)
    for _ in range(1000):
        trace, spent = random_trace(rng)
        bills = bill_trace(trace)
        for name in {each[0] for each in spent}:
            price, mine = price_of(name), [each[1:] for each in spent if each[0] == name]
            fresh = sum(read - cached for read, cached, _ in mine)
            held, written = sum(each[1] for each in mine), sum(each[2] for each in mine)
            parts = fresh * price.input, held * price.cached, written * price.output
            bill = bills.pop(name)
            assert (bill.prefill, bill.cached, bill.decode) == pytest.approx(
                [p / 1e6 for p in parts]
            )
            assert bill.dollars == pytest.approx(sum(parts) / 1e6)
            assert bill.saved == pytest.approx(held * (price.input - price.cached) / 1e6)
        assert bills == {}


async def test_counting_a_context_gives_what_the_simulated_endpoint_counted():
    with open_world() as world:
        goal = "Analyze Q4 2024 sales trends and create an executive summary"
        result = await run_react(goal, model=connect(), tools=world.tools)
        cache = PrefixCache(block=1, shortest=1024)
        counted = bill_context(result.detail.messages, cache=cache, tools=world.tools)
    real = [turn.usage for turn in result.detail.turns]
    assert sum(call.cached_tokens for call in counted) > 0
    assert [replace(call, dollars=0.0) for call in real] == counted


def test_what_was_called_with_is_part_of_the_answer():
    call = {"id": "c1", "type": "function", "function": {"name": "double", "arguments": '{"n": 1}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    assert count_answer(message) == count_tokens("double") + count_tokens('{"n": 1}')


# ---- bad input


def test_an_empty_trace_and_an_empty_context_cost_nothing():
    assert bill_trace(Trace()) == {}
    assert bill_context([]) == []


def test_an_answered_call_without_usage_is_an_error_that_names_it():
    with Trace() as trace, span("model", "sim-large"):
        pass
    with pytest.raises(BadInput, match=r"Span 0 .*no usage"):
        bill_trace(trace)


def test_a_call_that_failed_before_it_was_counted_costs_nothing():
    trace = Trace()
    with pytest.raises(MalformedAnswer), trace, span("model", "sim-large"):
        raise MalformedAnswer("no")
    assert bill_trace(trace)["sim-large"].dollars == 0


def test_a_model_without_a_price_is_an_error_unless_one_is_given():
    with Trace() as trace, span("model", "nobody's") as record:
        record.usage = Usage(1, 1_000_000)
    with pytest.raises(BadInput, match="nobody's"):
        bill_trace(trace)
    assert bill_trace(trace, price=lambda name: PRICE)["nobody's"].dollars == 2.5


@pytest.mark.parametrize(
    "usage",
    [Usage(-1), Usage(1, -5), Usage(1, 5, 6), Usage(1, 5, -1), Usage(1, 5, 0, -1), Usage(1, None)],
)
def test_counts_that_are_missing_negative_or_at_odds_are_refused(usage):
    with pytest.raises(BadInput):
        Bill(usage, PRICE)


def test_a_count_that_is_no_number_is_refused():
    with pytest.raises(BadInput):
        Bill(Usage(1, math.nan), PRICE)
