"""Events that nobody can unsay: only ever added, each with a hash of itself and all before it.

Whatever is edited, cut out, put in or moved shows, since no later hash fits any more (Haber and
Stornetta, Journal of Cryptology 3(2), 1991); the number of events and the last hash are kept apart,
so a cut at the end shows too. Whoever can write the file could forge it whole: against that, keep
`head` somewhere else.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planlab.errors import BadFile, BadInput
from planlab.ledgerfile import LedgerFile
from planlab.stored import decode, encode
from planlab.tools import Call


@dataclass(frozen=True)
class Event:
    """One thing that happened: `at` is in seconds since 1970, `hash` covers all before it too."""

    number: int
    at: float
    kind: str
    data: Mapping[str, object]
    hash: str

    @property
    def call(self) -> Call | None:
        """The call that it is about, if one."""
        call = self.data.get("call")
        return call if isinstance(call, Call) else None


class EventLog:
    """The events in a ledger's file. They are to be read before one is added."""

    def __init__(self, file: LedgerFile, clock: Callable[[], float]) -> None:
        self._file, self._clock = file, clock
        self._count, self.head = 0, ""

    def add(self, kind: str, data: Mapping[str, object]) -> Event:
        """Record what happened just now. Raises `BadInput`, `NotSaved`."""
        number, at = self._count + 1, float(self._clock())
        try:
            body = encode(dict(data))
        except BadInput as error:
            raise BadInput(f"The event {kind!r} cannot be recorded: {error}") from None
        hashed = _hash(self.head, number, at, kind, body)
        change = "UPDATE meta SET value = ? WHERE name = ?"
        self._file.write(
            ("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (number, at, kind, body, hashed)),
            (change, (str(number), "events")),
            (change, (hashed, "head")),
        )
        self._count, self.head = number, hashed
        return _event(number, at, kind, body, hashed)

    def read(self) -> list[Event]:
        """All events, in order. Raises `BadFile` that names the first that was tampered with."""
        rows = self._file.read("SELECT number, at, kind, body, hash FROM events ORDER BY number")
        head = ""
        for place, (number, at, kind, body, hashed) in enumerate(rows, 1):
            head = _hash(head, place, at, kind, body)
            if (number, hashed) != (place, head):
                raise BadFile(f"Event {place} of {self._file.path} {_TAMPERED}")
        meta = dict(self._file.read("SELECT name, value FROM meta"))
        if (meta.get("events"), meta.get("head")) != (str(len(rows)), head):
            raise BadFile(f"The end of the events of {self._file.path} {_TAMPERED}")
        self._count, self.head = len(rows), head
        return [_event(*row) for row in rows]


_TAMPERED = (
    "is not as it was recorded: somebody changed the file. No call that changes anything is made "
    "with it; look at what happened, then begin a new ledger."
)


def _hash(head: str, number: int, at: object, kind: object, body: object) -> str:
    text = json.dumps([head, number, at, kind, body])
    return hashlib.sha256(text.encode()).hexdigest()


def _event(number: int, at: float, kind: str, body: str, hashed: str) -> Event:
    data = decode(body)
    assert isinstance(data, dict)
    return Event(number, at, kind, data, hashed)
