"""Plan-and-execute, with scripted models: what the loop does, not what a model would say."""

import asyncio
import builtins
import itertools
import json

import pytest

from planlab import errors, progress, schedule
from planlab.cost import Budget
from planlab.executing import judged_by
from planlab.model import Model
from planlab.patterns import plan_execute
from planlab.patterns.plan_execute import run_plan_execute, run_rewoo
from planlab.planning import make_plan, render_results, replan
from planlab.progress import PLAN, Progress, in_order, reconcile
from planlab.records import Constraint, Goal, Observation, Plan, Stop
from planlab.schedule import Failed
from planlab.simulated.act import Answer
from planlab.toolbox import Toolbox, guarded
from planlab.tools import Risk, tool
from planlab.world import open_world
from tests.plans import GOAL, plan, ref, step, writes
from tests.scripted import calls, says, scripted


@tool(risk=Risk.LOW)
async def double(number: int) -> int:
    "Twice the number."
    return 2 * number


TOOLS = Toolbox([double])


TWICE = plan(step("s1", number=3), step("s2", number=ref("s1")))


def failing(*broken):
    """A tool that doubles, but fails for these numbers while they are in `broken`."""
    state, seen = set(broken), []

    @tool(risk=Risk.LOW)
    async def double(number: int) -> int:
        "Twice the number."
        seen.append(number)
        if number in state:
            raise ValueError(f"{number} cannot be doubled")
        return 2 * number

    return Toolbox([double]), state, seen


async def run(*plans, answers=(), tools=TOOLS, goal=GOAL, **options):
    planner, asked = scripted(*writes(*plans))
    executor, told = scripted(*(answers or [says("It is 12.")]))
    result = await run_plan_execute(
        goal, planner=planner, executor=executor, tools=tools, **options
    )
    return result, asked, told


def values(done):
    return {k: v.value for k, v in done.items() if isinstance(v, Observation)}


# ---- the plain run


async def test_steps_run_in_order_hand_on_their_results_and_are_answered_from():
    done = {}
    result, _, told = await run(TWICE, done=done)
    assert (result.answer, result.stop) == ("It is 12.", Stop.ANSWERED)
    assert values(done) == {"s1": 6, "s2": 12}
    assert "12" in told.requests[-1]["messages"][-1]["content"]


async def test_the_order_of_the_list_does_not_matter():
    shuffled = plan(*reversed(TWICE.steps))
    done = {}
    await run(shuffled, done=done)
    assert values(done) == {"s1": 6, "s2": 12}


async def test_independent_steps_run_side_by_side():
    both = asyncio.Barrier(2)

    @tool(risk=Risk.LOW)
    async def double(number: int) -> int:
        "Waits until somebody else is here."
        await asyncio.wait_for(both.wait(), 5)
        return 2 * number

    result, *_ = await run(plan(step("a", number=1), step("b", number=2)), tools=Toolbox([double]))
    assert result.stop == Stop.ANSWERED


async def test_the_executor_sees_its_step_and_what_it_needs_and_nothing_else():
    steps = step("a", number=11), step("b", number=200), step("c", tool=None, needs=["a"])
    _, _, told = await run(plan(*steps), answers=[says("22 it is"), says("done")])
    seen = json.dumps(told.requests[0]["messages"])
    assert "22" in seen
    assert "400" not in seen
    assert GOAL not in seen
    assert "tools" not in told.requests[0]


async def test_a_plan_of_ones_own_runs_as_it_is():
    result, asked, _ = await run(done={PLAN: TWICE})
    assert (result.stop, asked.requests) == (Stop.ANSWERED, [])


async def test_usage_is_of_this_run_alone_and_the_trace_has_a_span_a_step():
    result, *_ = await run(TWICE)
    assert result.usage.calls == 2
    assert [s.name for s in result.trace.of("step")] == ["s1", "s2"]


# ---- making a plan


async def test_a_planner_hears_of_all_defects_so_far_and_of_the_goal_at_the_end():
    circular = plan(step("s1", number=3, needs=("s2",)), step("s2", number=ref("s1")))
    invented = plan(step("s1", tool="triple", number=3))
    planner, asked = scripted(*writes(circular, invented, TWICE))
    made = await make_plan(GOAL, planner=planner, tools=TOOLS)
    told = asked.requests[-1]["messages"][-1]["content"]
    assert made.stop == Stop.ANSWERED
    assert "can never start" in told
    assert "'triple'" in told
    assert told.endswith(GOAL)


