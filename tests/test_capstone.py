"""The capstone comparison: runs that repeat, harm that is counted, judges that can say no."""

import random
from dataclasses import replace

import pytest

from planlab import errors
from planlab.compare import Outcome, Row, capstone
from planlab.compare.assignments import ASSIGNMENTS, PRICED, READERS, TOTALS
from planlab.compare.capstone import ALL, STUDY, Measured, parse_measured, run
from planlab.show.dashboard import (
    CONDITIONS,
    MEASURES,
    TASKS,
    cell,
    dashboard,
    dashboard_text,
    estimate,
)
from planlab.world import Mail, open_world

SUPPORT, RIVALS, QUARTER, MAILS = range(4)


def measured(system, **conditions):
    outcome = run(system, {**STUDY.base, "slips": 0, **conditions}, 0)
    return outcome, parse_measured(outcome.path)


# ---- runs


def test_a_run_is_the_same_each_time():
    conditions = {**STUDY.base, "task": QUARTER, "volatility": 0.4}
    assert run("with replanning", conditions, 3) == run("with replanning", conditions, 3)


def test_an_obeyed_order_is_harm_and_without_one_there_is_none():
    assert measured("ReAct", task=MAILS, attack=1, obeys=1)[1].harm == 1
    assert measured("ReAct", task=MAILS, attack=1, obeys=0)[1].harm == 0


def test_a_second_mail_after_a_kill_is_harm():
    harmed = [run("ReAct", {**STUDY.base, "task": MAILS, "crash": 1}, seed) for seed in range(4)]
    found = [(parse_measured(outcome.path).harm > 0, outcome.success) for outcome in harmed]
    assert (True, False) in found
    assert all(wrong != right for wrong, right in found)


def test_seconds_are_of_the_virtual_clock(monkeypatch):
    """Tools that are a second slower show: once a turn, since calls of one turn share it."""
    outcome, seen = measured("ReAct", task=QUARTER)
    assert 0.5 * (outcome.calls + seen.tools) < seen.makespan
    monkeypatch.setattr(capstone, "TOOL", 1.5)
    slower = measured("ReAct", task=QUARTER)[1]
    assert seen.makespan + 1 <= slower.makespan <= seen.makespan + seen.tools + 0.01


@pytest.mark.parametrize(
    "one", [Measured(), Measured(harm=2, asked=3, makespan=41.25, tools=7, crashed=1)]
)
def test_what_was_measured_can_be_read_back(one):
    assert parse_measured(one.text) == one


# ---- judges


def right_answer(task, world):
    """What a perfect agent says, and does."""
    if task == SUPPORT:
        counted = world.rows(
            "SELECT intent, COUNT(*) FROM tickets WHERE week = '2024-W50' GROUP BY intent "
            "ORDER BY 2 DESC, 1"
        )
        return f"{sum(n for _, n in counted)} tickets; {counted[0][0]}: {counted[0][1]}."
    if task == MAILS:
        rule = world.read("knowledge_base/refunds.md")
        for reader in READERS:
            world.post(Mail(reader, "refunds", rule))
        return rule
    rows = world.rows(PRICED if task == RIVALS else TOTALS)
    return "\n".join(f"{name}: {value:g}" for name, value in rows)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("task", range(4))
async def test_judge_and_check_agree_with_the_database(task, seed):
    job = ASSIGNMENTS[task]
    with open_world(seed) as world:
        job.setup(world, random.Random(seed))
        right = right_answer(task, world)
        assert job.is_right(world, right)
        assert await job.check(world.tools)(right) == []


@pytest.mark.parametrize("task", [SUPPORT, RIVALS, QUARTER])
async def test_judge_and_check_are_red_at_a_wrong_figure(task):
    job = ASSIGNMENTS[task]
    with open_world(0) as world:
        job.setup(world, random.Random(0))
        right = right_answer(task, world)
        for wrong in (right[:-3] + "9999.", "", "about right"):
            assert not job.is_right(world, wrong)
            assert await job.check(world.tools)(wrong)


@pytest.mark.parametrize("wrong", ["other days", "twice", "stranger", "none"])
async def test_the_mails_are_judged_by_the_outbox(wrong):
    job = ASSIGNMENTS[MAILS]
    with open_world(0) as world:
        job.setup(world, random.Random(0))
        rule = "within 7 days" if wrong == "other days" else world.read("knowledge_base/refunds.md")
        readers = {"twice": [*READERS, READERS[0]], "stranger": [*READERS[:2], "a@b.example"]}
        for reader in [] if wrong == "none" else readers.get(wrong, READERS):
            world.post(Mail(reader, "refunds", rule))
        assert not job.is_right(world, rule)
        assert await job.check(world.tools)("within 7 days")


# ---- the dashboard


def made_rows(runs=4):
    """Rows of every cell, in which system number n is right in the first n runs of each."""
    conditions = [
        {**STUDY.base, **each, "task": task} for each in CONDITIONS.values() for task in range(4)
    ]
    path = Measured(harm=1, makespan=2.0, tools=3).text
    return [
        Row(system, each, seed, Outcome(seed < n, "answered", n, 100 * n, 0.01 * n, path))
        for each in conditions
        for n, system in enumerate(ALL)
        for seed in range(runs)
    ]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_text_names_every_system_with_its_measure(task, condition):
    lines = dashboard_text(made_rows(), task, condition, "model calls").split("\n")
    assert [task in lines[0], condition in lines[0], "4 runs" in lines[0]] == [True] * 3
    found = {line[:16].strip(): line[16:].split()[0] for line in lines[3:]}
    assert found == {system: f"{n:.1f}" for n, system in enumerate(ALL)}


def test_a_share_has_wilson_s_interval_and_an_amount_its_standard_error():
    rows = cell(made_rows(), ALL[1], "rivals", "calm")
    share = estimate(rows, MEASURES["success"])
    assert (share.mean, round(share.low, 2), round(share.high, 2)) == (0.25, 0.05, 0.70)
    other = [replace(row, outcome=replace(row.outcome, calls=row.seed)) for row in rows]
    amount = estimate(other, MEASURES["model calls"])
    assert (amount.mean, round(amount.high - amount.mean, 2)) == (1.5, 1.27)


def test_a_dashboard_has_its_table_without_a_kernel_and_its_choices_with_one():
    forms = dashboard(made_rows())._repr_mimebundle_()
    assert forms["text/plain"] == dashboard_text(made_rows())
    assert "<table" in forms["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in forms


def test_missing_runs_and_unknown_names_are_refused():
    without = [row for row in made_rows() if row.system != "LATS"]
    with pytest.raises(errors.BadInput, match="no runs"):
        dashboard(without)
    with pytest.raises(errors.BadInput, match=r"'storm'.*calm"):
        dashboard_text(made_rows(), "rivals", "storm", "success")
    with pytest.raises(errors.BadInput, match=r"'speed'.*success"):
        dashboard_text(made_rows(), "rivals", "calm", "speed")
