"""The course on one map, from what each notebook says of itself in its metadata.

`notebook.metadata.planlab` holds the fields of `Lesson`. README, the map in notebook 00 and the
links at each notebook's end are made from it: by `scripts/course.py`, and by `course_map`.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from planlab.errors import BadFile
from planlab.records import Record
from planlab.show.diagrams import diagram
from planlab.show.shown import Shown

SHORT = "★"  # marks the lessons of the short path


class Lesson(Record):
    """One notebook: what it is called, what is built, what must be known first."""

    file: str
    number: str = Field(pattern=r"^\d\d$")
    title: str
    builds: str
    minutes: int = Field(gt=0)  # an estimate
    needs: tuple[str, ...]  # numbers of lessons
    short_path: bool

    @property
    def name(self) -> str:
        """Number and title, and the mark of the short path."""
        return f"{self.number} {self.title}" + (f" {SHORT}" if self.short_path else "")


def load_course(folder: str | Path = ".") -> tuple[Lesson, ...]:
    """The lessons whose notebooks lie in `folder`, by number; raises `BadFile`."""
    paths = sorted(Path(folder).glob("[0-9][0-9]_*.ipynb"))
    if not paths:
        raise BadFile(f"There is no lesson in {folder}: 00_start_here.ipynb should be there.")
    return tuple(_load_lesson(path) for path in paths)


def course_map(lessons: Sequence[Lesson]) -> Shown:
    """Which lesson needs which; what is not there yet is left out."""
    known = {lesson.number for lesson in lessons}
    needs = [(need, each.number) for each in lessons for need in each.needs if need in known]
    title = f"Lessons, and what each needs ({SHORT}: the short path)"
    return diagram({each.number: each.name for each in lessons}, needs, title=title)


def _load_lesson(path: Path) -> Lesson:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))["metadata"]["planlab"]
        lesson = Lesson(file=path.name, **said)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadFile(
            f"{path} does not say in its metadata which lesson it is ({problem}): "
            "metadata.planlab holds number, title, builds, minutes, needs and short_path."
        ) from None
    if lesson.number != path.name[:2] or any(need >= lesson.number for need in lesson.needs):
        raise BadFile(
            f"{path} says that it is lesson {lesson.number} and needs {', '.join(lesson.needs)}: "
            "the number stands in the file's name, and a lesson needs earlier ones."
        )
    return lesson