async def test_a_plan_with_defects_goes_back_with_them():
    planner, asked = scripted(*writes(plan(step("s1", tool="triple", number=1)), TWICE))
    made = await make_plan(GOAL, planner=planner, tools=TOOLS)
    assert made.answer == TWICE
    assert "triple" in asked.requests[1]["messages"][-1]["content"]


async def test_a_planner_that_never_gives_a_valid_plan_ends_with_the_last_defects():
    bad = plan(step("s1", needs=["s1"], number=1))
    result, asked, _ = await run(bad)
    assert (result.answer, result.stop, len(asked.requests)) == (None, Stop.ROUNDS, 3)
    assert result.detail.plans[-1].drafts[-1].defects
    assert PLAN not in result.detail.progress.done


async def test_a_step_that_nobody_can_run_is_a_defect_that_names_the_ways():
    odd = plan(step("s1", how="search", number=1))
    planner, asked = scripted(*writes(odd, TWICE))
    made = await make_plan(GOAL, planner=planner, tools=TOOLS)
    assert made.stop == Stop.ANSWERED
    assert "to one of: tool" in asked.requests[1]["messages"][-1]["content"]


@pytest.mark.parametrize("count", [0, 500])
async def test_a_plan_of_any_size_has_a_clear_end(count):
    steps = [step(f"s{n}", number=n) for n in range(count)]
    result, *_ = await run(plan(*steps))
    assert result.stop == (Stop.ANSWERED if count else Stop.ROUNDS)
    assert len(result.detail.progress.completed) == count


async def test_a_person_may_edit_a_plan_and_refuse_it():
    async def shorten(plan):
        return plan.model_copy(update={"steps": plan.steps[:1]})

    async def refuse(plan):
        raise errors.Refused("not this way")

    shortened, *_ = await run(TWICE, review=shorten)
    refused, *_ = await run(TWICE, review=refuse)
    assert [s.id for s in shortened.detail.progress.completed] == ["s1"]
    assert (refused.stop, refused.detail.progress.completed) == (Stop.REFUSED, ())


# ---- failure


async def test_dependents_of_a_failed_step_never_run():
    tools, _, seen = failing(3)
    done = {}
    row = plan(step("s1", number=3), step("s2", number=4, needs=["s1"]))
    result, *_ = await run(row, tools=tools, attempts=1, max_replans=0, done=done)
    assert seen == [3]
    assert (result.answer, result.stop) == (None, Stop.FAILED)
    assert isinstance(done["s2"], Failed)
    assert "3 cannot be doubled" in str(result.detail.error)


async def test_after_a_failure_the_new_plan_is_the_one_that_runs():
    tools, _, seen = failing(6)
    new = plan(step("n1", number=3), step("n2", number=50))
    result, asked, _ = await run(TWICE, new, tools=tools, attempts=1)
    assert (result.stop, seen) == (Stop.ANSWERED, [3, 6, 50])
    assert "6 cannot be doubled" in asked.requests[1]["messages"][-1]["content"]
    assert result.detail.progress.plan.version == 2
    assert "6 cannot be doubled" in result.detail.progress.learned[0]


@pytest.mark.parametrize("allowed", [0, 1, 2, 5])
async def test_each_replan_counts_once(allowed):
    tools, _, seen = failing(*range(100))
    plans = [plan(step("s1", number=n)) for n in range(10)]
    result, asked, _ = await run(*plans, tools=tools, attempts=1, max_replans=allowed)
    assert result.stop == Stop.FAILED
    assert len(asked.requests) == len(seen) == 1 + allowed


async def test_replanning_ends_even_if_every_plan_fails():
    tools, *_ = failing(*range(100))
    planner, asked = scripted(*writes(plan(step("s1", number=1))))
    poor = Model(planner.client, planner.name, planner.price, Budget(calls=30))
    executor, _ = scripted(says("?"))
    await run_plan_execute(GOAL, planner=poor, executor=executor, tools=tools, attempts=1)
    assert len(asked.requests) == 3


async def test_many_failures_at_once_are_one_replan():
    tools, *_ = failing(*range(8))
    wide = plan(*[step(f"s{n}", number=n) for n in range(8)])
    result, asked, _ = await run(
        wide, plan(step("t", number=9)), tools=tools, attempts=1, max_replans=1
    )
    assert (result.stop, len(asked.requests)) == (Stop.ANSWERED, 2)


