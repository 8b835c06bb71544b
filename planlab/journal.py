"""What was about to be done, what came of it, and who allowed it: events that nobody can unsay.

Events are only ever added. Each holds a hash of itself and of the one before (Haber and Stornetta,
Journal of Cryptology 3(2), 1991), so whatever is edited, cut out, put in or moved shows; the number
of events and the last hash are kept apart, so a cut at the end shows too. Whoever can write the
file could forge it whole: against that, keep `head` somewhere else.
"""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planlab.errors import (
    BadArguments,
    BadFile,
    BadInput,
    NeedsApproval,
    ToolError,
    ToolFailed,
    Transient,
)
from planlab.ledgerfile import LedgerFile, Statement
from planlab.records import Observation
from planlab.stored import decode, encode
from planlab.tools import Call, Risk


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


@dataclass
class _Begun:
    """A call that was begun. `template` is the key of what its step asked for at that time."""

    call: Call
    template: object
    seen: Observation | None = None

    @property
    def is_open(self) -> bool:
        """May it have happened, without anybody knowing?"""
        if self.seen is None or isinstance(self.seen.error, Transient):
            return True
        return not self.call.repeatable and isinstance(self.seen.error, ToolFailed)

    @property
    def error(self) -> ToolError | None:
        """Why it is known not to have happened, if it is."""
        return None if self.is_open or self.seen is None else self.seen.error


@dataclass
class _Approval:
    expires: float
    version: int
    used: bool = False


