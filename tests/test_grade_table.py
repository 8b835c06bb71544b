"""`grade` from paths to grades.csv, and back: what a person types in is kept, whatever happens."""

import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from classes import Course, StandIn, grade, notebook, put

from planlab.errors import BadFile, BadInput, PlanlabError
from planlab.grading import Grade
from planlab.grading.gradebook import Gradebook
from planlab.grading.sheets import escape, parse_sheet, read_sheet, render_sheet, unescape


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(tmp_path)


def test_the_table_has_a_row_a_submission_and_a_column_a_question(course: Course) -> None:
    course.judge.grades["anna"] = grade("anna", loop=2.5)
    put(course.learners / "empty/readme.txt")
    course.judge.grades["empty"] = Grade("empty", (), ("nothing ran",))
    assert course.grade() == 0
    assert course.table.read_text(encoding="utf-8").splitlines() == [
        "submission,loop,meter,auto,manual,total,note",
        "anna,2.5,4,6.5,,6.5,",
        "bert,6,4,10,,10,",
        'empty,0,0,0,,0,"no notebook, only readme.txt; nothing ran"',
    ]


def test_marks_are_read_back_and_counted(course: Course) -> None:
    course.grade()
    course.type_in("anna,6,4,10,,10", "anna,6,4,10,2.5,10")
    course.grade(paths=(), manual=course.table)
    assert course.column("manual") == {"anna": "2.5", "bert": ""}
    assert course.column("total") == {"anna": "12.5", "bert": "10"}


def test_marks_are_kept_by_a_regrade_that_was_not_told_of_them(course: Course) -> None:
    course.grade()
    course.type_in("anna,6,4,10,,10", "anna,6,4,10,2,10")
    course.grade()
    course.grade()
    assert course.column("manual") == {"anna": "2", "bert": ""}


def test_marks_typed_while_the_class_is_graded_are_kept(course: Course) -> None:
    course.grade()

    def type_in(name: str) -> None:
        if name == "bert":
            course.type_in("anna,6,4,10,,10", "anna,6,4,10,1,10")

    course.judge.before_each = type_in
    course.grade()
    assert course.column("manual") == {"anna": "1", "bert": ""}


def test_marks_that_were_there_before_the_first_run_are_kept(course: Course) -> None:
    put(course.table, "submission,manual\nanna,3\n")
    course.grade()
    assert course.column("manual")["anna"] == "3"
    assert course.column("note")["anna"] == ""


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfsubmission;manual\r\nanna;2,5\r\nbert;\r\n",
        b"manual,note,submission\n 2.5 ,hello,anna\n,,\n",
        "submission\tmanual\nanna\t2.5\n".encode("utf-16"),
        b'"Submission","MANUAL"\r\n"anna","2.50"\r\n\r\n;\r\n',
        b"submission,manual,remark\nanna,2.5,good\nAverage,,\n",
        b"submission,manual\rbert,\ranna,2.5\r",
    ],
)
def test_a_table_is_read_as_spreadsheets_save_it(course: Course, content: bytes) -> None:
    course.grade()
    course.table.write_bytes(content)
    course.grade(paths=(), manual=course.table)
    assert course.column("manual") == {"anna": "2.5", "bert": ""}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("submission,manual\nbert,1\nanna,good\n", "line 3, column manual"),
        ("submission,manual\nbert,-1\n", "line 2, column manual"),
        ("submission,manual\nbert,3.5\n", "from 0 to 3"),
        ("submission,manual\nbert,nan\n", "'nan'"),
        ("submission,manual\nbert,1_0\n", "1_0"),
        ("submission,manual\nbert,½\n", "½"),
        ("submission,manual\ncarl,1\n", "line 2, column submission: .*'carl'"),
        ("submission,manual\n,1\n", "line 2, column submission"),
        ("submission,manual\nanna,1\nanna,2\n", "line 3, column manual"),
        ("submission,points\nanna,1\n", "no column 'manual'"),
        ("submission,manual,manual\nanna,1,2\n", "two columns"),
        ("submission,manual\nO'Brien, Ann,1\n", "line 2: 3 cells"),
        ("", "empty"),
    ],
)
def test_a_wrong_mark_is_named_and_nothing_is_changed(
    course: Course, table: str, words: str
) -> None:
    course.grade()
    before = course.table.read_bytes()
    with pytest.raises(BadFile, match=words):
        course.read_in(table, "mine.csv")
    assert course.table.read_bytes() == before
    with Gradebook(course.out, "lab77") as book:
        assert book.marks() == {}


