"""Lab 02: what must be found in a plan and said about it, whatever the plan."""

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import pairwise
from random import Random
from string import ascii_lowercase

from planlab import Argument, Goal, Plan, Ref, Risk, Step, tool
from planlab.grading import Broken, Lab, Probe, Question, Served
from planlab.records import Constraint
from planlab.tools import Tool

lab = Lab(
    "lab02",
    "A plan's defects, found and put into words",
    questions=(
        Question("structure", 5, "2.1 The structure"),
        Question("hand_off", 4, "2.2 The hand-offs"),
        Question("limits", 4, "2.3 The goal and its limits"),
        Question("repair", 4, "2.4 A repair in words"),
        Question("explain", 3, "2.5 Explain what no check saw", manual=True),
    ),
    withheld=("planlab.validate", "planlab.graph", "planlab.planning"),
)

Pairs = set[tuple[str, str]]

KINDS = (
    *("duplicate_id", "missing_id", "self_dependency", "cycle", "unknown_tool"),
    *("not_made", "not_handed", "pasted"),
    *("gap", "overlap", "budget", "permission", "policy"),
)
WORDS = [
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "inlet", "jetty"),
    *("knoll", "larch", "maple", "north", "ochre", "pearl", "quill", "ridge", "slate", "tulip"),
    *("umber", "vivid", "wharf", "yacht", "zebra"),
]
VERBS = ["archive", "collect", "measure", "publish", "translate", "verify"]


# Plans


def make(
    id: str,
    output: str,
    *,
    needs: Sequence[str] = (),
    refs: Sequence[str] = (),
    description: str = "",
    **other: object,
) -> Step:
    """A step that needs `needs` by `depends_on`, and `refs` by reference."""
    told = {"description": description or f"Make {output}", "expected_output": "It is there."}
    step = {"id": id, "how": "tool", "tool": None, "arguments": [], "depends_on": needs, **told}
    return needing(Step.model_validate({**step, "output": output, **other}), refs=refs)


def needing(step: Step, *, needs: Sequence[str] = (), refs: Sequence[str] = ()) -> Step:
    """The step with more needs."""
    given = [
        Argument(name=f"part_{number}", value=Ref(step=id, path=""))
        for number, id in enumerate(refs, len(step.arguments))
    ]
    both = {"depends_on": (*step.depends_on, *needs), "arguments": (*step.arguments, *given)}
    return step.model_copy(update=both)


def draft(steps: Sequence[Step]) -> Plan:
    return Plan(goal="Do the errand", reasoning="", steps=tuple(steps), version=1)


def new_ids(rng: Random, count: int) -> list[str]:
    """Ids in no order that would tell anything."""
    return [f"{rng.choice(WORDS)}{number}" for number in rng.sample(range(100_000), count)]


def new_outputs(rng: Random, count: int) -> list[str]:
    return rng.sample([f"{one}_{two}" for one in WORDS for two in WORDS if one != two], count)


def new_tools(rng: Random) -> list[Tool]:
    """Three tools that nobody has seen before."""
    verbs, things = rng.sample(VERBS, 3), rng.sample(WORDS, 3)
    return [replace(do, name=f"{verb}_{thing}") for verb, thing in zip(verbs, things, strict=True)]


@tool(risk=Risk.LOW)
async def do(text: str) -> str:
    """Do it."""
    return text


def sound_steps(rng: Random, tools: Sequence[Tool] = (), size: int | None = None) -> list[Step]:
    """The steps of a plan without a defect, in any order: each needs one or two made before it."""
    size = size or rng.randint(6, 9)
    ids, outputs = new_ids(rng, size), new_outputs(rng, size)
    steps = []
    for number, (id, output) in enumerate(zip(ids, outputs, strict=True)):
        near = ids[max(0, number - 3) : number]
        needed = rng.sample(near, min(number, rng.randint(1, 2)))
        cut = rng.randint(0, len(needed))
        named = rng.choice([None, *(one.name for one in tools)])
        step = make(id, output, needs=needed[:cut], refs=needed[cut:], tool=named)
        steps.append(step)
    return rng.sample(steps, size)


