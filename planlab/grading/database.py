"""The gradebook's SQLite file: its tables, and the question whose file it is.

Tables: runs, the entries of each run (who, which file), grades by the file's digest, and marks, the
points that a person gave; the view `points` is for those who ask in SQL. One process holds the file
at a time, and a kill frees it (`locking_mode=EXCLUSIVE`).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planlab.errors import BadFile

_OURS, _SCHEMA = 0x504C4742, 1  # "PLGB" in the file's header, and the version of what follows
_TABLES = (
    """CREATE TABLE runs (id INTEGER PRIMARY KEY, lab TEXT NOT NULL, version TEXT NOT NULL,
        seed TEXT NOT NULL, package TEXT NOT NULL, started TEXT NOT NULL, finished TEXT)""",
    """CREATE TABLE entries (run INTEGER REFERENCES runs, submission TEXT, sha256 TEXT NOT NULL,
        submitted TEXT, dated_by TEXT NOT NULL, notes TEXT NOT NULL,
        PRIMARY KEY (run, submission)) WITHOUT ROWID""",
    """CREATE TABLE grades (run INTEGER REFERENCES runs, submission TEXT, sha256 TEXT,
        graded TEXT NOT NULL, grade TEXT NOT NULL,
        PRIMARY KEY (run, submission, sha256)) WITHOUT ROWID""",
    """CREATE TABLE marks (id INTEGER PRIMARY KEY, submission TEXT NOT NULL, points REAL,
        answer TEXT NOT NULL, file TEXT NOT NULL, read TEXT NOT NULL)""",
    "CREATE TABLE noted (name TEXT PRIMARY KEY, content TEXT NOT NULL)",
    """CREATE VIEW points AS
        SELECT run, submission, json_extract(value, '$.question') AS question,
            sum(iif(json_extract(value, '$.ok'), json_extract(value, '$.points'), 0)) AS points
        FROM grades JOIN entries USING (run, submission, sha256), json_each(grade, '$.findings')
        GROUP BY run, submission, question""",
    f"PRAGMA application_id = {_OURS}",
    f"PRAGMA user_version = {_SCHEMA}",
)


def open_database(path: Path) -> sqlite3.Connection:
    """The gradebook at `path`, made with its folder if it is not there.

    Raises `BadFile` for a file that is no gradebook, is damaged, or is in use, and leaves it as it
    is.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, timeout=0, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise BadFile(f"{path} cannot be opened: {error}.") from error
    try:
        _prepare(db, path)
    except BaseException as error:
        db.close()
        if isinstance(error, sqlite3.Error):
            raise _explained(error, path) from error
        raise
    return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Check whose file it is before anything is written to it, then set it up."""
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    ours, schema = _pragma(db, "application_id"), _pragma(db, "user_version")
    tables = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and ours != _OURS:
        raise BadFile(f"{path} is another program's database. Choose another --out.")
    if tables and schema != _SCHEMA:
        raise BadFile(
            f"{path} has form {schema}, and this planlab writes form {_SCHEMA}. Use the planlab "
            "that made it, or another --out."
        )
    if (verdict := _pragma(db, "quick_check")) != "ok":
        raise sqlite3.DatabaseError(verdict)
    db.execute("PRAGMA journal_mode = WAL")
    # A kill loses nothing; a power cut may take the last grades, which are then made anew.
    db.execute("PRAGMA synchronous = NORMAL")
    with transaction(db):
        for statement in () if tables else _TABLES:
            db.execute(statement)


def _pragma(db: sqlite3.Connection, name: str) -> object:
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def _explained(error: sqlite3.Error, path: Path) -> BadFile:
    """The error in words that say what to do."""
    if "locked" in str(error):
        return BadFile(
            f"{path} is in use: another grader writes to this folder. Wait for it to end."
        )
    if isinstance(error, sqlite3.OperationalError):
        return BadFile(f"{path} cannot be used ({error}).")
    return BadFile(
        f"{path} is no gradebook, or is damaged ({error}). It was left as it is: choose another "
        "--out, or bring it back from a copy."
    )


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the block, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
