"""The grades in the forms that Canvas and Moodle import.

Canvas: "Student", "ID", "SIS User ID", "SIS Login ID", "Section", then assignments, in this order,
and a second line "Points Possible" (`lib/gradebook_importer.rb` of instructure/canvas-lms). A
learner is found by ID, then by SIS ID, then by name; an assignment by its exact title, and Canvas
offers to make one of that title if there is none.
Moodle: any columns, which are mapped when the file is uploaded (docs.moodle.org, "Grade import"):
"Email address" to the user's email, or "Identifier" to the user's ID number. Map grade and
feedback to the same activity: Moodle drops the grades where only feedback is mapped.
"""

from collections.abc import Mapping, Sequence

from planlab.grading.checks import Lab
from planlab.grading.grades import render_points
from planlab.grading.roster import Student
from planlab.grading.sheets import render_sheet
from planlab.grading.table import Row, automatic, render_notes


def render_canvas(lab: Lab, rows: Sequence[Row], roster: Sequence[Student]) -> str:
    """The totals as Canvas imports them; whom a roster does not know is left out."""
    total = sum(question.points for question in lab.questions)
    header = [
        *("Student", "ID", "SIS User ID", "SIS Login ID", "Section"),
        f"{lab.title} ({lab.id})",
    ]
    possible = ["Points Possible", "", "", "", "", render_points(total)]
    lines = [
        [s.name or s.submission, s.canvas_id, s.sis_id, "", s.section, render_points(row.total)]
        for s, row in _known(rows, roster)
    ]
    return render_sheet(header, [possible, *lines])


def render_moodle(lab: Lab, rows: Sequence[Row], roster: Sequence[Student]) -> str:
    """The totals as Moodle imports them, with a line of feedback."""
    header = ["Identifier", "Email address", "Grade", "Feedback comments"]
    return render_sheet(
        header,
        [
            [s.sis_id or s.submission, s.email, render_points(row.total), _feedback(lab, row)]
            for s, row in _known(rows, roster)
        ],
    )


def _known(rows: Sequence[Row], roster: Sequence[Student]) -> list[tuple[Student, Row]]:
    """Each row with its learner; without a roster, with what the name of the file says."""
    students: Mapping[str, Student] = {student.submission: student for student in roster}
    if not students:
        return [(Student(row.name), row) for row in rows]
    return [(students[row.name], row) for row in rows if row.name in students]


def _feedback(lab: Lab, row: Row) -> str:
    parts = [
        f"{question.title}: {render_points(row.grade.points(question.id))} of {question.points}"
        for question in automatic(lab)
    ]
    marked = "not marked yet" if row.manual is None else f"{render_points(row.manual)} points"
    return "; ".join(filter(None, [*parts, f"by hand: {marked}", render_notes(row.notes)]))
