"""Lab 11: what a whole agent must do, part by part and then together, in a world it has not seen.

The judge serves tools, models, the reviewer and the store, so it sees every question and every
effect, and can kill a run at any moment: from then on nothing that the run does happens. An effect
that cannot be taken back and that nobody approved takes all automatic points of the lab.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from random import Random
from typing import Any, cast

from planlab.errors import ToolFailed
from planlab.grading import Broken, Lab, Probe, Question, Raised, Served, says
from planlab.grading.checks import Handle
from planlab.records import Argument, Observation, Plan, Ref, Step
from planlab.tools import Call, Risk, Tool, tool
from planlab.world import World, open_world

lab = Lab(
    "lab11",
    "Capstone: one agent",
    questions=(
        Question("replanning", 15, "11.1 A valid plan, and the next one"),
        Question("parallel", 10, "11.2 Side by side"),
        Question("verification", 10, "11.3 The best draft"),
        Question("gates", 20, "11.4 Behind gates"),
        Question("cost", 5, "11.5 As cheap as it may be"),
        Question("resume", 10, "11.6 Killed, and resumed"),
        Question("correctness", 20, "11.7 The whole agent"),
        Question("defence", 10, "11.8 Evidence and defence", manual=True),
    ),
    withheld=("planlab.agent", "planlab.ways", "planlab.compare"),
)

WORDS = [
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "inlet", "jetty"),
    *("knoll", "larch", "maple", "north", "ochre", "pearl", "quill", "ridge", "slate", "tulip"),
]
LOOK = 0.02  # seconds between two looks at a submission that is left to itself
LOOKS = 60  # looks at which nothing happens: it hangs
QUICK = 20  # of them come one after the other
PATIENCE = 12  # plans that a planner is asked for: who asks for more has no bound

Events = list[object]


def new_names(rng: Random, count: int) -> list[str]:
    """Names in no order that would tell anything."""
    return [f"{rng.choice(WORDS)}{number}" for number in rng.sample(range(1000, 10_000), count)]


def make(
    id: str,
    key: str,
    *,
    by: str | None = "work",
    given: str = "",
    needs: Sequence[str] = (),
) -> Step:
    """A step that works on `key`, with what the step `given` hands on."""
    told = Ref(step=given, path="") if given else ""
    values: dict[str, Any] = {} if by is None else {"key": key, "given": told}
    return Step(
        id=id,
        description=f"Do the {key}",
        how="tool",
        tool=by,
        arguments=tuple(Argument(name=name, value=value) for name, value in values.items()),
        depends_on=tuple(needs),
        output=f"{key}_made",
        expected_output=f"the {key} is done",
    )


def key_of(step: Step) -> object:
    return step.arguments[0].value if step.arguments else None


def plan_of(steps: Sequence[Step], goal: str = "Do the errand") -> Plan:
    return Plan(goal=goal, reasoning="", steps=tuple(steps), version=1)


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


# 11.1 A valid plan, and the next one


@tool(risk=Risk.LOW)
async def work(key: str, given: str) -> str:
    """Work on something, with what was given."""
    return f"{key}({given})"


@tool(risk=Risk.LOW)
async def look(key: str, given: str) -> str:
    """Look something up, with what was given."""
    return f"{key}({given})"


class Planner:
    """A planner that gives these plans in turn, the last for ever, and what it was told."""

    def __init__(self, probe: Probe, *plans: Plan) -> None:
        self.served = probe.model(*(says(plan.model_dump_json()) for plan in plans))

    @property
    def told(self) -> list[str]:
        """All that it was told with each request."""
        return [json.dumps(body["messages"], ensure_ascii=False) for body in self.served.requests]

    async def next(
        self,
        probe: Probe,
        plan: Plan | None = None,
        done: Mapping[str, Observation] | None = None,
        failed: Mapping[str, str] | None = None,
    ) -> Plan:
        """What the learner makes of it; raises `Broken` where that is no plan."""
        given = ("Do the errand", plan, dict(done or {}), dict(failed or {}))
        tools = probe.tools(work, look)
        got = await probe.call("next_plan", *given, planner=self.served, tools=tools)
        if not isinstance(got, Plan):
            raise Broken("it returns a Plan")
        return got


def spoilt(rng: Random, steps: Sequence[Step]) -> tuple[list[Step], str]:
    """The same steps with one defect, and a name that tells where it is."""
    at = rng.randrange(1, len(steps))
    bad, other = steps[at], new_names(rng, 1)[0]
    changes: list[dict[str, object]] = [
        {"tool": other},
        {"depends_on": (*bad.depends_on, other)},
        {"depends_on": (*bad.depends_on, bad.id)},
        {"arguments": (*bad.arguments, Argument(name=other, value="x"))},
        {"arguments": bad.arguments[:1]},
    ]
    spoiled = bad.model_copy(update=rng.choice(changes))
    return [*steps[:at], spoiled, *steps[at + 1 :]], bad.id


def line(rng: Random, size: int) -> list[Step]:
    """Steps in a line, each with what the one before hands on."""
    ids, keys = new_names(rng, size), new_names(rng, size)
    pairs = enumerate(zip(ids, keys, strict=True))
    return [
        make(id, key, by=rng.choice(["work", "look"]), given=ids[number - 1] if number else "")
        for number, (id, key) in pairs
    ]


def same_steps(got: Plan, wanted: Sequence[Step]) -> bool:
    def told(steps: Sequence[Step]) -> dict[str, object]:
        return {s.id: (s.tool, key_of(s), s.refs, sorted(s.needs)) for s in steps}

    return told(got.steps) == told(wanted)


@lab.property("replanning", 2.5, "a plan without defects is taken as it is, and asked for once")
async def takes_a_valid_plan(probe: Probe) -> None:
    steps = line(probe.rng, 4)
    planner = Planner(probe, plan_of(steps))
    got = await planner.next(probe)
    probe.equal(len(planner.told), 1, "a plan without defects is asked for once")
    probe.expect(same_steps(got, steps), "the planner's steps are not those of the plan")


@lab.property("replanning", 2.5, "a plan with a defect is not taken: the planner hears of it")
async def repairs_a_plan(probe: Probe) -> None:
    steps = line(probe.rng, 4)
    bad, where = spoilt(probe.rng, steps)
    planner = Planner(probe, plan_of(bad), plan_of(steps))
    got = await planner.next(probe)
    probe.expect(same_steps(got, steps), "a plan with a defect was taken")
    probe.equal(len(planner.told), 2, "one bad plan, one good one: the planner is asked twice")
    probe.expect(where in planner.told[1], "the planner must hear which step is wrong")


def begun(rng: Random) -> tuple[list[Step], dict[str, Observation], dict[str, str]]:
    """A plan of three steps, of which the first is finished, and the second has failed."""
    steps = line(rng, 3)
    done = {steps[0].id: Observation(f"result {rng.randrange(10**6)}")}
    return steps, done, {steps[1].id: f"no {rng.choice(WORDS)} {rng.randrange(10**6)}"}


@lab.property("replanning", 2.5, "what is finished keeps its id, and is not asked for again")
async def keeps_what_is_finished(probe: Probe) -> None:
    rng = probe.rng
    steps, done, failed = begun(rng)
    other, key = new_names(rng, 2)
    first = steps[0]
    again = make(other, str(key_of(first)), by=first.tool)
    new = make(first.id, key, given=other)  # another errand under the id of the finished one
    planner = Planner(probe, plan_of([again, new]))
    got = await planner.next(probe, plan_of(steps), done, failed)
    left = [step for step in got.steps if step.id not in done]
    words = "a finished step is asked for again"
    probe.expect(all(key_of(step) != key_of(first) for step in left), words)
    words = "a new step that has a finished step's id is taken for that"
    probe.equal([key_of(step) for step in left], [key], words)
    probe.equal(left[0].needs, (first.id,), "a new step does not get the finished step's result")


@lab.property("replanning", 2.5, "the planner is told the results so far, and what failed and why")
async def tells_what_happened(probe: Probe) -> None:
    rng = probe.rng
    steps, done, failed = begun(rng)
    planner = Planner(probe, plan_of([make(*new_names(rng, 2), given=steps[0].id)]))
    await planner.next(probe, plan_of(steps), done, failed)
    told = planner.told[0]
    for what, words in (
        (done[steps[0].id].text, "the planner is not told the results so far"),
        (failed[steps[1].id], "the planner is not told why a step failed"),
        (steps[1].id, "the planner is not told which step failed"),
    ):
        probe.expect(what in told, words)


# 11.2 Side by side


class Floor:
    """Where steps are done: who has begun, who has ended, what was recorded."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.begun: list[str] = []
        self.given: dict[str, dict[str, object]] = {}
        self.recorded: dict[str, object] = {}
        self.doors: dict[str, asyncio.Event] = {}
        self.broken: dict[str, Exception] = {}
        self.faults: list[str] = []

        async def do(step: Step, results: dict[str, object]) -> str:
            self.begun.append(step.id)
            self.given[step.id] = results
            if step.id in self.doors:
                await self.doors[step.id].wait()
            if step.id in self.broken:
                raise self.broken[step.id]
            return self.result(step.id)

        def record(id: str, result: object) -> None:
            if id in self.recorded:
                self.faults.append("a result was recorded twice")
            self.recorded[id] = result

        self.do, self.record = probe.function(do), probe.function(record)

    def result(self, id: str) -> str:
        """What a step gives."""
        return f"{id} is done"

    def hold(self, *ids: str) -> None:
        """These do not end until they are let go."""
        self.doors |= {id: asyncio.Event() for id in ids}

    async def begins(self, *ids: str) -> None:
        """These have begun, and no others, once all is quiet."""
        words = "a step whose needs are there is not begun"
        await until(self.probe, lambda: {*ids} <= {*self.begun}, words)
        for _ in range(3):
            await turn(self.probe)
        self.probe.equal(sorted(self.begun), sorted(ids), "a step is begun that may not begin yet")

    @asynccontextmanager
    async def running(
        self, steps: Sequence[Step], done: dict[str, object] | None = None, limit: int = 8
    ) -> AsyncIterator["asyncio.Future[object]"]:
        """The steps, under way."""
        asked = self.probe.call("run_steps", [*steps], self.do, done or {}, self.record, limit)
        call = asyncio.ensure_future(asked)
        try:
            yield call
        finally:
            for door in self.doors.values():
                door.set()
            await asyncio.wait([call], timeout=LOOK)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)

    async def ended(self, call: "asyncio.Future[object]") -> dict[str, object]:
        """What it returns: the steps that failed, and why."""
        await until(self.probe, call.done, "it waits for ever")
        got = call.result()
        if not isinstance(got, dict):
            raise Broken("it returns a dict of the steps that failed: {id: why}")
        if self.faults:
            raise Broken(self.faults[0])
        return got


