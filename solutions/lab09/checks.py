"""Lab 09: what a bill, a router and a break-even must come to, whatever the plan and the prices.

Every number is worked out here a second time, by counting. Dollars may be added up in any order:
a part in a million is forgiven. The judge serves the router's models, so it sees who is asked what.
"""

import builtins
import math
from collections.abc import Awaitable, Collection, Mapping, Sequence
from itertools import takewhile
from random import Random
from typing import Any

from planlab.errors import ToolFailed
from planlab.grading import Broken, Lab, Probe, Question, Raised
from planlab.tokens import split_tokens

lab = Lab(
    "lab09",
    "What a plan costs",
    questions=(
        Question("formulae", 7, "9.1 The formulae"),
        Question("router", 5, "9.2 The router"),
        Question("even", 5, "9.3 Does the cheap executor pay?"),
        Question("explain", 3, "9.4 Explain a table of bills", manual=True),
    ),
    withheld=(
        "planlab.bill",
        "planlab.forecast",
        "planlab.hardware",
        "planlab.routing",
        "planlab.compaction",
        "planlab.executing",
    ),
)

WORDS = [  # a token each
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "inlet", "jetty"),
    *("knoll", "larch", "maple", "north", "ochre", "pearl", "quill", "ridge", "slate", "tulip"),
]
MILLION = 1_000_000
TRUST = 1e-6  # the part of a number that may be lost by rounding

Price = dict[str, float]


def new_names(rng: Random, count: int) -> list[str]:
    """Ids in no order that would tell anything, none a part of another."""
    return [f"{rng.choice(WORDS)}{number}" for number in rng.sample(range(1000, 10_000), count)]


def expect_number(probe: Probe, got: object, wanted: float, words: str) -> None:
    """Raises `Broken` unless this is the number, but for rounding."""
    if not isinstance(got, int | float) or isinstance(got, bool):
        raise Broken("it returns a number: a float or an int")
    if not math.isclose(got, wanted, rel_tol=TRUST, abs_tol=1e-12):
        shown = f" (you gave {got!r}, wanted {wanted!r})" if probe.open else ""
        raise Broken(words + shown)


def expect_numbers(probe: Probe, got: object, wanted: Mapping[str, float], words: str) -> None:
    """Raises `Broken` unless this is a dict of these numbers, each under its name."""
    if not isinstance(got, dict) or not wanted.keys() <= got.keys():
        raise Broken(f"it returns a dict with {', '.join(wanted)}")
    for name, number in wanted.items():
        expect_number(probe, got[name], number, f"{words}: {name}")


def is_refusal(kind: str) -> bool:
    """ValueError, or an error of the submission's own: most likely one of its children."""
    return kind == "ValueError" or not hasattr(builtins, kind)


async def refuses(
    running: Awaitable[object], words: str, id: str = "", others: Sequence[str] = ()
) -> None:
    """Raises `Broken` unless this raises a ValueError that names the id, and none of the others."""
    try:
        await running
    except Raised as raised:
        if raised.kind == "NotImplementedError":
            raise
        if not is_refusal(raised.kind):
            raise Broken(f"{words} is refused with a ValueError") from None
        if id not in raised.text or any(other in raised.text for other in others):
            raise Broken("the error names the call at fault by its id, and no other") from None
    else:
        raise Broken(f"{words} must be refused with a ValueError")


# 9.1 The formulae


def draw_text(rng: Random, size: int) -> str:
    """So many tokens."""
    return " ".join(rng.choices(WORDS, k=size))


def draw_prompt(rng: Random, *sizes: int) -> list[str]:
    """A message of each size in tokens."""
    return [draw_text(rng, size) for size in sizes]


def tokens_of(prompt: Sequence[str]) -> list[str]:
    return [token for message in prompt for token in split_tokens(message)]


def shared(one: Sequence[str], other: Sequence[str]) -> int:
    """The first tokens that two prompts have in common."""
    pairs = zip(tokens_of(one), tokens_of(other), strict=False)
    return len([*takewhile(lambda pair: pair[0] == pair[1], pairs)])


