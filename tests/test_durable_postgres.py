"""Plans on DBOS, kept in PostgreSQL, with several workers; one is killed, the server goes away."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from planlab.durable import run_durable, worker
from planlab.errors import LearnerError
from planlab.schedule import run_graph
from tests.durable_steps import RUN, Book, layered, notebook, stepper, tasks
from tests.postgres import find_programs, start_server

ROOT = Path(__file__).resolve().parent.parent
PLAN = layered(4, 4)
IDS = sorted(step.id for step in PLAN.steps)


@pytest.fixture(scope="module")
def server():
    programs = find_programs()
    if programs is None:
        reason = "PostgreSQL is not installed here (on Debian: apt-get install postgresql)"
        if os.environ.get("CI_RUN_REQUIRES_POSTGRES"):
            pytest.fail(reason)
        pytest.skip(reason)
    server = start_server(programs)
    yield server
    server.remove()


@pytest.fixture
def url(server, request):
    """A database of its own for each test; DBOS makes it."""
    return server.url(request.node.name[:60])


@pytest.fixture
def book(server):
    """Where effects happen: tables in PostgreSQL, emptied for each test."""
    url = server.url().replace("postgresql:", "postgresql+psycopg:")
    with create_engine(url, poolclass=NullPool).begin() as tables:
        tables.execute(text("DROP TABLE IF EXISTS asked, kept"))
    return Book(url)


@contextmanager
def working(url, effects, executor, **environment):
    """A worker process, killed at the end if it lives still."""
    command = [sys.executable, "-m", "tests.durable_steps", url, effects, executor, "work"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def undisturbed(tmp_path):
    """What the plan gives on a dict."""
    book = Book(f"sqlite:///{tmp_path / 'undisturbed'}")
    return await run_graph(tasks(PLAN, stepper(notebook(book))))


async def test_a_plan_gives_the_same_as_on_a_dict(url, book, tmp_path):
    async with worker(stepper(notebook(book)), executor_id="one", url=url):
        done = await run_durable(PLAN, run_id=RUN, url=url)
    assert done == await undisturbed(tmp_path)
    assert book.read("step", "kept") == IDS


async def test_two_workers_share_a_plan_and_one_is_killed_and_started_again(url, book, tmp_path):
    """Each effect is there once, and the answer is that of a run that nobody disturbed."""
    kill = tmp_path / "KILL"
    kill.write_text("after s1_0")
    run = asyncio.create_task(run_durable(PLAN, run_id=RUN, url=url))
    with (
        working(url, book.url, "one", KILL=str(kill)) as one,
        working(url, book.url, "two", KILL=str(kill)) as two,
    ):
        waits = [asyncio.create_task(asyncio.to_thread(w.wait)) for w in (one, two)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        assert sorted((one.poll() or 0, two.poll() or 0)) == [-signal.SIGKILL, 0]
        with working(url, book.url, "two" if one.poll() is None else "one"):
            done = await run
    await asyncio.gather(*waits)
    assert done == await undisturbed(tmp_path)
    assert book.read("step", "kept") == IDS
    assert len(book.read("step", "asked")) <= len(IDS) + 2  # at most what was in flight
    assert set(book.read("writer", "asked")) == {"one", "two"}


async def test_a_server_that_goes_away_is_an_error_and_loses_nothing_when_it_is_back(
    url, server, tmp_path
):
    """The worker stays, and keeps what it has until it can write it down."""
    book, half = Book(f"sqlite:///{tmp_path / 'effects'}"), asyncio.Event()
    call_tool = stepper(notebook(book, seconds=0.05))

    async def run_step(step, known):
        if step.id == "s2_0":
            half.set()
        return await call_tool(step, known)

    async with worker(run_step, executor_id="one", url=url, limit=2):
        run = asyncio.create_task(run_durable(PLAN, run_id=RUN, url=url))
        await half.wait()
        await asyncio.to_thread(server.stop)
        try:
            with pytest.raises(LearnerError, match="cannot be used") as caught:
                await run
        finally:
            await asyncio.to_thread(server.start)
        done = await run_durable(PLAN, run_id=RUN, url=url)
    assert server.password not in str(caught.value)
    assert done == await undisturbed(tmp_path)
    assert book.read("step", "asked") == book.read("step", "kept") == IDS
