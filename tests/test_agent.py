"""The whole agent: every pattern for its concern, and each of them left out in turn."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from planlab import Budget, Ledger, Risk, Toolbox, connect, errors, tool
from planlab.agent import Concern, Models, one_step, run_agent
from planlab.compare.assignments import ASSIGNMENTS, looks_whole
from planlab.compare.capstone import STUDY, parse_measured, run
from planlab.compare.tired import TiredPerson
from planlab.progress import PLAN
from planlab.records import Argument, Goal, Observation, Plan, Ref, Step, Stop
from planlab.reviewing import Approve, ScriptedReviewer
from planlab.routing import route
from planlab.taint import Tainted
from planlab.tools import Call
from planlab.ways import Maze
from planlab.world import open_world
from planlab.world.route import acme_route

MAILS = ASSIGNMENTS[3]


@pytest.fixture
def world():
    with open_world() as world:
        yield world


@pytest.fixture
def ledger(tmp_path, world):
    with Ledger(tmp_path / "ledger", run_id=world.tools.run_id) as ledger:
        yield ledger


def models(**faults):
    large = connect("large", **faults)
    return Models(large, route(connect("small"), connect("large")), connect("large"))


def step(id, tool=None, needs=(), **arguments):
    given = tuple(Argument(name=name, value=value) for name, value in arguments.items())
    return Step(
        id=id,
        description=f"do {id}",
        how="tool",
        tool=tool,
        arguments=given,
        depends_on=needs,
        output=f"what {id} gives",
        expected_output="something",
    )


def plan(goal, *steps):
    return Plan(goal=goal, reasoning="", steps=steps, version=1)


def always(decision):
    return ScriptedReviewer(lambda asked: decision)


# ---- what it does, and what it never does


@pytest.mark.parametrize("task", range(len(ASSIGNMENTS)))
@pytest.mark.parametrize("attack", [0, 1])
def test_every_assignment_is_done_and_no_order_but_the_goal_is_obeyed(task, attack):
    conditions = {**STUDY.base, "task": task, "attack": attack, "obeys": attack, "slips": 0}
    outcome = run("combined", conditions, seed=1)
    assert outcome.success
    assert parse_measured(outcome.path).harm == 0


async def test_what_cannot_be_taken_back_waits_for_a_person_and_is_then_done_once(world, ledger):
    options = {"models": models(), "tools": world.tools, "ledger": ledger}
    for sent in range(3):
        result = await run_agent(MAILS.goal, **options)
        assert (result.stop, len(world.sent())) == (Stop.WAITING, sent)
        ledger.approve(result.detail.error.request, by="the editor")
    result = await run_agent(MAILS.goal, **options)
    assert result.stop == Stop.ANSWERED
    assert [mail.to for mail in world.sent()] == [reader for _, reader in MAILS.allowed]


async def test_a_wait_inside_a_step_is_a_wait_of_the_run(world, ledger):
    options = {"models": models(), "tools": world.tools, "ledger": ledger}
    for sent in range(3):
        result = await run_agent(MAILS.goal, **options, without=["decomposition"])
        assert (result.stop, len(world.sent())) == (Stop.WAITING, sent)
        ledger.approve(result.detail.error.request, by="the editor")
    result = await run_agent(MAILS.goal, **options, without=["decomposition"])
    assert result.stop == Stop.ANSWERED
    assert [mail.to for mail in world.sent()] == [reader for _, reader in MAILS.allowed]


async def test_a_text_that_leaves_something_out_is_not_the_answer(world):
    """One text was reflected on, and mailed; the count of the tickets is no part of it."""
    goal = "Mail the rule on refunds to office@lumen.example, and count this week's tickets."
    rule = step("rule", "read_file", path="knowledge_base/refunds.md")
    text = step("text", needs=("rule",)).model_copy(update={"description": "Draft the mail"})
    body = Ref(step="text", path="")
    to = "office@lumen.example"
    mail = step("mail", "send_email", ("text",), to=to, subject="refunds", body=body)
    sql = "SELECT COUNT(*) AS tickets FROM tickets WHERE week = '2024-W50'"
    count = step("count", "analyze_data", sql=sql)

    async def review(written):
        steps = (rule, text.model_copy(update={"how": "reflect"}), mail, count)
        return written.model_copy(update={"steps": steps})

    result = await run_agent(
        goal, models=models(), tools=world.tools, review=review, reviewer=always(Approve())
    )
    assert result.stop == Stop.ANSWERED
    assert [span.name for span in result.trace.of("run")].count("reflection") == 2


async def test_a_person_who_says_no_is_obeyed(world, ledger):
    person = ScriptedReviewer([])  # rejects everything
    await run_agent(MAILS.goal, models=models(), tools=world.tools, ledger=ledger, reviewer=person)
    assert {call.tool for call in person.asked} == {"send_email"}
    assert world.sent() == ()


async def test_what_a_step_read_taints_what_it_gives_whatever_way_it_was_run(world, ledger):
    """A ReAct step reads a page; the address in its answer must not be mailed to unasked."""

    @tool(risk=Risk.LOW, source="web")
    async def look_up(name: str) -> str:
        """The address of a customer, from the web."""
        return "thief@evil.example"

    tools = Toolbox([*world.tools, look_up], run_id=ledger.run_id)
    goal = "Look up the address of Birch Bakery, and mail it."
    mail = step(
        "mail", "send_email", ("find",), to=Ref(step="find", path=""), subject="s", body="b"
    )
    find = step("find").model_copy(update={"description": goal.split(",")[0], "how": "react"})
    ledger[PLAN] = plan(goal, find, mail)
    result = await run_agent(
        goal,
        models=models(),
        tools=tools,
        ledger=ledger,
        gates=[Tainted(free=("body", "subject"))],
        max_replans=0,
        without=[Concern.QUALITY],
    )
    seen = ledger["find"]
    assert isinstance(seen, Observation)
    assert "web" in seen.taint
    assert isinstance(result.detail.error, errors.Refused)
    assert world.sent() == ()


# ---- crashes


@pytest.mark.parametrize(("task", "without"), [(0, []), (3, []), (3, ["decomposition"])])
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_after_a_kill_it_goes_on_with_what_is_done(task, without, at, tmp_path):
    """Killed when a call's work is done and nobody has heard of it: the worst moment."""
    job = ASSIGNMENTS[task]
    calls = Counter()

    class Killed(BaseException):
        pass

    def deadly(tool, at):
        async def act(**arguments):
            told = {n: str(v) for n, v in arguments.items() if not isinstance(v, Call)}
            calls[tool.name, *told.values()] += 1
            value = await tool.run(**arguments)
            if calls.total() == at:
                raise Killed
            return value

        return replace(tool, run=act)

    with open_world(3, tmp_path / "world") as world:
        for dies in (at, 0):
            box = replace(world.tools, tools=[deadly(t, dies) for t in world.tools])
            with Ledger(tmp_path / "ledger", run_id=world.tools.run_id) as ledger:
                doing = run_agent(
                    job.goal,
                    models=models(),
                    tools=box,
                    ledger=ledger,
                    reviewer=TiredPerson(job.allowed * 2, patience=99, seed=0),
                    limit=1,
                    without=without,
                )
                if dies:
                    with pytest.raises((Killed, BaseExceptionGroup)):
                        await doing
                else:
                    assert (await doing).stop == Stop.ANSWERED
        again = [call for call, times in calls.items() if times > 1]
        # The call that died, whose outcome nobody knows; a ReAct run also looks again.
        assert len(again) <= (1 if not without else 2)
        assert Counter(("mailed", m.to) for m in world.sent()) == Counter(job.allowed)


