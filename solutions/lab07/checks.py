"""Lab 07: what a bound, a limit and a scheduler must do, whatever the plan and whoever ends first.

The judge serves the steps' work, so it sees each step begin and decides when and how it ends. What
is to happen must happen within a few turns of the submission's event loop: nobody looks at a clock.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from random import Random
from typing import Any

from planlab.errors import ToolFailed
from planlab.grading import Broken, Lab, Probe, Question, Raised
from planlab.grading.checks import Handle

lab = Lab(
    "lab07",
    "As parallel as the plan allows",
    questions=(
        Question("limit", 4, "7.1 The limit and the bound"),
        Question("scheduler", 8, "7.2 The scheduler"),
        Question("failure", 5, "7.3 When a step fails"),
        Question("explain", 3, "7.4 Explain three charts", manual=True),
    ),
    withheld=(
        "planlab.schedule",
        "planlab.graph",
        "planlab.executing",
        "planlab.patterns.compiler",
        "planlab.patterns.plan_execute",
        "planlab.patterns.react",
    ),
)

WORDS = [
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "inlet", "jetty"),
    *("knoll", "larch", "maple", "north", "ochre", "pearl", "quill", "ridge", "slate", "tulip"),
    *("umber", "vivid", "wharf", "yacht", "zebra"),
]
TURNS = 24  # of an event loop
ASKED = 6  # turns that are asked for one by one: a submission answers only so many questions
LOOK = 0.02  # seconds between two looks at a run that is left to itself
QUIET = 20  # looks in all at which nothing had happened since the one before: it hangs, or polls
REFUSALS = ("ValueError", "CycleError")  # graphlib's error for a circle is a ValueError, too

Steps = list[tuple[str, list[str]]]


# Plans, and the work that the judge serves


def new_names(rng: Random, count: int) -> list[str]:
    """Ids in no order that would tell anything, none a part of another."""
    return [f"{rng.choice(WORDS)}{number}" for number in rng.sample(range(1000, 10_000), count)]


def draw_steps(rng: Random, size: int) -> Steps:
    """A plan of any shape, its steps in any order."""
    ids = new_names(rng, size)
    steps = [(id, rng.sample(ids[:n], min(n, rng.randint(0, 3)))) for n, id in enumerate(ids)]
    return rng.sample(steps, size)


def draw_chain(rng: Random, size: int) -> Steps:
    """One step after the other, in any order."""
    ids = new_names(rng, size)
    return rng.sample([(ids[0], []), *((id, [before]) for before, id in pairwise(ids))], size)


class Stage:
    """The work of a plan's steps, as the judge serves it; steps in `hold` end when we say so."""

    def __init__(
        self,
        probe: Probe,
        steps: Steps,
        *,
        hold: Collection[str] = (),
        broken: Mapping[str, Exception] | None = None,
        values: Mapping[str, object] | None = None,
        limit: int | None = None,
    ) -> None:
        self.probe, self.limit = probe, limit
        self.needs = {id: set(needed) for id, needed in steps}
        self.hold, self.broken = set(hold), broken or {}
        made = {id: f"{id} made {probe.rng.randrange(1000)}" for id in self.needs}
        self.values = made | dict(values or {})
        self.running: dict[str, asyncio.Future[None]] = {}
        self.started: list[str] = []
        self.ended: set[str] = set()  # with a result
        self.faults: list[str] = []
        self.call: asyncio.Future[object] | None = None  # of the function that runs the plan

        async def work(id: str, inputs: dict[str, object]) -> object:
            await self._begin(id, inputs)
            if id in self.broken:
                raise self.broken[id]
            return self.values[id]

        self.work = probe.function(work)

    def _begin(self, id: str, inputs: object) -> "asyncio.Future[None]":
        """Note that a step begins, and what is wrong with it; returns what its end waits for."""
        ending = asyncio.get_running_loop().create_future()
        if id not in self.needs or id in self.started:
            self.faults.append("a step was run twice, or one that is not in the plan")
            ending.set_result(None)
            return ending
        self.started.append(id)
        self.running[id] = ending
        if not self.needs[id] <= self.ended:
            self.faults.append("a step began before all that it needs had a result")
        elif inputs != {needed: self.values[needed] for needed in self.needs[id]}:
            self.faults.append("a step must be handed the results of what it needs, and no others")
        if self.limit is not None and len(self.running) > self.limit:
            self.faults.append("more were under way at once than the limit allows")
        if id not in self.hold:
            self.end(id)
        return ending

    def end(self, id: str) -> None:
        """Let a step that is under way end: what needs it may begin from now on."""
        self.running.pop(id).set_result(None)
        if id not in self.broken:
            self.ended.add(id)

    def let_go(self) -> None:
        """Hold nothing any more."""
        self.hold.clear()
        for id in list(self.running):
            self.end(id)

    @property
    def due(self) -> set[str]:
        """What must be under way: all that it needs has a result, and it has not ended itself."""
        over = set(self.started) - set(self.running)
        return {id for id, needs in self.needs.items() if needs <= self.ended and id not in over}

    def raise_faults(self) -> None:
        if self.faults:
            raise Broken(self.faults[0])

    async def until(self, holds: Callable[[], object], words: str) -> None:
        """A few turns of the submission's event loop, and it must hold."""
        await settle(self.probe)
        self.raise_faults()
        if holds():
            return
        if self.call and self.call.done():
            self.call.result()  # raises what was raised
            raise Broken("it returns before all is done that can be done")
        raise Broken(words)

    async def until_due(self) -> None:
        """Wait until all runs that can."""
        words = "a step that can begin does not: everything that it needs has a result"
        await self.until(lambda: set(self.running) == self.due, words)

    @asynccontextmanager
    async def run(self, name: str, steps: Steps, *more: object) -> AsyncIterator[None]:
        """The learner's function runs the plan; in the end nothing of it is under way."""
        self.call = asyncio.ensure_future(self.probe.call(name, steps, self.work, *more))
        try:
            yield
        finally:
            await self.stop([self.call])

    async def stop(self, calls: Sequence["asyncio.Future[object]"]) -> None:
        """End what is under way."""
        self.hold = set(self.needs)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        for _ in range(TURNS):  # what was asked for has begun by then, and can be ended
            await asyncio.sleep(0)

    async def result(self) -> object:
        """What the run returns, left to itself."""
        assert self.call is not None
        return await self.finish(self.call)

    async def finish(self, call: "asyncio.Future[Any]") -> Any:
        """What a call returns that nobody helps along; it may not stand still for long."""
        quiet = before = 0
        while quiet < QUIET:
            await asyncio.wait({call}, timeout=LOOK)
            self.raise_faults()
            if call.done():
                return call.result()
            quiet += len(self.started) == before
            before = len(self.started)
            await settle(self.probe)
        raise Broken("it hangs, or waits where nothing has to be waited for")

    async def run_whole(self, name: str, steps: Steps, *more: object) -> object:
        """What the learner's function returns for the plan."""
        async with self.run(name, steps, *more):
            return await self.result()