async def test_a_call_that_only_reads_is_mended_by_the_executor_once():
    tools, _, seen = failing(3)
    answers = calls(("double", {"number": 4})), says("done")
    done = {}
    result, asked, told = await run(TWICE, tools=tools, answers=answers, done=done)
    assert (result.stop, len(asked.requests), seen) == (Stop.ANSWERED, 1, [3, 4, 8])
    assert [t["function"]["name"] for t in told.requests[0]["tools"]] == ["double"]


async def test_an_executor_that_always_fails_ends_the_run():
    thinking = plan(step("s1", tool=None))
    result, asked, _ = await run(thinking, answers=[Answer(None, refusal="No.")])
    assert (result.stop, len(asked.requests)) == (Stop.FAILED, 3)
    assert isinstance(result.detail.error, errors.RefusedAnswer)


async def test_a_bad_evaluation_is_mended_then_replanned():
    bad = says({"success": False, "issues": ["too small"], "suggestion": "double 5"})
    good = says({"success": True, "issues": [], "suggestion": ""})
    judge, _ = scripted(bad, good, good)
    answers = calls(("double", {"number": 5})), says("done")
    done = {}
    result, _, told = await run(TWICE, answers=answers, done=done, evaluate=judged_by(judge))
    assert values(done) == {"s1": 10, "s2": 20}
    assert "too small" in told.requests[0]["messages"][-1]["content"]
    assert [e.success for _, e in result.detail.evaluations] == [False, True, True]


async def test_what_may_pass_is_tried_again_by_itself():
    seen = []

    @tool(risk=Risk.LOW)
    async def double(number: int) -> int:
        "Fails the first time."
        seen.append(number)
        if len(seen) == 1:
            raise errors.Transient("busy")
        return 2 * number

    result, asked, _ = await run(plan(step("s1", number=1)), tools=Toolbox([double]))
    assert (result.stop, seen, len(asked.requests)) == (Stop.ANSWERED, [1, 1], 1)


async def test_a_refused_call_is_never_mended_and_is_what_the_run_ends_with():
    async def never(call):
        raise errors.Refused("not allowed")

    result, _, told = await run(TWICE, tools=guarded(TOOLS, gates=[never]), max_replans=0)
    assert (result.stop, told.requests) == (Stop.REFUSED, [])


async def test_a_spent_budget_ends_the_run_without_a_replan():
    result, asked, _ = await run(TWICE, tools=guarded(TOOLS, budget=Budget(calls=1)))
    assert (result.stop, len(asked.requests)) == (Stop.BUDGET, 1)


async def test_a_mistake_in_a_step_runner_is_raised_not_replanned():
    async def broken(step, known):
        raise ZeroDivisionError

    odd = plan(step("s1", tool=None, how="react"))
    with pytest.raises(ZeroDivisionError):
        await run(odd, step_runners={"react": broken})


async def test_a_step_runner_does_its_kind_of_step():
    async def react(step, known):
        return Observation(f"{step.id} saw {known['s1'].value}")

    hybrid = plan(step("s1", number=1), step("s2", tool=None, how="react", needs=["s1"]))
    done = {}
    await run(hybrid, step_runners={"react": react}, done=done)
    assert values(done)["s2"] == "s2 saw 2"


# ---- the same `done` again


async def test_waiting_for_a_person_goes_on_when_run_again():
    allowed = []

    async def ask(call):
        if call.step == "s2" and not allowed:
            raise errors.NeedsApproval("may I?", call)

    tools, _, seen = failing()
    tools, done = guarded(tools, gates=[ask]), {}
    first, *_ = await run(TWICE, tools=tools, done=done)
    allowed.append("yes")
    second, asked, _ = await run(tools=tools, done=done)
    assert (first.stop, second.stop) == (Stop.WAITING, Stop.ANSWERED)
    assert (seen, asked.requests) == ([3, 6], [])


async def test_after_a_crash_the_plan_is_not_made_again_and_nothing_finished_runs_again():
    tools, _, seen = failing()
    done = {}
    await run(TWICE, tools=tools, done=done)
    del done["s2"]
    result, asked, _ = await run(tools=tools, done=done)
    assert (result.stop, asked.requests, seen) == (Stop.ANSWERED, [], [3, 6, 6])


