"""The judge: holds tests and grades, and never runs a line of a submission.

It sends a notebook's cells into a sandbox, then tries every check of the lab over a link, and
believes only what comes back for inputs that it drew and the calls that it served itself.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from planlab.errors import BadFile, PlanlabError

from .checks import (
    FORBIDDEN,
    NOT_WRITTEN,
    Check,
    Lab,
    found,
    is_forbidden,
    load_lab,
    public_cases,
    run_case,
    secret_cases,
    without_forbidden,
)
from .child import Child, Stop, Zygote
from .grades import Finding, Grade
from .labs import list_files
from .submissions import Cell, Submission, read_notebook

STOPS = 3  # how often a notebook's cells are stopped before all is left untried
PROBE_STOPS = 2  # and the probes of one question, before its other properties are
_UNTRIED = "it was not tried: too much before it had to be stopped"


def default_jobs() -> int:
    """Some more than the cores: while one waits for the judge, or for nothing, others run."""
    return (os.cpu_count() or 1) + 4


async def grade_all(
    lab_folder: Path,
    submissions: Sequence[Submission],
    *,
    seed: int,
    jobs: int,
    unsafe: bool = False,
) -> AsyncGenerator[Grade, None]:
    """The grade of each submission, as it is ready, `jobs` at a time.

    `lab_folder` is the lab's in `solutions/`. Raises `NotAllowed` where there is no sandbox and
    `unsafe` is not said, or where the sandbox is lost on the way.
    """
    judge = Judge(lab_folder, seed)
    waiting = iter(submissions)
    graded: asyncio.Queue[Grade | PlanlabError] = asyncio.Queue()

    async def work(zygote: Zygote) -> None:
        for submission in waiting:
            try:
                graded.put_nowait(await judge.surely(submission, zygote))
            except PlanlabError as error:
                graded.put_nowait(error)

    async with Zygote(judge.lab.withheld, unsafe=unsafe) as zygote:
        # No TaskGroup: its failure would cancel whoever iterates, in the midst of their own work.
        workers = [asyncio.ensure_future(work(zygote)) for _ in range(jobs)]
        try:
            for _ in submissions:
                grade = await graded.get()
                if isinstance(grade, PlanlabError):
                    raise grade
                yield grade
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)


class Judge:
    """The tests of one lab, with the seed of their inputs."""

    def __init__(self, lab_folder: Path, seed: int) -> None:
        self.lab: Lab = load_lab(lab_folder)
        self._seed = seed
        release = lab_folder.parents[1] / "labs" / lab_folder.name
        self._files = {
            path.relative_to(release).as_posix(): path.read_text(encoding="utf-8", errors="replace")
            for path in list_files(release)
            if path.suffix != ".ipynb"
        }
        cells = _cells(release / f"{lab_folder.name}.ipynb", self.lab)
        self._untouched = self._answers(cells)
        # nbgrader's id marks a cell to write in, or a test.
        self._examples = {cell.source for cell in cells if not cell.id}

    async def surely(self, submission: Submission, zygote: Zygote) -> Grade:
        """Its grade; where the grader itself fails on it twice, nobody else's is lost."""
        for _ in range(2):
            try:
                return await self.grade(submission, zygote)
            except PlanlabError:
                raise
            except Exception as error:
                failure = repr(error)[:200]
        note = f"The grader itself failed on it ({failure}): look at it by hand."
        return self.nothing(submission, (*submission.notes, note))

    async def grade(self, submission: Submission, zygote: Zygote) -> Grade:
        """The grade of one submission, whatever is wrong with it."""
        if submission.path is None:
            return self.nothing(submission, submission.notes)
        try:
            cells = _cells(submission.path, self.lab)
        except BadFile as error:
            return self.nothing(submission, (*submission.notes, error.message))
        answers = self._answers(cells)
        notes = list(submission.notes)
        if missing := [id for id in self._untouched if id not in answers]:
            notes.append(f"The cell for the answer to {', '.join(missing)} is gone: look for it.")
        answer = "\n\n".join(
            text for id, text in answers.items() if text.strip() != self._untouched.get(id)
        )
        findings, failed, stopped = await self._run([c for c in cells if self._runs(c)], zygote)
        notes += [f"Cell {number}: {why}." for number, why in stopped.items()]
        if any(_UNTRIED in finding.message for finding in findings):
            notes.append("It was stopped so often that some properties were not tried.")
        notes += [f"{f.words}: {f.message}." for f in findings if is_forbidden(f)]
        return Grade(
            submission.name,
            without_forbidden(findings),
            tuple(notes),
            answer,
            tuple(sorted((failed | stopped).items())),
        )

    async def _run(
        self, cells: Sequence[Cell], zygote: Zygote
    ) -> tuple[tuple[Finding, ...], dict[int, str], dict[int, str]]:
        """Findings, cells that failed, and cells that were stopped, and then left out.

        What holds without the lab's examples holds. What broke is tried once more with all cells,
        in a process of its own: on public inputs first, which a message may show, since one that
        has seen secret inputs could put them into its message.
        """
        stopped: dict[int, str] = {}
        broken: dict[Check, str] = {}
        failed: dict[int, str] = {}
        async with self._notebook(cells, zygote, stopped, self._examples) as made:
            if made:
                child, failed = made
                broken, settled = await self._probe(child, self.lab.checks, secret_cases)
            else:
                broken, settled = dict.fromkeys(self.lab.checks, _UNTRIED), set(self.lab.checks)
        again = [check for check in broken if check not in settled]
        if again:
            async with self._notebook(cells, zygote, stopped) as made:
                if made:
                    child, failed = made
                    shown, _ = await self._probe(child, again, public_cases)
                    verdicts, _ = await self._probe(child, again, secret_cases)
                    for check in again:
                        del broken[check]
                    broken |= {
                        c: message if message.startswith(FORBIDDEN) else shown.get(c, message)
                        for c, message in verdicts.items()
                    }
        findings = tuple(found(check, broken.get(check, "")) for check in self.lab.checks)
        return findings, failed, stopped

    @asynccontextmanager
    async def _notebook(
        self,
        cells: Sequence[Cell],
        zygote: Zygote,
        stopped: dict[int, str],
        examples: Collection[str] = (),
    ) -> AsyncGenerator[tuple[Child, dict[int, str]] | None, None]:
        """A child in which the cells ran, and those that failed; adds those `stopped`.

        Of cells that are `examples` it runs only what others take names from.
        """
        optional = [cell.number for cell in cells if cell.source in examples]
        while len(stopped) < STOPS:
            sources = [(cell.number, cell.source) for cell in cells if cell.number not in stopped]
            async with zygote.child() as child:
                try:
                    failed = await child.run_cells(self._files, sources, optional)
                except Stop as stop:
                    stopped[stop.cell] = stop.why
                    continue
                yield child, failed
                return
        yield None

    async def _probe(
        self, child: Child, checks: Sequence[Check], cases: Callable[[Check], Iterable[int]]
    ) -> tuple[dict[Check, str], set[Check]]:
        """What broke, and which of it needs no second look: a stop, or nothing written."""
        broken: dict[Check, str] = {}
        settled: set[Check] = set()
        stops: Counter[str] = Counter()
        for check, case in ((one, case) for one in checks for case in cases(one)):
            if check in broken:
                continue
            before = child.stops
            if stops[check.question] >= PROBE_STOPS:
                broken[check] = _UNTRIED
            elif message := await run_case(self.lab, check, case, child.connect, self._seed):
                broken[check] = message
            stops[check.question] += child.stops - before
            if child.stops > before or broken.get(check) in (NOT_WRITTEN, _UNTRIED):
                settled.add(check)
        return broken, settled

    def _runs(self, cell: Cell) -> bool:
        """Is it to be run? The lab's own test cells are not: the judge has the tests."""
        tests = {f'await lab.check("{question.id}")' for question in self.lab.questions}
        is_test = cell.id.startswith("check-") or cell.source.strip() in tests
        return cell.kind == "code" and not is_test

    def _answers(self, cells: Sequence[Cell]) -> dict[str, str]:
        """What is written in the cells of manual questions."""
        manual = {question.id for question in self.lab.questions if question.manual}
        return {cell.id: cell.source.strip() for cell in cells if cell.id in manual}

    def nothing(self, submission: Submission, notes: Sequence[str]) -> Grade:
        """The grade of a submission that cannot be run."""
        findings = (found(check, "there is nothing to grade") for check in self.lab.checks)
        return Grade(submission.name, tuple(findings), tuple(notes))


def _cells(path: Path, lab: Lab) -> tuple[Cell, ...]:
    return read_notebook(path, lab.id, [question.id for question in lab.questions])
