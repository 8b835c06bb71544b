"""The points that a person gave: read from a table, checked, bound to the answer they are for.

In the column `manual`, a number gives points, `-` takes them back, and an empty cell says nothing.
A number with `!` (`2!`) says so of the answer as it is now, where that has changed since.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from planlab.errors import BadFile
from planlab.grading.checks import Lab
from planlab.grading.files import clean_name
from planlab.grading.gradebook import Gradebook, Mark
from planlab.grading.sheets import Line, parse_sheet

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_NEEDS = ("submission", "manual")


@dataclass(frozen=True)
class Typed:
    """What stands in one cell; `points` is None for a `-`."""

    submission: str
    points: float | None
    confirmed: bool = False


def most_points(lab: Lab) -> int:
    """The points of the questions that a person marks."""
    return sum(question.points for question in lab.questions if question.manual)


def parse_marks(
    text: str, name: str, lab: Lab, known: Collection[str], *, before: str = ""
) -> list[Typed]:
    """The marks in the text of the table called `name` that do not stand in its text `before`.

    Raises `BadFile`, with line and column, for what is no number of the lab's range, for a learner
    who is not `known`, or who has two different marks.
    """
    found: dict[str, Typed] = {}
    old = [_mark_cells(line) for line in parse_sheet(before, _NEEDS, name)] if before else []
    for line in parse_sheet(text, _NEEDS, name):
        if not line.cells["manual"] or _mark_cells(line) in old:
            continue
        place = f"{name}, line {line.number}, column"
        typed = _typed(line, most_points(lab), place)
        if typed.submission not in known:
            raise BadFile(
                f"{place} submission: there is no submission {line.cells['submission']!r}. If a "
                "spreadsheet changed the letters, save it as 'CSV UTF-8'."
            )
        if found.setdefault(typed.submission, typed) != typed:
            raise BadFile(f"{place} manual: {typed.submission!r} has another mark further up.")
    return list(found.values())


def bind(typed: Sequence[Typed], book: Gradebook) -> list[Mark]:
    """The marks that say something new, each bound to the newest answer that has been graded."""
    answers, marks = book.answers(), book.marks()
    return [
        Mark(one.submission, one.points, answers.get(one.submission, ""))
        for one in typed
        if _is_news(one, marks.get(one.submission), answers)
    ]


def bind_late(book: Gradebook) -> list[Mark]:
    """The marks that were given before there was a grade, bound to the answers that there are."""
    answers = book.answers()
    marks = [mark for mark in book.marks().values() if not mark.answer]
    return [replace(m, answer=answers[m.submission]) for m in marks if m.submission in answers]


def _is_news(typed: Typed, mark: Mark | None, answers: Mapping[str, str]) -> bool:
    if mark is None:
        return typed.points is not None
    changed = answers.get(typed.submission) != mark.answer
    return typed.points != mark.points or (typed.confirmed and changed)


def _mark_cells(line: Line) -> tuple[str, str]:
    return line.cells["submission"], line.cells["manual"]


def _typed(line: Line, most: int, place: str) -> Typed:
    """The mark on one line."""
    cell, name = line.cells["manual"], clean_name(line.cells["submission"])
    if cell in ("-", "–", "—"):  # noqa: RUF001, spreadsheets lengthen a hyphen
        return Typed(name, None)
    number = cell.removesuffix("!").strip()
    points = float(number.replace(",", ".")) if _NUMBER.fullmatch(number) else -1.0
    if not 0 <= points <= most:
        raise BadFile(
            f"{place} manual ({name}): {cell!r} is no number of points from 0 to {most}. "
            "Nothing was changed."
        )
    return Typed(name, points, cell.endswith("!"))
