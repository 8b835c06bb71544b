"""Every error of planlab, split by who must act next.

    PlanlabError
    ├── LearnerError            you: something was used wrongly
    │   ├── BadInput            an argument has no meaning here
    │   ├── BadSchema           a schema that an API would refuse, or that nothing can satisfy
    │   ├── UnknownModel        no such model at this endpoint
    │   ├── NotAllowed          the endpoint does not accept the key
    │   ├── BadFile             a file is not what it should be
    │   ├── InUse               a ledger is open elsewhere
    │   └── NotSaved            a trace or a ledger could not be written
    ├── ModelError              the model, or its endpoint: ask again
    │   ├── MalformedAnswer     the answer does not fit its schema
    │   ├── TruncatedAnswer     the answer ran into its length limit
    │   ├── RefusedAnswer       the model declined
    │   ├── NoReply             no answer before the time-out
    │   ├── BrokenStream        the answer, or a plan being streamed, broke off
    │   ├── ServerFailed        429 or 5xx, after the client's own retries
    │   └── StuckPlan           steps that can never start: a cycle, an unknown id
    ├── ToolError               a tool: becomes an observation that the model reads
    │   ├── UnknownTool
    │   ├── BadArguments
    │   ├── ToolFailed
    │   ├── Transient           the one kind that is worth trying again
    │   │   └── TimedOut
    │   └── Refused             a person or a policy said no
    ├── NeedsApproval           a person: nobody was there to ask
    └── BudgetSpent             the budget: nothing more can be paid for

A message says what was wrong, where, and what to do. Keys are cut out of every message.
"""

import os
import re
from collections.abc import Sequence

_KEY_SHAPE = re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_*-]{8,}|(?<=Bearer )[\w.~+/=-]+")
_KEY_NAME = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)


def secrets() -> list[tuple[str, str]]:
    """The keys of this environment with their names, the longest first: one may contain another."""
    found = [(v, name) for name, v in os.environ.items() if len(v) >= 8 and _KEY_NAME.search(name)]
    return sorted(found, key=lambda secret: -len(secret[0]))


def redact(text: str, known: Sequence[tuple[str, str]] | None = None) -> str:
    """`text` without anything that is, or looks like, a key; `known` is what `secrets` found."""
    for value, name in secrets() if known is None else known:
        text = text.replace(value, f"[{name} removed]")
    return _KEY_SHAPE.sub("[key removed]", text)


class PlanlabError(Exception):
    """The root: `except PlanlabError` catches all that planlab raises on purpose."""

    def __init__(self, message: str) -> None:
        super().__init__(redact(message))

    @property
    def message(self) -> str:
        """What was wrong, where, and what to do."""
        return str(self.args[0])


class LearnerError(PlanlabError):
    """Something was used wrongly; the message says how to use it."""


class BadInput(LearnerError, ValueError):
    """An argument that has no meaning here."""


class BadSchema(LearnerError):
    """A schema that strict endpoints refuse, or that no value satisfies."""


class UnknownModel(LearnerError):
    """No model of that name at this endpoint."""


class NotAllowed(LearnerError):
    """The endpoint does not accept the key."""


class BadFile(LearnerError):
    """A file that is not what it should be."""


class InUse(LearnerError):
    """A ledger that another process, or another part of this one, has open."""


class NotSaved(LearnerError):
    """A trace or a ledger that could not be written; what it held before is still there."""


class ModelError(PlanlabError):
    """The model's, or its endpoint's, failure: asking again may help."""


class MalformedAnswer(ModelError):
    """An answer that does not fit its schema."""


class TruncatedAnswer(ModelError):
    """An answer cut off by its length limit."""


class RefusedAnswer(ModelError):
    """The model declined to answer."""


class NoReply(ModelError):
    """No answer before the time-out, or no connection."""


class BrokenStream(ModelError):
    """A stream that ended before it was finished."""


class ServerFailed(ModelError):
    """Rate limit or server error, after the client's own retries."""


class StuckPlan(ModelError):
    """Steps that can never start; `ids` names them."""

    def __init__(self, message: str, ids: tuple[str, ...]) -> None:
        super().__init__(message)
        self.ids = ids


class ToolError(PlanlabError):
    """A tool's failure, put so that a model can act on it."""


class UnknownTool(ToolError):
    """No tool of that name is on offer."""


class BadArguments(ToolError):
    """Arguments that the tool's signature does not accept."""


class ToolFailed(ToolError):
    """The tool raised."""


class Transient(ToolError):
    """A failure that may pass: the only kind that is tried again."""


class TimedOut(Transient):
    """Not finished in time; `abandoned` when it did not even stop when it was cancelled."""

    def __init__(self, message: str, *, abandoned: bool = False) -> None:
        super().__init__(message)
        self.abandoned = abandoned


class Refused(ToolError):
    """A person or a policy said no."""


class NeedsApproval(PlanlabError):
    """A call that a person must allow, and nobody was there to ask; `request` is the call."""

    def __init__(self, message: str, request: object) -> None:
        super().__init__(message)
        self.request = request


class BudgetSpent(PlanlabError):
    """The next call does not fit what is left of the budget."""
