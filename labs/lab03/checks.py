"""Lab 03: what an executor, a ledger and a new errand must do, whatever the plan."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from random import Random

from planlab import Argument, Plan, Ref, Risk, Step, tool
from planlab.errors import BadArguments, ToolError, ToolFailed
from planlab.grading import Broken, Lab, Probe, Question, Raised, Served, Struct, says
from planlab.grading.checks import Handle
from planlab.records import Observation
from planlab.toolbox import follow
from planlab.tools import Tool

lab = Lab(
    "lab03",
    "The executor, the ledger, another errand",
    questions=(
        Question("executor", 7, "3.1 The executor"),
        Question("ledger", 5, "3.2 The ledger"),
        Question("retarget", 5, "3.3 Another errand"),
        Question("explain", 3, "3.4 Explain a choice", manual=True),
    ),
    withheld=(
        "planlab.patterns.plan_execute",
        "planlab.planning",
        "planlab.executing",
        "planlab.progress",
    ),
)

WORDS = [
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "inlet", "jetty"),
    *("knoll", "larch", "maple", "north", "ochre", "pearl", "quill", "ridge", "slate", "tulip"),
    *("umber", "vivid", "wharf", "yacht", "zebra"),
]


# Plans, and what runs them


def make(
    id: str,
    key: str,
    *,
    given: str = "",
    path: str = "",
    needs: Sequence[str] = (),
    does: str | None = "work",
    expected: str = "It is there.",
) -> Step:
    """A step that works on `key`, by a tool or in words, with what the step `given` hands on."""
    told = Ref(step=given, path=path) if given else ""
    arguments = (Argument(name="key", value=key), Argument(name="given", value=told))
    return Step(
        id=id,
        description=f"Tell about {key}",
        how="tool",
        tool=does,
        arguments=arguments if does or given else (),
        depends_on=tuple(needs),
        output=f"{key}_made",
        expected_output=expected,
    )


def plan_of(steps: Sequence[Step]) -> Plan:
    return Plan(goal="Do the errand", reasoning="", steps=tuple(steps), version=1)


def new_names(rng: Random, count: int) -> list[str]:
    """Ids or keys in no order that would tell anything, none a part of another."""
    return [f"{rng.choice(WORDS)}{number}" for number in rng.sample(range(1000, 10_000), count)]


def workshop(values: Mapping[str, object] | None = None, broken: Sequence[str] = ()) -> list[Tool]:
    """A tool whose result tells what it was given, or has a value of its own for a key."""

    @tool(risk=Risk.LOW)
    async def work(key: str, given: str) -> object:
        "Work on something."
        if key in broken:
            raise ValueError(f"no {key} in stock")
        return (values or {}).get(key, f"{key}({given})")

    return [work]


async def run(
    probe: Probe, steps: Sequence[Step], tools: Served, model: Served
) -> dict[str, Observation]:
    """The learner's results, by step id."""
    results = await probe.call("run_plan", plan_of(steps), tools, model)
    if isinstance(results, dict) and all(isinstance(o, Observation) for o in results.values()):
        return results
    raise Broken("it returns a dict from step ids to observations")


def values(results: Mapping[str, Observation]) -> dict[str, object]:
    """What worked, and what it gave."""
    return {id: seen.value for id, seen in results.items() if seen.error is None}


def prompts(model: Served) -> list[str]:
    """All that each request said."""
    return [
        "\n".join(str(message.get("content") or "") for message in request["messages"])
        for request in model.requests
    ]


def talker(rng: Random, count: int) -> tuple[list[str], list[object]]:
    """Texts that nobody could guess, and a model's answers that say them."""
    texts = [f"It is {name}." for name in new_names(rng, count)]
    return texts, [says(text) for text in texts]


# 3.1 The executor


