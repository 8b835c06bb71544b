"""What is missing or mismatched on this machine, and how to mend it.

Every check stands alone and imports what it needs, so that the doctor works where packages are
missing. No value of a key is ever shown.
"""

import importlib.metadata
import math
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
OLDEST_KERNEL, FIRST_BAD_KERNEL = (7, 0, 1), (7, 4)  # ipykernel: from the one, before the other
LEAST_DISK = 200  # megabytes: traces, ledgers and the world's private copies
DEFAULT_BUDGET = "1.00"  # US dollars


@dataclass(frozen=True)
class Finding:
    """What one check found: `ok`, or how to `mend` it."""

    topic: str
    says: str
    ok: bool = True
    mend: str = ""


def examine(
    *,
    environment: Mapping[str, str] = os.environ,
    lock: Path = ROOT / "requirements.txt",
    folder: Path | None = None,
) -> list[Finding]:
    """All findings, in reading order; `folder` is where the learner works (default: here)."""
    here = folder or Path.cwd()
    return [
        examine_python(sys.version_info[:3]),
        *examine_packages(lock),
        examine_kernel(),
        examine_search(),
        examine_rights(here),
        examine_disk(here),
        examine_model(environment),
        examine_budget(environment),
    ]


def render_findings(findings: list[Finding]) -> str:
    """The findings as lines of text, each remedy under what it mends, and a summing-up."""
    lines = []
    for finding in findings:
        lines.append(f"{'ok' if finding.ok else 'MEND':6}{finding.topic:10}{finding.says}")
        if finding.mend:
            lines.append(f"{'':16}-> {finding.mend}")
    wrong = sum(not finding.ok for finding in findings)
    lines.append(f"To be mended: {wrong}." if wrong else "All is well.")
    return "\n".join(lines)


def examine_python(version: tuple[int, ...]) -> Finding:
    """Whether this Python is new enough."""
    says = ".".join(map(str, version))
    if version >= OLDEST_PYTHON:
        return Finding("Python", says)
    return Finding(
        "Python", f"{says} is too old", False, "install 3.11 or newer, and make .venv anew with it"
    )


def examine_packages(lock: Path) -> list[Finding]:
    """What is missing, and what has another version than in `lock`; or that all is as there."""
    if not lock.is_file():
        return [Finding("packages", f"no {lock.name} here", False, "run planlab from a clone")]
    try:
        wanted = dict(read_lock(lock.read_text(encoding="utf-8")))
    except ModuleNotFoundError as error:
        return [Finding("packages", f"{error.name} is missing, and more", False, install(lock))]
    found = {name: find_version(name) for name in wanted}
    missing = [f"{name} is missing" for name in wanted if found[name] is None]
    other = [
        f"{name} is {found[name]}, tested with {version}"
        for name, version in wanted.items()
        if found[name] not in (None, version)
    ]
    if not missing and not other:
        return [Finding("packages", f"{len(wanted)}, all as in {lock.name}")]
    return [
        Finding("packages", shorten(problems), False, install(lock))
        for problems in (missing, other)
        if problems
    ]


def install(lock: Path) -> str:
    """How to install what `lock` names, for the Python that runs now."""
    if sys.prefix == sys.base_prefix:
        return "this Python is not of .venv: run the README's first command, then use .venv's"
    return f'"{sys.executable}" -m pip install -r {lock.name}, in the clone'


def shorten(problems: list[str], most: int = 5) -> str:
    """The first `most` problems in one line, and how many more there are."""
    more = f"; and {len(problems) - most} more" if len(problems) > most else ""
    return "; ".join(problems[:most]) + more


def read_lock(text: str) -> Iterator[tuple[str, str]]:
    """The (name, version) pairs of a lock that hold for this Python and this system."""
    from packaging.requirements import Requirement

    for line in text.splitlines():
        if re.match(r"\w", line):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate():
                yield requirement.name, str(requirement.specifier).removeprefix("==")


def find_version(name: str) -> str | None:
    """The installed version of the package `name`, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def examine_kernel() -> Finding:
    """Whether notebooks run in this environment, with a kernel that keeps widgets alive."""
    mend = "install requirements.txt again, in .venv"
    version = find_version("ipykernel")
    if version is None:
        return Finding("kernel", "ipykernel is missing", False, mend)
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if not OLDEST_KERNEL <= numbers < FIRST_BAD_KERNEL:
        says = f"ipykernel {version} loses buttons while a cell awaits"
        return Finding("kernel", says, False, mend)
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except ModuleNotFoundError as error:
        return Finding("kernel", f"{error.name} is missing", False, mend)
    except NoSuchKernel:
        return Finding("kernel", "no kernel called python3", False, mend)
    # Jupyter replaces a bare "python" by the Python that it runs in.
    if Path(command).is_absolute() and Path(command).parent != Path(sys.executable).parent:
        says = f"notebooks would run in another environment: {command}"
        return Finding("kernel", says, False, f"{sys.executable} -m ipykernel install --sys-prefix")
    return Finding("kernel", f"ipykernel {version}, in this environment")


def examine_search() -> Finding:
    """Whether this Python's SQLite can search text, as the world's pages need."""
    try:
        with sqlite3.connect(":memory:") as connection:
            connection.execute("CREATE VIRTUAL TABLE page USING fts5(text)")
    except sqlite3.OperationalError:
        says = f"SQLite {sqlite3.sqlite_version} has no full-text search (FTS5)"
        return Finding("SQLite", says, False, "use a Python from python.org or your system")
    return Finding("SQLite", f"{sqlite3.sqlite_version}, with full-text search")


def examine_rights(folder: Path) -> Finding:
    """Whether the learner may write in `folder`."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding("folder", f"{folder} can be written")
    except OSError as error:
        says = f"{folder} cannot be written: {error.strerror}"
        return Finding("folder", says, False, "work in a clone that belongs to you")


def examine_disk(folder: Path) -> Finding:
    """Whether there is room for traces and worlds."""
    free = shutil.disk_usage(folder).free // 1_000_000
    if free >= LEAST_DISK:
        return Finding("disk", f"{free:,} MB free")
    return Finding("disk", f"{free:,} MB free", False, f"make room: {LEAST_DISK} MB or more")


def examine_model(environment: Mapping[str, str]) -> Finding:
    """Which model would answer; a key is only said to be there or not."""
    name = environment.get("PLANLAB_MODEL")
    key, url = environment.get("OPENAI_API_KEY"), environment.get("OPENAI_BASE_URL")
    if not name:
        unused = " (OPENAI_API_KEY is set, and not used)" if key else ""
        return Finding("model", f"simulated: no key, no network, no cost{unused}")
    small = environment.get("PLANLAB_SMALL_MODEL") or name
    says = f"real: {name}, small: {small}, at {'OPENAI_BASE_URL' if url else 'OpenAI'}"
    if key:
        return Finding("model", f"{says}, with a key")
    mend = "set OPENAI_API_KEY (any word for a local server), or unset PLANLAB_MODEL"
    return Finding("model", f"{says}, and no key", False, mend)


def examine_budget(environment: Mapping[str, str]) -> Finding:
    """What a real model may cost before calls are refused."""
    text = environment.get("PLANLAB_BUDGET", DEFAULT_BUDGET)
    try:
        dollars = float(text)
    except ValueError:
        dollars = math.nan
    if math.isfinite(dollars) and dollars >= 0:
        return Finding("spending", f"at most ${dollars:.2f} on a real model")
    says = f"PLANLAB_BUDGET is {text!r}, which is no sum of dollars"
    return Finding("spending", says, False, "set it to a number such as 1.00, or unset it")
