"""Rows: one run of one system under named conditions with one seed, and a file of them."""

import asyncio
import csv
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from hashlib import sha256
from importlib import import_module
from itertools import product
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from planlab import __version__
from planlab.errors import BadFile, BadInput

Conditions = Mapping[str, float]


@dataclass(frozen=True)
class Outcome:
    """What one run came to. `path` is what it did, in a form that the study chooses."""

    success: bool
    stop: str
    calls: int
    tokens: int
    dollars: float
    path: str


@dataclass(frozen=True)
class Row:
    """One run: the system, all its conditions, the seed, and what it came to."""

    system: str
    conditions: Conditions
    seed: int
    outcome: Outcome


@dataclass(frozen=True)
class Grid:
    """Conditions to be varied, each over its levels, all with all; the others stay at the base."""

    levels: Mapping[str, Sequence[float]]
    systems: Sequence[str]


@dataclass(frozen=True)
class Study:
    """What is compared: runs of systems over grids of conditions; `run` makes one of them.

    A plain `run` brings its own event loop, and is not called within one.
    """

    name: str
    base: Conditions
    grids: Sequence[Grid]
    run: Callable[[str, Conditions, int], Outcome | Awaitable[Outcome]]

    def cells(self) -> list[tuple[str, Conditions]]:
        """Each system with each set of conditions that a grid has for it, once."""
        cells: list[tuple[str, Conditions]] = []
        for grid in self.grids:
            for levels in product(*grid.levels.values()):
                conditions = {**self.base, **dict(zip(grid.levels, levels, strict=True))}
                new = [(system, conditions) for system in grid.systems]
                cells += [cell for cell in new if cell not in cells]
        return cells


def study_named(name: str) -> Study:
    """The study of that name; raises `BadInput`."""
    if name not in STUDIES:
        raise BadInput(f"There is no study {name!r}. There are: {', '.join(STUDIES)}.")
    study: Study = import_module(f"planlab.compare.{name}").STUDY
    return study


# Each is a module here, with its STUDY.
STUDIES = ("crossover", "cadence", "search", "fatigue", "sizes", "capstone")


def run_rows(study: Study, *, seeds: int, jobs: int = 1, progress: bool = False) -> list[Row]:
    """All rows of a study, cell by cell, in the order of seeds; `jobs` processes at once.

    With `progress` a bar on stderr says how far it is.
    """
    if seeds < 1 or jobs < 1:
        raise BadInput("seeds and jobs must be at least 1.")
    trials = [(study.name, *cell, seed) for cell in study.cells() for seed in range(seeds)]
    with ProcessPoolExecutor(jobs, get_context("spawn")) as workers:
        made = workers.map(_run_one, trials, chunksize=8)
        return list(tqdm(made, total=len(trials), unit="run", disable=not progress))


def _run_one(trial: tuple[str, str, Conditions, int]) -> Row:
    name, system, conditions, seed = trial

    found = study_named(name).run(system, conditions, seed)

    async def wait(running: Awaitable[Outcome]) -> Outcome:
        return await running

    outcome = found if isinstance(found, Outcome) else asyncio.run(wait(found))
    return Row(system, conditions, seed, outcome)


def save_rows(rows: Sequence[Row], path: Path, *, command: str) -> None:
    """Write the rows as CSV; the first line, a comment, says what made them."""
    names = [field.name for field in fields(Outcome)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {command} (planlab {__version__}, sources {sources_digest()})\n")
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["system", *rows[0].conditions, "seed", *names])
        for row in rows:
            outcome = [getattr(row.outcome, name) for name in names]
            table.writerow([row.system, *row.conditions.values(), row.seed, *map(_cell, outcome)])


def load_rows(path: str | Path) -> tuple[str, list[Row]]:
    """What made the file, and its rows; raises `BadFile`."""
    try:
        made, *lines = Path(path).read_text(encoding="utf-8").splitlines()
        rows = [_row(dict(line)) for line in csv.DictReader(lines)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(f"{path} holds no rows of a comparison: {error!r}.") from None
    return made.removeprefix("# "), rows


def _row(cells: dict[str, str]) -> Row:
    outcome = Outcome(
        success=cells.pop("success") == "1",
        stop=cells.pop("stop"),
        calls=int(cells.pop("calls")),
        tokens=int(cells.pop("tokens")),
        dollars=float(cells.pop("dollars")),
        path=cells.pop("path"),
    )
    system, seed = cells.pop("system"), int(cells.pop("seed"))
    return Row(system, {name: float(level) for name, level in cells.items()}, seed, outcome)


def _cell(value: object) -> object:
    """A truth as 1 or 0, dollars to a thousandth of a cent."""
    if isinstance(value, bool):
        return int(value)
    return round(value, 5) if isinstance(value, float) else value


def sources_digest() -> str:
    """Which code it was: eight digits over all modules of planlab."""
    home = Path(__file__).parent.parent
    digest = sha256()
    for path in sorted(home.rglob("*.py")):
        digest.update(path.relative_to(home).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def wilson(successes: int, runs: int, z: float = 1.96) -> tuple[float, float]:
    """The interval in which a share lies, at 95 % (E. B. Wilson, JASA 22, 1927).

    >>> low, high = wilson(20, 20)
    >>> round(low, 2), high
    (0.84, 1.0)
    """
    if not 0 <= successes <= runs or runs == 0:
        raise BadInput(f"{successes} successes in {runs} runs: that is no share.")
    share, extra = successes / runs, z * z / runs
    middle = (share + extra / 2) / (1 + extra)
    half = z / (1 + extra) * math.sqrt(share * (1 - share) / runs + extra / (4 * runs))
    return max(0.0, middle - half), min(1.0, middle + half)


def select(rows: Iterable[Row], system: str, **conditions: float) -> list[Row]:
    """The rows of one system under these conditions."""
    return [
        row
        for row in rows
        if row.system == system and all(row.conditions[n] == v for n, v in conditions.items())
    ]
