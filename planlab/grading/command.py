"""`python -m planlab grade`: a class graded into a folder.

Roster, marks and paths are checked before anything runs. Then each grade goes into the gradebook as
it is ready; table, pages and exports are made from the gradebook at the end. So a run that was
stopped, however, goes on where it was when the same command is given again.
"""

import argparse
import asyncio
import secrets
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from tqdm import tqdm

from planlab import __version__
from planlab.errors import BadInput
from planlab.grading.checks import Lab, load_lab
from planlab.grading.collect import find_submissions
from planlab.grading.exports import render_canvas, render_moodle
from planlab.grading.feedback import write_pages
from planlab.grading.files import digest_folder, write_file
from planlab.grading.gradebook import Gradebook, Run, Terms
from planlab.grading.grades import Grade, changes, render_points
from planlab.grading.labs import ROOT, check_lab, shown
from planlab.grading.marks import Typed, bind, bind_late, parse_marks
from planlab.grading.roster import Student, compare_with_class, parse_due, parse_roster
from planlab.grading.sheets import read_text
from planlab.grading.submissions import Submission
from planlab.grading.table import (
    MARKS_READ,
    NAME,
    Row,
    keep_edited,
    make_rows,
    render_notes,
    write_table,
)

_MOST_LINES = 30  # of one kind in the summary


class Judge(Protocol):
    """`planlab.grading.judge.grade_all`, or what stands in for it in a test."""

    def __call__(
        self,
        lab_folder: Path,
        submissions: Sequence[Submission],
        *,
        seed: int,
        jobs: int,
        unsafe: bool,
    ) -> AsyncIterator[Grade]: ...


@dataclass(frozen=True)
class Order:
    """What is to be graded, and how; without `paths` only marks are read."""

    lab_folder: Path
    out: Path
    paths: Sequence[Path] = ()
    roster: Path | None = None
    due: str | None = None
    seed: int | None = None
    manual: Path | None = None
    jobs: int = 1
    unsafe: bool = False


def run(options: argparse.Namespace) -> int:
    """Do what the command line says; 0 when the run is finished, whatever the submissions hold."""
    from planlab.grading.judge import grade_all

    check_lab(options.lab, ROOT / "solutions")
    if options.jobs < 1:
        raise BadInput(f"--jobs {options.jobs}: at least 1 is needed.")
    words = ("out", "roster", "due", "seed", "manual", "jobs", "unsafe")
    order = Order(
        ROOT / "solutions" / options.lab,
        paths=options.submissions,
        **{word: getattr(options, word) for word in words},
    )
    return run_order(order, grade_all)


