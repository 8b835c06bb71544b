"""Compaction: fewer tokens, and never more of the cached prefix lost than must be."""

import math
import random

import pytest

from planlab.bill import (
    Bill,
    PrefixCache,
    bill_calls,
    count_shared,
    message_tokens,
    prompt_tokens,
)
from planlab.compaction import Compact, cut_at, drop, turns_until_paid
from planlab.compare.crossover import BASE, make_errand, make_models
from planlab.cost import Price
from planlab.errors import BadInput
from planlab.patterns.react import run_react
from planlab.world import open_world
from tests.scripted import calls, says
from tests.test_react import TOOLS, run

PRICE = Price(2.5, 0.25, 10.0)


def make_context(rng, turns):
    """Turns of one to three calls with results of all lengths, as ReAct leaves them."""
    context = [{"role": "system", "content": "Work."}, {"role": "user", "content": "Do it."}]
    for turn in range(turns):
        ids = [f"c{turn}.{n}" for n in range(rng.randint(1, 3))]
        asked = [
            {"id": id, "type": "function", "function": {"name": "look", "arguments": "{}"}}
            for id in ids
        ]
        context.append({"role": "assistant", "content": None, "tool_calls": asked})
        context += [
            {"role": "tool", "tool_call_id": id, "content": f"{id} " + "word " * rng.randint(0, 90)}
            for id in ids
        ]
    return context


def prompts_of(context):
    """What was sent: all before each of the assistant's messages, and the whole."""
    ends = [at for at, message in enumerate(context) if message["role"] == "assistant"]
    return [context[:end] for end in (*ends, len(context))]


def random_cases(count):
    rng = random.Random(5)
    for _ in range(count):
        shorten = rng.choice([drop, cut_at(20)])
        compact = Compact(rng.randint(0, 400), rng.randint(0, 3), shorten)
        yield compact, make_context(rng, rng.randint(0, 10))


def test_only_the_contents_of_results_change_and_they_only_become_shorter():
    for compact, context in random_cases(300):
        shown = compact(context)
        assert len(shown) == len(context)
        for message, whole in zip(shown, context, strict=True):
            assert {**message, "content": ""} == {**whole, "content": ""}
            if message != whole:
                assert whole["role"] == "tool"
                assert message_tokens(message) < message_tokens(whole)


def test_what_was_shortened_once_stays_as_it_is_in_every_later_prompt():
    for compact, context in random_cases(300):
        before = []
        for prompt in prompts_of(context):
            shown = compact(prompt)
            for old, whole, new in zip(before, prompt, shown, strict=False):
                assert old in (whole, new)
            before = shown


def test_what_the_model_has_not_read_and_the_latest_turns_are_whole():
    for compact, context in random_cases(300):
        starts = [at for at, message in enumerate(context) if message["role"] == "assistant"]
        kept = (starts or [0])[-compact.keep - 1 :][0]
        assert compact(context)[kept:] == context[kept:]


def test_between_two_compactions_more_than_so_many_tokens_came_in():
    for compact, context in random_cases(300):
        last, before = 0, []
        for prompt in prompts_of(context):
            shown = compact(prompt)
            if before and shown[: len(before)] != before:
                read = max(n for n, m in enumerate(prompt) if m["role"] == "assistant") + 1
                assert sum(map(message_tokens, prompt[last:read])) > compact.every
                last = read
            before = shown


def test_a_short_context_is_left_alone():
    context = make_context(random.Random(6), 4)
    assert Compact(every=10_000)(context) == context
    assert Compact(every=0)([]) == []


def test_it_pays_from_the_turn_that_the_formula_says():
    rng = random.Random(7)
    reply = {"role": "assistant", "content": "I see."}
    for _ in range(60):
        sent = make_context(rng, 6)
        base = [*sent, reply]
        shown = Compact(every=sum(map(message_tokens, sent)), keep=0, shorten=cut_at(20))(base)
        before, after = prompt_tokens(sent), prompt_tokens(shown[: len(sent)])
        spared, behind = len(before) - len(after), len(after) - count_shared(before, after)
        due = turns_until_paid(spared=spared, behind=behind, price=PRICE)
        cost = [
            dollars([sent, *([*start, *[reply] * n] for n in range(15))]) for start in (base, shown)
        ]
        for turns in range(1, 15):
            whole, less = (sum(each[: turns + 1]) for each in cost)
            if not math.isclose(turns, due):
                assert (less < whole) == (turns > due)


def dollars(prompts):
    calls = bill_calls([(prompt, {}) for prompt in prompts], cache=PrefixCache())
    return [Bill(call, PRICE).dollars for call in calls]


def test_a_compaction_that_spares_nothing_never_pays():
    assert turns_until_paid(spared=0, behind=10, price=PRICE) == math.inf
    assert turns_until_paid(spared=0, behind=0, price=PRICE) == 0


@pytest.mark.parametrize("bad", [{"every": -1}, {"every": None}, {"every": 1, "keep": -1}])
def test_limits_that_mean_nothing_are_refused(bad):
    with pytest.raises(BadInput):
        Compact(**bad)


# ---- in a run


async def test_the_model_is_shown_less_and_the_record_keeps_all():
    turns = [calls(("double", {"number": 10**n})) for n in range(20, 24)]
    result, script = await run(
        *turns, says("done"), tools=TOOLS, compact=Compact(0, shorten=lambda text: "")
    )
    seen = [m["content"] for m in script.requests[-1]["messages"] if m["role"] == "tool"]
    kept = [m["content"] for m in result.detail.messages if m["role"] == "tool"]
    assert [text == "" for text in seen] == [True, True, False, False]
    assert all(kept)


def last_line(text):
    return text.strip().splitlines()[-1]


async def errand(compact, size="large", **levels):
    conditions = {**BASE, "length": 6, "slips": 0, **levels}
    with open_world() as world:
        task = make_errand(world, conditions, seed=0)
        model = getattr(make_models(conditions, 0), size)
        result = await run_react(
            task.goal, model=model, tools=task.tools, max_turns=60, compact=compact
        )
    return task.is_right(result.answer or ""), result.answer, result.usage


async def test_without_a_cache_compaction_is_cheaper_and_with_one_it_may_be_dearer():
    (right, answer, whole), (_, same, less) = (
        await errand(None),
        await errand(Compact(1_000, shorten=last_line)),
    )
    assert right
    assert same == answer
    assert less.input_tokens < 0.9 * whole.input_tokens
    assert less.dollars > whole.dollars  # six turns are too few to earn back what was cached


async def test_over_many_turns_compaction_is_cheaper_with_a_cache_too():
    long = {"length": 10, "lines": 16}
    (right, answer, whole), (_, same, less) = (
        await errand(None, **long),
        await errand(Compact(2_000, keep=0, shorten=last_line), **long),
    )
    assert right
    assert same == answer
    assert less.dollars < whole.dollars


async def test_a_small_window_holds_what_was_compacted_and_loses_what_was_not():
    whole, less = (
        await errand(None, "small"),
        await errand(Compact(1_000, shorten=last_line), "small"),
    )
    assert (whole[0], less[0]) == (False, True)