class Journal:
    """The events of one run, and what they say about each call.

    Everything here is done whole before anybody else's turn comes: one event loop, one thread.
    """

    def __init__(self, file: LedgerFile, run_id: str, clock: Callable[[], float]) -> None:
        self.run_id = run_id
        self.step_keys: Mapping[str, str] = {}  # by step id, of the current plan
        self.plan_version = 0
        self._file, self._clock = file, clock
        self._begun: dict[str, _Begun] = {}
        self._approvals: dict[tuple[str, str], _Approval] = {}
        self._left: defaultdict[tuple[str, str], list[_Begun]] = defaultdict(list)
        self._running: dict[str, tuple[str, str]] = {}
        self._count, self._head = -1, ""  # not read yet

    # Events

    @property
    def events(self) -> tuple[Event, ...]:
        """All that was recorded, in order. Raises `BadFile` where the chain is broken."""
        self._load()
        return tuple(self._read())

    @property
    def head(self) -> str:
        """The last event's hash, '' before the first: it stands for all of them."""
        self._load()
        return self._head

    def verify(self) -> None:
        """Raises `BadFile` that names the first event that is not as it was recorded."""
        self._read()

    def record(self, kind: str, call: Call | None = None, **data: object) -> Event:
        """Add an event, about a call where one is given. Raises `BadInput`, `NotSaved`."""
        self._load()
        number, at = self._count + 1, self._clock()
        try:
            body = encode(data if call is None else {"call": call, **data})
        except BadInput as error:
            raise BadInput(f"The event {kind!r} cannot be recorded: {error}") from None
        hashed = _hash(self._head, number, at, kind, body)
        row = (number, at, kind, body, hashed)
        self._file.write(
            ("INSERT INTO events VALUES (?, ?, ?, ?, ?)", row), *_ends_with(number, hashed)
        )
        self._count, self._head = number, hashed
        event = Event(number, at, kind, _data(body), hashed)
        self._note(event)
        return event

    def _read(self) -> list[Event]:
        """The events, once each is found to be as it was recorded."""
        rows = self._file.read("SELECT number, at, kind, body, hash FROM events ORDER BY number")
        events: list[Event] = []
        head = ""
        for place, (number, at, kind, body, hashed) in enumerate(rows, 1):
            wanted = _hash(head, place, at, kind, body)
            if number != place or hashed != wanted:
                raise BadFile(
                    f"Event {place} of {self._file.path} is not as it was recorded: somebody "
                    "changed the file. Nothing that needs a journal runs with it."
                )
            head = wanted
            events.append(Event(place, float(str(at)), str(kind), _data(str(body)), head))
        meta = dict(self._file.read("SELECT name, value FROM meta"))
        if (meta.get("events"), meta.get("head")) != (str(len(events)), head):
            raise BadFile(
                f"{self._file.path} holds {len(events)} events, and says it should be "
                f"{meta.get('events')}: somebody cut them. Nothing that needs a journal runs with "
                "it."
            )
        self._count, self._head = len(events), head
        return events

    def _load(self) -> None:
        """Read what earlier processes recorded, once, when it is first needed."""
        if self._count >= 0:
            return
        for event in self._read():
            self._note(event)
        self._running.clear()  # whoever ran it is gone
        for begun in self._begun.values():
            if not begun.error:
                self._left[begun.call.step, begun.call.tool].append(begun)

    def _note(self, event: Event) -> None:
        """What an event says about its call."""
        call = event.call
        if call is None:
            return
        if event.kind == "intent":
            self._begun[call.key] = _Begun(call, event.data["template"])
            self._running[call.key] = call.step, call.tool
        elif event.kind == "outcome":
            seen = event.data["observation"]
            assert isinstance(seen, Observation)
            self._begun.setdefault(call.key, _Begun(call, None)).seen = seen
            self._running.pop(call.key, None)
        elif event.kind == "undone":
            self._begun.pop(call.key, None)
        elif event.kind == "approval":
            expires, version = float(str(event.data["expires"])), int(str(event.data["plan"]))
            self._approvals[call.key, call.digest] = _Approval(expires, version)
        elif event.kind == "approval used":
            self._approvals[call.key, call.digest].used = True

    # Calls: what the Toolbox asks

    def recall(self, call: Call) -> Call | Observation:
        """What an earlier run of this step began in place of `call`, or what came of it.

        It is found by its key, or, where the arguments are others now, by its step: what was
        recorded is sent, whatever a model would write today. Raises `NeedsApproval` where the
        plan was changed meanwhile, so that it is not known what was done already.
        """
        if call.risk == Risk.LOW:
            return call
        self._load()
        begun = self._begun.get(call.key)
        if begun is None or isinstance(begun.error, BadArguments):
            begun = self._left_by(call) or begun
        if begun is None or begun.error:
            return call
        left = self._left[call.step, call.tool]
        if begun in left:
            left.remove(begun)
        if not begun.is_open and begun.seen is not None:
            return begun.seen
        return call if begun.call.digest == call.digest else begun.call

    def _left_by(self, call: Call) -> _Begun | None:
        """The first call that the same step left behind, of the same tool."""
        template = self._template(call.step)
        for begun in self._left[call.step, call.tool] if call.step else ():
            if begun.error:
                continue
            if begun.template == template:
                return begun
            if begun.is_open and call.risk == Risk.HIGH:
                raise NeedsApproval(
                    f"Step {call.step!r} had begun another {call.tool} before the plan was "
                    "changed, and nobody knows what came of it. Look, and tell with "
                    "outcome(request, Observation(...)).",
                    begun.call,
                )
        return None

    def intent(self, call: Call) -> Call:
        """Record what is about to be done; where it was begun before, returns what was recorded.

        Raises `NeedsApproval` for a call that may have happened and must not happen twice, and
        `BadInput` for two different calls of a tool in one step side by side.
        """
        if call.risk == Risk.LOW:
            return call
        self._load()
        begun = self._begun.get(call.key)
        if begun is None or begun.error:
            self._check_alone(call)
            self.record("intent", call, template=self._template(call.step))
            return call
        recorded = call if begun.call.digest == call.digest else begun.call
        if not call.repeatable:
            self._permit_again(recorded)
        self.record("again", recorded)
        self._running[call.key] = call.step, call.tool
        return recorded

    def outcome(self, call: Call, observation: Observation) -> None:
        """Record what came of a call; by hand too, where nobody knew and a person has looked."""
        if call.risk == Risk.LOW:
            return
        self.record("outcome", call, observation=observation)
        begun = self._begun[call.key]
        left = self._left[call.step, call.tool]
        if begun.is_open and begun not in left:
            left.append(begun)

    @property
    def unknown(self) -> tuple[Call, ...]:
        """The calls that may have happened, and of which nobody knows; in the order begun."""
        self._load()
        return tuple(begun.call for begun in self._begun.values() if begun.is_open)

    def _template(self, step: str) -> str:
        return self.step_keys.get(step, step)

    def _check_alone(self, call: Call) -> None:
        """A step's calls are told apart by their order, which two side by side do not have."""
        if call.step and (call.step, call.tool) in self._running.values():
            raise BadInput(
                f"Step {call.step!r} makes two different calls of {call.tool} side by side, or one "
                f"was cut off. Give each a step of its own, such as {call.step + '.1'!r}; what was "
                "cut off goes on when the ledger is opened again."
            )

    def _permit_again(self, call: Call) -> None:
        """Only a new approval lets a call that cannot be told apart happen twice."""
        approval = self._approvals.get((call.key, call.digest))
        if approval is None or not self._is_fresh(approval):
            raise NeedsApproval(
                f"{call.tool} was begun in step {call.step!r}, and nobody knows if it happened; "
                "its receiver cannot tell a second one from the first. Look, then either tell what "
                "came of it with outcome(request, Observation(...)), or have it done again with "
                "approve(request, by=...).",
                call,
            )
        self.record("approval used", call)

    # Approvals: what gates ask

    def approve(self, request: Call, *, by: str, seconds: float = math.inf) -> Event:
        """Allow exactly this call, once, under the current plan, for so many seconds."""
        if not isinstance(request, Call):
            raise BadInput(f"{request!r} is no call: approve the request that waits for it.")
        if not by.strip():
            raise BadInput("by is empty: say who approves.")
        if not seconds > 0:
            raise BadInput(f"seconds is {seconds}: an approval must last for some time.")
        # JSON has no infinity: what never expires says so in words.
        expires = self._clock() + seconds if math.isfinite(seconds) else "inf"
        return self.record("approval", request, by=by, expires=expires, plan=self.plan_version)

    def approved(self, call: Call) -> bool:
        """May this very call be made now, by an approval that holds?"""
        self._load()
        approval = self._approvals.get((call.key, call.digest))
        return approval is not None and (self._is_fresh(approval) or self._covers(approval, call))

    def use_approval(self, call: Call) -> bool:
        """Like `approved`, and the approval is used up.

        It still holds for that same call where it was begun and nobody knows if it happened: sent
        again under its key, it is one call.
        """
        if not self.approved(call):
            return False
        begun = self._begun.get(call.key)
        if begun is None or not begun.is_open:
            self.record("approval used", call)
        return True

    def _is_fresh(self, approval: _Approval) -> bool:
        return (
            not approval.used
            and approval.version == self.plan_version
            and self._clock() <= approval.expires
        )

    def _covers(self, approval: _Approval, call: Call) -> bool:
        begun = self._begun.get(call.key)
        same = begun is not None and begun.is_open and begun.call.digest == call.digest
        return approval.used and same


def _hash(head: str, number: int, at: object, kind: object, body: object) -> str:
    text = json.dumps([head, number, at, kind, body])
    return hashlib.sha256(text.encode()).hexdigest()


def _ends_with(number: int, hashed: str) -> tuple[Statement, ...]:
    change = "UPDATE meta SET value = ? WHERE name = ?"
    return (change, (str(number), "events")), (change, (hashed, "head"))


def _data(body: str) -> Mapping[str, object]:
    data = decode(body)
    assert isinstance(data, dict)
    return data
