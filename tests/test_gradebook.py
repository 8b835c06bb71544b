"""The gradebook: every run kept, no grade lost or doubled, whatever happens to the process."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from classes import TERMS, grade

from planlab.errors import BadFile, BadInput
from planlab.grading import Finding, Grade
from planlab.grading.gradebook import Gradebook, Mark
from planlab.grading.grades import changes
from planlab.grading.submissions import Submission

NOW = datetime(2026, 11, 21, 15, 40, tzinfo=UTC)
ANNA, BERT = Submission("anna", Path("anna.ipynb"), (), "1"), Submission("bert", None, ("no",), "2")
CLASS = [ANNA, BERT]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Gradebook]:
    with Gradebook(tmp_path, "lab77") as book:
        yield book


def test_an_unfinished_run_goes_on_with_the_grades_it_has(book: Gradebook) -> None:
    run = book.begin(TERMS, CLASS, NOW)
    book.add(run, grade("anna"), NOW)
    assert book.begin(TERMS, CLASS, NOW) == run
    assert list(book.grades(run)) == ["anna"]


def test_a_file_that_changed_meanwhile_is_graded_again_and_nothing_overwritten(
    book: Gradebook,
) -> None:
    run = book.begin(TERMS, CLASS, NOW)
    book.add(run, grade("anna", loop=2), NOW)
    book.begin(TERMS, [replace(ANNA, sha256="9"), BERT], NOW)
    assert book.grades(run) == {}
    book.add(run, grade("anna", loop=6), NOW)
    assert book.grades(run)["anna"].auto == 10
    book.begin(TERMS, CLASS, NOW)
    assert book.grades(run)["anna"].auto == 6


@pytest.mark.parametrize("other", [{"version": "2"}, {"seed": 2}, {"package": "2"}])
def test_other_terms_begin_another_run(book: Gradebook, other: dict[str, object]) -> None:
    first = book.begin(TERMS, CLASS, NOW)
    book.add(first, grade("anna"), NOW)
    second = book.begin(replace(TERMS, **other), CLASS, NOW)
    assert (second.id, book.grades(second)) == (2, {})
    assert list(book.grades(first)) == ["anna"]


def test_a_finished_run_is_not_gone_on_with(book: Gradebook) -> None:
    first = book.begin(TERMS, CLASS, NOW)
    book.finish(first, NOW)
    second = book.begin(TERMS, CLASS, NOW)
    third = book.begin(replace(TERMS, seed=5), CLASS, NOW)
    assert [run.id for run in (first, second, third)] == [1, 2, 3]


def test_a_second_grade_and_a_strangers_are_refused(book: Gradebook) -> None:
    run = book.begin(TERMS, CLASS, NOW)
    book.add(run, grade("anna"), NOW)
    for name in ("anna", "carl"):
        with pytest.raises(BadInput, match=name):
            book.add(run, grade(name, loop=0), NOW)
    assert book.grades(run) == {"anna": grade("anna")}


def test_a_grade_comes_back_as_it_was(book: Gradebook) -> None:
    run = book.begin(TERMS, CLASS, NOW)
    finding = Finding("loop", "wörter", 1.5, False, "half \ud800 a letter \x00")
    given = Grade("anna", (finding,), ("a note",), "an\nanswer", ((3, "ValueError: x"),))
    book.add(run, given, NOW)
    assert book.grades(run)["anna"] == given


def test_the_newest_mark_counts_and_none_takes_it_back(book: Gradebook) -> None:
    book.add_marks([Mark("anna", 2.0, "a"), Mark("bert", 1.0, "b")], "grades.csv", NOW)
    book.add_marks([Mark("anna", 3.0, "a"), Mark("bert", None, "")], "grades.csv", NOW)
    assert book.marks() == {"anna": Mark("anna", 3.0, "a")}


def test_points_can_be_asked_for_in_sql(book: Gradebook) -> None:
    book.add(book.begin(TERMS, CLASS, NOW), grade("anna", loop=2.5), NOW)
    book.__exit__(None, None, None)
    reader = sqlite3.connect(book.path)
    assert reader.execute("SELECT question, points FROM points").fetchall() == [
        ("loop", 2.5),
        ("meter", 4),
    ]
    reader.close()


def test_a_second_grader_is_told_and_a_dead_one_is_not_in_the_way(tmp_path: Path) -> None:
    with Gradebook(tmp_path, "lab77"), pytest.raises(BadFile, match="another grader"):
        Gradebook(tmp_path, "lab77")
    Gradebook(tmp_path, "lab77").__exit__(None, None, None)


def test_another_labs_gradebook_is_refused(book: Gradebook) -> None:
    book.begin(TERMS, CLASS, NOW)
    book.__exit__(None, None, None)
    with pytest.raises(BadInput, match="lab77"):
        Gradebook(book.path.parent, "lab78")


def foreign(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE mine (x)")
    database.commit()
    database.close()


def newer(path: Path) -> None:
    Gradebook(path.parent, "lab77").__exit__(None, None, None)
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()


def damaged(path: Path) -> None:
    with Gradebook(path.parent, "lab77") as book:
        book.begin(TERMS, [replace(ANNA, name=f"{n}" * 50) for n in range(500)], NOW)
    content = bytearray(path.read_bytes())
    content[8192:] = b"\x55" * (len(content) - 8192)
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [foreign, newer, damaged, lambda p: p.write_text("no" * 999)])
def test_what_is_no_gradebook_of_ours_is_left_as_it_is(tmp_path: Path, spoil: object) -> None:
    path = tmp_path / "gradebook.db"
    assert callable(spoil)
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(BadFile, match=r"gradebook\.db"):
        Gradebook(tmp_path, "lab77")
    assert path.read_bytes() == before


def test_an_empty_file_left_by_a_kill_becomes_a_gradebook(tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").touch()
    with Gradebook(tmp_path, "lab77") as book:
        assert book.last_run() is None


# Forks from a process without threads, so that each round costs milliseconds.
KILLED = """
import os, random, signal, sys, time
from datetime import UTC, datetime
from pathlib import Path
from planlab.grading import Grade
from planlab.grading.gradebook import Gradebook, Terms
from planlab.grading.submissions import Submission

