"""The same plan on a durable engine: DBOS, on SQLite to learn, on PostgreSQL with many workers.

Each step is a workflow of its own, under an id made of run, step and attempt; workers take them
from one queue in the database. What is ready is decided by `run_graph`, outside of any workflow:
DBOS finds again what a workflow did by the order of its calls, and in an event-driven graph that
order is another one after a crash. Nothing here hangs on an order, and no step holds a worker while
it waits for others. So whoever calls again with the same run id goes on where the run ended.

What was running when a worker was killed comes back when a worker with the same `executor_id`
starts, and runs again: a step happens at least once, and only a receiver that knows its idempotency
key makes that once.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from planlab.engine import POLL, OutOfReach, connection, engine, enqueue, reaching
from planlab.errors import BadInput, NeedsApproval
from planlab.records import Observation, Plan, Step
from planlab.schedule import Failed, Task, Waiting, run_graph
from planlab.stored import decode, encode

if TYPE_CHECKING:
    from dbos import DBOSClient

RunStep = Callable[[Step, Mapping[str, object]], Awaitable[Observation]]

URL = "sqlite:///durable.sqlite"  # in the current folder
UNFINISHED = ("ENQUEUED", "PENDING", "DELAYED")


async def run_durable(
    plan: Plan, *, run_id: str, url: str = URL, limit: int = 16
) -> dict[str, object]:
    """What each step gave, in plan order, as `run_graph` leaves it, and kept in the database.

    Workers on the same database do the steps; with none, this waits for one. At most `limit` steps
    are handed out at once. Called again with the same run id, it keeps the results and tries again
    what failed or waited.

    Raises, before anything runs, `StuckPlan` or `BadInput` for a plan that cannot run to its end
    or a run id of another plan; `LearnerError` where DBOS is not installed, or the database is not
    reached or goes away: nothing is lost, call again when it is back.
    """
    if not run_id or "/" in run_id:
        raise BadInput(f"The run id {run_id!r} must be a text without '/'.")
    await run_graph([Task(s.id, _nothing, s.needs) for s in plan.steps], limit=limit)
    async with connection(url) as client:
        with reaching(url):
            await _claim(client, run_id, plan)
            ids = await _attempts(client, run_id, plan)
        tasks = [_task(client, url, ids[step.id], step) for step in plan.steps]
        done = await run_graph(tasks, limit=limit)
    for end in done.values():
        if isinstance(end, Failed) and isinstance(end.error, OutOfReach):
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

    Raises `BadInput` where a worker, or DBOS otherwise, runs in this process already: there is one
    a process. Raises `LearnerError` where it is not installed, or the database is not reached.
    """
    if limit < 1 or not executor_id:
        raise BadInput("A worker needs a limit of 1 or more, and an executor_id of its own.")
    caller = _Caller(run_step, asyncio.get_running_loop(), copy_context())

    async def run(step: str, known: str) -> str:
        return await caller.run(step, known)

    try:
        async with engine(url, executor_id, limit, {"step": run, "plan": _nothing}):
            yield
    finally:
        if caller.running:
            await asyncio.wait(caller.running)


@dataclass(frozen=True)
class _Caller:
    """Who opened a worker: the steps run there, where the clients live that they use."""

    run_step: RunStep
    loop: asyncio.AbstractEventLoop
    context: Context
    running: set[asyncio.Task[str]] = field(default_factory=set)

    async def run(self, step: str, known: str) -> str:
        """The workflow of one step, called by DBOS in a loop of its own."""
        submit = asyncio.run_coroutine_threadsafe
        there = self.context.copy().run(submit, self._run(step, known), self.loop)
        return await asyncio.wrap_future(there)

    async def _run(self, step: str, known: str) -> str:
        """One step, in the caller's loop; who cancels it can wait until it has ended."""
        results = {id: decode(text) for id, text in json.loads(known).items()}
        task = asyncio.create_task(self._do(Step.model_validate_json(step), results))
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return await task

    async def _do(self, step: Step, results: Mapping[str, object]) -> str:
        async def attempt() -> object:
            seen = await self.run_step(step, results)
            if isinstance(seen, Observation):
                seen.unwrap()
            return seen

        done = await run_graph([Task(step.id, attempt)])
        return _encode_end(step.id, done[step.id])


async def _nothing(*_: object) -> None:
    """What stands for a step, to find what could never start, and is the workflow of a plan."""


async def _claim(client: "DBOSClient", run_id: str, plan: Plan) -> None:
    """Keep the plan, as a workflow's input; raises `BadInput` where the id has another one."""
    text = plan.model_dump_json()
    handle = await enqueue(client, "plan", run_id, text)
    begun = (await handle.get_status()).input
    if begun is None or begun["args"] != (text,):
        raise BadInput(
            f"Run {run_id!r} is of another plan: give this one a run id of its own, "
            "or run the plan that was begun."
        )


async def _attempts(client: "DBOSClient", run_id: str, plan: Plan) -> dict[str, str]:
    """For each step the workflow that has its result, works on it, or is to be begun."""
    found = await client.list_workflows_async(workflow_id_prefix=f"{run_id}/", load_input=False)
    vain = {w.workflow_id for w in found if w.status not in UNFINISHED and not _is_result(w.output)}
    ids = {}
    for step in plan.steps:
        attempts = (f"{run_id}/{step.id}/{number}" for number in count(1))
        ids[step.id] = next(id for id in attempts if id not in vain)
    return ids


def _task(client: "DBOSClient", url: str, id: str, step: Step) -> Task:
    """The step as a task: hand it to the workers, and wait for what they make of it."""

    async def run(*results: object) -> object:
        known = {need: encode(found) for need, found in zip(step.needs, results, strict=True)}
        with reaching(url):
            handle = await enqueue(client, "step", id, step.model_dump_json(), json.dumps(known))
            text = await handle.get_result(polling_interval_sec=POLL)
        return _decode_end(text)

    return Task(step.id, run, step.needs)


def _encode_end(step: str, end: object) -> str:
    """What became of a step, as text; a result that cannot be stored counts as a failure."""
    try:
        return encode(end)
    except BadInput as error:
        problem = f"The result of step {step!r} cannot be stored: {error}"
        return encode(Failed(step, BadInput(problem)))


def _decode_end(text: str) -> object:
    """The result, or raises what keeps the step from having one."""
    end = decode(text)
    if isinstance(end, Failed):
        raise end.error
    if isinstance(end, Waiting):
        raise NeedsApproval(f"{end.at} waits for a person.", end.request)
    return end


def _is_result(text: str | None) -> bool:
    return text is not None and not isinstance(decode(text), Failed | Waiting)