async def settle(probe: Probe) -> None:
    """A few turns of the submission's event loop: what was woken has begun by then.

    It counts them itself. If it were asked turn by turn, somebody who looks again every few
    milliseconds would be in time wherever the questions take long.
    """
    for _ in range(3):  # what was ended here is on its way
        await asyncio.sleep(0)
    try:
        await probe.call("settle")
    except Raised:  # the notebook's function is gone
        for _ in range(TURNS):
            await asyncio.sleep(0)  # where the submission shares this loop
        for _ in range(ASKED):
            with suppress(Raised):  # no name: the answer takes a turn, and nothing else
                await probe.call("a turn, please")


async def refuses(probe: Probe, running: Awaitable[object], at_fault: Collection[str] = ()) -> None:
    """Raises `Broken` unless this raises a ValueError that names one of the steps at fault."""
    try:
        await running
    except Raised as raised:
        if raised.kind == "NotImplementedError":
            raise
        probe.expect(raised.kind in REFUSALS, "what cannot be run is refused with a ValueError")
        named = not at_fault or any(id in raised.text for id in at_fault)
        probe.expect(named, "the error must name a step that is at fault, by its id")
    else:
        raise Broken("it must raise a ValueError")


# 7.1 The limit and the bound


async def limited(stage: Stage, limit: int) -> Handle:
    """The learner's function that does the stage's work, at most `limit` at once."""
    made = await stage.probe.call("limited", stage.work, limit)
    if isinstance(made, Handle):
        return made
    raise Broken("it returns a function that is called as work(id, inputs) is")


@asynccontextmanager
async def asked_together(
    stage: Stage, few: Handle, ids: Sequence[str]
) -> AsyncIterator[dict[str, "asyncio.Future[object]"]]:
    """Calls of the limited function, one for each id, all under way."""
    calls = {id: asyncio.ensure_future(few.call("__call__", id, {})) for id in ids}
    try:
        yield calls
    finally:
        await stage.stop([*calls.values()])