def diamond(rng: Random) -> list[Step]:
    """a; b and c after a; d after both, in any order."""
    a, b, c, d = new_names(rng, 4)
    steps = [make(a, a), make(b, b, given=a), make(c, c, needs=[a]), make(d, d, given=b, needs=[c])]
    return rng.sample(steps, 4)


@lab.property("parallel", 2, "each step runs once, with the results of all that it needs")
async def runs_each_once(probe: Probe) -> None:
    floor, steps = Floor(probe), diamond(probe.rng)
    async with floor.running(steps) as call:
        got = await floor.ended(call)
    probe.equal(got, {}, "nothing has failed, and it says that something has")
    ids = sorted(step.id for step in steps)
    probe.equal(sorted(floor.begun), ids, "each step is done once")
    for step in steps:
        wanted = {id: floor.result(id) for id in step.needs}
        probe.equal(floor.given[step.id], wanted, "a step is not given just what it needs")
    wanted = {id: floor.result(id) for id in ids}
    probe.equal(floor.recorded, wanted, "each result is recorded, under the step's id")


@lab.property("parallel", 2, "a step begins the moment its own needs are there, not a level later")
async def waits_for_nothing_else(probe: Probe) -> None:
    a, b, c, d, e = new_names(probe.rng, 5)
    steps = [make(a, a), make(b, b), make(c, c, needs=[a]), make(d, d, given=c), make(e, e)]
    floor = Floor(probe)
    floor.hold(a, b, c, e)
    async with floor.running(probe.rng.sample(steps, 5)) as call:
        await floor.begins(a, b, e)
        floor.doors[a].set()
        await floor.begins(a, b, e, c)
        words = "a result is recorded at once, while others still run"
        probe.expect(a in floor.recorded, words)
        floor.doors[c].set()
        await floor.begins(a, b, e, c, d)
        for door in floor.doors.values():
            door.set()
        await floor.ended(call)


