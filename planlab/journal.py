"""What was about to be done, what came of it, and who allowed it: what a resumed run goes by.

A call that changes something is recorded before it is made and after it, with its arguments and its
key. When a step is run again, what it began is sent again as it was recorded, never as a model
would write it today, and what it ended is told. An approval belongs to one recorded call.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planlab.errors import (
    BadArguments,
    BadInput,
    NeedsApproval,
    ToolError,
    ToolFailed,
    Transient,
)
from planlab.events import Event, EventLog
from planlab.ledgerfile import LedgerFile
from planlab.records import Observation
from planlab.tools import Call, Risk

_OWN = ("intent", "outcome", "again", "undone", "approval", "approval used")


@dataclass
class _Begun:
    """A call that was begun. `template` is the key of what its step asked for at that time."""

    call: Call
    template: str
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
        self._log, self._clock = EventLog(file, clock), clock
        self._begun: dict[str, _Begun] = {}
        self._approvals: dict[tuple[str, str], _Approval] = {}
        self._left: defaultdict[tuple[str, str], list[_Begun]] = defaultdict(list)
        self._running: dict[str, tuple[str, str]] = {}
        self._loaded = False

    # Events

    @property
    def events(self) -> tuple[Event, ...]:
        """All that was recorded, in order. Raises `BadFile` where the chain is broken."""
        return tuple(self._log.read())

    @property
    def head(self) -> str:
        """The last event's hash, '' before the first: it stands for all of them."""
        self._load()
        return self._log.head

    def verify(self) -> None:
        """Raises `BadFile` that names the first event that is not as it was recorded."""
        self._log.read()

    def record(self, kind: str, call: Call | None = None, **data: object) -> Event:
        """Add an event, about a call where one is given: a refusal, a review, whatever shall stay.

        Raises `BadFile`, `NotSaved`, and `BadInput` for the kinds that are the journal's own.
        """
        if kind in _OWN:
            raise BadInput(
                f"{kind!r} events are recorded by the journal itself: name it otherwise."
            )
        return self._add(kind, call, **data)

    def _add(self, kind: str, call: Call | None, **data: object) -> Event:
        self._load()
        event = self._log.add(kind, data if call is None else {"call": call, **data})
        self._note(event)
        return event

    def _load(self) -> None:
        """Read what earlier processes recorded, once, when it is first needed."""
        if self._loaded:
            return
        for event in self._log.read():
            self._note(event)
        self._running.clear()  # whoever ran it is gone
        for begun in self._begun.values():
            if not begun.error:
                self._left[begun.call.step, begun.call.tool].append(begun)
        self._loaded = True

    def _note(self, event: Event) -> None:
        """What an event says about its call."""
        call = event.call
        if call is None:
            return
        if event.kind == "intent":
            self._begun[call.key] = _Begun(call, str(event.data["template"]))
            self._running[call.key] = call.step, call.tool
        elif event.kind == "outcome":
            seen = event.data["observation"]
            assert isinstance(seen, Observation)
            self._begun.setdefault(call.key, _Begun(call, call.step)).seen = seen
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

        Raises `NeedsApproval` for a call that may have happened and must not happen twice,
        `BadArguments` for what JSON cannot hold, and `BadInput` for two different calls of a tool
        in one step side by side.
        """
        if call.risk == Risk.LOW:
            return call
        self._load()
        begun = self._begun.get(call.key)
        if begun is None or begun.error:
            self._check_alone(call)
            try:
                self._add("intent", call, template=self._template(call.step))
            except BadInput as error:
                raise BadArguments(f"{call.tool}: {error}") from None
            return call
        recorded = call if begun.call.digest == call.digest else begun.call
        if not call.repeatable:
            self._permit_again(recorded)
        self._add("again", recorded)
        self._running[call.key] = call.step, call.tool
        return recorded

    def outcome(self, call: Call, observation: Observation) -> None:
        """Record what came of a call; by hand too, where nobody knew and a person has looked."""
        if call.risk == Risk.LOW:
            return
        try:
            self._add("outcome", call, observation=observation)
        except BadInput as error:
            raise BadInput(f"Step {call.step!r} has called {call.tool}. {error}") from None
        begun = self._begun[call.key]
        left = self._left[call.step, call.tool]
        if begun.is_open and begun not in left:
            left.append(begun)

    def undone(self, call: Call) -> None:
        """Record that what a call did was taken back: made again, it is begun anew."""
        self._add("undone", call)

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
        self._add("approval used", call)

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
        return self._add("approval", request, by=by, expires=expires, plan=self.plan_version)

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
            self._add("approval used", call)
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
