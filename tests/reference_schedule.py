"""Random task graphs, what they must come to, and a player that watches the scheduler at work.

The reference knows nothing of queues or workers: it asks again and again which task could have
ended by now, until nothing changes.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from random import Random

import looptime

from planlab.errors import MalformedAnswer, NeedsApproval, Transient
from planlab.schedule import GRACE, Failed, Task, Waiting, run_graph

PAUSE = 0.5
NEVER = 1e9


@dataclass(frozen=True)
class Act:
    """What one attempt does: how it ends, after how many seconds."""

    ending: str  # ok, error, transient, cancelled, approval, stubborn (swallows cancellations)
    seconds: float


@dataclass(frozen=True)
class Spec:
    id: str
    depends_on: tuple[str, ...]
    acts: tuple[Act, ...]  # the last one stands for all later attempts
    timeout: float | None
    retries: int


@dataclass(frozen=True)
class Case:
    specs: tuple[Spec, ...]
    done: dict[str, object]
    limit: int
    gaps: tuple[float, ...] | None  # seconds before each task of a stream; None: a list
    broken: str  # how a stream breaks after its last task: "", error, planlab, cancelled, twice
    cancel_at: float


@dataclass(frozen=True)
class Attempt:
    """One attempt as it was seen: when it took a slot and when it gave it back."""

    id: str
    start: float
    end: float


@dataclass
class Watched:
    """What a run did."""

    done: dict[str, object]
    attempts: list[Attempt] = field(default_factory=list)
    arrived: dict[str, float] = field(default_factory=dict)
    error: BaseException | None = None
    left: int = 0


def random_case(random: Random) -> Case:
    ids = [f"t{i}" for i in range(random.randrange(1, 13))]
    specs = [_spec(random, i, ids) for i in range(len(ids))]
    random.shuffle(specs)
    done = {i: random.choice(_EARLIER)(i) for i in ids if random.random() < 0.1}
    gaps = tuple(random.choice((0, 0, 0.5)) for _ in ids) if random.random() < 0.4 else None
    broken = random.choice(("", "", "error", "planlab", "cancelled", "twice")) if gaps else ""
    cancel_at = random.choice((0.2, 0.7, 1.3)) if random.random() < 0.15 else NEVER
    return Case(tuple(specs), done, random.choice((1, 2, 3, 16)), gaps, broken, cancel_at)


_EARLIER: tuple[Callable[[str], object], ...] = (
    lambda i: f"earlier {i}",
    lambda i: Failed(i, ValueError("earlier")),
    lambda i: Waiting(i, "earlier"),
)


def _spec(random: Random, number: int, ids: list[str]) -> Spec:
    earlier = ids[:number]
    depends_on = random.sample(earlier, min(len(earlier), random.choice((0, 1, 1, 2, 3))))
    if random.random() < 0.03:
        depends_on.append(random.choice([*ids, "nobody"]))  # perhaps a cycle, or an unknown id
    endings = random.choices(
        ("ok", "error", "transient", "cancelled", "approval", "stubborn"), (20, 1, 4, 1, 1, 1), k=3
    )
    # 0.65 s: over the time-out, within the grace.
    acts = tuple(Act(ending, random.choice((0, 0.25, 0.5, 0.65, 1.5))) for ending in endings)
    timeout = random.choice((None, None, 0.6))
    return Spec(ids[number], tuple(depends_on), acts, timeout, random.choice((0, 0, 1, 2)))


def slots(spec: Spec) -> list[tuple[float, str]]:
    """For each attempt that is due: how long it holds its slot, and how it ends."""
    found = []
    for number in range(spec.retries + 1):
        act = spec.acts[min(number, len(spec.acts) - 1)]
        seconds, ending = act.seconds, act.ending
        if spec.timeout is not None and seconds > spec.timeout:
            held = min(seconds, spec.timeout + GRACE) if ending == "stubborn" else spec.timeout
            ending = "timeout" if held < spec.timeout + GRACE else "abandoned"
            seconds = held
        found.append((seconds, ending))
        if ending not in ("transient", "timeout"):
            break
    return found


def outcomes(case: Case) -> tuple[dict[str, object], set[str]]:
    """What `done` must hold at the end, in the form of `shape`, and which tasks are stuck."""
    ended = {i: shape(v) for i, v in case.done.items() if not isinstance(v, Failed | Waiting)}
    changed = True
    while changed:
        changed = False
        for spec in case.specs:
            if spec.id not in ended and all(i in ended for i in spec.depends_on):
                ended[spec.id] = _outcome(spec, [ended[i] for i in spec.depends_on])
                changed = True
    stuck = {spec.id for spec in case.specs if spec.id not in ended}
    return {i: shape(v) for i, v in case.done.items()} | ended, stuck


def _outcome(spec: Spec, inputs: list[object]) -> object:
    for kind in ("failed", "waiting"):
        silencers = [v for v in inputs if isinstance(v, tuple) and v[0] == kind]
        if silencers:
            return silencers[0]
    _, ending = slots(spec)[-1]
    if ending in ("ok", "stubborn"):
        return ("result", spec.id, *inputs)
    if ending == "approval":
        return ("waiting", spec.id)
    return ("failed", spec.id, _ERRORS[ending])


_ERRORS = {
    "error": "ValueError",
    "transient": "Transient",
    "cancelled": "ToolFailed",
    "timeout": "TimedOut",
    "abandoned": "TimedOut, abandoned",
}


def shape(value: object) -> object:
    """A result as the reference writes it."""
    if isinstance(value, Failed):
        left = ", abandoned" if getattr(value.error, "abandoned", False) else ""
        return ("failed", value.at, type(value.error).__name__ + left)
    return ("waiting", value.at) if isinstance(value, Waiting) else value


def play(case: Case, done: dict[str, object] | None = None) -> Watched:
    """Run the case on a virtual clock, in a loop of its own."""
    watched = Watched(dict(case.done) if done is None else done)
    with closing(looptime.new_event_loop()) as loop:
        loop.run_until_complete(_watch(case, watched))
    return watched


async def _watch(case: Case, watched: Watched) -> None:
    numbers: defaultdict[str, int] = defaultdict(int)
    tasks = [
        Task(s.id, _runner(s, watched, numbers), s.depends_on, s.timeout, s.retries)
        for s in case.specs
    ]
    source = tasks if case.gaps is None else _stream(case, tasks, watched)
    watched.arrived = {s.id: 0.0 for s in case.specs} if case.gaps is None else {}
    running = asyncio.create_task(run_graph(source, watched.done, limit=case.limit, pause=PAUSE))
    asyncio.get_running_loop().call_later(case.cancel_at, running.cancel)
    await asyncio.wait({running})
    watched.error = asyncio.CancelledError() if running.cancelled() else running.exception()
    watched.left = len(asyncio.all_tasks()) - 1
    await asyncio.sleep(10)  # until even the stubborn have ended


def _runner(
    spec: Spec, watched: Watched, numbers: dict[str, int]
) -> Callable[..., Awaitable[object]]:
    async def run(*inputs: object) -> object:
        number, start = numbers[spec.id], asyncio.get_running_loop().time()
        numbers[spec.id] += 1
        # An attempt beyond what is allowed has no slot of its own: it is counted all the same.
        held, _ = slots(spec)[min(number, len(slots(spec)) - 1)]
        watched.attempts.append(Attempt(spec.id, start, start + held))
        return await _act(spec.acts[min(number, len(spec.acts) - 1)], spec.id, inputs)

    return run


async def _act(act: Act, name: str, inputs: tuple[object, ...]) -> object:
    loop = asyncio.get_running_loop()
    until = loop.time() + act.seconds
    while act.ending == "stubborn" and loop.time() < until - 1e-6:  # the clock's resolution
        try:
            await asyncio.sleep(until - loop.time())
        except asyncio.CancelledError:
            continue
    if act.ending != "stubborn":
        await asyncio.sleep(act.seconds)
    if act.ending == "error":
        raise ValueError(name)
    if act.ending == "transient":
        raise Transient(name)
    if act.ending == "cancelled":
        raise asyncio.CancelledError
    if act.ending == "approval":
        raise NeedsApproval(name, f"request of {name}")
    return ("result", name, *(shape(i) for i in inputs))


async def _stream(case: Case, tasks: list[Task], watched: Watched) -> AsyncIterator[Task]:
    for gap, task in zip(case.gaps or (), tasks, strict=True):
        await asyncio.sleep(gap)
        watched.arrived[task.id] = asyncio.get_running_loop().time()
        yield task
    if case.broken == "error":
        raise ValueError("the line went dead")
    if case.broken == "planlab":
        raise MalformedAnswer("half a step")
    if case.broken == "cancelled":
        raise asyncio.CancelledError
    if case.broken == "twice":
        yield tasks[0]


def violations(case: Case, watched: Watched) -> list[str]:
    """Every way in which the run broke the rules of scheduling; times are in virtual seconds."""
    specs = {s.id: s for s in case.specs}
    attempts = defaultdict(list)
    for attempt in watched.attempts:
        attempts[attempt.id].append(attempt)
    ended = {i: a[-1].end for i, a in attempts.items()}
    found = []
    for i, made in attempts.items():
        needs = [ended.get(d, 0.0 if d in case.done else NEVER) for d in specs[i].depends_on]
        ready = max([watched.arrived[i], *needs])
        for number, attempt in enumerate(made):
            if attempt.start < ready - 1e-6:
                found.append(f"{i} started at {attempt.start}, was ready at {ready}")
            if _free_slot(watched.attempts, case.limit, ready, attempt.start):
                found.append(f"{i} waited from {ready} to {attempt.start} beside a free slot")
            ready = attempt.end + PAUSE * 2**number
        if len(made) > len(slots(specs[i])):
            found.append(f"{i} was tried {len(made)} times")
        if made[-1].start > case.cancel_at:
            found.append(f"{i} started after the run was cancelled")
    moments = [a.start for a in watched.attempts]
    most = max((_busy(watched.attempts, at) for at in moments), default=0)
    if most > case.limit:
        found.append(f"{most} at once, {case.limit} allowed")
    return found


def _busy(attempts: list[Attempt], at: float) -> int:
    """Slots held just after `at`; an attempt of no length held its slot for no time."""
    return sum(a.start <= at + 1e-6 and a.end > at + 2e-6 for a in attempts)


def _free_slot(attempts: list[Attempt], limit: int, start: float, end: float) -> bool:
    """Was there, between two moments, a time with less than `limit` slots held?"""
    if end <= start + 1e-5:
        return False
    moments = chain([start], (a.end for a in attempts if start < a.end < end - 1e-5))
    return any(_busy(attempts, at) < limit for at in moments)