folder, rng = Path(sys.argv[1]), random.Random(7)
learners = [Submission(f"n{n}", Path("x"), (), str(n)) for n in range(300)]
terms, now = Terms("lab77", "1", 1, "1"), datetime.now(UTC)

def work(began):
    with Gradebook(folder, "lab77") as book:
        run = book.begin(terms, learners, now)
        done = book.grades(run)
        for one in learners:
            if one.name not in done:
                book.add(run, Grade(one.name, (), (str(os.getpid()),)), now)
                with open(folder / "committed", "a") as log:
                    log.write(one.name + "\\n")
                os.write(began, b".")
                time.sleep(0.0005)
        book.finish(run, now)

for kill in range(12):
    committed, began = os.pipe()
    child = os.fork()
    if not child:
        work(began)
        os._exit(0)
    if kill % 2:
        os.read(committed, 1)  # killed among the commits; otherwise wherever it may be
    time.sleep(rng.uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
work(began)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_no_kill_loses_or_doubles_a_grade(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    subprocess.run(command, check=True)
    with Gradebook(tmp_path, "lab77") as book:
        run = book.last_run()
        assert run is not None
        assert (run.id, bool(run.finished)) == (1, True)
        writers = [grade.notes[0] for grade in book.grades(run).values()]
    assert len(writers) == 300
    assert len(set(writers)) > 3, "no grades of killed writers were kept"
    # Whatever a writer saw committed was kept: nobody was graded twice.
    committed = (tmp_path / "committed").read_text().split()
    assert len(committed) == len(set(committed))


def test_a_regrade_says_what_changed() -> None:
    before = {name: grade(name, loop=4) for name in ("anna", "bert", "carl")}
    after = {name: grade(name, loop=4) for name in ("bert", "dora")} | {"anna": grade("anna")}
    assert changes(after, before) == [
        "anna: loop 4 → 6",
        "dora: new, 8",
    ]
