"""Whose work is whose: a name for each learner, out of what a file or folder is called.

Learning platforms put more than the name into it, and some of it changes with each download.

Canvas: `<name>[_LATE]_<user>_<file>_<title>`, or `[LATE_]anon_<letters>_<file>_<title>`, with the
name in small letters and without spaces. `<file>` grows with each upload, and the title of one that
is handed in again ends in `-1`, `-2` (`get_filename` and `add_upload_submission` in
`lib/content_zipper.rb`, `make_unique_filename` in `app/models/attachment.rb` of
instructure/canvas-lms).
Moodle: `<name>_<participant>_assignsubmission_<kind>`, a folder, which may end in `_`, or followed
by `_<title>`, a file; the name holds no `_` (`download_submissions` in `mod/assign/locallib.php` of
moodle/moodle). With names hidden, everybody is called "Participant".
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from planlab.grading.files import clean_name
from planlab.grading.labs import shown
from planlab.grading.roster import Student
from planlab.grading.summary import render_names

_FORMS = (
    re.compile(r"(?:late_)?(?P<learner>anon_[^\W_]+)_(?P<file>\d+)_(?P<title>.+)", re.IGNORECASE),
    re.compile(
        r"(?P<learner>[\w-]+?)(?:_late)?_(?P<user>\d+)_(?P<file>\d+)_(?P<title>.+)", re.IGNORECASE
    ),
    re.compile(
        r"(?P<learner>[^_]+)_(?P<participant>\d+)_assignsubmission_[a-z]+(?:_(?P<title>.*))?"
    ),
)
_CANVAS_ID = "canvas_id "


@dataclass(frozen=True)
class Found:
    """A learner's place: the folder or file that is named after them, and the notebook in it."""

    place: Path
    notebook: Path | None = None
    note: str = ""


@dataclass(frozen=True)
class _Upload:
    """One file or folder of a platform's download, and what its name says."""

    found: Found
    name: str
    learner: str
    user: str = ""
    participant: str = ""
    file: int = 0
    title: str = ""

    @property
    def person(self) -> str:
        """The learner's name with the number that tells them from others of that name."""
        return "_".join(filter(None, (self.learner, self.user or self.participant)))


def known_names(roster: Sequence[Student]) -> dict[str, str]:
    """How the roster calls its learners, by all that a platform's file may say of them."""
    by_id = {_CANVAS_ID + s.canvas_id: s.submission for s in roster if s.canvas_id}
    return by_id | {student.submission: student.submission for student in roster}


def name_all(
    entries: Sequence[Found], lab: str, known: Mapping[str, str]
) -> list[tuple[str, str, Found]]:
    """A name for each learner, unlike all others, a note where two had the same, and their place.

    Of several uploads of one learner one is left. `known` are names to be kept where they fit, such
    as those of `known_names`.
    """
    people = _people(entries, lab, known)
    uses = Counter(name for name, _ in people)
    named: dict[str, tuple[str, Found]] = {}
    for name, entry in people:
        note = f"{uses[name]} submissions are called {name!r}: this is {shown(entry.place)}"
        numbered = (f"{name} ({number})" for number in range(2, len(people) + 2))
        own = name if name not in named else next(n for n in numbered if n not in {*uses, *named})
        named[own] = (note if uses[name] > 1 else "", entry)
    return [(name, note, entry) for name, (note, entry) in named.items()]


def _people(
    entries: Sequence[Found], lab: str, known: Mapping[str, str]
) -> list[tuple[str, Found]]:
    """Each learner's name and place, in the order of the places."""
    uploads: dict[str, list[_Upload]] = {}
    people = []
    for entry in entries:
        name = _plain_name(entry.place, lab)
        if upload := _parse(name, entry):
            uploads.setdefault(upload.person, []).append(upload)
        else:
            people.append((name, entry))
    uses = Counter(group[0].learner for group in uploads.values())
    for group in uploads.values():
        shared = uses[group[0].learner] > 1
        people.append((_name(group, shared, known), _newest(group, lab)))
    return sorted(people, key=lambda person: str(person[1].place))


def _parse(name: str, found: Found) -> _Upload | None:
    """What a platform's name says, or None where it is no platform's."""
    match = next(filter(None, (form.fullmatch(name) for form in _FORMS)), None)
    if match is None:
        return None
    parts = {key: value for key, value in match.groupdict().items() if value}
    return _Upload(found, name, file=int(parts.pop("file", "0")), **parts)


def _name(group: Sequence[_Upload], shared: bool, known: Mapping[str, str]) -> str:
    """What the learner of these uploads is called, by `known` if it knows them."""
    first = group[0]
    names = [upload.name for upload in group]
    names += [_CANVAS_ID + first.user, first.person, *([] if shared else [first.learner])]
    return next((known[name] for name in names if name in known), names[-1])


def _newest(group: Sequence[_Upload], lab: str) -> Found:
    """Of one learner's uploads the newest that is called after the lab, or the newest notebook."""
    files = [upload for upload in group if upload.found.notebook] or group
    notebooks = [upload for upload in files if _is_notebook(upload.found)]
    own = [upload for upload in notebooks if _is_lab(re.sub(r"-\d+$", "", upload.title), lab)]
    choice = own or notebooks or files
    newest = max(choice, key=lambda upload: upload.file)
    if len(choice) > 1 and not newest.file:  # Moodle's have no number
        names = render_names([shown(upload.found.place) for upload in choice])
        note = f"which notebook is meant? There are {names}; keep one"
        return Found(newest.found.place, None, note)
    others = [upload.found.place.name for upload in files if upload is not newest]
    if not others:
        return newest.found
    note = (
        f"of {len(files)} uploads {newest.found.place.name} counts, "
        f"left aside: {render_names(others)}"
    )
    return replace(newest.found, note="; ".join(filter(None, (newest.found.note, note))))


def _is_notebook(found: Found) -> bool:
    return found.notebook is not None and found.notebook.suffix.lower() == ".ipynb"


def _is_lab(name: str, lab: str) -> bool:
    return name.lower() == lab.lower()


def _plain_name(place: Path, lab: str) -> str:
    """What the place is called; a notebook that only says the lab goes by its folder."""
    if place.is_dir():
        return clean_name(place.name)
    names = (place.stem, *(folder.name for folder in place.absolute().parents))
    return clean_name(next((name for name in names if not _is_lab(name, lab)), lab))