def edited(rng: Random, prompt: Sequence[str], at: int, word: int) -> list[str]:
    """The prompt with another word in the midst of the message `at`, the rest as it was."""
    words = prompt[at].split(" ")
    words[word] = rng.choice([other for other in WORDS if other != words[word]])
    return [*prompt[:at], " ".join(words), *prompt[at + 1 :]]


async def expect_cached(
    probe: Probe, prompt: Sequence[str], earlier: Sequence[Sequence[str]], words: str, **cache: int
) -> None:
    """The tokens that any of the earlier prompts shares, in whole blocks, and enough of them."""
    most = max((shared(prompt, other) for other in earlier), default=0)
    block, shortest = cache.get("block", 1), cache.get("shortest", 0)
    held = max(n for n in range(0, most + 1, block) if n >= shortest or n == 0)
    got = await probe.call("count_cached", [*prompt], [[*other] for other in earlier], **cache)
    expect_number(probe, got, held, words)


@lab.property("formulae", 1, "held is what any earlier prompt began with, up to the first change")
async def counts_what_is_shared(probe: Probe) -> None:
    rng = probe.rng
    prompt = draw_prompt(rng, rng.randint(3, 6), 8, 7, 5)
    first = edited(rng, prompt, 0, 1)
    inside = edited(rng, prompt, 2, rng.randint(2, 5))
    await expect_cached(probe, prompt, [], "nothing is held where nothing was asked before")
    await expect_cached(probe, prompt, [inside], "a boundary in the midst of a message counts too")
    await expect_cached(probe, prompt, [first], "behind the first change nothing is held")
    words = "any earlier prompt may hold the beginning, and the longest counts"
    await expect_cached(probe, prompt, [first, prompt[:3], inside, first], words)


@lab.property("formulae", 0.5, "only whole blocks are held, and none below the shortest")
async def counts_blocks(probe: Probe) -> None:
    rng = probe.rng
    prompt = draw_prompt(rng, 6, 30, 6)
    before = edited(rng, prompt, 1, rng.randint(13, 17))  # 19 to 23 are shared
    for block, shortest in ((6, 0), (6, 18), (6, 24), (25, 0)):
        words = "it is not the whole blocks, where they are enough"
        await expect_cached(probe, prompt, [before], words, block=block, shortest=shortest)


def draw_price(rng: Random) -> Price:
    """Dollars for a million tokens, in no fixed ratio."""
    return {
        "input": rng.uniform(1, 5),
        "cached": rng.uniform(0.1, 0.9),
        "output": rng.uniform(6, 20),
    }


def draw_call(rng: Random, id: str, models: Sequence[str]) -> dict[str, Any]:
    """A call, counted by its endpoint."""
    read = rng.randint(1000, 90_000)
    return {
        "id": id,
        "model": rng.choice(models),
        "input": read,
        "cached": rng.randint(1, read),
        "output": rng.randint(1, 4000),
    }


def draw_run(rng: Random, size: int) -> tuple[list[dict[str, Any]], dict[str, Price]]:
    """Calls to three models, and the prices of four."""
    models = new_names(rng, 4)
    calls = [draw_call(rng, id, models[:3]) for id in new_names(rng, size)]
    return calls, {model: draw_price(rng) for model in rng.sample(models, 4)}


def billed(calls: Sequence[Mapping[str, Any]], prices: Mapping[str, Price]) -> dict[str, float]:
    """What the calls come to, part by part."""
    rows = [(call, prices[call["model"]]) for call in calls]
    fresh = sum((call["input"] - call["cached"]) * price["input"] for call, price in rows)
    held = sum(call["cached"] * price["cached"] for call, price in rows)
    written = sum(call["output"] * price["output"] for call, price in rows)
    return {"prefill": fresh / MILLION, "cached": held / MILLION, "decode": written / MILLION}


@lab.property("formulae", 1, "each call is paid at its own model's price, part by part")
async def adds_up_a_bill(probe: Probe) -> None:
    for size in (1, 7):
        calls, prices = draw_run(probe.rng, size)
        got = await probe.call("bill", calls, prices)
        expect_numbers(probe, got, billed(calls, prices), "a part of the bill is not right")


