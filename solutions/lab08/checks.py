"""Lab 08: what a gate, an approval and a policy must do, whoever asks and whoever answers.

The judge serves the tools and the reviewer, so it sees who was asked and what happened. Each check
also brings honest work: a gate that refuses everything is no gate. Nobody looks at a clock.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any, cast

from planlab.errors import Refused, ToolFailed, Transient
from planlab.grading import Broken, Lab, Probe, Question, Raised
from planlab.grading.checks import Handle

lab = Lab(
    "lab08",
    "Human gates and a red team",
    questions=(
        Question("gates", 7, "8.1 The gate"),
        Question("binding", 5, "8.2 An approval for one thing"),
        Question("redteam", 5, "8.3 The red team"),
        Question("memo", 3, "8.4 A policy memo", manual=True),
    ),
    withheld=(
        "planlab.patterns.gates",
        "planlab.reviewing",
        "planlab.taint",
        "planlab.ledger",
        "planlab.journal",
        "planlab.audit",
        "planlab.durable",
        "planlab.compare",
    ),
)

WORDS = [
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "inlet", "jetty"),
    *("knoll", "larch", "maple", "north", "ochre", "pearl", "quill", "ridge", "slate", "tulip"),
]
LOOK = 0.02  # seconds between two looks at a submission that is left to itself
LOOKS = 40  # looks at which nothing happens: it hangs
QUICK = 10  # of them come one after the other
NO_HURRY = 3600.0  # seconds of patience that nobody needs

Arguments = dict[str, object]
Result = tuple[str, object]


def new_name(rng: Random) -> str:
    """A name that says nothing."""
    return f"{rng.choice(WORDS)}_{rng.choice(WORDS)}{rng.randrange(1000, 10_000)}"


# 8.1 The gate


class Office:
    """Tools and a reviewer as the judge serves them, who was asked, and what happened."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.asked: list[tuple[str, object]] = []
        self.effects: list[tuple[str, Arguments]] = []
        self.answers: dict[str, object] = {}  # the reviewer's, where it is not "approve"
        self.broken: dict[str, Exception] = {}  # tools that raise after they have done something
        self.held: dict[str, asyncio.Event] = {}  # "review" or "run": waits until it is set
        self.tools: dict[str, dict[str, object]] = {}

        async def reviewer(name: str, arguments: object) -> object:
            self.asked.append((name, arguments))
            await self._wait("review")
            answer = self.answers.get(name, "approve")
            if isinstance(answer, Exception):
                raise answer
            if answer == "never":
                await self.held.setdefault("never", asyncio.Event()).wait()
            return answer

        self.reviewer = probe.function(reviewer)

    async def _wait(self, what: str) -> None:
        if what in self.held:
            await self.held[what].wait()

    def add(self, risk: object = "LOW", cents: int = 0) -> str:
        """One more tool; its name. A risk of `...` is left out."""
        rng = self.probe.rng
        name = new_name(rng)

        async def run(**arguments: object) -> str:
            self.effects.append((name, arguments))
            await self._wait("run")
            if name in self.broken:
                raise self.broken[name]
            return f"{name} did it"

        words = rng.sample(WORDS, 3)
        takes = {words[0]: "text", words[1]: "number", words[2]: rng.choice(["text", "number"])}
        tool = {"takes": takes, "cents": cents, "run": self.probe.function(run), "risk": risk}
        self.tools[name] = {key: value for key, value in tool.items() if value is not ...}
        return name

    def given(self, name: str) -> Arguments:
        """Arguments that the tool takes."""
        rng = self.probe.rng
        takes = cast(dict[str, str], self.tools[name]["takes"])
        return {
            each: rng.choice(["", *WORDS, "12", "approve"])
            if kind == "text"
            else rng.choice([0, -3, rng.randrange(1000), rng.random() * 100])
            for each, kind in rng.sample(sorted(takes.items()), len(takes))
        }

    async def open(self, cents: int = 1000, patience: float = NO_HURRY) -> Handle:
        """The learner's caller around these tools, this reviewer and this money."""
        caller = await self.probe.call("make_caller", self.tools, self.reviewer, cents, patience)
        if isinstance(caller, Handle):
            return caller
        raise Broken("it returns a function that is called as call(name, arguments)")

    async def runs(self, call: Handle, name: str, words: str, *, asks: bool | None = None) -> None:
        """The call goes through, once and as it is; `asks` says if the reviewer is asked first."""
        arguments = self.given(name)
        asked, effects = len(self.asked), len(self.effects)
        got = await finish(self.probe, call.call("__call__", name, arguments))
        done = self.effects[effects:]
        self.probe.expect(is_result(got, "done") and len(done) == 1, words)
        self.probe.equal(done[0], (name, arguments), "a tool is run with the arguments as they are")
        self.probe.equal(cast(Result, got)[1], f"{name} did it", "it returns what the tool returns")
        wanted = [] if asks is False else [(name, arguments)]
        if asks is not None:
            told = "the reviewer is asked once, about this call" if asks else "nobody is asked"
            self.probe.equal(self.asked[asked:], wanted, told)

    async def refuses(
        self, call: Handle, name: str, words: str, *given: object, unasked: bool = False
    ) -> None:
        """The call is refused, and nothing happens."""
        arguments = given[0] if given else self.given(name)
        asked, effects = len(self.asked), len(self.effects)
        got = await finish(self.probe, call.call("__call__", name, arguments))
        self.probe.expect(len(self.effects) == effects and is_result(got, "refused"), words)
        if unasked:
            self.probe.expect(len(self.asked) == asked, "nobody is asked about what cannot be run")


