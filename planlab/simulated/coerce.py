"""A belief's value as a number, a yes or no, a word of an enum or a text: best candidate first."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from planlab.simulated.concepts import NEUTRAL, likeness, rank_of, slug, words
from planlab.simulated.shapes import Shape


class Missing:
    """What the belief does not hold."""


MISSING = Missing()
# Concepts that a belief gives from 0 to 1, and those that it gives in each unit of time.
SHARES = frozenset(
    {"score", "confidence", "priority", "correctness", "relevance", "completeness", "clarity"}
)
TIMES = frozenset({"start", "deadline", "duration"})
_UNITS = {"min": "minute", "mins": "minute", "hr": "hour", "hrs": "hour"}
_HEADLINES = ("description", "text", "title", "name", "id", "argument", "value")
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\s*(?:to|-|\u2013|\.\.+|and|through)\s*(\d+(?:\.\d+)?)")
_OUT_OF = re.compile(r"(?:out of|of max(?:imum)?|/)\s*(\d+)")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
# Where a high number is a high priority; elsewhere 1 comes first.
_MOST = re.compile(
    r"\b(?:[2-9]|\d\d+)\W{1,3}(?:is |= ?|means )?(?:the )?(?:highest|most|top|first)", re.I
)


def plain(value: object) -> Any:
    """`value` as JSON has it: dicts, lists and scalars only."""
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)


def to_text(value: object) -> str:
    """`value` in words: a list joined, an item of a plan by its description."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return _headline(value)
    if isinstance(value, list | tuple):
        return _joined(value)
    return "" if value is None or value is MISSING else str(value)


def _joined(values: Sequence[object]) -> str:
    texts = [to_text(value) for value in values]
    if any(isinstance(value, Mapping) for value in values):
        return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))
    return ("; " if any(" " in text for text in texts) else ", ").join(texts)


def _headline(value: Mapping[str, object]) -> str:
    name = value.get("name")
    rest = [key for key in value if key not in _HEADLINES or key == "value"]
    if name and "description" not in value and "text" not in value and rest:
        return f"{name}: " + ", ".join(to_text(value[key]) for key in rest)
    for key in _HEADLINES:
        if value.get(key):
            return to_text(value[key])
    return json.dumps(plain(value), ensure_ascii=False)


def to_list(value: object) -> list[object]:
    """`value` as a list: a text is split at its lines, bullets or semicolons."""
    if value is None or value is MISSING:
        return []
    if isinstance(value, str):
        parts = re.split(r"\s*(?:\n|;)\s*(?:[-*\u2022]|\d+[.)])?\s*", value)
        return [part.lstrip("-*\u2022 ") for part in parts if part.strip("-*\u2022 ")]
    return list(value) if isinstance(value, list | tuple) else [value]


def to_bool(value: object) -> bool | None:
    """Yes or no; None where `value` says neither."""
    if isinstance(value, bool | list | tuple | Mapping):
        return bool(value)
    if isinstance(value, int | float):
        return value >= 0.5
    if isinstance(value, str):
        rank = rank_of(value)
        if rank is not None:
            return rank >= 0.5
        return False if len(words(value)) <= 2 else None
    return None


def to_share(value: object) -> float | None:
    """`value` as a share from 0 to 1, whatever scale it is on; None when it is on none."""
    if isinstance(value, bool):
        return 1.0 if value else 0.2
    if isinstance(value, int | float):
        return value / (100 if value > 10 else 10 if value > 1 else 1)
    return rank_of(value) if isinstance(value, str) else None


def say_share(share: float, about: str) -> str:
    """A share from 0 to 1 as the text that `about` asks for: a letter, a percentage, a number."""
    if "letter" in about:
        return "FDCBA"[sum(share >= least for least in (0.4, 0.55, 0.7, 0.9))]
    return f"{share:.0%}" if "percent" in about or "%" in about else f"{share:g}"


def in_unit(times: Mapping[str, object], about: str) -> tuple[int, str]:
    """Of one time said in several units that which `about` names, and the unit; days if none."""
    units = [_UNITS.get(word, word) for word in words(about)]
    unit = next((unit for unit in units if isinstance(times.get(unit), int)), "day")
    found = times.get(unit)
    return (found if isinstance(found, int) else 1), unit


def numbers(value: object, shape: Shape, *, concept: str, about: str) -> Iterator[float]:
    """Numbers that `shape` allows: the nearest to what `value` says, then the nearest bounds."""
    if concept in TIMES and isinstance(value, Mapping):
        value, concept = in_unit(value, about)[0], ""
    if concept == "priority" and isinstance(value, float) and not _MOST.search(about):
        value = 1 - value
    whole = shape["type"] == "integer"
    wanted = _share_scaled(value, shape, concept, about) if concept in SHARES else _number(value)
    low, high = _bounds(shape)
    step = shape.get("multipleOf")
    if step is not None or whole:
        size = Fraction(str(step or 1))
        size *= size.denominator if whole else 1
        yield from filter(lambda n: _is_within(n, shape), _multiples(wanted, low, high, size))
        return
    middle = (low + high) / 2 if math.isfinite(low + high) else 0.0
    near = min(max(wanted, low), high)
    ends = (low, high, math.floor(low) + 1 if low > -math.inf else 0, middle)
    for number in (wanted, near, *ends, math.nextafter(low, high), *range(1, 50)):
        if math.isfinite(number) and _is_within(number, shape):
            yield int(number) if number == wanted and isinstance(value, int) else number


