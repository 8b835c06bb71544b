"""A plan's progress that survives a crash: `done` in a file, and a journal of what was done.

Each result is in the file before the next step starts (one transaction a step), and before a call
that changes something its arguments and key are. So whoever is killed, at any moment, runs again
with the same file: finished steps stay finished, what was begun is sent again as it was recorded,
and a receiver that knows its key does it once. (Write-ahead logging: Mohan et al., ARIES, ACM
Transactions on Database Systems 17(1), 1992.)
"""

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from planlab.errors import BadFile, BadInput
from planlab.events import Event
from planlab.journal import Journal
from planlab.ledgerfile import LedgerFile, Statement, Sync
from planlab.progress import PLAN, in_order
from planlab.records import Plan, Step
from planlab.schedule import Failed, Waiting
from planlab.stored import decode, encode
from planlab.tools import digest

__all__ = ["Event", "Ledger"]


@dataclass(slots=True)
class _Row:
    """A value as it stands in the file."""

    number: int
    id: str
    text: str
    table: str


class Ledger(Journal, MutableMapping[str, object]):
    """Results by step id, in the file `path`; also a journal for the Toolbox and its gates.

    Under a plan (in `done[PLAN]`) a result belongs to what its step asks for: the same id, tool,
    arguments and, all the way down, needs. A plan that asks for something else under that id does
    not see it. Ids that are in no plan stand for themselves. `Failed` and `Waiting` are kept apart
    from results, and are tried again.

    `sync="process"` outlives the process, "power" also a loss of power. One process at a time, and
    in it one thread: every method is done whole between two awaits. Raises `BadFile` for what is
    no ledger or another run's, `InUse`, `NotSaved`; nothing is ever overwritten.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        run_id: str | None = None,
        *,
        sync: Sync = "process",
        clock: Callable[[], float] = time.time,
    ) -> None:
        file = LedgerFile(Path(path), run_id or uuid.uuid4().hex, sync)
        try:
            meta = dict(file.read("SELECT name, value FROM meta"))
            super().__init__(file, _check_run(meta.get("run_id"), run_id, file.path), clock)
            self._file = file
            self._values: dict[str, object] = {}  # what was read, decoded
            self._plan_text: str | None = None
            self._rows = _load_rows(file)
            self._last = max((row.number for row in self._rows.values()), default=0)
            self._load_plan()
        except BaseException:
            file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; what was read of it can still be looked at."""
        self._file.close()

    # The mapping

    def __getitem__(self, id: str) -> object:
        key = self._key(id)
        if key not in self._values:
            row = self._rows.get(key)
            text = self._plan_text if id == PLAN else row.text if row else None
            if text is None:
                raise KeyError(id)
            self._values[key] = self._read(id, text)
        return self._values[key]

    def _read(self, id: str, text: str) -> object:
        try:
            return Plan.model_validate_json(text) if id == PLAN else decode(text)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadFile(f"{id!r} in {self._file.path} is damaged: {error!r}.") from None

    def __setitem__(self, id: str, value: object) -> None:
        if id == PLAN:
            self._put_plan(value)
            return
        key, text = self._key(id), _encode_result(id, value)
        table = "unfinished" if isinstance(value, Failed | Waiting) else "finished"
        old = self._rows.get(key)
        if old is None:
            self._last += 1  # never given twice, even where an interrupt comes in between
        row = _Row(self._last if old is None else old.number, id, text, table)
        self._file.write(*_put(row, key, old))
        self._rows[key] = row
        self._values.pop(key, None)

    def __delitem__(self, id: str) -> None:
        if id == PLAN and self._plan_text is not None:
            self._put_plan(None)
            return
        key = self._key(id)
        if key not in self._rows:
            raise KeyError(id)
        self._file.write(_delete(self._rows[key]))
        del self._rows[key]
        self._values.pop(key, None)

    def __contains__(self, id: object) -> bool:
        if id == PLAN:
            return self._plan_text is not None
        return isinstance(id, str) and self._key(id) in self._rows

    def __iter__(self) -> Iterator[str]:
        if self._plan_text is not None:
            yield PLAN
        for key, row in list(self._rows.items()):
            if self._key(row.id) == key:
                yield row.id

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<Ledger {self._file.path}: run {self.run_id}, {len(self)} entries>"

    def _key(self, id: str) -> str:
        return self.step_keys.get(id, id)

    # The plan

    def _put_plan(self, plan: object) -> None:
        """Store a version of the plan with its steps' keys; None takes the plan away."""
        if plan is not None and not isinstance(plan, Plan):
            raise BadInput(f"done[{PLAN!r}] is the plan's place: {plan!r:.80} is no Plan.")
        text = None if plan is None else plan.model_dump_json()
        if text is not None and Plan.model_validate_json(text) != plan:
            raise BadInput("The plan holds a number that JSON cannot: an infinity or no number.")
        keys = {} if plan is None else find_keys(plan, self.run_id)
        version = 0 if plan is None else plan.version
        sql = "INSERT INTO plans (plan, keys, version) VALUES (?, ?, ?)"
        self._file.write((sql, (text, json.dumps(keys), version)))
        self._use_plan(text, keys, version)

    def _load_plan(self) -> None:
        sql = "SELECT plan, keys, version FROM plans ORDER BY number DESC LIMIT 1"
        for text, keys, version in self._file.read(sql):
            self._use_plan(text, json.loads(keys), version)

    def _use_plan(self, text: str | None, keys: dict[str, str], version: int) -> None:
        self._plan_text, self.step_keys, self.plan_version = text, keys, version
        self._values.clear()