async def refuses_call(
    probe: Probe,
    calls: Sequence[Mapping[str, object]],
    prices: Mapping[str, Price],
    at: int,
    words: str,
) -> None:
    """Raises `Broken` unless a bill is refused because of this call."""
    id, *others = (str(call["id"]) for call in (calls[at], *calls[:at], *calls[at + 1 :]))
    await refuses(probe.call("bill", calls, prices), words, id, others)


@lab.property("formulae", 0.5, "what was not counted, or has no price, is refused by name")
async def refuses_what_is_not_known(probe: Probe) -> None:
    rng = probe.rng
    for change, words in (
        ({"input": None, "cached": None, "output": None}, "a call without counts"),
        ({"model": "nobody"}, "a model without a price"),
    ):
        calls, prices = draw_run(rng, 4)
        at = rng.randrange(4)
        calls[at] |= change
        await refuses_call(probe, calls, prices, at, words)
    await probe.call("bill", *draw_run(rng, 3))  # a right one is not refused


def foreseen(steps: int, start: int, answer: int, result: int, price: Price) -> tuple[float, float]:
    """What a plan costs, re-sent and cached, prompt by prompt."""
    resent, cached, before, prompt = 0.0, 0.0, 0, start
    for _ in range(steps):
        resent += prompt * price["input"] + answer * price["output"]
        cached += (prompt - before) * price["input"] + before * price["cached"]
        cached += answer * price["output"]
        before, prompt = prompt, prompt + answer + result
    return resent / MILLION, cached / MILLION


async def expect_forecast(probe: Probe, plan: Sequence[int], price: Price) -> None:
    match await probe.call("forecast", *plan, price):
        case [resent, cached]:
            wanted = foreseen(*plan, price)  # type: ignore[arg-type]
            expect_number(probe, resent, wanted[0], "re-sent, each prompt is paid in full")
            words = "cached, what the prompt before held is paid as cached, and the rest in full"
            expect_number(probe, cached, wanted[1], words)
        case _:
            raise Broken("it returns two numbers: re-sent and cached")


def draw_plan(rng: Random, steps: int) -> list[int]:
    return [steps, rng.randint(500, 4000), rng.randint(50, 300), rng.randint(400, 3000)]


@lab.property("formulae", 1, "a plan's cost is foreseen, re-sent and cached")
async def foresees(probe: Probe) -> None:
    for steps in (10, 1, probe.rng.randint(2, 30)):
        await expect_forecast(probe, draw_plan(probe.rng, steps), draw_price(probe.rng))


@lab.property("formulae", 0.5, "a key and a value are kept for each token, layer and KV head")
async def counts_bytes(probe: Probe) -> None:
    rng = probe.rng
    for bits in (16, rng.choice([4, 8, 32])):
        shape = (rng.randint(2, 90), rng.choice([1, 8, 32]), rng.choice([64, 96, 128]))
        tokens = rng.choice([1, rng.randint(100, 50_000)])
        named = {} if bits == 16 else {"bits": bits}
        got = await probe.call("kv_bytes", tokens, *shape, **named)
        wanted = 2 * tokens * math.prod(shape) * bits // 8
        expect_number(probe, got, wanted, "it is not the number of bytes")


### BEGIN HIDDEN TESTS
def parting(rng: Random, prompt: Sequence[str], at: int) -> list[str]:
    """A prompt that has the first `at` tokens in common with this one; each word is a token."""
    for number, message in enumerate(prompt):
        size = len(message.split(" "))
        if at < size:
            return edited(rng, prompt, number, at)
        at -= size
    return [*prompt]


@lab.property("formulae", 1, "the boundary of the cache is right to the token", cases=1)
async def minds_the_boundary(probe: Probe) -> None:
    rng = probe.rng
    words = "the boundary is not right to the token"
    prompt, block = draw_prompt(rng, 20, 9, 40, 1), rng.randint(5, 9)
    for at in (0, block - 1, block, 3 * block - 1, 3 * block, 3 * block + 1):
        before = [parting(rng, prompt, at), draw_prompt(rng, 3, 9), ["Now:", *prompt]]
        for shortest in (0, block, 2 * block + 1, 3 * block):
            cache = {"block": block, "shortest": shortest}
            await expect_cached(probe, prompt, before, words, **cache)
    prompt = draw_prompt(rng, 700, 500)
    for at in (1023, 1024, 1151, 1152):  # as OpenAI's cache does it
        before = [parting(rng, prompt, at)]
        await expect_cached(probe, prompt, before, words, block=128, shortest=1024)
    one = draw_prompt(rng, 6, 4)
    for prompt, before in (
        (one, [one]),
        (one, [[*one, "More."]]),
        (one, [one[:1]]),
        ([], [one, []]),
        (["Now reconsider"], [["Now reconsiders"]]),
    ):
        await expect_cached(probe, prompt, before, "the end of a prompt is an edge like others")


