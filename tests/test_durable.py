"""Plans on DBOS, kept in SQLite: the same answers as in memory, whatever is killed."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dbos import DBOS

from planlab.durable import run_durable, worker
from planlab.errors import (
    BadInput,
    LearnerError,
    NeedsApproval,
    StuckPlan,
    ToolFailed,
    Transient,
)
from planlab.records import Observation
from planlab.schedule import Failed, Waiting, run_graph
from planlab.tools import Call, Risk
from planlab.trace import Trace, span
from tests.durable_steps import RUN, Book, layered, notebook, plan, step, stepper, tasks

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """A database that DBOS has made its tables in, which takes a second or more."""
    path = tmp_path_factory.mktemp("durable") / "empty.sqlite"
    DBOS.migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def url(empty, tmp_path):
    shutil.copy(empty, tmp_path / "durable.sqlite")
    return f"sqlite:///{tmp_path / 'durable.sqlite'}"


def gives(results):
    """A `run_step` that gives, for each step, a value or raises an error; and what it was asked."""
    asked = []

    async def run_step(step, known):
        asked.append(step.id)
        end = results.get(step.id, step.id)
        if isinstance(end, Exception):
            raise end
        return Observation(end)

    return run_step, asked


def answers(steps, book):
    """What the plan gives on a dict, as the process prints it."""
    done = asyncio.run(run_graph(tasks(steps, stepper(notebook(book)))))
    return [f"{step.id} {done[step.id].unwrap()['text']}" for step in steps.steps]


async def test_a_plan_gives_the_same_as_run_graph_on_a_dict(url, tmp_path):
    run_step = stepper(notebook(Book(f"sqlite:///{tmp_path / 'effects'}")))
    async with worker(run_step, executor_id="one", url=url):
        done = await run_durable(layered(4, 4), run_id=RUN, url=url)
    assert done == await run_graph(tasks(layered(4, 4), run_step))
    assert list(done) == [step.id for step in layered(4, 4).steps]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
@pytest.mark.parametrize("moment", ["before s0_0", "after s1_2", "before s2_2"])
def test_a_killed_run_goes_on_and_no_effect_is_doubled(url, tmp_path, moment):
    kill, effects = tmp_path / "KILL", f"sqlite:///{tmp_path / 'effects'}"
    kill.write_text(moment)
    command = [sys.executable, "-m", "tests.durable_steps", url, effects, "one", "run"]
    killed, again = (
        subprocess.run(
            command, cwd=ROOT, env=os.environ | {"KILL": str(kill)}, timeout=50, capture_output=True
        )
        for _ in range(2)
    )
    assert killed.returncode == -signal.SIGKILL
    assert again.stderr == b""
    book = Book(effects)
    asked, kept = book.read("step", "asked"), book.read("step", "kept")
    assert kept == sorted(step.id for step in layered(3, 3).steps)
    assert len(asked) - len(kept) <= 2  # no more is done again than was in flight
    assert again.stdout.decode().splitlines() == answers(layered(3, 3), book)


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([step("a", "b"), step("b", "a")], StuckPlan),
        ([step("a"), step("b", "nowhere")], StuckPlan),
        ([step("a"), step("a")], BadInput),
    ],
    ids=["cycle", "unknown id", "id twice"],
)
async def test_a_plan_that_cannot_end_is_refused_before_anything_runs(tmp_path, steps, error):
    with pytest.raises(error):
        await run_durable(plan(*steps), run_id=RUN, url=f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("run_id", ["", "a/b"])
async def test_a_run_id_that_could_be_mistaken_for_a_step_is_refused(run_id, url):
    with pytest.raises(BadInput, match="run id"):
        await run_durable(plan(), run_id=run_id, url=url)


async def test_a_failure_silences_its_descendants_only_and_is_tried_again(url):
    """The failure, once mended, is made up for by the same call; what ended is not done again."""
    diamond = plan(step("a"), step("b", "a"), step("c"), step("d", "b", "c"), step("e", "c"))
    results = {"b": ToolFailed("no paper")}
    run_step, asked = gives(results)
    async with worker(run_step, executor_id="one", url=url):
        done = await run_durable(diamond, run_id=RUN, url=url)
        assert [type(done[id]) for id in "ace"] == [Observation] * 3
        for id in "bd":
            assert isinstance(done[id], Failed)
            assert (done[id].at, str(done[id].error)) == ("b", "no paper")
            assert type(done[id].error) is ToolFailed
        results["b"] = "paper"
        done = await run_durable(diamond, run_id=RUN, url=url)
    assert {id: seen.value for id, seen in done.items()} == {
        "a": "a",
        "b": "paper",
        "c": "c",
        "d": "d",
        "e": "e",
    }
    assert sorted(asked) == ["a", "b", "b", "c", "d", "e"]


async def test_a_step_that_needs_a_person_waits_and_goes_on_after_the_decision(url):
    call = Call("send", {"to": ["a@b.c"]}, "k", Risk.HIGH, "a", {"to": frozenset({"mail"})})
    results = {"a": NeedsApproval("ask", call)}
    run_step, _ = gives(results)
    async with worker(run_step, executor_id="one", url=url):
        done = await run_durable(plan(step("a"), step("b", "a")), run_id=RUN, url=url)
        assert done == {"a": Waiting("a", call), "b": Waiting("a", call)}
        results["a"] = "sent"
        done = await run_durable(plan(step("a"), step("b", "a")), run_id=RUN, url=url)
    assert done["b"] == Observation("b")


async def test_an_observation_that_holds_an_error_has_failed(url):
    async def run_step(step, known):
        return Observation(error=Transient("busy"))

    async with worker(run_step, executor_id="one", url=url):
        done = await run_durable(plan(step("a")), run_id=RUN, url=url)
    assert isinstance(done["a"], Failed)
    assert type(done["a"].error) is Transient


async def test_a_result_that_cannot_be_stored_fails_its_step_and_loses_no_other(url):
    run_step, _ = gives({"a": {1, 2}})
    async with worker(run_step, executor_id="one", url=url):
        done = await run_durable(plan(step("a"), step("b")), run_id=RUN, url=url)
    assert isinstance(done["a"], Failed)
    assert isinstance(done["a"].error, BadInput)
    assert "step 'a' cannot be stored" in str(done["a"].error)
    assert done["b"] == Observation("b")


async def test_another_plan_under_the_same_run_id_is_refused(url):
    with pytest.raises(TimeoutError):  # nobody works here: the run is begun, and waits
        async with asyncio.timeout(0.5):
            await run_durable(plan(step("a")), run_id=RUN, url=url)
    with pytest.raises(BadInput, match="another plan"):
        await run_durable(plan(step("b")), run_id=RUN, url=url)


async def test_steps_run_in_the_loop_and_the_trace_of_who_opened_the_worker(url):
    here = asyncio.get_running_loop()

    async def run_step(step, known):
        with span("step", step.id):
            return Observation(asyncio.get_running_loop() is here)

    with Trace() as trace:
        async with worker(run_step, executor_id="one", url=url):
            done = await run_durable(plan(step("a")), run_id=RUN, url=url)
    assert done == {"a": Observation(True)}
    assert [s.name for s in trace.spans] == ["a"]
    assert await asyncio.to_thread(len, "the loop's threads still work") > 0


async def test_what_a_closed_worker_was_doing_comes_back_to_the_next(url):
    begun, ended = asyncio.Event(), []

    async def hang(step, known):
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.5)  # tidying up
            ended.append(step.id)

    run = asyncio.create_task(run_durable(plan(step("a")), run_id=RUN, url=url))
    async with worker(hang, executor_id="one", url=url):
        await begun.wait()
    assert ended == ["a"]  # nothing is left running behind
    async with worker(gives({})[0], executor_id="one", url=url):
        assert await run == {"a": Observation("a")}


async def test_a_second_worker_in_one_process_is_refused_and_the_first_goes_on(url):
    run_step, _ = gives({})
    async with worker(run_step, executor_id="one", url=url):
        with pytest.raises(BadInput, match="one a process"):
            async with worker(run_step, executor_id="two", url=url):
                pass
        assert await run_durable(plan(step("a")), run_id=RUN, url=url) == {"a": Observation("a")}


async def test_two_runs_share_the_workers_and_not_their_results(url):
    run_step, asked = gives({})
    async with worker(run_step, executor_id="one", url=url):
        await asyncio.gather(
            run_durable(plan(step("a")), run_id="first", url=url),
            run_durable(plan(step("a")), run_id="second", url=url),
        )
    assert asked == ["a", "a"]


async def test_without_dbos_the_error_says_what_to_install(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "dbos", None)
    with pytest.raises(LearnerError, match="pip install dbos"):
        await run_durable(plan(), run_id=RUN, url=url)


@pytest.mark.parametrize("where", ["no folder", "no database", "no server"])
async def test_a_database_out_of_reach_is_an_error_that_tells_no_password(tmp_path, where):
    (tmp_path / "text.sqlite").write_text("This is no database at all." * 100)
    url = {
        "no folder": f"sqlite:///{tmp_path}/nowhere/durable.sqlite",
        "no database": f"sqlite:///{tmp_path}/text.sqlite",
        "no server": "postgresql://me:hunter22@127.0.0.1:1/plans",
    }[where]
    with pytest.raises(LearnerError, match="cannot be used") as caught:
        await run_durable(plan(step("a")), run_id=RUN, url=url)
    assert "hunter22" not in str(caught.value)
    assert (tmp_path / "text.sqlite").read_text().startswith("This is no database")


def test_the_trap_an_event_driven_graph_in_one_workflow_mixes_up_its_results(url):
    """Why each step is a workflow of its own: this one ends without an error, and wrongly."""
    command = [sys.executable, "-m", "tests.durable_trap", url]
    assert subprocess.run([*command, "crash"], cwd=ROOT, timeout=30).returncode == 9
    resumed = subprocess.run(command, cwd=ROOT, timeout=30, capture_output=True, text=True)
    assert resumed.returncode == 0
    assert resumed.stdout.splitlines() != [f"second of {number}" for number in range(8)]
