"""The command from its first word to its last: folders, hints, and who reads along."""

import json
import os
import shlex
import sys
from html import unescape
from pathlib import Path

import pytest
from classes import Course, put

from planlab.__main__ import main
from planlab.grading import command


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    put(tmp_path / "solutions/lab77/lab77.ipynb")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return Course(tmp_path)


def planlab(line: str) -> int:
    """What a person types after `python -m planlab`."""
    return main(shlex.split(line))


@pytest.mark.parametrize("out", ["grades", "class two", "../elsewhere"])
def test_the_command_that_the_summary_names_reads_the_marks(
    course: Course, capsys: pytest.CaptureFixture[str], tmp_path: Path, out: str
) -> None:
    course.grade(out=Path(out))
    course.table = tmp_path / out / "grades.csv"
    course.type_in("anna,6,4,10,,10", "anna,6,4,10,2,10")
    (hint,) = [line for line in capsys.readouterr().out.splitlines() if "--manual" in line]
    assert planlab(hint.partition("python -m planlab")[2]) == 0
    assert course.column("manual")["anna"] == "2"


def test_marks_go_into_the_gradebook_that_they_lie_beside(course: Course, tmp_path: Path) -> None:
    course.grade(out=Path("grades"))
    course.grade(out=Path("second"))
    before = (tmp_path / "grades/grades.csv").read_bytes()
    put(tmp_path / "second/mine.csv", "submission,manual\nanna,2\n")
    assert planlab("grade lab77 --manual second/mine.csv") == 0
    course.table = tmp_path / "second/grades.csv"
    assert course.column("manual")["anna"] == "2"
    assert (tmp_path / "grades/grades.csv").read_bytes() == before


def test_marks_of_no_gradebook_go_into_the_folder_of_all(course: Course, tmp_path: Path) -> None:
    course.grade(out=Path("grades"))
    put(tmp_path / "mine.csv", "submission,manual\nanna,2\n")
    assert planlab("grade lab77 --manual mine.csv") == 0
    course.table = tmp_path / "grades/grades.csv"
    assert course.column("manual")["anna"] == "2"


def test_marks_beside_another_gradebook_than_out_are_refused(
    course: Course, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    course.grade(out=Path("second"))
    assert planlab("grade lab77 --manual second/grades.csv --out third") == 1
    assert "second" in capsys.readouterr().err
    assert not (tmp_path / "third").exists()
    assert planlab("grade lab77 --manual second/grades.csv --out ./second/") == 0


def test_totals_without_the_manual_points_are_said_to_be(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    course.grade()
    assert "canvas.csv" in capsys.readouterr().out
    course.read_in("submission,manual\nanna,2\nbert,0\n", "marks.csv")
    assert "canvas.csv" not in capsys.readouterr().out


SCHEME = "**3 points.** The plan was <buried> by the log."


def put_scheme(course: Course, source: str) -> None:
    """The lab's notebook, with this source under its explain question."""
    cell = {
        "cell_type": "markdown",
        "metadata": {"nbgrader": {"grade_id": "explain"}},
        "source": source,
    }
    lab = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    put(course.order.lab_folder / "lab77.ipynb", json.dumps(lab))


def test_the_mark_scheme_stands_above_the_answers_and_on_no_other_page(course: Course) -> None:
    put_scheme(
        course,
        f"A model answer.\n\n=== BEGIN MARK SCHEME ===\n\n{SCHEME}\n\n=== END MARK SCHEME ===\n",
    )
    course.answers("anna", "My own words.")
    course.grade()
    course.read_in("submission,manual\nanna,2\n", "marks.csv")
    files = [path for path in course.out.rglob("*") if path.suffix in (".html", ".csv")]
    texts = {path.name: unescape(path.read_text(encoding="utf-8")) for path in files}
    page = texts.pop("answers.html")
    assert 0 < page.index(SCHEME) < page.index("My own words.")
    assert "For instructors" in page
    assert "BEGIN" not in page
    assert {"anna.html", "index.html", "canvas.csv", "moodle.csv"} <= texts.keys()
    assert not [name for name, text in texts.items() if "buried" in text]


def test_a_lab_without_a_mark_scheme_says_so(course: Course) -> None:
    put_scheme(course, "A model answer.")
    course.grade()
    page = (course.out / "answers.html").read_text(encoding="utf-8")
    assert "no mark scheme" in page
    assert "A model answer" not in page


def test_a_reader_that_went_away_stops_nothing(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        put(course.table, "submission,manual\nanna,3\n")
        assert course.grade() == 0
        assert course.grade(paths=(), manual=course.table) == 0
    assert course.column("manual") == {"anna": "3", "bert": ""}