@lab.property("executor", 1, "each step runs once, after what it needs, and is handed its result")
async def hands_results_on(probe: Probe) -> None:
    ids, keys = new_names(probe.rng, 4), new_names(probe.rng, 4)
    last, third, second, first = (
        make(ids[3], keys[3], given=ids[2]),
        make(ids[2], keys[2], given=ids[0], needs=[ids[1]]),
        make(ids[1], keys[1], given=ids[0]),
        make(ids[0], keys[0]),
    )
    order = [[last, third, second, first], [third, first, last, second]]
    for steps in order:
        tools, model = probe.tools(*workshop()), probe.model(says("nothing"))
        results = await run(probe, steps, tools, model)
        a = f"{keys[0]}()"
        c = f"{keys[2]}({a})"
        wanted = {ids[0]: a, ids[1]: f"{keys[1]}({a})", ids[2]: c, ids[3]: f"{keys[3]}({c})"}
        probe.equal(values(results), wanted, "the results are not right, each under its step's id")
        made = [call["key"] for _, call in tools.calls]
        probe.equal(made, keys, "each step runs once, and after the steps that it needs")
        probe.equal(len(model.requests), 0, "a step with a tool needs no model")


@lab.property("executor", 1, "a step in words is one request: its task and the results it needs")
async def asks_for_words(probe: Probe) -> None:
    ids, keys = new_names(probe.rng, 4), new_names(probe.rng, 4)
    steps = [
        make(ids[0], keys[0]),
        make(ids[1], keys[1]),
        make(ids[2], keys[2], does=None, given=ids[0], needs=[ids[1]]),
        make(ids[3], keys[3], given=ids[2]),
    ]
    texts, answers = talker(probe.rng, 1)
    tools, model = probe.tools(*workshop()), probe.model(*answers)
    results = await run(probe, steps, tools, model)
    probe.equal(len(model.requests), 1, "one step in words is one request")
    (prompt,) = prompts(model)
    probe.expect(steps[2].description in prompt, "the prompt must say what the step is to do")
    probe.expect(
        f"{keys[0]}()" in prompt and f"{keys[1]}()" in prompt,
        "the prompt must hold the results of all that the step needs, by reference or not",
    )
    probe.equal(results[ids[2]].value, texts[0], "the model's text is the step's value")
    handed_on = f"{keys[3]}({texts[0]})"
    probe.equal(results[ids[3]].value, handed_on, "what was said in words is handed on too")


@lab.property("executor", 1, "what needs a failed step does not run, near or far; the others do")
async def goes_round_failures(probe: Probe) -> None:
    ids, keys = new_names(probe.rng, 6), new_names(probe.rng, 6)
    steps = [
        make(ids[0], keys[0]),
        make(ids[1], keys[1], given=ids[0]),
        make(ids[2], keys[2], needs=[ids[1]]),
        make(ids[3], keys[3], needs=[ids[2]], does=None),
        make(ids[4], keys[4], given=ids[0]),
        make(ids[5], keys[5], needs=[ids[4]], does=None),
    ]
    probe.rng.shuffle(steps)
    texts, answers = talker(probe.rng, 2)
    tools, model = probe.tools(*workshop(broken=[keys[1]])), probe.model(*answers)
    results = await run(probe, steps, tools, model)
    made = sorted(call["key"] for _, call in tools.calls)
    probe.equal(made, sorted([keys[0], keys[1], keys[4]]), "these are not the calls to be made")
    probe.equal(len(model.requests), 1, "a step in words that needs a failed one must not be asked")
    failed = results.get(ids[1], Observation())
    words = "a failure stands in the results, as an observation with an error"
    probe.expect(isinstance(failed.error, ToolError), words)
    a = f"{keys[0]}()"
    wanted = {ids[0]: a, ids[4]: f"{keys[4]}({a})", ids[5]: texts[0]}
    probe.equal(values(results), wanted, "what does not need it must run all the same")
    words = "a step that did not run has no place in the results"
    probe.equal(set(results), {*wanted, ids[1]}, words)


# 3.2 The ledger

LISTS = ("done", "failed", "blocked", "pending")


async def read_ledger(
    probe: Probe, steps: Sequence[Step], results: Mapping[str, Observation]
) -> dict[str, object]:
    """The learner's ledger."""
    ledger = await probe.call("ledger", plan_of(steps), dict(results))
    probe.expect(isinstance(ledger, dict), "it returns a dict")
    assert isinstance(ledger, dict)
    probe.equal(set(ledger), {*LISTS, "learned"}, "the ledger's keys are not those asked for")
    return ledger


def lists(ledger: Mapping[str, object]) -> list[object]:
    return [ledger[name] for name in LISTS]


def failure(rng: Random) -> Observation:
    kind = rng.choice([ToolFailed, BadArguments])
    return Observation(error=kind(f"work: no {rng.choice(WORDS)}"))


