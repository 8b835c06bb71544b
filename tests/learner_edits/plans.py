"""Plans on other topics, in other schemas, under other limits."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from learner_edits.common import (
    PRICES,
    RESEARCH,
    are_steps,
    ask,
    calculate,
    fill,
    is_ordered,
    stays_off_topic,
    web_search,
)
from planlab.model import Model
from planlab.records import Plan
from planlab.toolbox import Toolbox


async def edit_cooking_plan(model: Model) -> None:
    """A plan for the kitchen, without tools, as a list of strings."""

    class Menu(BaseModel):
        steps: list[str]

    text = "Plan a dinner for four: cook a tomato soup and bake bread."
    menu = await fill(model, text, Menu)
    everything = " ".join(menu.steps).casefold()
    assert are_steps(menu.steps), menu
    assert "soup" in everything, menu
    assert "bread" in everything, menu
    assert stays_off_topic(everything), menu


async def edit_study_plan(model: Model) -> None:
    """A study plan of three days, with hours that have a bound."""

    class Day(BaseModel):
        day: int
        topic: str
        hours: Annotated[float, Field(gt=0, le=8)]

    class StudyPlan(BaseModel):
        days: list[Day]

    plan = await fill(model, "Make a study plan of 3 days for the linear algebra exam.", StudyPlan)
    assert [day.day for day in plan.days] == [1, 2, 3], plan
    topics = [day.topic for day in plan.days]
    assert are_steps(topics, shortest=3), topics
    assert re.search(r"algebra|exam|vector|matri|eigen|linear", str(topics), re.I), topics
    assert stays_off_topic(" ".join(topics)), topics


async def edit_refactoring_as_text(model: Model) -> None:
    """The lesson's refactoring task, asked for as a numbered list in plain text."""
    prompt = (
        "Write a plan, as a numbered list, one step a line and nothing else: "
        "refactor the authentication module to use JWT."
    )
    lines = (await ask(model, prompt)).splitlines()
    steps = [line for line in lines if line.strip()]
    assert are_steps(steps), steps
    assert all(re.match(rf"\s*{n}[.)] ", step) for n, step in enumerate(steps, start=1)), steps
    assert "jwt" in " ".join(steps).casefold(), steps
    assert not re.search(r"\bs\d\b", " ".join(steps)), f"ids that no line has: {steps}"
    assert stays_off_topic(" ".join(steps)), steps


async def edit_plan_as_todo_list(model: Model) -> None:
    """steps, id, depends_on are called todo, key, blocked_by."""

    class Todo(BaseModel):
        key: str
        title: str
        blocked_by: list[str]

    class TodoList(BaseModel):
        todo: list[Todo]

    todo = (await fill(model, f"Make a to-do list. {RESEARCH}", TodoList)).todo
    titles = [item.title for item in todo]
    assert are_steps(titles), titles
    assert "to-do" not in " ".join(titles).casefold(), "making the list is no item of the list"
    assert is_ordered({item.key: item.blocked_by for item in todo}), todo
    everything = " ".join(titles)
    assert "competitor" in everything or all(company in everything for company in PRICES), titles


async def edit_plan_with_integer_ids(model: Model) -> None:
    """Ids are whole numbers, and the list is called actions."""

    class Action(BaseModel):
        number: int
        what: str
        after: Annotated[list[int], Field(description="Numbers of actions that must end first.")]

    class Actions(BaseModel):
        actions: list[Action]

    actions = (await fill(model, f"Plan this: {RESEARCH}", Actions)).actions
    assert are_steps(action.what for action in actions), actions
    assert len({action.number for action in actions}) == len(actions)
    assert is_ordered({action.number: action.after for action in actions}), actions


async def edit_plan_with_rationale_and_tool(model: Model) -> None:
    """Each task names one of three tools, gives a rationale, and the plan a confidence."""

    class Task(BaseModel):
        name: str
        tool: Literal["look_up_things", "calculate", "save_note"]
        rationale: str

    class Tasks(BaseModel):
        tasks: list[Task]
        confidence: Annotated[float, Field(ge=0, le=1)]

    text = (
        "Tools: look_up_things searches the web, calculate does arithmetic, save_note writes a "
        f"file.\nPlan this task: {RESEARCH} Save the report as report.md."
    )
    plan = await fill(model, text, Tasks)
    used = [task.tool for task in plan.tasks]
    assert (used[0], used[-1]) == ("look_up_things", "save_note"), plan
    assert all(len(t.rationale.split()) > 2 and t.rationale != t.name for t in plan.tasks), plan
    assert 0 < plan.confidence <= 1


