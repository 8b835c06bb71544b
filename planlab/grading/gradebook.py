"""Every run of the grader, in one SQLite file: nothing is overwritten, nothing is lost.

Each grade is committed as it arrives, so that a killed run goes on where it was. The tables stand
in `planlab.grading.database`.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from planlab.errors import BadInput
from planlab.grading.database import open_database, transaction
from planlab.grading.files import digest
from planlab.grading.grades import Grade, from_json, to_json
from planlab.grading.submissions import Submission


@dataclass(frozen=True)
class Terms:
    """What a grade depends on besides the submission; a run goes on only under the same terms."""

    lab: str
    version: str
    """The digest of the lab's source."""
    seed: int
    """Of the hidden tests; a secret."""
    package: str
    """planlab's version, with the commit where there is one."""


@dataclass(frozen=True)
class Run:
    """One run; times are ISO 8601 with zone, `finished` is None while it is under way."""

    id: int
    terms: Terms
    started: str
    finished: str | None = None


@dataclass(frozen=True)
class Entry:
    """One submission of a run, by the run's number, with its grade once there is one."""

    run: int
    submission: str
    notes: tuple[str, ...]
    submitted: str | None
    dated_by: str
    grade: Grade | None


@dataclass(frozen=True)
class Mark:
    """The points that a person gave, None where they were taken back.

    `answer` is the digest of the answer that they are for, "" before there was a grade.
    """

    submission: str
    points: float | None
    answer: str


