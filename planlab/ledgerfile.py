"""A ledger's file: one SQLite database that one process holds at a time.

A file that is not a ledger, or is torn, is refused before anything is written to it.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from planlab.errors import BadFile, BadInput, InUse, NotSaved, PlanlabError

Sync = Literal["process", "power"]
Statement = tuple[str, Sequence[object]]

FORMAT = 1
_OURS = 0x504C414E  # "PLAN", in the place where SQLite keeps whose file it is
_HEADER = b"SQLite format 3\x00"

# NORMAL hands each transaction to the operating system, which outlives the process. FULL waits
# until it is on the disk, which outlives a loss of power.
_SYNCHRONOUS = {"process": "NORMAL", "power": "FULL"}

_SCHEMA = """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE finished (number INTEGER PRIMARY KEY, key TEXT, id TEXT, value TEXT);
    CREATE TABLE unfinished (number INTEGER PRIMARY KEY, key TEXT, id TEXT, value TEXT);
    CREATE TABLE plans (number INTEGER PRIMARY KEY, plan TEXT, keys TEXT, version INTEGER);
    CREATE TABLE events (number INTEGER PRIMARY KEY, at REAL, kind TEXT, body TEXT, hash TEXT);
"""


class LedgerFile:
    """The database in `path`, made where nothing is; held until it is closed or the process ends.

    Raises `BadFile`, `InUse`, `NotSaved`.
    """

    def __init__(self, path: Path, run_id: str, sync: Sync) -> None:
        if sync not in _SYNCHRONOUS:
            raise BadInput(f"sync is {sync!r}: choose 'process' or 'power'.")
        self.path = path
        _check_header(path)
        try:
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None)
        except sqlite3.Error as error:
            raise self._problem(error) from None
        try:
            self._open(run_id, sync)
        except BaseException as error:
            self._database.close()
            raise self._problem(error) if isinstance(error, sqlite3.Error) else error from None

    def _open(self, run_id: str, sync: Sync) -> None:
        ask = self._database.execute
        ask("PRAGMA locking_mode = EXCLUSIVE")
        ask("PRAGMA page_size = 1024")  # a step writes one page
        ask("BEGIN EXCLUSIVE")
        if not ask("PRAGMA application_id").fetchone()[0]:
            for line in _SCHEMA.split(";"):
                ask(line)
            ask("INSERT INTO meta VALUES ('run_id', ?), ('events', '0'), ('head', '')", (run_id,))
            ask(f"PRAGMA application_id = {_OURS}")
            ask(f"PRAGMA user_version = {FORMAT}")
        ask("COMMIT")
        ask("PRAGMA journal_mode = WAL")
        ask("PRAGMA wal_autocheckpoint = 8000")  # pages; each time the disk is waited for
        ask(f"PRAGMA synchronous = {_SYNCHRONOUS[sync]}")
        (found,) = ask("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        try:
            return self._database.execute(sql).fetchall()
        except sqlite3.Error as error:
            raise self._problem(error) from None

    def write(self, *statements: Statement) -> None:
        """Do all of it or nothing: one transaction. Raises `NotSaved`."""
        ask = self._database.execute
        try:
            if len(statements) == 1:
                ask(*statements[0])  # by itself it is a transaction
                return
            ask("BEGIN")
            for statement in statements:
                ask(*statement)
            ask("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):
                if self._database.in_transaction:
                    ask("ROLLBACK")
            raise self._problem(error) if isinstance(error, sqlite3.Error) else error from None

    def close(self) -> None:
        """Let go of the file. Twice does no harm."""
        with suppress(sqlite3.Error):
            self._database.close()

    def _problem(self, error: sqlite3.Error) -> PlanlabError:
        """What SQLite says, in terms of who must do what."""
        code = getattr(error, "sqlite_errorcode", None)
        if isinstance(error, sqlite3.ProgrammingError):
            return BadInput(
                f"The ledger {self.path} is closed, or belongs to another thread: open it again, "
                "and use it in the thread that opened it."
            )
        if code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return InUse(
                f"Another process, or another Ledger of this one, has {self.path} open: "
                "one at a time. End it, or close it, and try again."
            )
        if code is not None and code & 0xFF in _NOT_WRITABLE:
            return NotSaved(
                f"The ledger {self.path} cannot be written: {error}. What was finished before is "
                "kept; see to the disk or its permissions and run again."
            )
        return BadFile(f"The ledger {self.path} is damaged ({error}); it is left as it is.")


_NOT_WRITABLE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
)


def _check_header(path: Path) -> None:
    """Raises `BadFile` for what is not a ledger: SQLite itself might change another's file."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise BadFile(f"{path} cannot be read as a ledger: {error.strerror}.") from None
    version, owner = (int.from_bytes(header[at : at + 4], "big") for at in (60, 68))
    if not header:
        return
    if len(header) < 100 or header[:16] != _HEADER or owner != _OURS:
        raise BadFile(f"{path} is not a ledger of planlab; it is left as it is. Name another file.")
    if version > FORMAT:
        raise BadFile(
            f"{path} was written by a newer planlab (format {version}; this one knows {FORMAT}); "
            "it is left as it is."
        )