def with_changed(steps: Sequence[Step], *changed: Step) -> list[Step]:
    """The steps, with these in place of those that have their ids."""
    new = {step.id: step for step in changed}
    return [new.get(step.id, step) for step in steps]


def ring(rng: Random, size: int, by: str = "needs", *, first: Sequence[str] = ()) -> list[Step]:
    """New steps of which each needs the next, and the last the first."""
    ids = new_ids(rng, size)
    steps = [
        make(id, f"{id}_made", **{by: [ids[(number + 1) % size]]}) for number, id in enumerate(ids)
    ]
    return [needing(steps[0], needs=first), *steps[1:]]


# What comes back


async def expect_found(probe: Probe, wanted: Pairs, name: str, *given: object) -> None:
    """The learner's function must find just these; the words tell no more than the kind."""
    got = read_pairs(await probe.call(name, *given))
    for words, pairs in (("misses", wanted - got), ("should not find", got - wanted)):
        for pair in sorted(pairs, key=repr)[:1]:
            kind = next((known for known in KINDS if known == pair[0]), "something else")
            raise Broken(f"it {words} {kind!r}" + (f", here {pair!r:.200}" if probe.open else ""))


def read_pairs(returned: object) -> Pairs:
    """A set of pairs, or a list of them."""
    if isinstance(returned, list | set):
        pairs = [tuple(pair) for pair in returned if isinstance(pair, list | tuple)]
        if len(pairs) == len(returned) and all(len(pair) == 2 for pair in pairs):
            return {(kind, about) for kind, about in pairs}
    raise Broken("it returns a set of pairs: what is wrong, and where")


# 2.1 The structure


async def expect_structure(
    probe: Probe, steps: Sequence[Step], tools: Served, wanted: Pairs
) -> None:
    """These defects and no other."""
    await expect_found(probe, wanted, "find_structure", draft(steps), tools)


@lab.property("structure", 1, "an id that is there twice, not there, or the step's own is found")
async def finds_bad_ids(probe: Probe) -> None:
    offered = new_tools(probe.rng)
    tools, steps = probe.tools(*offered), sound_steps(probe.rng, offered)
    await expect_structure(probe, steps, tools, set())
    twice, lost, own = probe.rng.sample(steps, 3)
    again = make(twice.id, "again_and_again")
    bad = [needing(lost, needs=["nobody"]), needing(own, needs=[own.id])]
    steps = [*with_changed(steps, *bad), again]
    wanted = {("duplicate_id", twice.id), ("missing_id", lost.id), ("self_dependency", own.id)}
    await expect_structure(probe, steps, tools, wanted)


@lab.property("structure", 1, "each step on a circle is found, and none that only waits for one")
async def finds_circles(probe: Probe) -> None:
    rng, tools = probe.rng, probe.tools()
    steps = sound_steps(rng)
    circle = ring(rng, rng.randint(2, 4), first=[steps[0].id])
    one, two = new_ids(rng, 2)
    waiting = [make(one, "one_later", needs=[circle[0].id]), make(two, "two_later", refs=[one])]
    steps = [*steps, *circle, *waiting]
    rng.shuffle(steps)
    await expect_structure(probe, steps, tools, {("cycle", step.id) for step in circle})


@lab.property("structure", 1, "a tool that is not on offer is found, and no other, nor no tool")
async def finds_unknown_tools(probe: Probe) -> None:
    rng = probe.rng
    offered = new_tools(rng)
    tools, steps = probe.tools(*offered), sound_steps(rng, offered)
    known = steps[0].model_copy(update={"tool": offered[0].name})
    none = steps[1].model_copy(update={"tool": None})
    bad = steps[2].model_copy(update={"tool": offered[1].name.upper()})
    empty = steps[3].model_copy(update={"tool": ""})
    steps = with_changed(steps, known, none, bad, empty)
    wanted = {("unknown_tool", step.id) for step in (bad, empty)}
    await expect_structure(probe, steps, tools, wanted)


