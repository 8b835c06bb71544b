"""Make a valid plan, and revise one: ask, validate, repair with the defects as feedback.

A model proposes, a sound checker judges (LLM-Modulo, arXiv:2402.01817). The first plan is the
revision of an empty one, so there is one way to get a plan.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from planlab.errors import BadInput, BudgetSpent, ModelError
from planlab.model import Message, Model
from planlab.progress import NO_PLAN, Change, Progress, is_finished, reconcile
from planlab.records import Goal, Observation, Plan, Result, Step, Stop, as_text
from planlab.toolbox import Toolbox
from planlab.trace import current_trace, span
from planlab.validate import Defect, DefectKind, find_defects

PLANNER = (
    "You are a planner. Make a plan for the goal: steps that each do one thing, each with the ids "
    "of the steps that it needs. A step calls one of the tools, with arguments that are known now "
    "or references to earlier results; or its tool is null, and it is worked out from the results "
    "that it needs. The ways to run a step ('how'): {hows}.\n\nTools:\n{menu}"
)
LONGEST = 24_000  # characters of results that a model is shown at once


@dataclass(frozen=True)
class Draft:
    """A plan as it was proposed, its defects, and what it changed of the plan before it."""

    plan: Plan
    defects: tuple[Defect, ...]
    changes: tuple[Change, ...]

    @property
    def is_valid(self) -> bool:
        """Is there no defect but warnings?"""
        return all(defect.warning for defect in self.defects)


@dataclass(frozen=True)
class Drafting:
    """What making a plan leaves behind: why it was made, the draft of each round, an error."""

    reason: str
    drafts: tuple[Draft, ...]
    error: Exception | None = None


async def make_plan(
    goal: Goal | str,
    *,
    planner: Model,
    tools: Toolbox,
    rounds: int = 3,
    hows: Collection[str] = ("tool",),
) -> Result[Plan, Drafting]:
    """A valid plan, asked for at most `rounds` times; `hows` are the ways a step can be run.

    Stops: answered, rounds (the last defects are in `detail.drafts[-1]`), budget, failed
    (`detail.error`). Raises `BadInput`.
    """
    nothing = Progress(NO_PLAN, {})
    return await replan(
        goal, nothing, reason="", planner=planner, tools=tools, rounds=rounds, hows=hows
    )


async def replan(
    goal: Goal | str,
    progress: Progress,
    *,
    reason: str,
    planner: Model,
    tools: Toolbox,
    rounds: int = 3,
    hows: Collection[str] = ("tool",),
) -> Result[Plan, Drafting]:
    """A valid plan of what remains, reconciled with what is completed; else like `make_plan`."""
    goal = check_goal(goal, tools)
    if rounds < 1:
        raise BadInput(f"rounds is {rounds}: a plan must be asked for at least once.")
    order = plan_request(goal, progress, reason, tools, hows)
    drafts: list[Draft] = []
    stop = Stop.ROUNDS
    problem: Exception | None = None
    with current_trace() as trace, span("run", "make_plan") as record:
        try:
            while stop == Stop.ROUNDS and len(drafts) < rounds:
                written = await planner.fill([*order, *_feedback(drafts, goal)], Plan)
                drafts.append(_draft(written, goal, progress, tools, hows))
                if drafts[-1].is_valid:
                    stop = Stop.ANSWERED
        except BudgetSpent as error:
            stop, problem = Stop.BUDGET, error
        except ModelError as error:
            stop, problem = Stop.FAILED, error
        record.data |= {"reason": reason, "rounds": len(drafts), "stop": stop}
    plan = drafts[-1].plan if stop == Stop.ANSWERED else None
    detail = Drafting(reason, tuple(drafts), problem)
    return Result(plan, stop, trace, trace.usage_in(record), detail)


def check_goal(goal: Goal | str, tools: Toolbox) -> Goal:
    """The goal as a `Goal`; raises `BadInput` where nothing could be planned for it."""
    if isinstance(goal, str):
        goal = Goal(text=goal, outputs=(), constraints=())
    if not goal.text.strip():
        raise BadInput("The goal is empty: say what the agent should do.")
    if not tools.tools:
        raise BadInput("The toolbox is empty: give the agent a tool, or call model.ask().")
    return goal


def blocking(progress: Progress, goal: Goal, tools: Toolbox, hows: Collection[str]) -> list[Defect]:
    """The defects that keep what remains of a plan from running."""
    return [d for d in _defects(progress, goal, tools, hows) if not d.warning]


def render_results(steps: Sequence[Step], done: Mapping[str, object]) -> str:
    """What the steps gave, each within its share of `LONGEST` characters, and of 200 at least.

    What is longer is cut, and says so: a model must not take a part for the whole.
    """
    share = max(200, LONGEST // max(1, len(steps)))
    return "\n".join(
        f"- {step.id} ({step.output}; {step.description}): {_cut(done[step.id], share)}"
        for step in steps
    )


def _cut(value: object, longest: int) -> str:
    text = value.text if isinstance(value, Observation) else as_text(value)
    rest = len(text) - longest
    return text if rest <= 0 else f"{text[:longest]} [… cut: {rest:,} characters more]"


def _draft(
    written: Plan, goal: Goal, progress: Progress, tools: Toolbox, hows: Collection[str]
) -> Draft:
    """What the planner wrote, fitted to what is done, and judged."""
    new = written.model_copy(update={"goal": goal.text})
    fitted = reconcile(progress.plan, new, progress.done, tools=tools)
    after = Progress(fitted.plan, progress.done)
    return Draft(fitted.plan, tuple(_defects(after, goal, tools, hows)), fitted.changes)


def _defects(progress: Progress, goal: Goal, tools: Toolbox, hows: Collection[str]) -> list[Defect]:
    """The validator's, but for what is finished, and steps that nobody here can run."""
    unknown = [
        Defect(
            DefectKind.UNKNOWN_TOOL,
            step.id,
            f"Step {step.id} is to be run by {step.how!r}, which nobody here does.",
            f"Set its 'how' to one of: {', '.join(hows)}.",
        )
        for step in progress.remaining
        if step.how not in hows
    ]
    found = find_defects(progress.plan, goal=goal, tools=tools)
    limits = [
        defect
        for defect in find_defects(_forgiven(progress), goal=goal, tools=tools)
        if defect.kind in (DefectKind.BUDGET, DefectKind.PERMISSION) and defect not in found
    ]
    held = [d for d in found if d.step is None or not is_finished(d.step, progress.done)]
    return held + limits + unknown