def _number(value: object) -> float:
    if isinstance(value, list | tuple):
        return len(value)
    if isinstance(value, Mapping):
        return next(
            (_number(part) for part in value.values() if isinstance(part, int | float)), 0.0
        )
    if isinstance(value, int | float):
        return value
    found = _NUMBER.search(value) if isinstance(value, str) else None
    return float(found.group().replace(",", "")) if found else 0.0


def _share_scaled(value: object, shape: Shape, concept: str, about: str) -> float:
    share = to_share(value)
    if share is None:
        return 0.0
    low, high = _scale(shape, concept, about)
    scaled = low + min(max(share, 0.0), 1.0) * (high - low)
    return float(math.floor(scaled + 0.5)) if shape["type"] == "integer" else round(scaled, 4)


def _scale(shape: Shape, concept: str, about: str) -> tuple[float, float]:
    """From where to where a score goes: by its bounds, else by its description, else by habit."""
    low, high = _bounds(shape)
    told, out_of = _RANGE.search(about), _OUT_OF.search(about)
    if math.isinf(high) and told and float(told[1]) < float(told[2]):
        return float(told[1]), float(told[2])
    if math.isinf(high) and out_of:
        high = float(out_of[1])
    if math.isinf(high) and ("%" in about or "percent" in about.lower()):
        high = 100.0
    if math.isinf(high):
        whole = {"confidence": 100.0, "priority": 5.0}.get(concept, 10.0)
        high = whole if shape["type"] == "integer" or low >= 1 else 1.0
    least = 1.0 if concept == "priority" else 0.0
    return (low if math.isfinite(low) else least), high


def _bounds(shape: Shape) -> tuple[float, float]:
    low = max(shape.get("minimum", -math.inf), shape.get("exclusiveMinimum", -math.inf))
    return low, min(shape.get("maximum", math.inf), shape.get("exclusiveMaximum", math.inf))


def _multiples(wanted: float, low: float, high: float, size: Fraction) -> Iterator[float]:
    """Multiples of `size` from the one nearest to `wanted` outwards, the upper ones first."""
    near = min(max(wanted, low), high)
    start = math.floor(Fraction(near) / size + Fraction(1, 2))
    for away in range(200):
        for count in dict.fromkeys((start + away, start - away)):
            multiple = count * size
            yield int(multiple) if size.denominator == 1 else float(multiple)


def _is_within(number: float, shape: Shape) -> bool:
    step = shape.get("multipleOf")
    return (
        shape.get("minimum", -math.inf) <= number <= shape.get("maximum", math.inf)
        and shape.get("exclusiveMinimum", -math.inf) < number
        and number < shape.get("exclusiveMaximum", math.inf)
        and (not isinstance(step, float) or (number / step).is_integer())
    )


def rank_choices(value: object, choices: Sequence[Any], texts: Iterable[str]) -> list[Any]:
    """`choices` of an enum, the one nearest in meaning to `value` first.

    Where `value` is missing: a neutral one, or one that the `texts` speak of, or the first.
    """
    if value is MISSING or value is None:
        told = [" ".join(words(text)) for text in texts]
        return sorted(choices, key=lambda choice: _unasked(choice, told))
    if not isinstance(value, str) and not all(isinstance(c, str) for c in choices):
        return _by_number(value, choices)
    if isinstance(value, float) and not all(rank_of(to_text(choice)) for choice in choices):
        return spread_choices(1 - value, choices)
    return sorted(choices, key=lambda choice: _distance(value, choice))


def spread_choices(place: float, choices: Sequence[Any]) -> list[Any]:
    """`choices` by where an item stands in its list: at the beginning (0) the first, then on."""
    last = max(1, len(choices) - 1)
    return sorted(choices, key=lambda choice: abs(choices.index(choice) / last - place))


def _unasked(choice: object, told: list[str]) -> float:
    if choice is None:
        return -2.0
    text = to_text(choice)
    if slug(text) in NEUTRAL:
        return -1.0
    spoken = " ".join(words(text))
    if len(spoken) > 3 and rank_of(text) is None:
        for at, one in enumerate(told):
            if f" {spoken} " in f" {one} ":
                return -0.9 + min(at, 80) / 100
    return 0.0


def _by_number(value: object, choices: Sequence[Any]) -> list[Any]:
    exact = [choice for choice in choices if choice == value and type(choice) is type(value)]
    sizes = [c for c in choices if isinstance(c, int | float) and not isinstance(c, bool)]
    share = to_share(value)
    if exact or share is None or not sizes:
        return exact + [choice for choice in choices if choice not in exact]
    wanted = (
        min(sizes) + share * (max(sizes) - min(sizes)) if share == value else float(_number(value))
    )
    return sorted(choices, key=lambda c: abs(c - wanted) if c in sizes else math.inf)


def _distance(value: object, choice: object) -> float:
    text = to_text(choice)
    if isinstance(value, str) and likeness(value, text) >= 0.5:
        return 1.0 - likeness(value, text)
    share = to_share(value)
    if share is None:
        return 1.0 - likeness(to_text(value), text)
    rank = rank_of(text)
    return 0.5 if rank is None else abs(share - rank)
