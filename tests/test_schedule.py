"""The scheduler: against a brute-force reference on random graphs, then behaviour by behaviour."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_schedule import NEVER, Case, outcomes, play, random_case, shape, violations

from planlab.errors import (
    BadInput,
    BrokenStream,
    MalformedAnswer,
    NeedsApproval,
    Refused,
    StuckPlan,
    TimedOut,
    ToolFailed,
    Transient,
)
from planlab.schedule import Failed, Task, Waiting, run_graph

pytestmark = pytest.mark.looptime

Run = Callable[..., Awaitable[object]]

_BREAKS = {
    "error": BrokenStream,
    "cancelled": BrokenStream,
    "planlab": MalformedAnswer,
    "twice": BadInput,
}


# Random graphs


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_the_reference_on_random_graphs(seed: int) -> None:
    random = Random(seed)
    for _ in range(100):
        check(random_case(random))


@given(st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_agrees_with_the_reference_on_graphs_from_hypothesis(random: Random) -> None:
    check(random_case(random))


def check(case: Case) -> None:
    watched = play(case)
    expected, stuck = outcomes(case)
    assert violations(case, watched) == []
    if isinstance(watched.error, asyncio.CancelledError):
        assert set(watched.done) <= set(expected)
        rest = play(replace(case, gaps=None, broken="", cancel_at=NEVER), watched.done)
        assert {i: shape(v) for i, v in rest.done.items()} == expected
        return
    assert {i: shape(v) for i, v in watched.done.items()} == expected
    assert watched.left <= abandoned(watched.done)
    if case.broken:
        assert type(watched.error) is _BREAKS[case.broken]
    elif stuck:
        assert isinstance(watched.error, StuckPlan)
        assert set(watched.error.ids) == stuck
    else:
        assert watched.error is None


def abandoned(done: Mapping[str, object]) -> int:
    failed = {v.at: v for v in done.values() if isinstance(v, Failed)}
    return sum(getattr(v.error, "abandoned", False) for v in failed.values())


# As parallel as possible


async def test_a_task_starts_the_moment_its_own_dependencies_have_ended() -> None:
    """diag8: 8 chains of 8, chain i slow at its step i; barriers between steps cost 80 s."""
    tasks = [
        Task(f"{i}.{step}", sleeping(10 if i == step else 1), (f"{i}.{step - 1}",) if step else ())
        for i in range(8)
        for step in range(8)
    ]
    assert await seconds(run_graph(tasks)) == 17


async def test_two_hundred_tasks_run_as_many_at_once_as_allowed() -> None:
    tasks = [Task(str(i), sleeping(1)) for i in range(200)]
    assert await seconds(run_graph(tasks, limit=10)) == 20


async def test_steps_start_while_the_planner_still_streams() -> None:
    started: list[float] = []

    async def note() -> None:
        started.append(clock())

    began = clock()
    await run_graph(stream(2, Task("a", note), Task("b", note)))
    assert started == [began + 2, began + 4]


async def test_a_back_off_does_not_hold_a_worker() -> None:
    order: list[str] = []
    flaky = noting(order, "flaky", failing(Transient("busy"), times=1))
    tasks = [Task("flaky", flaky, retries=1), Task("other", noting(order, "other", sleeping(0.1)))]
    assert await seconds(run_graph(tasks, limit=1, pause=5)) == 5
    assert order == ["flaky", "other", "flaky"]


async def test_back_off_doubles() -> None:
    tasks = [Task("a", failing(Transient("busy"), times=3), retries=3)]
    assert await seconds(run_graph(tasks, pause=1)) == 1 + 2 + 4


async def test_results_arrive_in_the_order_of_depends_on() -> None:
    tasks = [
        Task("join", gathered, ("slow", "fast", "slow")),
        Task("slow", sleeping(2, "S")),
        Task("fast", sleeping(1, "F")),
    ]
    assert (await run_graph(tasks))["join"] == ("S", "F", "S")


# Failures and waits


async def test_a_failure_silences_its_descendants_and_nobody_else() -> None:
    error = Refused("not this one")
    tasks = [
        Task("bad", failing(error)),
        Task("child", gathered, ("bad",)),
        Task("grandchild", gathered, ("child", "good")),
        Task("good", gathered),
        Task("other", gathered, ("good",)),
    ]
    silenced = Failed("bad", error)
    assert await run_graph(tasks) == {
        **dict.fromkeys(("bad", "child", "grandchild"), silenced),
        "good": (),
        "other": ((),),
    }


async def test_a_needed_approval_silences_its_descendants() -> None:
    tasks = [
        Task("pay", failing(NeedsApproval("may I?", request="the call"))),
        Task("thank", gathered, ("pay",)),
    ]
    assert await run_graph(tasks) == dict.fromkeys(("pay", "thank"), Waiting("pay", "the call"))


async def test_a_failure_outweighs_a_wait() -> None:
    tasks = [
        Task("pay", failing(NeedsApproval("may I?", request="the call"))),
        Task("bad", failing(ToolFailed("broken"))),
        Task("both", gathered, ("pay", "bad")),
    ]
    done = await run_graph(tasks)
    assert done["both"] == done["bad"]


async def test_a_failure_at_the_head_of_a_long_chain_is_no_recursion() -> None:
    tasks = [Task(str(i), gathered, (str(i - 1),)) for i in range(1, 10_000)]
    done = await run_graph([*tasks, Task("0", failing(ToolFailed("broken")))])
    assert len(done) == 10_000
    assert all(value is done["0"] for value in done.values())


@pytest.mark.parametrize(
    "error", [ToolFailed("x"), Refused("no"), ValueError("x"), TimeoutError(), StopIteration()]
)
async def test_only_a_transient_failure_is_tried_again(error: Exception) -> None:
    order: list[str] = []
    await run_graph([Task("a", noting(order, "a", failing(error)), retries=3)])
    assert order == ["a"]


async def test_a_transient_failure_is_tried_again_no_more_often_than_allowed() -> None:
    order: list[str] = []
    error = Transient("busy")
    done = await run_graph([Task("a", noting(order, "a", failing(error)), retries=2)])
    assert order == ["a", "a", "a"]
    assert done["a"] == Failed("a", error)


async def test_a_tool_that_raises_cancelled_error_has_failed() -> None:
    done = await run_graph([Task("a", failing(asyncio.CancelledError())), Task("b", gathered)])
    assert isinstance(failure(done["a"]), ToolFailed)
    assert done["b"] == ()


async def test_a_tool_that_cancels_its_own_task_has_failed() -> None:
    async def cancels_itself() -> None:
        current = asyncio.current_task()
        assert current is not None
        current.cancel()
        await asyncio.sleep(0)

    tasks = [Task("a", cancels_itself), Task("b", gathered, ("a",)), Task("c", gathered)]
    done = await run_graph(tasks, limit=1)
    assert isinstance(failure(done["a"]), ToolFailed)
    assert done["b"] == done["a"]
    assert done["c"] == ()


# Time-outs


async def test_a_task_that_takes_too_long_is_cancelled_and_timed_out() -> None:
    ended: list[str] = []
    done = await run_graph([Task("a", cleaning_up(ended), timeout=1)])
    assert ended == ["cleaned up"]
    error = failure(done["a"])
    assert isinstance(error, TimedOut)
    assert not error.abandoned


async def test_a_swallowed_cancellation_is_reported_as_abandoned_and_its_result_discarded() -> None:
    order: list[str] = []
    done = await run_graph([Task("a", noting(order, "a", stubborn(5)), timeout=1, retries=3)])
    await asyncio.sleep(10)
    error = failure(done["a"])
    assert isinstance(error, TimedOut)
    assert error.abandoned
    assert "abandoned" in error.message
    assert order == ["a"], "an abandoned task still runs: a second one beside it would act twice"


async def test_a_result_that_comes_after_the_time_out_is_discarded() -> None:
    done = await run_graph([Task("a", stubborn(1.05), timeout=1)])
    assert isinstance(failure(done["a"]), TimedOut)


async def test_the_late_error_of_an_abandoned_task_is_no_noise() -> None:
    async def fails_late() -> None:
        await stubborn(5)()
        raise ValueError("late")

    noise: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, about: noise.append(about))
    await run_graph([Task("a", fails_late, timeout=1)])
    await asyncio.sleep(10)
    gc.collect()
    assert noise == []


async def test_an_abandoned_task_frees_its_worker() -> None:
    tasks = [Task("a", stubborn(100), timeout=1), Task("b", gathered)]
    assert await seconds(run_graph(tasks, limit=1)) < 2


async def test_a_time_out_is_tried_again() -> None:
    waits = iter([9, 1])

    async def first_slow() -> str:
        await asyncio.sleep(next(waits))
        return "second"

    assert await run_graph([Task("a", first_slow, timeout=2, retries=1)]) == {"a": "second"}


# Cancelling the run


async def test_cancelling_the_run_cancels_what_runs_and_starts_nothing_more() -> None:
    order: list[str] = []
    done: dict[str, object] = {}
    tasks = [Task("a", sleeping(1)), *chain_of(5, order, after="a")]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.5):
            await run_graph(tasks, done)
    assert order == ["0", "1"]
    assert list(done) == ["a", "0"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("allowed", [None, 50])
@pytest.mark.parametrize("ending", ["returns", "Transient", "ValueError"])
async def test_a_swallowed_cancellation_does_not_keep_the_run_alive(
    allowed: float | None, ending: str
) -> None:
    order: list[str] = []
    tasks = [
        Task("a", swallowing(ending), timeout=allowed, retries=1),
        *chain_of(1, order, after="a"),
    ]
    running = asyncio.create_task(run_graph([*tasks, Task("b", sleeping(5))], limit=1))
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.wait({running})
    assert running.cancelled()
    assert order == []


async def test_a_stream_that_swallows_the_cancellation_adds_nothing_more() -> None:
    order: list[str] = []

    async def planner() -> AsyncIterator[Task]:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            yield Task("late", noting(order, "late", gathered))

    running = asyncio.create_task(run_graph(planner()))
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.wait({running})
    assert running.cancelled()
    assert order == []


async def test_runs_in_a_task_that_was_cancelled_before() -> None:
    """As in a cleanup: whoever caught the cancellation may still run a graph."""
    done: dict[str, object] = {}

    async def cleanup() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            await run_graph([Task("a", sleeping(1, "clean"), timeout=9)], done)

    running = asyncio.create_task(cleanup())
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.wait({running})
    assert done == {"a": "clean"}


# The same `done` again


async def test_the_same_done_again_runs_only_the_rest() -> None:
    order: list[str] = []
    flaky = noting(order, "flaky", failing(ToolFailed("broken"), times=1))
    tasks = [
        Task("good", noting(order, "good", gathered)),
        Task("flaky", flaky),
        Task("child", noting(order, "child", gathered), ("good", "flaky")),
    ]
    done = await run_graph(tasks)
    assert order == ["good", "flaky"]
    assert await run_graph(tasks, done) is done
    assert order == ["good", "flaky", "flaky", "child"]
    assert done == {"good": (), "flaky": None, "child": ((), None)}


async def test_nothing_is_run_again_where_all_is_done() -> None:
    tasks = [Task("a", failing(AssertionError()), ("b",)), Task("b", failing(AssertionError()))]
    assert await run_graph(tasks, {"a": 1, "b": None}) == {"a": 1, "b": None}


async def test_a_result_in_done_needs_no_task() -> None:
    done = await run_graph([Task("b", gathered, ("a",))], {"a": "from an older plan"})
    assert done["b"] == ("from an older plan",)


async def test_a_done_that_cannot_be_written_stops_the_run_with_its_own_error() -> None:
    class Full(dict[str, object]):
        def __setitem__(self, key: str, value: object) -> None:
            raise OSError("disk full")

    tasks = [Task("a", sleeping(1)), Task("b", stubborn(3)), Task("c", gathered, ("a",))]
    with pytest.raises(OSError, match="disk full"):
        await run_graph(tasks, Full())
    with pytest.raises(OSError, match="disk full"):
        await run_graph(stream(1, *tasks), Full())


async def test_a_done_that_cannot_be_written_is_not_blamed_on_the_stream() -> None:
    class Picky(dict[str, object]):
        def __setitem__(self, key: str, value: object) -> None:
            if key == "child":
                raise OSError("disk full")
            super().__setitem__(key, value)

    tasks = stream(1, Task("bad", failing(ToolFailed("x"))), Task("child", gathered, ("bad",)))
    with pytest.raises(OSError, match="disk full"):
        await run_graph(tasks, Picky())


# What cannot be run


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_below_one_is_refused_before_anything_runs(limit: int) -> None:
    order: list[str] = []
    with pytest.raises(BadInput, match=str(limit)):
        await run_graph(chain_of(1, order), limit=limit)
    assert order == []


async def test_two_tasks_with_one_id_are_refused_before_anything_runs() -> None:
    order: list[str] = []
    with pytest.raises(BadInput, match="'0'"):
        await run_graph([*chain_of(3, order), Task("0", gathered)])
    assert order == []


async def test_an_id_twice_in_a_stream_breaks_it_after_what_can_run_has_run() -> None:
    done: dict[str, object] = {}
    with pytest.raises(BadInput, match="'a'"):
        await run_graph(stream(1, Task("a", sleeping(5, "A")), Task("a", gathered)), done)
    assert done == {"a": "A"}


@pytest.mark.parametrize(
    ("tasks", "stuck", "named"),
    [
        ({"a": ["a"]}, {"a"}, "a needs a"),
        ({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}, {"a", "b", "c", "d"}, "a needs b"),
        ({"d": ["c"], "c": ["b"], "b": ["c"]}, {"b", "c", "d"}, "c needs b needs c"),
        ({"a": ["ghost"], "b": ["a"]}, {"a", "b"}, "ghost"),
    ],
)
async def test_a_cycle_or_an_unknown_id_is_named(
    tasks: Mapping[str, list[str]], stuck: set[str], named: str
) -> None:
    done: dict[str, object] = {}
    graph = [Task(name, gathered, tuple(needs)) for name, needs in tasks.items()]
    with pytest.raises(StuckPlan, match=named) as caught:
        await run_graph([*graph, Task("free", gathered)], done)
    assert set(caught.value.ids) == stuck
    assert done == {"free": ()}


async def test_a_failure_without_a_task_in_done_is_an_unknown_id() -> None:
    with pytest.raises(StuckPlan, match="old"):
        await run_graph([Task("a", gathered, ("old",))], {"old": Failed("old", ToolFailed("x"))})


async def test_what_came_before_a_broken_stream_is_finished_first() -> None:
    async def planner() -> AsyncIterator[Task]:
        yield Task("slow", sleeping(10, "S"))
        yield Task("next", gathered, ("slow",))
        raise OSError("connection reset")

    done: dict[str, object] = {}
    with pytest.raises(BrokenStream, match="connection reset"):
        await run_graph(planner(), done)
    assert done == {"slow": "S", "next": ("S",)}


async def test_a_stream_that_was_cancelled_is_broken_and_not_ended() -> None:
    async def planner() -> AsyncIterator[Task]:
        yield Task("a", gathered)
        raise asyncio.CancelledError

    done: dict[str, object] = {}
    with pytest.raises(BrokenStream):
        await run_graph(planner(), done)
    assert done == {"a": ()}


async def test_an_empty_graph_is_done() -> None:
    assert await run_graph([]) == {}
    assert await run_graph(stream(1)) == {}


# What the tasks of these tests do


def clock() -> float:
    return round(asyncio.get_running_loop().time(), 6)


async def seconds(run: Awaitable[object]) -> float:
    """How long it took on the virtual clock."""
    began = clock()
    await run
    return round(clock() - began, 6)


async def gathered(*inputs: object) -> tuple[object, ...]:
    return inputs


def sleeping(seconds: float, value: object = None) -> Run:
    async def run(*inputs: object) -> object:
        await asyncio.sleep(seconds)
        return value

    return run


def failing(error: BaseException, times: float = float("inf")) -> Run:
    """Raises the first `times` times, then returns None."""
    calls: list[None] = []

    def run(*inputs: object) -> Awaitable[object]:
        calls.append(None)
        if len(calls) <= times:
            raise error
        return asyncio.sleep(0)

    return run


def noting(order: list[str], name: str, run: Run) -> Run:
    def noted(*inputs: object) -> Awaitable[object]:
        order.append(name)
        return run(*inputs)

    return noted


def stubborn(seconds: float) -> Run:
    """Swallows every cancellation until its time is over."""

    async def run(*inputs: object) -> str:
        until = clock() + seconds
        while clock() < until - 1e-6:  # the clock's resolution
            try:
                await asyncio.sleep(until - clock())
            except asyncio.CancelledError:
                continue
        return "late"

    return run


def swallowing(ending: str) -> Run:
    async def run() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            if ending == "Transient":
                raise Transient("the line went dead") from None
            if ending == "ValueError":
                raise ValueError("the line went dead") from None

    return run


def cleaning_up(ended: list[str]) -> Run:
    async def run() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            ended.append("cleaned up")

    return run


def chain_of(length: int, order: list[str], after: str | None = None) -> list[Task]:
    """Tasks of a second each, one after the other."""
    needs = [after, *map(str, range(length))]
    return [
        Task(str(i), noting(order, str(i), sleeping(1)), (needs[i],) if needs[i] else ())
        for i in range(length)
    ]


async def stream(gap: float, *tasks: Task) -> AsyncIterator[Task]:
    for task in tasks:
        await asyncio.sleep(gap)
        yield task


def failure(value: object) -> Exception:
    assert isinstance(value, Failed)
    return value.error