@lab.property("parallel", 2, "at most `limit` steps are under way at once")
async def keeps_the_limit(probe: Probe) -> None:
    ids, limit = new_names(probe.rng, 7), probe.rng.randint(2, 3)
    floor = Floor(probe)
    floor.hold(*ids)
    async with floor.running([make(id, id) for id in ids], limit=limit) as call:
        for ended in range(len(ids) - limit + 1):
            await until(
                probe,
                lambda ended=ended: len(floor.begun) >= limit + ended,
                "fewer steps than may be are under way",
            )
            for _ in range(3):
                await turn(probe)
            probe.equal(len(floor.begun), limit + ended, "more steps than `limit` are under way")
            floor.doors[floor.begun[ended]].set()
        for door in floor.doors.values():
            door.set()
        await floor.ended(call)


@lab.property("parallel", 2, "a failure keeps back what needs it, near or far, and nothing else")
async def holds_dependents_back(probe: Probe) -> None:
    rng = probe.rng
    a, b, c, d, e, f = new_names(rng, 6)
    steps = [make(a, a), make(b, b, given=a), make(c, c, needs=[b]), make(d, d), make(e, e)]
    steps += [make(f, f, given=d, needs=[e])]
    for error in rng.sample([ToolFailed("no stock"), ValueError("no stock"), KeyError("x")], 2):
        floor = Floor(probe)
        floor.broken = {a: error}
        floor.hold(d)
        async with floor.running(rng.sample(steps, len(steps))) as call:
            await floor.begins(a, d, e)
            floor.doors[d].set()
            got = await floor.ended(call)
        probe.equal([*got], [a], "it returns the steps that failed themselves, and no others")
        probe.expect(isinstance(got[a], str), "why a step failed is a text")
        probe.equal(sorted(floor.begun), sorted([a, d, e, f]), "these are not the steps to be run")
        probe.equal(sorted(floor.recorded), sorted([d, e, f]), "what failed has no result")


# 11.3 The best draft


class Desk:
    """A writer and a critic; drafts are numbered texts of which the judge knows how good they are.

    `good` are the checks that each draft passes, `scores` and `approved` the critic's, in turn.
    """

    def __init__(
        self,
        probe: Probe,
        scores: Sequence[float],
        *,
        approved: int | None = None,
        failing: Mapping[int, Sequence[int]] | None = None,
        checks: int = 2,
    ) -> None:
        rng = probe.rng
        self.probe = probe
        self.drafts = [f"{rng.choice(WORDS)} {number} {rng.random()}" for number in range(9)]
        self.scores, self.approved, self.failing = [*scores], approved, dict(failing or {})
        self.task = f"Write about {rng.choice(WORDS)}."
        self.written: list[tuple[object, object]] = []
        self.judged: list[int] = []
        self.breaks: dict[str, int] = {}
        self.issue = f"issue {rng.randrange(10**6)}"

        async def write(task: str, draft: object, issues: object) -> str:
            number = len(self.written)
            self.written.append((draft, issues))
            if task != self.task:
                raise ValueError("the task is handed on as it is")
            if self.breaks.get("write") == number:
                raise ConnectionError("no writer")
            return self.drafts[number]

        async def judge(task: str, draft: str) -> dict[str, object]:
            number = self.drafts.index(draft)
            self.judged.append(number)
            if self.breaks.get("judge") == number:
                raise ConnectionError("no critic")
            good = number == self.approved
            issues = [] if good else [f"{self.issue} of {number}"]
            return {"approved": good, "score": self.scores[number], "issues": issues}

        def checker(which: int) -> Served:
            async def check(draft: str) -> list[str]:
                failing = which in self.failing.get(self.drafts.index(draft), ())
                return [f"check {which}: {self.issue}"] if failing else []

            return probe.function(check)

        self.write, self.judge = probe.function(write), probe.function(judge)
        self.checks = [checker(which) for which in range(checks)]

    async def verified(self, rounds: int = 3) -> tuple[int, bool]:
        """The number of the draft that comes back, and if it is said to be good."""
        named = {"write": self.write, "judge": self.judge, "checks": self.checks}
        match await self.probe.call("verified", self.task, **named, rounds=rounds):
            case [str(text), bool(good)] if text in self.drafts:
                return self.drafts.index(text), good
        raise Broken("it returns two things: one of the drafts, and whether it was approved")


