"""The class: who should have handed in, until when, and under which names elsewhere."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from planlab.errors import BadFile, BadInput
from planlab.grading.files import clean_name
from planlab.grading.sheets import Line, parse_sheet
from planlab.grading.submissions import Submission

MISSING = "nothing was submitted"
"""The note of a learner of whom there is no file."""
_COLUMNS = ("submission", "name", "email", "canvas_id", "sis_id", "section", "due")
_UNIQUE = ("submission", "email", "canvas_id", "sis_id")


@dataclass(frozen=True)
class Student:
    """One line of the roster; `due` is this learner's own extension, if there is one."""

    submission: str
    name: str = ""
    email: str = ""
    canvas_id: str = ""
    sis_id: str = ""
    section: str = ""
    due: datetime | None = None


def parse_roster(text: str, name: str) -> tuple[Student, ...]:
    """The roster in the text of the file `name`: CSV with the column `submission`, and any others
    of `Student`.

    Raises `BadFile` with the line: an unknown column, a learner twice, a date that is none.
    """
    lines = parse_sheet(text, ("submission",), name)
    if unknown := [column for line in lines[:1] for column in line.cells if column not in _COLUMNS]:
        raise BadFile(
            f"{name}: the column {unknown[0]!r} is not known. A roster has: {', '.join(_COLUMNS)}."
        )
    for column in _UNIQUE:
        _check_unique(name, lines, column)
    return tuple(_student(line, f"{name}, line {line.number}") for line in lines)


def _check_unique(name: str, lines: Sequence[Line], column: str) -> None:
    """Raise `BadFile` where two learners share what tells them apart."""
    seen: dict[str, int] = {}
    for line in lines:
        value = line.cells.get(column, "")
        if value and seen.setdefault(clean_name(value), line.number) != line.number:
            first = seen[clean_name(value)]
            raise BadFile(
                f"{name}, line {line.number}: {column} {value!r} stands on line {first} too."
            )


def _student(line: Line, place: str) -> Student:
    cells = {name: cell for name, cell in line.cells.items() if cell and name != "due"}
    if "submission" not in cells:
        raise BadFile(f"{place}: the column 'submission' is empty. It names the learner's file.")
    cells["submission"] = clean_name(cells["submission"])
    try:
        due = parse_due(line.cells["due"]) if line.cells.get("due") else None
    except BadInput as error:
        raise BadFile(f"{place}, column due: {error}") from error
    return Student(**cells, due=due)


def parse_due(text: str) -> datetime:
    """A moment such as 2026-11-21, 2026-11-21 18:00 or 2026-11-21T18:00+01:00.

    A day alone means its end, and without a zone it is this machine's time. Raises `BadInput`.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if len(text.strip()) <= len("2026-11-21"):
            moment = datetime.combine(moment, time.max)
        return moment.astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(
            f"{text!r} is no time. Write it like 2026-11-21 18:00 or 2026-11-21T18:00+01:00."
        ) from error


def compare_with_class(
    submissions: Sequence[Submission],
    roster: Sequence[Student],
    due: datetime | None = None,
    *,
    before: Collection[str] = (),
) -> list[Submission]:
    """The submissions, and one without a path for each missing learner, with their notes.

    `due` holds for everyone whose line names no time of their own. An empty roster is none. Whoever
    handed in `before`, in an earlier run, is not missing.
    """
    students = {student.submission: student for student in roster}
    known = {*before, *(submission.name for submission in submissions)}
    missing = [Submission(name, notes=(MISSING,)) for name in students if name not in known]
    noted = [_noted(submission, students, due) for submission in submissions]
    return sorted([*noted, *missing], key=lambda submission: submission.name)


def _noted(
    submission: Submission, students: dict[str, Student], due: datetime | None
) -> Submission:
    """The submission with what its date and the roster say of it."""
    student = students.get(submission.name)
    notes = [] if student or not students else ["the roster has no such learner"]
    limit = (student and student.due) or due
    if limit and submission.submitted and submission.submitted > limit:
        late = render_duration(submission.submitted - limit)
        notes.append(f"late by {late} (by {submission.dated_by})")
    return replace(submission, notes=(*submission.notes, *notes))


def render_duration(length: timedelta) -> str:
    """A length of time in its two largest units.

    >>> render_duration(timedelta(hours=2, minutes=5, seconds=59))
    '2 h 5 min'
    """
    minutes = int(length.total_seconds() // 60)
    sizes = {"d": minutes // 1440, "h": minutes // 60 % 24, "min": minutes % 60}
    parts = [f"{size} {unit}" for unit, size in sizes.items() if size]
    return " ".join(parts[:2]) or "less than a minute"