def _forgiven(progress: Progress) -> Plan:
    """The plan as if what is finished had called no tool: a limit that is passed holds no less."""
    steps = (
        step.model_copy(update={"tool": None}) if is_finished(step.id, progress.done) else step
        for step in progress.plan.steps
    )
    return progress.plan.model_copy(update={"steps": tuple(steps)})


def plan_request(
    goal: Goal, progress: Progress, reason: str, tools: Toolbox, hows: Collection[str]
) -> list[Message]:
    """What the planner is asked: the goal and, for a revision, what has happened so far."""
    parts = [f"Goal: {goal.text}"]
    if goal.outputs:
        parts.append(
            f"Outputs that must exist at the end, under these names: {'; '.join(goal.outputs)}"
        )
    if goal.constraints:
        parts.append("Constraints:\n" + "\n".join(f"- {c.text}" for c in goal.constraints))
    if progress.completed:
        parts.append(f"Completed:\n{_listed(progress.completed)}")
        found = render_results(progress.completed, progress.done)
        parts.append(f"Results so far:\n{found}")
    if progress.remaining:
        parts.append(f"Remaining:\n{_listed(progress.remaining)}")
    if reason:
        parts.append(f"Reason to replan: {reason}")
        parts.append(
            "Make a new plan of what remains. It may refer to completed steps by their ids, and "
            "does none of them again."
        )
    else:
        parts.append("Make the plan.")
    system = PLANNER.format(hows=", ".join(hows), menu=tools.menu)
    return [says("system", system), says("user", "\n\n".join(parts))]


def _listed(steps: Sequence[Step]) -> str:
    return "\n".join(f"- {s.id}: {s.description} [{s.tool or 'in words'}]" for s in steps)


def _feedback(drafts: Sequence[Draft], goal: Goal) -> list[Message]:
    """The last draft as it was understood, and what to repair, with what was wrong before it.

    A planner that hears only of the newest defects brings the older ones back, and one that hears
    the goal only at the beginning loses it behind its own drafts.
    """
    if not drafts:
        return []
    found = (d for draft in drafts for d in draft.defects if not d.warning)
    lines = dict.fromkeys(f"- {d.problem} {d.repair}" for d in found)
    told = "\n".join(["Defects of the plans so far:", *lines])
    told += f"\n\nMake the plan again, without them.\n\nGoal: {goal.text}"
    return [says("assistant", drafts[-1].plan.model_dump_json()), says("user", told)]


def says(role: str, content: str) -> Message:
    """One message of a conversation."""
    return {"role": role, "content": content}