### BEGIN HIDDEN TESTS
@lab.property("structure", 0.5, "what a step needs by reference counts as what it depends on")
async def counts_references(probe: Probe) -> None:
    rng, tools = probe.rng, probe.tools()
    steps = sound_steps(rng)
    lost, own = rng.sample(steps, 2)
    bad = [needing(lost, refs=["nobody"]), needing(own, refs=[own.id])]
    circle = ring(rng, 3, "refs")
    steps = rng.sample([*with_changed(steps, *bad), *circle], len(steps) + 3)
    wanted = {("missing_id", lost.id), ("self_dependency", own.id)}
    await expect_structure(probe, steps, tools, wanted | {("cycle", s.id) for s in circle})


ODD_IDS = ["", "s 1", "S1", "s1", "end", "{a}", "é", "0", "None", "step"]


@lab.property("structure", 1, "in unseen plans, changed at random, it finds all that is wrong")
async def finds_all_in_unseen_plans(probe: Probe) -> None:
    rng = probe.rng
    offered = new_tools(rng)
    tools = probe.tools(*offered)
    for steps in (bridged(rng), *(changed_at_random(rng, offered) for _ in range(5))):
        renamed = with_odd_ids(rng, steps)
        await expect_structure(probe, renamed, tools, structure_of(renamed, offered))


def bridged(rng: Random) -> list[Step]:
    """Two circles, and steps between them that stand on neither."""
    one, two = ring(rng, rng.randint(2, 3)), ring(rng, rng.randint(2, 3))
    left, right = new_ids(rng, 2)
    between = [make(left, "left_side", needs=[one[0].id]), make(right, "right_side", refs=[left])]
    return rng.sample(
        [*one, *between, needing(two[0], needs=[right]), *two[1:]], len(one + two) + 2
    )


def changed_at_random(rng: Random, tools: Sequence[Tool]) -> list[Step]:
    """A sound plan with a few needs, ids and tools changed."""
    steps = sound_steps(rng, tools)
    ids = [*(step.id for step in steps), "nobody"]
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(steps))
        step = steps[place]
        match rng.randrange(4):
            case 0:
                step = needing(step, needs=[rng.choice(ids)])
            case 1:
                step = needing(step, refs=[rng.choice(ids)])
            case 2:
                step = step.model_copy(update={"id": rng.choice(ids[:-1])})
            case 3:
                step = step.model_copy(update={"tool": rng.choice(["guess", *ids[:2]])})
        steps[place] = step
    return steps


def with_odd_ids(rng: Random, steps: Sequence[Step]) -> list[Step]:
    """Some of the ids renamed, wherever they stand."""
    ids = list(dict.fromkeys(step.id for step in steps))
    odd = dict(zip(rng.sample(ids, min(4, len(ids))), rng.sample(ODD_IDS, 4), strict=False))

    def rename(argument: Argument) -> Argument:
        id = argument.value.step
        return Argument(name=argument.name, value=Ref(step=odd.get(id, id), path=""))

    return [
        step.model_copy(
            update={
                "id": odd.get(step.id, step.id),
                "depends_on": tuple(odd.get(id, id) for id in step.depends_on),
                "arguments": tuple(map(rename, step.arguments)),
            }
        )
        for step in steps
    ]


def before_of(steps: Sequence[Step]) -> dict[str, set[str]]:
    """What each id needs, near and far, through other steps: by Warshall's three loops."""
    ids = {step.id for step in steps}
    before: dict[str, set[str]] = {id: set() for id in ids}
    for step in steps:
        before[step.id] |= {id for id in step.needs if id in ids and id != step.id}
    for middle in ids:
        for id in ids:
            if middle in before[id]:
                before[id] = before[id] | before[middle]
    return before


def structure_of(steps: Sequence[Step], tools: Sequence[Tool]) -> Pairs:
    """What is wrong, each kind by its own sentence."""
    ids = [step.id for step in steps]
    before, names = before_of(steps), {one.name for one in tools}
    return {
        *(("duplicate_id", id) for id in ids if ids.count(id) > 1),
        *(("missing_id", s.id) for s in steps for id in s.needs if id not in ids),
        *(("self_dependency", s.id) for s in steps if s.id in s.needs),
        *(("cycle", id) for id in ids if id in before[id]),
        *(("unknown_tool", s.id) for s in steps if s.tool is not None and s.tool not in names),
    }


