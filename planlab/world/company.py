"""One run's private copy of the company."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from planlab.errors import BadInput
from planlab.toolbox import Toolbox
from planlab.tools import NO_TAINT, Call, Risk
from planlab.world.files import Folder
from planlab.world.mail import Mail, parse_mail
from planlab.world.pages import search_pages
from planlab.world.store import Store
from planlab.world.template import make_template
from planlab.world.tools import make_tools


@dataclass(frozen=True)
class Payment:
    """Money that left the account, in US dollars."""

    to: str
    amount: float
    memo: str


@dataclass(frozen=True)
class CompanyRecord:
    """One entry of the records that can be deleted."""

    id: str
    kind: str
    owner: str
    text: str


def open_world(seed: int = 0, folder: str | os.PathLike[str] | None = None) -> "World":
    """A fresh copy of the company, in a temporary folder that goes when the world is closed.

    With `folder` it lives there and stays: opened again, by another process too, it is as it was
    left. Raises `BadInput` if the folder holds something else, or a world of another seed.
    """
    if not isinstance(seed, int):
        raise BadInput(f"open_world: the seed is a whole number, not {seed!r}.")
    if folder is None:
        home = Path(tempfile.mkdtemp(prefix="acme-"))
        _found(home, seed)
        return World(seed, home, keep=False)
    home = Path(folder)
    try:
        if not (home / "acme.db").exists():
            _found(home, seed)
        return World(seed, home, keep=True)
    except (OSError, sqlite3.Error) as error:
        raise BadInput(f"open_world: no world can be opened in {home}: {error}.") from None


def _found(home: Path, seed: int) -> None:
    """Lay a new world down; the database gets its name last, so that half a world is none."""
    home.mkdir(parents=True, exist_ok=True)
    fresh = home / "acme.db.new"
    if any(home.iterdir()) and not fresh.exists():
        raise BadInput(f"open_world: {home} is not empty and holds no world; name a new folder.")
    template = make_template(seed)
    fresh.write_bytes(template.database)
    (home / "files").mkdir(exist_ok=True)
    Folder(home / "files").load(template.files)
    os.replace(fresh, home / "acme.db")


class World(Store):
    """Acme Corp: `tools` act on it, and what they did can be read off exactly.

    A context manager; closed by itself when it is forgotten.
    """

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<World of Acme Corp, seed {self.seed}{'' if self.open else ', closed'}>"

    @cached_property
    def tools(self) -> Toolbox:
        """The nine tools. The run's id is the seed's, so that keys are the same every time."""
        return Toolbox(make_tools(self), run_id=f"acme-{self.seed}")

    @cached_property
    def undo_tools(self) -> Mapping[str, Callable[[Call], None]]:
        """How a call of each MEDIUM tool is taken back."""
        return {tool.name: self._undo for tool in self.tools if tool.risk == Risk.MEDIUM}

    def _undo(self, call: Call) -> None:
        self.take_back(call.key)

    def search(self, query: str) -> list[dict[str, str]]:
        """The web pages nearest to `query`, best first."""
        with self._open() as database:
            return search_pages(database, query)

    def select(self, sql: str) -> dict[str, object]:
        """The answer to a query that only reads, as `analyze_data` gives it."""
        with self._open():
            return self._reader.select(sql)

    def read(self, path: str) -> str:
        """A file's text, or the names in a folder."""
        with self._open():
            return self._files.read(path)

    def draft(self, mail: Mail, taint: frozenset[str] = NO_TAINT, *, key: str = "") -> str:
        """Put a draft into drafts/; returns its path."""
        with self._change():
            taken = [path.name[:3] for path in (self.folder / "drafts").glob("*.txt")]
            number = 1 + max((int(start) for start in taken if start.isdecimal()), default=0)
            path = f"drafts/{mail.file_name(number)}"
            self.write(path, mail.text, taint, key=key)
        return path

    def post(self, mail: Mail, taint: frozenset[str] = NO_TAINT) -> None:
        """Send a mail: it stands in `sent`, and as a file in outbox/."""
        with self._change() as database:
            row = (mail.to, mail.subject, mail.body)
            number = database.execute(
                "INSERT INTO _sent (recipient, subject, body) VALUES (?, ?, ?)", row
            ).lastrowid
            path = f"outbox/{mail.file_name(number or 0)}"
            self._files.put(path, mail.text.encode())
            self._set_taint(path, taint)

    def change(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Change the database by hand, to set up a lesson's surprise; returns the rows changed."""
        with self._change() as database:
            return database.execute(sql, tuple(parameters)).rowcount

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """The rows of a query that only reads, for exact checks."""
        with self._open():
            found = self._reader.select(sql, parameters)["rows"]
        return [tuple(row) for row in found]  # type: ignore[attr-defined]

    def sent(self) -> tuple[Mail, ...]:
        """Every mail that was sent, in order."""
        with self._open() as database:
            rows = database.execute("SELECT recipient, subject, body FROM _sent ORDER BY id")
            return tuple(Mail(*row) for row in rows)

    def drafts(self) -> tuple[Mail, ...]:
        """Every draft that lies there, in order."""
        with self._open():
            paths = sorted((self.folder / "drafts").glob("*.txt"))
            return tuple(parse_mail(path.read_bytes().decode()) for path in paths)

    def transactions(self) -> tuple[Payment, ...]:
        """Every payment that was made, in order."""
        rows = self.rows("SELECT recipient, amount, memo FROM transactions ORDER BY id")
        return tuple(Payment(*row) for row in rows)  # type: ignore[arg-type]

    def records(self) -> tuple[CompanyRecord, ...]:
        """Every record that still exists, by id."""
        rows = self.rows("SELECT id, kind, owner, text FROM records ORDER BY id")
        return tuple(CompanyRecord(*row) for row in rows)  # type: ignore[arg-type]

    def balance(self) -> float:
        """What the account holds, in US dollars."""
        ((balance,),) = self.rows("SELECT balance FROM account")
        return float(str(balance))