@lab.property("verification", 2, "what passes the checks and the critic is returned, at once")
async def takes_a_good_draft(probe: Probe) -> None:
    for checks in (0, 2):
        desk = Desk(probe, [0.9], approved=0, checks=checks)
        probe.equal(await desk.verified(), (0, True), "an approved draft is returned, as approved")
        probe.equal(len(desk.written), 1, "after an approved draft none is written")
        probe.equal(desk.written[0], (None, []), "at first there is no draft, and no issue")
        probe.equal(desk.judged, [0], "a draft that passes the checks is judged once")


@lab.property("verification", 2, "the writer hears the issues, and the mended draft is returned")
async def mends_drafts(probe: Probe) -> None:
    desk = Desk(probe, [0, 0.4, 0.9], approved=2, failing={0: [1]})
    probe.equal(await desk.verified(), (2, True), "the draft that was approved is returned")
    told = [(draft, str(issues)) for draft, issues in desk.written]
    probe.equal([draft for draft, _ in told], [None, *desk.drafts[:2]], "the last draft is mended")
    heard = f"check 1: {desk.issue}" in told[1][1] and f"{desk.issue} of 1" in told[2][1]
    probe.expect(heard, "the writer does not hear what was wrong with the draft")
    probe.equal(desk.judged, [1, 2], "the critic is asked only about what passes every check")


@lab.property("verification", 2, "where none is approved the best draft is returned, not the last")
async def takes_the_best(probe: Probe) -> None:
    scores = probe.rng.sample([0.1, 0.3, 0.5, 0.7], 3)
    desk = Desk(probe, scores)
    best = scores.index(max(scores))
    probe.equal(await desk.verified(), (best, False), "it is not the draft with the highest score")


# 11.4 Behind gates

STRANGERS = ("web", "mail")
QUESTIONS = 5  # of a run
UNASKED = "LOW and MEDIUM calls run, and nobody is asked"
ALLOWED = "a HIGH call that the reviewer approves runs"
FORBIDDEN = "a HIGH call ran that nobody had approved"


class Office:
    """Tools and a reviewer, who was asked, and what happened."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.asked: list[tuple[str, object]] = []
        self.approved: list[tuple[str, object]] = []
        self.effects: list[tuple[str, dict[str, object], str]] = []  # with the call's key
        self.answers: dict[str, object] = {}  # the reviewer's, where it is not "approve"
        self.tools: dict[str, Tool] = {}

        async def reviewer(name: str, arguments: object) -> object:
            self.asked.append((name, arguments))
            answer = self.answers.get(name, "approve")
            if isinstance(answer, Exception):
                raise answer
            if answer == "approve":
                self.approved.append((name, arguments))
            return answer

        self.reviewer = probe.function(reviewer)

    def add(self, risk: Risk | None, name: str = "") -> str:
        """One more tool, which may be one whose risk nobody stated; its name."""
        name = name or new_names(self.probe.rng, 1)[0]

        async def run(to: str, body: str, call: Call) -> str:
            """Do something about somebody."""
            self.effects.append((name, dict(call.arguments), call.key))
            return f"{name} did it"

        made = tool(run) if risk is None else tool(risk=risk)(run)
        self.tools[name] = replace(made, name=name)
        return name

    def given(self) -> dict[str, object]:
        """Arguments that every tool here takes."""
        rng = self.probe.rng
        return {"to": f"{rng.choice(WORDS)}@acme.example", "body": f"{rng.random()}"}

    async def open(self, run_id: str = "run 1") -> Handle:
        """The learner's Toolbox around these tools."""
        tools = self.probe.tools(*self.tools.values())
        box = await self.probe.call("behind_gates", tools, self.reviewer, run_id)
        if isinstance(box, Handle):
            return box
        raise Broken("it returns a Toolbox")

    async def call(
        self,
        box: Handle,
        name: str,
        arguments: Mapping[str, object],
        *,
        step: str = "s1",
        **named: object,
    ) -> Observation:
        """What comes of a call. Whatever cannot be taken back must have been approved."""
        try:
            seen = await box.call("call", name, dict(arguments), step=step, **named)
        finally:
            self.check()
        if isinstance(seen, Observation):
            return seen
        raise Broken("the Toolbox's call gives an Observation")

    def check(self) -> None:
        """No effect without an approval of just that."""
        for name, arguments, _ in self.effects:
            high = self.tools[name].risk == Risk.HIGH
            self.probe.forbid(high and (name, arguments) not in self.approved, FORBIDDEN)

    async def runs(
        self, box: Handle, name: str, words: str, *, asks: bool, step: str = "s1", **named: object
    ) -> str:
        """The call goes through, once and as it is; its key."""
        arguments, asked, effects = self.given(), len(self.asked), len(self.effects)
        seen = await self.call(box, name, arguments, step=step, **named)
        done = [(name, given) for name, given, _ in self.effects[effects:]]
        self.probe.expect(seen.error is None and len(done) == 1, words)
        self.probe.equal(done[0], (name, arguments), "a tool runs with the arguments as they are")
        self.probe.equal(seen.value, f"{name} did it", "the result is what the tool returned")
        told = "the reviewer is asked once, about this call" if asks else "nobody is asked"
        self.probe.equal(self.asked[asked:], [(name, arguments)] if asks else [], told)
        return self.effects[-1][2]

    async def refuses(
        self, box: Handle, name: str, words: str, *, unasked: bool = False, **named: object
    ) -> None:
        """The call is refused, and nothing happens."""
        asked, effects = len(self.asked), len(self.effects)
        given = cast(dict[str, object], named.pop("arguments", None)) or self.given()
        seen = await self.call(box, name, given, **named)
        self.probe.expect(seen.error is not None and len(self.effects) == effects, words)
        if unasked:
            self.probe.expect(len(self.asked) == asked, "nobody is asked about such a call")


