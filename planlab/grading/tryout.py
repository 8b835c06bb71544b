"""The visible checks on a learner's notebook, without opening it: `python -m planlab check`.

The cells run in a fresh Python of their own, as a new kernel would run them: what they print is
dropped, what they raise is named. They may not end, or end that Python: this one keeps watch.
"""

import asyncio
import importlib
import io
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from planlab.errors import BadInput
from planlab.grading.labs import ROOT, check_lab, lab_of, read_notebook, shown, source_of

PATIENCE = 5.0  # seconds before a cell that still runs is named


@dataclass(frozen=True)
class Cell:
    """A code cell to run; `number` counts the code cells, as [n] does in a fresh notebook."""

    number: int
    source: str
    may_fail: bool

    def __str__(self) -> str:
        first = next((line.strip() for line in self.source.splitlines() if line.strip()), "")
        return f"Code cell {self.number} ({first[:40]}{'…' if first[40:] else ''})"


@dataclass(frozen=True)
class Doing:
    """Sent when something begins: a cell, or a question's checks."""

    what: str


@dataclass(frozen=True)
class Line:
    """Sent for each result: a line for the learner."""

    text: str
    ok: bool


@dataclass(frozen=True)
class Ended:
    """Sent last: everything was tried."""


Message = Doing | Line | Ended
Send = Callable[[Message], None]


def find_copy(name_or_path: str, root: Path = ROOT) -> tuple[Path, str]:
    """The notebook that is meant, and its lab: a lab's name means the copy in `work/`.

    Raises `BadInput` or `BadFile`, with what to do.
    """
    named = not name_or_path.endswith(".ipynb") and not Path(name_or_path).is_dir()
    path = Path(name_or_path)
    if named:
        check_lab(name_or_path, root / "labs")
        path = root / "work" / name_or_path / f"{name_or_path}.ipynb"
        if not path.exists():
            raise BadInput(
                f"{shown(path)} is not there. `python -m planlab start {name_or_path}` makes it; "
                "for a copy elsewhere, give the notebook's path."
            )
    lab = lab_of(read_notebook(path)) or path.stem
    if named and lab != name_or_path:
        raise BadInput(f"{shown(path)} is of another lab: {lab}, not {name_or_path}.")
    check_lab(lab, root / "labs")
    return path, lab


def check_copy(
    path: Path,
    lab: str,
    *,
    say: Callable[[str], None],
    root: Path = ROOT,
    patience: float = PATIENCE,
) -> bool:
    """Run the notebook's cells, then the lab's visible checks; whether everything holds."""
    cells = cells_of(read_notebook(path))
    # The checks beside the notebook come first, as in the notebook itself.
    places = (str(path.parent.resolve()), str(root / "labs" / lab))
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with receiver, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as settings:
        arguments = (cells, places, settings, sender)
        child = context.Process(target=run_child, args=arguments, daemon=True)
        try:
            child.start()
            sender.close()  # or its end would never be seen
            return follow(receiver, child, say, patience)
        finally:
            child.kill()
            child.join()
            child.close()


def cells_of(notebook: dict[str, Any]) -> list[Cell]:
    """The code cells to run; those that only check are left out: the checks come at the end."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [
        Cell(
            number, source_of(cell), "raises-exception" in cell.get("metadata", {}).get("tags", ())
        )
        for number, cell in enumerate(code, start=1)
        if not is_check(cell)
    ]


def is_check(cell: dict[str, Any]) -> bool:
    """Whether the cell is one that nbgrader grades: a check, and nothing of the learner's."""
    mark = cell.get("metadata", {}).get("nbgrader", {})
    return isinstance(mark, dict) and bool(mark.get("grade")) and not mark.get("solution")


def follow(
    receiver: "Connection[Any, Message]",
    child: SpawnProcess,
    say: Callable[[str], None],
    patience: float,
) -> bool:
    """Say what the child reports until it has ended; whether all was well."""
    doing, well = "Python", True
    while True:
        waited = patience
        while not receiver.poll(waited):
            say(f"{doing} is still running. If it never ends: Ctrl-C.")
            waited *= 2
        try:
            message = receiver.recv()
        except EOFError:
            child.join()
            say(f"✗ {doing} ended Python (exit code {child.exitcode}): the rest was not tried.")
            return False
        match message:
            case Doing(what):
                doing = what
            case Line(text, ok):
                say(text)
                well = well and ok
            case Ended():
                return well


def run_child(
    cells: list[Cell],
    places: tuple[str, ...],
    settings: str,
    sender: "Connection[Message, Any]",
) -> None:
    """The fresh Python: run everything, and report it to `sender`; `settings` is for IPython."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the parent ends this process
    threading.Thread(target=end_with_parent, daemon=True).start()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    for stream in (sys.stdout, sys.stderr):  # what a notebook prints fails on no terminal
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    os.chdir(places[0])
    sys.path[:0] = places
    # The learner's own settings of IPython do not count, nor does a real model: nothing is paid.
    for name in [name for name in os.environ if name.startswith(("PLANLAB_", "OPENAI_"))]:
        del os.environ[name]
    os.environ.update(IPYTHONDIR=settings, MPLBACKEND="agg")  # plots open no window
    asyncio.run(run_all(cells, sender.send))
    sender.send(Ended())


def end_with_parent() -> None:
    """Where the parent was killed, a cell that never ends must not go on alone."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


async def run_all(cells: list[Cell], send: Send) -> None:
    """Run the cells and then the checks, in the one event loop, as a kernel does."""
    from planlab.grading.cells import make_shell, run_cell

    shell = make_shell()
    for cell in cells:
        send(Doing(str(cell)))
        error = await run_cell(shell, cell.source)
        if error and not cell.may_fail:
            send(Line(f"✗ {cell} fails: {error}", False))
    await run_checks(shell.user_ns, send)


async def run_checks(names: dict[str, object], send: Send) -> None:
    """Check each question on the notebook's names."""
    from planlab.grading.cells import in_words
    from planlab.grading.checks import in_place, render_finding, run_check

    send(Doing("checks.py"))
    try:
        lab = importlib.import_module("checks").lab
    except Exception as error:
        send(Line(f"✗ checks.py fails: {in_words(error)}", False))
        return
    connect = in_place(names)
    for question in lab.questions:
        send(Line(f"\n{question.title}", True))
        if question.manual:
            send(Line("  A person reads this one.", True))
        for check in lab.of(question.id):
            send(Doing(f"The check {check.words!r}"))
            finding = await run_check(lab, check, connect)
            send(Line(f"  {render_finding(finding)}", finding.ok))
