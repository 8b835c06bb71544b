"""Which size for which role? Planner and executor of either size, or a router, on Acme's goals.

The goals: the weekly support report, the report on rivals' prices, the quarter's summary. A run is
right if its report holds what the books say (`CHECKS`), was saved as a file, and nothing was sent.

The seed draws the quarter's sales, this week's tickets and the small model's slips. Conditions:
`task`, the goal, by its place in `GOALS`; `tickets` of this week, of which the weekly report must
load all; `judged`, whether the large model evaluates each step (1) or nobody does (0). The small
model's own parameters are conditions too: `slips` is the share of its answers that break off
half-way, `granularity` below 1 has it cut a plan into too many steps, and `window` multiplies what
it holds in view. The large model has no slips: that is assumed, not found.

Prices are no condition: the tokens of each size stand in a row's `path`, so that every price ratio
can be computed afterwards (`Spent.dollars`).
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, replace

from planlab.bill import bill_trace
from planlab.compare.rows import Conditions, Grid, Outcome, Study
from planlab.cost import Price, price_of
from planlab.executing import judged_by
from planlab.model import Model, connect, live_name
from planlab.patterns.plan_execute import Execution, run_plan_execute
from planlab.patterns.react import Loop, run_react
from planlab.records import Result, Stop, Usage
from planlab.routing import escalations, route
from planlab.simulated import SIZES, SMALL, Simulator, simulated_client
from planlab.simulated.act import Answer, answer
from planlab.trace import Trace
from planlab.world import World, open_world

GOALS: Mapping[str, str] = {
    "weekly": "Write the weekly support report: load this week's tickets, count them by intent, "
    "find the top intent, and draft a report that names the total, the top intent, its count and a "
    "recommendation.",
    "rivals": "Research the top 3 competitors of Acme Corp, compare their pricing, write a summary "
    "report",
    "quarter": "Analyze Q4 2024 sales trends and create an executive summary",
}
WEEK = "2024-W50"
TURNS = 30  # of a ReAct run, at most


# ---- what is right


def is_weekly(world: World, told: str) -> bool:
    """Does it tell the total and, wherever it tells of the most, the top and its count?"""
    rows = world.rows("SELECT intent FROM tickets WHERE week = ?", (WEEK,))
    counted = Counter(str(intent) for (intent,) in rows)
    most = max(counted.values())
    top = [intent for intent, count in counted.items() if count == most]
    telling = [line.lower() for line in told.splitlines() if re.search(r"\b(?:most|top)\b", line)]
    named = all(most in numbers(line) and all(it in line for it in top) for line in telling)
    total = len(rows) in numbers(told)
    return bool(telling) and named and total and "recommend" in told.lower()


def is_rivals(world: World, told: str) -> bool:
    """Does it tell what each rival charges, B either as its page says or as the price book does?"""
    return {49, 55} <= numbers(told) and bool({39, 45} & numbers(told))


def is_quarter(world: World, told: str) -> bool:
    """Does it tell the total of each month, and the change over the quarter in percent?"""
    rows = world.rows("SELECT SUM(amount) FROM sales GROUP BY month ORDER BY month")
    totals = [float(str(total)) for (total,) in rows]
    change = (totals[-1] / totals[0] - 1) * 100
    rounded = {round(number) for number in numbers(told)}
    return {round(t) for t in totals} <= rounded and round(abs(change)) in rounded


CHECKS: Mapping[str, Callable[[World, str], bool]] = {
    "weekly": is_weekly,
    "rivals": is_rivals,
    "quarter": is_quarter,
}


def numbers(text: str) -> set[float]:
    """The numbers in a text, without their signs; a month or a quarter is no number.

    >>> sorted(numbers("2024-10: 1,250; Q4: -3.5"))
    [3.5, 1250.0]
    """
    bare = re.sub(r"\b\d{4}-\d\d\b|\bQ\d\b", " ", text)
    return {float(n.replace(",", "")) for n in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", bare)}


# ---- what was spent


@dataclass(frozen=True)
class Spent:
    """The tokens of each size, the steps of the last plan, and how often the router escalated."""

    large: Usage
    small: Usage
    steps: int
    escalated: int

    def dollars(self, ratio: float, price: Price) -> float:
        """US dollars where the large model has this price and the small one `ratio` of it."""
        return price.of(self.large) + ratio * price.of(self.small)

    @property
    def text(self) -> str:
        """As it stands in a row's `path`; `parse_spent` reads it."""
        sizes = (" ".join(map(str, astuple(each)[:4])) for each in (self.large, self.small))
        return "; ".join((*sizes, f"{self.steps} {self.escalated}"))


def parse_spent(path: str) -> Spent:
    """What `Spent.text` wrote."""
    large, small, counts = ([int(n) for n in part.split()] for part in path.split(";"))
    return Spent(Usage(*large), Usage(*small), *counts)


