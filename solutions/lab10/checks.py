"""Lab 10: what a journal, keys and approvals must do, wherever a run is killed.

The judge serves the store, the model that writes and everything that has an effect. So it can kill
a run at any moment: from then on nothing that the run does happens. What had reached the store is
what the next run gets. How a submission writes things down is its own affair.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any

from planlab.grading import Broken, Lab, Probe, Question, Raised
from planlab.grading.checks import Handle

lab = Lab(
    "lab10",
    "Plans that survive a crash",
    questions=(
        Question("journal", 6, "10.1 The journal"),
        Question("keys", 6, "10.2 Keys, and who looks at them"),
        Question("approval", 5, "10.3 An approval that outlives the night"),
        Question("explain", 3, "10.4 Explain a survival table", manual=True),
    ),
    withheld=(
        "planlab.ledger",
        "planlab.ledgerfile",
        "planlab.journal",
        "planlab.events",
        "planlab.stored",
        "planlab.durable",
        "planlab.engine",
    ),
)

WORDS = [
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "inlet", "jetty"),
    *("knoll", "larch", "maple", "north", "ochre", "pearl", "quill", "ridge", "slate", "tulip"),
]
TURNS = 3  # questions after which a submission has begun what it was asked before


def new_names(rng: Random, count: int) -> list[str]:
    """Ids in no order that would tell anything."""
    return [f"{rng.choice(WORDS)}{number}" for number in rng.sample(range(1000, 10_000), count)]


class Power:
    """Counts what happens in a run, and cuts it off at the n-th thing of a kind."""

    def __init__(self) -> None:
        self.kind, self.left, self.off = "", 0, False

    def on(self, kind: str = "", number: int = 0) -> None:
        """A new run, killed at this thing, or never."""
        self.kind, self.left, self.off = kind, number, False

    def fails_at(self, kind: str) -> bool:
        """Is this where the run is killed? Raises where it is dead already."""
        if self.off:
            raise InterruptedError("killed")
        if kind == self.kind:
            self.left -= 1
            self.off = self.left == 0
        return self.off


# 10.1 The journal


@dataclass(frozen=True)
class Kill:
    """A run ends at the `number`-th thing of a kind; `share` of what it appends is stored."""

    kind: str
    number: int
    share: float = 0.0


class Office:
    """The store, the model that writes mails and the server that sends them, over many runs.

    A mail has begun for sure once it was handed to the server, and has ended for sure once the run
    that got its receipt turned to another mail, or returned.
    """

    def __init__(
        self,
        probe: Probe,
        texts: Callable[[str], str] | None = None,
        receipts: Callable[[], object] | None = None,
    ) -> None:
        rng = self.rng = probe.rng
        self.probe, self.power = probe, Power()
        self.draw_text = texts or (lambda id: f"About {id}: {rng.choice(WORDS)}{rng.random()}")
        self.draw_receipt = receipts or (lambda: f"receipt {rng.randrange(10**6)}")
        self.stored, self.share = "", 0.0
        self.steps: list[str] = []
        self.texts: dict[str, list[str]] = {}  # all that were written for a mail
        self.sent: dict[str, str] = {}  # as handed to the server for the first time
        self.receipts: dict[str, object] = {}  # as last given
        self.ended: list[str] = []  # in this run, and it may be that no record says so yet
        self.over: set[str] = set()
        self.faults: list[str] = []
        self.seen = {"write": 0, "append": 0, "send": 0}

        async def write(id: str) -> str:
            dies = self._happens("write", id)
            if id in self.sent:
                self._fault("a mail that was begun is sent again as recorded: it was written anew")
            if dies:
                raise InterruptedError("killed")
            self.texts.setdefault(id, []).append(self.draw_text(id))
            return self.texts[id][-1]

        async def send(id: str, text: str) -> object:
            dies = self._happens("send", id)
            known = [self.sent[id]] if id in self.sent else self.texts.get(id, [])
            if text not in known:
                self._fault("what was sent is not what was written and recorded for this mail")
            self.sent[id] = text
            if dies:
                raise InterruptedError("killed")
            self.receipts[id] = self.draw_receipt()
            self.ended.append(id)
            return self.receipts[id]

        def append(text: str) -> None:
            if not isinstance(text, str):
                self._fault("append takes a text")
            dies = self._happens("append")
            self.stored += text[: int(self.share * len(text))] if dies else text
            if dies:
                raise InterruptedError("killed")

        self.served = [probe.function(one) for one in (append, write, send)]

    def _fault(self, words: str) -> None:
        """Note what is wrong, and go no further."""
        self.faults.append(words)
        self.power.off = True
        raise InterruptedError("killed")

    def _happens(self, kind: str, id: str = "") -> bool:
        """Something is about to happen, to a mail if it is named; True where the run dies of it."""
        dies = self.power.fails_at(kind)
        self.seen[kind] += 1
        if id:
            self._check_turn(id)
        return dies

    def _check_turn(self, id: str) -> None:
        """May the run turn to this mail now?"""
        if id not in self.steps:
            self._fault("there is no such step in the plan")
        self.over.update(one for one in self.ended if one != id)
        if id in self.over or id in self.ended:
            self._fault("a mail that was sent, and whose receipt is recorded, is touched again")
        if any(one not in self.receipts for one in self.steps[: self.steps.index(id)]):
            self._fault("one mail after the other, in the plan's order, each to its end")

    async def run(self, steps: Sequence[str], kill: Kill | None = None) -> bool:
        """A new process runs the plan; False where it was killed, else its result is looked at."""
        self.steps, self.ended = [*steps], []
        self.share = kill.share if kill else 0.0
        self.power.on(*((kill.kind, kill.number) if kill else ()))
        try:
            got = await self.probe.call("send_mails", [*steps], self.stored, *self.served)
        except Raised:
            if not self.power.off:
                raise
        if self.faults:
            raise Broken(self.faults[0])
        if self.power.off:
            return False
        self.probe.expect(set(steps) <= set(self.receipts), "it returns before all mails are sent")
        self.over.update(steps)
        receipts = {id: self.receipts[id] for id in steps}
        self.probe.equal(got, receipts, "it returns the receipt that each mail has got")
        self.probe.equal(list(got), [*steps], "receipts come in the plan's order")  # type: ignore[call-overload]
        return True

    async def run_to_end(self, steps: Sequence[str], kills: Iterable[Kill]) -> None:
        """Run, killed again and again, to the end; and once more, with nothing left to do."""
        for kill in kills:
            await self.run(steps, kill)
        await self.run(steps)
        done = dict(self.seen)
        await self.run(steps)
        same = all(self.seen[kind] == done[kind] for kind in ("write", "send"))
        self.probe.expect(same, "a plan that has ended is not run again")


@lab.property("journal", 1, "each mail is written, sent and recorded once, in the plan's order")
async def sends_each_once(probe: Probe) -> None:
    steps = new_names(probe.rng, 4)
    for size in (1, 4):  # what stands in another store is nothing to this one
        office = Office(probe)
        await office.run_to_end(steps[:size], [])
        once = office.seen["write"] == office.seen["send"] == size
        probe.expect(once, "each mail is written once and sent once")


@lab.property("journal", 1, "a mail whose sending had begun is sent again as it was recorded")
async def sends_what_was_recorded(probe: Probe) -> None:
    for number in probe.rng.sample((1, 2, 3), 2):
        office, steps = Office(probe), new_names(probe.rng, 3)
        await office.run_to_end(steps, [Kill("send", number)])


@lab.property("journal", 1, "a mail whose receipt is recorded is neither written nor sent again")
async def keeps_what_ended(probe: Probe) -> None:
    for kind in ("write", "send"):
        office, steps = Office(probe), new_names(probe.rng, 4)
        await office.run_to_end(steps, [Kill(kind, probe.rng.randint(2, 4))])


def cut(rng: Random, number: int) -> Kill:
    """Killed while it appends, for the `number`-th time, with a part of that in the store."""
    return Kill("append", number, rng.choice([rng.uniform(0.05, 0.95), 0.999]))


@lab.property("journal", 1, "a line that a crash cut off is no record, and spoils no other")
async def minds_torn_lines(probe: Probe) -> None:
    for number in (1, 2, 3):
        office, steps = Office(probe), new_names(probe.rng, 3)
        await office.run_to_end(steps, [cut(probe.rng, number)])


### BEGIN HIDDEN TESTS
def draw_kill(rng: Random, most: int) -> Kill:
    """Any moment, with any part of it done."""
    kind = rng.choice(["write", "append", "append", "append", "send"])
    if kind == "append" and rng.random() < 0.6:
        return cut(rng, rng.randint(1, most))
    return Kill(kind, rng.randint(1, most), rng.choice([0.0, 1.0]))


@lab.property("journal", 1, "killed at any moment, and again while it goes on, it loses nothing")
async def survives_any_kills(probe: Probe) -> None:
    rng = probe.rng
    office, steps = Office(probe), new_names(rng, 5)
    await office.run_to_end(steps, [draw_kill(rng, 4) for _ in range(6)])
    office, steps = Office(probe), new_names(rng, 2)
    twice = [cut(rng, 1), cut(rng, 1), cut(rng, 2), cut(rng, 1)]  # torn on torn
    await office.run_to_end(steps, twice)


@lab.property("journal", 0.5, "a plan that was put in another order meanwhile goes on by its ids")
async def minds_ids_not_places(probe: Probe) -> None:
    rng = probe.rng
    office, names = Office(probe), new_names(rng, 6)
    await office.run(names[:5], Kill("write", 3))  # two have ended, the third is new
    await office.run([names[3], *names[:2]], Kill("send", 1))
    later = [names[5], names[1], names[4], names[3], names[0]]
    await office.run_to_end(later, [Kill("append", rng.randint(1, 3), 0.5)])
    await office.run_to_end(rng.sample(names, 6), [])


ODD = ("a", "aa", "a a", "ärger", 'say "x"', "two\nlines", "one\u2028two", "\x85", "tab\t", "{}")


@lab.property("journal", 0.5, "ids, texts and receipts may be anything, and a plan may be empty")
async def minds_odd_things(probe: Probe) -> None:
    rng = probe.rng
    texts = ["\n", "[]", '["\n', "Größe\u2028x\x85y", "null", *ODD]
    receipts: list[object] = [{"no": [1, None]}, *ODD]
    office = Office(probe, lambda id: rng.choice(texts), lambda: rng.choice(receipts))
    kills = [Kill("send", 3), Kill("write", 4), cut(rng, 2)]
    await office.run_to_end(rng.sample(ODD, 7), kills)
    nothing: list[object] = [None, 0, "", [], False]
    office = Office(probe, lambda id: "", lambda: rng.choice(nothing))
    await office.run([])
    await office.run_to_end(new_names(rng, 3), [Kill("send", 2), Kill("write", 1)])


### END HIDDEN TESTS


# 10.2 Keys, and who looks at them

Plan = dict[str, Any]


def draw_arguments(rng: Random) -> dict[str, object]:
    """What a call is made with, as JSON."""
    return {
        "to": f"{rng.choice(WORDS)}@mail.example",
        "amount": rng.randint(5, 900),
        "about": {"orders": rng.sample(range(100), 3), "by": rng.choice(WORDS)},
    }


def draw_plan(rng: Random, size: int) -> Plan:
    """A plan of any shape; its last two steps ask for the same thing."""
    steps: list[Plan] = []
    for number, id in enumerate(new_names(rng, size)):
        before = [step["id"] for step in steps]
        steps.append(
            {
                "id": id,
                "description": f"Do the {rng.choice(WORDS)}",
                "tool": rng.choice(["send_mail", "pay_refund"]),
                "arguments": draw_arguments(rng),
                "needs": rng.sample(before, number % 3),
            }
        )
    steps[-1] = {**deepcopy(steps[-2]), "id": steps[-1]["id"]}
    return {"version": rng.randint(1, 3), "steps": steps}


async def keys_of(probe: Probe, run: str, plan: Plan) -> dict[str, str]:
    """The key of each step, by id."""
    keys = await probe.call("step_keys", run, plan)
    if not isinstance(keys, dict):
        raise Broken("it returns a dict of the keys by the steps' ids")
    ids = sorted(step["id"] for step in plan["steps"])
    probe.equal(sorted(map(str, keys)), ids, "each step of the plan has a key, and nothing else")
    right = all(isinstance(key, str) and 32 <= len(key) <= 64 for key in keys.values())
    probe.expect(right, "a key is a text of 32 to 64 characters")
    probe.expect(len({*keys.values()}) == len(keys), "two steps of a plan never have the same key")
    return keys


def reordered(value: object) -> object:
    """The same names and values, the names in another order; lists as they are."""
    if isinstance(value, dict):
        return {name: reordered(value[name]) for name in reversed(value)}
    return value


def revised(rng: Random, plan: Plan) -> Plan:
    """A later version that asks for the same in every step, and looks otherwise."""
    steps = [
        {
            **step,
            "description": f"{rng.choice(WORDS)}, please",
            "arguments": reordered(step["arguments"]),
            "needs": step["needs"][::-1],
        }
        for step in plan["steps"]
    ]
    return {"version": plan["version"] + rng.randint(1, 5), "steps": steps[::-1]}


@lab.property("keys", 1.5, "a step that asks for the same has its key, in any process and version")
async def keeps_keys(probe: Probe) -> None:
    plan, run = draw_plan(probe.rng, 6), f"run-{probe.rng.randrange(1000)}"
    keys = await keys_of(probe, run, plan)
    probe.equal(await keys_of(probe, run, plan), keys, "the same plan has the same keys")
    words = "version, descriptions and the order of steps, needs and names are no part of a key"
    probe.equal(await keys_of(probe, run, revised(probe.rng, plan)), keys, words)
    with suppress(Raised):  # who took the function away uses no hash that it could change
        await probe.call("restart")
    probe.equal(await keys_of(probe, run, plan), keys, "another process makes the same keys")


def behind(plan: Plan, id: str) -> set[str]:
    """The step and all that need it, near or far; needs stand before what needs them."""
    found = {id}
    for step in plan["steps"]:
        if found & {*step["needs"]}:
            found.add(step["id"])
    return found


async def expect_new(
    probe: Probe, plan: Plan, change: Callable[[Plan], object], words: str, at: int = 1
) -> None:
    """A change of one step gives new keys to it and to what needs it, and to nothing else."""
    other = deepcopy(plan)
    change(other["steps"][at])
    before, after = await keys_of(probe, "run", plan), await keys_of(probe, "run", other)
    new = behind(plan, plan["steps"][at]["id"])
    probe.expect(all(before[id] != after[id] for id in new), words)
    words = "a change gives no new key to a step that does not hang on it"
    probe.expect(all(before[id] == after[id] for id in before if id not in new), words)


@lab.property("keys", 1, "what asks for something else has another key, and so has what needs it")
async def tells_steps_apart(probe: Probe) -> None:
    rng = probe.rng
    plan = draw_plan(rng, 6)
    plan["steps"][2]["needs"] = [plan["steps"][1]["id"]]
    plan["steps"][3]["needs"] = [plan["steps"][2]["id"]]
    words = "other arguments give a step, and all that need it near or far, other keys"
    await expect_new(probe, plan, lambda step: step["arguments"].update(amount=1), words)
    words = "another tool gives a step, and all that need it, other keys"
    await expect_new(probe, plan, lambda step: step.update(tool="look_up"), words)
    words = "other needs give a step, and all that need it, other keys"
    first = plan["steps"][0]["id"]
    needs = [] if plan["steps"][1]["needs"] else [first]
    await expect_new(probe, plan, lambda step: step.update(needs=needs), words)
    one, two = [await keys_of(probe, run, plan) for run in new_names(rng, 2)]
    probe.expect(not {*one.values()} & {*two.values()}, "another run has other keys")


class Counter:
    """What the receiver delivers, as the judge serves it."""

    def __init__(self, probe: Probe, receipts: Sequence[object] = ()) -> None:
        self.probe, self.delivered = probe, list[object]()
        self.errors: list[Exception] = []
        self.held: asyncio.Event | None = None
        self.receipts = [*receipts]

        async def deliver(request: object) -> object:
            self.delivered.append(request)
            number = len(self.delivered)
            if self.held:
                await self.held.wait()
            if self.errors:
                raise self.errors.pop()
            return self.receipts.pop() if self.receipts else f"receipt {number}"

        self.deliver = probe.function(deliver)

    async def receiver(self) -> Handle:
        made = await self.probe.call("make_receiver", self.deliver)
        if isinstance(made, Handle):
            return made
        raise Broken("it returns a function that is called as receive(key, request)")

    def expect(self, *requests: object) -> None:
        """Raises `Broken` unless these were delivered, in this order."""
        words = "a request is delivered once for each key, as it came"
        self.probe.equal(self.delivered, [*requests], words)


def draw_request(rng: Random) -> dict[str, object]:
    return {
        "to": f"{rng.choice(WORDS)}@mail.example",
        "text": f"{rng.choice(WORDS)} {rng.random()}",
    }


@lab.property("keys", 1, "under one key a request is delivered once, and always gets its receipt")
async def delivers_once(probe: Probe) -> None:
    counter, (one, two, three) = Counter(probe), new_names(probe.rng, 3)
    receiver = await counter.receiver()
    a, b = draw_request(probe.rng), draw_request(probe.rng)
    for key, request, number in ((one, a, 1), (two, b, 2), (one, a, 1), (three, a, 3), (two, b, 2)):
        got = await receiver.call("__call__", key, request)
        words = "who sends again under the same key gets the receipt of the first time"
        probe.equal(got, f"receipt {number}", words)
    counter.expect(a, b, a)


### BEGIN HIDDEN TESTS
PAIRS: tuple[tuple[object, object], ...] = (
    (-1, -2),
    (1, "1"),
    (1, True),
    (None, "None"),
    (None, ""),
    ("null", None),
    (["ab", "c"], ["a", "bc"]),
    (["a", "b"], ["b", "a"]),
    (["a", "b"], "a, b"),
    ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
    ("Ann", "ann"),
    ("30", "30 "),
    ([], {}),
    (0, 0.5),
)


def one_step(id: str, tool: str, arguments: Mapping[str, object]) -> Plan:
    step = {"id": id, "description": "", "tool": tool, "arguments": dict(arguments), "needs": []}
    return {"version": 1, "steps": [step]}


@lab.property("keys", 1, "whatever differs has another key, and a plan may be long", cases=1)
async def tells_all_apart(probe: Probe) -> None:
    rng = probe.rng

    async def key(run: str, id: str, tool: str, **arguments: object) -> str:
        return (await keys_of(probe, run, one_step(id, tool, arguments)))[id]

    for one, two in PAIRS:
        keys = [await key("run", "step", "pay", x=value) for value in (one, two)]
        probe.expect(keys[0] != keys[1], "arguments that differ a little give different keys")
    for one_by, two_by in (
        (("r1", "2s", "t"), ("r12", "s", "t")),
        (("r", "s1", "2t"), ("r", "s12", "t")),
        (("r-s", "t", "u"), ("r", "s-t", "u")),
        (("r", "s/t", "u"), ("r/s", "t", "u")),
    ):
        keys = [await key(*by, x=1) for by in (one_by, two_by)]
        probe.expect(keys[0] != keys[1], "what stands where is a part of the key")
    names = new_names(rng, 120)
    plan = {"version": 1, "steps": [one_step(id, "pay", {})["steps"][0] for id in names]}
    for above, step in zip(names, plan["steps"][1:], strict=False):
        step["needs"] = [above]
    keys_in_order = await keys_of(probe, "run", plan)
    words = "the steps may be listed in any order"
    probe.equal(await keys_of(probe, "run", revised(rng, plan)), keys_in_order, words)
    probe.equal(await keys_of(probe, "run", {"version": 1, "steps": []}), {}, "no steps, no keys")


@lab.property("keys", 1, "a key in use for another request is refused, and a failure uses up none")
async def refuses_used_keys(probe: Probe) -> None:
    rng = probe.rng
    receipts: list[object] = [None, "", 0, []]
    rng.shuffle(receipts)
    counter = Counter(probe, receipts)
    receiver = await counter.receiver()
    a, b = draw_request(rng), draw_request(rng)
    first = receipts[-1]
    for _ in range(2):  # nothing is a receipt, too
        probe.equal(await receiver.call("__call__", "one", a), first, "a receipt may be empty")
    await expect_raised(receiver.call("__call__", "one", b), ("ValueError",))
    again = await receiver.call("__call__", "one", reordered(a))
    probe.equal(
        again, first, "who was refused has changed nothing; the order of names means nothing"
    )
    counter.expect(a)
    counter.errors.append(ConnectionError("no mail server"))
    await expect_raised(receiver.call("__call__", "two", b), ("ConnectionError",))
    got = await receiver.call("__call__", "two", b)
    probe.equal(got, receipts[-2], "what was not delivered is delivered when it comes again")
    counter.expect(a, b, b)


async def expect_raised(asked: Any, kinds: Sequence[str]) -> None:
    """Raises `Broken` unless this raises one of these errors."""
    try:
        await asked
    except Raised as raised:
        if raised.kind == "NotImplementedError" or raised.kind not in kinds:
            raise
    else:
        raise Broken(f"it must raise a {kinds[0]}")


@lab.property("keys", 0.5, "twice at the same time is once, and each receiver remembers its own")
async def delivers_once_at_once(probe: Probe) -> None:
    counter, request = Counter(probe), draw_request(probe.rng)
    receiver, other = await counter.receiver(), await counter.receiver()
    counter.held = asyncio.Event()
    calls = [asyncio.ensure_future(receiver.call("__call__", "one", request)) for _ in range(3)]
    for _ in range(TURNS):
        await asyncio.sleep(0)
        with suppress(Raised):  # no name: the answer takes a turn, and nothing else
            await probe.call("a turn, please")
    counter.held.set()
    got = await asyncio.gather(*calls)
    probe.equal(got, ["receipt 1"] * 3, "all who ask at the same time get the one receipt")
    counter.expect(request)
    await other.call("__call__", "one", request)
    counter.expect(request, request)


### END HIDDEN TESTS


# 10.3 An approval that outlives the night

Call = dict[str, Any]


def draw_call(rng: Random) -> Call:
    key = "".join(rng.choices("0123456789abcdef", k=32))
    return {"key": key, "arguments": draw_arguments(rng)}


def digest_of(call: Call) -> str:
    return json.dumps(call, sort_keys=True)


class Bank:
    """The store of events, and a bank that knows no keys; every call is made after a restart.

    Where a run is killed while it pays, the bank has paid if the kill's `share` is not 0.
    """

    def __init__(self, probe: Probe, events: Sequence[object] = ()) -> None:
        self.probe, self.power = probe, Power()
        self.events: list[object] = [*deepcopy(events)]
        self.paid: list[object] = []
        self.receipts: list[str] = []
        self.share = 0.0
        self.refusal: Exception | None = None
        self.before = 0  # events, when the last call began

        def append(event: object) -> None:
            if self.power.fails_at("append"):
                raise InterruptedError("killed")
            self.events.append(deepcopy(event))

        async def pay(arguments: object) -> str:
            if self.power.fails_at("pay") and self.share <= 0:
                raise InterruptedError("killed")
            self.recorded = len(self.events) > self.before
            self.paid.append(arguments)
            if self.power.off:
                raise InterruptedError("killed")
            if self.refusal:
                raise self.refusal
            self.receipts.append(f"paid {self.probe.rng.randrange(10**6)}")
            return self.receipts[-1]

        self.append, self.bank = probe.function(append), probe.function(pay)
        self.recorded = True

    async def approve(self, call: Call, version: int, *, killed: bool = False) -> None:
        """A person allows this call under this version of the plan."""
        self.power.on(*(("append", 1) if killed else ()))
        try:
            await self.probe.call("approve", self.append, call, version)
        except Raised:
            if not self.power.off:
                raise

    async def pay(self, call: Call, version: int, kill: Kill | None = None) -> object:
        """What comes of the call now; None too where it was killed."""
        self.before, self.share = len(self.events), kill.share if kill else 0.0
        self.power.on(*((kill.kind, kill.number) if kill else ()))
        name, events = "pay_once", deepcopy(self.events)
        try:
            got = await self.probe.call(name, events, self.append, call, version, self.bank)
        except Raised:
            if not self.power.off:
                raise
        words = "that the approval is used must stand in the store before the bank is asked"
        self.probe.expect(self.recorded, words)
        return None if self.power.off else got

    async def expect_paid(self, call: Call, version: int, words: str) -> None:
        """It is paid now, once, with these arguments."""
        before = len(self.paid)
        got = await self.pay(call, version)
        if got is None and len(self.paid) == before:
            raise Broken(words)
        self.probe.equal(
            self.paid[before:], [call["arguments"]], "the bank is asked once for a call"
        )
        self.probe.equal(got, self.receipts[-1], "it returns the bank's receipt")

    async def expect_waits(self, call: Call, version: int, words: str) -> None:
        """It is not paid now: a person must be asked."""
        before = len(self.paid)
        got = await self.pay(call, version)
        self.probe.expect(len(self.paid) == before, words)
        self.probe.equal(got, None, "it returns None where it has to wait for a person")


@lab.property("approval", 1, "nothing is paid unless approved, and one approval is one payment")
async def pays_once(probe: Probe) -> None:
    rng = probe.rng
    bank, calls, version = Bank(probe), [draw_call(rng) for _ in range(2)], rng.randint(1, 5)
    for call in calls:
        await bank.expect_waits(call, version, "it was paid before anybody approved it")
    for call in calls:
        await bank.approve(call, version)
    for call in calls:
        for words in ("it was approved, and is not paid", "approved again after that, it waits"):
            await bank.expect_paid(call, version, words)
            await bank.expect_waits(call, version, "one approval was good for two payments")
            await bank.approve(call, version)


@lab.property("approval", 1, "an approval holds for the key and the arguments that were approved")
async def binds_approvals(probe: Probe) -> None:
    rng = probe.rng
    bank, call = Bank(probe), draw_call(rng)
    await bank.approve(call, 1)
    arguments = call["arguments"]
    words = "it pays something else than what was approved"
    for other in (
        {**arguments, "amount": arguments["amount"] * 10},
        {**arguments, "to": f"x{arguments['to']}"},
        {**arguments, "urgent": True},
        {name: arguments[name] for name in ("to", "amount")},
    ):
        await bank.expect_waits({**call, "arguments": other}, 1, words)
    words = "an approval of one step's call is taken for another step's"
    await bank.expect_waits({**call, "key": draw_call(rng)["key"]}, 1, words)
    await bank.expect_paid(call, 1, "it was approved, and is not paid")


@lab.property("approval", 1, "it is stale once the plan was changed, and a new one holds")
async def knows_stale_approvals(probe: Probe) -> None:
    rng = probe.rng
    bank, call, version = Bank(probe), draw_call(rng), rng.randint(1, 5)
    await bank.approve(call, version)
    later = version + rng.randint(1, 3)
    await bank.expect_waits(call, later, "it was approved under a plan that is changed since")
    await bank.approve(call, later)
    await bank.expect_paid(call, later, "it was approved anew, and is not paid")
    await bank.expect_waits(call, later, "one approval was good for two payments")


### BEGIN HIDDEN TESTS
@lab.property("approval", 1, "whoever is killed on the way pays once at most, and asks again")
async def survives_kills(probe: Probe) -> None:
    rng = probe.rng
    bank, call = Bank(probe), draw_call(rng)
    await bank.approve(call, 1, killed=True)
    await bank.expect_waits(call, 1, "an approval that did not reach the store counts")
    await bank.approve(call, 1)
    await bank.pay(call, 1, Kill("append", 1))
    probe.expect(not bank.paid, "it pays although it could not record that the approval is used")
    copy = Bank(probe, bank.events)
    await copy.expect_paid(call, 1, "an approval that was not used is gone")
    for share in (1.0, 0.0):
        paid = len(bank.paid)
        await bank.pay(call, 1, Kill("pay", 1, share))
        probe.expect(len(bank.paid) == paid + (share > 0), "it was approved, and is not paid")
        words = "it pays again where nobody knows if the bank has paid"
        await bank.expect_waits(call, 1, words)
        await bank.approve(call, 1)
    bank.refusal = ConnectionError("no bank")
    try:
        await bank.pay(call, 1)
    except Raised as raised:
        probe.expect(
            raised.kind == "ConnectionError", "an error of the bank comes through as it is"
        )
    else:
        raise Broken("an error of the bank comes through as it is")
    bank.refusal = None
    await bank.expect_waits(call, 1, words)


@lab.property(
    "approval", 1, "after any approvals, payments and changes of plan it knows what holds"
)
async def keeps_accounts(probe: Probe) -> None:
    rng = probe.rng
    first = draw_call(rng)
    calls = [first, {**first, "key": draw_call(rng)["key"]}, {**first, "arguments": {}}]
    bank, version, open_in = Bank(probe), 1, dict[str, int]()
    for call in [*calls, *calls]:  # twice before it is used is once
        await bank.approve(call, version)
        open_in[digest_of(call)] = version
    for call in [calls[1], calls[1], calls[0]]:
        await expect_account(bank, call, version, open_in)
    copy, copied = Bank(probe, bank.events), dict(open_in)
    await expect_account(bank, calls[2], version, open_in)
    for call in calls:  # another company: what happened since then did not happen there
        await expect_account(copy, call, version, copied)
    for _ in range(8):
        call = rng.choice(calls)
        if rng.random() < 0.5:
            version += rng.random() < 0.3
            await bank.approve(call, version)
            open_in[digest_of(call)] = version
        else:
            await expect_account(bank, call, version, open_in)
    for call in [*calls, *calls]:
        await expect_account(bank, call, version, open_in)


async def expect_account(bank: Bank, call: Call, version: int, open_in: dict[str, int]) -> None:
    """It is paid if an approval is open in this version of the plan, and waits if not."""
    holds = open_in.get(digest_of(call)) == version
    call = {**call, "arguments": reordered(call["arguments"])}
    if holds:
        await bank.expect_paid(call, version, "an approval that holds is not found")
        del open_in[digest_of(call)]
    else:
        await bank.expect_waits(call, version, "it pays without an approval that holds")


### END HIDDEN TESTS
