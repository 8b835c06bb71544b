"""What the command says: at the end, what was done, what changed, and what needs a person."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from planlab.grading.grades import render_points
from planlab.grading.labs import shown
from planlab.grading.table import NAME, Row, render_notes

OUT = Path("grades")
"""The folder of grades where nobody names another."""
_MOST_LINES = 30  # of one kind


def say(text: str) -> None:
    """Print at once. A reader that went away (`| head`) stops nothing: the rest is for nobody.

    Python's own remedy ("Note on SIGPIPE", docs.python.org/3/library/signal.html).
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def render_summary(lab: str, out: Path, rows: Sequence[Row], moved: Sequence[str]) -> str:
    """What was done, what changed, and what needs a person."""
    mean = sum(row.total for row in rows) / len(rows)
    waiting = sum(row.waits for row in rows)
    noted = [
        f"{row.name}: {render_notes(row.notes)}" for row in rows if row.notes and not row.older
    ]
    lines = [
        f"{len(rows)} submissions in {shown(out / NAME)}, {render_points(mean)} points on average.",
        *_section("Changed since the run before:", moved),
        *_section("These need a person:", noted),
    ]
    if waiting:
        lines.append(
            f"Answers to be marked: {waiting}. Read them in {shown(out / 'answers.html')}, fill "
            f"the column 'manual' of {NAME}, and read it in:\n    {_marks_command(lab, out)}\n"
            "  Until then totals, canvas.csv and moodle.csv are without these points."
        )
    return "\n".join([*lines, f"The class at a glance: {shown(out / 'index.html')}"])


def _marks_command(lab: str, out: Path) -> str:
    """What to type to read the table's marks in, from this folder."""
    words = ["python", "-m", "planlab", "grade", lab, "--manual", shown(out / NAME)]
    elsewhere = out.resolve() != OUT.resolve()
    return shlex.join([*words, *(["--out", shown(out)] if elsewhere else [])])


def _section(title: str, lines: Sequence[str]) -> list[str]:
    more = len(lines) - _MOST_LINES
    tail = [f"  and {more} more"] if more > 0 else []
    return [title, *(f"  {line}" for line in lines[:_MOST_LINES]), *tail] if lines else []


def render_names(names: Sequence[str]) -> str:
    """A few names, and how many more."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