def spent_in(trace: Trace, large: str, steps: int) -> Spent:
    """By size; whatever is not the model named `large` is the small one."""
    used = {True: Usage(), False: Usage()}
    for name, bill in bill_trace(trace, price=lambda _: Price(0, 0, 0)).items():
        used[name == large] += bill.usage
    return Spent(used[True], used[False], steps, len(escalations(trace)))


# ---- systems

PLANNED: Mapping[str, tuple[str, str]] = {
    f"{planner} plans, {executor} works": (planner, executor)
    for planner in ("large", "small")
    for executor in ("large", "small", "router")
}
REACT: Mapping[str, str] = {f"ReAct, {size}": size for size in ("large", "small")}


async def run(system: str, conditions: Conditions, seed: int) -> Outcome:
    """One run of one system."""
    models = make_models(conditions, seed)
    large, small = models["large"], models["small"]
    task = tuple(GOALS)[int(conditions["task"])]
    async with large, small:
        with open_world(seed) as world:
            draw_tickets(world, int(conditions["tickets"]), seed)
            before = world.snapshot().files
            result = await go(system, GOALS[task], models, conditions, world)
            saved = world.snapshot().files != before
            told = result.answer or ""
            right = result.stop == Stop.ANSWERED and CHECKS[task](world, told)
            right = right and saved and not world.sent()
    steps = 0
    if isinstance(result.detail, Execution):
        steps = len(result.detail.progress.plan.steps)
    spent = spent_in(result.trace, large.name, steps)
    used = spent.large + spent.small  # of a ReAct run, the call that failed it too
    return Outcome(right, result.stop.value, used.calls, used.tokens, used.dollars, spent.text)


async def go(
    system: str, goal: str, models: Mapping[str, Model], conditions: Conditions, world: World
) -> Result[str, Execution] | Result[str, Loop]:
    """The system at work on the goal, in the world."""
    if system in REACT:
        model = models[REACT[system]]
        return await run_react(goal, model=model, tools=world.tools, max_turns=TURNS)
    planner, executor = PLANNED[system]
    return await run_plan_execute(
        goal,
        planner=models[planner],
        executor=models[executor],
        tools=world.tools,
        evaluate=judged_by(models["large"]) if conditions["judged"] else None,
    )


def draw_tickets(world: World, count: int, seed: int) -> None:
    """So many tickets for this week, drawn from those of the weeks before."""
    earlier = world.rows("SELECT customer, intent, text FROM tickets WHERE week < ?", (WEEK,))
    world.change("DELETE FROM tickets WHERE week = ?", (WEEK,))
    for ticket in random.Random(f"tickets {seed}").sample(earlier, count):
        world.change(
            "INSERT INTO tickets (week, customer, intent, text) VALUES (?, ?, ?, ?)",
            (WEEK, *ticket),
        )


def make_models(conditions: Conditions, seed: int) -> dict[str, Model]:
    """Both sizes and the router: the real ones if the environment names them, else simulated."""
    if live_name() is not None:
        large, small = connect("large"), connect("small")
    else:
        large, small = (_simulated(name, conditions, seed) for name in SIZES)
    return {"large": large, "small": small, "router": route(small, large)}


def _simulated(name: str, conditions: Conditions, seed: int) -> Model:
    own, slips = SIZES[name], 0.0
    if own == SMALL:
        slips, factor = conditions["slips"], conditions["window"]
        own = replace(
            own,
            window=int(own.window * factor),
            reach=int(own.reach * factor),
            granularity=conditions["granularity"],
        )

    def mind(body: Mapping[str, object], *, size: object, seed: int = 0) -> Answer:
        return answer(body, size=own, seed=seed)

    faults = f"truncated%{slips:g}" if slips else None
    simulator = Simulator(faults=faults, seed=seed, answer=mind)
    return Model(simulated_client(simulator), name, price_of(name))


BASE: Conditions = {
    "task": 0,
    "tickets": 5,
    "judged": 0,
    "slips": 0.1,
    "granularity": SMALL.granularity,
    "window": 1,
}
TASKS = tuple(range(len(GOALS)))
LARGE_ALONE, MIX, ROUTED, SMALL_ALONE, WEAK_PLANNER = (
    "large plans, large works",
    "large plans, small works",
    "large plans, router works",
    "small plans, small works",
    "small plans, router works",
)
COMPARED = (LARGE_ALONE, MIX, ROUTED, SMALL_ALONE, WEAK_PLANNER, *REACT)
STUDY = Study(
    name="sizes",
    base=BASE,
    grids=(
        Grid({"task": TASKS}, COMPARED),
        Grid({"task": TASKS, "judged": (1,)}, (LARGE_ALONE, MIX, ROUTED, WEAK_PLANNER)),
        Grid({"slips": (0, 0.2, 0.4)}, (MIX, ROUTED, SMALL_ALONE)),
        Grid({"slips": (0,), "tickets": (5, 35)}, (LARGE_ALONE, MIX, SMALL_ALONE)),
        Grid({"task": TASKS, "granularity": (1,)}, (SMALL_ALONE,)),
        Grid({"slips": (0,), "tickets": (35,), "window": (2,)}, (SMALL_ALONE,)),
    ),
    run=run,
)
