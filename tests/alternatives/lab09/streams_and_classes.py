"""A router that streams its outcomes, a bill of Pydantic models, break-evens by straight lines."""

from collections import Counter
from functools import reduce
from itertools import accumulate, chain, count, repeat

from pydantic import BaseModel, NonNegativeInt, ValidationError, model_validator

from planlab.tokens import split_tokens

QUESTIONS = ("formulae", "router", "even")


class NotOnTheBill(ValueError):
    """A call that cannot be paid."""


class Call(BaseModel, strict=True):
    id: str
    model: str
    input: NonNegativeInt
    cached: NonNegativeInt
    output: NonNegativeInt

    @model_validator(mode="after")
    def holds(self):
        if self.cached > self.input:
            raise ValueError("cached is a part of the input")
        return self


def count_cached(prompt, earlier, block=1, shortest=0):
    mine = list(chain.from_iterable(map(split_tokens, prompt)))
    known = {()}
    for other in earlier:
        tokens = tuple(chain.from_iterable(map(split_tokens, other)))
        known |= {tokens[:end] for end in range(0, len(tokens) + 1, block)}
    for end in range(len(mine) - len(mine) % block, -1, -block):
        if tuple(mine[:end]) in known:
            return end if end >= shortest else 0
    return 0


def bill(calls, prices):
    total = Counter({"prefill": 0.0, "cached": 0.0, "decode": 0.0})
    for raw in calls:
        try:
            call = Call.model_validate(raw)
            price = prices[call.model]
        except (ValidationError, KeyError) as error:
            raise NotOnTheBill(f"{raw['id']}: {error}") from error
        total["prefill"] += price["input"] * (call.input - call.cached) * 1e-6
        total["cached"] += price["cached"] * call.cached * 1e-6
        total["decode"] += price["output"] * call.output * 1e-6
    return dict(total)


def forecast(steps, start, answer, result, price):
    if any(number < 0 for number in (steps, start, answer, result)):
        raise ValueError("below 0")
    sizes = [size for _, size in zip(range(steps), count(start, answer + result), strict=False)]
    calls = [{"id": "", "model": "it", "input": size, "output": answer} for size in sizes]
    held = [0, *sizes]
    cached = [{**call, "cached": part} for call, part in zip(calls, held, strict=False)]
    resent = [{**call, "cached": 0} for call in calls]
    return tuple(sum(bill(way, {"it": price}).values()) for way in (resent, cached))


def kv_bytes(tokens, layers, kv_heads, head_size, bits=16):
    one = kv_heads * head_size * (bits / 8)
    return sum(repeat(2 * one * tokens, layers))


class Router:
    def __init__(self, small, large, passes, patience):
        self.passes = passes
        self.models = {"small": small, "large": large}
        self.patience = float("inf") if patience is None else patience
        self.row = 0

    async def tries(self, step):
        """(by, answer, dollars, right), one after the other."""
        for by in ["large"] if self.row >= self.patience else ["small", "large"]:
            try:
                got = await self.models[by](step)
            except Exception:
                yield by, None, 0.0, False
            else:
                right = await self.passes(step, got["answer"])
                yield by, got["answer"], got["dollars"], right
                if right:
                    return

    async def outcomes(self, steps):
        for step in steps:
            tried = [one async for one in self.tries(step)]
            by, answer, _, right = tried[-1]
            self.row = 0 if right and by == "small" else self.row + 1
            paid = sum(dollars for _, _, dollars, _ in tried)
            ended = (answer, by) if right else (None, None)
            yield step, dict(zip(("answer", "by"), ended, strict=True), dollars=paid)


async def route(steps, small, large, passes, patience=None):
    router = Router(small, large, passes, patience)
    return {step: outcome async for step, outcome in router.outcomes(steps)}


def team_costs(planning, work, judging, escalated, padding):
    again = reduce(lambda a, b: a * b, (work["large"], escalated))
    *_, worked = accumulate((again, judging, work["small"]))
    costs = {}
    costs["mixed"] = worked + planning["large"]
    costs["small"] = padding * again + padding * judging + padding * work["small"]
    costs["small"] += planning["small"]
    costs["large"] = sum((planning["large"], work["large"]))
    return costs


def most_escalated(work, judging):
    """Two points of the straight line between nothing escalated and all of it."""
    free = {"large": 0.0, "small": 0.0}
    none = team_costs(free, work, judging, 0, 1)
    everything = team_costs(free, work, judging, 1, 1)
    if none["mixed"] >= none["large"]:
        return None
    return (none["large"] - none["mixed"]) / (everything["mixed"] - none["mixed"])


def most_padding(planning, work, judging, escalated):
    plain, double = (team_costs(planning, work, judging, escalated, n) for n in (0, 1))
    grows = double["small"] - plain["small"]
    return (plain["mixed"] - plain["small"]) / grows if grows > 0 else float("inf")
