"""Several runs of one class: over a part of it, with a roster, with learners who come and go."""

import csv
from pathlib import Path

import pytest
from classes import CHECKS, Course, grade, put

from planlab.errors import BadFile, BadInput
from planlab.grading.gradebook import Gradebook


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(tmp_path)


def only(course: Course, name: str) -> dict[str, object]:
    return {"paths": (course.learners / f"{name}.ipynb",)}


def roster(course: Course, *names: str) -> Path:
    lines = ["submission,name,canvas_id", *(f"{n},{n.title()},{ord(n[0])}" for n in names)]
    return put(course.out.parent / "roster.csv", "\n".join(lines))


def exported(course: Course) -> list[str]:
    with (course.out / "canvas.csv").open(encoding="utf-8", newline="") as file:
        return [row[0] for row in list(csv.reader(file))[2:]]


def page(course: Course, name: str) -> str:
    return (course.out / name).read_text(encoding="utf-8")


def test_a_run_over_a_part_keeps_the_rows_of_the_others(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    course.grade()
    course.read_in("submission,manual\nbert,2\n", "marks.csv")
    course.judge.grades["anna"] = grade("anna", loop=2, answer="anna")
    learners_page = page(course, "feedback/bert.html")
    capsys.readouterr()
    course.grade(**only(course, "anna"))
    assert course.column("auto") == {"anna": "6", "bert": "10"}
    assert course.column("manual") == {"anna": "", "bert": "2"}
    assert "run 1" in course.column("note")["bert"]
    assert course.column("note")["anna"] == ""
    assert exported(course) == ["anna", "bert"]
    assert "bert" in page(course, "index.html")
    assert page(course, "feedback/bert.html") == learners_page
    said = capsys.readouterr().out
    assert "This run: 1 of 2" in said
    assert "anna: loop 6 → 2" in said
    assert "bert" not in said


def test_a_run_over_all_says_nothing_of_older_ones(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    course.grade()
    course.grade(**only(course, "anna"))
    capsys.readouterr()
    course.grade()
    assert "This run:" not in capsys.readouterr().out
    assert course.column("note") == {"anna": "", "bert": ""}


def test_marks_read_after_a_run_over_a_part_keep_all_rows(course: Course) -> None:
    course.grade()
    course.grade(**only(course, "anna"))
    course.type_in("bert,6,4,10,,10", "bert,6,4,10,1,10")
    course.grade(paths=(), manual=course.table)
    assert course.column("total") == {"anna": "10", "bert": "11"}


def test_the_newest_grade_of_each_counts(course: Course) -> None:
    course.grade()
    for points in (2, 4):
        course.judge.grades["bert"] = grade("bert", loop=points)
        course.grade(**only(course, "bert"))
    course.grade(**only(course, "anna"))
    assert course.column("loop") == {"anna": "6", "bert": "4"}
    assert "run 3" in course.column("note")["bert"]


def test_a_part_graded_after_a_stop_keeps_what_was_done(course: Course) -> None:
    def stop(name: str) -> None:
        if name == "bert":
            raise KeyboardInterrupt

    course.judge.before_each = stop
    assert course.grade() == 1
    course.judge.before_each = lambda name: None
    course.grade(**only(course, "bert"))
    assert course.column("auto") == {"anna": "10", "bert": "10"}


def test_who_cannot_be_graded_stays_and_is_told_of_once(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    (course.learners / "empty").mkdir()
    course.grade()
    assert "empty: the folder is empty" in capsys.readouterr().out
    course.grade(**only(course, "anna"))
    assert "the folder is empty" in course.column("note")["empty"]
    assert "empty:" not in capsys.readouterr().out


def test_nobody_is_missing_who_handed_in_before(course: Course) -> None:
    course.grade(**only(course, "anna"), roster=roster(course, "anna", "bert", "gone"))
    assert "nothing" in course.column("note")["bert"]
    course.grade()
    course.grade(**only(course, "anna"))
    notes = course.column("note")
    assert notes["gone"] == "nothing was submitted"
    assert "nothing" not in notes["bert"]
    assert course.column("auto")["bert"] == "10"


def test_the_roster_is_remembered_until_another_is_given(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    course.grade(roster=roster(course, "anna", "bert", "gone"))
    assert "--roster none" not in capsys.readouterr().out
    course.grade()
    assert exported(course) == ["Anna", "Bert", "Gone"]
    assert "--roster none" in capsys.readouterr().out
    course.grade(roster=roster(course, "bert", "anna"))
    course.grade()
    assert exported(course) == ["Anna", "Bert"]
    assert course.column("auto").keys() == {"anna", "bert"}


def test_a_roster_given_with_marks_alone_is_remembered(course: Course) -> None:
    course.grade()
    marks = put(course.out.parent / "m.csv", "submission,manual\nanna,2\n")
    course.grade(paths=(), manual=marks, roster=roster(course, "bert", "anna"))
    course.grade()
    assert exported(course) == ["Anna", "Bert"]


def test_a_roster_can_be_forgotten(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    course.grade(roster=roster(course, "anna", "gone"))
    course.grade(roster=Path("none"))
    assert course.column("note") == {"anna": "", "bert": ""}
    capsys.readouterr()
    course.grade()
    assert exported(course) == ["anna", "bert"]
    assert "--roster" not in capsys.readouterr().out


def test_a_deadline_is_remembered_and_forgotten_like_the_roster(course: Course) -> None:
    course.grade(due="2001-01-01")
    course.grade()
    assert "late" in course.column("note")["anna"]
    course.grade(due="none")
    course.grade()
    assert course.column("note")["anna"] == ""


def test_who_was_taken_off_the_roster_does_not_come_back(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    course.grade(roster=roster(course, "anna", "bert"))
    (course.learners / "bert.ipynb").unlink()
    course.grade(roster=roster(course, "anna"))
    assert course.column("auto").keys() == {"anna"}
    assert "left out: bert" in capsys.readouterr().out
    course.grade(**only(course, "anna"))
    course.read_in("submission,manual\nanna,2\n", "marks.csv")
    assert course.column("auto").keys() == {"anna"}
    with Gradebook(course.out, "lab77") as book:
        assert "bert" in book.names()


def test_an_older_row_keeps_the_versions_of_its_own_run(course: Course) -> None:
    course.grade()
    before = page(course, "feedback/bert.html")
    put(course.order.lab_folder / "checks.py", CHECKS + "\n# mended\n")
    course.grade(**only(course, "anna"))
    assert page(course, "feedback/bert.html") == before
    assert "Run 2," in page(course, "feedback/anna.html")


def test_a_learner_keeps_grade_and_mark_from_download_to_download(course: Course) -> None:
    first = course.learners / "ashamber_97_2002_lab77.ipynb"
    put(first)
    course.grade()
    course.read_in("submission,manual\nashamber,2\n", "marks.csv")
    first.unlink()
    put(course.learners / "ashamber_LATE_97_3003_lab77-1.ipynb")
    course.grade()
    assert course.column("manual") == {"anna": "", "ashamber": "2", "bert": ""}
    course.grade(roster=put(course.out.parent / "r.csv", "submission,canvas_id\namber,97\n"))
    assert course.column("note")["amber"] == ""


def test_a_wrong_roster_is_not_remembered(course: Course) -> None:
    course.grade(roster=roster(course, "anna"))
    wrong = put(course.out.parent / "wrong.csv", "name\nAnna\n")
    with pytest.raises(BadFile):
        course.grade(roster=wrong)
    with pytest.raises(BadInput):
        course.grade(due="soon")
    with pytest.raises(BadFile):
        course.grade(roster=roster(course, "bert"), manual=wrong)
    course.grade()
    assert exported(course) == ["Anna"]