@lab.property(
    "structure", 0.5, "a plan may be a thousand steps long, or have countless ways through", cases=1
)
async def survives_long_plans(probe: Probe) -> None:
    rng, tools = probe.rng, probe.tools()
    ids = new_ids(rng, 1200)
    line = [make(ids[0], "start_here"), *(make(b, f"o_{b}", needs=[a]) for a, b in pairwise(ids))]
    circle = ring(rng, 2, first=[ids[-1]])
    wanted = {("cycle", step.id) for step in circle}
    await expect_structure(probe, [*line, *circle], tools, wanted)
    rungs = [new_ids(rng, 2) for _ in range(60)]
    ladder = [make(id, f"o_{id}") for id in rungs[0]]
    ladder += [make(id, f"o_{id}", needs=under) for under, over in pairwise(rungs) for id in over]
    circle = ring(rng, 2, first=rungs[-1])
    wanted = {("cycle", step.id) for step in circle}
    await expect_structure(probe, [*ladder, *circle], tools, wanted)


### END HIDDEN TESTS


# 2.2 The hand-offs


async def expect_hand_offs(probe: Probe, steps: Sequence[Step], wanted: Pairs) -> None:
    """These breaks and no other."""
    await expect_found(probe, wanted, "find_hand_offs", draft(steps))


def line_of(rng: Random, size: int) -> list[Step]:
    """Each step needs the one before it, by id and by reference in turn."""
    ids, outputs = new_ids(rng, size), new_outputs(rng, size)
    steps = [make(ids[0], outputs[0])]
    for number in range(1, size):
        by = "refs" if number % 2 else "needs"
        steps.append(make(ids[number], outputs[number], **{by: [ids[number - 1]]}))
    return steps


def speaking(step: Step, *names: str) -> Step:
    """The step, with these names in braces in its description."""
    told = " and ".join(f"{{{name}}}" for name in names)
    return step.model_copy(update={"description": f"Look through {told} once more"})


@lab.property("hand_off", 1, "what is made near or far before a step is handed on, in any order")
async def knows_what_is_handed_on(probe: Probe) -> None:
    steps = line_of(probe.rng, 5)
    first, second, third, fourth, last = steps
    steps = [
        speaking(last, first.output, third.output, fourth.output, last.output),
        speaking(fourth, third.output, second.output),
        speaking(third, first.output, "nobodys_thing"),
        speaking(second, first.output),
        first,
    ]
    await expect_hand_offs(probe, steps, {("not_made", third.id)})


@lab.property("hand_off", 1, "what is made, and not before the step, is not handed on")
async def knows_what_is_not_handed_on(probe: Probe) -> None:
    steps = line_of(probe.rng, 4)
    first, second, third, last = steps
    (id,), (output,) = new_ids(probe.rng, 1), new_outputs(probe.rng, 1)
    aside = make(id, f"{output}_aside", needs=[first.id])
    steps = [
        speaking(first, third.output),
        speaking(second, first.output, "nobodys_thing", last.output),
        aside,
        third,
        speaking(last, second.output, aside.output),
    ]
    wanted = {("not_handed", step.id) for step in (first, second, last)}
    await expect_hand_offs(probe, steps, wanted | {("not_made", second.id)})


def given(step: Step, *values: object) -> Step:
    """The step with more arguments."""
    more = [
        Argument(name=f"text_{number}", value=value)
        for number, value in enumerate(values, len(step.arguments))
    ]
    return step.model_copy(update={"arguments": (*step.arguments, *more)})


@lab.property("hand_off", 1, "a name in braces in a text argument is pasted; JSON is not")
async def finds_pasted_names(probe: Probe) -> None:
    steps = line_of(probe.rng, 4)
    first, second, third, last = steps
    number = probe.rng.randint(2, 9)
    steps = [
        given(first, f'{{"rows": [{number}]}}', "{}", number, None),
        given(second, f"Dear all: {{{first.output}}}, and thank you"),
        given(third, f"[0-9]{{{number}}}", first.output),
        given(last, f"We found {{nobodys_thing}} in {number} places"),
    ]
    await expect_hand_offs(probe, steps, {("pasted", second.id), ("pasted", last.id)})


