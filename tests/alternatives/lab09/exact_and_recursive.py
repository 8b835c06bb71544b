"""Fractions until the end, closed forms, and functions that call themselves."""

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest

from planlab.errors import BadInput
from planlab.tokens import split_tokens

QUESTIONS = ("formulae", "router", "even")


def count_cached(prompt, earlier, block=1, shortest=0):
    if not earlier:
        return 0
    first, *rest = earlier
    lists = [[token for text in one for token in split_tokens(text)] for one in (prompt, first)]
    here = next((n for n, (a, b) in enumerate(zip_longest(*lists)) if a != b), len(lists[0]))
    here = here // block * block
    return max(here if here >= shortest else 0, count_cached(prompt, rest, block, shortest))


@dataclass(frozen=True)
class Counted:
    id: str
    model: str
    input: int
    cached: int
    output: int

    def __post_init__(self):
        counts = (self.input, self.cached, self.output)
        if any(type(count) is not int or count < 0 for count in counts):
            raise BadInput(f"{self.id}: {counts} are no counts")
        if self.cached > self.input:
            raise BadInput(f"{self.id}: {self.cached} of {self.input} are cached")


def bill(calls, prices):
    blank = dict.fromkeys(("input", "cached", "output"))
    counted = [Counted(**{**blank, **call}) for call in calls]

    def pay(count, kind):
        return float(sum(count(c) * exact_price(c, prices, kind) for c in counted) / 10**6)

    return {
        "decode": pay(lambda c: c.output, "output"),
        "cached": pay(lambda c: c.cached, "cached"),
        "prefill": pay(lambda c: c.input - c.cached, "input"),
    }


def exact_price(call, prices, kind):
    try:
        return Fraction(prices[call.model][kind])
    except KeyError:
        raise BadInput(f"{call.id}: who knows the price of {call.model}?") from None


def forecast(steps, start, answer, result, price):
    for number in (steps, start, answer, result):
        if number < 0:
            raise ValueError(number)
    if steps == 0:
        return [0, 0]
    grows = answer + result
    read = steps * start + grows * steps * (steps - 1) // 2
    once = start + (steps - 1) * grows
    reading, holding, writing = (Fraction(price[n]) for n in ("input", "cached", "output"))
    written = steps * answer * writing
    amounts = read * reading + written, once * reading + (read - once) * holding + written
    return [float(amount / 10**6) for amount in amounts]


def kv_bytes(tokens, layers, kv_heads, head_size, bits=16):
    return math.prod([2, tokens, layers, kv_heads, head_size, bits]) / 8


async def ask(model, step, passes):
    try:
        reply = await model(step)
    except Exception:
        return False, None, 0
    return await passes(step, reply["answer"]), reply["answer"], reply["dollars"]


async def route(steps, small, large, passes, patience=None, missed=0):
    if not steps:
        return {}
    (step, *rest), paid, right, by = steps, 0, False, None
    gave_up = patience is not None and missed >= patience
    if not gave_up:
        by = "small"
        right, answer, paid = await ask(small, step, passes)
        missed = 0 if right else missed + 1
    if not right:
        by = "large"
        right, answer, more = await ask(large, step, passes)
        paid += more
    if not right:
        answer = by = None
    later = await route(rest, small, large, passes, patience, missed)
    return {step: {"dollars": paid, "by": by, "answer": answer}, **later}


def team_costs(planning, work, judging, escalated, padding):
    parts = [work["small"], judging, *(escalated * one for one in [work["large"]])]
    alike = sum(map(Fraction, parts))
    return {
        "small": float(Fraction(planning["small"]) + Fraction(padding) * alike),
        "large": float(Fraction(planning["large"]) + Fraction(work["large"])),
        "mixed": float(Fraction(planning["large"]) + alike),
    }


def most_escalated(work, judging):
    if work["large"] == 0:
        return None
    share = 1 - (Fraction(work["small"]) + Fraction(judging)) / Fraction(work["large"])
    return float(share) if share > 0 else None


def most_padding(planning, work, judging, escalated):
    nothing = {"small": 0, "large": 0}
    worked = team_costs(nothing, work, judging, escalated, 0)["mixed"]
    mixed = team_costs(planning, work, judging, escalated, 0)["mixed"]
    try:
        return mixed / worked - planning["small"] / worked
    except ZeroDivisionError:
        return math.inf
