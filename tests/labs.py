"""What the tests of every lab share: a lab's cells, run with one question answered otherwise."""

import ast
import inspect
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import nbformat

import planlab.show  # noqa: F401  # as the grader has, before it withholds what a lab builds
from planlab.grading import Finding, Lab
from planlab.grading.checks import Check, in_place, load_lab, run_check
from planlab.grading.slicing import needed_cells

ROOT = Path(__file__).resolve().parent.parent
SOLUTIONS = ROOT / "solutions"
LABS = sorted(path.name for path in SOLUTIONS.glob("lab[0-9][0-9]"))
# A wrong solution may leave behind what it never awaits: its own fault, and no test's.
LEFT_BEHIND = "ignore:coroutine .* was never awaited:RuntimeWarning"


@dataclass(frozen=True)
class Attempt:
    """A solution that somebody might write: `questions` name the cells that its source replaces.

    `also` are questions that build on these, and lose points with them.
    """

    lab: str
    name: str
    questions: tuple[str, ...]
    source: str
    also: tuple[str, ...] = ()

    @property
    def cells(self) -> dict[str, str]:
        """Its source stands in the first of the cells; the others are empty."""
        return dict.fromkeys(self.questions, "") | {self.questions[0]: self.source}


def find_formulas(cells: list[nbformat.NotebookNode]) -> list[str]:
    """Paragraphs that Lab would set as a formula, since two dollars stand bare in them."""
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    bare = [re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL) for text in prose]
    paragraphs = [paragraph for text in bare for paragraph in text.split("\n\n")]
    return [it for it in paragraphs if len(re.findall(r"(?<!\\)\$", it)) > 1]


def attempts(folder: str, lab: str) -> list[Attempt]:
    """The files of `tests/<folder>/<lab>`; each names its questions in `QUESTIONS` (and `ALSO`)."""
    return [
        read_attempt(path, lab) for path in sorted((ROOT / "tests" / folder / lab).glob("*.py"))
    ]


def read_attempt(path: Path, lab: str) -> Attempt:
    """One file, not run: its constant is read from the source."""
    source = path.read_text(encoding="utf-8")
    module = ast.parse(source)
    also = constant(module, "ALSO", ())
    return Attempt(lab, path.stem, constant(module, "QUESTIONS"), source, also)


def constant(
    module: ast.Module, name: str, default: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """The value that a module gives to `name`; without one, `default`, or `LookupError`."""
    for statement in module.body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") == name:
            return ast.literal_eval(statement.value)
    if default is None:
        raise LookupError(name)
    return default


@cache
def lab_of(lab: str) -> Lab:
    """The lab with its questions and checks, those that learners do not get marked hidden."""
    return load_lab(SOLUTIONS / lab)


@cache
def notebook_of(lab: str, folder: str = "solutions") -> nbformat.NotebookNode:
    """The lab's notebook, as instructors have it, or as learners get it (in `labs`)."""
    return nbformat.read(ROOT / folder / lab / f"{lab}.ipynb", as_version=4)


def code_cells(lab: str, folder: str = "solutions") -> dict[str, str]:
    """The source of each code cell but the checks, by the cell's id, from top to bottom."""
    cells = [cell for cell in notebook_of(lab, folder).cells if cell.cell_type == "code"]
    return {c.id: c.source for c in cells if not c.metadata.get("nbgrader", {}).get("grade")}


def needed(lab: str, cells: Mapping[str, str]) -> dict[str, str]:
    """The cells that the judge would run first."""
    numbered, names = list(enumerate(cells.values())), list(cells)
    examples = [
        number for number, name in enumerate(names) if "BEGIN SOLUTION" not in code_cells(lab)[name]
    ]
    return {names[number]: source for number, source in needed_cells(numbered, examples)}


@contextmanager
def as_graded(lab: str) -> Iterator[None]:
    """The lab's checks can be imported, and the modules that the lab builds cannot."""
    checks = ModuleType("checks")
    checks.lab = lab_of(lab)
    with patch.dict(sys.modules, {"checks": checks} | dict.fromkeys(lab_of(lab).withheld)):
        yield


async def run_cells(
    lab: str, replaced: Mapping[str, str]
) -> tuple[dict[str, object], dict[str, Exception]]:
    """The names that the cells leave behind, and the cells that raised, which stops nothing.

    Where something is replaced, examples run only if other cells take names from them.
    """
    namespace: dict[str, object] = {"__name__": "__main__"}
    failed: dict[str, Exception] = {}
    cells = code_cells(lab) | dict(replaced)
    with as_graded(lab):
        for name, source in (needed(lab, cells) if replaced else cells).items():
            try:
                code = compile(source, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                result = eval(code, namespace)
                if inspect.iscoroutine(result):
                    await result
            except Exception as error:
                failed[name] = error
    return namespace, failed


async def judge(
    lab: str, replaced: Mapping[str, str], seed: int = 7, glance: Collection[str] = ()
) -> list[tuple[Check, Finding]]:
    """Every check with what it found, with these cells in place of the solution's.

    At the questions of `glance` each check looks once, at one secret case.
    """
    namespace, _ = await run_cells(lab, replaced)
    checks = [
        replace(check, cases=1, hidden=True) if check.question in glance else check
        for check in lab_of(lab).checks
    ]
    with as_graded(lab):
        connect = in_place(namespace)
        found = [await run_check(lab_of(lab), check, connect, seed) for check in checks]
    return list(zip(lab_of(lab).checks, found, strict=True))


async def grade(
    lab: str, replaced: Mapping[str, str], glance: Collection[str] = ()
) -> dict[str, float]:
    """The automatic points of each question."""
    earned = dict.fromkeys(full_points(lab), 0.0)
    for check, finding in await judge(lab, replaced, glance=glance):
        earned[check.question] += check.points * finding.ok
    return earned


def full_points(lab: str) -> dict[str, float]:
    """What each automatic question is worth."""
    return {q.id: q.points for q in lab_of(lab).questions if not q.manual}
