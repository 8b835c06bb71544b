"""Execute notebooks in fresh kernels, from top to bottom, and save their outputs.

    python scripts/execute.py                              all of notebooks/
    python scripts/execute.py notebooks/01_react.ipynb     only this one
    python scripts/execute.py --check                      save nothing: show what would change

A notebook is a function of its cells: ids, metadata and paths are put into one form, so that
executing it again gives the same file, byte for byte, on any machine. Only the outputs of cells
tagged `nbval-ignore-output` (timings, pictures) are not compared. The model is the simulated one.

The exit code is 1 if a cell failed (unless tagged `raises-exception`), if an output holds the value
of an `*_API_KEY` variable, or if `--check` finds a difference. Such a notebook is not saved.
"""

import argparse
import asyncio
import difflib
import hashlib
import os
import re
import sys
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
CELL_TIMEOUT = 60  # seconds
SHORTEST_SECRET = 8  # characters: a local server's key may be "x", which is in every output

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"  # a random id that nothing stored knows
_CARD = "planlab_card"  # of the learner who ran the notebook, for the portfolio; ours is nobody's
_LIBRARY = re.compile(
    r"""(?:~|[A-Za-z]:)?[/\\][^\s"'\x1b]*[/\\](?:site-packages|python3\.\d+)[/\\]"""
)
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")


class NotSaved(Exception):
    """Why a notebook was not saved, for a person to read."""


def execute(path: Path, environment: Mapping[str, str]) -> NotebookNode:
    """The notebook at `path` as a fresh kernel leaves it; raises `NotSaved` where a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_TIMEOUT,
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    )
    try:
        # Not client.execute(): it leaves a thread's event loop open.
        asyncio.run(client.async_execute(env=dict(environment)))
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise NotSaved(str(error)) from error
    return tidy(notebook)


def tidy(notebook: NotebookNode) -> NotebookNode:
    """The notebook in the one form in which it is stored (changed in place)."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    course = {name: notebook.metadata[name] for name in ("planlab",) if name in notebook.metadata}
    notebook.metadata = NotebookNode(
        **course,
        kernelspec={
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        language_info={"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
    )
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        # An id made from the text: a new cell changes no other cell's id.
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[digest] += 1
        cell.id = f"{digest}-{seen[digest]}"
        for name in ("execution", "collapsed", "scrolled", "trusted"):
            cell.metadata.pop(name, None)
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(_WIDGET_VIEW, None)
            output.get("metadata", {}).pop(_CARD, None)
            output.update(portable(dict(output)))
    return notebook


def portable(value: object) -> object:
    """`value` with no path of this machine and no memory address in any of its texts."""
    if isinstance(value, str):
        value = _ADDRESS.sub("at 0x…", value)
        if "site-packages" in value or "python3." in value:  # else a picture would take seconds
            value = _LIBRARY.sub("", value)
        for root in (str(ROOT), str(ROOT).replace(str(Path.home()), "~")):
            value = value.replace(root + os.sep, "")
        return value
    if isinstance(value, dict):
        return {key: portable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [portable(item) for item in value]
    return value


def render(notebook: NotebookNode) -> str:
    """The notebook as the text of its file."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def check_no_secret(text: str, environment: Mapping[str, str]) -> None:
    """Raise `NotSaved` if `text` holds the value of an `*_API_KEY` variable."""
    for name, value in environment.items():
        if name.endswith("_API_KEY") and len(value) >= SHORTEST_SECRET and value in text:
            raise NotSaved(f"it holds the value of {name}. Take the key out of the cell or output.")


def compared(text: str) -> list[str]:
    """The lines of a notebook's file that must be the same each time it is executed."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", ()):
            cell.outputs = []
        for output in cell.get("outputs", ()):
            output.pop("traceback", None)  # worded by the Python version; name and value stay
    return render(notebook).splitlines()


def process(path: Path, *, check: bool, environment: Mapping[str, str]) -> None:
    """Execute the notebook at `path`, then save it or compare it; raises `NotSaved`."""
    # A real model's answers differ each time, and no cell needs to see a key.
    simulated = {k: v for k, v in environment.items() if not k.startswith(("PLANLAB_", "OPENAI_"))}
    fresh = render(execute(path, simulated))
    check_no_secret(fresh, environment)
    if not check:
        path.write_text(fresh, encoding="utf-8", newline="\n")
        return
    stored = path.read_text(encoding="utf-8")
    difference = difflib.unified_diff(
        compared(stored), compared(fresh), "stored", "executed again", lineterm=""
    )
    if shown := "\n".join(difference):
        raise NotSaved(f"its outputs have changed:\n{shown}")


def report(path: Path, *, check: bool) -> bool:
    """Process one notebook and print how it went; whether it went well."""
    try:
        process(path, check=check, environment=os.environ)
    except NotSaved as problem:
        print(f"FAILED  {path}: {problem}", flush=True)
        return False
    print(f"{'same' if check else 'saved':8}{path}", flush=True)
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        description="Execute notebooks from top to bottom and save their outputs."
    )
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of notebooks/")
    parser.add_argument(
        "--check", action="store_true", help="save nothing; show what differs from the stored file"
    )
    options = parser.parse_args(arguments)
    paths = options.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb"))
    if not paths:
        parser.error(f"no notebooks in {ROOT / 'notebooks'}")
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as workers:
        went_well = list(workers.map(lambda path: report(path, check=options.check), paths))
    return 0 if all(went_well) else 1


if __name__ == "__main__":
    sys.exit(main())
