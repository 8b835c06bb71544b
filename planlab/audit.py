"""What the ledger's record is good for besides resuming: to see every call, and to take acts back.

`ledger.events` is the audit trail; reading it verifies it.
"""

from collections.abc import Callable, Iterable, Mapping

from planlab.errors import ToolError, ToolFailed
from planlab.journal import Event
from planlab.ledger import Ledger
from planlab.records import Observation
from planlab.tools import Call, Risk

Undo = Callable[[Call], object]
"""Takes one call back; raises `ToolError` where that is not possible (any more)."""


class EveryCall:
    """A ledger as the journal of all calls: what only looks is recorded too, before and after."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.run_id, self.recall = ledger, ledger.run_id, ledger.recall

    def intent(self, call: Call) -> Call:
        if call.risk != Risk.LOW:
            return self.ledger.intent(call)
        self.ledger.record("look", call)
        return call

    def outcome(self, call: Call, observation: Observation) -> None:
        if call.risk != Risk.LOW:
            self.ledger.outcome(call, observation)
        else:
            self.ledger.record("seen", call, text=observation.text)


def roll_back(ledger: Ledger, undo: Mapping[str, Undo]) -> tuple[Call, ...]:
    """Take back what MEDIUM calls did, the last first; returns what was taken back.

    Their steps are not done any more, so that running again does them anew. Raises `ToolFailed`
    that names what could not be taken back, once all else is.
    """
    undone, left = [], []
    for call in reversed(find_reversible(ledger.events)):
        try:
            if call.tool not in undo:
                raise ToolFailed(f"nothing says how {call.tool} is taken back.")
            undo[call.tool](call)
        except ToolError as error:
            ledger.record("not undone", call, why=error.message)
            left.append(f"{call.tool} in step {call.step!r}: {error.message}")
            continue
        ledger.record("undone", call)
        ledger.pop(call.step, None)
        undone.append(call)
    if left:
        raise ToolFailed(f"{len(undone)} calls were taken back, {len(left)} not: {' '.join(left)}")
    return tuple(undone)


def find_reversible(events: Iterable[Event]) -> list[Call]:
    """The MEDIUM calls that were begun, and neither failed nor were taken back; in that order."""
    standing: dict[str, Call] = {}
    for event in events:
        call = event.call
        if call is None or call.risk != Risk.MEDIUM:
            continue
        seen = event.data.get("observation")
        if event.kind == "intent":
            standing[call.key] = call
        elif event.kind == "undone" or (isinstance(seen, Observation) and seen.error is not None):
            standing.pop(call.key, None)
    return list(standing.values())