### BEGIN HIDDEN TESTS
def spelled(rng: Random, name: str) -> str:
    """The same name in another spelling."""
    words = name.split("_")
    return rng.choice([" ".join(words).title(), "-".join(words).upper(), "  ".join(words)])


@lab.property("hand_off", 0.5, "names are the same in capitals, with spaces, _ or -")
async def compares_names_loosely(probe: Probe) -> None:
    rng = probe.rng
    steps = line_of(rng, 4)
    first, second, third, last = (
        step.model_copy(update={"output": spelled(rng, step.output)}) for step in steps
    )
    names = [re.sub(r"\W+", "_", step.output).lower() for step in (first, second, third)]
    steps = [
        speaking(last, names[0].upper(), names[1].title(), names[2]),
        third,
        second,
        speaking(first, names[1].title(), names[0]),
    ]
    await expect_hand_offs(probe, steps, {("not_handed", first.id)})


@lab.property("hand_off", 0.5, "in unseen plans it finds every break, and nothing else")
async def finds_every_break(probe: Probe) -> None:
    rng = probe.rng
    for steps in (*made_twice(rng), *(spoken_at_random(rng) for _ in range(5))):
        await expect_hand_offs(probe, steps, hand_offs_of(steps))


def made_twice(rng: Random) -> list[list[Step]]:
    """A step names what one step before it makes, and another that stands aside as well."""
    first, middle, last = line_of(rng, 3)
    aside = make("aside", first.output)
    return [
        [first, middle, speaking(last, first.output), aside],
        [aside, speaking(last, first.output, middle.output), middle, first],
    ]


def spoken_at_random(rng: Random) -> list[Step]:
    """A sound plan whose steps speak of all sorts of outputs."""
    steps = sound_steps(rng)
    outputs = [step.output for step in steps]
    steps[0] = steps[0].model_copy(update={"output": rng.choice(outputs)})  # two may make it
    names = [*outputs, "nobodys_thing"]
    steps = [
        speaking(step, *rng.sample(names, rng.randint(1, 2))) if rng.random() < 0.6 else step
        for step in steps
    ]
    paste = rng.randrange(len(steps))
    steps[paste] = given(steps[paste], f"about {{{rng.choice(names)}}}")
    return steps


def hand_offs_of(steps: Sequence[Step]) -> Pairs:
    """What is wrong, where outputs are spelled in one way."""
    before, wrong = before_of(steps), set()
    for step in steps:
        for name in re.findall(r"{(\w+)}", step.description):
            makers = {maker.id for maker in steps if maker.output == name}
            if not makers & ({step.id} | before[step.id]):
                wrong.add(("not_handed" if makers else "not_made", step.id))
        if any(re.search(r"{\w+}", str(a.value)) for a in step.arguments):
            wrong.add(("pasted", step.id))
    return wrong


### END HIDDEN TESTS


# 2.3 The goal and its limits


def rule(kind: str, tool: str | None = None, limit: float | None = None) -> Constraint:
    text = "So many dollars at most." if kind == "budget" else "Mind this."
    return Constraint(kind=kind, text=text, tool=tool, limit=limit)


def wanting(outputs: Sequence[str], *limits: Constraint) -> Goal:
    return Goal(text="Do the errand", outputs=tuple(outputs), constraints=limits)


async def expect_limits(
    probe: Probe, steps: Sequence[Step], goal: Goal, prices: dict[str, float], wanted: Pairs
) -> None:
    """These defects and no other."""
    await expect_found(probe, wanted, "find_broken_limits", draft(steps), goal, prices)


def steps_with(rng: Random, names: Sequence[str | None]) -> list[Step]:
    """Steps with these tools, in this order."""
    ids, outputs = new_ids(rng, len(names)), new_outputs(rng, len(names))
    return [make(i, o, tool=name) for i, o, name in zip(ids, outputs, names, strict=True)]


