"""A judge of plans written from the words of the rules, slow and plain, and plans to judge.

The judge enumerates and keeps reachability in a matrix; nothing in it is shared with planlab.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from dataclasses import replace as changed
from random import Random

from planlab.records import Argument, Constraint, Goal, Plan, Ref, Step
from planlab.toolbox import Toolbox
from planlab.tools import Risk, Tool, tool

Matrix = dict[tuple[str, str], bool]
Verdict = set[tuple[str, str | None]]
JUDGED_ELSEWHERE = ("vague", "over_granular")

# name: parameters with what each takes, price in dollars, irreversible?
OFFER: dict[str, tuple[dict[str, type], float, bool]] = {
    "fetch": ({"topic": str, "count": int}, 0.25, False),
    "join": ({"parts": list}, 0.0, False),
    "compute": ({"formula": str}, 0.1, False),
    "audit": ({"scope": str}, 0.0, False),
    "post": ({"to": str, "body": str}, 0.5, True),
}


def make_toolbox(called: Callable[[str], str] = str) -> Toolbox:
    """The offer as tools, each under the name that `called` gives it."""

    def fetch(topic: str, count: int) -> str:
        return topic

    def join(parts: list[str]) -> str:
        return ""

    def compute(formula: str) -> float:
        return 0.0

    def audit(scope: str) -> str:
        return scope

    def post(to: str, body: str) -> str:
        return to

    made: list[Tool] = []
    for function in (fetch, join, compute, audit, post):
        _, price, irreversible = OFFER[function.__name__]
        risk = Risk.HIGH if irreversible else Risk.LOW
        plain = tool(risk=risk, price=price)(function)
        made.append(changed(plain, name=called(plain.name)))
    return Toolbox(made)


def judge(plan: Plan, goal: Goal) -> Verdict:
    """Every (kind, step) that the rules call a defect, `vague` and `over_granular` aside."""
    if len(plan.steps) == 0:
        return {("empty", None)}
    reach = _matrix(plan.steps)
    return {
        *_shape(plan.steps, reach),
        *_tools(plan.steps),
        *_texts(plan.steps, reach),
        *_ends(plan.steps, goal),
        *_limits(plan.steps, goal),
    }


def _wants(step: Step) -> set[str]:
    return set(step.depends_on) | {a.value.step for a in step.arguments if type(a.value) is Ref}


def _matrix(steps: tuple[Step, ...]) -> Matrix:
    """(a, b): whether a needs b, over whatever number of steps (Warshall's closure)."""
    ids = sorted({s.id for s in steps})
    wants = [(s.id, want) for s in steps for want in _wants(s)]
    reach = {(a, b): a != b and (a, b) in wants for a in ids for b in ids}
    for via in ids:
        for a in ids:
            for b in ids if reach[a, via] else ():
                reach[a, b] = reach[a, b] or reach[via, b]
    return reach


def _shape(steps: tuple[Step, ...], reach: Matrix) -> Iterator[tuple[str, str]]:
    order = [s.id for s in steps]
    for step in steps:
        if order.count(step.id) > 1:
            yield "duplicate_id", step.id
        if any(want not in order for want in _wants(step)):
            yield "missing_id", step.id
        if step.id in _wants(step):
            yield "self_dependency", step.id
        if reach[step.id, step.id]:
            circle = [i for i in order if reach[i, step.id] and reach[step.id, i]]
            yield "cycle", circle[0]


def _tools(steps: tuple[Step, ...]) -> Iterator[tuple[str, str]]:
    for step in steps:
        if step.tool is not None and step.tool not in OFFER:
            yield "unknown_tool", step.id
        if step.tool in OFFER and step.how == "tool":
            takes = OFFER[step.tool][0]
            given = [a.name for a in step.arguments]
            if sorted(given) != sorted(takes):
                yield "bad_argument", step.id
            for argument in step.arguments:
                value = list(argument.value) if type(argument.value) is tuple else argument.value
                if type(value) is not Ref and type(value) is not takes.get(argument.name):
                    yield "bad_argument", step.id


def _texts(steps: tuple[Step, ...], reach: Matrix) -> Iterator[tuple[str, str]]:
    """The generator writes names in braces, or names with an underscore between blanks."""
    for step in steps:
        for word in step.description.replace(".", " ").split():
            braced = word.startswith("{")
            makers = [s.id for s in steps if _plain(s.output) == _plain(word.strip("{}"))]
            exact = any(s.output == word for s in steps) and "_" in word
            before = any(m == step.id or reach[step.id, m] for m in makers)
            after = any(reach[m, step.id] for m in makers)
            if (braced and not before) or (exact and not before and not after):
                yield "hand_off", step.id
        for argument in step.arguments:
            value = argument.value
            elsewhere = [s.output for s in steps if s.output != step.output and "_" in s.output]
            if type(value) is str and ("{" in value or value in elsewhere):
                yield "hand_off", step.id
        refs = [a.value.step for s in steps for a in s.arguments if type(a.value) is Ref]
        if not _plain(step.output) and step.id in refs:
            yield "hand_off", step.id


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


def _ends(steps: tuple[Step, ...], goal: Goal) -> Iterator[tuple[str, str | None]]:
    made = [_plain(s.output) for s in steps]
    asked = [_plain(o) for o in goal.outputs if _plain(o)]
    for name in asked:
        if name not in made:
            yield "gap", None
    for place, step in enumerate(steps):
        earlier = [s for s in steps[:place] if _plain(s.output) == made[place] != ""]
        if earlier and earlier[0].id != step.id:
            yield "overlap", step.id
        users = [s for s in steps if step.id in _wants(s) and s.id != step.id]
        if not users and made[place] not in asked:
            yield "unused_output", step.id


def _limits(steps: tuple[Step, ...], goal: Goal) -> Iterator[tuple[str, str | None]]:
    for rule in goal.constraints:
        users = [s for s in steps if s.tool is not None and rule.tool in (None, s.tool)]
        if rule.kind == "policy" and rule.tool in OFFER:
            if OFFER[rule.tool][2] and users:
                yield "policy", users[0].id
            if not OFFER[rule.tool][2] and not users:
                yield "policy", None
        if rule.kind == "permission" and rule.tool is not None:
            beyond = users[int(rule.limit or 0) :]
            yield from (("permission", s.id) for s in beyond[:1])
        if rule.kind == "budget" and rule.limit is not None:
            for end in range(1, len(users) + 1):
                prices = [OFFER[s.tool][1] if s.tool in OFFER else 0 for s in users[:end]]
                spent = end if "calls" in rule.text else sum(prices)
                if spent > rule.limit + 1e-9:
                    yield "budget", users[end - 1].id
                    break


@dataclass(frozen=True)
class Case:
    """A plan and the goal that it is for."""

    plan: Plan
    goal: Goal

    def with_step(self, place: int, **update: object) -> "Case":
        steps = list(self.plan.steps)
        steps[place] = steps[place].model_copy(update=update)
        return self.with_steps(steps)

    def with_steps(self, steps: list[Step]) -> "Case":
        return changed(self, plan=self.plan.model_copy(update={"steps": tuple(steps)}))

    def with_rule(self, kind: str, tool: str | None, limit: float | None, text: str) -> "Case":
        rule = Constraint(kind=kind, text=text, tool=tool, limit=limit)  # type: ignore[arg-type]
        update = {"constraints": (*self.goal.constraints, rule)}
        return changed(self, goal=self.goal.model_copy(update=update))


def valid_case(random: Random) -> Case:
    """A plan without a defect, by construction; its steps in any order."""
    count = random.randrange(1, 9)
    ids = random.sample([f"{letter}{n}" for letter in "abc" for n in range(4)], count)
    steps: list[Step] = []
    for number, id in enumerate(ids):
        needs = random.sample(ids[:number], min(number, random.choice((0, 1, 1, 2, 3))))
        steps.append(_valid_step(random, id, f"out_{number}", needs, steps))
    used = {want for step in steps for want in _wants(step)}
    outputs = [s.output for s in steps if s.id not in used or random.random() < 0.2]
    outputs = [o.replace("_", " ").title() if random.random() < 0.3 else o for o in outputs]
    random.shuffle(steps)
    goal = Goal(text="Reach it", outputs=tuple(outputs), constraints=_kept_rules(random, steps))
    return Case(Plan(goal="Reach it", reasoning="", steps=tuple(steps), version=1), goal)


def _valid_step(
    random: Random, id: str, output: str, needs: list[str], earlier: list[Step]
) -> Step:
    name = random.choice([None, "fetch", "join", "compute", "post"])
    arguments = []
    for parameter, kind in OFFER[name][0].items() if name else ():
        value = {str: "blue sky", int: 3, list: ("x", "y")}[kind]
        ref = Ref(step=random.choice(needs), path="") if needs and random.random() < 0.5 else None
        arguments.append(Argument(name=parameter, value=ref or value))
    description = f"Paint fence {id}"
    upstream = [s.output for s in earlier if s.id in needs]
    if upstream and random.random() < 0.4:
        mention = random.choice(upstream)
        description += f" with {{{mention}}}" if random.random() < 0.5 else f" with {mention}"
    return Step(
        id=id,
        description=f"{description}.",
        how=random.choice(("tool", "tool", "tool", "react")),
        tool=name,
        arguments=tuple(arguments),
        depends_on=tuple(needs),
        output=output,
        expected_output="Seven painted boards",
    )


def _kept_rules(random: Random, steps: list[Step]) -> tuple[Constraint, ...]:
    calls = [s.tool for s in steps if s.tool]
    kept = [
        ("budget", None, sum(OFFER[c][1] for c in calls) + 9, "Spend little."),
        ("budget", None, len(calls) + 9, "Make few calls."),
        ("budget", None, None, "Be thrifty."),
        ("permission", "audit", None, "Audits are not for you."),
        ("permission", "fetch", calls.count("fetch") + 9, "Fetch rarely."),
        ("permission", None, None, "Be polite."),
        *(("policy", c, None, "It has to be used.") for c in set(calls) if not OFFER[c][2]),
    ]
    kept.sort(key=repr)
    chosen = random.sample(kept, random.randrange(3))
    return tuple(Constraint(kind=k, tool=t, limit=n, text=x) for k, t, n, x in chosen)  # type: ignore[arg-type]


# Each takes a valid case and breaks it in one way, or finds that this case cannot be broken so.
Break = Callable[[Random, Case], Case | None]


def _place(random: Random, case: Case, fits: Callable[[Step], bool] = bool) -> int | None:
    return random.choice([n for n, s in enumerate(case.plan.steps) if fits(s)] or [None])


def empty(random: Random, case: Case) -> Case:
    return case.with_steps([])


def duplicate_id(random: Random, case: Case) -> Case:
    return case.with_steps([*case.plan.steps, random.choice(case.plan.steps)])


def missing_id(random: Random, case: Case) -> Case:
    place = random.randrange(len(case.plan.steps))
    return case.with_step(place, depends_on=(*case.plan.steps[place].depends_on, "nobody"))


def self_dependency(random: Random, case: Case) -> Case:
    place = random.randrange(len(case.plan.steps))
    step = case.plan.steps[place]
    return case.with_step(place, depends_on=(*step.depends_on, step.id))


def cycle(random: Random, case: Case) -> Case | None:
    reach = _matrix(case.plan.steps)
    pairs = [(a, b) for (a, b), reached in reach.items() if reached]
    if not pairs:
        return None
    late, early = random.choice(pairs)
    place = next(n for n, s in enumerate(case.plan.steps) if s.id == early)
    return case.with_step(place, depends_on=(*case.plan.steps[place].depends_on, late))


def unknown_tool(random: Random, case: Case) -> Case | None:
    ruled = [rule.tool for rule in case.goal.constraints if rule.kind == "policy"]
    place = _place(random, case, lambda s: s.tool not in ruled)
    return None if place is None else case.with_step(place, tool="teleport")


def bad_argument(random: Random, case: Case) -> Case | None:
    place = _place(random, case, lambda s: bool(s.tool and s.arguments) and s.how == "tool")
    if place is None:
        return None
    arguments = case.plan.steps[place].arguments
    wrong = random.choice(
        (
            arguments[1:],
            (*arguments, Argument(name="colour", value="red")),
            (*arguments, arguments[0]),
            (Argument(name=arguments[0].name, value=None), *arguments[1:]),
            (Argument(name=arguments[0].name, value=2.5), *arguments[1:]),
        )
    )
    return case.with_step(place, arguments=wrong)


def hand_off(random: Random, case: Case) -> Case | None:
    place = random.randrange(len(case.plan.steps))
    step = case.plan.steps[place]
    if random.random() < 0.5:
        return case.with_step(place, description=f"{step.description} Add {{moon_dust}}.")
    place = _place(random, case, lambda s: any(a.value == "blue sky" for a in s.arguments))
    if place is None:
        return None
    arguments = [
        Argument(name=a.name, value="about { out_0 }" if a.value == "blue sky" else a.value)
        for a in case.plan.steps[place].arguments[:1]
    ]
    arguments += case.plan.steps[place].arguments[1:]
    return case.with_step(place, arguments=tuple(arguments)) if _braced(arguments) else None


def _braced(arguments: list[Argument]) -> bool:
    return any(type(a.value) is str and "{" in a.value for a in arguments)


def gap(random: Random, case: Case) -> Case:
    outputs = (*case.goal.outputs, "a thing that nobody makes")
    return changed(case, goal=case.goal.model_copy(update={"outputs": outputs}))


def overlap(random: Random, case: Case) -> Case | None:
    asked = [_plain(o) for o in case.goal.outputs]
    told = " ".join(s.description for s in case.plan.steps)
    place = _place(random, case, lambda s: _plain(s.output) not in asked and s.output not in told)
    others = [s.output for n, s in enumerate(case.plan.steps) if n != place]
    if place is None or not others:
        return None
    return case.with_step(place, output=random.choice(others).upper().replace("_", " "))


def unused_output(random: Random, case: Case) -> Case:
    step = random.choice(case.plan.steps)
    extra = {"id": "extra", "output": "leftover", "description": "Paint gate.", "arguments": ()}
    extra |= {"depends_on": (step.id,), "tool": None}
    return case.with_steps([*case.plan.steps, step.model_copy(update=extra)])


def budget(random: Random, case: Case) -> Case | None:
    calls = [s.tool for s in case.plan.steps if s.tool]
    if random.random() < 0.5 and calls:
        return case.with_rule("budget", None, len(calls) - 1, "Make few calls.")
    cost = sum(OFFER[c][1] for c in calls if c in OFFER)
    return case.with_rule("budget", None, cost - 0.05, "Spend little.") if cost else None


def permission(random: Random, case: Case) -> Case | None:
    calls = sorted({s.tool for s in case.plan.steps if s.tool})
    if not calls:
        return None
    return case.with_rule("permission", random.choice(calls), None, "This is forbidden.")


def policy(random: Random, case: Case) -> Case:
    name = random.choice(("audit", *("post" for s in case.plan.steps if s.tool == "post")))
    return case.with_rule("policy", name, None, "This has to be minded.")


def dropped_dependency(random: Random, case: Case) -> Case | None:
    place = random.randrange(len(case.plan.steps))
    return case.with_step(place, depends_on=(), arguments=())


def renamed_output(random: Random, case: Case) -> Case:
    return case.with_step(random.randrange(len(case.plan.steps)), output=random.choice((" ", "Z")))


def stray_argument(random: Random, case: Case) -> Case:
    place = random.randrange(len(case.plan.steps))
    values = (Ref(step=random.choice("abcx") + "1", path="rows.0"), "out_1", "out 1", 4, None)
    argument = Argument(name=random.choice(("topic", "body")), value=random.choice(values))
    return case.with_step(place, arguments=(*case.plan.steps[place].arguments, argument))


def stray_mention(random: Random, case: Case) -> Case:
    place = random.randrange(len(case.plan.steps))
    word = random.choice(("out_0", "{out_1}", "{Out_2}", "out_3", "{a1}"))
    return case.with_step(place, description=f"Mind {word} now.")


SINGLE: tuple[Break, ...] = (
    empty,
    duplicate_id,
    missing_id,
    self_dependency,
    cycle,
    unknown_tool,
    bad_argument,
    hand_off,
    gap,
    overlap,
    unused_output,
    budget,
    permission,
    policy,
)
WILD: tuple[Break, ...] = (
    *SINGLE[1:],
    cycle,
    dropped_dependency,
    renamed_output,
    stray_argument,
    stray_mention,
)


def random_case(random: Random) -> Case:
    """A plan, broken in up to five ways at once."""
    case = valid_case(random)
    for _ in range(random.choice((0, 1, 2, 3, 5))):
        case = random.choice(WILD)(random, case) or case
    return empty(random, case) if random.random() < 0.01 else case