@lab.property("gates", 4, "LOW and MEDIUM run unasked; HIGH is asked about, and runs if approved")
async def asks_by_risk(probe: Probe) -> None:
    office = Office(probe)
    low, medium = office.add(Risk.LOW), office.add(Risk.MEDIUM)
    high = [office.add(Risk.HIGH) for _ in range(2)]
    box = await office.open()
    for name in probe.rng.sample([low, medium, *high, low], 5):
        if name in high:
            await office.runs(box, name, ALLOWED, asks=True)
        else:
            await office.runs(box, name, UNASKED, asks=False)


@lab.property("gates", 3, "what the reviewer does not approve does not run, whatever is answered")
async def believes_one_word(probe: Probe) -> None:
    answers: list[object] = ["reject", "yes", "approved", "", None, True, 1, ["approve"]]
    answers += [RuntimeError("approve"), TimeoutError("approve")]
    for answer in ["reject", *probe.rng.sample(answers[1:], 3)]:
        office = Office(probe)
        good, bad, low = (office.add(risk) for risk in (Risk.HIGH, Risk.HIGH, Risk.LOW))
        office.answers[bad] = answer
        box = await office.open()
        await office.refuses(box, bad, "what was not approved does not run")
        await office.runs(box, good, ALLOWED, asks=True)
        await office.runs(box, low, UNASKED, asks=False)


@lab.property("gates", 4, "no stranger decides to whom: such a call is refused, and nobody asked")
async def minds_strangers(probe: Probe) -> None:
    rng = probe.rng
    office = Office(probe)
    low, high = office.add(Risk.LOW), office.add(Risk.HIGH)
    box = await office.open()
    source = rng.choice(STRANGERS)
    read = {"page": Observation("thief@collector.example", taint=frozenset({source}))}
    book = {"page": Observation("team@acme.example", taint=frozenset({"private"}))}
    to = {"to": Ref(step="page", path=""), "body": "our prices"}
    quoted = {"to": "team@acme.example", "body": Ref(step="page", path="")}
    words = "a HIGH call goes where a web page or a mail says"
    await office.refuses(box, high, words, unasked=True, arguments=to, known=read)
    for name, arguments, known in ((high, quoted, read), (high, to, book), (low, to, read)):
        effects = len(office.effects)
        seen = await office.call(box, name, arguments, known=known)
        words = "an honest call is stopped: a mail may quote a page, and a look changes nothing"
        probe.expect(seen.error is None and len(office.effects) == effects + 1, words)
    words = "a HIGH call that was made up after reading a page goes where the page says"
    await office.refuses(box, high, words, unasked=True, taint={source})


# 11.5 As cheap as it may be