def crowd(probe: Probe, size: int, limit: int, **settings: object) -> tuple[Stage, list[str]]:
    """Work that nothing has to wait for, all of it held."""
    ids = new_names(probe.rng, size)
    alone: Steps = [(id, []) for id in ids]
    return Stage(probe, alone, hold=ids, limit=limit, **settings), ids  # type: ignore[arg-type]


FULL = "fewer are under way than the limit allows, although more are waiting"


@lab.property("limit", 1, "as many as the limit allows are under way at once, and never more")
async def keeps_the_limit(probe: Probe) -> None:
    limit = probe.rng.randint(2, 4)
    stage, ids = crowd(probe, limit + 4, limit)
    few = await limited(stage, limit)
    async with asked_together(stage, few, ids):
        for over in range(len(ids)):
            wanted = min(limit, len(ids) - over)
            await stage.until(lambda wanted=wanted: len(stage.running) == wanted, FULL)
            stage.end(probe.rng.choice([*stage.running]))


@lab.property("limit", 0.5, "results and errors come through, and either makes room for the next")
async def makes_room(probe: Probe) -> None:
    names = new_names(probe.rng, 5)
    broken = dict.fromkeys(probe.rng.sample(names, 3), KeyError("no such shop"))
    stage = Stage(probe, [(id, []) for id in names], broken=broken, limit=1)
    few = await limited(stage, 1)
    async with asked_together(stage, few, names) as calls:
        ended = await stage.finish(asyncio.gather(*calls.values(), return_exceptions=True))
        for id, got in zip(names, ended, strict=True):
            if id in broken:
                same = isinstance(got, Raised) and got.kind == "KeyError"
                probe.expect(same, "an error of the work is raised as it is")
            else:
                probe.equal(got, stage.values[id], "the work's result is returned as it is")


def bound(steps: Steps, seconds: Mapping[str, int], limit: int) -> float:
    """The longest of the chain that takes longest, and all the work on `limit` places."""
    needs, ends = dict(steps), dict[str, int]()
    while len(ends) < len(needs):
        for id, needed in needs.items():
            if id not in ends and all(one in ends for one in needed):
                ends[id] = seconds[id] + max((ends[one] for one in needed), default=0)
    return max([*ends.values(), sum(seconds.values()) / limit], default=0)


async def expect_bound(
    probe: Probe, steps: Steps, seconds: Mapping[str, int], limit: int, words: str
) -> None:
    got = await probe.call("lower_bound", steps, dict(seconds), limit)
    number = isinstance(got, int | float) and not isinstance(got, bool)
    probe.expect(number, "it returns a number of seconds")
    same = abs(got - bound(steps, seconds, limit)) < 1e-6  # type: ignore[operator]
    probe.expect(same, words)


@lab.property("limit", 0.5, "no run is shorter than the longest chain, nor than work by places")
async def bounds_the_run(probe: Probe) -> None:
    rng = probe.rng
    steps = draw_steps(rng, 8)
    seconds = {id: rng.randint(1, 30) for id, _ in steps}
    words = "with many places it is the longest chain that counts, in whatever order it is listed"
    await expect_bound(probe, steps, seconds, 100, words)
    words = "with one place it is all the work that counts"
    await expect_bound(probe, steps, seconds, 1, words)
    alone: Steps = [(id, []) for id, _ in steps]
    words = "the work is divided by the places, and the longest step counts if that is longer"
    await expect_bound(probe, alone, seconds, 3, words)


### BEGIN HIDDEN TESTS
@lab.property("limit", 0.5, "each limited function counts for itself, and who asks first is first")
async def keeps_order(probe: Probe) -> None:
    limit = probe.rng.randint(1, 3)
    stage, ids = crowd(probe, 7, limit)
    other, others = crowd(probe, 4, 2)
    few, more = await limited(stage, limit), await limited(other, 2)
    async with asked_together(stage, few, ids), asked_together(other, more, others):
        await other.until(lambda: len(other.running) == 2, FULL)
        for over in range(len(ids)):
            wanted = min(over + limit, len(ids))
            await stage.until(lambda wanted=wanted: len(stage.started) == wanted, FULL)
            probe.equal(stage.started, ids[:wanted], "who asked first goes first")
            stage.end(probe.rng.choice([*stage.running]))


