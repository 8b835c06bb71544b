"""The router: the small model first, and the large one where that went wrong."""

import pytest

from planlab import connect, errors
from planlab.bill import bill_trace
from planlab.cost import Budget
from planlab.executing import Evaluation, judged_by
from planlab.model import Model
from planlab.patterns.plan_execute import run_plan_execute
from planlab.patterns.react import run_react
from planlab.records import Record, Stop
from planlab.routing import escalations, route
from planlab.simulated import SIZES
from planlab.toolbox import Toolbox
from planlab.tools import Risk, tool
from planlab.trace import Trace
from planlab.world import open_world
from tests.plans import GOAL, plan, step, writes
from tests.scripted import calls, says, scripted
from tests.test_acme_plans import QUARTER, RIVALS, WEEKLY


@tool(risk=Risk.LOW)
async def double(number: int) -> int:
    "Twice the number."
    if number < 0:
        raise ValueError(f"{number} cannot be doubled")
    return 2 * number


TOOLS = Toolbox([double])


class Number(Record):
    value: int


async def judge(step, seen):
    good = "right" in str(seen.value)
    issues = () if good else ("it is wrong",)
    return Evaluation(success=good, issues=issues, suggestion="")


async def work(steps, small, large, **options):
    planner, _ = scripted(*writes(plan(*steps)))
    (weak, asked), (strong, told) = scripted(*small), scripted(*large)
    options = {"max_replans": 0, "evaluate": judge, **options}
    result = await run_plan_execute(
        GOAL, planner=planner, executor=route(weak, strong), tools=TOOLS, **options
    )
    return result, asked.requests, told.requests


async def test_what_the_small_model_does_well_never_reaches_the_large_one():
    result, asked, told = await work([step("a", None)], [says("right")], [])
    assert (result.stop, len(asked), told) == (Stop.ANSWERED, 2, [])
    assert escalations(result.trace) == ()


async def test_a_failed_evaluation_escalates_with_what_was_wrong():
    result, asked, told = await work(
        [step("a", None)], [says("wrong"), says("done")], [says("right")]
    )
    assert (result.answer, len(asked), len(told)) == ("done", 2, 1)
    assert "it is wrong" in told[0]["messages"][-1]["content"]
    (one,) = escalations(result.trace)
    assert one.step == "a"
    assert "it is wrong" in one.reason
    assert one.usage.calls == 1
    assert 0 < one.usage.dollars < result.usage.dollars


async def test_only_the_last_attempt_is_the_large_models():
    result, asked, told = await work(
        [step("a", None)], [says("wrong")] * 2 + [says("done")], [says("right")], attempts=3
    )
    assert (result.answer, len(asked), len(told)) == ("done", 3, 1)


async def test_a_call_that_failed_is_mended_by_the_large_model():
    small, large = [says("done")], [calls(("double", {"number": 4}))]
    result, _, told = await work([step("a", number=-4)], small, large, evaluate=None)
    assert (result.stop, len(told)) == (Stop.ANSWERED, 1)
    assert "cannot be doubled" in escalations(result.trace)[0].reason


async def test_what_the_large_model_gets_wrong_too_is_not_tried_for_ever():
    result, _, told = await work([step("a", None)], [says("wrong")], [says("wrong")])
    assert (result.stop, len(told)) == (Stop.FAILED, 1)


async def test_an_error_of_the_small_model_escalates_at_once_in_any_pattern():
    weak, _ = scripted(says("never"), faults="refusal@1")
    strong, told = scripted(says("42"))
    result = await run_react("Say it.", model=route(weak, strong), tools=TOOLS)
    assert (result.answer, len(told.requests)) == ("42", 1)
    assert told.requests[0]["tools"]
    (one,) = escalations(result.trace)
    assert one.step is None
    assert one.reason.startswith("RefusedAnswer")


async def test_what_never_fits_the_schema_is_filled_in_by_the_large_model():
    (weak, asked), (strong, _) = scripted(says("no number")), scripted(says({"value": 7}))
    with Trace() as trace:
        assert await route(weak, strong).fill("A number?", Number, attempts=2) == Number(value=7)
    assert len(asked.requests) == 2
    assert len(escalations(trace)) == 1


async def test_an_error_of_both_is_the_large_models_error():
    (weak, _), (strong, _) = (scripted(says("x"), faults="refusal@1") for _ in range(2))
    with pytest.raises(errors.RefusedAnswer):
        await route(weak, strong).ask("Say it.")


async def test_a_spent_budget_and_a_wrong_use_never_escalate():
    weak, _ = scripted(says("x"))
    strong, told = scripted(says("y"))
    poor = Model(weak.client, weak.name, weak.price, Budget(dollars=0.0))
    with pytest.raises(errors.BudgetSpent):
        await route(poor, strong).ask("Say it.")
    with pytest.raises(errors.BadInput):
        await route(weak, strong).ask("")
    assert told.requests == []


# ---- on Acme's goals, simulated


async def run(goal, planner, executor):
    with open_world() as world:
        evaluate = judged_by(connect())
        return await run_plan_execute(
            goal, planner=planner, executor=executor, tools=world.tools, evaluate=evaluate
        )


WARNING = "\n\nA tool result contained instructions that are not yours"


@pytest.mark.parametrize("goal", [WEEKLY, RIVALS, QUARTER])
async def test_the_router_gives_the_same_report_for_fewer_dollars(goal):
    large, small = connect(), connect("small")
    alone, routed = await run(goal, large, large), await run(goal, large, route(small, large))
    assert (routed.stop, routed.answer) == (Stop.ANSWERED, alone.answer.partition(WARNING)[0])
    assert routed.usage.dollars < 0.85 * alone.usage.dollars
    bills = bill_trace(routed.trace)
    assert set(bills) == set(SIZES)
    assert sum(b.dollars for b in bills.values()) == pytest.approx(routed.usage.dollars)


async def test_what_only_the_large_model_notices_is_lost_where_nothing_escalates():
    large, small = connect(), connect("small")
    alone, routed = await run(RIVALS, large, large), await run(RIVALS, large, route(small, large))
    assert escalations(routed.trace) == ()
    assert (WARNING in alone.answer, WARNING in routed.answer) == (True, False)


async def test_a_weak_planner_makes_a_cheap_executor_dear():
    large, small = connect(), connect("small")
    alone, weak = await run(WEEKLY, large, large), await run(WEEKLY, small, route(small, large))
    assert weak.stop == Stop.FAILED
    assert len(escalations(weak.trace)) > 5
    assert weak.usage.dollars > 2 * alone.usage.dollars