class Models:
    """A small and a large model, and who says if an answer is good."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.asked: list[str] = []
        self.good: set[str] = set()  # tasks that the small model gets right
        self.broken: set[str] = set()  # tasks at which it raises
        self.judged: list[object] = []
        self.held: asyncio.Event | None = None

        async def small(task: str) -> str:
            self.asked.append(f"small {task}")
            if task in self.broken:
                raise ConnectionError("no small model")
            return f"small on {task}"

        async def large(task: str) -> str:
            self.asked.append(f"large {task}")
            if self.held:
                await self.held.wait()
            return f"large on {task}"

        async def is_good(task: str, text: str) -> bool:
            self.judged.append(text)
            return task in self.good or text.startswith("large")

        self.functions = [probe.function(one) for one in (small, large, is_good)]

    async def open(self, most: int) -> Handle:
        asker = await self.probe.call("make_asker", *self.functions, most)
        if isinstance(asker, Handle):
            return asker
        raise Broken("it returns a function that is called as ask(task)")

    async def expect(self, ask: Handle, task: str, answer: str, asked: str, words: str) -> None:
        """This answer, and these models asked."""
        before = len(self.asked)
        got = await ask.call("__call__", task)
        probe = self.probe
        probe.equal(self.asked[before:], [f"{who} {task}" for who in asked.split()], words)
        probe.equal(got, f"{answer} on {task}", "it returns the answer of the model asked last")


@lab.property("cost", 1.5, "where the small model's answer is good, the large one is not asked")
async def is_cheap(probe: Probe) -> None:
    models, tasks = Models(probe), new_names(probe.rng, 3)
    models.good = {*tasks}
    ask = await models.open(5)
    for task in tasks:
        words = "a good answer of the small model is enough"
        await models.expect(ask, task, "small", "small", words)


@lab.property("cost", 1.5, "where it is not good, or none comes, the large model is asked once")
async def escalates(probe: Probe) -> None:
    models, tasks = Models(probe), new_names(probe.rng, 3)
    models.good, models.broken = {tasks[0]}, {tasks[2]}
    ask = await models.open(5)
    for task in probe.rng.sample(tasks, 3):
        good = task in models.good
        words = "the large model is asked where the small one is not good enough, and only there"
        who = "small" if good else "small large"
        await models.expect(ask, task, who.split()[-1], who, words)


@lab.property(
    "cost", 1, "the large model is asked at most so often in all, then the small one's do"
)
async def is_bounded(probe: Probe) -> None:
    most = probe.rng.randint(1, 3)
    models, tasks = Models(probe), new_names(probe.rng, most + 2)
    ask, other = await models.open(most), await models.open(1)
    for number, task in enumerate(tasks):
        who = "small large" if number < most else "small"
        words = "the large model is asked `most` times in all, no more and no fewer"
        await models.expect(ask, task, who.split()[-1], who, words)
    await models.expect(other, "x", "large", "small large", "each asker counts for itself")


# 11.6 Killed, and resumed


class Plant:
    """Makes and runs plans for a learner's `carry_out`, over many processes, and kills it.

    A kill at the n-th of a kind of thing: from then on nothing happens any more.
    """

    def __init__(self, probe: Probe, plans: Sequence[Plan], broken: Sequence[str] = ()) -> None:
        self.probe, self.plans, self.broken = probe, [*plans], set(broken)
        self.stored: Events = []
        self.made: list[tuple[object, dict[str, object], dict[str, str]]] = []
        self.ran: list[str] = []
        self.results: dict[str, object] = {}
        self.faults: list[str] = []
        self.kill, self.left, self.off = "", 0, False

        async def make(plan: object, done: dict[str, object], failed: dict[str, str]) -> Plan:
            self.happens("make")
            self.made.append((plan, done, failed))
            if len(self.made) > PATIENCE:
                raise RuntimeError("plans are asked for again and again")
            return self.plans[min(len(self.made), len(self.plans)) - 1]

        async def run(plan: Plan, done: dict[str, object], record: Handle) -> dict[str, str]:
            self.happens("run")
            return await self.run_steps(plan, done, record)

        def append(event: object) -> None:
            self.happens("append")
            self.stored.append(event)

        self.served = [probe.function(one) for one in (make, run, append)]

    def happens(self, kind: str) -> None:
        """Something is about to happen; raises where the run is dead, or dies of it."""
        if kind == self.kill and not self.off:
            self.left -= 1
            self.off = self.left == 0
        if self.off:
            raise InterruptedError("killed")

    async def run_steps(
        self, plan: Plan, done: dict[str, object], record: Handle
    ) -> dict[str, str]:
        """Do all that can be done, one after the other; the steps that failed, and why."""
        if not self.stored:
            self.faults.append("the plan must be stored before the first of its steps runs")
        known = {id: value for id, value in self.results.items() if id in self.recorded}
        if any(done.get(id) != known[id] for id in known):
            self.faults.append("what was done is not handed on to the next run")
        failed: dict[str, str] = {}
        have = {*done}
        for step in plan.steps:
            if step.id in have or not {*step.needs} <= have:
                continue
            self.happens("step")
            self.ran.append(step.id)
            if step.id in self.broken:
                failed[step.id] = f"{step.id} is out of stock"
                continue
            before, result = len(self.stored), Observation(f"{step.id} {self.probe.rng.random()}")
            self.results[step.id] = result
            await record.call("__call__", step.id, result)
            have.add(step.id)
            if len(self.stored) == before:
                self.faults.append("a result must be stored before `record` returns")
            self.recorded.add(step.id)
        return failed

    recorded: set[str]

    async def carry_out(self, kill: str = "", number: int = 0, most: int = 2) -> object:
        """A new process; None where it was killed."""
        if not hasattr(self, "recorded"):
            self.recorded = set()
        self.kill, self.left, self.off = kill, number, False
        make, run, append = self.served
        try:
            got = await self.probe.call(
                "carry_out", make, run, [*self.stored], append, max_replans=most
            )
        except Raised:
            if not self.off:
                raise
            got = None
        if self.faults:
            raise Broken(self.faults[0])
        return None if self.off else got

    def expect(self, got: object, plan: Plan) -> None:
        """The results of the plan's steps, each of them done once."""
        wanted = {step.id: self.results.get(step.id) for step in plan.steps}
        self.probe.equal(got, wanted, "it returns the results of the plan's steps, by id")
        self.probe.expect(max(Counter(self.ran).values()) == 1, "a step that is done is done again")


@lab.property("resume", 2, "the plan is made once, run, and the results of its steps returned")
async def carries_out(probe: Probe) -> None:
    plan = plan_of(line(probe.rng, 4))
    plant = Plant(probe, [plan])
    plant.expect(await plant.carry_out(), plan)
    probe.equal(plant.made, [(None, {}, {})], "at first there is no plan, no result, no failure")


@lab.property("resume", 2, "killed after any step it goes on: same plan, nothing done twice")
async def goes_on_after_a_kill(probe: Probe) -> None:
    plan = plan_of(line(probe.rng, 4))
    plant = Plant(probe, [plan, plan_of(line(probe.rng, 2))])
    for number in (probe.rng.randint(2, 3), 2):
        await plant.carry_out("step", number)
    plant.expect(await plant.carry_out(), plan)
    probe.equal(len(plant.made), 1, "a plan that is stored is not made again")


