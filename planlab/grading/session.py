"""One grading session on an open gradebook: marks in, grades in, table, pages and exports out."""

import asyncio
import secrets
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from tqdm import tqdm

from planlab.errors import BadInput
from planlab.grading.checks import Lab
from planlab.grading.exports import render_canvas, render_moodle
from planlab.grading.feedback import read_scheme, write_pages
from planlab.grading.files import digest_folder, write_file
from planlab.grading.gradebook import Gradebook, Run, Terms
from planlab.grading.grades import Grade, changes
from planlab.grading.labs import shown
from planlab.grading.marks import Typed, bind, bind_late, parse_marks
from planlab.grading.roster import MISSING, Student
from planlab.grading.sheets import read_text
from planlab.grading.submissions import Submission
from planlab.grading.summary import render_names, render_summary, say
from planlab.grading.table import (
    MARKS_READ,
    NAME,
    Row,
    handed_in,
    keep_edited,
    make_rows,
    write_table,
)


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
    ) -> AsyncGenerator[Grade, None]: ...


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


@dataclass(frozen=True)
class Session:
    """One command at work on an open gradebook."""

    order: Order
    lab: Lab
    book: Gradebook
    package: str
    now: Callable[[], datetime]

    def read_marks(self, known: set[str], manual: Path | None = None) -> None:
        """Take in what a person typed into our table since it was last read, and all of `manual`.

        Both are checked before the first mark is kept.
        """
        known, table = known | self.book.names(), self.order.out / NAME
        text, before = read_text(table) if table.exists() else "", self.book.noted(MARKS_READ)
        edited = parse_marks(text, NAME, self.lab, known, before=before) if text else []
        given = parse_marks(read_text(manual), manual.name, self.lab, known) if manual else []
        self._keep(edited, table)
        self.book.note(MARKS_READ, text)
        if manual:
            self._keep(given, manual)

    def _keep(self, typed: Sequence[Typed], path: Path) -> None:
        if new := bind(typed, self.book):
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            self.book.add_marks(new, f"{path.name}, {changed.isoformat()}", self.now())
            say(f"Marks read from {shown(path)}: {len(new)}.")

    def terms(self) -> Terms:
        """What this run's grades depend on. Each gradebook draws a seed of its own, once."""
        seed, last = self.order.seed, self.book.last_run()
        if seed is None:
            seed = last.terms.seed if last else secrets.randbits(32)
        version = digest_folder(self.order.lab_folder)
        return Terms(self.lab.id, version, seed, self.package)

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
            say(f"Going on with run {run.id}: {len(done)} of {len(submissions)} were graded.")
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
                f"{render_names(missing)} not. Give the same command again to go on.",
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
        async with aclosing(grades) as stream:
            async for grade in stream:
                self.book.add(run, grade, self.now())
                tick()

    def report(self, run: Run, roster: Sequence[Student]) -> int:
        """Write table, pages and exports; the run is finished when they are there."""
        out, lab = self.order.out, self.lab
        self.read_marks(set())  # somebody may have typed while the class was graded
        self.book.add_marks(bind_late(self.book), "the first answer graded", self.now())
        rows = make_rows(self.book, run, {student.submission for student in roster})
        if copy := keep_edited(out, self.book):
            say(f"{NAME} had been changed in more than 'manual'. As it was: {shown(copy)}.")
        write_pages(out, lab, run, rows, read_scheme(self.order.lab_folder, lab))
        write_file(out / "canvas.csv", render_canvas(lab, rows, roster))
        write_file(out / "moodle.csv", render_moodle(lab, rows, roster))
        write_table(out, lab, rows, self.book)
        moved = self.finish(run, rows) if self.order.paths else []
        if gone := sorted(handed_in(self.book).keys() - {row.name for row in rows}):
            say(f"Not on the roster, left out: {render_names(gone)}.")
        say(render_summary(lab.id, out, rows, moved))
        return 0

    def finish(self, run: Run, rows: Sequence[Row]) -> list[str]:
        """Say that the run is finished; returns what changed since the ones before."""
        self.book.finish(run, self.now())
        if any(row.older for row in rows):
            done = sum(not row.older and MISSING not in row.notes for row in rows)
            say(f"This run: {done} of {len(rows)}. Rows of earlier runs say so in their note.")
        before = self.book.newest(run.id - 1).items()
        previous = {name: entry.grade for name, entry in before if entry.grade}
        return changes({row.name: row.grade for row in rows}, previous) if previous else []
