"""How far a plan has come, and what a new plan keeps of it.

A run leaves what it has in `done`, any mutable mapping: each step's result under its id, and the
plan itself under `PLAN`. Whoever runs again with the same `done` goes on where it ended.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Literal

from planlab.graph import find_components
from planlab.records import Argument, Observation, Plan, Ref, Step
from planlab.schedule import Failed, Waiting
from planlab.toolbox import Toolbox
from planlab.tools import NO_TAINT, Risk

PLAN = "plan"  # where `done` holds the plan, so no step is called that
NO_PLAN = Plan(goal="", reasoning="", steps=(), version=0)


@dataclass(frozen=True)
class Progress:
    """The progress ledger: a plan, what its steps gave so far, and what was learned on the way."""

    plan: Plan
    done: Mapping[str, object]
    learned: tuple[str, ...] = ()

    @property
    def completed(self) -> tuple[Step, ...]:
        """The steps that have a result, in plan order."""
        return tuple(step for step in self.plan.steps if is_finished(step.id, self.done))

    @property
    def remaining(self) -> tuple[Step, ...]:
        """The steps still to be run, failed ones too, each after those that it needs."""
        return tuple(s for s in in_order(self.plan.steps) if not is_finished(s.id, self.done))

    @property
    def failed(self) -> tuple[Failed, ...]:
        """The failures themselves, without the dependents that they silenced."""
        ends = [(step.id, self.done.get(step.id)) for step in self.plan.steps]
        return tuple(end for id, end in ends if isinstance(end, Failed) and end.at == id)

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """What waits for a person, without the dependents that wait with it."""
        ends = [(step.id, self.done.get(step.id)) for step in self.plan.steps]
        return tuple(end for id, end in ends if isinstance(end, Waiting) and end.at == id)


def is_finished(id: str, done: Mapping[str, object]) -> bool:
    """Is there a result, which is never made again?"""
    return id in done and not isinstance(done[id], Failed | Waiting)


def in_order(steps: Sequence[Step]) -> list[Step]:
    """The steps, each after those that it needs; those of a circle stand together."""
    here = {step.id for step in steps}
    needs = {step.id: [id for id in step.needs if id in here] for step in steps}
    order = [id for part in find_components(needs) for id in part]
    rank = {id: place for place, id in enumerate(order)}
    return sorted(steps, key=lambda step: rank[step.id])


@dataclass(frozen=True)
class Change:
    """What became of one step when the plan was revised, and why."""

    kind: Literal["kept", "dropped", "added", "reordered"]
    step: str
    reason: str


@dataclass(frozen=True)
class Reconciled:
    """The plan to go on with: all that is finished, then what the new plan still asks for."""

    plan: Plan
    changes: tuple[Change, ...]


def reconcile(old: Plan, new: Plan, done: Mapping[str, object], *, tools: Toolbox) -> Reconciled:
    """Fit `new` to what has happened: one plan, in which nothing finished is done again.

    A new step that asks for the same as an old one (the same tool and arguments; without a tool the
    same words and needs) takes its id, and so its result. Of an irreversible tool the arguments
    known now decide: what is handed on to it may differ. Every other new step gets an id that
    was never used, and references go with it. A name in the new plan means the new plan's step
    first. Defects of the new plan are left for the validator to find.
    """
    identify = Identify(old, done, tools)
    for step in in_order(new.steps):
        identify(step)
    ids = identify.ids
    before = {step.id: step for step in old.steps}
    asked = [
        before[ids[step.id]].model_copy(update={"output": step.output})
        if is_finished(ids[step.id], done)
        else renamed(step, ids)
        for step in new.steps
    ]
    outputs, here = {step.output for step in asked}, {step.id for step in asked}
    stays = [
        # An output that is made anew takes the name over.
        step.model_copy(update={"output": f"{step.output}_v{old.version}"})
        if step.output in outputs
        else step
        for step in old.steps
        if is_finished(step.id, done) and step.id not in here
    ]
    plan = new.model_copy(update={"steps": (*stays, *asked), "version": old.version + 1})
    return Reconciled(plan, tuple(_changes(old, plan, done)))


class Identify:
    """Gives each step of a new plan the id of the old step that asks for the same, or a free one.

    The steps come one by one, each after those that it needs; `ids` holds what they became.
    """

    def __init__(self, old: Plan, done: Mapping[str, object], tools: Toolbox) -> None:
        self.version, self.tools = old.version + 1, tools
        self.ids: dict[str, str] = {}
        self.taken = {PLAN, *done, *(step.id for step in old.steps)}
        self.same: defaultdict[object, list[str]] = defaultdict(list)
        for step in sorted(old.steps, key=lambda step: not is_finished(step.id, done)):
            self.same[_asks(step, tools)].append(step.id)

    def __call__(self, step: Step) -> str:
        if step.id not in self.ids:
            olds = self.same[_asks(renamed(step, self.ids), self.tools)]
            id = olds.pop(0) if olds else _free_id(step.id, self.version, self.taken)
            self.ids[step.id] = id
            self.taken.add(id)
        return self.ids[step.id]


def _asks(step: Step, tools: Toolbox) -> object:
    """What a step asks for: two with the same are one."""
    loosely = step.tool is not None and step.tool in tools and tools[step.tool].risk == Risk.HIGH
    arguments = sorted(
        (a.name, "a result" if loosely and isinstance(a.value, Ref) else repr(a.value))
        for a in step.arguments
    )
    if step.how == "tool" and step.tool:
        return step.tool, tuple(arguments)
    return step.tool, tuple(arguments), step.description, tuple(sorted(step.needs))


def renamed(step: Step, ids: Mapping[str, str]) -> Step:
    """The step with its id, and whatever it refers to, under the names that `ids` gives."""
    return step.model_copy(
        update={
            "id": ids.get(step.id, step.id),
            "depends_on": tuple(ids.get(i, i) for i in step.depends_on),
            "arguments": tuple(_renamed_argument(a, ids) for a in step.arguments),
        }
    )


def _renamed_argument(argument: Argument, ids: Mapping[str, str]) -> Argument:
    if not isinstance(argument.value, Ref):
        return argument
    ref = argument.value.model_copy(
        update={"step": ids.get(argument.value.step, argument.value.step)}
    )
    return argument.model_copy(update={"value": ref})


def _free_id(wanted: str, version: int, taken: set[str]) -> str:
    """An id that says since which version of the plan its step is there; the first ones do not."""
    bare = wanted if version == 1 else f"{_SINCE.sub('', wanted)}_v{version}"
    names = chain([bare], (f"{_SINCE.sub('', wanted)}_v{version}_{n}" for n in count(2)))
    return next(name for name in names if name not in taken)


_SINCE = re.compile(r"_v(\d+)(?:_\d+)?$")


def came_in(id: str) -> int:
    """The version of the plan that brought the step, by its id.

    >>> came_in("s3"), came_in("s3_v2")
    (1, 2)
    """
    found = _SINCE.search(id)
    return int(found[1]) if found else 1


def planned_from(id: str, done: Mapping[str, object]) -> frozenset[str]:
    """What the planner had read when it wrote the step: nothing, in the first plan."""
    if came_in(id) == 1:
        return NO_TAINT
    return NO_TAINT.union(*(o.taint for o in done.values() if isinstance(o, Observation)))


def _changes(old: Plan, plan: Plan, done: Mapping[str, object]) -> list[Change]:
    """Each step's fate: the steps of the plan in its order, then what it leaves out."""
    before = {step.id: step for step in old.steps}
    here = {step.id for step in plan.steps}
    gone = "the new plan does not ask for it"
    return [_change(step, before.get(step.id), done) for step in plan.steps] + [
        Change("dropped", step.id, gone) for step in old.steps if step.id not in here
    ]


def _change(step: Step, before: Step | None, done: Mapping[str, object]) -> Change:
    if before is None:
        return Change("added", step.id, f"new: {step.description}")
    if is_finished(step.id, done):
        return Change("kept", step.id, "finished: its result stays, it is not run again")
    if set(step.needs) == set(before.needs):
        return Change("kept", step.id, "still asked for")
    waits = ", ".join(step.needs) or "nothing"
    return Change("reordered", step.id, f"still asked for, and now waits for {waits}")
