"""When is planning first worth it? ReAct, plan-and-execute and what lies between, on one errand.

The errand: read so many offers, each in a file, and name the cheapest. Its `length` is the number
of offers. Its `uncertainty` is the chance that a file only says where the offer now lies, which no
plan can know. `lines` is how long an offer is, on average. An answer counts as right only if every
offer was read: the cheapest of some may be the cheapest of all by luck.

The simulated model's own parameters are conditions too: `window` multiplies what the small model
holds in view, `slips` is the share of answers that name a tool which is not there, and only at
`at_once` = 1 does a model ask for several files in one turn.
"""

import random
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from planlab.compare.rows import Conditions, Grid, Outcome, Study
from planlab.cost import price_of
from planlab.model import Model, connect, live_name
from planlab.patterns.plan_execute import Execution, run_plan_execute
from planlab.patterns.react import Loop, run_react
from planlab.records import Observation, Plan, Result, Step
from planlab.simulated import SIZES, SMALL, Simulator, simulated_client
from planlab.simulated.act import Answer, answer
from planlab.toolbox import Toolbox
from planlab.world import World, open_world

NAMES = (
    *("Alder", "Birch", "Cedar", "Dahlia", "Ember", "Falcon", "Garnet", "Heron", "Indigo"),
    *("Juniper", "Kestrel", "Linden", "Maple", "Nimbus", "Opal", "Pepper", "Quartz", "Raven"),
)
MOST_MOVES = 3  # how often an offer can have moved


@dataclass(frozen=True)
class Errand:
    """One errand in a world of its own, and what is right."""

    goal: str
    paths: tuple[str, ...]
    places: tuple[str, ...]  # where the offers lie in the end
    prices: Mapping[str, int]
    tools: Toolbox

    @property
    def cheapest(self) -> str:
        """The offer that the answer should name."""
        return min(self.prices, key=self.prices.__getitem__)

    def is_right(self, said: str) -> bool:
        """Does an answer name the cheapest offer, as the cheapest, with its price?"""
        named = [name for name in self.prices if name in said]
        telling = re.findall(r"[^.\n]*\b(?:cheapest|lowest)\b[^.\n]*", said)
        first = [
            min((name for name in named if name in each), key=each.find, default="")
            for each in telling
        ]
        right = named == [self.cheapest] or self.cheapest in first
        return right and re.search(rf"\${self.prices[self.cheapest]}\b", said) is not None


@dataclass(frozen=True)
class Models:
    """The two sizes."""

    large: Model
    small: Model


def make_errand(world: World, conditions: Conditions, seed: int) -> Errand:
    """Write the offers into `world`; the same for the same conditions and seed."""
    chance = random.Random(f"errand {seed}")
    count = int(conditions["length"])
    names = chance.sample(NAMES, count)
    prices = dict(zip(names, chance.sample(range(20, 100), count), strict=True))
    places = []
    for name, price in prices.items():
        place = f"offers/{name.lower()}.txt"
        for move in range(1, MOST_MOVES + 1):
            if chance.random() >= conditions["uncertainty"]:
                break
            new = f"archive/{move}/{name.lower()}.txt"
            world.write(place, f"The offer of {name} has moved. Read {new} instead.\n")
            place = new
        world.write(place, offer(name, price, int(conditions["lines"]), chance))
        places.append(place)
    paths = tuple(f"offers/{name.lower()}.txt" for name in names)
    listed = f"{', '.join(paths[:-1])} and {paths[-1]}"
    goal = f"Look up the price in {listed}, then name the cheapest offer."
    return Errand(goal, paths, tuple(places), prices, world.tools.only("read_file", "calculate"))


