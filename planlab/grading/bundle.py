"""What learners get, as one zip file."""

import subprocess
import tempfile
import zipfile
from pathlib import Path

from planlab.errors import BadFile
from planlab.grading.labs import ROOT, list_files, shown
from planlab.grading.release import check_labs

# Named one by one, so that nothing meant for instructors is ever packed because nobody thought
# of it. pyproject.toml needs jupyter_settings/ and the licences.
FOR_LEARNERS = (
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "LICENSE-PROSE",
    "README.md",
    "jupyter_settings",
    "labs",
    "notebooks",
    "planlab",
    "pyproject.toml",
    "requirements.in",
    "requirements.txt",
)
FOLDER = "agents-that-plan"
_NO_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say


def pack_course(out: Path, root: Path = ROOT) -> int:
    """Write the zip file `out`, the same for the same files; returns how many are in it.

    Raises `BadFile` where labs/ is not what solutions/ makes, or shows a solution.
    """
    check_labs(root)
    files = find_files(root)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as folder:
            fresh = Path(folder) / out.name
            write_zip(fresh, root, files)
            fresh.replace(out)
    except OSError as error:
        raise BadFile(f"{shown(out)} could not be written: {error}.") from error
    return len(files)


def find_files(root: Path) -> list[Path]:
    """The learners' files, relative to `root`, in order: those that git tracks, if git is there."""
    tracked = list_tracked(root)
    files = tracked if tracked is not None else [p.relative_to(root) for p in list_files(root)]
    return sorted(
        file for file in files if file.parts[0] in FOR_LEARNERS and (root / file).is_file()
    )


def list_tracked(root: Path) -> list[Path] | None:
    """What git tracks in `root`; None where `root` is no clone, or there is no git."""
    if not (root / ".git").exists():
        return None
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True, encoding="utf-8"
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return [Path(name) for name in listed.stdout.split("\0") if name]


def write_zip(path: Path, root: Path, files: list[Path]) -> None:
    """Write `files` of `root` to a zip file without dates, owners or rights of this machine."""
    with zipfile.ZipFile(path, "w") as packed:
        for file in files:
            entry = zipfile.ZipInfo(f"{FOLDER}/{file.as_posix()}", _NO_DATE)
            entry.create_system = 3  # Unix, wherever it is made
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, (root / file).read_bytes())
