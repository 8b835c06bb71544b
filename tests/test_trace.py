"""The trace: everything in its place, nothing lost, no key written."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from itertools import count
from pathlib import Path
from textwrap import dedent

import pytest

from planlab.errors import BadFile, NotSaved, PlanlabError
from planlab.records import Usage
from planlab.schedule import Task, run_graph
from planlab.trace import Trace, current_trace, span

SECRET = "correct-horse-battery"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.jsonl"


# Nesting


def test_times_are_seconds_since_the_trace_began() -> None:
    ticks = count(100.0)
    with Trace(clock=lambda: next(ticks)) as trace, span("run", "outer"), span("tool", "inner"):
        pass
    assert [(s.name, s.start, s.end, s.seconds) for s in trace.spans] == [
        ("outer", 1, 4, 3),
        ("inner", 2, 3, 1),
    ]


async def test_parallel_branches_nest_each_under_its_own() -> None:
    async def branch(name: str) -> None:
        with span("step", name):
            await asyncio.sleep(0)
            with span("tool", f"{name}.tool"):
                await asyncio.sleep(0)

    with Trace() as trace, span("run", "all"):
        await asyncio.gather(branch("a"), branch("b"))
    assert parents(trace) == {"all": None, "a": "all", "b": "all", "a.tool": "a", "b.tool": "b"}


async def test_tasks_of_a_graph_nest_under_whoever_runs_it() -> None:
    async def step(*inputs: object) -> None:
        with span("tool", f"{len(inputs)} inputs"):
            await asyncio.to_thread(in_thread)

    def in_thread() -> None:
        with span("tool", "in a thread"):
            pass

    with Trace() as trace, span("run", "graph"):
        await run_graph([Task("a", step), Task("b", step, ("a",), timeout=9)])
    assert parents(trace)["0 inputs"] == parents(trace)["1 inputs"] == "graph"
    assert [trace.spans[s.parent or 0].name for s in trace.spans if s.name == "in a thread"] == [
        "0 inputs",
        "1 inputs",
    ]


def test_a_leaf_has_no_children() -> None:
    stream = span("model", "stream", leaf=True)
    with Trace() as trace, span("run", "all"), stream, span("tool", "meanwhile"):
        pass
    assert parents(trace) == {"all": None, "stream": "all", "meanwhile": "all"}


def test_without_a_trace_a_span_is_recorded_nowhere() -> None:
    with span("run", "alone") as opened:
        opened.data["a"] = 1
    with current_trace() as trace:
        assert trace.spans == []


def test_traces_inside_traces_keep_apart() -> None:
    with Trace() as outer:
        with span("run", "a"), Trace() as inner, span("run", "b"):
            pass
        with current_trace() as current:
            assert current is outer
    assert (parents(outer), parents(inner)) == ({"a": None}, {"b": None})


def test_usage_is_summed_over_all_spans() -> None:
    with Trace() as trace, span("run", "a"):
        for _ in range(2):
            with span("model", "m") as call:
                call.usage = Usage(calls=1, input_tokens=3, output_tokens=2, dollars=0.5)
    assert trace.usage == Usage(calls=2, input_tokens=6, output_tokens=4, dollars=1.0)
    assert len(trace.of("model")) == 2


# What ended is not lost


@pytest.mark.parametrize("error", [ValueError("oops"), KeyboardInterrupt(), SystemExit(3)])
def test_whatever_raises_is_noted_and_written(error: BaseException, path: Path) -> None:
    with pytest.raises(type(error)), Trace(path), span("run", "all"):  # noqa: PT012
        with span("tool", "good"):
            pass
        with span("tool", "bad"):
            raise error
    spans = Trace.load(path).spans
    assert [s.name for s in spans] == ["all", "good", "bad"]
    assert [bool(s.error) for s in spans] == [True, False, True]
    assert all(s.end is not None for s in spans)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_kill_loses_only_what_had_not_ended(path: Path) -> None:
    program = """
        import os, signal, sys
        from planlab.trace import Trace, span
        with Trace(sys.argv[1]), span("run", "all"):
            for name in "abc":
                with span("tool", name):
                    pass
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert python(program, path).returncode == -9
    assert [s.name for s in Trace.load(path).spans] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "text", ["plain", "zwei\nZeilen", "\u2028 \u2029 \x85 \x1c", "\ud83d", "é€😀"]
)
def test_a_trace_is_loaded_as_it_was(text: str, path: Path, tmp_path: Path) -> None:
    with Trace(path) as trace, span("run", text) as outer:
        outer.data["text"] = {"list": [text, 1, None, 2.5]}
        with span("model", "m", leaf=True) as inner:
            inner.usage = Usage(1, 2, 3, 4, 0.5)
    assert Trace.load(path).spans == trace.spans
    trace.save(tmp_path / "copy.jsonl")
    assert Trace.load(tmp_path / "copy.jsonl").spans == trace.spans


ODD = [{("a", "b"): 1}, {1: "one"}, {"a"}, threading.Lock(), object(), float("nan"), b"bytes"]


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
def test_what_json_does_not_know_harms_neither_the_run_nor_the_file(
    value: object, path: Path
) -> None:
    with Trace(path), span("run", "a") as opened:
        opened.data["odd"] = value
    assert [s.name for s in Trace.load(path).spans] == ["a"]


