"""What learners must not see: hidden tests are cut out, and nothing kept back is left in a lab."""

import re
from collections.abc import Iterator
from pathlib import Path

from planlab.errors import BadFile
from planlab.grading.labs import list_files, read_notebook, read_text, source_of

# As nbgrader writes them, and as a slip of the hand might.
_MARKER = re.compile(
    r"\b(BEGIN|END)[ _-]*(SOLUTION|HIDDEN[ _-]*TEST|MARK[ _-]*SCHEME)S?\b", re.IGNORECASE
)
_BEGIN, _END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
SHORTEST_SECRET = 40  # characters: a shorter line, such as `return answer`, may stand anywhere


def cut_hidden_tests(folder: Path) -> None:
    """Cut the hidden regions out of every file in `folder` that is no notebook.

    A file whose markers do not pair is removed before `BadFile` is raised: it must not get out.
    """
    for path in list_files(folder):
        text = read_text(path)
        if path.suffix != ".ipynb" and _MARKER.search(text):
            path.unlink()
            cut = without_hidden(text, path.name)
            path.write_text(cut, encoding="utf-8", errors="surrogateescape", newline="\n")


def without_hidden(text: str, name: str) -> str:
    """`text` without its hidden regions and the blank lines before them.

    Raises `BadFile` where a marker is misspelt, or does not pair.
    """
    kept: list[str] = []
    began = 0
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        marker = line.strip() if _MARKER.search(line) else ""
        if marker not in ("", _END if began else _BEGIN):
            raise BadFile(
                f"{name}, line {number}: {marker!r} where {_END if began else _BEGIN!r} would fit. "
                "Hidden regions stand between these two lines, and not within each other."
            )
        if marker == _BEGIN:
            began = number
            while kept and not kept[-1].strip():
                kept.pop()
        elif marker == _END:
            began = 0
        elif not began:
            kept.append(line)
    if began:
        raise BadFile(f"{name}, line {began}: {_BEGIN!r} has no {_END!r}.")
    return "".join(kept)


def raise_leaks(lab: Path, source: Path) -> None:
    """Raise `BadFile` if the folder `lab` shows anything that `source` keeps back."""
    if leaks := find_leaks(lab, source):
        raise BadFile("Learners would see what they must not:\n" + "\n".join(leaks))


def find_leaks(lab: Path, source: Path) -> list[str]:
    """Each solution, hidden test or mark scheme of `source` that the folder `lab` shows."""
    secrets = [(where, secret) for path in list_files(source) for where, secret in secrets_of(path)]
    leaks = []
    for path in list_files(lab):
        file = (Path("labs") / lab.name / path.relative_to(lab)).as_posix()
        if marker := _MARKER.search(read_text(path)):
            leaks.append(f"{file} holds the marker {marker[0]!r}.")
        shows = squeeze("\n".join(text for _, text, _ in texts_of(path)))
        leaks += [
            f"{file} shows what is kept back in {place}." for place, s in secrets if s in shows
        ]
    return leaks


def secrets_of(path: Path) -> Iterator[tuple[str, str]]:
    """What a file of `solutions/` keeps back, squeezed, and where it stands."""
    for where, text, answer in texts_of(path):
        regions = list(regions_of(text))
        if answer and not regions:
            regions = [text]  # nbgrader replaces the whole cell
        for region in map(squeeze, regions):
            if "\n" in region or len(region) >= SHORTEST_SECRET:
                yield f"solutions/{path.parent.name}/{path.name}{where}", region


def regions_of(text: str) -> Iterator[str]:
    """What stands between markers, whatever their kind."""
    region: list[str] | None = None
    for line in text.splitlines():
        marker = _MARKER.search(line)
        if marker and marker[1].upper() == "END" and region is not None:
            yield "\n".join(region)
        if marker:
            region = [] if marker[1].upper() == "BEGIN" else None
        elif region is not None:
            region.append(line)


def texts_of(path: Path) -> Iterator[tuple[str, str, bool]]:
    """The texts in a file, as (where, text, is it an answer): a notebook has one for each cell."""
    if path.suffix != ".ipynb":
        yield "", read_text(path), False
        return
    for number, cell in enumerate(read_notebook(path)["cells"], start=1):
        answer = bool(cell.get("metadata", {}).get("nbgrader", {}).get("solution"))
        yield f", cell {number}", source_of(cell), answer


def squeeze(text: str) -> str:
    """`text` without indentation, blank lines and anything else that does not tell one apart."""
    return "\n".join(stripped for line in text.splitlines() if (stripped := line.strip()))