async def test_a_goal_changed_half_way_keeps_what_is_done():
    tools, _, seen = failing(6)
    done = {}
    await run(TWICE, tools=tools, attempts=1, max_replans=0, done=done)
    new = plan(step("x", number=3), step("s2", number=70))
    result, asked, _ = await run(new, tools=tools, goal="Double 70.", max_replans=0, done=done)
    assert (result.stop, seen) == (Stop.ANSWERED, [3, 6, 70])
    assert done[PLAN].goal == "Double 70."
    assert GOAL in asked.requests[0]["messages"][-1]["content"]


async def test_a_rule_that_comes_too_late_for_what_is_done_holds_for_the_rest():
    done = {}
    await run(plan(step("s1", number=3)), done=done)
    rule = Constraint(kind="permission", text="Do not double.", tool="double", limit=None)
    goal = Goal(text="Say it.", outputs=(), constraints=(rule,))
    for remains, stop in (step("n", number=4), Stop.ROUNDS), (step("n", None), Stop.ANSWERED):
        result, *_ = await run(plan(remains), goal=goal, done=done)
        assert result.stop == stop


async def test_an_old_failure_is_no_reason_to_replan():
    tools, broken, _ = failing(1)
    pair, done = plan(step("a", number=0), step("b", number=1)), {}
    await run(pair, tools=tools, done=done, attempts=1, max_replans=0)
    broken.clear()
    del done["a"]
    _, asked, _ = await run(pair, tools=tools, done=done, every=1, max_replans=9)
    assert "failed" not in asked.requests[0]["messages"][-1]["content"]


async def test_a_goal_changed_after_everything_is_done_is_answered_from_it():
    tools, _, seen = failing()
    done = {}
    await run(TWICE, tools=tools, done=done)
    result, _, told = await run(plan(), tools=tools, goal="What is 12 made of?", done=done)
    assert (result.stop, seen) == (Stop.ANSWERED, [3, 6])
    assert "What is 12 made of?" in told.requests[-1]["messages"][-1]["content"]


async def test_a_step_that_is_called_as_the_plan_is_gets_another_id():
    done = {}
    result, *_ = await run(plan(step(PLAN, number=2)), done=done)
    assert result.stop == Stop.ANSWERED
    assert isinstance(done[PLAN], Plan)
    assert [o.value for o in done.values() if isinstance(o, Observation)] == [4]


async def test_results_of_something_else_are_not_taken_for_the_plans():
    done = {"s1": Observation("left over")}
    await run(TWICE, done=done)
    assert sorted(values(done).values(), key=str) == [12, 6, "left over"]


# ---- looking again


async def test_every_so_many_steps_what_remains_is_looked_at_again():
    chain = plan(*[step(f"s{n}", number=n) for n in range(4)])
    changed = plan(*chain.steps[:3], step("s9", number=90))
    done = {}
    _, asked, _ = await run(chain, changed, every=2, max_replans=1, done=done)
    assert len(asked.requests) == 2
    assert sorted(values(done).values()) == [0, 2, 4, 180]


async def test_a_run_that_may_not_look_again_still_finishes():
    result, asked, _ = await run(TWICE, every=1, max_replans=0)
    assert (result.stop, len(asked.requests)) == (Stop.ANSWERED, 1)


# ---- reconciling


def fate(old, new, done, tools=TOOLS):
    fitted = reconcile(old, new, done, tools=tools)
    return fitted.plan, {(c.kind, c.step) for c in fitted.changes}


def test_the_same_id_for_another_thing_gets_a_new_id_and_references_follow():
    done = {"s1": Observation(6), "s2": Failed("s2", ValueError())}
    new = plan(step("s1", number=9), step("s2", number=ref("s1")))
    fitted, changes = fate(TWICE, new, done)
    assert len(fitted.steps) == 3
    fresh, last = fitted.steps[1:]
    assert fitted.steps[0].id == "s1"
    assert {fresh.id, last.id}.isdisjoint({"s1", "s2"})
    assert last.refs == (ref(fresh.id),)
    assert ("dropped", "s2") in changes


def test_the_same_thing_under_another_id_is_the_old_step():
    done = {"s1": Observation(6)}
    new = plan(step("b", number=ref("a")), step("a", number=3))
    fitted, changes = fate(TWICE, new, done)
    assert {s.id for s in fitted.steps} == {"s1", "s2"}
    assert changes == {("kept", "s1"), ("kept", "s2")}


