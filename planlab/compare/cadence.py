"""How often should a plan be revised? The quarter's summary, in a world that surprises.

The runs of one seed have the goal, the world, the models and the surprises in common; they differ
in when the plan is revised. A run succeeded where its answer holds the three monthly totals that
the books hold, and a mail went out if the goal, as it stands at the end, asks for one.

Conditions: the world's `volatility`; for each kind of surprise whether it happens (1 or 0); the
model calls that a run may make (`budget`); the share of the planner's answers that are spoilt
(`slips`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from planlab.compare.rows import Conditions, Grid, Outcome, Study
from planlab.cost import Budget, price_of
from planlab.errors import NeedsApproval
from planlab.executing import Evaluation
from planlab.model import Model
from planlab.patterns.plan_execute import Execution, run_plan_execute
from planlab.planning import Drafting, replan
from planlab.progress import NO_PLAN, PLAN, Progress
from planlab.records import Observation, Result, Step, Stop, Usage
from planlab.simulated import Simulator, simulated_client
from planlab.toolbox import Toolbox, guarded
from planlab.tools import Call, Risk, tool
from planlab.world import World, open_world
from planlab.world.surprise import Kind, Surprise, surprised

GOAL = "Analyze Q4 2024 sales trends and create an executive summary"
READER = "board@acme.example"
CHANGED = f"{GOAL}, and mail it to {READER}"
SCRATCH = "on failure, from scratch"  # forgets what is done, instead of reconciling with it
EVERY: Mapping[str, int | None] = {
    "never": None,
    "on failure": None,
    "every 2 steps": 2,
    "after each step": 1,
    SCRATCH: None,
}
MOST_REVISIONS = 12


@dataclass
class Revising:
    """What a run's revisions came to. A `finished` result that is still there is `kept`."""

    revisions: int = 0
    edits: int = 0  # steps that were added, dropped or moved
    smallest: int = 0  # edits that would have done
    finished: int = 0
    kept: int = 0
    tools: int = 0  # calls
    surprises: int = 0

    @property
    def text(self) -> str:
        """As it stands in a row's `path`; `parse_revising` reads it."""
        return " ".join(f"{name}={value}" for name, value in asdict(self).items())


def parse_revising(path: str) -> Revising:
    """What `Revising.text` wrote."""
    return Revising(**{name: int(n) for name, n in (part.split("=") for part in path.split())})


async def run(system: str, conditions: Conditions, seed: int) -> Outcome:
    """One run, with everything in it drawn from `seed`."""
    with open_world(seed) as world:
        it = _Run(system, conditions, seed, world)
        answer, stop = await it.until_ended()
        right = stop == Stop.ANSWERED and is_right(world, answer or "", it.goal)
    used = it.usage
    it.count.surprises = len(it.met)
    return Outcome(right, stop.value, used.calls, used.tokens, used.dollars, it.count.text)


def with_ledger(world: World) -> Toolbox:
    """The world's tools, and a second way to the same sales."""

    @tool(risk=Risk.LOW)
    async def query_ledger(sql: str) -> dict[str, object]:
        """Query the auditors' copy of the books: one SQLite SELECT over the table
        sales(id, month, region, product, amount). Returns the columns and at most 500 rows."""
        return world.select(sql)

    return replace(world.tools, tools=(*world.tools, query_ledger))


async def check_shape(step: Step, seen: Observation) -> Evaluation:
    """A critic in code: a table has rows, one for each month of the quarter or for each region."""
    issues: tuple[str, ...] = ()
    if step.tool in ("analyze_data", "query_ledger"):
        wanted = 4 if "GROUP BY region" in str(step.arguments) else 3
        rows = seen.value.get("rows") if isinstance(seen.value, dict) else None
        if not isinstance(rows, list):
            issues = ("the answer has no rows",)
        elif len(rows) != wanted:
            issues = (f"{len(rows)} rows came where {wanted} were expected",)
    return Evaluation(success=not issues, issues=issues, suggestion="")


def is_right(world: World, answer: str, goal: str) -> bool:
    """Does the answer tell the monthly totals, and did the mail go out, if one was asked for?"""
    told = answer.replace(",", "")
    totals = world.rows("SELECT CAST(SUM(amount) AS INTEGER) FROM sales GROUP BY month")
    mailed = any(mail.to == READER for mail in world.sent())
    return all(str(total) in told for (total,) in totals) and (goal == GOAL or mailed)


class _Pause:
    """A gate that lets the calls of so many steps pass, and then asks for a look."""

    def __init__(self, every: int | None) -> None:
        self.every, self.steps = every, dict[str, None]()

    async def __call__(self, call: Call) -> None:
        if self.every and len({*self.steps, call.step}) > self.every:
            raise NeedsApproval("It is time to look again.", call)
        self.steps[call.step] = None


