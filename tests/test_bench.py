"""The benchmarks measure what they say they measure; no test here looks at a time."""

import asyncio
import importlib
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).resolve().parent.parent / "bench"


@pytest.fixture(autouse=True)
def _bench_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


@pytest.fixture
def shapes() -> ModuleType:
    return importlib.import_module("shapes")


@pytest.fixture
def scheduler() -> ModuleType:
    return importlib.import_module("scheduler")


@pytest.fixture
def streaming() -> ModuleType:
    return importlib.import_module("streaming")


@pytest.mark.parametrize(
    ("name", "count", "path"),
    [
        ("5-task example", 5, ["search first rival", "compare", "report"]),
        ("MovieRec", 9, ["search 7", "join"]),
        ("ParallelQA", 8, ["search 2", "sum 2", "compare", "join"]),
    ],
)
def test_a_shape_is_what_its_name_says(
    shapes: ModuleType, name: str, count: int, path: list[str]
) -> None:
    assert len(shapes.SHAPES[name]) == count
    assert shapes.critical_path(shapes.SHAPES[name]) == path


def test_the_diagonal_has_a_slow_step_at_each_level(shapes: ModuleType) -> None:
    slow = [id for id, step in shapes.SHAPES["diag8"].items() if step.seconds > 1]
    assert slow == [f"{n}.{n}" for n in range(8)]
    assert len(shapes.critical_path(shapes.SHAPES["diag8"])) == 8


def test_each_layer_needs_three_steps_of_the_one_before(shapes: ModuleType) -> None:
    shape = shapes.layered(1_000, width=100)
    for n in range(1_000):
        needed = {int(id[1:]) // 100 for id in shape[f"t{n}"].needs}
        assert needed == ({n // 100 - 1} if n >= 100 else set())
        assert len(set(shape[f"t{n}"].needs)) == (3 if n >= 100 else 0)


def test_every_scheduler_that_is_installed_gives_right_results(
    scheduler: ModuleType, shapes: ModuleType
) -> None:
    for run in scheduler.installed().values():
        for shape in (shapes.layered(30, width=10), shapes.faster(shapes.SHAPES["diag8"], 0.001)):
            assert scheduler.measure(run, shape, 30) > 0


def test_wrong_results_end_the_benchmark(scheduler: ModuleType, shapes: ModuleType) -> None:
    async def forgets_the_last(shape: object) -> dict[str, object]:
        return dict(list(shapes.depths(shape).items())[:-1])

    with pytest.raises(SystemExit, match="wrong results"):
        scheduler.measure(forgets_the_last, shapes.chained(3), 30)


def test_a_run_that_outlasts_patience_is_told_as_a_bound(
    scheduler: ModuleType, shapes: ModuleType
) -> None:
    async def never(shape: object) -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    assert scheduler._microseconds(never, shapes.chained(10), 3, 0.01) == "over 1,000"


def test_a_peer_that_is_missing_is_named_and_left_out(
    scheduler: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scheduler, "find_spec", lambda package: None)
    measured = scheduler.installed()
    told = capsys.readouterr().out
    assert set(scheduler.SCHEDULERS) - set(measured) == {"LangGraph", "dask, threads"}
    assert "LangGraph is not installed" in told
    assert "dask, threads is not installed" in told


def test_the_earliest_end_waits_for_the_text_and_for_what_is_needed(
    streaming: ModuleType, shapes: ModuleType
) -> None:
    shape = {"a": shapes.Step((), 5.0), "b": shapes.Step(("a",), 1.0)}
    text = streaming.as_plan(shape).model_dump_json()
    tokens = len(streaming.in_tokens(text))
    first = len(streaming.in_tokens(text[: text.index("},{")])) + 1
    joining = streaming.JOINING
    assert streaming.earliest_end(shape, text, 1e9) == pytest.approx(6 + joining, abs=1e-3)
    assert streaming.earliest_end(shape, text, first) == pytest.approx(1 + 6 + joining)
    assert streaming.earliest_end(shape, text, 0.5) == pytest.approx(2 * tokens + joining)


@pytest.mark.parametrize("at_once", [False, True])
def test_the_planner_writes_the_whole_plan_in_the_time_that_its_rate_gives(
    streaming: ModuleType, at_once: bool
) -> None:
    text = '{"goal": "Zürich, 50 %"}'
    response = streaming.written(text, 10, at_once=at_once)
    last = response.delay + (len(response.chunks) - 1) * response.pace
    assert last == pytest.approx(len(streaming.in_tokens(text)) / 10)
    assert "".join(streaming.in_tokens(text)) == text