def test_a_finished_step_that_is_not_asked_for_stays_and_an_open_one_is_dropped():
    done = {"s1": Observation(6)}
    fitted, changes = fate(TWICE, plan(step("z", number=1)), done)
    assert changes == {("kept", "s1"), ("dropped", "s2"), ("added", "z_v2")}
    assert fitted.version == 2


def test_an_open_step_that_waits_for_another_is_reordered():
    old = plan(step("a", number=1), step("b", number=2))
    new = plan(step("a", number=1, needs=["b"]), step("b", number=2))
    _, changes = fate(old, new, {})
    assert changes == {("reordered", "a"), ("kept", "b")}


def test_an_output_made_anew_is_no_overlap_with_what_is_done():
    done = {"s1": Observation(6)}
    fitted, _ = fate(TWICE, plan(step("n", number=4, output="out_s1")), done)
    assert len({s.output for s in fitted.steps}) == len(fitted.steps)


def test_ids_of_three_versions_never_meet():
    first, used = plan(step("s1", number=0)), {"s1"}
    for n in range(1, 5):
        first, _ = fate(first, plan(step("s1", number=n)), {})
        assert first.steps[0].id not in used
        used.add(first.steps[0].id)


def test_defects_of_a_new_plan_stay_for_the_validator():
    circle = plan(step("a", number=1, needs=["b"]), step("b", number=2, needs=["a"]))
    fitted, _ = fate(TWICE, circle, {})
    assert {s.needs for s in fitted.steps} == {(s.id,) for s in fitted.steps}
    twice = plan(step("a", number=1), step("a", number=2))
    fitted, _ = fate(TWICE, twice, {})
    assert len({s.id for s in fitted.steps}) == 1


async def test_replan_keeps_what_is_completed_and_says_why():
    done = {"s1": Observation(6)}
    planner, asked = scripted(*writes(plan(step("n", number=9))))
    before = Progress(TWICE, done)
    made = await replan(GOAL, before, reason="6 is unlucky", planner=planner, tools=TOOLS)
    told = asked.requests[0]["messages"][-1]["content"]
    assert "6 is unlucky" in told
    assert [s.id for s in made.answer.steps] == ["s1", "n_v2"]
    assert made.detail.reason == "6 is unlucky"


def test_progress_tells_completed_remaining_failed_and_learned():
    done = {"s1": Failed("s1", ValueError()), "s2": Failed("s1", ValueError())}
    now = Progress(TWICE, done, ("3 is odd",))
    assert [s.id for s in now.remaining] == ["s1", "s2"]
    assert [f.at for f in now.failed] == ["s1"]
    assert now.completed == now.waiting == ()


def test_order_is_by_needs_for_thousands_of_steps():
    chain = [step(f"s{n}", number=ref(f"s{n - 1}") if n else 0) for n in range(5000)]
    assert in_order(chain[::-1]) == chain


# ---- effects happen once


LETTER = plan(
    step("load", "analyze_data", sql="SELECT intent FROM tickets WHERE week = '2024-W50'"),
    step("text", None, needs=["load"]),
    step("first", "send_email", to="a@acme.example", subject="News", body=ref("text")),
    step("note", "write_file", needs=["first"], path="reports/a.md", content=ref("text")),
    step("pay", "execute_transaction", needs=["note"], to="Acme", amount=5.0, memo="fee"),
    step("second", "send_email", needs=["pay"], to="b@acme.example", subject="News", body="Hello."),
)


def again(plan):
    """The same steps, all asked for again."""
    return plan


def renamed(plan):
    """The same steps under other ids, in another order."""
    ids = {s.id: f"x{n}" for n, s in enumerate(plan.steps)}
    steps = [progress.renamed(s, ids) for s in reversed(plan.steps)]
    return plan.model_copy(update={"steps": tuple(steps)})


def reworded(plan):
    """The same steps, but the text is written anew, and so are the ids."""
    steps = [
        s.model_copy(update={"description": "say it better"}) if s.id == "text" else s
        for s in plan.steps
    ]
    return renamed(plan.model_copy(update={"steps": tuple(steps)}))


def effects(world):
    return [m.to for m in world.sent()], [p.amount for p in world.transactions()]