@lab.property(
    "formulae", 0.5, "whatever is wrong with a count is refused, and nothing else", cases=1
)
async def refuses_every_wrong_count(probe: Probe) -> None:
    rng = probe.rng
    words = "a count that is missing, or cannot be,"
    for name in ("input", "cached", "output"):
        for wrong in (None, -rng.randint(1, 9), rng.randint(1, 9) + 0.5, "missing"):
            calls, prices = draw_run(rng, 3)
            at = rng.randrange(3)
            if wrong == "missing":
                del calls[at][name]
            else:
                calls[at][name] = wrong
            await refuses_call(probe, calls, prices, at, words)
    calls, prices = draw_run(rng, 3)
    at = rng.randrange(3)
    calls[at]["cached"] = calls[at]["input"] + 1
    await refuses_call(probe, calls, prices, at, "more cached than there was input")
    calls, prices = draw_run(rng, 3)
    calls[0] |= {"input": 0, "cached": 0, "output": 0}
    calls[1]["cached"] = calls[1]["input"]
    calls[2]["cached"] = 0
    for price, part in zip(prices.values(), ("input", "cached", "output"), strict=False):
        price[part] = 0
    words = "0 is a count, and a price"
    expect_numbers(probe, await probe.call("bill", calls, prices), billed(calls, prices), words)
    nothing = dict.fromkeys(("prefill", "cached", "decode"), 0)
    expect_numbers(probe, await probe.call("bill", [], prices), nothing, "no call costs nothing")


@lab.property("formulae", 1, "a forecast holds where the cache is free, and for no steps", cases=1)
async def foresees_the_limits(probe: Probe) -> None:
    rng = probe.rng
    price = draw_price(rng)
    for cached in (0.0, price["input"]):  # each token once, and re-sent
        await expect_forecast(
            probe, draw_plan(rng, rng.randint(3, 300)), price | {"cached": cached}
        )
    await expect_forecast(probe, draw_plan(rng, 0), price)
    for plan in ([7, 900, 0, 0], [4, 0, 30, 200], [1, 0, 5, 0]):
        await expect_forecast(probe, plan, price)
    for at in range(4):
        plan = draw_plan(rng, 5)
        plan[at] = -plan[at]
        await refuses(probe.call("forecast", *plan, price), "a negative number")


### END HIDDEN TESTS


# 9.2 The router

ERRORS = (ValueError, KeyError, TimeoutError, RuntimeError, ToolFailed)


