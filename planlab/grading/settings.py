"""What a folder of grades remembers of its class: the roster, and the time when work is due.

Both hold from run to run until another is given, or `none`, which forgets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from planlab.grading.gradebook import Gradebook
from planlab.grading.roster import Student, parse_due, parse_roster
from planlab.grading.sheets import read_text
from planlab.grading.summary import say

NONE = "none"


@dataclass(frozen=True)
class Settings:
    """The class of one run; `given` holds what this command line says, as text."""

    roster: tuple[Student, ...]
    due: datetime | None
    given: Mapping[str, str]

    def keep(self, book: Gradebook) -> None:
        """Remember what was given, and say what is used again."""
        for name, text in self.given.items():
            book.note(name, text)
        if self.roster and "roster" not in self.given:
            say(_used_again("roster", f"{len(self.roster)} learners"))
        if self.due and "due" not in self.given:
            say(_used_again("due", f"{self.due:%Y-%m-%d %H:%M %z}"))


def recall(book: Gradebook, roster: Path | None, due: str | None) -> Settings:
    """What is given, or else what the gradebook remembers.

    Raises `BadFile` for a wrong roster, `BadInput` for a wrong time.
    """
    given = {}
    if roster is not None:
        given["roster"] = NONE if roster == Path(NONE) else read_text(roster)
    if due is not None:
        given["due"] = due
    texts = {"roster": book.noted("roster") or NONE, "due": book.noted("due") or NONE} | given
    name = roster.name if roster else "the roster of the last run"
    return Settings(
        () if texts["roster"] == NONE else parse_roster(texts["roster"], name),
        None if texts["due"] == NONE else parse_due(texts["due"]),
        given,
    )


def _used_again(name: str, words: str) -> str:
    return f"--{name} as in the last run: {words}. (--{name} {NONE} forgets it.)"