@dataclass
class _Run:
    """A run that is paused and revised by its cadence, with the goal as it stands by then."""

    cadence: str
    conditions: Conditions
    seed: int
    world: World
    done: dict[str, object] = field(default_factory=dict)
    met: list[Surprise] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    count: Revising = field(default_factory=Revising)

    def __post_init__(self) -> None:
        self.tools = surprised(
            with_ledger(self.world),
            volatility=self.conditions["volatility"],
            seed=self.seed,
            kinds=[kind for kind in Kind if self.conditions[kind]],
            met=self.met,
        )
        budget = Budget(calls=self.conditions["budget"])
        self.planner = _model(budget, self.conditions["slips"], self.seed)
        self.executor = _model(budget, 0.0, self.seed)

    @property
    def goal(self) -> str:
        """As it stands now."""
        return CHANGED if any(s.kind == Kind.GOAL for s in self.met) else GOAL

    async def until_ended(self) -> tuple[str | None, Stop]:
        """Run until the cadence says to look, or a step failed; revise what remains; go on."""
        goal = self.goal
        while True:
            result = await self.go_on(goal)
            over = result.stop not in (Stop.WAITING, Stop.FAILED) or PLAN not in self.done
            if over or self.cadence == "never" or self.count.revisions == MOST_REVISIONS:
                return result.answer, result.stop
            changed, goal = goal != self.goal, self.goal
            stop = await self.revise(goal, result.detail.progress, changed)
            if stop != Stop.ANSWERED:
                return None, stop

    async def go_on(self, goal: str) -> Result[str, Execution]:
        """Run what remains, up to the next pause."""
        result = await run_plan_execute(
            goal,
            planner=self.planner,
            executor=self.executor,
            tools=guarded(self.tools, gates=[_Pause(EVERY[self.cadence])]),
            done=self.done,
            max_replans=0,
            evaluate=check_shape,
            limit=1,
        )
        self.usage += result.usage
        self.count.tools += len(result.trace.of("tool"))
        return result

    async def revise(self, goal: str, before: Progress, changed: bool) -> Stop:
        """A new plan of what remains, or of everything; and what it took."""
        reason, completed, failed = _reason(before, changed), before.completed, before.failed
        if self.cadence == SCRATCH:
            self.done.clear()
        held = Progress(before.plan, self.done) if self.done else Progress(NO_PLAN, {})
        made = await replan(goal, held, reason=reason, planner=self.planner, tools=self.tools)
        self.usage += made.usage
        self.count.revisions += 1
        if made.answer is not None:
            self.done[PLAN] = made.answer
            forgotten = len(before.plan.steps) - len(held.plan.steps)
            self.count.finished += len(completed)
            self.count.kept += len(held.completed)
            self.count.smallest += 2 * len(failed) + changed  # one out, one in; the mail
            self.count.edits += forgotten + _edits(made.detail)
        return made.stop


def _model(budget: Budget, slips: float, seed: int) -> Model:
    faults = f"cyclic_plan%{slips:g},hallucinated_tool%{slips:g}" if slips else None
    simulator = Simulator(faults=faults, seed=seed)
    return Model(simulated_client(simulator), "sim-large", price_of("sim-large"), budget)


def _reason(progress: Progress, changed: bool) -> str:
    """What failed and whether the goal was changed, as the package's own loop says it."""
    steps = {step.id: step for step in progress.plan.steps}
    told = [
        f"{f.at} ({steps[f.at].description}, by {steps[f.at].tool}) failed: {f.error}"
        for f in progress.failed
    ]
    if changed:
        told.append(f"the goal was changed; before, it was: {progress.plan.goal}")
    return "; ".join(told) or f"{len(progress.completed)} steps are done: look again"


def _edits(drafting: Drafting) -> int:
    return sum(change.kind != "kept" for change in drafting.drafts[-1].changes)


HAPPENS: Mapping[str, float] = {kind.value: 1 for kind in Kind}
ALONE = dict.fromkeys(HAPPENS, (0,))
FOUR = tuple(EVERY)[:4]
STUDY = Study(
    name="cadence",
    base={"volatility": 0.4, **HAPPENS, "budget": 30, "slips": 0},
    grids=(
        Grid({"volatility": (0, 0.1, 0.2, 0.4, 0.6)}, tuple(EVERY)),
        Grid({"goal": (0,), "volatility": (0.2, 0.4, 0.6)}, tuple(EVERY)),
        Grid({**ALONE, "goal": (1,), "volatility": (0.05, 0.1, 0.2)}, FOUR),
        Grid({**ALONE, "stale": (1,), "volatility": (0.2,)}, FOUR),
        Grid({"slips": (0.1, 0.3), "volatility": (0, 0.4)}, FOUR),
        Grid({"budget": (6, 9, 12), "volatility": (0, 0.4)}, FOUR),
    ),
    run=run,
)