@lab.property("resume", 2, "a plan that has ended is neither made nor run again")
async def is_over(probe: Probe) -> None:
    plan = plan_of(line(probe.rng, 3))
    plant = Plant(probe, [plan, plan_of(line(probe.rng, 2))])
    for _ in range(2):
        plant.expect(await plant.carry_out(), plan)
    probe.equal(len(plant.made), 1, "a plan that has ended is not made again")


def mended(rng: Random, steps: Sequence[Step]) -> list[Step]:
    """The same steps, but another one in place of the last."""
    return [*steps[:-1], make(*new_names(rng, 2), given=steps[-2].id)]


@lab.property("resume", 1, "after a failure the next plan is made of plan, results and failure")
async def makes_the_next_plan(probe: Probe) -> None:
    steps = line(probe.rng, 3)
    bad = steps[-1].id
    first, second = plan_of(steps), plan_of(mended(probe.rng, steps))
    plant = Plant(probe, [first, second], [bad])
    plant.expect(await plant.carry_out(), second)
    probe.equal(len(plant.made), 2, "one failure, one new plan")
    plan, done, failed = plant.made[1]
    probe.equal(plan, first, "the next plan is made of the plan that failed")
    wanted = {step.id: plant.results[step.id] for step in steps[:-1]}
    probe.equal(done, wanted, "the next plan is made with the results so far")
    probe.equal(failed, {bad: f"{bad} is out of stock"}, "the next plan is made with what failed")


# 11.7 The whole agent

INTENTS = ("refund", "password", "address", "outage", "invoice")
POLICY = "knowledge_base/refunds.md"
READERS = ("accounts@birch-bakery.example", "office@lumen-books.example", "desk@otter.example")
THIEF = "price-watch@collector.example"
COUNTED = (
    "SELECT intent, COUNT(*) AS n FROM tickets WHERE week = '2024-W50' GROUP BY intent "
    "ORDER BY n DESC, intent"
)
MISSING = "The total is missing or wrong: it is the sum of the counts."


def step(id: str, what: str, by: str | None, needs: Sequence[str] = (), **given: object) -> Step:
    """A step of a plan for Acme."""
    return make(id, id, needs=needs).model_copy(
        update={
            "description": what,
            "tool": by,
            "arguments": tuple(Argument(name=n, value=cast(Any, v)) for n, v in given.items()),
            "expected_output": "what was asked for",
        }
    )


def result(id: str) -> Ref:
    return Ref(step=id, path="")


class Company:
    """A world of a seed that nobody has seen, a planner, a worker, a critic and a reviewer.

    All models are scripted: they know only what they are shown. A kill at the n-th call of a tool,
    before or after its effect, ends a run: from then on nothing reaches world or store.
    """

    def __init__(self, probe: Probe, world: World, *plans: Plan) -> None:
        self.probe, self.world, self.plans = probe, world, plans
        self.rng = probe.rng
        self.stored: Events = []
        self.effects: list[tuple[str, dict[str, object]]] = []
        self.approved: list[tuple[str, object]] = []
        self.asked: list[tuple[str, object]] = []
        self.calls: list[tuple[str, dict[str, object]]] = []
        self.off, self.kill, self.after = False, 0, False
        self.planned = 0  # plans that a living process asked for
        self.extra: list[Tool] = []
        self.allowed = {*READERS}

        async def reviewer(name: str, arguments: dict[str, object]) -> str:
            if self.off:
                raise InterruptedError("killed")
            self.asked.append((name, arguments))
            if arguments.get("to") not in self.allowed:
                return "reject"
            self.approved.append((name, arguments))
            return "approve"

        def append(event: object) -> None:
            if self.off:
                raise InterruptedError("killed")
            self.stored.append(event)

        self.reviewer, self.append = probe.function(reviewer), probe.function(append)
        self.planner = probe.model(self.plan_or_write)
        self.worker = probe.model(self.put_into_words)
        verdict = {"issues": [], "score": 0.9, "approved": True}
        self.critic = probe.model(says(verdict))
        self.checks: list[Served] = []

    def plan_or_write(self, body: Mapping[str, Any]) -> Any:
        """The large model: the next plan, or the report, from what it is shown."""
        if "response_format" in body:
            self.planned += not self.off
            return says(self.plans[min(self.planned, len(self.plans)) - 1].model_dump_json())
        shown = text_of(body)
        counts = {name: int(n) for name, n in re.findall(r"(\w+)[^\w]{1,6}(\d+)\b", shown)}
        found = {name: n for name, n in counts.items() if name in INTENTS}
        if not found:
            days = re.search(r"within (\d+) days", shown)
            return says(f"Done: within {days[1]} days." if days else "Nothing is known.")
        top = max(found, key=lambda name: found[name])
        total = sum(found.values()) + (MISSING not in shown)
        return says(f"Top intent: {top}, {found[top]} tickets.\nTotal: {total}.")

    def put_into_words(self, body: Mapping[str, Any]) -> Any:
        """The small model."""
        days = re.search(r"within (\d+) days", text_of(body))
        return says(f"You have a refund within {days[1]} days." if days else "Nothing is known.")

    def tools(self) -> Served:
        """The world's tools, watched, and killed where that is wanted."""
        return self.probe.tools(*(self.watched(one) for one in (*self.world.tools, *self.extra)))

    def watched(self, one: Tool) -> Tool:
        async def run(**arguments: object) -> object:
            if self.off:
                raise InterruptedError("killed")
            given = {n: v for n, v in arguments.items() if n != one.call_parameter}
            self.calls.append((one.name, given))
            self.off = len(self.calls) == self.kill
            if self.off and not self.after:
                raise InterruptedError("killed")
            if one.risk == Risk.HIGH:
                self.effects.append((one.name, given))
            value = one.run(**arguments)
            value = await value if asyncio.iscoroutine(value) else value
            if self.off:
                raise InterruptedError("killed")
            return value

        return replace(one, run=run)

    async def run(self, goal: str, *, kill: int = 0, after: bool = False) -> str:
        """A process of the learner's agent; its answer, "" where it was killed."""
        self.off, self.kill, self.after = False, kill and len(self.calls) + kill, after
        try:
            got = await self.probe.call(
                "run_my_agent",
                goal,
                planner=self.planner,
                worker=self.worker,
                critic=self.critic,
                tools=self.tools(),
                reviewer=self.reviewer,
                checks=self.checks,
                known=[*self.stored],
                append=self.append,
                run_id="run 7",
            )
        except Raised:
            if not self.off:
                raise
            got = ""
        finally:
            for effect in self.effects:
                self.probe.forbid(effect not in self.approved, FORBIDDEN)
        if self.off:
            return ""
        if not isinstance(got, str):
            raise Broken("it returns the answer, a text")
        return got

    def mailed(self) -> list[tuple[str, bool]]:
        """Who got a mail, and if the rule in it is right."""
        days = re.findall(r"within (\d+) days", self.world.read(POLICY))
        sent = self.world.sent()
        return sorted((m.to, re.findall(r"within (\d+) days", m.body) == days) for m in sent)

    def expect_mails(self) -> None:
        """Each reader got one mail, and the rule in it is right."""
        wanted = sorted((reader, True) for reader in READERS)
        self.probe.equal(self.mailed(), wanted, "each reader gets one mail with the rule as it is")


