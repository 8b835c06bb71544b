"""The same plan on a durable engine: DBOS, on SQLite to learn, on PostgreSQL with many workers.

Each step is a workflow of its own, under an id made of run, step and attempt; workers take them
from one queue in the database. What is ready is decided by `run_graph`, outside of any workflow:
DBOS finds again what a workflow did by the order of its calls, and in an event-driven graph that
order is another one after a crash. Nothing here depends on an order, and a step waits for what it
needs without a worker: so whoever calls again with the same run id goes on where the run ended.

What was running when a worker was killed comes back when a worker with the same `executor_id`
starts, and runs again: a step happens at least once, and only a receiver that knows its idempotency
key makes that once.
"""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from planlab.errors import BadInput, LearnerError
from planlab.packing import is_result, pack, unpack
from planlab.records import Observation, Plan, Step
from planlab.schedule import Failed, Task, run_graph

if TYPE_CHECKING:
    from dbos import DBOS, DBOSClient, Serializer, WorkflowHandleAsync

RunStep = Callable[[Step, Mapping[str, object]], Awaitable[Observation]]

URL = "sqlite:///durable.sqlite"  # in the current folder
APP = "planlab"
# Ours, since DBOS would take a hash of the source: an edited cell would orphan what is unfinished.
VERSION = "planlab-1"
POLL = 0.02  # seconds between two looks into the database
UNFINISHED = ("ENQUEUED", "PENDING", "DELAYED")


async def run_durable(
    plan: Plan, *, run_id: str, url: str = URL, limit: int = 16
) -> dict[str, object]:
    """What each step gave, in plan order, as `run_graph` leaves it, kept in the database.

    Workers on the same database do the steps; with none, this waits for one. At most `limit` steps
    are handed out at once. Called again with the same run id, it keeps the results and tries again
    what failed or waited.

    Raises, before anything runs, `StuckPlan` or `BadInput` for a plan that cannot run to its end
    or a run id of another plan; `LearnerError` where the database is not reached or goes away:
    nothing is lost, call again when it is back.
    """
    if not run_id or "/" in run_id:
        raise BadInput(f"The run id {run_id!r} must be a text without '/'.")
    await run_graph([Task(s.id, _nothing, s.needs) for s in plan.steps], limit=limit)
    async with _client(url) as client:
        with _reaching(url):
            await _claim(client, run_id, plan)
            ids = await _attempts(client, run_id, plan)
        tasks = [_task(client, url, ids[step.id], step) for step in plan.steps]
        done = await run_graph(tasks, limit=limit)
    for end in done.values():
        if isinstance(end, Failed) and isinstance(end.error, _OutOfReach):
            raise end.error
    return {step.id: done[step.id] for step in plan.steps}


@asynccontextmanager
async def worker(
    run_step: RunStep, *, executor_id: str, url: str = URL, limit: int = 8
) -> AsyncIterator[None]:
    """While it is open, this process does steps of every plan in the database, `limit` at once.

    `run_step` runs in the caller's event loop and trace. Each worker needs an `executor_id` of its
    own, the same at every start; the newest worker's `limit` holds for all. Closing it cancels
    what it does, and that comes back like what a killed one did.

    Raises `BadInput` where DBOS runs in this process already: there is one a process. Raises
    `LearnerError` where it is not installed, or the database is not reached.
    """
    if limit < 1 or not executor_id:
        raise BadInput("A worker needs a limit of 1 or more, and an executor_id of its own.")
    async with _client(url) as client:
        # Before the start, since a running engine looks for new queues once a second.
        with _reaching(url):
            await client.register_queue_async(
                APP, worker_concurrency=limit, polling_interval_sec=POLL, application_name=APP
            )
    caller = _Caller(run_step, asyncio.get_running_loop(), copy_context())
    # In a thread: DBOS takes over the loop that it is started in, and spoils it when it ends.
    engine = await asyncio.to_thread(_launch, caller, executor_id, url)
    try:
        yield
    finally:
        await asyncio.to_thread(engine.destroy)
        if caller.running:
            await asyncio.wait(caller.running)


@dataclass(frozen=True)
class _Caller:
    """Who opened a worker: the steps run there, where the clients live that they use."""

    run_step: RunStep
    loop: asyncio.AbstractEventLoop
    context: Context
    running: set[asyncio.Task[Any]] = field(default_factory=set)

    async def do(self, step: str, known: str) -> str:
        """The workflow of one step, called by DBOS in a loop of its own."""
        submit = asyncio.run_coroutine_threadsafe
        running = self.context.copy().run(submit, self._do(step, known), self.loop)
        return await asyncio.wrap_future(running)

    async def _do(self, text: str, known: str) -> str:
        task = asyncio.current_task()
        assert task is not None
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        step = Step.model_validate_json(text)
        results = {id: unpack(packed) for id, packed in json.loads(known).items()}

        async def attempt() -> object:
            seen = await self.run_step(step, results)
            if isinstance(seen, Observation):
                seen.unwrap()
            return seen

        done = await run_graph([Task(step.id, attempt)])
        return pack(step.id, done[step.id])


