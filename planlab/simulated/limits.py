"""The limits that a goal states: what may be spent, what may not be done, what must be done."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from planlab.simulated import words
from planlab.simulated.choice import tool_kind
from planlab.simulated.scene import Tool

_COUNT = r"(?P<count>\d[\d,]*(?:\.\d+)?|one|two|three|four|five|six|seven|eight|nine|ten)"
_SUM = re.compile(
    r"\b(?:at most|(?:no|not) more than|up to|under|below|within|less than|fewer than|only|"
    rf"max(?:imum)?(?: of)?|not exceed|limit of|budget (?:of|is))\s+(?:[$€£]\s*)?{_COUNT}",
    re.I,
)
_SPENT = re.compile(
    r"[$€£]|\b(?:dollars?|usd|euros?|pounds?|cents?|calls?|times|requests?|queries|searches|"
    r"lookups?)\b",
    re.I,
)
_NOT = re.compile(
    r"\b(?:do not|don't|never|must not|may not|cannot|can't|not allowed|forbidden|avoid|without|"
    r"no|nothing|nobody)\b",
    re.I,
)
_MUST = re.compile(r"\b(?:must|always|ha(?:s|ve) to|needs? to|should|required|mandatory)\b", re.I)
_CUT = re.compile(
    r"[;,]\s+(?:and |but )?|\s+(?:and|but)\s+"
    r"(?=(?:\w+ ){0,2}(?:at most|no|not|never|nothing|without|do not|don't)\b)",
    re.I,
)


@dataclass(frozen=True)
class Limit:
    """One limit: the words of the goal, and what of it a program can check."""

    kind: str  # budget, permission or policy
    text: str
    tool: str | None
    limit: float | None  # a sum of money, or a number of calls


def limits(goal: str, tools: Sequence[Tool]) -> list[Limit]:
    """The limits in a goal's words, in order."""
    found = (_limit(part, tools) for part in _parts(goal))
    return [limit for limit in found if limit is not None]


def unlimited(goal: str) -> str:
    """The goal without the parts that only limit it."""
    return ". ".join(part for part in _parts(goal) if _kind(part) is None)


def _parts(goal: str) -> list[str]:
    """The goal's sentences, cut further where a limit stands beside something else."""
    parts: list[str] = []
    for sentence in words.sentences(goal):
        cut = [part.strip(" .!") for part in _CUT.split(sentence) if part]
        parts += cut if any(map(_kind, cut)) else [sentence.strip(" .!")]
    return [part for part in parts if part]


def _kind(part: str) -> str | None:
    if _SUM.search(part) and _SPENT.search(part):
        return "budget"
    if _NOT.search(part):
        return "permission"
    return "policy" if _MUST.search(part) else None


def _limit(part: str, tools: Sequence[Tool]) -> Limit | None:
    kind, bound = _kind(part), _SUM.search(part)
    if kind is None:
        return None
    number = None
    if kind == "budget" and bound:
        said = bound["count"].replace(",", "")
        number = float(said if said[0].isdigit() else words.count_word(said) or 0)
    return Limit(kind, f"{part[:1].upper()}{part[1:]}.", _tool(part, tools), number)


def _tool(part: str, tools: Sequence[Tool]) -> str | None:
    """The one tool that the words mean: named, or alone in doing what they say."""
    said = words.pieces(part)
    named = [tool.name for tool in tools if tool.name in part]
    acts = {words.verb_kind(word) for word in said} - {None, "answer"}
    meant = [tool.name for tool in tools if tool_kind(tool) in acts]
    shared = [
        t.name for t in tools if words.overlap(words.content(t.name), words.content(part)) == 1
    ]
    return next((names[0] for names in (named, shared, meant) if len(names) == 1), None)