def is_result(got: object, word: str) -> bool:
    """Is it the pair that begins with this word? A refusal says why."""
    match got:
        case [str(first), second]:
            return first == word and (word == "done" or (isinstance(second, str) and second != ""))
    raise Broken('a call returns ("done", result) or ("refused", why)')


async def turn(probe: Probe) -> None:
    """The submission has heard all that was said before."""
    with suppress(Raised):  # no name: the answer takes a turn, and nothing else
        await probe.call("a turn, please")


async def until(probe: Probe, holds: Callable[[], object], words: str) -> None:
    """It must hold soon, in turns of the submission; after a while it is given some rest, too."""
    for look in range(LOOKS):
        if holds():
            return
        await turn(probe)
        await asyncio.sleep(LOOK if look > QUICK else 0)
    raise Broken(words)


async def finish(probe: Probe, calling: Awaitable[object]) -> object:
    """What a call returns that nobody helps along."""
    call = asyncio.ensure_future(calling)
    try:
        await asyncio.wait({call}, timeout=LOOK)
        await until(probe, call.done, "it waits for ever")
        return call.result()
    finally:
        call.cancel()


RISKY = "a HIGH call runs if the reviewer approves it"


@lab.property("gates", 1.5, "LOW and MEDIUM run unasked; HIGH runs if it was approved, and once")
async def asks_by_risk(probe: Probe) -> None:
    office = Office(probe)
    low, medium = office.add("LOW"), office.add("MEDIUM")
    good, bad = office.add("HIGH"), office.add("HIGH")
    office.answers[bad] = "reject"
    call = await office.open()
    for name in probe.rng.sample([low, medium, good, bad, good, low], 6):
        if name == bad:
            await office.refuses(call, name, "what the reviewer rejects does not run")
        elif name == good:
            await office.runs(call, name, RISKY, asks=True)
        else:
            await office.runs(call, name, "LOW and MEDIUM calls run, unasked", asks=False)