@lab.property("ledger", 1, "done is what has a result, whatever it is; failed is what has an error")
async def tells_done_from_failed(probe: Probe) -> None:
    rng = probe.rng
    ids, keys = new_names(rng, 7), new_names(rng, 7)
    found = [rng.choice(WORDS), 0, "", [], None, rng.randint(1, 9)]
    rng.shuffle(found)
    steps = [make(id, key) for id, key in zip(ids, keys, strict=True)]
    at = rng.randint(0, 5)
    seen = [Observation(value) for value in found]
    seen.insert(at, failure(rng))
    ledger = await read_ledger(probe, steps, dict(zip(ids, seen, strict=True)))
    wanted = [[id for id in ids if id != ids[at]], [ids[at]], [], []]
    probe.equal(lists(ledger), wanted, "done, failed, blocked and pending are not these")


@lab.property("ledger", 1, "learned is what was observed, under the name of the output")
async def learns_what_was_observed(probe: Probe) -> None:
    rng = probe.rng
    ids, keys = new_names(rng, 5), new_names(rng, 5)
    told = [f"{number} {rng.choice(WORDS)}s" for number in rng.sample(range(100), 3)]
    steps = [make(id, key, expected="5 tickets") for id, key in zip(ids, keys, strict=True)]
    steps[1] = make(ids[1], keys[1], does=None, expected="5 tickets")
    count = rng.randint(2, 9)
    results = {
        ids[0]: Observation(told[0]),
        ids[1]: Observation(told[1]),
        ids[2]: Observation([count, told[2]]),
        ids[3]: failure(rng),
    }
    ledger = await read_ledger(probe, steps, results)
    wanted = {
        f"{keys[0]}_made": told[0],
        f"{keys[1]}_made": told[1],
        f"{keys[2]}_made": f'[{count}, "{told[2]}"]',
    }
    probe.equal(ledger["learned"], wanted, "what was learned is not what was observed")


@lab.property("ledger", 1, "blocked is what needs a failed step, by reference too, near or far")
async def finds_what_is_blocked(probe: Probe) -> None:
    rng = probe.rng
    ids, keys = new_names(rng, 7), new_names(rng, 7)
    steps = [
        make(ids[0], keys[0]),
        make(ids[1], keys[1], given=ids[0]),
        make(ids[2], keys[2], needs=[ids[0]]),
        make(ids[3], keys[3], needs=[ids[2], ids[6]]),
        make(ids[4], keys[4], given=ids[3]),
        make(ids[5], keys[5], needs=[ids[6]]),
        make(ids[6], keys[6]),
    ]
    ledger = await read_ledger(probe, steps, {ids[0]: failure(rng)})
    wanted = [[], [ids[0]], ids[1:5], ids[5:]]
    probe.equal(lists(ledger), wanted, "done, failed, blocked and pending are not these")


# 3.3 Another errand

Tickets = list[list[str]]
Answers = list[list[object]]


class System:
    """A plan and its tools, as the learner made them; run here, step by step."""

    def __init__(self, plan: Plan, tools: Mapping[str, Handle]) -> None:
        self.plan, self.tools = plan, tools

    async def run(self, swapped: Mapping[str, object]) -> dict[str, object]:
        """Each step's result, with some of them put in place of what the tool would give."""
        results: dict[str, object] = {}
        waiting = list(self.plan.steps)
        while ready := [s for s in waiting if all(id in results for id in s.needs)]:
            for step in ready:
                made = await self.tools[str(step.tool)].call("__call__", **given(step, results))
                results[step.id] = swapped.get(step.id, made)
                waiting.remove(step)
        return results

    def maker(self, output: str) -> str:
        """The id of the step that makes an output."""
        found = [step.id for step in self.plan.steps if step.output == output]
        if len(found) != 1:
            raise Broken(f"one step, and only one, must make the output '{output}'")
        return found[0]


def given(step: Step, results: Mapping[str, object]) -> dict[str, object]:
    """The arguments as the tool gets them."""
    found: dict[str, object] = {}
    for argument in step.arguments:
        value = argument.value
        if isinstance(value, Ref):
            value = follow(results[value.step], value)
        found[argument.name] = list(value) if isinstance(value, tuple) else value
    return found


