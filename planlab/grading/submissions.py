"""One learner's work: the file, when it was handed in, and its cells.

`planlab.grading.collect` finds the submissions of a class.
"""

import json
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat

from planlab.errors import BadFile
from planlab.grading.labs import is_cells, lab_of, source_of

LARGEST = 20_000_000  # bytes; a larger file is not read


@dataclass(frozen=True)
class Submission:
    """One learner's work; `path` is None where there is no notebook to grade, and `notes` say why.

    `submitted` is when it was handed in, as far as `dated_by` tells; `sha256` is the file's.
    """

    name: str
    path: Path | None = None
    notes: tuple[str, ...] = ()
    sha256: str = ""
    submitted: datetime | None = None
    dated_by: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell: number from 1, kind ("code", "markdown" or "raw"), source, nbgrader's id."""

    number: int
    kind: str
    source: str
    id: str = ""


def read_notebook(path: Path, lab: str, questions: Collection[str] = ()) -> tuple[Cell, ...]:
    """The cells of a submission's notebook; older formats are upgraded.

    Raises `BadFile` with a sentence for the learner: no file, no text, no notebook, or one of
    another lab, which it is by what it says, or if it has none of the lab's `questions` but others.
    """
    notebook = _upgraded(_parsed(_text(path)))
    if not is_cells(notebook.get("cells")):
        raise BadFile("The file is JSON, but its cells are not a notebook's.")
    cells = tuple(
        Cell(number, cell["cell_type"], source_of(cell), _grade_id(cell))
        for number, cell in enumerate(notebook["cells"], start=1)
    )
    named, ids = lab_of(notebook), {cell.id for cell in cells if cell.id}
    if named not in (None, lab):
        raise BadFile(f"This is a notebook of {named[:40]!r}, not of {lab!r}.")
    if named is None and ids and questions and ids.isdisjoint(questions):
        raise BadFile(f"This is the notebook of another lab: it has no question of {lab!r}.")
    return cells


def _text(path: Path) -> str:
    """The file's text."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadFile(f"The file is over {LARGEST // 1_000_000} MB, and was not read.")
        data = path.read_bytes()
    except OSError as error:
        raise BadFile(f"The file could not be read: {error.strerror or error}.") from error
    if not data.strip():
        raise BadFile("The file is empty.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(
            f"The file is not UTF-8 text (byte {error.start + 1}), as notebooks are."
        ) from error


def _parsed(text: str) -> dict[str, Any]:
    """The text as a JSON object that says which notebook format it has."""
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadFile(f"The file is not a notebook: no JSON ({error.msg}, {place}).") from error
    except (ValueError, RecursionError) as error:
        raise BadFile("The file is not a notebook: numbers or nesting beyond bounds.") from error
    if not isinstance(notebook, dict) or not {"cells", "worksheets"} & notebook.keys():
        raise BadFile("The file is JSON, but not a notebook: it has no cells.")
    return notebook


def _upgraded(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook in format 4."""
    version = notebook.get("nbformat", 4)
    if version == 4:
        return notebook
    if version not in (1, 2, 3):
        raise BadFile(f"The notebook has format {version!r:.20}, and 1 to 4 can be read.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            upgraded: dict[str, Any] = nbformat.convert(nbformat.from_dict(notebook), 4)
            return upgraded
    except Exception as error:  # the upgrade trusts its input, and stumbles in many ways
        raise BadFile(
            f"The notebook says that it has format {version}, and could not be upgraded "
            f"({type(error).__name__})."
        ) from error


def _grade_id(cell: dict[str, Any]) -> str:
    """nbgrader's id of a cell, or nothing."""
    marks = cell.get("metadata", {}).get("nbgrader")
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else ""