@lab.property("limit", 0.5, "a limit below 1 is refused, and a large one is no hindrance", cases=1)
async def minds_the_ends(probe: Probe) -> None:
    for limit in (0, -probe.rng.randint(1, 5)):
        stage, _ = crowd(probe, 1, 1)
        await refuses(probe, probe.call("limited", stage.work, limit))
    stage, ids = crowd(probe, 5, 5)
    async with asked_together(stage, await limited(stage, probe.rng.randint(5, 900)), ids):
        await stage.until(lambda: len(stage.running) == 5, FULL)


@lab.property(
    "limit", 1, "the bound is right for plans of many steps and ways, and of none", cases=1
)
async def bounds_large_plans(probe: Probe) -> None:
    rng = probe.rng
    probe.expect(await probe.call("lower_bound", [], {}, 2) == 0, "no steps take no time")
    names = new_names(rng, 80)
    pairs = [names[n : n + 2] for n in range(0, 80, 2)]
    ladder: Steps = [(id, []) for id in pairs[0]]
    ladder += [(id, list(above)) for above, pair in pairwise(pairs) for id in pair]
    for steps in (draw_steps(rng, 30), draw_chain(rng, 100), rng.sample(ladder, 80)):
        seconds = {id: rng.randint(0, 50) for id, _ in steps}
        for limit in (rng.randint(2, 4), 500):
            await expect_bound(probe, steps, seconds, limit, "it is not right for every plan")


### END HIDDEN TESTS


# 7.2 The scheduler


def expect_results(probe: Probe, stage: Stage, steps: Steps, got: object) -> None:
    """All the results, in the plan's order."""
    probe.equal(got, {id: stage.values[id] for id, _ in steps}, "the results are not right")
    probe.equal(list(got), [id for id, _ in steps], "results come in the plan's order")  # type: ignore[call-overload]


@lab.property("scheduler", 1, "every step runs once, with the results of what it needs")
async def runs_each_once(probe: Probe) -> None:
    for steps in (draw_steps(probe.rng, 9), draw_chain(probe.rng, 4)[::-1]):
        stage = Stage(probe, steps)
        expect_results(probe, stage, steps, await stage.run_whole("run_steps", steps))


@lab.property("scheduler", 1.5, "steps that do not need one another are under way together")
async def runs_side_by_side(probe: Probe) -> None:
    rng = probe.rng
    names = new_names(rng, rng.randint(4, 6))
    steps = rng.sample([*((id, []) for id in names[:-1]), (names[-1], names[:-1])], len(names))
    stage = Stage(probe, steps, hold=names)
    async with stage.run("run_steps", steps):
        await stage.until_due()
        for id in rng.sample(names[:-1], len(names) - 1):
            stage.end(id)
            await stage.until_due()
        stage.end(names[-1])
        expect_results(probe, stage, steps, await stage.result())


@lab.property("scheduler", 2, "a step begins at once when the last that it needs has ended")
async def wakes_at_once(probe: Probe) -> None:
    rng = probe.rng
    a, b, c, d, e, f, g = new_names(rng, 7)
    steps: Steps = [(a, []), (b, []), (c, []), (d, [a]), (e, [d]), (f, [b, e]), (g, [f, c])]
    steps = rng.sample(steps, 7)
    stage = Stage(probe, steps, hold=dict(steps))
    async with stage.run("run_steps", steps):
        await stage.until_due()
        while stage.running:
            # The third search takes longest: whoever waits for it does so without need.
            stage.end(rng.choice([id for id in stage.running if id != c] or [c]))
            await stage.until_due()
        expect_results(probe, stage, steps, await stage.result())


@lab.property("scheduler", 0.5, "a plan with a circle or an unknown id is refused before it runs")
async def refuses_what_cannot_end(probe: Probe) -> None:
    rng = probe.rng
    a, b, c, free, ghost = new_names(rng, 5)
    circle: Steps = [(a, [b]), (b, [c]), (c, [a]), (free, [])]
    unknown: Steps = [(a, []), (b, [a, ghost]), (free, [])]
    for steps, at_fault in ((circle, (a, b, c)), (unknown, (b, ghost))):
        steps = rng.sample(steps, len(steps))
        stage = Stage(probe, steps)
        await refuses(probe, stage.run_whole("run_steps", steps), at_fault)
        probe.expect(not stage.started, "nothing runs of a plan that is refused")