class Desk:
    """Two models and who judges them, as the judge serves them.

    `able` are the models that get a step right; in `raising` stand the calls that raise.
    """

    def __init__(
        self,
        probe: Probe,
        able: Mapping[str, str],
        *,
        raising: Collection[tuple[str, str]] = (),
        answers: Sequence[object] = (),
    ) -> None:
        rng = probe.rng
        self.probe, self.able, self.raising = probe, able, raising
        calls = [(name, step) for name in ("small", "large") for step in able]
        self.answers = {
            call: rng.choice(answers) if answers else f"{rng.choice(WORDS)} {rng.random()}"
            for call in calls
        }
        self.dollars = {call: rng.uniform(0.1, 1) for call in calls}
        self.asked: list[tuple[str, str]] = []
        self.unjudged: list[tuple[str, str]] = []
        self.faults: list[str] = []

        async def small(step: str) -> dict[str, object]:
            return self._answer("small", step)

        async def large(step: str) -> dict[str, object]:
            return self._answer("large", step)

        async def passes(step: str, answer: object) -> bool:
            return self._judge(step, answer)

        self.served = [probe.function(one) for one in (small, large, passes)]

    def _answer(self, name: str, step: str) -> dict[str, object]:
        if self.unjudged:
            self.faults.append("an answer is judged before anybody else is asked")
        self.asked.append((name, step))
        if (name, step) in self.raising:
            raise self.probe.rng.choice(ERRORS)("no answer")
        self.unjudged.append((name, step))
        return {"answer": self.answers[name, step], "dollars": self.dollars[name, step]}

    def _judge(self, step: str, answer: object) -> bool:
        given = self.unjudged.pop() if self.unjudged else ("", "")
        if given[1] != step or answer != self.answers[given]:
            self.faults.append("passes is asked once for each answer, with the step that it is for")
        return given[0] in self.able.get(step, "")

    def plan(self, patience: int | None) -> tuple[list[tuple[str, str]], dict[str, dict[str, Any]]]:
        """Who is to be asked what, in order, and what is to come of it."""
        asked, outcomes, missed = list[tuple[str, str]](), dict[str, dict[str, Any]](), 0
        for step, able in self.able.items():
            first = [] if patience is not None and missed >= patience else [("small", step)]
            right = [call for call in first if call not in self.raising and "small" in able]
            calls = first if right else [*first, ("large", step)]
            missed = 0 if right else missed + 1
            if not right and ("large", step) not in self.raising and "large" in able:
                right = [("large", step)]
            asked += calls
            outcomes[step] = {
                "answer": self.answers[right[0]] if right else None,
                "by": right[0][0] if right else None,
                "dollars": sum(self.dollars[call] for call in calls if call not in self.raising),
            }
        return asked, outcomes

    async def route(self, *, dollars: bool = False, **patience: int | None) -> None:
        """Have the steps routed, and look at who was asked and what came of it."""
        got = await self.probe.call("route", [*self.able], *self.served, **patience)
        asked, wanted = self.plan(patience.get("patience"))
        if self.faults:
            raise Broken(self.faults[0])
        words = "each step, in its turn: the small model, and the large one only where it must"
        self.probe.equal(self.asked, asked, words)
        self.probe.expect(not self.unjudged, "each answer is judged, the large model's too")
        if not isinstance(got, dict) or [*got] != [*wanted]:
            raise Broken("it returns a dict of what came of each step, in their order")
        for step, outcome in wanted.items():
            if not isinstance(got[step], dict) or not outcome.keys() <= got[step].keys():
                raise Broken("what came of a step is a dict with answer, by and dollars")
            for name in ("answer", "by"):
                self.probe.equal(got[step][name], outcome[name], f"{name} is not right")
            if dollars:
                words = "the dollars of a step are all that was paid for it"
                expect_number(self.probe, got[step]["dollars"], outcome["dollars"], words)


def draw_able(rng: Random, *able: str) -> dict[str, str]:
    """Steps that these are able to do, in any order."""
    return dict(zip(new_names(rng, len(able)), rng.sample(able, len(able)), strict=True))


BOTH, LARGE, NONE = "small large", "large", ""


@lab.property("router", 0.5, "where the small model's answer passes, nobody else is asked")
async def asks_the_small_one_first(probe: Probe) -> None:
    await Desk(probe, draw_able(probe.rng, BOTH, BOTH, BOTH, BOTH)).route()
    await Desk(probe, draw_able(probe.rng, BOTH, LARGE, BOTH)).route()


@lab.property("router", 1, "what it gets wrong, or raises an error at, goes to the large model")
async def escalates(probe: Probe) -> None:
    able = draw_able(probe.rng, BOTH, LARGE, LARGE, LARGE, BOTH)
    raising = [("small", step) for step in probe.rng.sample([*able], 2)]
    await Desk(probe, able, raising=raising).route()


@lab.property("router", 1, "an attempt that failed is on the bill as well")
async def pays_for_all(probe: Probe) -> None:
    await Desk(probe, draw_able(probe.rng, BOTH, LARGE, LARGE, BOTH)).route(dollars=True)


@lab.property("router", 0.5, "after so many misses in a row the small model is given up")
async def gives_up(probe: Probe) -> None:
    patience = probe.rng.randint(1, 3)
    able = dict.fromkeys(new_names(probe.rng, patience + 3), LARGE)
    await Desk(probe, able).route(patience=patience)


