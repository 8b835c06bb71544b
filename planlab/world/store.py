"""A world's files and database as one thing: changed whole or not at all, and restored whole."""

import json
import os
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from planlab.errors import BadInput, ToolFailed
from planlab.tools import NO_TAINT, digest
from planlab.world.files import Folder, parse_path
from planlab.world.sql import TABLES, Reader

# What a snapshot holds; the web pages never change.
_KEPT = (*TABLES, "_effects", "_sent", "_writes", "_taint")


@dataclass(frozen=True)
class Snapshot:
    """Everything in a world at one moment: each file's bytes, each table's rows."""

    files: Mapping[str, bytes]
    tables: Mapping[str, tuple[tuple[object, ...], ...]]


class Store:
    """What is under a world. Every method may be called from any thread, and is done whole before
    the next begins. After `close` each raises `BadInput`.
    """

    def __init__(self, seed: int, home: Path, *, keep: bool) -> None:
        self.seed = seed
        self._lock = threading.RLock()
        self._files = Folder(home / "files")
        self._database = sqlite3.connect(
            home / "acme.db", isolation_level=None, check_same_thread=False
        )
        # A killed process loses nothing by this; a power cut might, and does not matter here.
        self._database.execute("PRAGMA synchronous = OFF")
        self._reader = Reader(home / "acme.db")
        self._finalizer = weakref.finalize(
            self, _dispose, self._database, self._reader, None if keep else home, os.getpid()
        )
        self._check_seed()

    def _check_seed(self) -> None:
        (found,) = self._database.execute("SELECT seed FROM _about").fetchone()
        if found != str(self.seed):
            self.close()
            raise BadInput(
                f"open_world: the folder holds a world of seed {found}, not {self.seed}."
            )

    def close(self) -> None:
        """Leave the world; its folder is removed unless it was named. Twice does no harm."""
        with self._lock:
            self._finalizer()

    @property
    def open(self) -> bool:
        """False once it is closed."""
        return self._finalizer.alive

    @property
    def folder(self) -> Path:
        """The folder with the company's files, which the file tools cannot leave."""
        return self._files.root

    def taint(self, path: str) -> frozenset[str]:
        """The untrusted sources of a file: mail for the inbox, or those it was written from."""
        with self._open() as database:
            spelling = parse_path(path).casefold()
            rows = database.execute("SELECT source FROM _taint WHERE path = ?", (spelling,))
            inbox = {"mail"} if spelling.split("/")[0] == "inbox" else set()
            return NO_TAINT.union(inbox, (source for (source,) in rows))

    def write(
        self, path: str, content: str, taint: frozenset[str] = NO_TAINT, *, key: str = ""
    ) -> None:
        """Write a file, and keep what it overwrote for `undo`; `taint` stays with the file.

        `key` is the call's that writes it, so that `take_back` finds it.
        """
        with self._change() as database:
            old_taint = json.dumps(sorted(self.taint(path)))
            before = self._files.write(path, content)
            row = (parse_path(path), before, old_taint, key, digest(content))
            database.execute(
                "INSERT INTO _writes (path, before, taint, key, wrote) VALUES (?, ?, ?, ?, ?)", row
            )
            self._set_taint(path, taint)

    def undo(self, path: str) -> None:
        """Take the last write to `path` back, and nothing else; raises `ToolFailed` if none is."""
        with self._change() as database:
            row = database.execute(
                "SELECT id, before, taint FROM _writes WHERE path = ? ORDER BY id DESC",
                (parse_path(path),),
            ).fetchone()
            if row is None:
                raise ToolFailed(f"Nothing was written to {path!r} that could be taken back.")
            number, before, old_taint = row
            self._files.put(path, before)
            self._set_taint(path, json.loads(old_taint))
            database.execute("DELETE FROM _writes WHERE id = ?", (number,))

    def take_back(self, key: str) -> None:
        """Undo what the call of that key wrote, if it is what stands there; else `ToolFailed`."""
        with self._change() as database:
            mine = database.execute("SELECT path FROM _writes WHERE key = ?", (key,)).fetchone()
            if mine is None:
                raise ToolFailed("that call wrote nothing that could be taken back.")
            (path,) = mine
            last = "SELECT key, wrote FROM _writes WHERE path = ? ORDER BY id DESC"
            writer, wrote = database.execute(last, (path,)).fetchone()
            place = self._files.locate(path)
            if writer != key or not place.is_file() or digest(self._files.read(path)) != wrote:
                raise ToolFailed(f"{path!r} was changed by somebody else since; it is left alone.")
            while writer == key:  # a call that was made again wrote again
                self.undo(path)
                writer, _ = database.execute(last, (path,)).fetchone() or ("", "")

    def _set_taint(self, path: str, taint: Iterable[str]) -> None:
        spelling = parse_path(path).casefold()
        self._database.execute("DELETE FROM _taint WHERE path = ?", (spelling,))
        rows = [(spelling, source) for source in sorted(taint)]
        self._database.executemany("INSERT INTO _taint VALUES (?, ?)", rows)

    def once(
        self,
        key: str,
        tool: str,
        arguments: Sequence[object],
        act: Callable[[sqlite3.Connection], str],
    ) -> str:
        """The result of `act`, which happens once for a key: the second time it is looked up."""
        asked = json.dumps([tool, *arguments])
        with self._change() as database:
            row = database.execute(
                "SELECT tool, arguments, result FROM _effects WHERE key = ?", (key,)
            ).fetchone()
            if row is None:
                result = act(database)
                effect = (key, tool, asked, result)
                database.execute("INSERT INTO _effects VALUES (?, ?, ?, ?)", effect)
                return result
        if row[1] != asked:
            raise ToolFailed(f"This key already stands for another {row[0]}: nothing was done.")
        return f"{row[2]} (already done before under this key; nothing was done again)"

    def snapshot(self) -> Snapshot:
        """Everything as it is now; any number may be kept, each restored any number of times."""
        with self._open() as database:
            tables = {
                table: tuple(database.execute(f"SELECT * FROM {table} ORDER BY rowid"))
                for table in _KEPT
            }
            return Snapshot(self._files.dump(), tables)

    def restore(self, snapshot: Snapshot) -> None:
        """Make everything, sent mail and payments too, as it was in `snapshot`.

        The snapshot may be another world's of the same kind, so a search can branch into copies.
        """
        with self._change() as database:
            for table, rows in snapshot.tables.items():
                database.execute(f"DELETE FROM {table}")
                for row in rows:
                    marks = ", ".join("?" * len(row))
                    database.execute(f"INSERT INTO {table} VALUES ({marks})", row)
            self._files.load(snapshot.files)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if not self.open:
                raise BadInput("This world is closed; open_world() makes a new one.")
            yield self._database

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: done whole, or not at all."""
        with self._open() as database:
            if database.in_transaction:  # a part of a larger one
                yield database
                return
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")


def _dispose(database: sqlite3.Connection, reader: Reader, home: Path | None, pid: int) -> None:
    """Runs once, by `close`, by the garbage collector or at exit; never in a forked child."""
    if os.getpid() != pid:
        return
    reader.close()
    database.close()
    if home is not None:
        shutil.rmtree(home, ignore_errors=True)
