"""A plan's bill before it runs, and what it takes of a machine, against counting by hand."""

import math
import random

import pytest

from planlab.bill import Bill, PrefixCache
from planlab.cost import Price
from planlab.errors import BadInput
from planlab.forecast import Outlook, Split, break_even_padding, break_even_share
from planlab.hardware import GIB, Pace, Shape, bandwidth_of, seconds_busy, shape_of
from planlab.records import Usage
from planlab.trace import Trace, span

TEN = Outlook(steps=10, start=2_000, answer=100, result=1_900)


def fresh(calls):
    return sum(call.input_tokens - call.cached_tokens for call in calls)


# ---- the worked figures


def test_the_two_readings_of_five_times():
    assert TEN.prompts == list(range(2_000, 20_001, 2_000))
    assert fresh(TEN.resent()) == 110_000 == 27.5 * 4_000
    assert fresh(TEN.cached()) == 20_000 == 5 * 4_000


def test_the_cache_of_a_model_of_eight_billion_weights():
    shape = shape_of("llama-3.1-8b")
    assert shape.kv_bytes() == 131_072
    assert round(shape.kv_bytes(20_000) / GIB, 2) == 2.44
    assert shape_of("llama-2-7b").kv_bytes() == 4 * shape.kv_bytes()


# ---- schedules


def count_by_hand(plan, cache):
    """Prompts as lists of tokens, laid out one by one: fresh tokens of each way, and its output."""
    context = [("start", n) for n in range(plan.start)]
    results, before = [], []
    totals = {"resent": 0, "cached": 0, "rewoo": 0}
    for step in range(plan.steps):
        totals["resent"] += len(context)
        same = sum(1 for mine, read in zip(context, before, strict=False) if mine == read)
        totals["cached"] += len(context) - cache.hit(same)
        before = list(context)
        context += [("answer", step)] * plan.answer
        results.append([("result", step)] * plan.result)
        context += results[-1]
    if plan.steps:
        calls = [("call", n) for n in range((plan.steps - 1) * plan.answer)]
        totals["rewoo"] = 2 * plan.start + len(calls) + sum(map(len, results[:-1]))
    return totals


def test_the_schedules_are_what_laying_out_each_prompt_gives():
    rng = random.Random(1)
    for _ in range(300):
        plan = Outlook(*(rng.randint(0, top) for top in (12, 60, 9, 40)))
        cache = PrefixCache(rng.randint(1, 16), rng.randint(0, 90))
        hand = count_by_hand(plan, cache)
        assert fresh(plan.resent()) == hand["resent"]
        assert fresh(plan.cached(cache)) == hand["cached"]
        assert fresh(plan.rewoo()) == hand["rewoo"]


def test_a_scoped_step_reads_no_more_than_it_needs_and_never_what_is_still_to_come():
    plan = Outlook(steps=3, start=10, answer=1, result=5)
    assert [call.input_tokens for call in plan.scoped(reads=2)] == [10, 10, 15, 20]
    assert [call.output_tokens for call in plan.scoped()] == [3, 1, 1, 1]


def test_zero_steps_cost_nothing_and_a_cache_never_makes_dearer():
    nothing = Outlook(0, 2_000, 100, 1_900)
    assert nothing.resent() == nothing.cached() == nothing.scoped() == nothing.rewoo() == []
    price = Price(2.5, 0.25, 10.0)
    dollars = [Bill(sum(c, Usage()), price).dollars for c in (TEN.cached(), TEN.resent())]
    assert dollars == sorted(dollars)


@pytest.mark.parametrize("counts", [(-1, 0, 0, 0), (1, -1, 0, 0), (1, 0, None, 0), (1, 0, 0, 0.5)])
def test_counts_that_mean_nothing_are_refused(counts):
    with pytest.raises(BadInput):
        Outlook(*counts)
    with pytest.raises(BadInput):
        TEN.scoped(reads=-1)


# ---- a strong planner with a cheap executor