@pytest.mark.parametrize("revise", [again, renamed, reworded])
@pytest.mark.parametrize("broken", [s.id for s in LETTER.steps if s.tool])
async def test_no_effect_is_repeated_whichever_step_fails(broken, revise):
    failed = []

    async def fail_once(call):
        if call.step == broken and not failed:
            failed.append(call)
            raise errors.ToolFailed("down for a moment")

    with open_world() as world:
        paid = effects(world)[1]
        tools = guarded(world.tools, gates=[fail_once])
        result, *_ = await run(LETTER, revise(LETTER), tools=tools, attempts=1)
        assert result.stop == Stop.ANSWERED
        assert failed
        assert effects(world) == (["a@acme.example", "b@acme.example"], [*paid, 5.0])


class Crash(BaseException):
    """The process is gone."""


async def test_what_cannot_be_taken_back_is_not_done_again_because_it_was_judged_badly():
    judge, _ = scripted(says({"success": False, "issues": ["too short"], "suggestion": "again"}))
    mail = step("m", "send_email", to="a@acme.example", subject="x", body="y")
    other = step("n", "send_email", to="a@acme.example", subject="x", body="longer")
    with open_world() as world:
        options = {"tools": world.tools, "evaluate": judged_by(judge)}
        result, *_ = await run(plan(mail), plan(other), **options)
        assert result.stop == Stop.ANSWERED
        assert len(world.sent()) == 1


async def test_an_act_that_failed_is_not_tried_in_another_way():
    async def down(call):
        raise errors.ToolFailed("it may have been sent")

    mail = plan(step("m", "send_email", to="a@acme.example", subject="x", body="y"))
    with open_world() as world:
        tools = guarded(world.tools, gates=[down])
        result, _, told = await run(mail, tools=tools, max_replans=0)
    assert (result.stop, told.requests) == (Stop.FAILED, [])


async def test_an_act_whose_arguments_were_wrong_is_mended():
    mail = plan(step("m", "send_email", to="nobody", subject="x", body="y"))
    mended = {"to": "a@acme.example", "subject": "x", "body": "y"}
    with open_world() as world:
        answers = calls(("send_email", mended)), says("sent")
        result, *_ = await run(mail, tools=world.tools, answers=answers)
        assert (result.stop, [m.to for m in world.sent()]) == (Stop.ANSWERED, ["a@acme.example"])


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [s.id for s in LETTER.steps if s.tool])
async def test_no_effect_is_repeated_after_a_crash_at_any_step(at, after):
    crashed = []

    class Notes:
        """Crashes before a call, or after it and before anybody knows."""

        def intent(self, call):
            self.crash(call, False)
            return call

        def outcome(self, call, observation):
            self.crash(call, True)

        def crash(self, call, now):
            if call.step == at and now == after and not crashed:
                crashed.append(call)
                raise Crash

    with open_world() as world:
        paid, done = effects(world)[1], {}
        tools = guarded(world.tools, journal=Notes())
        with pytest.raises(Crash):
            await run(LETTER, tools=tools, done=done)
        result, *_ = await run(tools=tools, done=done)
        assert result.stop == Stop.ANSWERED
        assert effects(world) == (["a@acme.example", "b@acme.example"], [*paid, 5.0])


async def test_what_the_planner_had_read_taints_what_it_wrote_since():
    seen = {}

    async def note(call):
        seen[call.step] = sorted(call.taint.get("to", ()))
        if call.step == "s2" and call.tool == "read_file":
            raise errors.ToolFailed("no")

    first = plan(step("s1", "web_search", query="Competitor C"), step("s2", "read_file", path="x"))
    mail = step("m", "send_email", to="a@acme.example", subject="x", body="y")
    with open_world() as world:
        tools = guarded(world.tools, gates=[note])
        await run(first, plan(mail), tools=tools, attempts=1)
    assert seen["m_v2"] == ["web"]


# ---- bad input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"goal": " "}, "goal is empty"),
        ({"tools": Toolbox([])}, "toolbox is empty"),
        ({"max_replans": -1}, "max_replans"),
        ({"every": 0}, "every"),
        ({"attempts": 0}, "attempts"),
        ({"done": {PLAN: "go"}}, "not a Plan"),
        ({"done": {PLAN: plan(step("a", "triple"))}}, "triple"),
        ({"done": {PLAN: plan(step(PLAN, number=1))}}, "plan's place"),
    ],
)
async def test_wrong_use_is_refused_before_anything_is_asked(options, words):
    planner, asked = scripted(says("?"))
    call = {"goal": GOAL, "tools": TOOLS, **options}
    with pytest.raises(errors.BadInput, match=words):
        await run_plan_execute(call.pop("goal"), planner=planner, executor=planner, **call)
    assert asked.requests == []


