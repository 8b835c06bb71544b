"""Cells run outside a notebook as they run in one: magics, top-level `await`, one event loop."""

from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

LONGEST_MESSAGE = 300  # characters of an error


class Shell(InteractiveShell):
    """What runs cells: no history, no window, and nothing on the screen."""

    def enable_gui(self, gui: str | None = None) -> None:
        """`%matplotlib inline` asks for one; plots are drawn and shown to nobody."""

    def ask_exit(self) -> None:
        """`exit` asks for it: a notebook's kernel would be gone."""
        raise SystemExit("a cell called exit")

    def showtraceback(self, *args: Any, **named: Any) -> None:
        """An error is in the result of the cell."""

    showsyntaxerror = showindentationerror = showtraceback


def make_shell() -> Shell:
    """This process's shell."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell: Shell = Shell.instance(config=config)
    return shell


async def run_cell(shell: InteractiveShell, source: str) -> str | None:
    """Run one cell in the running event loop, as a kernel does; what went wrong, in one line."""
    code = shell.transform_cell(source)
    result = await shell.run_cell_async(source, transformed_cell=code, store_history=False)
    error = result.error_before_exec or result.error_in_exec
    return None if error is None else in_words(error)


def in_words(error: BaseException) -> str:
    """The kind of an error and what it says, in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # an exception that cannot even say what it is
        text = ""
    return f"{type(error).__name__}: {text}"[:LONGEST_MESSAGE] if text else type(error).__name__
