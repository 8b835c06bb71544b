"""The particulars of a plan's step: when, how long, by whom, how urgent, in which smaller parts."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from planlab.simulated import words
from planlab.simulated.fields import read_dates
from planlab.simulated.plans import aim_of
from planlab.simulated.scene import Scene

# What takes how long where nothing is said: the longest step, in its unit.
_LONGEST = {"minute": 90, "hour": 6, "day": 4, "week": 3, "month": 2}
_WITHIN = (("hour", "minute", 60), ("week", "day", 7), ("month", "week", 4), ("month", "day", 30))
_NO_DAY = date(2026, 1, 5)  # a Monday: where a date must be given and none is known


def particulars(description: str, index: int, total: int, scene: Scene) -> dict[str, object]:
    """What can be said of step `index` of `total`, by concept."""
    text = f"{scene.instructions}\n{scene.ask}"
    place = index / max(1, total - 1)
    spans, days = _spans(text), _days(text, total)
    begins = {unit: index * spans.get(unit, total) // total + 1 for unit in _LONGEST}
    ends = {unit: max(1, (index + 1) * spans.get(unit, total) // total) for unit in _LONGEST}
    known = days is not None
    first, last = days or (_NO_DAY, _NO_DAY + timedelta(weeks=total))
    width = (last - first) / total
    parts = parts_of(description)
    owner = owner_of(description, index, text)
    took = {
        unit: _share(index, total, spans[unit])
        if unit in spans
        else max(1, round(longest * (2 + (index * 3 + 1) % 4) / 5))
        for unit, longest in _LONGEST.items()
    }
    smaller = {unit: max(1, size // len(parts)) for unit, size in took.items()}
    return {
        "priority": round(1 - place, 3),
        "start": {**begins, "date": (first + width * index).isoformat(), "known": known},
        "deadline": {**ends, "date": (first + width * (index + 1)).isoformat(), "known": known},
        "duration": took,
        **({"owner": owner} if owner else {}),
        "steps": [
            {
                "id": f"{index + 1}.{number}",
                "description": part,
                "title": part,
                "duration": smaller,
                "tool": None,
                **({"owner": owner} if owner else {}),
            }
            for number, part in enumerate(parts, 1)
        ],
        "expected_output": _reached(description),
    }


def lasting(planned: Sequence[Mapping[str, object]], scene: Scene) -> dict[str, int]:
    """How long a plan takes, by unit: as long as the text says, else its steps together."""
    took = [step["duration"] for step in planned]
    spans = _spans(f"{scene.instructions}\n{scene.ask}")
    return {
        unit: spans.get(unit, sum(int(each[unit]) for each in took if isinstance(each, dict)))
        for unit in _LONGEST
    }


def _share(index: int, total: int, span: int) -> int:
    """A whole part of `span`: all parts make up the whole."""
    return max(1, (index + 1) * span // total - index * span // total)


def _spans(text: str) -> dict[str, int]:
    """How much time there is, by unit, where the text says: `in 6 weeks`, `a 90-minute lesson`."""
    found: dict[str, int] = {}
    for count, unit in re.findall(
        (
            r"\b(\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve)[ "
            r"-](minute|hour|day|week|month)s?\b"
        ),
        text,
        re.I,
    ):
        low = count.lower()
        size = 1 if low in ("a", "an") else 12 if low == "twelve" else words.count_word(low) or 1
        found.setdefault(unit.lower(), size)
    for large, small, ratio in _WITHIN:
        if large in found:
            found.setdefault(small, found[large] * ratio)
    return found


def _days(text: str, total: int) -> tuple[date, date] | None:
    """The first and the last day that the text gives the plan, or None."""
    found = read_dates(text)
    if not found:
        return None
    first, last = min(found), max(found)
    if first < last:
        return first, last
    span = timedelta(days=_spans(text).get("day", 7 * total))
    ends = re.search(r"\b(?:by|until|till|before|deadline|due|no later than|on)\b", text, re.I)
    starts = re.search(r"\b(?:today|from|starting|starts?|begins?|beginning)\b", text, re.I)
    return (first - span, first) if ends and not starts else (first, first + span)


_ONE = r"(?:[Tt]he )?[\w-]+(?: \([^)]*\))?"
_PEOPLE = re.compile(
    r"(?:(?:owners?|team|people|members|helpers|colleagues|volunteers|staff)\b[^.\n]{0,20}?[: ]|"
    r"\b(?:share|split|divide)[^.\n]{0,40}? (?:between|among|amongst|by) |(?:^|[.!?\n] ?))"
    rf"({_ONE}(?:, {_ONE})*,? and {_ONE})"
)
_CAN = re.compile(
    r"\b([A-Z][a-z]+) (?:\(([^)]+)\)|(?:can|does|is|has|knows|handles|likes|"
    r"runs|looks after|takes care of) ([^,.;]+))"
)


def people(text: str) -> list[tuple[str, str]]:
    """Persons that the text names, each with what it says of them."""
    told = {name: skill or more for name, skill, more in _CAN.findall(text) if not _is_word(name)}
    for run in _PEOPLE.findall(text):
        parts = re.split(r",\s*(?:and )?|\s+and\s+", run)
        roles = any(re.search(r"(?:[^e]er|or|ist|ian|man|ant|ach)$", part) for part in parts)
        for part in parts:
            name = re.sub(r"\s*\(.*|^[Tt]he ", "", part)
            is_role = roles and part[:4] in ("the ", "The ")
            if is_role or (name[:1].isupper() and not _is_word(name)):
                told.setdefault(name, name if is_role else "")
    return list(told.items())


def _is_word(name: str) -> bool:
    months = "January February March April May June July August September October November December"
    common = "Today The This It There Owner Team Our We You Goal Plan Nobody Everybody"
    return name in (*months.split(), *common.split()) or name.endswith("day")


def owner_of(description: str, index: int, text: str) -> str:
    """Who does it: the person whose skills it names, else one after the other; "" for none."""
    listed = people(text)
    said = words.content(description)
    able = [name for name, skill in listed if words.overlap(words.content(skill), said) > 0]
    named = [name for name, _ in listed if name in description.split()]
    return (
        (named or able or [name for name, _ in listed[index % len(listed) :]] or [""])[0]
        if listed
        else ""
    )


# The smaller parts of an act, and what is there at its end, by the act's first word.
_PARTS: tuple[tuple[str, tuple[str, str, str], str], ...] = (
    (
        "set settle decide choose define list note plan agree outline",
        (
            "Write down what matters for {thing}",
            "Ask those concerned about {thing}",
            "Decide on {thing}",
        ),
        "Decided and agreed",
    ),
    (
        "gather get buy collect order pack bring borrow prepare",
        (
            "List what is missing: {thing}",
            "Get hold of it: {thing}",
            "Tick off each piece of {thing}",
        ),
        "All is at hand",
    ),
    (
        "look find survey inspect examine study measure",
        (
            "Go through {thing} part by part",
            "Ask who knows {thing}",
            "Note what was found on {thing}",
        ),
        "Known and noted",
    ),
    (
        "check test review rehearse correct proofread try",
        (
            "Run through {thing} once",
            "Note each fault of {thing}",
            "Put the faults of {thing} right",
        ),
        "Checked and put right",
    ),
    (
        "book arrange invite ask reserve hire contact call rent",
        (
            "Compare offers: {thing}",
            "Agree on day and price: {thing}",
            "Keep the confirmation of {thing}",
        ),
        "Confirmed in writing",
    ),
    (
        "",
        (
            "Lay out what is needed: {thing}",
            "Do it piece by piece: {thing}",
            "Look over the result: {thing}",
        ),
        "Finished",
    ),
)


def _row(description: str) -> tuple[tuple[str, str, str], str]:
    first = (words.pieces(description) or [""])[0]
    return next((parts, end) for told, parts, end in _PARTS if not told or first in told.split())


def parts_of(description: str) -> list[str]:
    """Three smaller parts of a step."""
    thing = _thing(description)
    return [part.format(thing=thing) for part in _row(description)[0]]


def _thing(description: str) -> str:
    """What a step is about: the first of the things that it is done with."""
    return aim_of(description).thing.split(" and ")[0].split(": ")[-1] or description


def _reached(description: str) -> str:
    return f"{_row(description)[1]}: {description[:1].lower()}{description[1:]}"
