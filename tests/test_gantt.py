"""The Gantt chart: what it says of a run, in words and as a picture."""

import re

import pytest

from planlab.records import Plan, Step
from planlab.schedule import Task, run_graph
from planlab.show import gantt
from planlab.trace import Span, Trace, span

NEEDS = {"a": (), "b": (), "join": ("a", "b")}


def spans(*rows, kind="step"):
    """Spans from (name, start, end[, error])."""
    return [
        Span(number, None, kind, name, start, end, error=error[0] if error else None)
        for number, (name, start, end, *error) in enumerate(rows)
    ]


RUN = spans(("a", 5.0, 6.0), ("b", 5.0, 8.0), ("join", 8.0, 8.5))


def head_of(shown):
    return shown.text.splitlines()[0]


def row_of(shown, name):
    """The cells of a row of the text table."""
    lines = shown.text.splitlines()
    (line,) = (line for line in lines[3:] if line.split("  ")[0].strip() == name)
    return re.split(r" {2,}", line.strip())


def test_the_text_is_a_table_of_times_needs_and_the_critical_path():
    shown = gantt(RUN, NEEDS)
    assert row_of(shown, "a") == ["a", "0.000", "1.000", "1.000"]
    assert row_of(shown, "b") == ["b", "0.000", "3.000", "3.000", "yes"]
    assert row_of(shown, "join") == ["join", "3.000", "3.500", "0.500", "a, b", "yes"]


def test_the_first_line_says_how_long_it_took_and_why():
    said = head_of(gantt(RUN, NEEDS, title="Mine"))
    assert said == (
        "Mine: 3 steps, at most 2 at once, in 3.500 s. Critical path: b -> join, 3.500 s."
    )


def test_a_limit_adds_what_no_schedule_can_beat():
    assert head_of(gantt(RUN, NEEDS, limit=1)).endswith(
        "at most 1 at once takes less than 4.500 s."
    )


def test_a_pause_between_attempts_is_in_the_chain_and_not_in_the_work():
    tried = spans(("a", 0.0, 1.0, "Transient: no"), ("b", 1.0, 3.0), ("a", 3.0, 4.0))
    shown = gantt(tried, {"a": (), "b": ()}, limit=1)
    assert row_of(shown, "a")[1:4] == ["0.000", "4.000", "4.000"]
    assert head_of(shown).endswith("less than 4.000 s.")


def test_a_step_that_never_ran_is_in_the_table_without_times():
    shown = gantt(spans(("a", 0.0, 1.0, "ToolFailed: no")), NEEDS)
    assert row_of(shown, "join") == ["join", "never", "a, b"]
    assert "Critical path: a," in head_of(shown)


def test_a_planner_is_shown_beside_the_steps_that_began_while_it_wrote():
    writing = Span(0, None, "model", "sim-large", 0.0, 2.0)
    first = Span(1, None, "step", "a", 0.5, 1.0)
    inside = Span(2, 1, "model", "sim-small", 0.5, 1.0)
    shown = gantt([writing, first, inside], {"a": ()})
    assert row_of(shown, "model sim-large")[1:3] == ["0.000", "2.000"]
    assert row_of(shown, "a")[1:3] == ["0.500", "1.000"]
    assert "sim-small" not in shown.text


def test_rows_stand_in_the_graphs_order_between_planner_and_joiner():
    run = [
        Span(0, None, "model", "planner", 0.0, 1.0),
        Span(1, None, "step", "b", 0.5, 1.0),
        Span(2, None, "step", "a", 0.6, 1.0),
        Span(3, None, "model", "joiner", 1.0, 2.0),
    ]
    lines = gantt(run, {"a": (), "b": ()}).text.splitlines()[3:]
    assert [line.split("  ")[0].strip() for line in lines] == [
        "model planner", "a", "b", "model joiner"
    ]  # fmt: skip


def test_a_plan_says_what_waits_for_what():
    step = Step(
        id="a", description="d", how="tool", tool=None, arguments=(), depends_on=(), output="o",
        expected_output="",
    )  # fmt: skip
    plan = Plan(goal="g", reasoning="", steps=(step, step.model_copy(
        update={"id": "b", "depends_on": ("a",)})), version=1)  # fmt: skip
    assert row_of(gantt(spans(("a", 0.0, 1.0), ("b", 1.0, 2.0)), plan), "b")[4:] == ["a", "yes"]


@pytest.mark.parametrize("count", [0, 1, 200])
def test_a_chart_of_any_length_is_a_picture_with_words_and_a_table(count):
    run = spans(*((f"<t{n}>", n, n + 1.0) for n in range(count)))
    shown = gantt(run, {span.name: () for span in run})
    page = shown.forms["text/html"]
    assert page.startswith('<img alt="')
    assert page.count("<tr>") == 1 + count
    assert "<t0>" not in page


def test_a_step_still_running_lasts_until_what_ended_last():
    run = [Span(0, None, "step", "a", 0.0), Span(1, None, "step", "b", 0.0, 2.0)]
    assert row_of(gantt(run, {"a": (), "b": ()}), "a")[2] == "2.000"


async def test_the_chart_of_a_real_run_names_the_chain_that_was_slow():
    import asyncio

    def task(id, seconds):
        async def run(*_):
            with span("step", id):
                await asyncio.sleep(seconds)

        return Task(id, run, NEEDS[id])

    with Trace() as trace:
        await run_graph([task("a", 0.005), task("b", 0.05), task("join", 0.005)])
    assert "Critical path: b -> join," in head_of(gantt(trace, NEEDS))
