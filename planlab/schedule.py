"""Run a task graph as parallel as it allows.

Each task starts the moment its last dependency has ended; a bounded number of workers take from one
queue of ready tasks; nothing polls. (Counting what each task still waits for is Kahn's topological
sort, Communications of the ACM 5(11), 1962; starting steps while the planner still writes is
LLMCompiler's, arXiv:2312.04511.)
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    MutableMapping,
)
from dataclasses import dataclass

from planlab.errors import (
    BadInput,
    BrokenStream,
    NeedsApproval,
    PlanlabError,
    StuckPlan,
    TimedOut,
    ToolFailed,
    Transient,
)

GRACE = 0.1  # seconds that a cancelled task has to end before it is called abandoned


@dataclass(frozen=True, slots=True)
class Task:
    """One task. `run` receives the results of `depends_on`, in that order; `timeout` is in seconds.

    `retries` counts further attempts after a `Transient` error; nothing else is tried again.
    """

    id: str
    run: Callable[..., Awaitable[object]]
    depends_on: tuple[str, ...] = ()
    timeout: float | None = None
    retries: int = 0


@dataclass(frozen=True)
class Failed:
    """In place of a result: task `at` failed. Its descendants hold the same value."""

    at: str
    error: Exception


@dataclass(frozen=True)
class Waiting:
    """In place of a result: task `at` waits for a person to decide on `request`."""

    at: str
    request: object


async def run_graph(
    tasks: Iterable[Task] | AsyncIterable[Task],
    done: MutableMapping[str, object] | None = None,
    *,
    limit: int = 16,
    pause: float = 0.5,
) -> MutableMapping[str, object]:
    """Run every task that can run, at most `limit` at once; returns `done`, results by task id.

    Results in `done` at the start are not run again, `Failed` and `Waiting` are: resuming,
    retrying, going on after an approval and replanning are all the same call with the same `done`.
    A retry waits `pause` seconds, twice as long each time, and holds no worker meanwhile.

    Raises, once everything that can run has run: `StuckPlan` for a cycle or an unknown id, and what
    broke the stream of tasks. Raises before anything runs: `BadInput` for a limit below 1 or two
    tasks with one id (in a stream, the second of them breaks it). Pass `done` to keep what ended
    before a raise.
    """
    if limit < 1:
        raise BadInput(f"limit is {limit}: at least one task must be allowed to run.")
    run = _Run({} if done is None else done, limit, pause)
    if not isinstance(tasks, AsyncIterable):
        for task in tasks:
            run.add(task)
    try:
        async with asyncio.TaskGroup() as run.group:
            run.hire()
            if isinstance(tasks, AsyncIterable):
                run.group.create_task(run.read(tasks))
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    run.raise_unfinished()
    return run.done


class _Run:
    """One run: what has ended, how much each task still waits for, who works."""

    group: asyncio.TaskGroup

    def __init__(self, done: MutableMapping[str, object], limit: int, pause: float) -> None:
        self.done, self.limit, self.pause = done, limit, pause
        self.ended: set[str] = set()
        self.silent: dict[str, Failed | Waiting] = {}
        self.tasks: dict[str, Task] = {}
        self.missing: dict[str, int] = {}
        self.dependents: defaultdict[str, list[Task]] = defaultdict(list)
        self.ready: deque[Task] = deque()
        self.attempts: defaultdict[str, int] = defaultdict(int)
        self.workers = self.free = 0
        self.broken: PlanlabError | None = None
        self.owner = asyncio.current_task()
        self.cancelled_before = self.owner.cancelling() if self.owner else 0

    def add(self, task: Task) -> None:
        if task.id in self.tasks:
            raise BadInput(f"Two tasks have the id {task.id!r}: ids must differ.")
        self.tasks[task.id] = task
        if self.has_ended(task.id):
            return
        missing = [i for i in dict.fromkeys(task.depends_on) if not self.has_ended(i)]
        for i in missing:
            self.dependents[i].append(task)
        if missing:
            self.missing[task.id] = len(missing)
        elif silencer := self.silencer(task):
            self.end(task, silencer)
        else:
            self.ready.append(task)

    def has_ended(self, id: str) -> bool:
        """In this run or, with a result, before it. What nobody needs is never looked at."""
        if id in self.ended:
            return True
        if id not in self.done or isinstance(self.done[id], Failed | Waiting):
            return False
        self.ended.add(id)
        return True

    def end(self, task: Task, value: object) -> None:
        """Note the result. A failure ends descendants too: a loop, since chains may be long."""
        ending = [(task, value)]
        while ending:
            task, value = ending.pop()
            self.done[task.id] = value
            self.ended.add(task.id)
            if isinstance(value, Failed | Waiting):
                self.silent[task.id] = value
            for dependent in self.dependents.pop(task.id, ()):
                self.missing[dependent.id] -= 1
                if self.missing[dependent.id]:
                    continue
                del self.missing[dependent.id]
                if silencer := self.silencer(dependent):
                    ending.append((dependent, silencer))
                else:
                    self.ready.append(dependent)

    def silencer(self, task: Task) -> Failed | Waiting | None:
        """What keeps a task from running whose dependencies have all ended; failure comes first."""
        if not self.silent:
            return None
        found = [self.silent[i] for i in task.depends_on if i in self.silent]
        return next((v for v in found if isinstance(v, Failed)), found[0] if found else None)

    def hire(self) -> None:
        """A worker for each ready task that no free worker will take, within the limit."""
        while self.free < len(self.ready) and self.workers < self.limit:
            self.workers += 1
            self.free += 1
            self.group.create_task(self.work())

    async def work(self) -> None:
        """Take what is ready until nothing is; whoever makes more ready hires again."""
        while self.ready:
            task = self.ready.popleft()
            self.free -= 1
            try:
                value = await self.attempt(task)
            except Transient:
                self.group.create_task(self.again(task))
            else:
                self.end(task, value)
            self.free += 1
            self.hire()
        self.workers -= 1
        self.free -= 1

    async def attempt(self, task: Task) -> object:
        """The result or what stands for it; raises `Transient` where it may be tried again."""
        arguments = [self.done[i] for i in task.depends_on]
        try:
            if task.timeout is None:
                value = await task.run(*arguments)
            else:
                value = await _within(task.timeout, task.run(*arguments), task.id)
        except NeedsApproval as error:
            value = Waiting(task.id, error.request)
        except asyncio.CancelledError:
            self.raise_if_cancelled()
            value = Failed(task.id, ToolFailed(f"Task {task.id!r} raised CancelledError."))
        except Exception as error:
            self.raise_if_cancelled()
            if self.may_retry(task, error):
                raise
            value = Failed(task.id, error)
        self.raise_if_cancelled()
        return value

    def raise_if_cancelled(self) -> None:
        """A tool may swallow the cancellation of the run or cancel itself: ask the run."""
        if self.owner is not None and self.owner.cancelling() > self.cancelled_before:
            raise asyncio.CancelledError

    def may_retry(self, task: Task, error: Exception) -> bool:
        left = self.attempts[task.id] < task.retries
        return left and isinstance(error, Transient) and not getattr(error, "abandoned", False)

    async def again(self, task: Task) -> None:
        """Put a task back after its pause, without holding a worker meanwhile."""
        await asyncio.sleep(self.pause * 2 ** self.attempts[task.id])
        self.attempts[task.id] += 1
        self.ready.append(task)
        self.hire()

    async def read(self, tasks: AsyncIterable[Task]) -> None:
        """Add tasks as they arrive. A break is kept until what can run has run."""
        try:
            async for task in _stream(tasks):
                self.raise_if_cancelled()
                self.add(task)
                self.hire()
        except asyncio.CancelledError:
            self.raise_if_cancelled()
            self.broken = BrokenStream("The stream of tasks was cancelled before its end.")
        except PlanlabError as error:
            self.broken = error

    def raise_unfinished(self) -> None:
        if self.broken:
            raise self.broken
        if not self.missing:
            return
        waiting = tuple(self.missing)
        unknown = sorted({i for w in waiting for i in self.tasks[w].depends_on} - self.tasks.keys())
        unknown = [i for i in unknown if not self.has_ended(i)]
        why = f"they need {', '.join(unknown)}, which is no task" if unknown else self.cycle()
        raise StuckPlan(f"{', '.join(waiting)} can never start: {why}.", waiting)

    def cycle(self) -> str:
        """One of the cycles, as 'a needs b needs a'."""
        path = [next(iter(self.missing))]
        while path[-1] not in path[:-1]:
            path.append(next(i for i in self.tasks[path[-1]].depends_on if i in self.missing))
        return " needs ".join(path[path.index(path[-1]) :])


async def _stream(tasks: AsyncIterable[Task]) -> AsyncIterator[Task]:
    """The tasks; whatever breaks them off comes as a `PlanlabError`."""
    try:
        async for task in tasks:
            yield task
    except PlanlabError:
        raise
    except Exception as error:
        raise BrokenStream(f"The stream of tasks broke off: {error!r}.") from error


async def _within(seconds: float, running: Awaitable[object], name: str) -> object:
    """The result if it comes in time; one that ignores its cancellation is left behind."""
    task = asyncio.ensure_future(running)
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    try:
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE)
    left = "" if task.done() else "; it ignored its cancellation and was abandoned"
    raise TimedOut(f"Task {name!r} took longer than {seconds:g} s{left}.", abandoned=bool(left))
