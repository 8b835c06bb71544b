"""SQL that can only read: on a read-only connection, and every statement authorised.

See "Defense Against The Dark Arts", sqlite.org/security.html, for the limits set here.
"""

import math
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from planlab.errors import BadArguments

TABLES = {
    "tickets": "id, week, customer, intent, text",
    "sales": "id, month, region, product, amount",
    "price_book": "product, plan, price_usd, updated",
    "records": "id, kind, owner, text",
    "account": "id, owner, balance",
    "transactions": "id, recipient, amount, memo, balance_after",
}
MAX_ROWS = 500
MAX_CHARACTERS = 200_000
MAX_STEPS = 5_000_000  # of SQLite's virtual machine: well under a second
MAX_SECONDS = 2.0
_STEPS_A_CHECK = 1_000
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 10_000,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
_HARMLESS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE)


class Reader:
    """Runs one SELECT at a time over the tables that tools may see."""

    def __init__(self, database: Path) -> None:
        self._connection = sqlite3.connect(
            f"{database.resolve().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        self._connection.execute("PRAGMA query_only = ON")
        self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        for limit, value in _LIMITS.items():
            self._connection.setlimit(limit, value)
        self._connection.set_authorizer(_authorize)

    def select(self, sql: str, parameters: Sequence[object] = ()) -> dict[str, object]:
        """`{"columns": [...], "rows": [[...], ...]}`; raises `BadArguments`."""
        clock = _Clock()
        self._connection.set_progress_handler(clock.tick, _STEPS_A_CHECK)
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql, tuple(parameters))
            rows = cursor.fetchmany(MAX_ROWS + 1)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
            raise BadArguments(_explain(error, clock)) from None
        finally:
            description = cursor.description
            cursor.close()
        if description is None:
            raise BadArguments(f"There is no SELECT in the query. {_offer()}")
        if len(rows) > MAX_ROWS or sum(len(str(c)) for r in rows for c in r) > MAX_CHARACTERS:
            raise BadArguments(
                f"More than {MAX_ROWS} rows, or too much text: count or group in SQL, or add LIMIT."
            )
        return {
            "columns": [column[0] for column in description],
            "rows": [[_plain(cell) for cell in row] for row in rows],
        }

    def close(self) -> None:
        """Give the file free; the reader is of no use afterwards."""
        self._connection.close()


class _Clock:
    """Stops a query that goes on for ever; the time is a second net under the steps."""

    def __init__(self) -> None:
        self.checks = 0
        self.begun = time.thread_time()

    @property
    def over(self) -> bool:
        late = time.thread_time() - self.begun > MAX_SECONDS
        return late or self.checks * _STEPS_A_CHECK > MAX_STEPS

    def tick(self) -> bool:
        self.checks += 1
        return self.over


def _authorize(
    action: int, first: str | None, second: str | None, database: str | None, inner: str | None
) -> int:
    """SQLite asks for each thing that a statement wants to do."""
    if action in _HARMLESS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        dark = second in ("load_extension", "fts3_tokenizer")
        return sqlite3.SQLITE_DENY if dark else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and first is not None:
        # A common table expression is asked about by its own name, with no column.
        ours = first in TABLES or first in ("json_each", "json_tree")
        own = not second and not first.startswith(("_", "sqlite_", "pragma_"))
        return sqlite3.SQLITE_OK if ours or own else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_DENY


def _explain(error: Exception, clock: _Clock) -> str:
    said = str(error)
    if clock.over:
        return "The query takes too long: it was stopped. Narrow it; a recursion needs an end."
    if "prohibited" in said or "not authorized" in said:
        return f"Only SELECT, and only from these tables, is allowed ({said}). {_offer()}"
    return f"The query cannot be run: {said}. {_offer()}"


def _offer() -> str:
    return "Tables: " + ", ".join(f"{name}({columns})" for name, columns in TABLES.items()) + "."


def _plain(cell: object) -> object:
    """As JSON can say it."""
    if isinstance(cell, bytes):
        return cell.hex()
    if isinstance(cell, float) and not math.isfinite(cell):
        return str(cell)
    return cell
