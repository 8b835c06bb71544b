"""Where labs live, and a learner's own copy of one.

`labs/labNN/` is what learners get; nobody works in it, so that pulling a newer course never meets
a learner's changes. `start_lab` copies it into `work/`, which git ignores.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from planlab.errors import BadFile, BadInput

ROOT = Path(__file__).resolve().parents[2]
LEFT_BEHIND = shutil.ignore_patterns("__pycache__", "*.pyc", ".ipynb_checkpoints", ".DS_Store")


def find_labs(folder: Path) -> tuple[str, ...]:
    """The names of the labs in `folder` (`labs/` or `solutions/`), in order."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/*.ipynb") if is_lab(path)))


def is_lab(notebook: Path) -> bool:
    """Whether the file is a lab's notebook by its name: `lab01/lab01.ipynb`."""
    return notebook.stem == notebook.parent.name


def check_lab(name: str, folder: Path) -> None:
    """Raise `BadInput` unless `folder` holds the lab `name`."""
    labs = find_labs(folder)
    if not labs:
        raise BadInput(f"There are no labs in {folder}. Run this from a clone of the course.")
    if name not in labs:
        raise BadInput(f"There is no lab {name!r}. The labs: {', '.join(labs)}.")


def start_lab(name: str, to: Path, *, again: bool = False, root: Path = ROOT) -> Path | None:
    """Copy the lab `name` to `to / name`; returns where an older copy is kept now, if any.

    A copy that is already there is not touched: `BadInput` says so, unless it is wanted `again`;
    then the old copy gets a number (`lab01-1`). Nothing is ever deleted.
    """
    check_lab(name, root / "labs")
    target = to / name
    if os.path.lexists(target) and not again:
        raise BadInput(
            f"{shown(target)} is there already, and was not touched. To go on with it:\n"
            f"    {open_command(target / f'{name}.ipynb')}\n"
            f"To begin anew, and keep it under another name, add --again."
        )
    try:
        to.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=to) as folder:
            # The copy is whole before it gets its name.
            fresh = Path(folder) / name
            # Not with the rights of the original, which may be read-only.
            shutil.copytree(
                root / "labs" / name, fresh, ignore=LEFT_BEHIND, copy_function=shutil.copyfile
            )
            return put(fresh, target)
    except (OSError, shutil.Error) as error:
        raise BadFile(
            f"{shown(target)} could not be made: {error}. Nothing was changed."
        ) from error


def put(fresh: Path, target: Path) -> Path | None:
    """Rename `fresh` to `target`; what was there is renamed too, and its new path returned."""
    kept = None
    if os.path.lexists(target):
        names = (target.with_name(f"{target.name}-{number}") for number in count(1))
        kept = next(name for name in names if not os.path.lexists(name))
        target.rename(kept)
    try:
        fresh.rename(target)
    except OSError:
        if kept:
            kept.rename(target)
        raise
    return kept


def read_notebook(path: Path) -> dict[str, Any]:
    """The notebook file at `path`; raises `BadFile` for anything that is not one."""
    if not path.is_file():
        what = "is a folder: name the notebook in it" if path.is_dir() else "is not there"
        raise BadFile(f"{shown(path)} {what}.")
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadFile(f"{shown(path)} cannot be read as a notebook: {error}.") from error
    if not isinstance(notebook, dict) or not is_cells(notebook.get("cells")):
        raise BadFile(
            f"{shown(path)} is not a notebook (version 4): it has no list of cells. "
            "Save it from JupyterLab as .ipynb."
        )
    return notebook


def is_cells(value: object) -> bool:
    """Whether `value` is what a notebook has for its cells."""
    return isinstance(value, list) and all(
        isinstance(cell, dict)
        and isinstance(cell.get("cell_type"), str)
        and isinstance(cell.get("source"), str | list)
        and isinstance(cell.get("metadata", {}), dict)
        for cell in value
    )


def source_of(cell: Mapping[str, Any]) -> str:
    """The text of a cell, which a file may hold as one text or as lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(map(str, source))


def lab_of(notebook: Mapping[str, Any]) -> str | None:
    """The lab that a notebook says it is of, or None: some editors drop what they don't know."""
    metadata = notebook.get("metadata")
    mark = metadata.get("planlab") if isinstance(metadata, dict) else None
    name = mark.get("lab") if isinstance(mark, dict) else None
    return name if isinstance(name, str) else None


def shown(path: Path) -> str:
    """`path` as a person would type it here."""
    # Not resolved: .venv/bin/python is a link to another Python.
    absolute, here = Path(os.path.abspath(path)), Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)


def open_command(notebook: Path) -> str:
    """The command that opens `notebook` in JupyterLab, with the Python that runs now."""
    words = (shown(Path(sys.executable)), "-m", "jupyter", "lab", shown(notebook))
    return " ".join(f'"{word}"' if " " in word else word for word in words)


def list_files(folder: Path) -> list[Path]:
    """The files in `folder`, in order, without what Python and Jupyter leave behind."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        skipped = LEFT_BEHIND(place, [*folders, *files])
        folders[:] = [name for name in folders if name not in skipped]
        found += [Path(place) / name for name in files if name not in skipped]
    return sorted(found)


def read_text(path: Path) -> str:
    """The file's text; bytes that are no text are kept as they are."""
    return path.read_text(encoding="utf-8", errors="surrogateescape")