async def edit_nested_plan(model: Model) -> None:
    """A plan of phases, each with actions of its own."""

    class Phase(BaseModel):
        phase: str
        actions: list[str]

    class Project(BaseModel):
        phases: list[Phase]

    project = await fill(model, "Plan in phases: move our office from Basel to Bern.", Project)
    actions = [action for phase in project.phases for action in phase.actions]
    assert are_steps([p.phase for p in project.phases], least=2, shortest=3), project
    assert all(phase.actions for phase in project.phases), project
    assert are_steps(actions), actions
    assert "office" in str(project) or "Bern" in str(project), project
    assert stays_off_topic(str(project)), project


async def edit_at_most_two_steps(model: Model) -> None:
    """The prompt sets an upper limit."""

    class Steps(BaseModel):
        steps: list[str]

    steps = (await fill(model, f"Plan this in at most 2 steps. {RESEARCH}", Steps)).steps
    assert are_steps(steps, least=1), steps
    assert len(steps) <= 2, steps
    assert re.search(r"research|search|find|look|gather|collect", steps[0], re.I), steps
    assert re.search(r"report|summar", steps[-1], re.I), steps


async def edit_exactly_five_steps(model: Model) -> None:
    """The prompt sets the number, as a word."""

    class Steps(BaseModel):
        steps: list[str]

    text = "Make a plan with exactly five steps for organising a book fair in our school."
    steps = (await fill(model, text, Steps)).steps
    assert len(steps) == 5, steps
    assert are_steps(steps), steps
    assert "fair" in " ".join(steps).casefold(), steps
    assert stays_off_topic(" ".join(steps)), steps


async def edit_course_plan_with_other_tools(model: Model) -> None:
    """The course's own Plan, for tools that the course does not have."""
    tools = Toolbox([web_search("crawl_site"), calculate])
    described = "\n".join(f"- {t.name}: {t.description}" for t in tools)
    goal = "Find the prices of Globex and Initech and work out the difference."
    plan = await fill(model, f"Tools:\n{described}\n\nMake a plan. Goal: {goal}", Plan)
    used = [step.tool for step in plan.steps if step.how == "tool"]
    assert set(used) == {"crawl_site", "calculate"}, used
    assert used.index("crawl_site") < used.index("calculate")
    assert is_ordered({step.id: list(step.needs) for step in plan.steps}), plan
    for step in plan.steps:
        if step.tool is not None:
            assert {a.name for a in step.arguments} == set(tools[step.tool].parameters.model_fields)


async def edit_planner_told_what_failed(model: Model) -> None:
    """The planner hears that a tool is down and must plan around it."""

    class Step(BaseModel):
        description: str
        tool: Literal["web_search", "read_file", "write_file"]

    class NewPlan(BaseModel):
        steps: list[Step]

    text = (
        "Goal: write a report on the prices of Globex and Initech to report.md.\n"
        "Tools: web_search, read_file (price_list.txt has all prices), write_file.\n"
        "Step s1 with web_search failed: the service is down until tomorrow. "
        "Make a new plan that works without web_search."
    )
    used = [step.tool for step in (await fill(model, text, NewPlan)).steps]
    assert "web_search" not in used
    assert "read_file" in used
    assert used[-1] == "write_file"


async def edit_goal_analysis(model: Model) -> None:
    """Outputs, budget and forbidden tools are read out of the goal."""

    class Analysis(BaseModel):
        outputs: Annotated[list[str], Field(description="Files that must exist at the end.")]
        budget_usd: float | None
        forbidden_tools: list[str]

    text = "Write report.md about Globex. Spend at most $2.50. Do not use send_email."
    analysis = await fill(model, text, Analysis)
    assert any("report.md" in output for output in analysis.outputs), analysis
    assert analysis.budget_usd == 2.5
    assert analysis.forbidden_tools == ["send_email"]