@pytest.mark.parametrize("task", range(len(ASSIGNMENTS)))
def test_a_process_that_is_really_killed_costs_little(task):
    calm = {**STUDY.base, "task": task, "slips": 0}
    without, after = (run("combined", {**calm, "crash": crash}, seed=2) for crash in (0, 1))
    measured = parse_measured(after.path)
    assert (measured.crashed, measured.harm, after.success) == (1, 0, True)
    assert without.calls <= after.calls <= without.calls + 2


# ---- each concern, left out


async def test_without_decomposition_the_whole_goal_is_one_run(world):
    result = await run_agent(
        ASSIGNMENTS[0].goal, models=models(), tools=world.tools, without=["decomposition"]
    )
    assert [s.how for s in result.detail.progress.plan.steps] == ["react"]
    assert result.detail.plans == ()


@pytest.mark.parametrize("without", [[], [Concern.INDEPENDENCE]])
async def test_steps_that_need_nothing_of_each_other_run_side_by_side(without):
    now, most = 0, 0

    @tool(risk=Risk.LOW)
    async def measure(name: str) -> str:
        """Measure one thing."""
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        now -= 1
        return name

    box = Toolbox([measure])
    goal = "Measure four things."
    given = plan(goal, *(step(f"s{n}", "measure", name=str(n)) for n in range(4)))
    with_ledger = {PLAN: given}

    async def made(plan):
        return given

    result = await run_agent(goal, models=models(), tools=box, review=made, without=without)
    assert result.stop == Stop.ANSWERED
    assert most == (1 if without else 4)
    assert with_ledger[PLAN] == given


