"""CSV as people's programs write it, and CSV that does no harm when they open it.

A cell that begins like a formula (`=`, `+`, `-`, `@` …) is run by spreadsheets, so it is written
with an apostrophe before it, which is taken off when it is read back (OWASP, "CSV Injection").
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from planlab.errors import BadFile

_FORMULA = re.compile(r"'*\s*[=+\-@＝＋－＠]|'*[\t\r\n]")  # noqa: RUF001, wide forms count too
_LARGEST = 20_000_000  # bytes


@dataclass(frozen=True)
class Line:
    """One row below the header: its line in the file, from 1, and its cells by column."""

    number: int
    cells: dict[str, str]


def escape(text: str) -> str:
    """The cell that no spreadsheet runs; `unescape` gives `text` back.

    >>> escape("=1+1"), escape("'t Hooft"), unescape(escape("'=x"))
    ("'=1+1", "'t Hooft", "'=x")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unescape(cell: str) -> str:
    """The text of a cell that `escape` wrote."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def render_sheet(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A header and rows as CSV with commas."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[escape(cell) for cell in row] for row in (header, *rows)])
    return text.getvalue()


def read_sheet(path: Path, needs: Sequence[str]) -> list[Line]:
    """The rows of a CSV file in UTF-8 or UTF-16, with commas, semicolons or tabs.

    Columns may stand in any order, their names in any case; rows without any text are left out.
    Raises `BadFile`, with the line, where the file is no such table or lacks a column of `needs`.
    """
    return parse_sheet(read_text(path), needs, path.name)


def parse_sheet(text: str, needs: Sequence[str], name: str) -> list[Line]:
    """The same for the text of the file called `name`."""
    rows = list(_rows(text, name))
    if not rows:
        raise BadFile(f"{name} is empty. Its first line must name the columns: {', '.join(needs)}.")
    (first, header), *others = rows
    columns = _columns(header, needs, f"{name}, line {first}")
    return [_line(columns, cells, name, number) for number, cells in others]


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """The line on which each row begins, and its cells; blank rows are left out."""
    first = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    began = 1
    try:
        for row in reader:
            cells = [unescape(cell).strip() for cell in row]
            if any(cells):
                yield began, cells
            began = reader.line_num + 1
    except csv.Error as error:
        raise BadFile(f"{name}, line {began}: this is not CSV: {error}.") from None


def _columns(cells: list[str], needs: Sequence[str], place: str) -> list[str]:
    """The names of the columns; a column without one, at the end of a row, is nobody's."""
    columns = [cell.lower() for cell in cells]
    while columns and not columns[-1]:
        columns.pop()
    for name in columns:
        if columns.count(name) > 1:
            raise BadFile(f"{place}: two columns are called {name!r}. Rename or remove one.")
    if missing := [name for name in needs if name not in columns]:
        raise BadFile(
            f"{place}: there is no column {missing[0]!r}. The columns here: {', '.join(columns)}."
        )
    return columns


def _line(columns: list[str], cells: list[str], name: str, number: int) -> Line:
    """A row by its columns; cells that a program left out at the end are empty."""
    if any(cells[len(columns) :]):
        raise BadFile(
            f"{name}, line {number}: {len(cells)} cells under {len(columns)} columns. A comma or "
            "semicolon within a cell needs quotation marks around that cell."
        )
    padded = [*cells, *[""] * len(columns)]
    return Line(number, dict(zip(columns, padded, strict=False)))


def read_text(path: Path) -> str:
    """The text of a CSV file; `BadFile` where there is none, or it is in another encoding."""
    try:
        if path.stat().st_size > _LARGEST:
            raise BadFile(f"{path} is over {_LARGEST // 1_000_000} MB: this is no list of a class.")
        data = path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}.") from error
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadFile(
            f"{path.name}, line {line}: this is not UTF-8. Save it again as 'CSV UTF-8'."
        ) from error
