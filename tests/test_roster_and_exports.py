"""The roster: who is missing, who is late; and the grades as Canvas and Moodle take them."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from classes import LAB, grade

from planlab.errors import BadFile, BadInput
from planlab.grading.exports import render_canvas, render_moodle
from planlab.grading.roster import (
    Student,
    compare_with_class,
    parse_due,
    parse_roster,
    render_duration,
)
from planlab.grading.submissions import Submission
from planlab.grading.table import Row

DUE = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


def handed_in(name: str, after: timedelta) -> Submission:
    path = Path(f"{name}.ipynb")
    return Submission(name, path, ("a note",), "1", DUE + after, "timestamp.txt")


def notes(*submissions: Submission, roster: str = "", due: datetime | None = DUE) -> Mapping:
    students = parse_roster(roster, "roster.csv") if roster else ()
    return {one.name: one.notes for one in compare_with_class(submissions, students, due)}


def test_a_late_submission_says_by_how_much_and_by_what_clock() -> None:
    late = handed_in("anna", timedelta(hours=2, minutes=5, seconds=30))
    assert notes(late) == {"anna": ("a note", "late by 2 h 5 min (by timestamp.txt)")}


def test_who_is_in_time_to_the_second_is_not_late() -> None:
    assert notes(handed_in("anna", timedelta())) == {"anna": ("a note",)}


def test_an_extension_moves_one_learners_time_either_way() -> None:
    roster = "submission,due\nanna,2026-11-22 18:00+00:00\nbert,2026-11-21 17:00+00:00\ncarl,\n"
    found = notes(
        *(handed_in(name, timedelta(minutes=-30)) for name in ("bert", "carl")),
        handed_in("anna", timedelta(hours=23)),
        roster=roster,
    )
    assert [len(found[name]) for name in ("anna", "bert", "carl")] == [1, 2, 1]
    assert "late by 30 min" in found["bert"][1]


def test_an_extension_holds_without_a_time_for_all() -> None:
    found = notes(
        handed_in("anna", timedelta(hours=5)),
        roster="submission,due\nanna,2026-11-21 18:00+00:00\n",
        due=None,
    )
    assert "late by 5 h" in found["anna"][1]


def test_the_missing_get_a_row_and_the_unknown_a_note() -> None:
    roster = "submission,name\nanna,Anna\ngone,Gone\n"
    found = notes(
        handed_in("anna", timedelta()), handed_in("zoe", timedelta()), roster=roster, due=None
    )
    assert found == {
        "anna": ("a note",),
        "gone": ("nothing was submitted",),
        "zoe": ("a note", "the roster has no such learner"),
    }


def test_a_name_is_the_same_whatever_its_bytes() -> None:
    found = notes(handed_in("Zo\u00eb", timedelta()), roster="submission\nZoe\u0308\n", due=None)
    assert list(found) == ["Zo\u00eb"]


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=60), "1 h"),
        (timedelta(days=3, hours=2, minutes=5), "3 d 2 h"),
        (timedelta(days=1, minutes=5), "1 d 5 min"),
    ],
)
def test_a_length_of_time_is_told_in_two_units(length: timedelta, words: str) -> None:
    assert render_duration(length) == words


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21", datetime(2026, 11, 21, 23, 59, 59, 999999).astimezone()),
        ("2026-11-21 18:00", datetime(2026, 11, 21, 18).astimezone()),
        ("2026-11-21T18:00+02:00", datetime(2026, 11, 21, 16, tzinfo=UTC)),
        (" 2026-11-21T18:00Z ", datetime(2026, 11, 21, 18, tzinfo=UTC)),
    ],
)
def test_a_time_is_read(text: str, moment: datetime) -> None:
    assert parse_due(text) == moment


@pytest.mark.parametrize("text", ["", "soon", "21.11.2026", "2026-13-01", "2026-11-21 25:00", "1"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="Write it like"):
        parse_due(text)


@pytest.mark.parametrize(
    ("roster", "words"),
    [
        ("", "empty"),
        ("name\nAnna\n", "line 1: there is no column 'submission'"),
        ("submission,deadline\nanna,x\n", "'deadline' is not known"),
        ("submission,name\nanna,Anna\n,Bert\n", "line 3: the column 'submission' is empty"),
        ("submission\nanna\nbert\nanna\n", "line 4: submission 'anna' stands on line 2"),
        ("submission,canvas_id\nanna,1\nbert,1\n", "line 3: canvas_id '1' stands on line 2"),
        ("submission,due\nanna,\nbert,tomorrow\n", "line 3, column due: 'tomorrow'"),
        ("submission,name\nanna,A,B\n", "line 2: 3 cells"),
    ],
)
def test_a_wrong_roster_is_refused_with_its_line(roster: str, words: str) -> None:
    with pytest.raises(BadFile, match=words):
        parse_roster(roster, "roster.csv")


ROSTER = (
    Student("anna", "Anna, A.", "anna@example.org", "11", "s11", "S1"),
    Student("bert", "=Bert", "bert@example.org", "12", "s12", "S2"),
)
ROWS = [
    Row(grade("anna", loop=2.5), (), 3.0),
    Row(grade("bert"), ("late by 2 h",)),
    Row(grade("zoe"), ("the roster has no such learner",)),
]


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_canvas_gets_its_columns_in_order_and_the_points_possible() -> None:
    assert table(render_canvas(LAB, ROWS, ROSTER)) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Two loops (lab77)"],
        ["Points Possible", "", "", "", "", "13"],
        ["Anna, A.", "11", "s11", "", "S1", "9.5"],
        ["'=Bert", "12", "s12", "", "S2", "10"],
    ]


def test_moodle_gets_identifier_email_grade_and_feedback() -> None:
    header, anna, bert = table(render_moodle(LAB, ROWS, ROSTER))
    assert header == ["Identifier", "Email address", "Grade", "Feedback comments"]
    assert anna[:3] == ["s11", "anna@example.org", "9.5"]
    assert "1.1 The loop: 2.5 of 6" in anna[3]
    assert "late by 2 h" in bert[3]


def test_without_a_roster_everybody_goes_by_the_name_of_the_file() -> None:
    assert [row[0] for row in table(render_canvas(LAB, ROWS, ()))[2:]] == ["anna", "bert", "zoe"]
    assert [row[0] for row in table(render_moodle(LAB, ROWS, ()))[1:]] == ["anna", "bert", "zoe"]
