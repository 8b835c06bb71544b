"""Questions kept as data, in a TOML file: a notebook shows the quiz, and its cell no answer."""

import tomllib
from pathlib import Path

from planlab.errors import BadFile
from planlab.records import Record
from planlab.show.quiz import Question, Quiz


class _File(Record):
    """One table `[[question]]` for each question, with the fields of `Question` and `Choice`."""

    question: tuple[Question, ...]


def load_quiz(path: str | Path, *, title: str = "Quiz") -> Quiz:
    """The quiz in the file at `path`; raises `BadFile`, which names the question at fault."""
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        return Quiz(_File.model_validate(table).question, title=title)
    except (OSError, ValueError) as problem:
        raise BadFile(f"{path} cannot be read as questions: {problem}") from None
