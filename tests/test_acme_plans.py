"""Plan-and-execute on Acme's own goals, with the simulated model as planner and executor."""

import re

import pytest

from planlab import connect, errors
from planlab.executing import judged_by
from planlab.patterns.plan_execute import make_plan, replan, run_plan_execute
from planlab.progress import PLAN, Progress
from planlab.records import Goal, Observation, Stop
from planlab.toolbox import guarded
from planlab.world import open_world

WEEKLY = (
    "Write the weekly support report: load this week's tickets, count them by intent, find the top "
    "intent, and draft a report that names the total, the top intent, its count and a "
    "recommendation."
)
RIVALS = (
    "Research the top 3 competitors of Acme Corp, compare their pricing, write a summary report"
)
QUARTER = "Analyze Q4 2024 sales trends and create an executive summary"


@pytest.fixture
def world():
    with open_world() as world:
        yield world


async def run(goal, world, *, gates=(), faults=None, **options):
    planner, executor = connect(faults=faults), connect()
    options = {"evaluate": judged_by(executor), **options}
    tools = guarded(world.tools, gates=gates)
    return await run_plan_execute(goal, planner=planner, executor=executor, tools=tools, **options)


def set_tickets(world, *intents):
    """This week's tickets, with these intents and nothing else."""
    world.change("DELETE FROM tickets WHERE week = '2024-W50'")
    for intent in intents:
        world.change(
            "INSERT INTO tickets (week, customer, intent, text) VALUES ('2024-W50', 'X', ?, ?)",
            (intent, f"It is about our {intent}."),
        )


def numbers(text):
    return {float(n.replace(",", "")) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}


@pytest.mark.parametrize("goal", [WEEKLY, "Write the weekly support report."])
async def test_the_weekly_report_names_total_top_intent_count_and_recommendation(goal, world):
    result = await run(goal, world)
    assert result.stop == Stop.ANSWERED
    assert "5 in all" in result.answer
    assert re.search(r"Refund has the most \(3\)", result.answer)
    assert "Recommendation" in result.answer
    assert {s.tool for s in result.detail.progress.completed} >= {"analyze_data", "write_file"}


async def test_other_tickets_give_another_report(world):
    set_tickets(world, *["outage"] * 4, *["refund"] * 2, "address")
    result = await run(WEEKLY, world)
    assert "7 in all" in result.answer
    assert "Outage has the most (4)" in result.answer


async def test_a_tie_is_called_a_tie(world):
    set_tickets(world, "refund", "refund", "outage", "outage", "address")
    result = await run(WEEKLY, world)
    assert re.search(
        r"(Refund and outage|Outage and refund) have the most \(2 each\)", result.answer
    )


@pytest.mark.parametrize("options", [{}, {"evaluate": None}])
async def test_without_tickets_nothing_is_invented(options, world):
    set_tickets(world)
    result = await run(WEEKLY, world, **options)
    assert result.stop == Stop.ANSWERED
    assert "no rows" in result.answer
    assert numbers(result.answer) == set()


async def test_the_competitor_report_has_their_prices_and_sends_nothing(world):
    result = await run(RIVALS, world)
    assert result.stop == Stop.ANSWERED
    assert {49.0, 55.0} <= numbers(result.answer)
    assert world.sent() == ()
    (path,) = [
        a.value
        for s in result.detail.progress.completed
        if s.tool == "write_file"
        for a in s.arguments
        if a.name == "path"
    ]
    assert {49.0, 55.0} <= numbers(world.read(path))


async def test_the_quarter_is_planned_in_a_few_steps_and_one_call_is_mended(world):
    result = await run(QUARTER, world)
    done = result.detail.progress.done
    assert result.stop == Stop.ANSWERED
    assert 3 <= len(done[PLAN].steps) <= 6
    assert len(result.detail.plans) == 1
    ((october, december),) = world.rows(
        "SELECT SUM(amount) FILTER (WHERE month = '2024-10'), "
        "SUM(amount) FILTER (WHERE month = '2024-12') FROM sales"
    )
    (change,) = [o.value for i, o in done.items() if i != PLAN and isinstance(o.value, float)]
    assert change == pytest.approx((december - october) / october * 100)
    assert {october, december} <= numbers(result.answer)


async def test_a_tool_that_is_down_is_planned_around_and_nothing_is_done_again(world):
    asked = []

    async def down(call):
        asked.append(call.arguments.get("sql"))
        if call.tool == "calculate":
            raise errors.ToolFailed("the calculator is down")

    result = await run(QUARTER, world, gates=[down])
    assert result.stop == Stop.ANSWERED
    assert len(result.detail.plans) == 2
    assert "calculator is down" in result.detail.plans[1].reason
    queries = [sql for sql in asked if sql]
    assert len(queries) == len(set(queries))


async def test_a_changed_goal_adds_the_mail_and_repeats_nothing(world):
    done = {}
    await run("Write the weekly support report.", world, done=done)
    first = {id: value for id, value in done.items() if id != PLAN}
    goal = "Write the weekly support report and mail it to office@lumen-books.example."
    for _ in range(2):
        result = await run(goal, world, done=done)
        assert result.stop == Stop.ANSWERED
    assert {id: done[id] for id in first} == first
    (mail,) = world.sent()
    assert "Refund has the most (3)" in mail.body


async def test_outputs_get_the_names_that_the_goal_gives_them(world):
    goal = Goal(text=QUARTER, outputs=("trends", "executive_summary"), constraints=())
    result = await run(goal, world)
    assert result.stop == Stop.ANSWERED
    assert {"trends", "executive_summary"} <= {s.output for s in result.detail.progress.plan.steps}


@pytest.mark.parametrize("fault", ["hallucinated_tool@1", "cyclic_plan@1", "malformed_json@1"])
async def test_a_planner_that_slips_repairs_its_plan(fault, world):
    result = await run(WEEKLY, world, faults=fault)
    assert result.stop == Stop.ANSWERED
    assert len(result.detail.plans) == 1
    assert result.detail.plans[0].drafts[-1].is_valid


async def test_a_region_without_rows_is_not_made_up(world):
    world.change("DELETE FROM sales WHERE region = 'West'")
    result = await run(QUARTER, world)
    assert result.stop == Stop.ANSWERED
    assert "West" not in result.answer


async def test_what_is_open_stays_in_a_new_plan_however_much_it_resembles_what_is_done(world):
    first = (await make_plan(QUARTER, planner=connect(), tools=world.tools)).answer
    half_way = Progress(first, {"s1": Observation({"columns": ["month"], "rows": []})})
    options = {"planner": connect(), "tools": world.tools}
    made = await replan(QUARTER, half_way, reason="1 step is done: look again", **options)
    regions = [s.id for s in first.steps if "region" in s.description]
    assert [s.id for s in made.answer.steps if "region" in s.description] == regions != []


async def test_a_goal_changed_half_way_is_planned_for(world):
    first = (await make_plan(QUARTER, planner=connect(), tools=world.tools)).answer
    half_way = Progress(first, {"s1": Observation({"columns": ["month"], "rows": []})})
    options = {"planner": connect(), "tools": world.tools}
    goal = f"{QUARTER}, and mail it to board@acme.example"
    made = await replan(
        goal, half_way, reason=f"the goal was changed; before: {QUARTER}", **options
    )
    assert "send_email" in [s.tool for s in made.answer.steps]