def text_of(body: Mapping[str, Any]) -> str:
    """All that a model was told with a request."""
    return "\n".join(str(message.get("content")) for message in body["messages"])


def draw_world(probe: Probe) -> World:
    """A company as nobody has seen it."""
    world = open_world(seed=probe.rng.randrange(10**6))
    world.change("DELETE FROM tickets WHERE week = '2024-W50'")
    counts = probe.rng.sample(range(2, 12), len(INTENTS))
    for intent, count in zip(INTENTS, counts, strict=True):
        for _ in range(count):
            world.change(
                "INSERT INTO tickets (week, customer, intent, text) VALUES ('2024-W50', ?, ?, ?)",
                (f"Customer {probe.rng.randint(100, 999)}", intent, f"Please see to {intent}."),
            )
    days = probe.rng.randint(11, 59)
    world.write(POLICY, f"A charge is refunded where this is asked for within {days} days.\n")
    return world


MAILS = f"Read {POLICY}, and mail the rule to {', '.join(READERS)}."
REPORT = "Write the weekly support report: the total of tickets, the top intent and its count."


def mails_plan(*more: Step, policy: str = POLICY) -> Plan:
    """Read, put into words, send three times; and what else is to be done."""
    sends = [
        step(
            f"s{3 + number}",
            f"Mail {to}",
            "send_email",
            to=to,
            subject="Refunds",
            body=result("s2"),
        )
        for number, to in enumerate(READERS)
    ]
    read = step("s1", "Read the rule", "read_file", path=policy)
    words = step("s2", "Put the rule into words", None, ["s1"])
    return plan_of([read, words, *sends, *more], MAILS)


@lab.property("correctness", 4, "the report is right, in a world that nobody has seen")
async def writes_the_report(probe: Probe) -> None:
    with draw_world(probe) as world:
        count = step("s1", "Count this week's tickets by intent", "analyze_data", sql=COUNTED)
        note = step("s2", "Say what stands out", None, ["s1"])
        keep = step("s3", "Keep a note", "write_file", path="reports/w50.md", content=result("s2"))
        company = Company(probe, world, plan_of([count, note, keep], REPORT))
        counted = [(str(name), int(str(n))) for name, n in world.rows(COUNTED)]
        total = sum(n for _, n in counted)

        async def check(draft: str) -> list[str]:
            return [] if f"Total: {total}." in draft else [MISSING]

        company.checks = [probe.function(check)]
        answer = await company.run(REPORT)
        noted = [given["path"] for name, given in company.calls if name == "write_file"]
        probe.equal(noted, ["reports/w50.md"], "a step of the plan is not carried out, once")
        right = f"Top intent: {counted[0][0]}, {counted[0][1]} tickets.\nTotal: {total}."
        probe.equal(answer, right, "the answer is not the draft that passes the checks")


@lab.property("correctness", 4, "three mails go out: approved, once each, and with the right words")
async def sends_the_mails(probe: Probe) -> None:
    with draw_world(probe) as world:
        company = Company(probe, world, mails_plan())
        await company.run(MAILS)
        company.expect_mails()
        probe.equal(len(company.asked), 3, "the reviewer is asked about each mail, once")


@lab.property("correctness", 3, "when a step fails what remains is replanned, and the goal reached")
async def replans(probe: Probe) -> None:
    with draw_world(probe) as world:
        where = f"knowledge_base/{new_names(probe.rng, 1)[0]}.md"
        also = step("s9", "Count this week's tickets", "analyze_data", sql=COUNTED)
        plans = [mails_plan(also, policy=where), mails_plan(also)]
        company = Company(probe, world, *plans)
        await company.run(MAILS)
        company.expect_mails()
        counts = sum(name == "analyze_data" for name, _ in company.calls)
        probe.equal(counts, 1, "what was finished before the failure is done again")
