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


### BEGIN HIDDEN TESTS
def errand(rng: Random, size: int) -> tuple[list[Step], dict[str, str]]:
    """Steps of which each needs up to two before it, listed in any order, and their results."""
    ids, keys = new_names(rng, size), new_names(rng, size)
    steps, results = [], dict[str, str]()
    for number, (id, key) in enumerate(zip(ids, keys, strict=True)):
        given = rng.choice(["", *ids[max(0, number - 3) : number]])
        needs = rng.sample(ids[:number], min(number, rng.randint(0, 2)))
        steps.append(make(id, key, given=given, needs=needs))
        results[id] = f"{key}({results[given] if given else ''})"
    return rng.sample(steps, size), results


@lab.property("executor", 1, "steps may be listed in any order, many of them")
async def runs_shuffled_steps(probe: Probe) -> None:
    steps, wanted = errand(probe.rng, 30)
    tools, model = probe.tools(*workshop()), probe.model(says("nothing"))
    results = await run(probe, steps, tools, model)
    probe.equal(values(results), wanted, "in a larger plan, a result is missing or not right")
    made = [call["key"] for _, call in tools.calls]
    probe.equal(len(made), len(steps), "each step runs once")
    place = {key: number for number, key in enumerate(made)}
    key_of = {step.id: str(step.arguments[0].value) for step in steps}
    late = [s for s in steps for id in s.needs if place[key_of[id]] > place[key_of[s.id]]]
    probe.expect(not late, "a step ran before one that it needs, by reference or by depends_on")


@lab.property("executor", 1, "a prompt holds nothing but its own step and the results it needs")
async def shows_only_what_is_needed(probe: Probe) -> None:
    ids, keys = new_names(probe.rng, 5), new_names(probe.rng, 5)
    steps = [
        make(ids[0], keys[0], does=None),
        make(ids[1], keys[1]),
        make(ids[2], keys[2], does=None, needs=[ids[0]]),
        make(ids[3], keys[3], does=None, needs=[ids[2], ids[1]]),
        make(ids[4], keys[4], does=None),
    ]
    said, answers = talker(probe.rng, 4)
    # Each is recognised by its task; what it says is its own, in whatever order they are asked.
    order = [keys[0], keys[2], keys[3], keys[4]]

    def answer(body: Mapping[str, object]) -> object:
        told = str(body["messages"])
        mine = [n for n, key in enumerate(order) if f"Tell about {key}" in told]
        return answers[mine[-1]] if mine else says("?")

    model = probe.model(answer)
    results = await run(probe, probe.rng.sample(steps, 5), probe.tools(*workshop()), model)
    probe.equal(len(model.requests), 4, "each step in words is one request")
    made = f"{keys[1]}()"
    rest = [{}, {said[0]}, {said[1], made}, {}]
    needed = [set(), {0}, {1}, set()]
    for prompt in prompts(model):
        told = [n for n, key in enumerate(order) if f"Tell about {key}" in prompt]
        probe.expect(told, "the prompt must say what the step is to do")
        words = "a prompt must not tell of a step that its own does not need"
        probe.expect(set(told[:-1]) <= needed[told[-1]], words)
        shown = {one for one in [*said, made] if one in prompt}
        words = "a prompt must hold the results that its step needs, and no other ones"
        probe.equal(shown, set(rest[told[-1]]), words)
    probe.equal(results[ids[3]].value, said[2], "the model's text is the step's value")
    probe.expect(
        not any(request.get("tools") for request in model.requests),
        "a step in words has no tool, so none is to be offered",
    )


@lab.property("executor", 1, "a result may be empty, zero or None, and is a result")
async def takes_empty_for_a_result(probe: Probe) -> None:
    rng = probe.rng
    ids, keys = new_names(rng, 6), new_names(rng, 6)
    nothing = [[], 0, "", None, False]
    rng.shuffle(nothing)
    first = [make(id, key) for id, key in zip(ids, keys, strict=False)][:5]
    last = make(ids[5], keys[5], needs=ids[:5], does=rng.choice(["work", None]))
    tools = probe.tools(*workshop(dict(zip(keys, nothing, strict=False))))
    results = await run(probe, [last, *first], tools, probe.model(says("so be it")))
    probe.equal([results[id].value for id in ids[:5]], nothing, "an empty result is kept as it is")
    probe.expect(ids[5] in results, "what needs an empty result has all that it needs")
    probe.equal(len(tools.calls), 5 + bool(last.tool), "each step runs once, whatever it gives")