def run_order(
    order: Order, judge: Judge, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> int:
    """Grade, and write everything into the order's folder."""
    lab = load_lab(order.lab_folder)
    roster_text = read_text(order.roster) if order.roster else ""
    roster = parse_roster(roster_text, order.roster.name) if order.roster else ()
    submissions = _find(order, lab, roster)
    with Gradebook(order.out, lab.id) as book:
        session = _Session(order, lab, book, now)
        session.read_marks({submission.name for submission in submissions}, order.manual)
        if not submissions:
            if not order.roster and (noted := book.noted("roster")):
                roster = parse_roster(noted, "the roster of the last run")
            return session.report(session.last_run(), roster)
        book.note("roster", roster_text)
        grades_run = book.begin(session.terms(), submissions, now())
        if not session.grade(grades_run, submissions, judge):
            return 1
        return session.report(grades_run, roster)


def _find(order: Order, lab: Lab, roster: Sequence[Student]) -> list[Submission]:
    """The class of this order; nobody where only marks are to be read."""
    if not order.paths:
        if order.manual is None:
            raise BadInput("Name the submissions to grade, or a table to read with --manual.")
        return []
    if order.out.resolve() in {path.resolve() for path in order.paths}:
        raise BadInput(f"{order.out} holds the submissions. Choose another folder with --out.")
    due = parse_due(order.due) if order.due else None
    return compare_with_class(find_submissions(order.paths, lab.id), roster, due)


@dataclass(frozen=True)
class _Session:
    """One command at work on an open gradebook."""

    order: Order
    lab: Lab
    book: Gradebook
    now: Callable[[], datetime]

    def read_marks(self, known: set[str], manual: Path | None = None) -> None:
        """Take in what a person typed into our table since it was last read, and all of `manual`.

        Both are checked before the first mark is kept.
        """
        known, table = known | self.book.names(), self.order.out / NAME
        text = read_text(table) if table.exists() else ""
        before = self._parsed(self.book.noted(MARKS_READ), NAME, known)
        edited = [mark for mark in self._parsed(text, NAME, known) if mark not in before]
        given = parse_marks(read_text(manual), manual.name, self.lab, known) if manual else []
        self._keep(edited, table)
        self.book.note(MARKS_READ, text)
        if manual:
            self._keep(given, manual)

    def _parsed(self, text: str, name: str, known: set[str]) -> list[Typed]:
        return parse_marks(text, name, self.lab, known) if text else []

    def _keep(self, typed: Sequence[Typed], path: Path) -> None:
        if new := bind(typed, self.book):
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            self.book.add_marks(new, f"{path.name}, {changed.isoformat()}", self.now())
            print(f"Marks read from {shown(path)}: {len(new)}.")

    def terms(self) -> Terms:
        """What this run's grades depend on. Each gradebook draws a seed of its own, once."""
        seed, last = self.order.seed, self.book.last_run()
        if seed is None:
            seed = last.terms.seed if last else secrets.randbits(32)
        return Terms(self.lab.id, digest_folder(self.order.lab_folder), seed, package_version())

    def last_run(self) -> Run:
        """The run whose marks are read."""
        if (last := self.book.last_run()) is None:
            raise BadInput(f"{self.order.out} holds no grades yet. Name the submissions to grade.")
        return last

    def grade(self, run: Run, submissions: Sequence[Submission], judge: Judge) -> bool:
        """Grade what the run has no grade of yet; returns whether all was done."""
        done = self.book.grades(run)
        rest = [submission for submission in submissions if submission.name not in done]
        if done:
            print(f"Going on with run {run.id}: {len(done)} of {len(submissions)} were graded.")
        try:
            with tqdm(
                total=len(submissions), initial=len(done), disable=None, desc=self.lab.id
            ) as bar:
                asyncio.run(self._grade(run, rest, judge, bar.update))
        except KeyboardInterrupt:
            pass
        done = self.book.grades(run)
        if missing := [s.name for s in submissions if s.name not in done]:
            print(
                f"Stopped: {len(done)} of {len(submissions)} are graded and kept, "
                f"{_listed(missing)} not. Give the same command again to go on.",
                file=sys.stderr,
            )
        return not missing

    async def _grade(
        self,
        run: Run,
        submissions: Sequence[Submission],
        judge: Judge,
        tick: Callable[[], object],
    ) -> None:
        # What a note says (late, not on the roster) is the entry's, and may change; a grade stays.
        bare = [replace(submission, notes=()) for submission in submissions]
        order = self.order
        grades = judge(
            order.lab_folder, bare, seed=run.terms.seed, jobs=order.jobs, unsafe=order.unsafe
        )
        async with aclosing(grades) as stream:  # type: ignore[type-var]
            async for grade in stream:
                self.book.add(run, grade, self.now())
                tick()

    def report(self, run: Run, roster: Sequence[Student]) -> int:
        """Write table, pages and exports; the run is finished when they are there."""
        out, lab = self.order.out, self.lab
        self.read_marks(set())  # somebody may have typed while the class was graded
        self.book.add_marks(bind_late(self.book), "the first answer graded", self.now())
        rows = make_rows(self.book, run)
        if copy := keep_edited(out, self.book):
            print(f"{NAME} had been changed in more than 'manual'. As it was: {shown(copy)}.")
        write_pages(out, lab, run, rows)
        write_file(out / "canvas.csv", render_canvas(lab, rows, roster))
        write_file(out / "moodle.csv", render_moodle(lab, rows, roster))
        write_table(out, lab, rows, self.book)
        moved = self.finish(run) if self.order.paths else []
        print(render_summary(out, rows, moved))
        return 0

    def finish(self, run: Run) -> list[str]:
        """Say that the run is finished; returns what changed since the one before."""
        self.book.finish(run, self.now())
        previous = self.book.last_run(before=run)
        return changes(self.book.grades(run), self.book.grades(previous)) if previous else []


def render_summary(out: Path, rows: Sequence[Row], moved: Sequence[str]) -> str:
    """What was done, what changed, and what needs a person."""
    mean = sum(row.total for row in rows) / len(rows)
    waiting = sum(row.waits for row in rows)
    noted = [f"{row.name}: {render_notes(row.notes)}" for row in rows if row.notes]
    lines = [
        f"{len(rows)} submissions in {shown(out / NAME)}, {render_points(mean)} points on average.",
        *_section("Changed since the run before:", moved),
        *_section("These need a person:", noted),
    ]
    if waiting:
        lines.append(
            f"Answers to be marked: {waiting}. Read them in {shown(out / 'answers.html')}, fill "
            f"the column 'manual' of {NAME}, and read it in with --manual {shown(out / NAME)}."
        )
    return "\n".join([*lines, f"The class at a glance: {shown(out / 'index.html')}"])


def _section(title: str, lines: Sequence[str]) -> list[str]:
    more = len(lines) - _MOST_LINES
    tail = [f"  and {more} more"] if more > 0 else []
    return [title, *(f"  {line}" for line in lines[:_MOST_LINES]), *tail] if lines else []


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def package_version() -> str:
    """planlab's version, and the commit of its tree where there is one."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return __version__
    command = [
        git,
        "--no-optional-locks",
        "-C",
        str(ROOT),
        "describe",
        "--always",
        "--dirty",
        "--exclude=*",
    ]
    described = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{__version__}+{described.stdout.strip()}" if described.returncode == 0 else __version__