def test_a_wrong_mark_stops_a_regrade_before_it_runs(course: Course) -> None:
    course.grade()
    course.type_in("anna,6,4,10,,10", "anna,6,4,10,lots,10")
    course.judge.asked.clear()
    with pytest.raises(BadFile, match="'lots'"):
        course.grade()
    assert course.judge.asked == []
    assert course.column("manual")["anna"] == "lots"


def test_a_table_in_another_encoding_is_refused(course: Course) -> None:
    course.grade()
    course.table.write_bytes("submission,manual\nanna,1\nJosé,2\n".encode("cp1252"))
    with pytest.raises(BadFile, match=r"line 3: .*CSV UTF-8"):
        course.grade()


def test_an_empty_cell_says_nothing_and_a_hyphen_takes_back(course: Course) -> None:
    course.grade()
    course.read_in("submission,manual\nanna,2\nbert,1\n", "first.csv")
    course.read_in("submission,manual\nanna,\nbert,-\n", "second.csv")
    assert course.column("manual") == {"anna": "2", "bert": ""}


def test_the_file_that_is_named_wins_over_the_table(course: Course) -> None:
    course.grade()
    course.type_in("anna,6,4,10,,10", "anna,6,4,10,1,10")
    put(course.out / "named.csv", "submission,manual\nanna,3\n")
    course.grade(manual=course.out / "named.csv")
    course.grade()
    assert course.column("manual")["anna"] == "3"


def test_a_new_answer_keeps_the_points_with_a_note(course: Course) -> None:
    course.grade()
    course.read_in("submission,manual\nanna,2\nbert,2\n", "marks.csv")
    course.answers("anna", "another answer")
    course.grade()
    assert course.column("manual") == {"anna": "2", "bert": "2"}
    assert course.column("note") == {"anna": "the answer changed since it was marked", "bert": ""}


@pytest.mark.parametrize("cell", ["1", "2!", "2 !"])
def test_marking_a_new_answer_ends_the_note(course: Course, cell: str) -> None:
    course.grade()
    course.read_in("submission,manual\nanna,2\n", "marks.csv")
    course.answers("anna", "another answer")
    course.grade()
    course.read_in(f"submission,manual\nanna,{cell}\n", "again.csv")
    assert course.column("note")["anna"] == ""
    assert course.column("manual")["anna"] == cell[0]


def test_an_unchanged_table_does_not_confirm_a_new_answer(course: Course) -> None:
    course.grade()
    course.read_in("submission,manual\nanna,2\n", "marks.csv")
    course.answers("anna", "another answer")
    course.grade()
    course.grade(paths=(), manual=course.table)
    assert "changed" in course.column("note")["anna"]


def test_whatever_else_was_typed_is_kept_beside(course: Course) -> None:
    course.grade()
    course.type_in("bert,6,4,10,,10,", "bert,6,4,10,,10,call him")
    course.grade()
    (copy,) = course.out.glob("grades.edited-*.csv")
    assert "call him" in copy.read_text(encoding="utf-8")
    course.grade()
    assert len(list(course.out.glob("grades.edited-*.csv"))) == 1


def test_marks_alone_make_no_copy(course: Course) -> None:
    course.judge.grades["bert"] = grade("bert", loop=0.5, answer="bert")
    course.grade()
    text = course.table.read_text(encoding="utf-8").replace("anna,6,4,10,", "anna,6,4,10,1")
    course.table.write_text(text.replace(",", ";").replace(".", ","), encoding="utf-8-sig")
    course.grade()
    assert course.column("manual")["anna"] == "1"
    assert list(course.out.glob("grades.edited-*.csv")) == []


