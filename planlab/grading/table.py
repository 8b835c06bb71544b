"""`grades.csv`: one row a submission, made from the gradebook, with a column for a person to fill.

What a person types into it is read back before it is written anew (`planlab.grading.marks`); where
anything else was changed in it, that copy is kept beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from planlab.grading.checks import Lab, Question
from planlab.grading.files import digest, plain, write_file
from planlab.grading.gradebook import Entry, Gradebook, Mark, Run, answer_digest
from planlab.grading.grades import Grade, render_points
from planlab.grading.sheets import Line, parse_sheet, read_sheet, render_sheet

NAME = "grades.csv"
MARKS_READ = "grades.csv, its marks read"
_LONGEST = 300  # characters of one note


@dataclass(frozen=True)
class Row:
    """All that is known of one submission; `manual` is None until a person has marked it."""

    grade: Grade
    notes: tuple[str, ...]
    manual: float | None = None
    submitted: str | None = None
    dated_by: str = ""

    @property
    def name(self) -> str:
        """The submission's."""
        return self.grade.submission

    @property
    def total(self) -> float:
        """Automatic and manual points; what is not marked counts 0."""
        return self.grade.auto + (self.manual or 0.0)

    @property
    def waits(self) -> bool:
        """Whether there is an answer that nobody has marked."""
        return self.manual is None and bool(self.grade.answer.strip())


def automatic(lab: Lab) -> list[Question]:
    """The questions that are not marked by a person."""
    return [question for question in lab.questions if not question.manual]


def make_rows(book: Gradebook, run: Run) -> list[Row]:
    """The rows of a run, sorted by name."""
    marks = book.marks()
    return [_row(entry, marks.get(entry.submission)) for entry in book.entries(run)]


def _row(entry: Entry, mark: Mark | None) -> Row:
    grade = entry.grade or Grade(entry.submission, (), ("it has not been graded yet",))
    notes = tuple(dict.fromkeys((*entry.notes, *grade.notes)))
    if mark and mark.answer not in ("", answer_digest(grade)):
        notes = (*notes, "the answer changed since it was marked")
    manual = mark.points if mark else None
    return Row(grade, notes, manual, entry.submitted, entry.dated_by)


def render_table(lab: Lab, rows: Sequence[Row]) -> str:
    """The rows as CSV."""
    questions = [question.id for question in automatic(lab)]
    header = ["submission", *questions, "auto", "manual", "total", "note"]
    return render_sheet(header, [_cells(row, questions) for row in rows])


def _cells(row: Row, questions: Sequence[str]) -> list[str]:
    points = [row.grade.points(question) for question in questions]
    return [
        row.name,
        *map(render_points, (*points, row.grade.auto)),
        "" if row.manual is None else render_points(row.manual),
        render_points(row.total),
        render_notes(row.notes),
    ]


def render_notes(notes: Sequence[str]) -> str:
    """Notes in one cell."""
    return "; ".join(plain(" ".join(note.split()), _LONGEST) for note in notes)


def write_table(folder: Path, lab: Lab, rows: Sequence[Row], book: Gradebook) -> None:
    """Write the table, and remember it, so that what a person changes in it is seen."""
    text = render_table(lab, rows)
    write_file(folder / NAME, text)
    book.note(NAME, text)
    book.note(MARKS_READ, text)


def keep_edited(folder: Path, book: Gradebook) -> Path | None:
    """Copy a table in which more than `manual` was changed; returns the copy's path.

    Only the column `manual` is read back, and nothing that a person typed may get lost.
    """
    path, before = folder / NAME, book.noted(NAME)
    if not path.exists():
        return None
    lines = parse_sheet(before, (), NAME) if before else []
    if _beside_manual(lines) == _beside_manual(read_sheet(path, ())):
        return None
    content = path.read_bytes()
    copy = folder / f"grades.edited-{digest(content)[:8]}.csv"
    copy.write_bytes(content)
    return copy


def _beside_manual(lines: Sequence[Line]) -> list[dict[str, str]]:
    """All other cells; some spreadsheets turn each decimal point into a comma."""
    return [
        {name: cell.replace(",", ".") for name, cell in line.cells.items() if name != "manual"}
        for line in lines
    ]
