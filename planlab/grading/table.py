"""`grades.csv`: one row a submission, made from the gradebook, with a column for a person to fill.

What a person types into it is read back before it is written anew (`planlab.grading.marks`); where
anything else was changed in it, that copy is kept beside it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from planlab.grading.checks import Lab, Question
from planlab.grading.files import digest, plain, write_file
from planlab.grading.gradebook import Entry, Gradebook, Mark, Run, answer_digest
from planlab.grading.grades import Grade, render_points
from planlab.grading.roster import MISSING
from planlab.grading.sheets import Line, parse_sheet, read_sheet, render_sheet

NAME = "grades.csv"
MARKS_READ = "grades.csv, its marks read"
_LONGEST = 300  # characters of one note


@dataclass(frozen=True)
class Row:
    """All that is known of one submission; `manual` is None until a person has marked it.

    `older` is the run of its grade, where that is not the newest.
    """

    grade: Grade
    notes: tuple[str, ...]
    manual: float | None = None
    submitted: str | None = None
    dated_by: str = ""
    older: Run | None = None

    @property
    def name(self) -> str:
        """The submission's."""
        return self.grade.submission

    @property
    def total(self) -> float:
        """Automatic and manual points; what is not marked counts 0."""
        return self.grade.auto + (self.manual or 0.0)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes, and for the instructor where the grade comes from."""
        older = self.older
        return (*self.notes, f"not in this run: graded in run {older.id}") if older else self.notes

    @property
    def waits(self) -> bool:
        """Whether there is an answer that nobody has marked."""
        return self.manual is None and bool(self.grade.answer.strip())


def automatic(lab: Lab) -> list[Question]:
    """The questions that are not marked by a person."""
    return [question for question in lab.questions if not question.manual]


def handed_in(book: Gradebook) -> dict[str, Entry]:
    """The newest grade of everyone who ever handed in, by name."""
    last = book.last_run()
    newest = book.newest(last.id) if last else {}
    return {name: entry for name, entry in newest.items() if MISSING not in entry.notes}


def make_rows(book: Gradebook, run: Run, students: Collection[str] = ()) -> list[Row]:
    """A row for everyone in the newest run or graded before, sorted by name.

    `students` are the names on the roster, if there is one: who is not there has a row only if the
    run has them.
    """
    marks, runs = book.marks(), book.runs()
    entries = {entry.submission: entry for entry in book.entries(run)}
    for name, entry in handed_in(book).items():
        if name in entries:
            entries[name] = entry if entries[name].grade is None else entries[name]
        elif not students or name in students:
            entries[name] = entry
    return [
        _row(entries[name], marks.get(name), None if number == run.id else runs[number])
        for name, number in sorted((name, entry.run) for name, entry in entries.items())
    ]


def _row(entry: Entry, mark: Mark | None, older: Run | None) -> Row:
    grade = entry.grade or Grade(entry.submission, (), ("it has not been graded yet",))
    notes = tuple(dict.fromkeys((*entry.notes, *grade.notes)))
    if mark and mark.answer not in ("", answer_digest(grade)):
        notes = (*notes, "the answer changed since it was marked")
    manual = mark.points if mark else None
    return Row(grade, notes, manual, entry.submitted, entry.dated_by, older)


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
        render_notes(row.remarks),
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
