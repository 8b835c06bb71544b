"""The plan validator: against a brute-force judge on random plans, then behaviour by behaviour."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_validate import (
    JUDGED_ELSEWHERE,
    SINGLE,
    Break,
    Case,
    judge,
    make_toolbox,
    random_case,
    valid_case,
)

from planlab.granularity import find_pieces, is_vague
from planlab.records import Argument, Constraint, Goal, Plan, Ref, Step
from planlab.toolbox import Toolbox
from planlab.tools import Risk, tool
from planlab.validate import Defect, DefectKind, find_defects
from planlab.world import open_world
from planlab.world.planted import planted_plans

TOOLS = make_toolbox()
Found = list[tuple[str, str | None]]


def found_in(case: Case, tools: Toolbox = TOOLS) -> Found:
    found = find_defects(case.plan, goal=case.goal, tools=tools)
    return [(d.kind.value, d.step) for d in found if d.kind.value not in JUDGED_ELSEWHERE]


# Random plans


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_the_judge_on_random_plans(seed: int) -> None:
    random = Random(seed)
    for _ in range(500):
        case = random_case(random)
        assert set(found_in(case)) == judge(case.plan, case.goal), case


@given(st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_agrees_with_the_judge_on_plans_from_hypothesis(random: Random) -> None:
    case = random_case(random)
    assert set(found_in(case)) == judge(case.plan, case.goal)


def test_no_valid_plan_is_rejected() -> None:
    random = Random(1)
    for _ in range(1000):
        case = valid_case(random)
        assert found_in(case) == []


@pytest.mark.parametrize("broken", SINGLE, ids=lambda broken: broken.__name__)
def test_one_mutation_of_a_valid_plan_yields_its_own_defect_and_no_other(broken: Break) -> None:
    random = Random(2)
    cases = [c for c in (broken(random, valid_case(random)) for _ in range(200)) if c]
    assert len(cases) > 50
    for case in cases:
        assert {kind for kind, _ in found_in(case)} == {broken.__name__}, case


@given(st.randoms(use_true_random=False), st.permutations(["end", "{a1}", "s 1", "", "out_1", "é"]))
@settings(max_examples=200)
def test_renaming_steps_and_tools_never_changes_a_verdict(random: Random, names: list[str]) -> None:
    case = random_case(random)
    ids = {i: names.pop() if names else f"step {i}" for i in ids_of(case.plan)}
    renamed = rename(case, ids)
    expected = [(kind, step if step is None else ids[step]) for kind, step in found_in(case)]
    assert found_in(renamed, make_toolbox(tool_renamed)) == expected


def ids_of(plan: Plan) -> list[str]:
    return list(dict.fromkeys(i for s in plan.steps for i in (s.id, *s.needs)))


def tool_renamed(name: str) -> str:
    return f"x_{name[::-1]}"


def rename(case: Case, ids: dict[str, str]) -> Case:
    def renamed(step: Step) -> Step:
        values = [(a.name, a.value) for a in step.arguments]
        new = [
            Argument(name=n, value=Ref(step=ids[v.step], path=v.path) if isinstance(v, Ref) else v)
            for n, v in values
        ]
        update = {
            "id": ids[step.id],
            "tool": None if step.tool is None else tool_renamed(step.tool),
            "depends_on": tuple(ids[i] for i in step.depends_on),
            "arguments": tuple(new),
        }
        return step.model_copy(update=update)

    rules = tuple(
        c if c.tool is None else c.model_copy(update={"tool": tool_renamed(c.tool)})
        for c in case.goal.constraints
    )
    goal = case.goal.model_copy(update={"constraints": rules})
    return Case(case.with_steps([renamed(s) for s in case.plan.steps]).plan, goal)


def test_defects_come_in_the_order_of_the_steps_and_the_plans_own_last() -> None:
    random = Random(3)
    for _ in range(300):
        case = random_case(random)
        order: list[str | None] = [*dict.fromkeys(s.id for s in case.plan.steps), None]
        places = [order.index(step) for _, step in found_in(case)]
        assert places == sorted(places)


# Behaviour by behaviour


@tool(risk=Risk.LOW, price=0.1)
async def look(query: str, limit: int = 5) -> str:
    """Look something up."""
    return query


@tool(risk=Risk.HIGH)
async def send(to: str, body: str) -> str:
    """Send it."""
    return to


BOX = Toolbox([look, send])


def step(id: str, *needs: str, **other: object) -> Step:
    told = {"description": f"Paint the fence of {id} green", "expected_output": "A green fence"}
    rest = {"how": "tool", "tool": None, "arguments": (), "output": f"{id}-out"}
    return Step.model_validate({"id": id, "depends_on": needs, **told, **rest, **other})


def defects(
    *steps: Step, outputs: tuple[str, ...] = (), rules: tuple[Constraint, ...] = ()
) -> list[Defect]:
    goal = Goal(text="Make it so", outputs=outputs, constraints=rules)
    return find_defects(
        Plan(goal=goal.text, reasoning="", steps=steps, version=1), goal=goal, tools=BOX
    )


def looks(id: str, **values: object) -> Step:
    return step(id, tool="look", arguments=[{"name": n, "value": v} for n, v in values.items()])


def kinds(found: list[Defect]) -> list[tuple[str, str | None]]:
    ignored = ("unused_output", *JUDGED_ELSEWHERE)
    return [(d.kind.value, d.step) for d in found if d.kind.value not in ignored]


def rule(kind: str, name: str | None, limit: float | None, text: str = "Mind this.") -> Constraint:
    return Constraint.model_validate({"kind": kind, "text": text, "tool": name, "limit": limit})


def test_each_circle_is_one_defect_that_names_it() -> None:
    circles = [step("a", "b"), step("b", "a"), step("c", "b", "e"), step("d", "c"), step("e", "d")]
    found = [d for d in defects(*circles) if d.kind is DefectKind.CYCLE]
    assert [d.step for d in found] == ["a", "c"]
    assert "a needs b needs a" in found[0].problem
    assert "c needs e needs d needs c" in found[1].problem


def test_every_wrong_argument_is_named() -> None:
    found = defects(looks("a", limit="many", colour="red"))
    problems = " ".join(d.problem for d in found if d.kind is DefectKind.BAD_ARGUMENT)
    assert all(name in problems for name in ("query", "limit", "colour"))


def test_a_reference_is_not_judged_by_its_type() -> None:
    a, b = looks("a", query="x"), looks("b", query={"step": "a", "path": ""}, limit="7")
    assert kinds(defects(a, b)) == []


def test_a_parameter_that_has_a_default_may_be_left_out() -> None:
    assert kinds(defects(looks("a", query="x"))) == []


def test_a_reference_for_an_unknown_parameter_is_found() -> None:
    b = looks("b", query="x", colour={"step": "a", "path": ""})
    assert kinds(defects(step("a"), b)) == [("bad_argument", "b")]


@pytest.mark.parametrize(
    ("text", "name", "limit", "broken"),
    [
        ("At most 20 cents.", None, 0.2, False),
        ("At most 20 cents.", None, 0.19, True),
        ("At most 2 calls.", None, 2, False),
        ("At most 1 call.", None, 1, True),
        ("At most one.", "look", 1, True),
        ("It may cost $1.", "look", 1, False),
        ("Spend nothing on calls over $0.", None, 0, True),
        ("Be thrifty.", "look", None, False),
        ("At most one.", "send", 1, False),
    ],
)
def test_a_budget_is_in_dollars_or_in_calls(
    text: str, name: str | None, limit: float | None, broken: bool
) -> None:
    two = looks("a", query="x"), looks("b", query="y")
    expected = [("budget", "a" if limit == 0 else "b")] if broken else []
    assert kinds(defects(*two, rules=(rule("budget", name, limit, text),))) == expected


def test_prices_that_do_not_add_up_exactly_still_fit_their_sum() -> None:
    three = [looks(i, query="x") for i in "abc"]
    assert kinds(defects(*three, rules=(rule("budget", None, 0.3),))) == []


def test_a_permission_with_a_limit_allows_so_many_uses() -> None:
    two = looks("a", query="x"), looks("b", query="y")
    assert kinds(defects(*two, rules=(rule("permission", "look", 2),))) == []
    assert kinds(defects(*two, rules=(rule("permission", "look", 1),))) == [("permission", "b")]


def test_a_policy_never_asks_for_an_irreversible_call() -> None:
    assert kinds(defects(step("a"), rules=(rule("policy", "send", None),))) == []
    assert kinds(defects(step("a"), rules=(rule("policy", "look", None),))) == [("policy", None)]


def test_a_policy_on_an_irreversible_tool_that_is_used_is_a_warning() -> None:
    values = [{"name": "to", "value": "x"}, {"name": "body", "value": "y"}]
    found = defects(step("a", tool="send", arguments=values), rules=(rule("policy", "send", None),))
    assert [(d.kind.value, d.warning) for d in found if d.step == "a"][-1] == ("policy", True)


def test_output_names_are_the_same_whatever_their_case_and_dashes() -> None:
    assert kinds(defects(step("a", output="top_intent"), outputs=("Top Intent",))) == []
    both = step("a", output="top intent"), step("b", output="Top-Intent")
    assert kinds(defects(*both)) == [("overlap", "b")]


def test_each_output_that_nobody_makes_is_a_gap() -> None:
    found = defects(step("a", output="x"), outputs=("report", "x", "letter"))
    assert [d.problem.split("'")[1] for d in found if d.kind is DefectKind.GAP] == [
        "report",
        "letter",
    ]


def test_a_step_that_speaks_of_what_it_is_not_handed_breaks_a_hand_off() -> None:
    a = step("a", output="intent_counts")
    assert kinds(defects(a, step("b", description="Rank intent_counts"))) == [("hand_off", "b")]
    assert kinds(defects(a, step("b", "a", description="Rank intent_counts"))) == []


@pytest.mark.parametrize(
    "text", ["Read price_book.csv", "Read data/price_book now", "price_book()"]
)
def test_a_file_name_is_not_a_hand_off(text: str) -> None:
    a = step("a", output="price_book")
    assert kinds(defects(a, step("b", description=f"Green fence: {text}"))) == []


def test_a_name_in_place_of_a_result_is_a_warning() -> None:
    found = defects(step("a", output="top_intent"), looks("b", query="top_intent"))
    assert [(d.step, d.warning) for d in found if d.kind is DefectKind.HAND_OFF] == [("b", True)]


def test_json_in_an_argument_is_not_a_hand_off() -> None:
    assert kinds(defects(looks("a", query='{"rows": [1], "of": {}}'))) == []


def test_a_result_without_a_name_cannot_be_handed_on() -> None:
    a, b = step("a", output=" "), looks("b", query={"step": "a", "path": ""})
    assert kinds(defects(a, b)) == [("hand_off", "a")]


def test_only_warnings_may_run() -> None:
    warned = {d.kind for d in defects(step("a"), step("b", description="Do it as needed"))}
    assert warned == {DefectKind.UNUSED_OUTPUT, DefectKind.VAGUE}
    assert all(d.warning for d in defects(step("a"), step("b", description="Do it as needed")))
    assert not any(d.warning for d in defects(step("a", "ghost", tool="ghost"), outputs=("a-out",)))


def test_every_defect_says_where_and_how_to_mend_it() -> None:
    random = Random(4)
    for _ in range(500):
        case = random_case(random)
        for defect in find_defects(case.plan, goal=case.goal, tools=TOOLS):
            assert defect.step is None or defect.step in defect.problem + defect.repair
            assert defect.problem.endswith((".", "…"))
            assert defect.repair.endswith(".")


def test_a_plan_of_five_thousand_steps_is_judged_step_by_step() -> None:
    chain = [step("s0")] + [step(f"s{n}", f"s{n - 1}") for n in range(1, 5000)]
    assert kinds(defects(*chain, outputs=("s4999-out",))) == []
    chain[0] = step("s0", "s4999")
    assert kinds(defects(*chain, outputs=("s4999-out",)))[0] == ("cycle", "s0")


# Planted defects


@pytest.fixture(scope="module")
def acme() -> Iterator[Toolbox]:
    with open_world() as world:
        yield world.tools


@pytest.mark.parametrize("number", range(40))
def test_a_planted_defect_is_found_and_nothing_else(number: int, acme: Toolbox) -> None:
    planted = planted_plans()[number]
    found = find_defects(planted.plan, goal=planted.goal, tools=acme)
    assert [d.kind.value for d in found] == list(planted.kinds), planted.sentence


def test_every_kind_of_defect_is_planted_somewhere() -> None:
    planted = planted_plans()
    assert len(planted) == 40
    assert {kind for p in planted for kind in p.kinds} == {kind.value for kind in DefectKind}


# Words


def labelled() -> list[tuple[str, str, tuple[Step, ...]]]:
    """Goal, label, steps: where both readings agree."""
    text = Path("notebooks/data/granularity.json").read_text(encoding="utf-8")
    plans = [p for p in json.loads(text)["plans"] if p["first"] == p["second"]]
    return [(p["goal"], p["first"], tuple(map(_told, range(99), p["steps"]))) for p in plans]


def _told(number: int, told: list[str]) -> Step:
    description, name, needs, output, expected = told
    return step(
        f"s{number + 1}",
        *needs.split(),
        description=description,
        tool=name or None,
        output=output,
        expected_output=expected,
    )


@pytest.mark.parametrize(
    ("label", "precision", "recall"), [("vague", 0.9, 0.8), ("over_granular", 0.95, 0.65)]
)
def test_words_are_judged_no_worse_than_measured(
    label: str, precision: float, recall: float
) -> None:
    right = hits = meant = 0
    for goal, wanted, steps in labelled():
        vague = any(is_vague(s, goal) for s in steps)
        hit = vague if label == "vague" else bool(find_pieces(steps))
        hits += hit
        meant += wanted == label
        right += hit and wanted == label
    assert right / hits >= precision
    assert right / meant >= recall


def test_a_step_whose_call_is_written_out_is_not_vague() -> None:
    assert is_vague(step("a", description="Get the data", expected_output="Data"), "Improve it")
    known = [{"name": "query", "value": "price of Acme Desk"}]
    said = step("a", description="Get the data", expected_output="Data", arguments=known)
    assert not is_vague(said, "Improve it")


def test_a_long_plan_of_different_steps_is_not_cut_too_fine() -> None:
    told = (
        "Paint the doors of April",
        "Measure the rows of April",
        "Rank all wines by age",
        "Weigh each parcel twice",
        "Bake twelve loaves",
        "Order lamps for the hall",
        "Translate the oldest letter",
        "Compare both leases",
        "Count votes by ward",
    )
    assert find_pieces([step(t[:3], description=t) for t in told]) == []
