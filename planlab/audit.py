"""What the ledger's record is good for besides resuming: to see every call, and to take acts back.

`ledger.events` is the audit trail; reading it verifies it.
"""

from collections.abc import Callable, Iterable, Mapping

from planlab.errors import ToolError, ToolFailed
from planlab.events import Event
from planlab.ledger import Ledger
from planlab.records import Observation, as_text
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


def audit_rows(ledger: Ledger) -> list[dict[str, object]]:
    """The audit trail as rows for a table; raises `BadFile` where it is not as it was recorded."""
    rows: list[dict[str, object]] = []
    for event in ledger.events:
        call, data = event.call, event.data
        seen = data.get("observation")
        rows.append(
            {
                "no.": event.number,
                "what": event.kind,
                "risk": call.risk.name if call else "",
                "call": f"{call.tool} {as_text(dict(call.arguments))}" if call else "",
                "step": call.step if call else "",
                "who": data.get("by", ""),
                "why, or what came": seen.text
                if isinstance(seen, Observation)
                else data.get("why") or data.get("text", ""),
                "digest": call.digest[:8] if call else "",
                "hash": event.hash[:8],
            }
        )
    return rows


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
        ledger.undone(call)
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