@lab.property("limits", 1, "an output of the goal that no step makes, or two make, is found")
async def finds_gaps_and_overlaps(probe: Probe) -> None:
    steps = sound_steps(probe.rng)
    kept = [step.output for step in probe.rng.sample(steps, 3)]
    respelled = kept[0].replace("_", " ").capitalize()
    await expect_limits(probe, steps, wanting([respelled, *kept[1:]]), {}, set())
    again = make("again", kept[1].replace("_", "-").upper())
    nothing = [make("quiet", ""), make("silent", "")]
    goal = wanting([*kept, "Closing Letter", "nobodys_thing"])
    wanted = {("gap", "Closing Letter"), ("gap", "nobodys_thing"), ("overlap", "again")}
    await expect_limits(probe, [*steps, again, *nothing], goal, {}, wanted)


@lab.property("limits", 1, "the step with which the plan goes over a budget is found")
async def finds_the_dear_step(probe: Probe) -> None:
    rng = probe.rng
    cheap, dear, free = (one.name for one in new_tools(rng))
    prices = {cheap: rng.randint(1, 3), dear: rng.randint(4, 6)}
    steps = steps_with(rng, [cheap, None, dear, free, cheap, dear, dear])
    whole = 2 * prices[cheap] + 3 * prices[dear]
    kept = rule("budget", None, whole)
    await expect_limits(probe, steps, wanting([], kept), prices, set())
    broken = rule("budget", None, whole - prices[dear] - 1)
    await expect_limits(probe, steps, wanting([], kept, broken), prices, {("budget", steps[5].id)})
    of_one = rule("budget", cheap, 2 * prices[cheap] - 1)
    await expect_limits(probe, steps, wanting([], of_one), prices, {("budget", steps[4].id)})


@lab.property("limits", 1, "a use that is not permitted, and a policy that nobody keeps, are found")
async def finds_forbidden_and_forgotten(probe: Probe) -> None:
    rng = probe.rng
    one, two, three = (each.name for each in new_tools(rng))
    steps = steps_with(rng, [None, one, two, two, one, two])
    often = rule("permission", two, 3)
    kept = [often, rule("permission", three), rule("policy", one), rule("permission", one, 2)]
    never = rule("permission", one)
    await expect_limits(probe, steps, wanting([], *kept, never), {}, {("permission", steps[1].id)})
    twice, unkept = rule("permission", two, 2), rule("policy", three)
    wanted = {("permission", steps[5].id), ("policy", three)}
    await expect_limits(probe, steps, wanting([], twice, *kept, unkept), {}, wanted)


### BEGIN HIDDEN TESTS
# Prices and how many of them: added up, they are more than the sum as one writes it.
UNEVEN = [
    (tenths / 10, count)
    for tenths in range(1, 10)
    for count in range(3, 9)
    if sum([tenths / 10] * count) > tenths * count / 10
]


@lab.property("limits", 0.5, "what costs just the limit is within it; what states none is kept")
async def takes_limits_exactly(probe: Probe) -> None:
    rng = probe.rng
    name = new_tools(rng)[0].name
    price, count = rng.choice(UNEVEN)
    steps = steps_with(rng, [name] * (count + 1))
    exact = rule("budget", rng.choice([None, name]), round(price * count, 1))
    none = [rule("budget", name), rule("permission"), rule("policy"), rule("budget")]
    goal = wanting([], exact, *none)
    await expect_limits(probe, steps[:-1], goal, {name: price}, set())
    await expect_limits(probe, steps, goal, {name: price}, {("budget", steps[-1].id)})
    forbidden = wanting([], rule("permission", name, 0), rule("budget", None, 0))
    wanted = {("permission", steps[0].id), ("budget", steps[0].id)}
    await expect_limits(probe, steps, forbidden, {name: price}, wanted)


@lab.property("limits", 0.5, "under unseen goals with several limits, each is judged by itself")
async def judges_unseen_goals(probe: Probe) -> None:
    rng = probe.rng
    for _ in range(6):
        names = [one.name for one in new_tools(rng)]
        prices = {name: rng.randint(0, 4) for name in names[:2]}
        steps = steps_with(rng, rng.choices([None, *names], k=rng.randint(4, 8)))
        twin = make("twin", rng.choice(steps).output)
        steps.insert(rng.randint(0, len(steps)), twin)
        limits = [
            rule(rng.choice(["budget", "permission"]), rng.choice(names), rng.randint(0, 6))
            for _ in range(3)
        ]
        limits += [rule("policy", rng.choice(names)), rule("budget", None, rng.randint(0, 12))]
        outputs = [rng.choice(steps).output, *rng.sample(["letter", "chart", "Final Word"], 2)]
        goal = wanting(outputs, *rng.sample(limits, len(limits)))
        await expect_limits(probe, steps, goal, prices, limits_of(steps, goal, prices))


