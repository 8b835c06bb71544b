"""The course as a whole: map, links, glossary, misconceptions, exercises, recall questions."""

import ast
import json
import re
import runpy
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import nbformat
import pytest

from planlab.errors import BadFile
from planlab.show import course_map, load_course

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
LESSONS = load_course(NOTEBOOKS)
PRESENT = {lesson.number for lesson in LESSONS}
NEEDS = {
    **{"01": {"00"}, "02": {"01"}, "03": {"02"}, "04": {"03"}},
    **{"05": {"03"}, "06": {"03"}, "07": {"03"}, "08": {"04"}, "09": {"03"}, "10": {"04"}},
    "11": {"05", "06", "07", "08", "09", "10"},
}
SHORT_PATH = {"00", "01", "02", "03", "04", "07", "08", "11"}


@pytest.fixture(scope="module")
def script():
    """scripts/course.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts"))
        yield SimpleNamespace(**runpy.run_path(str(ROOT / "scripts" / "course.py")))
    sys.modules.pop("execute", None)


@cache
def read(number):
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    return nbformat.read(path, as_version=4)


def prose(number):
    return "\n\n".join(cell.source for cell in read(number).cells if cell.cell_type == "markdown")


def each_lesson(after="00"):
    chosen = [lesson for lesson in LESSONS if lesson.number > after]
    return pytest.mark.parametrize("lesson", chosen, ids=lambda lesson: lesson.number)


def lies_before(number):
    """All lessons that this one needs, near and far."""
    needs = NEEDS.get(number, set())
    return needs.union(*(lies_before(need) for need in needs))


# The map


def test_the_map_is_the_one_of_the_syllabus():
    assert {lesson.number: set(lesson.needs) for lesson in LESSONS} == {
        number: NEEDS.get(number, set()) for number in PRESENT
    }
    assert {lesson.number for lesson in LESSONS if lesson.short_path} == SHORT_PATH & PRESENT


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_a_lesson_opens_with_what_its_metadata_say(lesson):
    opening = read(lesson.number).cells[0].source
    assert opening.startswith(f"# {lesson.number} {lesson.title}")
    assert f"**Time:** {lesson.minutes} minutes (an estimate)" in opening
    (needed,) = re.findall(r"\*\*You need\*\* (.*?)\*\*Time", opening, re.DOTALL)
    named = set(re.findall(r"\b\d\d\b", needed))
    if " to " in needed:
        named = {f"{n:02}" for n in range(int(min(named)), int(max(named)) + 1)}
    assert set(lesson.needs) <= named


def test_readme_and_the_links_between_lessons_agree_with_the_metadata(script):
    for path, text in script.make().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run scripts/course.py"


def test_the_map_in_notebook_00_is_drawn_from_the_metadata():
    maps = [
        output.data["text/plain"]
        for cell in read("00").cells
        if "course_map(" in cell.source
        for output in cell.outputs
    ]
    assert maps == [course_map(LESSONS).text], "execute notebook 00 again"


def write_lessons(folder, *numbers, **changed):
    for number in numbers:
        said = {"number": number, "title": "T", "builds": "b", "minutes": 5, "needs": []}
        said |= {"short_path": False, **changed}
        notebook = {"metadata": {"planlab": said}, "cells": []}
        (folder / f"{number}_name.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def test_a_map_leaves_out_a_lesson_that_is_not_there_yet(tmp_path):
    write_lessons(tmp_path, "03")
    write_lessons(tmp_path, "11", needs=["03", "09"])
    drawn = str(course_map(load_course(tmp_path)))
    assert "- 03 T -> 11 T" in drawn
    assert "09" not in drawn


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"number": "04"}, "lesson 04"),
        ({"needs": ["05"]}, "needs 05"),
        ({"minutes": 0}, "minutes"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_metadata_that_cannot_be_are_refused_with_their_file(tmp_path, changed, named):
    write_lessons(tmp_path, "03", **changed)
    with pytest.raises(BadFile, match=rf"(?s)03_name\.ipynb.*{named}"):
        load_course(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"metadata": {}}', '{"metadata": {"planlab": 3}}'])
def test_a_notebook_that_says_nothing_of_itself_is_named(tmp_path, text):
    (tmp_path / "03_name.ipynb").write_text(text, encoding="utf-8")
    with pytest.raises(BadFile, match=r"03_name\.ipynb"):
        load_course(tmp_path)


def test_a_folder_without_lessons_is_named(tmp_path):
    with pytest.raises(BadFile, match="no lesson"):
        load_course(tmp_path)


# Quizzes: what they hold is read from the code of their cells


def questions_of(number, function):
    """The keywords of each Question in the calls of `function`, and its choices."""
    for cell in read(number).cells:
        if cell.cell_type == "code" and f"{function}(" in cell.source:
            for call in ast.walk(ast.parse(cell.source)):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == function:
                    for item in ast.walk(call):
                        if isinstance(item, ast.Call) and ast.unparse(item.func) == "Question":
                            yield {k.arg: ast.literal_eval(k.value) for k in item.keywords}


def choices_in(lesson):
    """For each question of a lesson, its choices: their texts, and whether they are right."""
    for cell in lesson.cells:
        if cell.cell_type == "code" and "Question(" in cell.source:
            for call in ast.walk(ast.parse(cell.source)):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "Question":
                    listed = call.args[1].elts
                    yield [[ast.literal_eval(part) for part in c.args[:2]] for c in listed]


def test_neither_place_nor_length_gives_a_right_answer_away():
    questions = [choices for n in sorted(PRESENT) for choices in choices_in(read(n))]
    places = Counter([right for _, right in choices].index(True) for choices in questions)
    longest = sum(max(choices, key=lambda choice: len(choice[0]))[1] for choices in questions)
    assert len(questions) > 70
    assert max(places.values()) <= 0.6 * len(questions)
    assert longest <= 0.6 * len(questions)


MISCONCEPTIONS = {
    "a capable model needs no planning layer": "00",
    "the plan is the hard part and execution follows": "04",
    "a more detailed plan is a better plan": "02",
    "a plan always makes the system smarter": "03",
    "every task should plan first": "03",
    "step names are enough": "02",
    "the model has a planner module": "01",
    "the model can take back what it wrote": "01",
    "parallel saves tokens": "07",
    "more approvals are safer": "08",
    "read-only tools are harmless": "08",
    "durable means exactly once": "10",
    "the critic knows because it is the same model": "05",
    "an exhausted loop returns its best": "05",
    "cheap models everywhere are cheapest": "09",
}


@pytest.mark.parametrize(
    ("misconception", "number"), [m for m in MISCONCEPTIONS.items() if m[1] in PRESENT]
)
def test_each_misconception_is_met_in_the_quiz_of_its_lesson(misconception, number):
    met = [question.get("misconception") for question in questions_of(number, "Quiz")]
    assert misconception in met


@each_lesson()
def test_three_questions_recall_the_last_lesson_the_one_before_it_and_any(lesson):
    recalled = [question.get("lesson") for question in questions_of(lesson.number, "recall")]
    known = lies_before(lesson.number)
    assert len(recalled) == 3
    assert set(recalled) <= known, "a learner on another path has not had that lesson"
    assert set(sorted(known & PRESENT)[-2:]) <= set(recalled)


# Exercises and tables

EXERCISES = [
    ("02", "Rewrite the weekly-report plan"),
    ("00", "Why do long tasks need a planner more than short ones?"),
    ("03", "Why do long tasks need a planner more than short ones?"),
    ("04", "The goal changes half-way"),
    ("01", "Which of these suit ReAct, which plan-and-execute?"),
    ("03", "Which of the three columns"),
]


@pytest.mark.parametrize(("number", "task"), EXERCISES)
def test_each_exercise_has_a_reference_answer_behind_a_fold(number, task):
    (cell,) = [c.source for c in read(number).cells if task in c.source]
    _, asked = cell.split(task)
    before, answer = asked.split("<details><summary>Reference answer</summary>", 1)
    assert "xercise" in cell
    assert "</details>" not in before
    assert len(answer.split("</details>")[0]) > 200


def test_the_selection_tables_stand_in_their_lessons():
    assert "| | Clear path, many steps | Many unknowns | Both |" in prose("03")
    (table,) = [c for c in read("07").cells if "HEAD = (" in c.source]
    said = table.outputs[0].data["text/plain"]
    words = ("how it executes", "best for", "latency", "sequential", "LATS", "reflection")
    assert all(word in said for word in (*words, "compiler"))


# The glossary

TERMS = """
planning, reasoning, goal, decomposition, ordering, dependency, hand-off, write-back, granularity,
execution, revision, replanning, revision cadence, stale plan, drift (improvisational),
drift (contextual), plan as tokens, context, working memory, token, prefill, decode, attention,
KV cache, prefix cache, harness, thinking block, tool call, reactive agent, structured output,
planner core, task graph, executor pool, progress ledger, replanning loop, review gate,
orchestrator, veto, critic, verdict, policy and value function, UCT, selection, expansion,
simulation, backpropagation, critical path, makespan, joiner, checkpoint (of a run),
checkpoint (of a human), risk level, audit trail, rollback, approval fatigue, prompt injection,
durable runtime, idempotency key, trace, evidence card
"""
IN_A_LESSON = {  # where the text says it in other words than the glossary's heading
    "drift (improvisational)": "improvisational drift",
    "drift (contextual)": "contextual drift",
    "policy and value function": "a *policy* and a *value function*",
    "checkpoint (of a run)": "checkpoint",
    "checkpoint (of a human)": "human checkpoint",
}
GLOSSARY = (NOTEBOOKS / "glossary.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^\| \*\*(.+?)\*\* \| (.+?) \| \[(\d\d)\]\((.+?)\) \|$", GLOSSARY, re.M)


def test_every_term_of_the_course_is_defined_once_in_order():
    terms = [term for term, *_ in ENTRIES]
    assert sorted(terms) == sorted(term.strip() for term in TERMS.split(","))
    assert terms == sorted(terms, key=str.lower)
    assert GLOSSARY.count("\n| **") == len(ENTRIES), "a line that is not of the form of the others"


@pytest.mark.parametrize(
    ("term", "meaning", "number", "target"), ENTRIES, ids=[term for term, *_ in ENTRIES]
)
def test_a_term_is_taught_where_the_glossary_says(term, meaning, number, target):
    file, _, anchor = target.partition("#")
    assert file.startswith(f"{number}_")
    assert 1 <= len(re.findall(r"[.!?](?:\s|$)", meaning)) <= 3
    if number not in PRESENT:
        return
    text = prose(number)
    assert (NOTEBOOKS / file).exists()
    assert IN_A_LESSON.get(term, term).lower() in text.lower()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    assert not anchor or unquote(anchor) in [heading.replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_a_lesson_leads_back_to_the_glossary(lesson):
    assert "(glossary.md)" in read(lesson.number).cells[-1].source
