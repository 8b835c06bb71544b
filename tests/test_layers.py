"""The floors of planlab: who may import whom. A new module gets its place in FLOORS."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import planlab

# From the ground up. A module may import from its own floor and those below it.
FLOORS = (
    ("errors", "records", "tokens", "graph"),
    ("trace", "tools", "toolbox", "granularity", "validate", "conflicts", "streaming"),
    ("schedule", "progress", "stored", "engine", "ledgerfile", "events", "journal"),
    ("ledger", "durable", "cost", "bill", "hardware", "forecast", "compaction"),
    ("audit", "calibration", "taint"),
    (
        "model",
        "routing",
        "planning",
        "executing",
        "reviewing",
        "roles",
        "drafts",
        "uct",
        "searching",
    ),
    ("patterns",),
    ("agent", "ways"),
    ("show", "grading", "compare", "doctor", "__main__"),
)
# Beside the floors: what plays the part of the outside stands on these alone.
OUTSIDE = ("world", "simulated")
OUTSIDE_STANDS_ON = ("errors", "records", "tokens", "trace", "tools", "toolbox")
KNOW_THE_OUTSIDE = ("model", "grading", "compare", "__main__")

FLOOR = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}


def find_violations(package: Path) -> list[str]:
    """Each import in the tree `package` that breaks the floors, as a sentence."""
    return [
        f"{'.'.join(importer)} may not import {imported}"
        for path in sorted(package.rglob("*.py"))
        for importer in [path.relative_to(package).with_suffix("").parts]
        if importer != ("__init__",)  # the shop window: it names what every floor offers
        for imported in imports_of(path, package)
        if not is_allowed(importer, imported.split("."))
    ]


def is_allowed(importer: tuple[str, ...], imported: list[str]) -> bool:
    """Whether the module `importer` may import the module `imported` (both within planlab)."""
    mine, theirs = importer[0], imported[0]
    if mine == theirs:  # a pattern knows no sibling; other folders hold together
        return mine != "patterns" or importer[-1] == "__init__"
    if mine in OUTSIDE:
        return theirs in OUTSIDE_STANDS_ON
    if theirs in OUTSIDE:
        return mine in KNOW_THE_OUTSIDE
    return mine in FLOOR and theirs in FLOOR and FLOOR[theirs] <= FLOOR[mine]


def imports_of(path: Path, package: Path) -> Iterator[str]:
    """What the file imports from its package, such as "simulated.wire"; annotations aside."""
    folder = [package.name, *path.relative_to(package).parent.parts]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(node)
        for block in ast.walk(tree)
        if is_typing_only(block)
        for child in block.body
        for node in ast.walk(child)
    }
    for node in ast.walk(tree):
        if id(node) not in skipped:
            for name in full_names(node, folder):
                if name.startswith(f"{package.name}."):
                    yield name.removeprefix(f"{package.name}.")


def is_typing_only(node: ast.AST) -> bool:
    """Whether `node` is `if TYPE_CHECKING:`, which never runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def full_names(node: ast.AST, folder: list[str]) -> list[str]:
    """The dotted names that an import statement in a module of `folder` asks for."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = folder[: len(folder) - node.level + 1] if node.level else []
    parts = [*base, *(node.module.split(".") if node.module else [])]
    if len(parts) > 1:
        return [".".join(parts)]
    # `from planlab import tools`: each name is a module, or in the shop window (then no floor)
    return [".".join([*parts, alias.name]) for alias in node.names if alias.name[:2] != "__"]


def grow(tmp_path: Path, files: dict[str, str]) -> Path:
    package = tmp_path / "planlab"
    for name, text in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return package


def test_every_import_keeps_the_floors() -> None:
    assert find_violations(Path(planlab.__file__).parent) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("records.py", "from planlab.trace import Trace"),
        ("tools.py", "import planlab.model"),
        ("tools.py", "def late():\n    from planlab import schedule"),
        ("tools.py", "from planlab import connect"),
        ("trace.py", "from . import cost"),
        ("patterns/react.py", "from .reflection import run_reflection"),
        ("patterns/react.py", "from planlab.patterns.search import run_search"),
        ("patterns/react.py", "from ..world import Acme"),
        ("patterns/react.py", "from planlab.show import draw"),
        ("agent.py", "from planlab.simulated.sizes import LARGE"),
        ("simulated/fill.py", "from planlab.world import Acme"),
        ("world/mail.py", "from planlab.schedule import run_graph"),
        ("newcomer.py", "from planlab.errors import PlanlabError"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, file: str, text: str) -> None:
    assert len(find_violations(grow(tmp_path, {file: text}))) == 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("model.py", "from planlab.simulated import Simulator"),
        ("simulated/wire.py", "from .sizes import LARGE\nfrom planlab import __version__"),
        ("world/mail.py", "from planlab.tools import tool\nfrom ..errors import BadInput"),
        ("patterns/__init__.py", "from .react import run_react"),
        ("patterns/react.py", "import asyncio\nfrom planlab.records import Plan"),
        ("show/__init__.py", "from planlab.patterns.react import run_react"),
        ("records.py", "if TYPE_CHECKING:\n    from planlab.trace import Trace"),
        ("__init__.py", "from planlab.agent import run_agent"),
    ],
)
def test_an_allowed_import_is_not(tmp_path: Path, file: str, text: str) -> None:
    assert find_violations(grow(tmp_path, {file: text})) == []
