"""Judge a plan before it runs: what is wrong with it, where, and how to mend it.

A plan that fits its schema may still be impossible: a circle, a tool that does not exist, a result
that nobody makes. All of that can be seen without running anything.
(That a sound judge should stand beside a planner that guesses: LLM-Modulo, arXiv:2402.01817.)
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from pydantic import ValidationError

from planlab.granularity import find_pieces, is_vague
from planlab.graph import find_circle, find_components, find_upstream
from planlab.records import Constraint, Goal, Plan, Ref, Step
from planlab.toolbox import Toolbox
from planlab.tools import Risk, Tool


class DefectKind(StrEnum):
    """What can be wrong with a plan."""

    EMPTY = "empty"
    DUPLICATE_ID = "duplicate_id"
    MISSING_ID = "missing_id"
    SELF_DEPENDENCY = "self_dependency"
    CYCLE = "cycle"
    UNKNOWN_TOOL = "unknown_tool"
    BAD_ARGUMENT = "bad_argument"
    HAND_OFF = "hand_off"
    OVERLAP = "overlap"
    UNUSED_OUTPUT = "unused_output"
    PERMISSION = "permission"
    BUDGET = "budget"
    POLICY = "policy"
    GAP = "gap"
    VAGUE = "vague"
    OVER_GRANULAR = "over_granular"


@dataclass(frozen=True)
class Defect:
    """One thing that is wrong. `step` is None where it is the whole plan's.

    `repair` is one sentence that a person or a model can act on. A plan with a `warning` may run.
    """

    kind: DefectKind
    step: str | None
    problem: str
    repair: str
    warning: bool = False


def find_defects(plan: Plan, *, goal: Goal, tools: Toolbox) -> list[Defect]:
    """Everything that is wrong with `plan`, in the order of its steps, then what is the whole's.

    Output names are the same if they differ only in case, spaces, `_` and `-`. A step without a
    tool is done by the executor itself. Of the goal's constraints, those that state a tool or a
    limit are checked; the others are for people to read:

    - budget: the plan's tools cost at most `limit` dollars, each step being one call of its tool;
      or are called at most so often, if the text says "calls" or "times", or names no money but a
      tool.
    - permission: its tool is used at most `limit` times; never, without a limit.
    - policy: its tool is used at least once. No policy demands a HIGH tool: if the plan uses the
      HIGH tool that a policy is about, that is a warning.

    A hand-off breaks where a description names something in braces that no step before it hands on,
    or an output with an underscore whose maker comes neither before nor after it; where a text
    argument holds a name in braces, since nothing is ever pasted into text; and where a result is
    referred to that has no name. A text argument that is nothing but the name of another step's
    output, with an underscore, is a warning.
    """
    if not plan.steps:
        repair = "Write at least one step for each output of the goal."
        return [Defect(DefectKind.EMPTY, None, "The plan has no steps.", repair)]
    case = _Case(plan.steps, goal, {tool.name: tool for tool in tools})
    checks = (_ids, _cycles, _calls, _hand_offs, _outputs, _constraints, _wording)
    found = [defect for check in checks for defect in check(case)]
    places: dict[str | None, int] = {id: place for place, id in enumerate(case.needs)}
    return sorted(found, key=lambda defect: places.get(defect.step, len(places)))


@dataclass(frozen=True)
class _Case:
    """A plan beside its goal and tools, with what several checks need to know of it."""

    steps: Sequence[Step]
    goal: Goal
    tools: Mapping[str, Tool]

    @cached_property
    def needs(self) -> dict[str, list[str]]:
        """Each id with the other steps that it needs, as far as they exist."""
        needs: dict[str, list[str]] = {step.id: [] for step in self.steps}
        for step in self.steps:
            needs[step.id] += [id for id in step.needs if id in needs and id != step.id]
        return needs

    @cached_property
    def makers(self) -> dict[str, list[str]]:
        """Each output, as `_same` writes it, with the ids of the steps that make it."""
        makers = defaultdict(list)
        for step in self.steps:
            if _same(step.output):
                makers[_same(step.output)].append(step.id)
        return dict(makers)

    @cached_property
    def upstream(self) -> dict[str, int]:
        return find_upstream(self.needs)

    def comes_before(self, first: str, second: str) -> bool:
        """Whether `second` needs `first`, over whatever number of steps; every step itself."""
        return self.upstream[first] | self.upstream[second] == self.upstream[second]


def _same(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def _ids(case: _Case) -> Iterator[Defect]:
    met: set[str] = set()
    for step in case.steps:
        if step.id in met:
            problem = f"More than one step has the id {step.id!r}."
            yield Defect(DefectKind.DUPLICATE_ID, step.id, problem, "Give each step its own id.")
        met.add(step.id)
        for id in step.needs:
            if id not in case.needs:
                problem = f"{step.id} needs {id!r}, which is no step of the plan."
                repair = f"Add the step {id!r}, or name in its place the step that is meant."
                yield Defect(DefectKind.MISSING_ID, step.id, problem, repair)
        if step.id in step.needs:
            problem = f"{step.id} needs its own result, so that it can never start."
            repair = f"Take {step.id!r} out of the dependencies and references of {step.id}."
            yield Defect(DefectKind.SELF_DEPENDENCY, step.id, problem, repair)


def _cycles(case: _Case) -> Iterator[Defect]:
    for part in find_components(case.needs):
        if len(part) > 1:
            circle = " needs ".join(find_circle(part, case.needs))
            repair = f"Remove the least needed of these dependencies: {circle}."
            yield Defect(DefectKind.CYCLE, part[0], f"These can never start: {circle}.", repair)


def _calls(case: _Case) -> Iterator[Defect]:
    for step in case.steps:
        if step.tool is None:
            continue
        if step.tool not in case.tools:
            problem = f"{step.id} calls {step.tool!r}, which is not on offer."
            offer = ", ".join(case.tools) or "none at all: leave `tool` empty"
            repair = f"Use one of the tools on offer: {offer}."
            yield Defect(DefectKind.UNKNOWN_TOOL, step.id, problem, repair)
        elif step.how == "tool":
            tool = case.tools[step.tool]
            for wrong in _wrong_arguments(step, tool):
                problem = f"{step.id}: {wrong}."
                repair = f"Call it as {tool.signature}."
                yield Defect(DefectKind.BAD_ARGUMENT, step.id, problem, repair)


def _wrong_arguments(step: Step, tool: Tool) -> Iterator[str]:
    """What the Toolbox would refuse, as far as it can be known before references have values."""
    names = [argument.name for argument in step.arguments]
    yield from (f"{name} is given twice" for name in dict.fromkeys(names) if names.count(name) > 1)
    values = {argument.name: argument.value for argument in step.arguments}
    try:
        tool.parameters.model_validate(
            {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
        )
    except ValidationError as error:
        for item in error.errors(include_url=False):
            name = str(item["loc"][0]) if item["loc"] else ""
            if item["type"] == "extra_forbidden" or not isinstance(values.get(name), Ref):
                yield f"{name}: {item['msg']}"


_PLACEHOLDER = re.compile(r"\{\s*([^\W\d]\w*)\s*\}")
# A word with an underscore, that is not a piece of a path, a call or a file's name.
_NAME = re.compile(r"(?<![\w./{])[^\W\d]\w*(?![\w/({}]|\.\w)")


def _hand_offs(case: _Case) -> Iterator[Defect]:
    known = {step.output for step in case.steps if "_" in step.output}
    nameless = {step.id for step in case.steps if not _same(step.output)}
    wanted = {ref.step for step in case.steps for ref in step.refs}
    for step in case.steps:
        for name in dict.fromkeys(_PLACEHOLDER.findall(step.description)):
            if not any(case.comes_before(m, step.id) for m in case.makers.get(_same(name), ())):
                yield _not_handed(step, name)
        for name in dict.fromkeys(_NAME.findall(step.description)):
            makers = case.makers[_same(name)] if name in known else ()
            if makers and not any(_related(case, maker, step.id) for maker in makers):
                yield _not_handed(step, name)
        for argument in step.arguments:
            pasted = isinstance(argument.value, str) and _PLACEHOLDER.search(argument.value)
            if pasted or (argument.value in known and argument.value != step.output):
                problem = f"{step.id}: {argument.name} is a name where a result seems to be meant."
                repair = "Give a reference to the step whose result is meant, as the whole value."
                yield Defect(DefectKind.HAND_OFF, step.id, problem, repair, warning=not pasted)
        if step.id in nameless & wanted:
            problem = f"{step.id} hands its result on, and the result has no name."
            repair = f"Say in `output` of {step.id} what it hands on."
            yield Defect(DefectKind.HAND_OFF, step.id, problem, repair)


def _related(case: _Case, first: str, second: str) -> bool:
    return case.comes_before(first, second) or case.comes_before(second, first)


def _not_handed(step: Step, name: str) -> Defect:
    problem = f"{step.id} speaks of {name!r}, which no step before it hands on."
    repair = f"Let {step.id} depend on the step that makes {name!r}, and add it if there is none."
    return Defect(DefectKind.HAND_OFF, step.id, problem, repair)


def _outputs(case: _Case) -> Iterator[Defect]:
    wanted = {_same(name): name for name in reversed(case.goal.outputs) if _same(name)}
    used = {id for needed in case.needs.values() for id in needed}
    for step in case.steps:
        first = case.makers.get(_same(step.output), [step.id])[0]
        if first != step.id:
            problem = f"{first} and {step.id} both make {step.output!r}."
            repair = f"Drop one of the two, or give what {step.id} makes a name of its own."
            yield Defect(DefectKind.OVERLAP, step.id, problem, repair)
        if step.id not in used and _same(step.output) not in wanted:
            problem = (
                f"Nothing needs {step.output!r} of {step.id}, and the goal does not ask for it."
            )
            repair = f"Drop {step.id}, or let the step that should use its result refer to it."
            yield Defect(DefectKind.UNUSED_OUTPUT, step.id, problem, repair, warning=True)
    for same, name in reversed(wanted.items()):
        if same not in case.makers:
            problem = f"The goal asks for {name!r}, and no step makes it."
            repair = f"Add a step whose `output` is {name!r}."
            yield Defect(DefectKind.GAP, None, problem, repair)


def _constraints(case: _Case) -> Iterator[Defect]:
    for constraint in case.goal.constraints:
        if constraint.kind == "budget" and constraint.limit is not None:
            yield from _over(case, constraint, constraint.limit)
        elif constraint.kind == "permission" and constraint.tool is not None:
            yield from _over(case, constraint, constraint.limit or 0)
        elif constraint.kind == "policy" and constraint.tool is not None:
            yield from _unkept(case, constraint, constraint.tool)


def _over(case: _Case, constraint: Constraint, limit: float) -> Iterator[Defect]:
    """The step with which the plan goes over a limit, in dollars or in calls."""
    counts = constraint.kind == "permission" or _counts_calls(constraint)
    spent = 0.0
    for step in case.steps:
        if step.tool is None or constraint.tool not in (None, step.tool):
            continue
        price = case.tools[step.tool].price if step.tool in case.tools else 0.0
        spent += 1 if counts else price
        if spent > limit + 1e-9:  # prices such as 0.1 do not add up exactly
            allowed = f"{limit:g} calls" if counts else f"${limit:g}"
            problem = f"With {step.id} the plan goes over {allowed}: {constraint.text!r}."
            repair = f"Drop {step.id}, or do it in a way that {constraint.text!r} allows."
            yield Defect(DefectKind(constraint.kind), step.id, problem, repair)
            return


_UNITS = (  # the first that the text speaks of; is it calls?
    (re.compile(r"[$€£]|\b(?:dollars?|usd|cents?)\b", re.IGNORECASE), False),
    (re.compile(r"\b(?:calls?|times|once|twice)\b", re.IGNORECASE), True),
    (re.compile(r"\b(?:costs?|spend|spent|prices?)\b", re.IGNORECASE), False),
)


def _counts_calls(budget: Constraint) -> bool:
    spoken = (calls for pattern, calls in _UNITS if pattern.search(budget.text))
    return next(spoken, budget.tool is not None)


def _unkept(case: _Case, policy: Constraint, tool: str) -> Iterator[Defect]:
    user = next((step.id for step in case.steps if step.tool == tool), None)
    if tool not in case.tools or case.tools[tool].risk is Risk.HIGH:
        if user is not None:
            problem = f"{user} uses {tool}, which cannot be taken back, under: {policy.text!r}."
            repair = f"Check that {user} keeps {policy.text!r}, and drop it if it does not."
            yield Defect(DefectKind.POLICY, user, problem, repair, warning=True)
    elif user is None:
        problem = f"No step uses {tool}, as this policy wants: {policy.text!r}."
        repair = f"Add a step that uses {tool}, and let the steps that rely on it refer to it."
        yield Defect(DefectKind.POLICY, None, problem, repair)


def _wording(case: _Case) -> Iterator[Defect]:
    for step in case.steps:
        if is_vague(step, case.goal.text):
            problem = f"{step.id} names nothing definite to do: {step.description!r}."
            repair = f"Say in {step.id} what is done to what, and by what its result is judged."
            yield Defect(DefectKind.VAGUE, step.id, problem, repair, warning=True)
    if pieces := find_pieces(case.steps):
        problem = f"{len(pieces)} of {len(case.steps)} steps are pieces of one action."
        listed = ", ".join(pieces[:10]) + (", …" if len(pieces) > 10 else "")
        repair = f"Merge {listed} into steps that each hand on a result of their own."
        yield Defect(DefectKind.OVER_GRANULAR, None, problem, repair, warning=True)