def test_the_mix_is_what_doing_each_piece_of_work_gives():
    rng = random.Random(2)
    for _ in range(300):
        ratio, judging, planning = rng.random(), rng.random() / 5, rng.random() * 50
        again = [rng.random() < 0.3 for _ in range(100)]
        by_hand = planning
        for failed in again:
            by_hand += ratio + judging + failed
        split = Split(planning, 100, ratio, sum(again) / 100, judging)
        assert split.mixed == pytest.approx(by_hand)


def test_at_the_break_even_both_cost_the_same_and_the_ranking_flips_there():
    rng = random.Random(3)
    for _ in range(300):
        ratio = rng.uniform(0.01, 0.7)
        even = break_even_share(ratio, judging=0.1)
        at, below, above = (Split(5, 20, ratio, even + d, 0.1) for d in (0, -0.1, 0.1))
        assert at.mixed == pytest.approx(at.large)
        assert below.mixed < below.large
        assert above.mixed > above.large
        padding = break_even_padding(below)
        assert below.small(padding=padding) == pytest.approx(below.mixed)
        assert below.small(padding=padding * 1.1) > below.mixed


def test_a_plan_without_work_never_needs_a_strong_planner():
    assert break_even_padding(Split(1, 0, 0.1)) == math.inf


@pytest.mark.parametrize("bad", [(-1, 1, 0.1), (1, math.nan, 0.1), (1, 1, -0.1), (1, 1, 0.1, 1.1)])
def test_a_split_that_means_nothing_is_refused(bad):
    with pytest.raises(BadInput):
        Split(*bad)


# ---- the machine


def test_decode_reads_all_weights_and_the_growing_cache_for_each_token():
    rng = random.Random(4)
    for _ in range(300):
        shape = Shape(*(rng.randint(1, 9) for _ in range(4)))
        prompt, answer, batch = rng.randint(0, 50), rng.randint(0, 50), rng.randint(1, 4)
        read = 0
        for written in range(answer):
            read += shape.weight_bytes() + batch * shape.kv_bytes(prompt + written)
        assert shape.decode_seconds(prompt, answer, bandwidth=10, batch=batch) == read / 10


def test_decode_on_a_real_machine_is_some_milliseconds_a_token():
    shape, bandwidth = shape_of("llama-3.1-8b"), bandwidth_of("h100-sxm")
    assert 0.004 < shape.decode_seconds(20_000, 1, bandwidth=bandwidth) < 0.006


@pytest.mark.parametrize("bandwidth", [0, -1, math.nan, math.inf])
def test_a_bandwidth_that_means_nothing_is_refused(bandwidth):
    with pytest.raises(BadInput):
        shape_of("llama-3.1-8b").decode_seconds(1, 1, bandwidth=bandwidth)


def test_bad_shapes_and_unknown_names_are_refused():
    for bad in (-1, None, 1.5):
        with pytest.raises(BadInput):
            Shape(bad, 8, 128)
    for look_up in shape_of, bandwidth_of:
        with pytest.raises(BadInput, match="There are"):
            look_up("nobody's")
    for bits in (0, 4, 12):
        with pytest.raises(BadInput):
            shape_of("llama-2-7b").kv_bytes(bits=bits)


def test_round_trips_and_tools_count_beside_tokens():
    pace = Pace(round_trip=0.5, prefill=1_000, decode=10)
    assert pace.seconds([], tools=2.0) == 2.0
    calls = [Usage(1, 3_000, 1_000, 20), Usage(1, 1_000, 1_000, 0)]
    assert pace.seconds(calls, tools=1.0) == 2 * 0.5 + 2.0 + 2.0 + 1.0


def test_time_in_which_spans_overlap_counts_once():
    now = [0.0]
    with Trace(clock=lambda: now[0]) as trace:
        for start, end in (1, 3), (5, 6):
            now[0] = start
            with span("tool", "a"):
                now[0] += 0.5
                with span("tool", "inside"):
                    now[0] = end
    assert seconds_busy(trace, "tool") == 3
    assert seconds_busy(trace, "model") == 0