async def build(probe: Probe, tickets: Tickets, articles: dict[str, str]) -> System:
    """What the learner's function made of this week's tickets and these articles."""
    returned = await probe.call("retarget", tickets, articles)
    match returned:
        case (Plan() as plan, Handle() as box):
            tools = await tools_of(box, {str(step.tool) for step in plan.steps})
        case _:
            raise Broken("it returns two things: a Plan and a Toolbox")
    ids = [step.id for step in plan.steps]
    probe.equal(len(set(ids)), len(ids), "two steps have the same id")
    probe.expect(len(ids) >= 3, "it needs three steps at least: load, count, answer")
    unknown = [step for step in plan.steps if step.tool not in tools]
    probe.expect(not unknown, "a step calls a tool that is not in the Toolbox")
    system = System(plan, tools)
    missing = [id for step in plan.steps for id in step.needs if id not in ids]
    probe.expect(not missing, "a step needs one that is not in the plan")
    system.maker("tickets"), system.maker("answers")
    return system


async def tools_of(box: Handle, names: set[str]) -> dict[str, Handle]:
    """The functions of those tools that the Toolbox has."""
    found: dict[str, Handle] = {}
    for name in sorted(names):
        with suppress(Raised):  # it has no such tool
            match await box.call("__getitem__", name):
                case Struct(fields={"run": Handle() as run}):
                    found[name] = run
    return found


async def answers_of(system: System, tickets: Tickets | None = None) -> object:
    """What comes out, with other tickets handed on where some are given."""
    swapped = {} if tickets is None else {system.maker("tickets"): tickets}
    results = await system.run(swapped)
    if system.maker("answers") not in results:
        raise Broken("a step can never start: it waits for itself, or for a circle")
    return plain(results[system.maker("answers")])


def plain(value: object) -> object:
    """Lists where tuples may be."""
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def week(rng: Random, counts: Mapping[str, int]) -> Tickets:
    """So many tickets of each intent, in any order."""
    intents = [intent for intent, count in counts.items() for _ in range(count)]
    rng.shuffle(intents)
    return [[f"T-{n}", intent] for n, intent in enumerate(intents, rng.randint(100, 900))]


def library(rng: Random, intents: Sequence[str]) -> dict[str, str]:
    """An article for each intent."""
    return {intent: f"How to {rng.choice(WORDS)} a {intent}." for intent in intents}


def one_winner(rng: Random) -> tuple[dict[str, int], str]:
    intents = rng.sample(WORDS, 4)
    top = rng.randint(4, 6)
    counts = dict(zip(intents, (top, *rng.choices(range(1, 4), k=3)), strict=True))
    return dict(rng.sample(list(counts.items()), 4)), intents[0]


@lab.property("retarget", 1, "a plan that loads the tickets, and hands on all of them as they are")
async def loads_the_tickets(probe: Probe) -> None:
    for _ in range(2):
        counts, _ = one_winner(probe.rng)
        tickets = week(probe.rng, counts)
        system = await build(probe, tickets, library(probe.rng, list(counts)))
        results = await system.run({})
        loaded = results.get(system.maker("tickets"))
        probe.equal(plain(loaded), tickets, "the output 'tickets' is all of this week's tickets")
        by_ref = {ref.step for step in system.plan.steps for ref in step.refs}
        probe.expect(system.maker("tickets") in by_ref, "no step is handed the tickets")


@lab.property("retarget", 1, "the answers are the most frequent intent, its count and its article")
async def answers_the_question(probe: Probe) -> None:
    for _ in range(2):
        counts, top = one_winner(probe.rng)
        articles = library(probe.rng, sorted(counts))
        system = await build(probe, week(probe.rng, counts), articles)
        wanted = [[top, counts[top], articles[top]]]
        probe.equal(await answers_of(system), wanted, "the answers are not these")


@lab.property("retarget", 1, "each step works on what it is handed, not on what it finds elsewhere")
async def works_on_what_is_handed(probe: Probe) -> None:
    counts, _ = one_winner(probe.rng)
    others, top = one_winner(probe.rng)
    articles = library(probe.rng, sorted({*counts, *others}))
    system = await build(probe, week(probe.rng, counts), articles)
    wanted = [[top, others[top], articles[top]]]
    got = await answers_of(system, week(probe.rng, others))
    probe.equal(got, wanted, "handed other tickets, it must give other answers")
