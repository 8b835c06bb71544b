"""Whose work is where, and when it was handed in.

A path is a notebook, a folder of notebooks (a learner each), a folder of learners' folders, or
nbgrader's `submitted/<learner>/<lab>/`. Whatever cannot be graded becomes a submission without a
path and with a note, so that nobody is left out in silence.
"""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from planlab.errors import BadInput
from planlab.grading.files import digest
from planlab.grading.labs import shown
from planlab.grading.naming import Found, name_all
from planlab.grading.submissions import LARGEST, Submission
from planlab.grading.summary import render_names

_DEEPEST = 3  # folders below a learner's own; a notebook further down is not looked for
_LEFT_ASIDE = ("__MACOSX", "timestamp.txt")


def find_submissions(
    paths: Sequence[Path], lab: str, known: Mapping[str, str] = MappingProxyType({})
) -> list[Submission]:
    """The submissions of the lab in `paths`, sorted by name, each name once.

    `known` names learners whose files a learning platform named (`planlab.grading.naming`).
    Raises `BadInput` where a path is not there, or there is nothing at all.
    """
    found = {_spot(entry.place): entry for path in paths for entry in _look(path, lab)}
    if not any(entry.notebook for entry in found.values()):
        places = ", ".join(shown(path) for path in paths)
        raise BadInput(f"There is no submission in {places}. Name notebooks, or folders of them.")
    entries = sorted(found.values(), key=lambda entry: str(entry.place))
    submissions = (_submission(*learner) for learner in name_all(entries, lab, known))
    return sorted(submissions, key=lambda submission: submission.name)


def _spot(place: Path) -> Path:
    """Where the entry itself is, though it be a link: the same however the path was written."""
    return place.absolute().parent.resolve() / place.name


def _look(path: Path, lab: str) -> Iterator[Found]:
    """What one path of the command line holds."""
    if not path.is_dir():
        if not os.path.lexists(path):
            raise BadInput(f"{path} is not there. Name a notebook, or a folder of them.")
        yield Found(path, path)
    elif (path / lab).is_dir() and not path.is_symlink():
        yield _learner(path, lab)  # nbgrader's folder of one learner
    else:
        yield from _look_into(path, lab)


def _look_into(folder: Path, lab: str) -> Iterator[Found]:
    """A class: each file is a learner's, and each folder."""
    # A folder with a gradebook is what the grader writes.
    entries = [path for path in _entries(folder) if not (path / "gradebook.db").exists()]
    if not entries:
        yield Found(folder, None, "the folder is empty")
    for path in entries:
        if _leaves(path, folder):
            yield Found(path, None, "it is a link out of the folder, and was not followed")
        elif path.is_dir():
            yield _learner(path, lab)
        else:
            yield Found(path, path)


def _learner(folder: Path, lab: str) -> Found:
    """The lab's notebook in a learner's folder, or the only one; a note where neither is clear."""
    files = list(_walk(folder))
    notebooks = [path for path in files if path.suffix.lower() == ".ipynb"]
    own = [path for path in notebooks if path.stem.lower() == lab.lower()]
    choice = own or notebooks
    if len(choice) == 1:
        if _leaves(choice[0], folder):
            return Found(folder, None, "its notebook is a link out of the folder, not followed")
        return Found(folder, choice[0])
    names = render_names([path.relative_to(folder).as_posix() for path in choice or files])
    if choice:
        return Found(folder, None, f"which notebook is meant? There are {names}; keep one")
    return Found(folder, None, f"no notebook, only {names}" if files else "the folder is empty")


def _walk(folder: Path) -> Iterator[Path]:
    """The files of a learner's folder, links to folders not followed."""
    for place, folders, files in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = [] if depth >= _DEEPEST else sorted(filter(_is_shown, folders))
        yield from (Path(place, name) for name in sorted(filter(_is_shown, files)))


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _is_shown(path.name))
    except OSError as error:
        raise BadInput(f"{folder} cannot be read: {error.strerror or error}.") from error


def _is_shown(name: str) -> bool:
    """Not what systems and Jupyter hide beside people's files."""
    return not name.startswith(".") and name not in _LEFT_ASIDE


def _leaves(path: Path, folder: Path) -> bool:
    """Whether `path` is a link to a place outside `folder`."""
    try:
        return not path.resolve(strict=True).is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # it leads nowhere, or to itself
        return True


def _submission(name: str, note: str, found: Found) -> Submission:
    """What is known of a learner's work without running it."""
    notes = tuple(filter(None, (note, found.note)))
    if found.notebook is None:
        return Submission(name, notes=notes)
    try:
        about = found.notebook.stat()
        if problem := _problem(about):
            return Submission(name, notes=(*notes, problem))
        data = found.notebook.read_bytes()
    except OSError as error:
        problem = f"its file could not be read: {error.strerror or error}"
        return Submission(name, notes=(*notes, problem))
    written = datetime.fromtimestamp(about.st_mtime, UTC)
    submission = Submission(name, found.notebook, notes, digest(data), written, "the file's date")
    stamp = found.notebook.parent / "timestamp.txt"
    # Among a class's files one stamp would be nobody's.
    has_own = found.place != found.notebook or found.notebook.parent.name == found.notebook.stem
    return _stamped(submission, stamp) if has_own and stamp.is_file() else submission


def _problem(about: os.stat_result) -> str:
    """Why a file is not to be read, or nothing."""
    if not stat.S_ISREG(about.st_mode):
        return "it is not a file"
    if about.st_size > LARGEST:
        return f"the file has {about.st_size / 1e6:.0f} MB, {LARGEST / 1e6:.0f} at most are read"
    return ""


def _stamped(submission: Submission, stamp: Path) -> Submission:
    """The submission, dated by nbgrader's timestamp file."""
    try:
        with stamp.open(encoding="utf-8") as file:
            moment = _parse_timestamp(file.read(100))
    except (OSError, ValueError, KeyError):
        note = "its timestamp.txt holds no time, so the file's date was taken"
        return replace(submission, notes=(*submission.notes, note))
    return replace(submission, submitted=moment, dated_by="timestamp.txt")


def _parse_timestamp(text: str) -> datetime:
    """nbgrader's "2026-02-02 15:58:23.948203 UTC"; the zone may be an offset or a place's name.

    Raises `ValueError` or `KeyError`. Without a zone it is UTC, as nbgrader has it.
    """
    text = text.strip()
    day, time, *zone = (text[:11].replace("T", " ") + text[11:]).split()
    moment = datetime.fromisoformat(f"{day} {time}")
    if zone and zone[0][0] in "+-":
        return datetime.fromisoformat(f"{day} {time}{zone[0]}")
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone[0] if zone else "UTC"))