@lab.property("executor", 1, "a model that says nothing, or refuses, has failed, like a tool")
async def takes_silence_for_a_failure(probe: Probe) -> None:
    rng = probe.rng
    for text, settings in (("", {}), (" \n", {}), ("Fine.", {"faults": "refusal@1"})):
        ids, keys = new_names(rng, 4), new_names(rng, 4)
        steps = [
            make(ids[0], keys[0], does=None),
            make(ids[1], keys[1], needs=[ids[0]]),
            make(ids[2], keys[2], needs=[ids[1]], does=None),
            make(ids[3], keys[3]),
        ]
        model = probe.model(says(text), **settings)
        tools = probe.tools(*workshop())
        results = await run(probe, steps, tools, model)
        failed = results.get(ids[0], Observation())
        words = "an empty or refused answer is an observation with a ToolError, and the run goes on"
        probe.expect(isinstance(failed.error, ToolError), words)
        probe.equal(values(results), {ids[3]: f"{keys[3]}()"}, "only what needs it is held back")
        probe.equal(len(model.requests), 1, "a step is asked once")


### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@lab.property("ledger", 1, "the order of the list does not matter, but for the order of the answer")
async def reads_shuffled_plans(probe: Probe) -> None:
    rng = probe.rng
    (bad, _), (good, _) = errand(rng, 10), errand(rng, 6)
    failed = rng.choice([s.id for s in bad if not s.needs])
    ids = [failed, *new_names(rng, 4)]
    far = [make(id, f"{id}_far", given=near) for near, id in pairwise(ids)]
    steps = [*far[::-1], *rng.sample([*bad, *good], 16)]
    stuck = {failed}
    for _ in steps:
        stuck |= {s.id for s in steps if stuck & set(s.needs)}
    free = {s.id for s in steps} - stuck
    done = {s.id for s in good if not s.needs}
    results = {id: Observation(id) for id in sorted(done)} | {failed: failure(rng)}
    ledger = await read_ledger(probe, steps, results)
    parts = (done, {failed}, stuck - {failed}, free - done)
    wanted = [[s.id for s in steps if s.id in part] for part in parts]
    words = "in a larger plan, done, failed, blocked or pending is not right, or not in plan order"
    probe.equal(lists(ledger), wanted, words)
    outputs = {s.output: s.id for s in steps if s.id in done}
    probe.equal(ledger["learned"], outputs, "what was learned is not what was observed")


@lab.property("ledger", 1, "it is about its plan alone: before, after, and beside other plans")
async def minds_its_plan(probe: Probe) -> None:
    rng = probe.rng
    ids, keys = new_names(rng, 5), new_names(rng, 5)
    steps = [make(id, key) for id, key in zip(ids[:3], keys, strict=False)]
    steps[2] = make(ids[2], keys[2], needs=[ids[0]])
    others = {ids[3]: Observation("left over"), ids[4]: failure(rng)}
    ledger = await read_ledger(probe, steps, others)
    words = "results of steps that are not in the plan are none of its business"
    probe.equal([*lists(ledger), ledger["learned"]], [[], [], [], ids[:3], {}], words)
    full = {id: Observation(n) for n, id in enumerate(ids[:3])}
    ledger = await read_ledger(probe, steps, others | full)
    learned = {f"{key}_made": str(n) for n, key in enumerate(keys[:3])}
    words = "where all is done, nothing is failed, blocked or pending"
    probe.equal([*lists(ledger), ledger["learned"]], [ids[:3], [], [], [], learned], words)
    ledger = await read_ledger(probe, [], {})
    probe.equal([*lists(ledger), ledger["learned"]], [[], [], [], [], {}], "no steps, no entries")


### END HIDDEN TESTS


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


### BEGIN HIDDEN TESTS
@lab.property("retarget", 1, "with a tie there are several answers, in the order of the alphabet")
async def answers_ties(probe: Probe) -> None:
    rng = probe.rng
    intents = rng.sample(WORDS, 5)
    top, size = rng.randint(2, 4), rng.randint(2, 3)
    counts = {intent: top if n < size else 1 for n, intent in enumerate(intents)}
    articles = library(rng, intents)
    wanted = [[intent, top, articles[intent]] for intent in sorted(intents[:size])]
    system = await build(probe, week(rng, counts), articles)
    got = await answers_of(system)
    probe.equal(got, wanted, "of several that are asked equally often, each must be answered")
    alone = dict.fromkeys(intents, 1)
    wanted = [[intent, 1, articles[intent]] for intent in sorted(intents)]
    got = await answers_of(system, week(rng, alone))
    probe.equal(got, wanted, "where each is asked once, each must be answered")


@lab.property("retarget", 1, "no tickets give no answers, and no article gives None")
async def invents_nothing(probe: Probe) -> None:
    rng = probe.rng
    counts, top = one_winner(rng)
    articles = library(rng, sorted(counts))
    empty = await build(probe, [], articles)
    probe.equal(await answers_of(empty), [], "without tickets there is nothing to answer")
    full = await build(probe, week(rng, counts), articles)
    probe.equal(await answers_of(full, []), [], "handed no tickets, there is nothing to answer")
    del articles[top]
    bare = await build(probe, week(rng, counts), articles)
    wanted = [[top, counts[top], None]]
    probe.equal(await answers_of(bare), wanted, "where no article fits, the answer says None")


### END HIDDEN TESTS