def limits_of(steps: Sequence[Step], goal: Goal, prices: dict[str, float]) -> Pairs:
    """What is wrong, where outputs are spelled in one way and prices are whole numbers."""
    made = [step.output for step in steps]
    wrong = {("gap", name) for name in goal.outputs if name not in made}
    wrong |= {("overlap", s.id) for n, s in enumerate(steps) if s.output in made[:n]}
    for one in goal.constraints:
        if one.kind == "policy":
            if one.tool not in {step.tool for step in steps}:
                wrong.add(("policy", one.tool))
            continue
        costs = [
            (1 if one.kind == "permission" else prices.get(step.tool, 0))
            * (step.tool is not None and one.tool in (None, step.tool))
            for step in steps
        ]
        over = [step.id for n, step in enumerate(steps, 1) if sum(costs[:n]) > one.limit]
        wrong |= {(one.kind, id) for id in over[:1]}
    return wrong


### END HIDDEN TESTS


# 2.4 A repair in words


async def repair_of(
    probe: Probe, kind: str, id: str, steps: Sequence[Step], tools: Served, *others: str
) -> str:
    """What the learner says about a defect; of all the steps it may name this one and `others`."""
    text = await probe.call("write_repair", kind, id, draft(steps), tools)
    if not isinstance(text, str):
        raise Broken("it returns one text")
    named = {step.id for step in steps if names(text, step.id)}
    probe.expect(id in named, f"the text on {kind!r} does not name the step" + shown(probe, text))
    words = f"the text on {kind!r} names a step that has nothing to do with it"
    probe.expect(named <= {id, *others}, words + shown(probe, text))
    return text


def names(text: str, name: str) -> bool:
    """Does the text hold this name, and not only as a part of a longer one?"""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def shown(probe: Probe, text: str) -> str:
    return f" (you wrote {text!r:.300})" if probe.open else ""


def misspelled(rng: Random, name: str) -> str:
    """One letter changed, left out, or made large."""
    place = rng.randrange(1, len(name) - 1)
    letter = rng.choice([rng.choice(ascii_lowercase), "", name[place].upper()])
    written = name[:place] + letter + name[place + 1 :]
    return written if written != name else misspelled(rng, name)


def unlike(names: Sequence[str]) -> str:
    """A tool that is spelled like none of these."""
    strange = ("hire_a_guru", "ping", "juggle", "oxidize")
    return next(one for one in strange if not get_close_matches(one, names))


@lab.property("repair", 1, "for an unknown tool, it names the tool to use instead")
async def names_the_right_tool(probe: Probe) -> None:
    rng = probe.rng
    offered = new_tools(rng)
    tools, steps = probe.tools(*offered), sound_steps(rng, offered)
    meant, offer = rng.choice(offered).name, [one.name for one in offered]
    for wrong, right in ((misspelled(rng, meant), [meant]), (unlike(offer), offer)):
        bad = rng.choice(steps).model_copy(update={"tool": wrong})
        text = await repair_of(probe, "unknown_tool", bad.id, with_changed(steps, bad), tools)
        probe.expect(names(text, wrong), "the wrong tool is not named" + shown(probe, text))
        words = "the tool that is spelled alike, or else each tool on offer, is not named"
        probe.expect(all(names(text, name) for name in right), words + shown(probe, text))


