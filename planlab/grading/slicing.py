"""Which cells a grade hangs on: what the learner wrote, and the examples that it takes names from.

A notebook's examples take longer than its checks. Where everything holds without them, it holds;
where something breaks, all cells run.
"""

import ast
import dis
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import CodeType

_USES = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
_DEFINES = ("STORE_NAME", "STORE_GLOBAL")


def needed_cells(
    cells: Sequence[tuple[int, str]], examples: Sequence[int]
) -> list[tuple[int, str]]:
    """Those of the cells (number and source) that are no examples, or define what others use.

    All of them where a cell is no plain Python: a magic may use any name.
    """
    names = {number: _names(source) for number, source in cells}
    if None in names.values():
        return list(cells)
    kept = {number for number in names if number not in examples}
    while True:
        used = set[str]().union(*(found[1] for n, found in names.items() if found and n in kept))
        more = {n for n, found in names.items() if found and found[0] & used} - kept
        if not more:
            return [(number, source) for number, source in cells if number in kept]
        kept |= more


@lru_cache(1000)  # most cells are the same in every notebook of a class
def _names(source: str) -> tuple[set[str], set[str]] | None:
    """The names that a cell gives a value to, and those that it uses; None if it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    did = [(i.opname, i.argval) for part in _parts(code) for i in dis.get_instructions(part)]
    return {name for op, name in did if op in _DEFINES}, {name for op, name in did if op in _USES}


def _parts(code: CodeType) -> Iterator[CodeType]:
    """A cell's code and that of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