def test_a_stopped_run_goes_on_with_the_rest(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(name: str) -> None:
        if name == "bert":
            raise KeyboardInterrupt

    course.judge.before_each = stop
    assert course.grade() == 1
    assert "1 of 2" in capsys.readouterr().err
    assert not course.table.exists()
    course.judge.before_each = lambda name: None
    assert course.grade() == 0
    assert course.judge.asked == ["anna", "bert"]
    assert len(set(course.judge.seeds)) == 1
    assert course.column("auto") == {"anna": "10", "bert": "10"}


def test_marks_survive_a_stop_before_there_is_a_grade(course: Course) -> None:
    put(course.table, "submission,manual\nbert,3\n")

    def stop(name: str) -> None:
        raise KeyboardInterrupt

    course.judge.before_each = stop
    course.grade()
    course.table.unlink()
    course.judge.before_each = lambda name: None
    course.grade()
    assert course.column("manual")["bert"] == "3"
    course.answers("bert", "another answer")
    course.grade()
    assert "changed" in course.column("note")["bert"]


def test_a_judge_that_forgets_somebody_does_not_end_the_run(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    class Forgetful(StandIn):
        async def __call__(self, folder, submissions, **named):  # type: ignore[no-untyped-def]
            async for one in super().__call__(folder, submissions[:1], **named):
                yield one

    course.judge = Forgetful()
    assert course.grade() == 1
    assert "bert" in capsys.readouterr().err


def test_a_seed_is_drawn_once_and_can_be_given(course: Course) -> None:
    course.grade()
    course.grade()
    course.grade(seed=12)
    drawn, again, given = course.judge.seeds
    assert drawn == again
    assert given == 12


def test_a_regrade_prints_what_changed_and_who_needs_a_person(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    course.grade()
    course.judge.grades["anna"] = grade("anna", loop=4)
    put(course.learners / "carl/a.ipynb")
    put(course.learners / "carl/b.ipynb")
    capsys.readouterr()
    course.grade()
    out = capsys.readouterr().out
    assert "anna: loop 6 → 4" in out
    assert "carl: which notebook" in out
    assert "to be marked: 1" in out


def test_a_table_that_cannot_be_written_leaves_the_run_to_go_on_with(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(source: object, target: object) -> None:
        raise PermissionError(13, "in use")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", locked)
        with pytest.raises(PlanlabError, match="in use"):
            course.grade()
    assert list(course.out.glob(".*")) == []
    course.judge.asked.clear()
    assert course.grade() == 0
    assert course.judge.asked == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: {"paths": ()}, "--manual"),
        (lambda c: {"paths": (), "manual": put(c.out / "x.csv", "submission,manual")}, "no grades"),
        (lambda c: {"out": c.learners}, "holds the submissions"),
        (lambda c: {"due": "soon"}, "'soon'"),
        (lambda c: {"roster": c.out / "none.csv"}, "none.csv"),
        (lambda c: {"manual": c.out / "none.csv"}, "none.csv"),
    ],
)
def test_a_wrong_order_is_refused_before_anything_runs(
    course: Course, change: Callable[[Course], dict[str, object]], words: str
) -> None:
    with pytest.raises((BadInput, BadFile), match=words):
        course.grade(**change(course))
    assert course.judge.asked == []


def test_grades_kept_among_the_submissions_are_no_learner(course: Course) -> None:
    for _ in range(2):
        course.grade(out=course.learners / "grades")
    course.table = course.learners / "grades/grades.csv"
    assert course.column("auto").keys() == {"anna", "bert"}


def test_no_cell_of_a_table_is_a_formula(course: Course) -> None:
    names = ['=cmd|" /C calc"!A0', "+1", "-1", "@SUM(A1)", "'=x", " x", "'t Hooft", "a,b", 'q"q']
    for name in names[:5]:
        put(course.learners / f"{name}.ipynb".replace("/", "_"))
    course.grade()
    with course.table.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@")]
    course.type_in("'+1,6,4,10,,10", "'+1,6,4,10,1,10")
    course.grade()
    assert course.column("manual")["'+1"] == "1"


@pytest.mark.parametrize(
    "text",
    ["=1", "+1", "-", "@a", "'=1", "''=1", "'t Hooft", "'", "", " =1", "\t=1", "\uff1d1", "a"],
)
def test_a_cell_comes_back_as_it_went_out(text: str) -> None:
    assert unescape(escape(text)) == text
    assert escape(text)[:1] not in tuple("=+@-\t")


def test_a_sheet_of_awkward_cells_comes_back(tmp_path: Path) -> None:
    rows = [["O'Brien, Ann", 'say "hi"'], ["two\nlines", "a;b"], ["سارا", "=1"]]
    path = put(tmp_path / "x.csv", render_sheet(["submission", "note"], rows))
    lines = read_sheet(path, ["note"])
    assert [list(line.cells.values()) for line in lines] == rows
    assert [line.number for line in lines] == [2, 3, 5]


def test_csv_that_cannot_be_parsed_is_an_error_with_its_line() -> None:
    with pytest.raises(BadFile, match="line 2"):
        parse_sheet('a,b\n"' + "x" * 200_000, ("a",), "x.csv")


def test_the_submissions_notebook_is_never_opened_by_the_command(course: Course) -> None:
    put(course.learners / "garbage.ipynb", notebook()[:20])
    assert course.grade() == 0
    assert course.judge.asked == ["anna", "bert", "garbage"]