@lab.property("repair", 1, "for a missing id, it names the id and the step that is meant")
async def names_the_right_step(probe: Probe) -> None:
    rng, tools = probe.rng, probe.tools()
    steps = sound_steps(rng)
    bad, maker = rng.sample(steps, 2)
    by = rng.choice(["needs", "refs"])
    for missing, meant in ((maker.output, [maker.id]), (f"lost{rng.randint(10, 99)}", [])):
        broken = with_changed(steps, needing(bad, **{by: [missing]}))
        text = await repair_of(probe, "missing_id", bad.id, broken, tools, *meant)
        probe.expect(names(text, missing), "the missing id is not named" + shown(probe, text))
        words = "the missing id is an output's name, and the step that makes it is not named"
        probe.expect(all(names(text, id) for id in meant), words + shown(probe, text))


@lab.property("repair", 0.5, "for a circle, it names each step on it, and no other")
async def names_the_circle(probe: Probe) -> None:
    rng, tools = probe.rng, probe.tools()
    steps = sound_steps(rng)
    circle = ring(rng, rng.randint(2, 4), first=[steps[0].id])
    waiting = make("later1", "one_later", needs=[circle[-1].id])
    ids = [step.id for step in circle]
    broken = rng.sample([*steps, *circle, waiting], len(steps) + len(ids) + 1)
    text = await repair_of(probe, "cycle", rng.choice(ids), broken, tools, *ids)
    words = "a step of the circle is not named"
    probe.expect(all(names(text, id) for id in ids), words + shown(probe, text))


@lab.property("repair", 0.5, "for an id that is there twice, it names what each of the steps makes")
async def tells_twins_apart(probe: Probe) -> None:
    rng, tools = probe.rng, probe.tools()
    steps = sound_steps(rng)
    one, two = rng.sample(steps, 2)
    twins = [s.model_copy(update={"id": one.id}) if s is two else s for s in steps]
    text = await repair_of(probe, "duplicate_id", one.id, twins, tools)
    words = "the outputs that tell the two steps apart are not named"
    probe.expect(names(text, one.output) and names(text, two.output), words + shown(probe, text))


### BEGIN HIDDEN TESTS
@lab.property("repair", 1, "each cause has its own words, and a text speaks of its own step alone")
async def has_words_for_each_cause(probe: Probe) -> None:
    rng = probe.rng
    offered = new_tools(rng)
    tools, steps = probe.tools(*offered), sound_steps(rng, offered, size=8)
    one, two, three, four, five = rng.sample(steps, 5)
    other = next(step for step in steps if step not in (one, two, three, four, five))
    circle, another = ring(rng, rng.randint(2, 3)), ring(rng, 2)
    broken = [
        *with_changed(
            steps,
            one.model_copy(update={"tool": "juggle"}),
            needing(two, needs=["lost1", "lost2"]),
            needing(three, needs=[other.output]),
            needing(four, needs=[four.id]),
        ),
        make(five.id, "second_twin"),
        *circle,
        needing(another[0], needs=[circle[0].id]),
        another[1],
    ]
    ids = [step.id for step in circle]
    asked = [
        ("unknown_tool", one.id, ()),
        ("missing_id", two.id, ()),
        ("missing_id", three.id, (other.id,)),
        ("self_dependency", four.id, ()),
        ("duplicate_id", five.id, ()),
        ("cycle", ids[0], ids),
    ]
    texts = [await repair_of(probe, k, id, broken, tools, *more) for k, id, more in asked]
    probe.expect(names(texts[1], "lost1") and names(texts[1], "lost2"), "a missing id is left out")
    probe.expect(all(names(texts[-1], id) for id in ids), "a step of the circle is not named")
    spoken = [without_names(text, broken, offered) for text in texts]
    probe.expect(min(map(len, spoken)) >= 4, "without the names, there are hardly any words left")
    probe.expect(len(set(spoken)) == len(spoken), "two causes are told in the same words")


def without_names(text: str, steps: Sequence[Step], tools: Sequence[Tool]) -> tuple[str, ...]:
    """The words that are left once all that comes from the plan, the tools and the kind is out."""
    known = {
        name for step in steps for name in (step.id, step.output, *step.needs, step.tool or "")
    }
    known |= {one.name for one in tools} | {a.name for s in steps for a in s.arguments}
    known |= {word for kind in KINDS for word in (kind, *kind.split("_"))} - {"not"}
    return tuple(w for w in re.findall(r"\w+", text.lower()) if w not in known)


### END HIDDEN TESTS