### BEGIN HIDDEN TESTS
@lab.property("scheduler", 0.5, "whatever makes a plan impossible is named before anything runs")
async def refuses_all_that_cannot_end(probe: Probe) -> None:
    rng = probe.rng
    a, b, c, *free = new_names(rng, 8)
    valid: Steps = [(free[0], []), *((id, [needed]) for needed, id in pairwise(free))]
    for bad, at_fault in (
        ([(a, [a])], [a]),
        ([(a, []), (b, []), (a, [])], [a]),
        ([(a, []), (a, [b]), (b, [])], [a]),
        ([(a, [free[-1], b]), (b, [a]), (c, [b])], [a, b]),
        ([(a, [free[0], c])], [a, c]),
    ):
        steps = rng.sample([*valid, *bad], len(valid) + len(bad))
        stage = Stage(probe, steps)
        await refuses(probe, stage.run_whole("run_steps", steps), at_fault)
        probe.expect(not stage.started, "nothing runs of a plan that is refused")


@lab.property(
    "scheduler", 1, "where ways meet again a step runs once, when the last has come", cases=1
)
async def joins_diamonds(probe: Probe) -> None:
    rng = probe.rng
    top, long, longer, short, foot, last = new_names(rng, 6)
    steps: Steps = [
        (top, []),
        (long, [top]),
        (longer, [long, top]),
        (short, [top]),
        (foot, [short, longer, short]),  # named twice: it counts once
        (last, [foot, top]),
    ]
    for order in ((top, short, long, longer, foot, last), (top, long, longer, short, foot, last)):
        steps = rng.sample(steps, 6)
        stage = Stage(probe, steps, hold=dict(steps))
        async with stage.run("run_steps", steps):
            for id in order:
                await stage.until_due()
                stage.end(id)
            expect_results(probe, stage, steps, await stage.result())


@lab.property("scheduler", 0.5, "two hundred steps are no more trouble than five", cases=1)
async def runs_many(probe: Probe) -> None:
    for steps in (draw_steps(probe.rng, 200), draw_chain(probe.rng, 60)):
        stage = Stage(probe, steps)
        expect_results(probe, stage, steps, await stage.run_whole("run_steps", steps))


@lab.property("scheduler", 0.5, "two runs in one event loop have nothing to do with one another")
async def shares_the_loop(probe: Probe) -> None:
    steps = draw_chain(probe.rng, 5)
    one, two = (Stage(probe, steps, hold=dict(steps)) for _ in range(2))
    async with one.run("run_steps", steps), two.run("run_steps", steps):
        await two.until_due()
        for _ in range(2):  # the one is in its midst while the other runs
            await one.until_due()
            one.end(*one.running)
        two.let_go()
        expect_results(probe, two, steps, await two.result())
        one.let_go()
        expect_results(probe, one, steps, await one.result())


@lab.property("scheduler", 0.5, "nothing found is a result too, and no steps are a plan", cases=1)
async def minds_empty_things(probe: Probe) -> None:
    steps = draw_chain(probe.rng, 6)
    empty: list[object] = [None, 0, "", [], False, {}]
    values = dict(zip(dict(steps), probe.rng.sample(empty, 6), strict=True))
    stage = Stage(probe, steps, values=values)
    expect_results(probe, stage, steps, await stage.run_whole("run_steps", steps))
    none = Stage(probe, [])
    probe.equal(await none.run_whole("run_steps", []), {}, "a plan without steps has no results")


### END HIDDEN TESTS


# 7.3 When a step fails

ERRORS = (ValueError, KeyError, TimeoutError, RuntimeError, ToolFailed)


def draw_error(rng: Random) -> Exception:
    """Whatever a step may raise."""
    return rng.choice(ERRORS)(f"{rng.choice(WORDS)} does not answer")


def causes(steps: Steps, failed: Collection[str]) -> dict[str, set[str]]:
    """For each step that can have no result, the failed ones that it needs, or itself."""
    needs, found = dict(steps), dict[str, set[str]]()
    while len(found) < len(needs):
        for id, needed in needs.items():
            if id not in found and all(one in found for one in needed):
                above = set[str]().union(*(found[one] for one in needed))
                found[id] = above or ({id} & set(failed))
    return {id: why for id, why in found.items() if why}


def expect_ending(
    probe: Probe, stage: Stage, steps: Steps, got: object, failed: Collection[str]
) -> None:
    """What ended well, and what was lost to which failure."""
    match got:
        case [dict(results), dict(lost)]:
            due = causes(steps, failed)
            words = "results holds what ended well, and nothing else"
            well = {id: stage.values[id] for id in stage.needs if id not in due}
            probe.equal(results, well, words)
            words = "lost holds every step without a result, and no other"
            probe.equal(sorted(map(str, lost)), sorted(due), words)
            right = all(why in due[id] for id, why in lost.items())
            probe.expect(right, "lost names for each step the failed one that it was lost to")
        case _:
            raise Broken("it returns two dicts: results, and lost")