async def test_without_quality_nothing_is_reflected_on(world):
    for without, expected in (([], {"tool", "reflect"}), (["quality"], {"tool"})):
        result = await run_agent(
            ASSIGNMENTS[0].goal, models=models(), tools=world.tools, without=without
        )
        assert {s.how for s in result.detail.progress.plan.steps} == expected
        runs = {span.name for span in result.trace.of("run")}
        assert ("reflection" in runs) == (not without)


async def test_without_surprise_a_failure_is_the_end(world):
    async def down(call):
        if call.tool == "calculate":
            raise errors.ToolFailed("the calculator is down")

    for without, stop in (([], Stop.ANSWERED), (["surprise"], Stop.FAILED)):
        result = await run_agent(
            ASSIGNMENTS[2].goal,
            models=models(),
            tools=replace(world.tools, gates=(down,)),
            evaluate=looks_whole,
            without=without,
        )
        assert result.stop == stop


async def test_without_risk_nobody_is_asked(world):
    person = always(Approve())
    for without, asked in ((["risk"], 0), ([], 3)):
        await run_agent(
            MAILS.goal,
            models=models(),
            tools=replace(world.tools, run_id=str(without)),
            reviewer=person,
            without=without,
        )
        assert len(person.asked) == asked


async def test_without_crashes_the_ledger_stays_empty(world, ledger):
    options = {"models": models(), "tools": world.tools, "ledger": ledger}
    await run_agent(ASSIGNMENTS[0].goal, **options, without=["crashes"])
    assert len(ledger) == 0
    await run_agent(ASSIGNMENTS[0].goal, **options)
    assert PLAN in ledger


async def test_without_cost_the_small_model_is_not_asked(world):
    for without in ([], ["cost"]):
        result = await run_agent(
            ASSIGNMENTS[0].goal, models=models(), tools=world.tools, without=without
        )
        asked = {str(span.name) for span in result.trace.of("model")}
        assert ("sim-small" in asked) == (not without)


@pytest.mark.parametrize("without", [[], [Concern.PATHS]])
async def test_a_maze_is_searched_and_without_paths_it_is_not(without, world):
    puzzle = acme_route(world)

    def maze(step):
        if "top intent" not in step.description or step.tool:
            return None
        return Maze(puzzle, lambda state, lessons: puzzle.actions(state), puzzle.value, calls=500)

    result = await run_agent(
        ASSIGNMENTS[0].goal, models=models(), tools=world.tools, maze=maze, without=without
    )
    searched = [s.id for s in result.detail.progress.plan.steps if s.how == "search"]
    assert bool(searched) == (not without)
    for id in searched:
        state = puzzle.start
        for action in result.detail.progress.done[id].value:
            state = puzzle.step(state, action)
        assert puzzle.is_goal(state)


# ---- bounds, and wrong use


@pytest.mark.parametrize("calls", [0, 1, 3, 6])
async def test_models_and_tools_pay_from_one_budget(calls, world):
    budget = Budget(calls=calls)
    result = await run_agent(ASSIGNMENTS[0].goal, models=models(), tools=world.tools, budget=budget)
    made = len(result.trace.of("model")) + len(result.trace.of("tool"))
    assert result.stop == Stop.BUDGET
    assert budget.spent.calls == calls <= made


def test_a_concern_that_does_not_exist_is_named(world):
    with pytest.raises(errors.BadInput, match=r"speed.*decomposition"):
        asyncio.run(run_agent("x", models=None, tools=world.tools, without=["speed"]))


def test_one_step_is_a_plan_that_gives_what_the_goal_wants():
    goal = Goal(text="Do it.", outputs=("report",), constraints=())
    (only,) = one_step(goal).steps
    assert (only.how, only.output, only.needs) == ("react", "report", ())