class Gradebook:
    """The gradebook of one lab in `folder`, made if it is not there. Use it in a `with` block.

    Raises `BadFile` for a file that is no gradebook, is damaged, or is in use, `BadInput` for
    another lab's.
    """

    def __init__(self, folder: Path, lab: str) -> None:
        self.lab, self.path = lab, folder / "gradebook.db"
        self._db = open_database(self.path)
        if (last := self.last_run()) and last.terms.lab != lab:
            self._db.close()
            raise BadInput(
                f"{folder} holds the grades of {last.terms.lab}. Give {lab} a folder of its own "
                "with --out."
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def begin(self, terms: Terms, submissions: Sequence[Submission], now: datetime) -> Run:
        """The run of these submissions: the last one if it is unfinished and of the same terms.

        Grades that it has of files that are still the same are kept.
        """
        last = self.last_run()
        with transaction(self._db):
            if last is None or last.finished or last.terms != terms:
                last = self._add_run(terms, now)
            self._db.execute("DELETE FROM entries WHERE run = ?", (last.id,))
            self._db.executemany(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)",
                [(last.id, *_entry_row(submission)) for submission in submissions],
            )
        return last

    def _add_run(self, terms: Terms, now: datetime) -> Run:
        values = (terms.lab, terms.version, str(terms.seed), terms.package, now.isoformat())
        columns = "lab, version, seed, package, started"
        cursor = self._db.execute(f"INSERT INTO runs ({columns}) VALUES (?, ?, ?, ?, ?)", values)
        return Run(cursor.lastrowid or 0, terms, now.isoformat())

    def add(self, run: Run, grade: Grade, now: datetime) -> None:
        """Commit one grade of the run.

        Raises `BadInput` for a submission that is not in the run, or has its grade already.
        """
        try:
            cursor = self._db.execute(
                "INSERT INTO grades SELECT run, submission, sha256, ?, ? FROM entries "
                "WHERE run = ? AND submission = ?",
                (now.isoformat(), to_json(grade), run.id, grade.submission),
            )
        except sqlite3.IntegrityError as error:
            raise BadInput(f"A second grade of {grade.submission!r} in one run.") from error
        if not cursor.rowcount:
            raise BadInput(f"A grade of {grade.submission!r}, who is not in this run.")

    def finish(self, run: Run, now: datetime) -> None:
        """Say that the run is done: the next one begins anew."""
        self._db.execute("UPDATE runs SET finished = ? WHERE id = ?", (now.isoformat(), run.id))

    def runs(self) -> dict[int, Run]:
        """Every run by its number, the newest last."""
        rows = self._db.execute(
            "SELECT id, lab, version, seed, package, started, finished FROM runs ORDER BY id"
        )
        return {
            number: Run(number, Terms(lab, version, int(seed), package), started, finished)
            for number, lab, version, seed, package, started, finished in rows
        }

    def last_run(self) -> Run | None:
        """The newest run."""
        return max(self.runs().values(), key=lambda run: run.id, default=None)

    def entries(self, run: Run) -> list[Entry]:
        """Every submission of a run, sorted by name."""
        rows = self._db.execute(
            "SELECT run, submission, notes, submitted, dated_by, grade FROM entries "
            "LEFT JOIN grades USING (run, submission, sha256) WHERE run = ?",
            (run.id,),
        )
        return sorted((_entry(*row) for row in rows), key=lambda entry: entry.submission)

    def newest(self, until: int) -> dict[str, Entry]:
        """The newest grade of everyone who was ever graded, in runs up to the number `until`."""
        # A run that was stopped, and went on with others, has grades without an entry.
        rows = self._db.execute(
            "SELECT run, submission, notes, submitted, dated_by, grade FROM grades "
            "LEFT JOIN entries USING (run, submission, sha256) WHERE run <= ? "
            "ORDER BY run, notes IS NOT NULL, graded",
            (until,),
        )
        return {name: _entry(*row) for name, row in {row[1]: row for row in rows}.items()}

    def grades(self, run: Run) -> dict[str, Grade]:
        """The grades of a run by submission."""
        return {entry.submission: entry.grade for entry in self.entries(run) if entry.grade}

    def answers(self) -> dict[str, str]:
        """The digest of each learner's newest answer to the explain question, of any run."""
        last = self.last_run()
        newest = self.newest(last.id) if last else {}
        return {name: answer_digest(entry.grade) for name, entry in newest.items() if entry.grade}

    def names(self) -> set[str]:
        """Everyone who was ever in a run."""
        return {name for (name,) in self._db.execute("SELECT DISTINCT submission FROM entries")}

    def add_marks(self, marks: Sequence[Mark], file: str, now: datetime) -> None:
        """Keep what a person gave, read from `file`; the newest mark of a learner counts."""
        rows = [(m.submission, m.points, m.answer, file, now.isoformat()) for m in marks]
        columns = "submission, points, answer, file, read"
        with transaction(self._db):
            self._db.executemany(f"INSERT INTO marks ({columns}) VALUES (?, ?, ?, ?, ?)", rows)

    def marks(self) -> dict[str, Mark]:
        """The mark of each learner who has one."""
        rows = self._db.execute("SELECT submission, points, answer FROM marks ORDER BY id")
        marks = {name: Mark(name, points, answer) for name, points, answer in rows}
        return {name: mark for name, mark in marks.items() if mark.points is not None}

    def noted(self, name: str) -> str:
        """What `note` kept under this name, nothing if it never did."""
        row = self._db.execute("SELECT content FROM noted WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def note(self, name: str, content: str) -> None:
        """Keep the newest state of a file, to see what a person changes in it, or to use again."""
        self._db.execute("INSERT OR REPLACE INTO noted VALUES (?, ?)", (name, content))


def answer_digest(grade: Grade) -> str:
    """Tells one answer from another; marks are bound to it."""
    return digest(" ".join(grade.answer.split()).encode("utf-8", "replace"))


def _entry(
    run: int, name: str, notes: str | None, submitted: str | None, by: str | None, grade: str | None
) -> Entry:
    """An entry as it stands in the database."""
    known = tuple(json.loads(notes)) if notes else ()
    return Entry(run, name, known, submitted, by or "", from_json(grade) if grade else None)


def _entry_row(submission: Submission) -> tuple[str, str, str | None, str, str]:
    submitted = submission.submitted.isoformat() if submission.submitted else None
    notes = json.dumps(submission.notes)
    return submission.name, submission.sha256, submitted, submission.dated_by, notes
