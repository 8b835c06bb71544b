"""INSTRUCTORS.md says what is: its commands, files, queries, notes, limits and tables."""

import ast
import json
import re
import shlex
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import dropwhile, takewhile
from pathlib import Path

import pytest
from classes import TERMS, grade

from labs import ROOT, lab_of
from planlab.__main__ import make_parser
from planlab.grading.gradebook import Gradebook, Mark
from planlab.grading.submissions import Submission

TEXT = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = re.findall(r"python -m planlab ([^`#\n]+)", TEXT)
PLACES = r"\b(?:bench|labs|notebooks|planlab|scripts|solutions|tests)/[\w./-]*\w"
FILES = rf"{PLACES}|\b[A-Z]{{4,}}\.md|\brequirements[\w-]*\.txt|\b\w+_config\.py"
NOW = datetime(2026, 11, 21, 15, 40, tzinfo=UTC)


def rows(below: str) -> list[list[str]]:
    """The cells of the first table below a text, without its header."""
    lines = dropwhile(lambda line: line[:1] != "|", TEXT[TEXT.index(below) :].splitlines())
    table = takewhile(lambda line: line[:1] == "|", lines)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table][2:]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A gradebook of two runs and a mark."""
    with Gradebook(tmp_path, "lab77") as book:
        for sha256, loop in (("1", 2), ("2", 6)):
            run = book.begin(TERMS, [Submission("birch", Path("birch.ipynb"), (), sha256)], NOW)
            book.add(run, grade("birch", loop=loop), NOW)
            book.finish(run, NOW)
        book.add_marks([Mark("birch", 2, "")], "grades.csv", NOW)
        book.note("roster", "submission\nbirch\n")
    return book.path


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_each_command_is_one(command: str) -> None:
    make_parser().parse_args(shlex.split(command))


def test_each_file_and_each_section_is_there() -> None:
    made = {"dist/agents-that-plan.zip", "work/lab01/lab01.ipynb"}
    lost = [name for name in re.findall(FILES, TEXT) if not (ROOT / name).exists()]
    assert [name for name in lost if name not in made] == []
    headings = {line.strip("# ").lower().replace(" ", "-") for line in TEXT.splitlines()}
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= headings


@pytest.mark.parametrize("query", [query for query in QUERIES if query.startswith("SELECT")])
def test_each_query_finds_something(query: str, book: Path) -> None:
    assert sqlite3.connect(book).execute(query).fetchall()


def test_a_learner_who_is_to_be_forgotten_is_gone(book: Path) -> None:
    (script,) = (query for query in QUERIES if "DELETE" in query)
    assert b"birch" in book.read_bytes()
    with sqlite3.connect(book) as database:
        database.executescript(script)
    database.close()
    assert b"birch" not in book.read_bytes()


def test_the_gradebook_has_the_tables_and_columns_that_are_named(book: Path) -> None:
    named = {
        re.findall(r"`(\w+)`", table)[0]: set(re.findall(r"`(\w+)`", columns))
        for table, _, columns in rows("| Table | One row")
    }
    database = sqlite3.connect(book)
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE sql > ''")]
    assert named == {
        table: {column[1] for column in database.execute(f"PRAGMA table_info({table})")}
        for table in tables
    }


def test_the_limits_are_those_that_hold() -> None:
    child = pytest.importorskip("planlab.grading.child")  # Linux alone has what it needs
    assert [row[1] for row in rows("**What it may use:**")] == [
        *(f"{seconds:g} s" for seconds in (child.CELL_CPU, child.CASE_CPU, child.IDLE)),
        f"{child.MEMORY >> 20} MB",
        str(child.sandbox.PROCESSES),
        f"{child.sandbox.FILE >> 20} MB; {child.sandbox.DISK >> 20} MB",
    ]


def words_of_the_grader() -> Iterator[str]:
    for path in (ROOT / "planlab" / "grading").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_each_note_that_is_explained_can_be_given() -> None:
    said = list(words_of_the_grader())
    for note, *_ in rows("| Note | What happened"):
        for example in re.findall(r"`([^`]+)`", note):
            part = max(re.split(r"'\w+'|explain|\d+(?: \w+)?|[…:.]", example), key=len).strip()
            assert any(part in words for words in said), example


def test_the_table_of_objectives_holds_each_property_of_lab_01() -> None:
    table = [row[1:] for row in rows("**Lab 01** (cells")]
    assert [row[:3] for row in table[:-1]] == [
        [f"`{c.question}`", f"{c.words}{' (hidden)' if c.hidden else ''}", f"{c.points:g}"]
        for c in lab_of("lab01").checks
    ]
    cells = json.loads((ROOT / "notebooks" / "01_react.ipynb").read_text("utf-8"))["cells"]
    headings = {line[3:].strip() for c in cells for line in c["source"] if line[:3] == "## "}
    assert {part for row in table for part in row[3].split("; ")} <= headings


def test_the_minutes_add_up() -> None:
    *lessons, total = rows("| | Lesson | Lesson, min")
    for column in (2, 3):
        minutes = [int(row[column] or 0) for row in lessons]
        assert sum(minutes) == int(total[column].strip("*"))