@lab.property("failure", 1, "a failure costs what needs it, near and far, and nothing else")
async def loses_descendants_only(probe: Probe) -> None:
    rng = probe.rng
    a, b, c, near, far, both, apart = new_names(rng, 7)
    steps: Steps = [
        (a, []),
        (b, []),
        (c, []),
        (near, [a]),
        (far, [near, b]),
        (both, [b, a]),
        (apart, [b, c]),
    ]
    steps = rng.sample(steps, 7)
    stage = Stage(probe, steps, broken={a: draw_error(rng)})
    got = await stage.run_whole("run_what_can", steps)
    expect_ending(probe, stage, steps, got, [a])


@lab.property("failure", 1, "what can run begins at once, and a failure elsewhere stops nothing")
async def goes_on(probe: Probe) -> None:
    rng = probe.rng
    a, b, c, lost, d, e = new_names(rng, 6)
    steps: Steps = [(a, []), (b, []), (c, []), (lost, [a, b]), (d, [b]), (e, [d, c])]
    steps = rng.sample(steps, 6)
    stage = Stage(probe, steps, hold=dict(steps), broken={a: draw_error(rng)})
    async with stage.run("run_what_can", steps):
        await stage.until_due()
        for id in (a, b, d, c):
            stage.end(id)
            await stage.until_due()
        stage.end(e)
        expect_ending(probe, stage, steps, await stage.result(), [a])


@lab.property("failure", 1, "a step that takes longer than it may has failed, like any other")
async def minds_the_time(probe: Probe) -> None:
    rng = probe.rng
    hangs, needs_it, far, slow, after = new_names(rng, 5)
    steps: Steps = [
        (hangs, []),
        (needs_it, [hangs]),
        (far, [needs_it]),
        (slow, []),
        (after, [slow]),
    ]
    steps = rng.sample(steps, 5)
    stage = Stage(probe, steps, hold=[hangs])
    timeouts = {hangs: LOOK / 2, slow: 600}
    got = await stage.run_whole("run_what_can", steps, timeouts)
    expect_ending(probe, stage, steps, got, [hangs])


### BEGIN HIDDEN TESTS
@lab.property("failure", 1, "whatever fails, in whatever plan, the rest has its results", cases=3)
async def survives_any_failures(probe: Probe) -> None:
    rng = probe.rng
    steps = draw_steps(rng, 12)
    failed = rng.sample([id for id, _ in steps], 3)
    stage = Stage(
        probe,
        steps,
        broken={id: draw_error(rng) for id in failed},
        values={id: rng.choice([None, 0, "", [], "found"]) for id, _ in steps},
    )
    expect_ending(probe, stage, steps, await stage.run_whole("run_what_can", steps), failed)


@lab.property(
    "failure", 0.5, "each step has a time of its own, or all the time in the world", cases=1
)
async def minds_each_time(probe: Probe) -> None:
    rng = probe.rng
    one, two, long, join, after, apart = new_names(rng, 6)
    steps: Steps = [(one, []), (two, []), (long, []), (join, [one, long]), (after, [long]),
                    (apart, [two])]  # fmt: skip
    steps = rng.sample(steps, 6)
    stage = Stage(probe, steps, hold=[one, two, long])
    timeouts = {one: LOOK / 2, two: LOOK, after: 600}
    async with stage.run("run_what_can", steps, timeouts):
        await stage.until_due()
        await asyncio.sleep(3 * LOOK)  # the long one has no time-out: it may take even longer
        stage.end(long)
        expect_ending(probe, stage, steps, await stage.result(), [one, two])


@lab.property(
    "failure", 0.5, "a failure at the head of a long plan ends it, and none ends well", cases=1
)
async def minds_the_ends_of_failure(probe: Probe) -> None:
    rng = probe.rng
    steps = draw_chain(rng, 200)
    head = next(id for id, needed in steps if not needed)
    stage = Stage(probe, steps, broken={head: draw_error(rng)})
    got = await stage.run_whole("run_what_can", steps)
    expect_ending(probe, stage, steps, got, [head])
    steps = draw_steps(rng, 6)
    stage = Stage(probe, steps)
    expect_ending(probe, stage, steps, await stage.run_whole("run_what_can", steps), [])


### END HIDDEN TESTS