def offer(name: str, price: int, lines: int, chance: random.Random) -> str:
    """An offer: its price, after a log of `lines` / 2 to 1.5 x `lines` lines."""
    log = "".join(
        f"2024-12-{chance.randint(1, 9):02d} call {chance.randint(100, 999)} with {name}: delivery "
        "and opening hours were talked over, no change\n"
        for _ in range(chance.randint(lines // 2, lines + lines // 2))
    )
    return f"Offer of {name}\n{log}{name} charges ${price} per seat per month.\n"


# ---- systems


Ran = Result[str, Loop] | Result[str, Execution]


async def react(model: Model, errand: Errand) -> Ran:
    """ReAct, from the goal to the answer."""
    turns = 3 * len(errand.paths) + 6
    return await run_react(errand.goal, model=model, tools=errand.tools, max_turns=turns)


async def plan_execute(planner: Model, executor: Model, errand: Errand) -> Ran:
    """Plan-and-execute as it comes: no evaluation, a new plan where a step fails."""
    return await run_plan_execute(
        errand.goal, planner=planner, executor=executor, tools=errand.tools
    )


async def hybrid(planner: Model, executor: Model, errand: Errand) -> Ran:
    """The same, but each step with a tool is a ReAct run of its own, with that tool alone."""

    async def look_up(step: Step, known: Mapping[str, object]) -> Observation:
        tools = errand.tools.only(step.tool or "")
        found = await run_react(step.description, model=executor, tools=tools)
        return Observation(found.answer)

    async def by_react(plan: Plan) -> Plan:
        steps = (s.model_copy(update={"how": "react" if s.tool else "tool"}) for s in plan.steps)
        return plan.model_copy(update={"steps": tuple(steps)})

    return await run_plan_execute(
        errand.goal,
        planner=planner,
        executor=executor,
        tools=errand.tools,
        review=by_react,
        step_runners={"react": look_up},
    )


SYSTEMS: Mapping[str, Callable[[Models, Errand], Awaitable[Ran]]] = {
    "ReAct, small": lambda models, errand: react(models.small, errand),
    "ReAct, large alone": lambda models, errand: react(models.large, errand),
    "plan-and-execute": lambda models, errand: plan_execute(models.large, models.small, errand),
    "plan-and-execute, all small": lambda m, errand: plan_execute(m.small, m.small, errand),
    "hybrid": lambda models, errand: hybrid(models.large, models.small, errand),
}


# ---- one run


async def run(system: str, conditions: Conditions, seed: int) -> Outcome:
    """One run of one system."""
    models = make_models(conditions, seed)
    async with models.large, models.small:
        with open_world() as world:
            errand = make_errand(world, conditions, seed)
            result = await SYSTEMS[system](models, errand)
    used = result.usage
    asked = {str(call.data.get("arguments")) for call in result.trace.of("tool")}
    seen = all(any(f"'{place}'" in each for each in asked) for place in errand.places)
    right = seen and errand.is_right(result.answer or "")
    path = steps_taken(result, errand)
    return Outcome(right, result.stop.value, used.calls, used.tokens, used.dollars, path)


def make_models(conditions: Conditions, seed: int) -> Models:
    """The real models if the environment names them, else simulated ones as conditions say."""
    if live_name() is not None:
        return Models(connect("large"), connect("small"))
    return Models(*(_simulated(name, conditions, seed) for name in SIZES))


def _simulated(name: str, conditions: Conditions, seed: int) -> Model:
    own, factor = SIZES[name], conditions["window"]
    if own == SMALL:
        own = replace(own, window=int(own.window * factor), reach=int(own.reach * factor))
    slips = conditions["slips"]
    at_once = bool(conditions["at_once"])

    def mind(body: Mapping[str, object], *, size: object, seed: int = 0) -> Answer:
        return answer({**body, "parallel_tool_calls": at_once}, size=own, seed=seed)

    faults = f"hallucinated_tool%{slips:g}" if slips else None
    simulator = Simulator(faults=faults, seed=seed, answer=mind)
    return Model(simulated_client(simulator), name, price_of(name))


def steps_taken(result: Ran, errand: Errand) -> str:
    """The tool calls in order: an offer by its place in the goal, `+` for a look anywhere else, `?`
    for a call of a tool that is not there.
    """
    marks = {path: str(n) for n, path in enumerate(errand.paths, start=1)}

    def mark(name: str, arguments: str) -> str:
        place = next((mark for path, mark in marks.items() if f"'{path}'" in arguments), "+")
        return place if name in errand.tools else "?"

    calls = result.trace.of("tool")
    return " ".join(mark(call.name, str(call.data.get("arguments"))) for call in calls)


BASE: Conditions = {
    "length": 4,
    "uncertainty": 0,
    "lines": 8,
    "at_once": 0,
    "window": 1,
    "slips": 0.05,
}
LENGTHS = (2, 3, 4, 6, 8, 12)
ALL = tuple(SYSTEMS)
STUDY = Study(
    name="crossover",
    base=BASE,
    grids=(
        Grid({"length": LENGTHS}, ALL),
        Grid({"uncertainty": (0, 0.1, 0.25, 0.5, 0.75)}, ALL),
        Grid({"at_once": (1,), "length": LENGTHS}, ALL[:3]),
        Grid({"lines": (2, 24)}, ALL),
        Grid({"window": (0.5, 2, 4), "length": (4, 8, 12)}, (ALL[0], ALL[2])),
        Grid({"slips": (0, 0.1, 0.2, 0.4)}, ALL),
    ),
    run=run,
)
