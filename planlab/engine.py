"""DBOS, the durable engine behind `planlab.durable`: how it is reached, started and stopped.

It keeps workflows and their results in a database, SQLite or PostgreSQL, and hands them to workers.
DBOS is one a process and has a loop and threads of its own; this module keeps them apart from the
caller's. It is imported where it is used: the rest of planlab runs without it.
"""

import asyncio
import logging
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from planlab.errors import BadInput, LearnerError

if TYPE_CHECKING:
    from dbos import DBOSClient, DBOSConfig, WorkflowHandleAsync

Workflow = Callable[..., Awaitable[object]]

APP = "planlab"  # the name of the application and of its one queue
# Ours, since DBOS would take a hash of the source: an edited cell would orphan what is unfinished.
VERSION = "planlab-1"
POLL = 0.02  # seconds between two looks into the database


class OutOfReach(LearnerError):
    """The database is not there, or no database of this kind."""


@asynccontextmanager
async def engine(
    url: str, executor_id: str, limit: int, workflows: Mapping[str, Workflow]
) -> AsyncIterator[None]:
    """While it is open, this process runs the workflows of these names, `limit` at once.

    Raises `BadInput` where DBOS runs in this process already; as `connection` does.
    """
    async with connection(url) as client:
        # Before the start, since a running engine looks for new queues once a second.
        with reaching(url):
            await client.register_queue_async(
                APP, worker_concurrency=limit, polling_interval_sec=POLL, application_name=APP
            )
    # In a thread: DBOS takes over the loop that it is started in, and leaves its work there behind.
    stop = await asyncio.to_thread(_start, url, executor_id, workflows)
    try:
        yield
    finally:
        await asyncio.to_thread(stop)


def _start(url: str, executor_id: str, workflows: Mapping[str, Workflow]) -> Callable[[], None]:
    """Start DBOS; returns what stops it."""
    from dbos import DBOS
    from dbos import error as dbos_error

    DBOS(config=_config(url, executor_id))
    try:
        DBOS.listen_queues([APP])
    except dbos_error.DBOSException as error:
        raise BadInput(
            "DBOS runs in this process already, and there is one a process: close it first, or "
            "open the worker in another process."
        ) from error
    for name, run in workflows.items():
        # However often it is killed: no number of recoveries is too many.
        DBOS.workflow(name=name, max_recovery_attempts=None)(run)
    try:
        with reaching(url):
            DBOS.launch()
    except BaseException:
        DBOS.destroy()
        raise
    return DBOS.destroy


def _config(url: str, executor_id: str) -> "DBOSConfig":
    from dbos import DBOSConfig, DBOSPortableJSONSerializer

    return DBOSConfig(
        name=APP,
        system_database_url=url,
        application_version=VERSION,
        executor_id=executor_id,
        # JSON: DBOS pickles by default, and would run what anybody wrote into the database.
        serializer=DBOSPortableJSONSerializer(),
        log_level="ERROR",
        notification_listener_polling_interval_sec=POLL,
    )


@asynccontextmanager
async def connection(url: str) -> "AsyncIterator[DBOSClient]":
    """A client of the database, which is made where there is none.

    Raises `LearnerError` where DBOS is not installed, or the database cannot be used.
    """
    try:
        from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer
    except ImportError as error:
        raise LearnerError("A durable run needs DBOS: pip install dbos") from error
    logging.getLogger("dbos").setLevel(logging.ERROR)  # what matters is raised
    mend_old_sqlite()

    def connect() -> DBOSClient:
        DBOS.migrate(url)
        return DBOSClient(
            system_database_url=url,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APP,
            retry_connection_errors=False,
        )

    with reaching(url):
        client = await asyncio.to_thread(connect)
    try:
        yield client
    finally:
        await asyncio.to_thread(client.destroy)


async def enqueue(
    client: "DBOSClient", workflow: str, id: str, *arguments: str
) -> "WorkflowHandleAsync[str]":
    """The workflow under this id: put into the queue, or the one that is there."""
    from dbos import EnqueueOptions

    options = EnqueueOptions(
        workflow_name=workflow, queue_name=APP, workflow_id=id, app_version=VERSION
    )
    return await client.enqueue_async(options, *arguments)


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Turns what the database raises into an error that says what to do, without the password."""
    from dbos import error as dbos_error
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, dbos_error.DBOSInitializationError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        where = re.sub(r"(?<=:)[^:@/]*(?=@)", "***", url)
        raise OutOfReach(
            f"The database {where} cannot be used: {cause}. What is in it is kept: start it, "
            "or mend the URL, and call again with the same run id."
        ) from error


def mend_old_sqlite() -> None:
    """Give SQLite before 3.42 the clock with fractions that DBOS takes for granted."""
    from sqlalchemy import Engine, event

    if sqlite3.sqlite_version_info < (3, 42) and not event.contains(Engine, "connect", _add_clock):
        event.listen(Engine, "connect", _add_clock)


def _add_clock(connection: object, record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("unixepoch", 1, lambda _: time.time())