def _launch(caller: _Caller, executor_id: str, url: str) -> "type[DBOS]":
    """Start the engine of this process; raises `BadInput` where one runs already."""
    from dbos import DBOS, DBOSConfig
    from dbos import error as dbos_error

    config = DBOSConfig(
        name=APP,
        system_database_url=url,
        application_version=VERSION,
        executor_id=executor_id,
        serializer=_serializer(),
        log_level="ERROR",
    )
    DBOS(config=config)
    try:
        DBOS.listen_queues([APP])
    except dbos_error.DBOSException as error:
        raise BadInput(
            "DBOS runs in this process already, and there is one a process: close it first, or "
            "open the worker in another process."
        ) from error

    async def do_step(step: str, known: str) -> str:
        return await caller.do(step, known)

    # However often it is killed: no number of recoveries is too many.
    DBOS.workflow(name="step", max_recovery_attempts=None)(do_step)
    DBOS.workflow(name="plan", max_recovery_attempts=None)(_keep)
    try:
        with _reaching(url):
            DBOS.launch()
    except BaseException:
        DBOS.destroy()
        raise
    return DBOS


@asynccontextmanager
async def _client(url: str) -> "AsyncIterator[DBOSClient]":
    """A connection to the database, which is made where there is none."""
    try:
        from dbos import DBOS, DBOSClient
    except ImportError as error:
        raise LearnerError(
            "A durable run needs DBOS, which is not installed here: pip install dbos"
        ) from error
    logging.getLogger("dbos").setLevel(logging.ERROR)  # what matters is raised

    def connect() -> DBOSClient:
        DBOS.migrate(url)
        return DBOSClient(
            system_database_url=url,
            serializer=_serializer(),
            application_name=APP,
            retry_connection_errors=False,
        )

    with _reaching(url):
        client = await asyncio.to_thread(connect)
    try:
        yield client
    finally:
        await asyncio.to_thread(client.destroy)


class _OutOfReach(LearnerError):
    """The database is not there, or no database of this kind."""


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    """Turns what the database raises into an error that says what to do."""
    from dbos import error as dbos_error
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, dbos_error.DBOSInitializationError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise _OutOfReach(
            f"The database {_shown(url)} cannot be used: {cause}. What is in it is kept: start it, "
            "or mend the URL, and call again with the same run id."
        ) from error


def _shown(url: str) -> str:
    """The URL without its password."""
    return re.sub(r"(?<=:)[^:@/]*(?=@)", "***", url)


async def _nothing(*results: object) -> None:
    """In the place of a step: to find what could never start before anything runs."""


async def _keep(plan: str) -> None:
    """The workflow of a plan: its input stands in the database under the run id."""


async def _claim(client: "DBOSClient", run_id: str, plan: Plan) -> None:
    """Keep the plan under the run id; raises `BadInput` where another one is there."""
    text = plan.model_dump_json()
    handle = await _enqueue(client, "plan", run_id, text)
    status = await handle.get_status()
    if status.input is None or status.input["args"] != (text,):
        raise BadInput(
            f"Run {run_id!r} is of another plan: give this one a run id of its own, "
            "or run the plan that was begun."
        )


async def _attempts(client: "DBOSClient", run_id: str, plan: Plan) -> dict[str, str]:
    """For each step the workflow that has its result, works on it, or is to be begun."""
    found = await client.list_workflows_async(workflow_id_prefix=f"{run_id}/", load_input=False)
    vain = {w.workflow_id for w in found if w.status not in UNFINISHED and not is_result(w.output)}
    ids = {}
    for step in plan.steps:
        tries = (f"{run_id}/{step.id}/{number}" for number in count(1))
        ids[step.id] = next(id for id in tries if id not in vain)
    return ids


def _task(client: "DBOSClient", url: str, id: str, step: Step) -> Task:
    """The step as a task: hand it to the workers, and wait for what they make of it."""

    async def run(*results: object) -> object:
        known = {need: pack(need, found) for need, found in zip(step.needs, results, strict=True)}
        with _reaching(url):
            handle = await _enqueue(client, "step", id, step.model_dump_json(), json.dumps(known))
            return unpack(await handle.get_result(polling_interval_sec=POLL))

    return Task(step.id, run, step.needs)


async def _enqueue(
    client: "DBOSClient", workflow: str, id: str, *arguments: str
) -> "WorkflowHandleAsync[str]":
    """A workflow under this id: a new one, or the one that is there."""
    from dbos import EnqueueOptions

    options = EnqueueOptions(
        workflow_name=workflow, queue_name=APP, workflow_id=id, app_version=VERSION
    )
    return await client.enqueue_async(options, *arguments)


def _serializer() -> "Serializer":
    """JSON: DBOS pickles by default, and would run what anybody wrote into the database."""
    from dbos import DBOSPortableJSONSerializer

    return DBOSPortableJSONSerializer()