async def test_megabytes_are_cut_for_the_model_and_whole_for_the_next_step():
    sizes = []

    @tool(risk=Risk.LOW)
    async def load() -> str:
        "A lot."
        return "x" * 3_000_000

    @tool(risk=Risk.LOW)
    async def measure(text: str) -> int:
        "How long it is."
        sizes.append(len(text))
        return len(text)

    big = plan(step("a", "load"), step("b", "measure", text=ref("a")))
    done = {}
    result, _, told = await run(big, tools=Toolbox([load, measure]), done=done)
    prompt = told.requests[-1]["messages"][-1]["content"]
    assert (result.stop, sizes, len(done["a"].value)) == (Stop.ANSWERED, [3_000_000], 3_000_000)
    assert len(prompt) < 30_000
    assert "characters more" in prompt


def test_many_results_are_still_few_words():
    steps = [step(f"s{n}") for n in range(500)]
    shown = render_results(steps, {s.id: Observation("x" * 10_000) for s in steps})
    assert len(shown) < 200_000


# ---- without looking back


async def test_rewoo_asks_for_a_plan_and_one_answer_and_nothing_else():
    planner, asked = scripted(*writes(TWICE))
    solver, told = scripted(says("It is 12."))
    result = await run_rewoo(GOAL, planner=planner, solver=solver, tools=TOOLS)
    assert (result.answer, result.usage.calls) == ("It is 12.", 2)
    assert len(asked.requests) == len(told.requests) == 1


async def test_rewoo_does_not_mend():
    tools, *_ = failing(3)
    planner, asked = scripted(*writes(TWICE))
    result = await run_rewoo(GOAL, planner=planner, solver=planner, tools=tools)
    assert (result.stop, len(asked.requests)) == (Stop.FAILED, 1)


# ---- the defects of lesson 04, each put in, make the test of its property red


def old_plan_runs_on(patch):
    revise = plan_execute._Run.revise

    async def forget(self, reason):
        held = self.done.get(PLAN)
        await revise(self, reason)
        self.done[PLAN] = held or self.done[PLAN]

    patch.setattr(plan_execute._Run, "revise", forget)


def counted_twice(patch):
    twice = lambda start, stop, step: builtins.range(start, stop, 2 * step)  # noqa: E731
    patch.setattr(plan_execute, "range", twice, raising=False)


def never_ending(patch):
    patch.setattr(plan_execute, "range", lambda *_: itertools.repeat(1), raising=False)


def dependents_run(patch):
    patch.setattr(schedule._Run, "silencer", lambda self, task: None)


def ids_collide(patch):
    patch.setattr(progress, "_free_id", lambda wanted, version, taken: wanted)


def nothing_is_recognised(patch):
    patch.setattr(progress, "_asks", lambda step, tools: object())


def stale_plan(patch):
    held = plan_execute._Run.plan_for_goal

    async def keep(self):
        if PLAN not in self.done:
            await held(self)

    patch.setattr(plan_execute._Run, "plan_for_goal", keep)


async def mail_once():
    await test_no_effect_is_repeated_whichever_step_fails("second", renamed)


async def colliding_ids():
    test_the_same_id_for_another_thing_gets_a_new_id_and_references_follow()


async def budget_of_one():
    await test_each_replan_counts_once(1)


MUTANTS = [
    (old_plan_runs_on, test_after_a_failure_the_new_plan_is_the_one_that_runs),
    (counted_twice, budget_of_one),
    (dependents_run, test_dependents_of_a_failed_step_never_run),
    (ids_collide, colliding_ids),
    (nothing_is_recognised, mail_once),
    (never_ending, test_replanning_ends_even_if_every_plan_fails),
    (stale_plan, test_a_goal_changed_half_way_keeps_what_is_done),
]


@pytest.mark.parametrize(("defect", "test"), MUTANTS, ids=[m[0].__name__ for m in MUTANTS])
async def test_each_defect_of_the_lesson_is_caught(defect, test, monkeypatch):
    await test()
    defect(monkeypatch)
    with pytest.raises(AssertionError):
        await test()
