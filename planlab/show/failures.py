"""Four ways in which a run may have failed, looked for in its calls of tools."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from planlab.show.shown import one_line
from planlab.show.spans import call_text
from planlab.tools import Risk, Tool
from planlab.trace import Span

_YOURS = "Not computed: read the trace and say."
_UPDATED = re.compile(r'"updated": ?"(\d{4}-\d{2}-\d{2})')
# A number, with or without thousands separators; not one inside a word, nor a list's own "2.".
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\w*\d)")
_LIST_MARK = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """One way to fail: found, not found, or (None) for a person to judge; `evidence` says why."""

    name: str
    found: bool | None
    evidence: str


def failure_checks(
    calls: Sequence[Span], *, goal: str, answer: str, offered: Sequence[Tool | str] | None
) -> tuple[Check, ...]:
    """Four ways to fail: a hallucinated step, a stale observation, a loop, a loose conclusion."""
    return (
        _hallucinated(calls, offered),
        _stale(calls),
        _loop(calls, offered or ()),
        _unverified(answer, goal, calls),
    )


def _hallucinated(calls: Sequence[Span], offered: Sequence[Tool | str] | None) -> Check:
    """A call of a tool that is not on offer."""
    names = None if offered is None else [t if isinstance(t, str) else t.name for t in offered]
    ghosts = [
        span.name
        for span in calls
        if (span.error or "").startswith("UnknownTool:")
        or (names is not None and span.name not in names)
    ]
    listed = ", ".join(one_line(name, 60) for name in dict.fromkeys(ghosts))
    evidence = f"Not on offer: {listed}." if ghosts else "Every tool that was called is on offer."
    return Check("hallucinated step", bool(ghosts), evidence)


def _stale(calls: Sequence[Span]) -> Check:
    """Which observation was out of date, no trace can say; how old they were, it can."""
    dates = sorted({date for span in calls for date in _UPDATED.findall(_observed(span))})
    if len(dates) < 2:
        return Check("stale observation", None, _YOURS)
    evidence = (
        f"What was read is dated from {dates[0]} to {dates[-1]}: "
        "was an older one used where a newer contradicts it?"
    )
    return Check("stale observation", None, evidence)


def _loop(calls: Sequence[Span], offered: Sequence[Tool | str]) -> Check:
    """The same call again, with the same observation, and nothing changed in between."""
    changing = {t.name for t in offered if isinstance(t, Tool) and t.risk > Risk.LOW}
    seen: dict[str, str] = {}
    again: list[str] = []
    for span in calls:
        call = called(span, None)
        if seen.get(call) == _observed(span):
            again.append(called(span))
        elif span.name in changing and span.error is None:
            seen.clear()
        seen[call] = _observed(span)
    listed = "; ".join(f"{call} (repeats: {again.count(call)})" for call in dict.fromkeys(again))
    evidence = f"Called again to no effect: {listed}." if again else "No call was repeated in vain."
    return Check("loop", bool(again), evidence)


def _unverified(answer: str, goal: str, calls: Sequence[Span]) -> Check:
    """Numbers of the answer that stand in no observation, nor in the goal."""
    claimed = _numbers(_LIST_MARK.sub("", answer))
    known = [number for text in (goal, *map(_observed, calls)) for number in _numbers(text)]
    # A share may well be told as a percentage.
    known += [100 * number for number in known if 0 < abs(number) < 1]
    loose = [str(n) for n in dict.fromkeys(claimed) if not any(_agree(n, k) for k in known)]
    if loose:
        evidence = f"In the answer, in no observation: {', '.join(loose)}."
    elif claimed:
        evidence = "Every number of the answer stands in an observation or in the goal."
    else:
        evidence = f"The answer holds no number. {_YOURS}"
    return Check("unverified conclusion", bool(loose) if claimed else None, evidence)


def _numbers(text: str) -> list[Decimal]:
    """The numbers in `text`, in order.

    >>> _numbers("Q4: $1,200.50 on 2024-12-09, step s1")
    [Decimal('1200.50'), Decimal('2024'), Decimal('12'), Decimal('9')]
    """
    return [Decimal(found.replace(",", "")) for found in _NUMBER.findall(text)]


def _agree(claimed: Decimal, known: Decimal) -> bool:
    """Equal, or `known` rounded to the decimals that `claimed` shows."""
    exponent = claimed.as_tuple().exponent
    if not isinstance(exponent, int) or exponent == 0:
        return claimed == known
    return abs(claimed - known) <= Decimal(5).scaleb(exponent - 1)


def called(span: Span, limit: int | None = 80) -> str:
    """The call of a tool as it would be written, cut to `limit` characters."""
    return call_text(span.name, span.data.get("arguments"), limit)


def _observed(span: Span) -> str:
    return str(span.error or span.data.get("observation") or "")
