"""Sums that a rate tells: so much each or a month, off by so many percent, at an exchange."""

import re

_N = r"[$€£]? ?(\d+(?:,\d{3})*(?:\.\d+)?)"
_ONE = r"(?:one|an?|1|each|every|per)"
_IN_ONE = {  # how many of the smaller are in one of the larger
    ("month", "year"): 12,
    ("week", "year"): 52,
    ("day", "week"): 7,
    ("day", "year"): 365,
    ("hour", "day"): 24,
    ("minute", "hour"): 60,
    ("second", "minute"): 60,
    ("quarter", "year"): 4,
}
_PERIODS = ["second", "minute", "hour", "day", "week", "month", "quarter", "year", "night"]


def by_rate(text: str) -> str | None:
    """The calculation that a story with a rate asks for, or None where it tells none.

    >>> by_rate("One franc is 1.12 dollars. How many dollars are 250 francs?")
    '250 * 1.12'
    """
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    for rule in (_percent_changed, _items, _exchanged, _over_time, _per_period, _ratio):
        if found := rule(plain):
            return found
    return None


def _percent_changed(text: str) -> str | None:
    percent = re.search(rf"{_N} ?(?:%|percent\b)", text)
    amounts = [
        each[0]
        for each in re.finditer(r"\d+(?:\.\d+)?", text)
        if not percent or not percent.start(1) <= each.start() < percent.end(1)
    ]
    if not percent or len(amounts) != 1:
        return None
    less = r"\boff\b|\breduc|\bdiscount|\bcheaper|\bless\b|\bsale\b|\bminus\b|\bfell|\bdrop|\blos"
    more = (
        r"\bmore\b|\btip\b|\bplus\b|\badded\b|\bincreas|\braise|\bdearer|\brose\b|\bgrow|\bwith\b"
    )
    part = (
        r"\b(?:what|how much) is (?:the|a) (?:tip|tax|vat|discount|interest|fee|share|commission)\b"
    )
    if re.search(part, text, re.I):
        return f"{amounts[0]} * {percent[1]} / 100"
    if re.search(less, text, re.I):
        return f"{amounts[0]} * (100 - {percent[1]}) / 100"
    if re.search(more, text, re.I):
        return f"{amounts[0]} * (100 + {percent[1]}) / 100"
    return f"{amounts[0]} * {percent[1]} / 100"


def _items(text: str) -> str | None:
    """`3 notebooks at 4.50 and 2 pens at 1.20 each`."""
    found = re.findall(
        rf"(?<![\d.])(\d+) [a-z][\w -]*?(?: (?:at|for|costing|of)|,) {_N}(?! ?%)", text, re.I
    )
    figures = re.findall(r"\d+(?:\.\d+)?", text)
    if not found or len(figures) != 2 * len(found):
        return None
    if len(found) == 1 and not re.search(r"\bat [$€£]?\d|\beach\b|\ba(?:n|piece| head)?\b", text):
        return None
    return " + ".join(f"{count} * {price}" for count, price in found)


def _exchanged(text: str) -> str | None:
    """`One franc is 1.12 dollars`, then so many of the one or of the other."""
    rate = re.search(
        rf"\b{_ONE} ([\w ]+?) (?:is|equals?|are|costs?|makes?|holds?|has|weighs?|gives?|buys?)"
        rf"(?: worth| about)? {_N} ?([a-z]+)?",
        text,
        re.I,
    )
    if not rate:
        return None
    rest = text[: rate.start()] + text[rate.end() :]
    amount = re.search(rf"{_N} ?([A-Za-z ]*)", rest)
    if not amount or len(re.findall(r"\d+(?:\.\d+)?", rest)) != 1:
        return None
    counted = _stem(rate[3] or "-")
    back = counted in [_stem(word) for word in amount[2].split()[:2]]
    return f"{amount[1]} / {rate[2]}" if back else f"{amount[1]} * {rate[2]}"


def _over_time(text: str) -> str | None:
    """`35 litres a minute`: how long for so many litres, or how many in so many minutes."""
    rate = re.search(
        rf"{_N} ?([a-z]+)[\w ]*? (?:an?|per|each|every|/) ?({'|'.join(_PERIODS)}|[a-z]+)\b",
        text,
        re.I,
    )
    if not rate:
        return None
    rest = text[: rate.start()] + " " + text[rate.end() :]
    others = re.findall(rf"{_N} ?([a-z]+)?", rest, re.I)
    if len(others) != 1:
        return None
    number, unit = others[0]
    same = _stem(unit) == _stem(rate[2])
    asks_long = re.search(r"\bhow (?:long|many (?:\w+ )?" + _stem(rate[3]) + r")", text, re.I)
    return f"{number} / {rate[1]}" if same and asks_long else f"{rate[1]} * {number}"


def _per_period(text: str) -> str | None:
    """`4200 euros a month`: what that is in a year."""
    names = "|".join(_PERIODS)
    rate = re.search(rf"{_N}[\w ]*? (?:an?|per|each|every|/) ?({names})\b", text, re.I)
    asked = re.search(
        rf"\b(?:in|for|over|during|per|an?) (?:one |an? |the whole )?({names})\b",
        text[rate.end() :] if rate else "",
        re.I,
    )
    if not rate or not asked or len(re.findall(r"\d+(?:\.\d+)?", text)) != 1:
        return None
    small, large = rate[2].lower(), asked[1].lower()
    if times := _IN_ONE.get((small, large)):
        return f"{rate[1]} * {times}"
    return f"{rate[1]} / {_IN_ONE[large, small]}" if (large, small) in _IN_ONE else None


def _ratio(text: str) -> str | None:
    """`360 km in 3 hours`: how fast, or how much in one."""
    match = re.search(rf"{_N} ?[\w ]+? (?:in|for|over|among|between) {_N} ?[a-z]+", text, re.I)
    asks = re.search(
        r"\bspeed\b|\bhow fast\b|\b(?:per|each|an?) \w+\?|\beach\b|\bsplit|\bdivid|\bshar",
        text,
        re.I,
    )
    both = len(re.findall(r"\d+(?:\.\d+)?", text)) == 2
    return f"{match[1]} / {match[2]}" if match and asks and both else None


def _stem(word: str) -> str:
    return re.sub(r"(?:es|s)$", "", word.lower())