def test_a_circle_harms_neither_the_run_nor_the_file(path: Path) -> None:
    with Trace(path), span("run", "a") as opened:
        opened.data["self"] = opened.data
    assert [s.name for s in Trace.load(path).spans] == ["a"]


def test_a_set_is_written_in_order(path: Path) -> None:
    with Trace(path), span("run", "a") as opened:
        opened.data["taint"] = frozenset(["web", "mail", "file", "note"])
    assert Trace.load(path).spans[0].data["taint"] == ["file", "mail", "note", "web"]


# Files


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_line_cut_by_a_crash_is_left_out_with_a_warning(cut: int, path: Path) -> None:
    with Trace(path), span("run", "a"), span("tool", "b"):
        pass
    with path.open("ab") as file:
        file.write(json.dumps({"id": "éééé"}, ensure_ascii=False).encode()[:cut])
    with pytest.warns(UserWarning, match="cut off"):
        spans = Trace.load(path).spans
    assert [s.name for s in spans] == ["a", "b"]


def test_a_spoilt_line_in_the_middle_is_named(path: Path) -> None:
    with Trace(path), span("run", "a"), span("tool", "b"):
        pass
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "{", lines[2]]) + "\n")
    with pytest.raises(BadFile, match="Line 2"):
        Trace.load(path)


@pytest.mark.parametrize("content", [b"dear diary\n", b"\xff\xfe\x00", b'{"a": 1}\n', b"\n"])
def test_a_file_that_is_no_trace_is_never_overwritten(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    for write in (Trace(path).__enter__, lambda: Trace().save(path), lambda: Trace.load(path)):
        with pytest.raises(BadFile, match="trace"):
            write()
    assert path.read_bytes() == content


def test_an_older_trace_is_replaced_and_an_empty_file_used(path: Path) -> None:
    path.touch()
    for name in ("old", "new"):
        with Trace(path), span("run", name):
            pass
    assert [s.name for s in Trace.load(path).spans] == ["new"]


def test_a_place_that_cannot_be_written_is_named_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(NotSaved, match="another place"), Trace(tmp_path / "no" / "trace"):
        raise AssertionError("nothing may run")
    with pytest.raises(PlanlabError, match=tmp_path.name), Trace(tmp_path):
        raise AssertionError("nothing may run")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device there")
def test_a_full_disk_is_named_before_anything_runs() -> None:
    with pytest.raises(NotSaved, match="No space left"), Trace("/dev/full"):
        raise AssertionError("nothing may run")
    with pytest.raises(NotSaved, match="No space left"):
        Trace().save("/dev/full")


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit there")
def test_a_disk_that_fills_up_harms_no_run_and_is_reported_at_its_end(path: Path) -> None:
    program = """
        import resource, sys
        from pathlib import Path
        from planlab.errors import NotSaved
        from planlab.trace import Trace, span
        here = Path(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, resource.RLIM_INFINITY))
        try:
            with Trace(here) as trace:
                for number in range(20):
                    with span("tool", str(number)):
                        pass
                print("run to its end")
        except NotSaved as error:
            print(error)
        try:
            with Trace(here.with_suffix(".second")), span("run", "x" * 600):
                raise ValueError("its own")
        except ValueError as error:
            print(error, error.__notes__)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        trace.save(here.with_suffix(".saved"))
    """
    ran = python(program, path)
    assert ran.stdout.startswith("run to its end\nThe trace could not be written"), ran.stderr
    assert ran.stdout.count("trace.save(path)") == 2
    assert "\nits own ['The trace could not be written" in ran.stdout
    assert len(Trace.load(path.with_suffix(".saved")).spans) == 20


# Keys


def test_no_key_is_written_to_a_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f'{SECRET}"\\')
    shapes = ["sk-proj-abcdefgh12345678", "Bearer abcdefgh12345678", os.environ["OPENAI_API_KEY"]]
    with Trace(path) as trace:
        for secret in shapes:
            note(secret)
    trace.save(path.with_suffix(".saved"))
    for file in (path, path.with_suffix(".saved")):
        written = file.read_text()
        assert "abcdefgh" not in written
        assert SECRET not in written
        assert len(Trace.load(file).spans) == len(shapes)


def note(secret: str) -> None:
    with suppress(ValueError), span("tool", f"call {secret}") as opened:
        opened.data["headers"] = {secret: [f"first\n{secret}", {"deep": f"\t{secret}"}]}
        raise ValueError(f"refused:\n{secret}")


def test_no_key_stands_in_the_error_of_a_span(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with pytest.raises(ValueError, match="refused"), Trace() as trace, span("run", "a"):
        raise ValueError(f"refused {SECRET}")
    assert trace.spans[0].error == "ValueError: refused [OPENAI_API_KEY removed]"


# Helpers


def parents(trace: Trace) -> dict[str, str | None]:
    """Each span's name, and the name of the span around it."""
    names = {None: None, **{one.id: one.name for one in trace.spans}}
    return {one.name: names[one.parent] for one in trace.spans}


def python(program: str, path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", dedent(program), str(path)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
