"""Plans for work without tools, plans under way, and rules checked one by one."""

import pytest

from planlab.simulated.agenda import people
from planlab.simulated.plans import Progress, aim_of, drafted, progress, stated
from planlab.simulated.rules import broken, is_kept, rules_in
from planlab.simulated.scene import Scene
from planlab.simulated.sizes import LARGE

NOTICE = "The chess club plays on 4 May 2025 at 19:30. Entry is 3 euros. Will you come?"


def scene(text: str) -> Scene:
    return Scene(LARGE, goal=text, ask=text, role="planner")


@pytest.mark.parametrize(
    ("asked", "fewest", "most"),
    [
        ("Write 4 to 6 numbered steps on how to change a car's brake pads.", 4, 6),
        ("How do I register a trademark? At least seven steps.", 7, 7),
        ("Plan in at most 2 steps how to reduce waste in the canteen.", 2, 2),
        ("Make a plan with exactly nine steps: renovate the orchestra's hall.", 9, 9),
    ],
)
def test_a_plan_has_as_many_steps_as_were_asked_for(asked: str, fewest: int, most: int) -> None:
    lines = [step.description for step in drafted(scene(asked))]
    assert fewest <= len(set(lines)) == len(lines) <= most


def test_an_order_to_plan_is_no_part_of_the_goal() -> None:
    for lead in ("How do I ", "Please make a checklist: ", "Give me 5 steps on how to "):
        assert aim_of(f"{lead}tune a guitar.").thing == "the guitar"


def test_steps_that_a_goal_states_are_its_steps_and_while_runs_beside() -> None:
    goal = "Mow the lawn, then rake the leaves while Ben paints the fence."
    assert stated(goal)[1:] == [("rake the leaves", False), ("Ben paints the fence", True)]
    steps = drafted(scene(f"Plan this: {goal}"))
    assert steps[1].depends_on == steps[2].depends_on == (steps[0].id,)


@pytest.mark.parametrize(
    "told",
    [
        "Plan: 1. rent a hall (done), 2. hire a band (FAILED: the singer is ill), 3. sell it",
        "1. rent a hall - done\n2. hire a band - failed: the singer is ill\n3. sell it - open",
    ],
)
def test_progress_is_read_from_the_marks_of_a_plan(told: str) -> None:
    wanted = Progress(("rent a hall",), (("hire a band", "the singer is ill"),), ("sell it",))
    assert progress(scene(told)) == wanted


def test_people_are_read_with_what_they_can_do() -> None:
    assert people("Sam (cook) and Ida (driver) run the fair.") == [
        ("Sam", "cook"),
        ("Ida", "driver"),
    ]


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("It names a date.", True),
        ("It gives the price in euros.", True),
        ("It has at most 30 words.", True),
        ("It must have exactly two sentences.", False),
        ("It must not mention chess.", False),
        ("Never use the word 'cheap'.", True),
        ("It ends with a question.", True),
        ("It begins with 'Dear'.", False),
        ("It gives a phone number or an e-mail address.", False),
        ("It is polite.", None),
    ],
)
def test_a_rule_is_kept_broken_or_beyond_telling(rule: str, kept: bool | None) -> None:
    assert is_kept(rule, NOTICE) is kept


def test_broken_rules_keep_their_numbers() -> None:
    rules = rules_in(
        "Rules:\n1. It names a date.\n2. It has at most 5 words.\n3. It has no digits."
    )
    assert [rule.number for rule in broken(rules, NOTICE)] == [2, 3]