### BEGIN HIDDEN TESTS
@lab.property("router", 1, "where the large one fails too the step has failed, and the run goes on")
async def survives_both(probe: Probe) -> None:
    rng = probe.rng
    able = draw_able(rng, BOTH, NONE, LARGE, LARGE, NONE, BOTH, LARGE)
    hard = [step for step, names in able.items() if names == LARGE]
    raising = [("large", hard[0]), ("small", hard[0]), ("large", hard[1])]
    await Desk(probe, able, raising=raising).route(dollars=True)


@lab.property("router", 0.5, "misses count in a row: wrong or raised, whoever did the step then")
async def counts_in_a_row(probe: Probe) -> None:
    rng = probe.rng
    pattern = [LARGE, BOTH, NONE, LARGE, BOTH, LARGE, LARGE, NONE, BOTH, BOTH]
    for patience in (0, 1, 2, 3, None):
        able = dict(zip(new_names(rng, 10), pattern, strict=True))
        raising = [("small", step) for step in [*able][5:7]]
        await Desk(probe, able, raising=raising).route(dollars=True, patience=patience)


@lab.property("router", 0.5, "nothing may be an answer, passes may raise, and a plan may be empty")
async def minds_empty_things(probe: Probe) -> None:
    rng = probe.rng
    await Desk(probe, {}).route()
    nothing: list[object] = [None, "", 0, [], False]
    await Desk(probe, draw_able(rng, BOTH, LARGE, BOTH, NONE), answers=nothing).route(dollars=True)
    desk, error = Desk(probe, draw_able(rng, BOTH, BOTH)), rng.choice(ERRORS)

    async def broken(step: str, answer: object) -> bool:
        raise error("the judge is broken")

    judge = probe.function(broken)
    try:
        await probe.call("route", [*desk.able], *desk.served[:2], judge)
    except Raised as raised:
        probe.expect(raised.kind == error.__name__, "an error of passes comes through as it is")
        probe.expect(len(desk.asked) == 1, "an error of passes is no reason to ask anybody else")
    else:
        raise Broken("an error of passes comes through")


### END HIDDEN TESTS


# 9.3 Does the cheap executor pay?

Dollars = dict[str, float]


def draw_part(rng: Random, least: float, most: float) -> Dollars:
    """What a part of a task costs by either model, the small one being cheaper by any ratio."""
    large = rng.uniform(least, most)
    return {"large": large, "small": large * rng.uniform(0.05, 0.5)}


def draw_task(rng: Random) -> tuple[Dollars, Dollars, float]:
    """Planning, work and judging; the small model pays if not too much is escalated."""
    work = draw_part(rng, 5, 20)
    return draw_part(rng, 2, 6), work, work["large"] * rng.uniform(0.05, 0.3)


def by_small(work: Dollars, judging: float, escalated: float) -> float:
    """What it takes to carry out the work: each part once, and a share once more."""
    return math.fsum([work["small"], judging, escalated * work["large"]])


async def expect_team(
    probe: Probe, team: str, task: tuple[Dollars, Dollars, float], escalated: float, padding: float
) -> None:
    planning, work, judging = task
    carried_out = by_small(work, judging, escalated)
    wanted = {
        "large": planning["large"] + work["large"],
        "mixed": planning["large"] + carried_out,
        "small": planning["small"] + padding * carried_out,
    }
    got = await probe.call("team_costs", planning, work, judging, escalated, padding)
    if not isinstance(got, dict) or not wanted.keys() <= got.keys():
        raise Broken("it returns a dict with what large, mixed and small cost")
    expect_number(probe, got[team], wanted[team], f"it is not what the {team} team costs")


async def expect_even(probe: Probe, task: tuple[Dollars, Dollars, float], escalated: float) -> None:
    """Both break-evens, where there is something to carry out and the small model pays."""
    planning, work, judging = task
    words = "with that share escalated the mixed team does not cost what the large one costs"
    share = (work["large"] - by_small(work, judging, 0)) / work["large"]
    expect_number(probe, await probe.call("most_escalated", work, judging), share, words)
    words = "with that padding the small team does not cost what the mixed one costs"
    wanted = 1 + (planning["large"] - planning["small"]) / by_small(work, judging, escalated)
    got = await probe.call("most_padding", planning, work, judging, escalated)
    expect_number(probe, got, wanted, words)