@lab.property(
    "gates", 1, "what costs more than is left does not run; what was refused costs nothing"
)
async def keeps_the_budget(probe: Probe) -> None:
    office = Office(probe)
    price = probe.rng.randint(20, 40)
    dear, cheap, free = office.add("LOW", price), office.add("LOW", price // 2), office.add("LOW")
    rejected = office.add("HIGH", price)
    office.answers[rejected] = "reject"
    call = await office.open(2 * price + price // 2)
    for _ in range(3):
        await office.refuses(call, rejected, "what the reviewer rejects does not run")
    for name in probe.rng.sample([dear, dear, free], 3):
        await office.runs(call, name, "what the budget holds is run, and refusals cost nothing")
    await office.refuses(call, dear, "what costs more than is left does not run")
    await office.runs(call, cheap, "what costs exactly what is left is run")
    await office.refuses(call, cheap, "what costs more than is left does not run")
    await office.runs(call, free, "what costs nothing runs, with nothing left")


@lab.property(
    "gates", 0.5, "a reviewer who raises has not approved, and the next call is judged anew"
)
async def survives_a_broken_reviewer(probe: Probe) -> None:
    office = Office(probe)
    good, bad = office.add("HIGH"), office.add("HIGH")
    errors = (RuntimeError, KeyError, TimeoutError, ConnectionError, Refused, Transient)
    call = await office.open()
    for error in probe.rng.sample(errors, 3):
        office.answers[bad] = error("approve")
        await office.refuses(call, bad, "a reviewer who raises has not approved")
        await office.runs(call, good, RISKY, asks=True)
    office.answers = {good: "reject"}
    await office.runs(call, bad, RISKY, asks=True)
    await office.refuses(call, good, "an approval of before does not hold for another call")


### BEGIN HIDDEN TESTS
@lab.property(
    "gates", 0.5, "a risk that is not there, or that nobody knows, counts as HIGH", cases=1
)
async def takes_unknown_for_high(probe: Probe) -> None:
    office = Office(probe)
    risks = [..., None, "", "low", "LOW ", "VERY LOW", "LOWER", "harmless", "MEDIUMLOW", 0, 1]
    names = [office.add(risk) for risk in risks]
    known = [office.add("LOW"), office.add("MEDIUM")]
    call = await office.open()
    for name in probe.rng.sample(names, len(names)):
        office.answers[name] = "reject"
        await office.refuses(call, name, "a call of unknown risk does not run unless approved")
        del office.answers[name]
        await office.runs(call, name, "a call of unknown risk runs if approved", asks=True)
    for name in known:
        await office.runs(call, name, "LOW and MEDIUM calls run, unasked", asks=False)


@lab.property("gates", 0.5, "a tool that is not there runs nothing, and asks nobody")
async def refuses_unknown_tools(probe: Probe) -> None:
    office = Office(probe)
    low, high = office.add("LOW", 5), office.add("HIGH", 5)
    call = await office.open(10)
    for name in (new_name(probe.rng), low[:-1], high.upper(), ""):
        words = "a tool that is not there is refused"
        await office.refuses(call, name, words, office.given(low), unasked=True)
    await office.runs(call, low, "the tools that are there still run")
    await office.runs(call, high, "the tools that are there still run", asks=True)


@lab.property(
    "gates",
    0.5,
    "malformed arguments are refused before anybody is asked, and cost nothing",
    cases=1,
)
async def refuses_malformed_arguments(probe: Probe) -> None:
    office = Office(probe)
    names = [office.add("LOW", 7), office.add("HIGH", 7)]
    call = await office.open(14)
    for name in names:
        for arguments in malformed(office, name):
            words = "arguments that the tool does not take are refused"
            await office.refuses(call, name, words, arguments, unasked=True)
    for name in names:
        await office.runs(call, name, "the honest call still runs, and is still paid for")


def malformed(office: Office, name: str) -> list[object]:
    """Arguments that the tool does not take."""
    takes = cast(dict[str, str], office.tools[name]["takes"])
    text, number, _ = takes
    good = office.given(name)
    bad: list[object] = [
        {**good, "approved": True},
        {each: value for each, value in good.items() if each != text},
        *({**good, text: value} for value in (5, None, ["a"], True)),
        *({**good, number: value} for value in ("5", None, [5], True, False)),
        *({**good, number: value} for value in (math.nan, math.inf, -math.inf)),
        {},
        *(None, "", [], sorted(good), 5),
    ]
    return office.probe.rng.sample(bad, len(bad))


@lab.property("gates", 0.5, "only the word itself approves", cases=1)
async def believes_no_nonsense(probe: Probe) -> None:
    office = Office(probe)
    name = office.add("HIGH")
    call = await office.open()
    words = ["yes", "I do not approve", "approved", "approve?", "approve\nreject", "", "disapprove"]
    things: list[object] = [None, True, 1, 0, ["approve"], {"approve": True}, ("approve", "reject")]
    for answer in probe.rng.sample([*words, *things], len(words) + len(things)):
        office.answers[name] = answer
        await office.refuses(call, name, 'whatever the reviewer answers, only "approve" approves')
    office.answers.clear()
    await office.runs(call, name, RISKY, asks=True)


async def stop(calls: Sequence["asyncio.Future[object]"]) -> None:
    """Nothing of it is under way any more; what can end by itself does."""
    await asyncio.wait(calls, timeout=LOOK)
    for one in calls:
        one.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


@asynccontextmanager
async def all_called(
    call: Handle, office: Office, names: Iterable[str]
) -> AsyncIterator[list["asyncio.Future[object]"]]:
    """Calls of these tools, all under way."""
    calls = [
        asyncio.ensure_future(call.call("__call__", name, office.given(name))) for name in names
    ]
    try:
        yield calls
    finally:
        for event in office.held.values():
            event.set()
        await stop(calls)


@lab.property("gates", 0.5, "who never answers has not approved, and holds up no other call")
async def waits_no_longer_than_it_may(probe: Probe) -> None:
    office = Office(probe)
    silent, good, low = office.add("HIGH"), office.add("HIGH"), office.add("LOW")
    office.answers[silent] = "never"
    call = await office.open()
    async with all_called(call, office, [silent, silent]):
        await until(probe, lambda: len(office.asked) == 2, "two calls can be asked about at once")
        for name in (low, good):
            await office.runs(call, name, "a call does not wait for the answer to another one")
    office.held.clear()
    call = await office.open(patience=LOOK)
    await office.refuses(call, silent, "when patience is over the call is not approved")
    office.held["never"].set()
    await office.runs(call, low, "the next call is judged anew", asks=False)
    office.held["run"] = asyncio.Event()
    async with all_called(call, office, [low]) as (slow,):
        await asyncio.sleep(3 * LOOK)
        office.held["run"].set()
        words = "patience is for the reviewer: a tool may take as long as it likes"
        probe.expect(is_result(await finish(probe, slow), "done"), words)


@lab.property("gates", 1, "calls that race for the last money never spend more than there is")
async def sets_money_aside(probe: Probe) -> None:
    price, places = probe.rng.randint(3, 30), probe.rng.randint(2, 3)
    for risk in ("LOW", "HIGH"):
        office = Office(probe)
        names = [office.add(risk, price) for _ in range(6)]
        call = await office.open(places * price + price - 1)
        office.held = {"review": asyncio.Event(), "run": asyncio.Event()}
        async with all_called(call, office, names) as calls:

            def over(calls: Sequence["asyncio.Future[object]"] = calls) -> int:
                return sum(one.done() for one in calls)

            # Whoever sets money aside before asking has refused some already.
            words = "calls are made side by side"
            waits = office.asked if risk == "HIGH" else office.effects
            await until(probe, lambda w=waits, o=over: len(w) + o() == 6, words)
            office.held["review"].set()
            await until(probe, lambda e=office.effects, o=over: len(e) + o() == 6, words)
            probe.equal(len(office.effects), places, "as many run as the money pays for, no more")
            office.held["run"].set()
            await until(probe, lambda o=over: o() == 6, "every call comes to its end")
            ends = [is_result(one.result(), "done") for one in calls]
            probe.equal(ends.count(True), places, "what has run is done, and the rest is refused")


@lab.property("gates", 0.5, "what a tool raises comes through, and what was begun is paid for")
async def pays_for_failures(probe: Probe) -> None:
    office = Office(probe)
    price = probe.rng.randint(3, 30)
    bad, good = office.add("HIGH", price), office.add("MEDIUM", price)
    call = await office.open(3 * price)
    await office.runs(call, good, "what the budget holds is run")
    error = probe.rng.choice([KeyError, TimeoutError, ToolFailed, ValueError])
    office.broken[bad] = error("the other side hung up")
    try:
        await finish(probe, call.call("__call__", bad, office.given(bad)))
    except Raised as raised:
        probe.equal(raised.kind, error.__name__, "what the tool raises comes through as it is")
    else:
        raise Broken("what the tool raises comes through as it is")
    probe.equal([name for name, _ in office.effects], [good, bad], "the tool is run once")
    await office.runs(call, good, "a failure costs its price, and no more")
    await office.refuses(call, good, "a call that failed may have happened: it is paid for")


### END HIDDEN TESTS


# 8.2 An approval for one thing


class Desk:
    """The learner's two functions, and what they must answer."""

    def __init__(self, probe: Probe, approve: Handle, use: Handle) -> None:
        self.probe, self._approve, self._use = probe, approve, use

    @classmethod
    async def open(cls, probe: Probe) -> "Desk":
        match await probe.call("make_desk"):
            case [Handle() as approve, Handle() as use]:
                return cls(probe, approve, use)
        raise Broken("it returns two functions: approve, and use")

    async def approve(
        self, call: tuple[str, Arguments], now: float, seconds: float = NO_HURRY
    ) -> None:
        await self._approve.call("__call__", *call, now, seconds)

    async def use(self, call: tuple[str, Arguments], now: float, wanted: bool, words: str) -> None:
        got = await self._use.call("__call__", *call, now)
        self.probe.expect(isinstance(got, bool), "use returns True or False")
        self.probe.expect(got == wanted, words)


def draw_call(rng: Random) -> tuple[str, Arguments]:
    """A payment, or something like it."""
    one, two, three = rng.sample(WORDS, 3)
    amount = rng.choice([rng.randrange(10, 1000), rng.randrange(10, 1000) / 4 + 0.1])
    arguments = {one: rng.choice(WORDS), two: amount, three: f"{rng.choice(WORDS)} refund"}
    return new_name(rng), arguments


def changed(rng: Random, call: tuple[str, Arguments]) -> list[tuple[str, Arguments]]:
    """Calls that are not quite this one: the tool, each of the arguments, one more, one less."""
    name, arguments = call
    one, amount, three = arguments
    number = cast(float, arguments[amount])
    return [
        (new_name(rng), arguments),
        (name, {**arguments, one: f"{arguments[one]}s"}),
        (name, {**arguments, amount: number + rng.choice([1, 4000])}),
        (name, {**arguments, three: f"{arguments[three]}, urgent"}),
        (name, {**arguments, "copy": "x"}),
        (name, {each: arguments[each] for each in (one, amount)}),
    ]


APPROVED = "what was approved passes"
OTHER = "an approval is for the exact call: no other tool, no other arguments"
USED = "an approval is used up by being used"


@lab.property("binding", 1, "what was approved passes once, and nothing passes that was not")
async def is_used_once(probe: Probe) -> None:
    desk, now = await Desk.open(probe), probe.rng.uniform(0, 1e6)
    calls = [draw_call(probe.rng) for _ in range(3)]
    await desk.use(calls[0], now, False, "nothing passes before it was approved")
    for call in calls:
        await desk.approve(call, now)
    for call in probe.rng.sample(calls, 3):
        await desk.use(call, now, True, APPROVED)
        await desk.use(call, now, False, USED)
    await desk.use(calls[0], now + 1, False, USED)


@lab.property(
    "binding", 1, "an approval is for the exact call, and another call does not use it up"
)
async def is_bound(probe: Probe) -> None:
    desk, now = await Desk.open(probe), probe.rng.uniform(0, 1e6)
    call = draw_call(probe.rng)
    await desk.approve(call, now)
    for other in probe.rng.sample(changed(probe.rng, call), 6):
        await desk.use(other, now, False, OTHER)
    await desk.use(call, now, True, "a call that was refused leaves the approvals as they are")


@lab.property("binding", 1, "an approval ends with its time, by the clock that it is given")
async def ends(probe: Probe) -> None:
    rng = probe.rng
    desk, now = await Desk.open(probe), float(rng.randint(-(10**6), 10**6))
    late, early, long = draw_call(rng), draw_call(rng), draw_call(rng)
    seconds = rng.randint(10, 900)
    await desk.approve(long, now, 10**9)
    for call in (late, early):
        await desk.approve(call, now, seconds)
    await desk.use(early, now + seconds - 0.5, True, "within its time an approval holds")
    await desk.use(late, now + seconds, False, "at the end of its time an approval is over")
    await desk.use(late, now + seconds + 9, False, "after its time an approval is over")
    await desk.approve(late, now + seconds + 9, seconds)
    await desk.use(late, now + seconds + 10, True, "what has ended can be approved anew")
    await desk.use(long, now + 10**8, True, "each approval has a time of its own")


### BEGIN HIDDEN TESTS
@lab.property("binding", 0.5, "the same arguments in another order are the same call")
async def knows_its_call(probe: Probe) -> None:
    rng = probe.rng
    desk, now = await Desk.open(probe), rng.uniform(0, 1e6)
    name, arguments = draw_call(rng)
    inner = {"to": rng.choice(WORDS), "lines": [1, {"a": 2, "b": None}]}
    turned = {"lines": [1, {"b": None, "a": 2}], "to": inner["to"]}
    whole = {**arguments, "order": inner}
    for _ in range(2):
        await desk.approve((name, whole), now)
        other = {"order": turned, **dict(reversed(arguments.items()))}
        await desk.use((name, other), now, True, "the order of arguments does not matter")
    await desk.approve((name, whole), now)
    moved = {**whole, "order": {**inner, "lines": [{"a": 2, "b": None}, 1]}}
    await desk.use((name, moved), now, False, "the order within a list does matter")
    await desk.use((name, whole), now, True, APPROVED)


@lab.property("binding", 0.5, "values that only look alike make another call")
async def is_not_fooled(probe: Probe) -> None:
    rng = probe.rng
    desk, now = await Desk.open(probe), rng.uniform(0, 1e6)
    name, (a, b, c) = new_name(rng), rng.sample(WORDS, 3)
    number = rng.randrange(2, 900)
    pairs: list[tuple[Arguments, Arguments]] = [
        ({a: number}, {a: str(number)}),
        ({a: number}, {a: float(number)}),
        ({a: 1}, {a: True}),
        ({a: None}, {a: "None"}),
        ({a: "x", b: f"y, {c}"}, {a: f"x, {b}", b: f"y, {c}"}),
        ({a: "x,y", b: "z"}, {a: "x", b: "y,z"}),
        ({a: "x", b: "y"}, {a: "y", b: "x"}),
        ({a: ["x", "y"]}, {a: "['x', 'y']"}),
        ({a: "Pay Ann"}, {a: "pay ann "}),
        ({a: [number]}, {a: number}),
    ]
    for approved, other in rng.sample(pairs, len(pairs)):
        await desk.approve((name, approved), now)
        await desk.use((name, other), now, False, OTHER)
        await desk.use((name, approved), now, True, APPROVED)


@lab.property(
    "binding", 0.5, "two approvals of one call are two uses, the sooner to end goes first"
)
async def counts(probe: Probe) -> None:
    rng = probe.rng
    desk, now = await Desk.open(probe), rng.uniform(0, 1e6)
    call = draw_call(rng)
    words = "each of several approvals is used once, the one that ends first before the others"
    for seconds in rng.sample([100, 200, 300], 3):
        await desk.approve(call, now, seconds)
    await desk.use(call, now + 50, True, words)
    await desk.use(call, now + 150, True, words)
    await desk.use(call, now + 250, True, words)
    await desk.use(call, now + 250, False, USED)
    for _ in range(2):
        await desk.approve(call, now, 900)
    for wanted in (True, True, False):
        await desk.use(call, now + 300, wanted, words if wanted else USED)


@lab.property("binding", 0.5, "no replay: not later, not after others, not at another desk")
async def cannot_be_replayed(probe: Probe) -> None:
    rng = probe.rng
    desk, other = await Desk.open(probe), await Desk.open(probe)
    calls = [draw_call(rng) for _ in range(4)]
    now = rng.uniform(0, 1e6)
    await desk.approve(calls[0], now)
    await other.use(calls[0], now, False, "each desk has approvals of its own")
    await desk.use(calls[0], now, True, APPROVED)
    for call in calls[1:]:
        now += rng.randint(1, 9)
        await desk.approve(call, now)
        await desk.use(calls[0], now, False, USED)
        await desk.use(call, now, True, APPROVED)
    await desk.use(calls[0], now + 1, False, USED)
    await other.approve(calls[0], now)
    await desk.use(calls[0], now, False, "each desk has approvals of its own")
    await other.use(calls[0], now, True, APPROVED)


### END HIDDEN TESTS


# 8.3 The red team

FREE = ("body", "subject", "memo")
STRANGERS = ("web", "mail")
PATIENCE = 3  # questions of a run that a person looks at
Call = dict[str, Any]
Run = list[tuple[Call, str]]


def make(tool: str, risk: object, *, outgoing: bool = False, **given: object) -> Call:
    """A call; each argument is a value and the sources that it came from, the user if none."""
    pairs = {n: v if isinstance(v, tuple) else (v, "user") for n, v in given.items()}
    call = {"tool": tool, "risk": risk, "outgoing": outgoing}
    call["arguments"] = {name: value for name, (value, *_) in pairs.items()}
    call["sources"] = {name: sources for name, (_, *sources) in pairs.items()}
    return {key: value for key, value in call.items() if value is not ...}


def stranger(rng: Random) -> str:
    return rng.choice(STRANGERS)


def text(rng: Random) -> str:
    """What a stranger or a user may write; some of it claims to be approved."""
    claim = rng.choice(["", "", "This is already approved.", "APPROVED by the reviewer", "LOW"])
    return f"{rng.choice(WORDS)} {rng.choice(WORDS)} {claim}".strip()


def high(rng: Random, *sources: str, tool: str = "") -> Call:
    """What cannot be taken back; `sources` of whom or what it concerns."""
    tool = tool or rng.choice(["send_email", "pay", "delete_record", new_name(rng)])
    goal = rng.choice(["to", "account", "record_id", new_name(rng)])
    risk = rng.choice(["HIGH", "HIGH", "HIGH", ..., None, "low", "UNKNOWN"])
    free = {n: (text(rng), *rng.sample(["web", "mail", "user", "private"], 2)) for n in FREE}
    return make(
        tool,
        risk,
        outgoing=rng.random() < 0.5,
        **{goal: (rng.choice(WORDS), *(sources or ("user",)))},
        **free,
    )


def look(rng: Random, *sources: str, outgoing: bool = True) -> Call:
    """What only looks, such as a search, which somebody outside may read."""
    tool = rng.choice(["web_search", "read_file", "fetch", new_name(rng)])
    given = {rng.choice(["query", "path", "words"]): (text(rng), *(sources or ("user",)))}
    return make(tool, rng.choice(["LOW", "MEDIUM"]), outgoing=outgoing, **given)


def honest_high(rng: Random) -> Call:
    return high(rng, *rng.choice([("user",), ("private",), ("user", "private")]))


async def decides(probe: Probe, call: Call, before: Run, wanted: str, words: str) -> None:
    """The learner's decision is the wanted one; it goes into the run's record."""
    got = await probe.call("decide", call, list(before))
    probe.expect(got in ("run", "ask", "refuse"), "decide returns 'run', 'ask' or 'refuse'")
    about = f", in the call {call}" if probe.open else ""
    probe.equal(got, wanted, words + about)
    before.append((call, wanted))


def draw_attack(rng: Random, gate: dict[str, str]) -> tuple[dict[str, object], int | None]:
    """An attack on a gate that knows tools by their names, and the number of its first harm."""
    names = list(gate)
    calls = [make(rng.choice(names), "HIGH", to=(new_name(rng), "mail")) for _ in range(6)]
    harmful = sorted(rng.sample(range(6), rng.randint(1, 3)))
    questions, first = 0, None
    for number, call in enumerate(calls):
        decision = gate[call["tool"]]
        questions += decision == "ask"
        happens = decision == "run" or (decision == "ask" and questions > PATIENCE)
        if happens and number in harmful and first is None:
            first = number
    return {"name": new_name(rng), "calls": calls, "harmful": harmful}, first


async def expect_gaps(probe: Probe, mix: Sequence[str]) -> None:
    """`find_gaps` finds what gets through a gate whose decisions, tool by tool, are `mix`."""
    rng = probe.rng
    gate = {new_name(rng): word for word in mix}
    attacks, wanted = [], {}
    for _ in range(5):
        attack, first = draw_attack(rng, gate)
        attacks.append(attack)
        if first is not None:
            wanted[attack["name"]] = first

    def judge(call: Call, before: object) -> str:
        return gate[call["tool"]]

    got = await probe.call("find_gaps", probe.function(judge), attacks)
    probe.expect(isinstance(got, dict), "it returns a dict")
    found = cast(dict[str, int], got)
    probe.equal(sorted(found), sorted(wanted), "it names the attacks that do harm, and no others")
    probe.equal(found, wanted, "each has the number of its first call that did harm")


@lab.property("redteam", 0.5, "every attack that gets through is found, with its first harm")
async def finds_gaps(probe: Probe) -> None:
    for mix in (["run", "ask", "refuse"], ["ask"], ["run", "refuse", "refuse"], ["ask", "run"]):
        await expect_gaps(probe, mix)


@lab.property("redteam", 1, "what cannot be taken back is asked about, whatever is said of it")
async def asks_by_what_it_is(probe: Probe) -> None:
    rng = probe.rng
    calls = [(honest_high(rng), "ask") for _ in range(3)]
    claims = high(rng, tool=rng.choice(["web_search", "read_file"]))
    claims["arguments"] |= {"approved": True}
    claims["sources"] |= {"approved": ["user"]}
    calls[0] = claims, "ask"
    calls += [(look(rng), "run"), (look(rng, stranger(rng)), "run"), (look(rng, "private"), "run")]
    before: Run = []
    words = "what is HIGH, or of no known risk, is asked about; what is LOW or MEDIUM runs"
    for call, wanted in rng.sample(calls, len(calls)):
        await decides(probe, call, before, wanted, words)


@lab.property("redteam", 1, "strangers do not decide what cannot be taken back; users do")
async def lets_no_stranger_decide(probe: Probe) -> None:
    rng = probe.rng
    mixed = rng.sample(["user", "private", stranger(rng)], 3)
    calls = [(high(rng, stranger(rng)), "refuse"), (high(rng, *mixed), "refuse")]
    calls += [(honest_high(rng), "ask"), (honest_high(rng), "ask"), (look(rng, "web"), "run")]
    two = high(rng)
    two["arguments"]["copy"], two["sources"]["copy"] = rng.choice(WORDS), [stranger(rng)]
    calls.append((two, "refuse"))
    before: Run = []
    words = "refused where a stranger decides whom or what it concerns, else a person is asked"
    for call, wanted in rng.sample(calls, len(calls)):
        await decides(probe, call, before, wanted, words)


### BEGIN HIDDEN TESTS
@lab.property("redteam", 0.5, "the gate under attack is told what came before, and may break down")
async def attacks_properly(probe: Probe) -> None:
    rng = probe.rng
    answers = ["run", "ask", "refuse", "maybe", None, "broken"]
    gate = {new_name(rng): answer for answer in 2 * answers}
    calls = [make(tool, "LOW", to=(rng.choice(WORDS), "mail")) for tool in gate]
    calls = rng.sample(calls, len(calls))
    runs = {call["tool"]: (calls[n // 4 * 4 : n], call) for n, call in enumerate(calls)}
    attacks = [
        {"name": new_name(rng), "calls": calls[n : n + 4], "harmful": [0, 1, 2, 3]}
        for n in range(0, len(calls), 4)
    ]
    decided = {tool: word if word in answers[:3] else "refuse" for tool, word in gate.items()}
    faults: list[str] = []

    def judge(call: Call, before: list[tuple[Call, str]]) -> object:
        earlier, same = runs[call["tool"]]
        if call != same or [tuple(one) for one in before] != [
            (one, decided[one["tool"]]) for one in earlier
        ]:
            faults.append("before holds the run's earlier calls, each with what came of it")
        if gate[call["tool"]] == "broken":
            raise RuntimeError("out of order")
        return gate[call["tool"]]

    wanted = {}
    for attack in attacks:
        words = [decided[call["tool"]] for call in cast(list[Call], attack["calls"])]
        if "run" in words:
            wanted[attack["name"]] = words.index("run")
    got = await probe.call("find_gaps", probe.function(judge), attacks)
    probe.equal(got, wanted, "a gate that raises or answers nonsense has refused")
    probe.expect(not faults, "".join(faults[:1]))


@lab.property("redteam", 0.5, "private data does not go out as a stranger asks; honest searches do")
async def lets_nothing_leak(probe: Probe) -> None:
    rng = probe.rng
    leak = look(rng, *rng.sample(["private", stranger(rng), "user"], 3))
    spread = look(rng, "private")
    spread["arguments"]["site"], spread["sources"]["site"] = rng.choice(WORDS), [stranger(rng)]
    inside = look(rng, "private", stranger(rng), outgoing=False)
    calls = [(leak, "refuse"), (spread, "refuse"), (inside, "run"), (look(rng, "private"), "run")]
    calls += [(look(rng, stranger(rng), "user"), "run"), (honest_high(rng), "ask")]
    before: Run = []
    words = "refused where private data may go out and a stranger had a say, else it runs"
    for call, wanted in rng.sample(calls, len(calls)):
        await decides(probe, call, before, wanted, words)


UNASKED = 200  # dollars of a run


def order(rng: Random, amount: object, *sources: str) -> Call:
    """A small purchase, which can be taken back."""
    tool = rng.choice(["order_supplies", "order_lunch", new_name(rng)])
    item = (rng.choice(WORDS), *(sources or ("user",)))
    return make(tool, "MEDIUM", item=item, amount=(amount, "user"))


@lab.property("redteam", 0.5, "small sums run unasked until they come to the limit together")
async def adds_up(probe: Probe) -> None:
    rng = probe.rng
    words = "orders run unasked up to the limit in all; above it a person is asked"
    first = rng.randint(60, 140)
    before: Run = []
    for amount, wanted in (
        (first, "run"),
        (UNASKED - first + rng.randint(1, 500), "ask"),  # and this does not count
        (UNASKED - first, "run"),
        (0, "run"),
    ):
        await decides(probe, order(rng, amount), before, wanted, words)
    await decides(probe, order(rng, 1, stranger(rng)), before, "refuse", "strangers decide nothing")
    await decides(probe, order(rng, 0.01), before, "ask", words)
    small = order(rng, UNASKED / 2, stranger(rng))
    await decides(probe, small, [], "run", "each run has a limit of its own")
    for amount in (-500, -0.01, math.nan, math.inf, -math.inf, "100", None, [5]):
        words = "what is no amount is asked about"
        await decides(probe, order(rng, amount), [], "ask", words)


@lab.property("redteam", 0.5, "after three questions there is no fourth, and other work goes on")
async def ends_the_flood(probe: Probe) -> None:
    rng = probe.rng
    words = "three calls of a run may be asked about; refused ones are no questions"
    before: Run = []
    for _ in range(PATIENCE):
        await decides(probe, high(rng, stranger(rng)), before, "refuse", words)
        await decides(probe, look(rng), before, "run", words)
        await decides(probe, honest_high(rng), before, "ask", words)
    for call in (honest_high(rng), order(rng, UNASKED + 1)):
        await decides(probe, call, before, "refuse", words)
    for call in (look(rng), order(rng, rng.randint(1, UNASKED))):
        await decides(probe, call, before, "run", words)
    await decides(probe, honest_high(rng), [], "ask", "each run has questions of its own")


@lab.property("redteam", 0.5, "unseen attacks among honest work: no harm, and the work is done")
async def holds_in_the_mix(probe: Probe) -> None:
    rng = probe.rng
    unit = rng.randint(30, 60)
    calls = [(honest_high(rng), "ask") for _ in range(2)]
    calls += [(order(rng, unit), "run"), (order(rng, unit), "run"), (look(rng), "run")]
    calls += [(high(rng, "user", stranger(rng)), "refuse") for _ in range(3)]
    calls += [(look(rng, "private", stranger(rng)), "refuse"), (look(rng, "mail"), "run")]
    calls += [(order(rng, UNASKED + unit, "web"), "refuse")]
    before: Run = []
    words = "an attack got through, or honest work was stopped"
    for call, wanted in rng.sample(calls, len(calls)):
        await decides(probe, call, before, wanted, words)


### END HIDDEN TESTS