def find_keys(plan: Plan, run_id: str) -> dict[str, str]:
    """By id, what stands for all that each step asks for, down to the steps that it needs.

    The plan's version, the order of its steps and what a call is described as are no part of it.
    A step without a tool of its own is asked for in words: there the description is.
    """
    keys: dict[str, str] = {}
    for step in in_order(plan.steps):
        needs = sorted((id, keys.get(id, id)) for id in step.needs)
        keys[step.id] = digest(run_id, step.id, step.tool, _template(step), needs)
    return keys


def _template(step: Step) -> object:
    """The arguments as they were planned, references as references."""
    arguments = sorted((a.model_dump() for a in step.arguments), key=lambda a: str(a["name"]))
    is_call = step.how == "tool" and step.tool is not None
    return arguments if is_call else [step.how, step.description, arguments]


def _check_run(found: object, wanted: str | None, path: Path) -> str:
    if not isinstance(found, str):
        raise BadFile(f"{path} does not say whose run it is: it is damaged.")
    if wanted is not None and wanted != found:
        raise BadFile(
            f"{path} is the ledger of run {found!r}, not of {wanted!r}: name another file, or "
            "leave run_id out to go on with that run."
        )
    return found


def _load_rows(file: LedgerFile) -> dict[str, _Row]:
    """The values' texts by key, in the order in which they came."""
    rows = file.read(
        "SELECT number, key, id, value, 'finished' FROM finished UNION ALL "
        "SELECT number, key, id, value, 'unfinished' FROM unfinished ORDER BY 1"
    )
    return {key: _Row(number, id, text, table) for number, key, id, text, table in rows}


def _encode_result(id: str, value: object) -> str:
    try:
        id.encode()
        return encode(value)
    except UnicodeEncodeError:
        raise BadInput(f"The id {id!r} holds half a character.") from None
    except BadInput as error:
        raise BadInput(
            f"The result of step {id!r} cannot be stored: {error} Have the step return text, "
            "numbers, lists and dicts."
        ) from None


def _put(row: _Row, key: str, old: _Row | None) -> list[Statement]:
    if old is not None and old.table == row.table:
        return [(f"UPDATE {row.table} SET value = ? WHERE number = ?", (row.text, row.number))]
    insert = f"INSERT INTO {row.table} VALUES (?, ?, ?, ?)", (row.number, key, row.id, row.text)
    return [insert] if old is None else [_delete(old), insert]


def _delete(row: _Row) -> Statement:
    return f"DELETE FROM {row.table} WHERE number = ?", (row.number,)