@lab.property("even", 1, "the mixed team pays for plan, attempts, judge and what is done again")
async def adds_up_the_mixed_team(probe: Probe) -> None:
    for _ in range(2):
        task, share, padding = draw_task(probe.rng), probe.rng.uniform(0.1, 0.6), 2.0
        await expect_team(probe, "mixed", task, share, padding)
        await expect_team(probe, "large", task, share, padding)


@lab.property("even", 1, "the small team pays for all of that as often as its plan is padded")
async def adds_up_the_small_team(probe: Probe) -> None:
    for padding in (1.0, probe.rng.uniform(1.2, 4)):
        task = draw_task(probe.rng)
        await expect_team(probe, "small", task, probe.rng.uniform(0.1, 0.6), padding)


@lab.property("even", 0.5, "at the share that may be escalated, large and mixed cost the same")
async def finds_the_share(probe: Probe) -> None:
    for _ in range(3):
        _, work, judging = draw_task(probe.rng)
        share = 1 - work["small"] / work["large"] - judging / work["large"]
        words = "with that share escalated the mixed team does not cost what the large one costs"
        expect_number(probe, await probe.call("most_escalated", work, judging), share, words)


@lab.property("even", 0.5, "at the padding that can be borne, small and mixed cost the same")
async def finds_the_padding(probe: Probe) -> None:
    for _ in range(3):
        planning, work, judging = draw_task(probe.rng)
        escalated = probe.rng.uniform(0.1, 0.6)
        wanted = 1 + (planning["large"] - planning["small"]) / by_small(work, judging, escalated)
        got = await probe.call("most_padding", planning, work, judging, escalated)
        words = "with that padding the small team does not cost what the mixed one costs"
        expect_number(probe, got, wanted, words)


### BEGIN HIDDEN TESTS
NOTHING: Dollars = {"large": 0.0, "small": 0.0}


@lab.property("even", 1, "a plan without work, and a model that is free, have a cost too", cases=1)
async def minds_nothing_to_do(probe: Probe) -> None:
    rng = probe.rng
    planning = draw_part(rng, 1, 3)
    for plan in (planning, NOTHING):
        for team in ("large", "mixed", "small"):
            await expect_team(probe, team, (plan, NOTHING, 0.0), 0.3, 2.0)
        got = await probe.call("most_padding", plan, NOTHING, 0.0, 0.3)
        expect_number(probe, got, math.inf, "where the work costs nothing any padding can be borne")
    got = await probe.call("most_escalated", NOTHING, 0.0)
    probe.equal(got, None, "where there is no work nothing can be saved")
    free = {"large": rng.uniform(5, 9), "small": 0.0}
    for team in ("mixed", "small"):
        await expect_team(probe, team, (planning | {"small": 0.0}, free, 0.0), 0.25, 3.0)
    await expect_even(probe, (planning, free, 0.0), 0.25)
    got = await probe.call("most_padding", planning, free, 0.0, 0.0)
    expect_number(probe, got, math.inf, "where the work costs nothing any padding can be borne")


@lab.property("even", 0.5, "where a cheap executor never pays, no share is named", cases=1)
async def says_never(probe: Probe) -> None:
    rng = probe.rng
    for _ in range(3):
        _, work, _ = draw_task(rng)
        saved = work["large"] - work["small"]
        got = await probe.call("most_escalated", work, saved * rng.uniform(1.05, 1.5))
        probe.equal(got, None, "a judge that is dearer than what is saved leaves no share")
        judging = saved * rng.uniform(0.9, 0.97)
        share = (saved - judging) / work["large"]
        got = await probe.call("most_escalated", work, judging)
        expect_number(probe, got, share, "it pays as long as anything is saved")


@lab.property("even", 0.5, "nothing escalated, everything, and no judge are cases like others")
async def minds_the_ends(probe: Probe) -> None:
    for escalated in (0.0, 1.0):
        planning, work, judging = draw_task(probe.rng)
        for judged in (judging, 0.0):
            task = (planning, work, judged)
            for team in ("large", "mixed", "small"):
                await expect_team(probe, team, task, escalated, probe.rng.uniform(0.5, 9))
            await expect_even(probe, task, escalated)


### END HIDDEN TESTS
