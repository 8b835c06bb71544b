"""Figures in prose and in data: what is said, its value, what kind of figure it is, and of whom."""

import re
from dataclasses import dataclass

from planlab.simulated import senses, words

_AMOUNT = r"-?\d+(?:[,']\d{3})*(?:\.\d+)?"
_SIGN = r"(?:[$€£]|USD|EUR|CHF|GBP|Fr\.)"
_MONEY_WORD = r"(?:dollars?|euros?|francs?|pounds?|cents?|USD|EUR|CHF|GBP|€|\$|£)"
_FORMS: tuple[tuple[str, str], ...] = (
    ("date", r"\b\d{4}-\d\d-\d\d\b"),
    (
        "date",
        r"\b\d{1,2}(?:st|nd|rd|th|\.)? (?:of )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
        r"[a-z]*\.?(?:,? \d{4})?\b",
    ),
    (
        "date",
        r"\b(?:January|February|March|April|May|June|July|August|September|October|November|"
        r"December) \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?\b",
    ),
    ("time", r"\b(?:[01]?\d|2[0-3]):[0-5]\d\b(?: ?[ap]\.?m\b)?|\b\d{1,2}(?:\.\d\d)? ?[ap]\.?m\b"),
    ("price", rf"{_SIGN} ?{_AMOUNT}(?: (?:million|billion))?"),
    ("price", rf"(?<![\w.-]){_AMOUNT}(?: (?:million|billion))? ?{_MONEY_WORD}(?!\w)"),
    ("number", rf"(?<![\w.-]){_AMOUNT}(?: (?:million|billion))?(?: ?(?:%|°C?))?(?![\w-]*\w)"),
    ("number", rf"(?<![\w.-]){_AMOUNT}(?=(?:kg|km|m|cm|mm|g|ml|l|h)\b)"),
)
_VERBS = frozenset(
    words.pieces(
        "is are was were has have had costs cost weighs weigh takes took scored earns got gets ran "
        "runs charges needs holds carries sells sold won lost drives eats keeps made makes "
        "received at for with"
    )
)
_NAME = re.compile(
    r"(?:\b[a-z]+ (?=[A-Z]\b))?(?:(?:Dr|Prof|Mr|Mrs|Ms|St)\. )?[A-ZÀ-Þ][\w'&-]*"
    r"(?:[ ](?:& |of (?:the )?)?(?:[A-ZÀ-Þ][\w'&-]*|\d+\b))*"
    r"(?:, (?:Inc|Ltd|LLC)\b\.?)?"
)


@dataclass(frozen=True)
class Measure:
    """A figure as written, its number (minutes for a time, days for a date), and what it is."""

    text: str
    value: float
    kind: str  # "price", "time", "date", "number"
    start: int = 0
    end: int = 0
    unit: str = ""  # the word behind the figure


def measures(text: str) -> list[Measure]:
    """The figures of a text in their order, each once, the more telling reading of each."""
    taken: list[tuple[int, int]] = []
    found: list[Measure] = []
    for kind, form in _FORMS:
        for match in re.finditer(form, text, re.I if kind in ("date", "time") else 0):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            taken.append(match.span())
            behind = re.match(r"[ -]?([^\W\d_]+)", text[match.end() :])
            unit = behind[1] if behind and kind == "number" else ""
            found.append(
                Measure(match[0].strip(), _value(match[0], kind), kind, *match.span(), unit)
            )
    return sorted(found, key=lambda each: each.start)


def number(value: object) -> float | None:
    """The number that a cell holds: 12, `€89`, `412 metres`, `07:15`."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    found = measures(str(value))
    plain = found and found[0].start <= 4 and len(str(value)) <= found[0].end + 16
    return found[0].value if plain else None


def _value(text: str, kind: str) -> float:
    digits = [float(part) for part in re.findall(r"\d+", text)]
    if kind == "time":
        hour = digits[0] % 12 + 12 if re.search(r"p\.?m", text, re.I) else digits[0]
        return hour * 60 + (digits[1] if len(digits) > 1 else 0)
    if kind == "date":
        return _days(text, digits)
    scale = 1e6 if "million" in text else 1e9 if "billion" in text else 1
    return float(re.sub(r"[^\d.-]", "", text.replace("Fr.", "")).rstrip(".") or 0) * scale


def _days(text: str, digits: list[float]) -> float:
    """A number that grows with the date; a date without its year counts in year 0."""
    if re.match(r"\d{4}-", text):
        return digits[0] * 372 + digits[1] * 31 + digits[2]
    names = words.pieces("jan feb mar apr may jun jul aug sep oct nov dec")
    month = next((n for n, name in enumerate(names) if name in text.lower()), 0)
    return (digits[1] if len(digits) > 1 else 0) * 372 + (month + 1) * 31 + digits[0]


def names(text: str) -> list[str]:
    """Capitalised names, with the small word before a letter that stands for one: `team A`."""
    found = [match[0].rstrip("'") for match in _NAME.finditer(text)]
    return [each for each in found if each.lower() not in words.STOP and not _is_day(each)]


def _is_day(text: str) -> bool:
    return bool(senses.weekdays(text)) or measures(f"1 {text} 2000")[0].kind == "date"


def subject(clause: str, figure: Measure) -> str:
    """Whose figure it is: the last name before it, else the words that lead the clause."""
    before = clause[: figure.start]
    named = [name for name in names(before) if not senses.grade(name.lower())]
    lead = re.split(r"[:,;]", before.strip(" :,;(-"))[-1].split()
    while lead and lead[0].lower() in (*words.STOP, *_VERBS):
        lead = lead[1:]
    plain: list[str] = []
    for word in lead:
        if word.lower() in _VERBS or word.lower() in words.STOP:
            break
        plain.append(word)
    named = [name for name in named if name.lower() not in ("the", "a")]
    starts = bool(named) and before.lstrip().startswith(named[-1]) and not named[-1][1:].islower()
    if named and (len(named[-1]) > 1 or not plain):
        single = " " not in named[-1] and before.lstrip().startswith(named[-1]) and not starts
        return " ".join(plain[:3]) if single and plain and plain[0] == named[-1] else named[-1]
    return " ".join(plain[:3])


def clauses(sentence: str) -> list[str]:
    """A sentence cut into statements of one figure or one name each, where it lists several."""
    tells = measures if len(measures(sentence)) > 1 else _leading_name
    parts = re.split(r"(;\s+|,\s+(?:and |but |while )?|\s+(?:and|but|while|whereas)\s+)", sentence)
    joined, waiting = [], ""
    for place in range(0, len(parts), 2):
        waiting += parts[place]
        rest = "".join(parts[place + 2 :])
        if tells(waiting) and len(waiting.split()) > 1 and (tells(rest) or not rest):
            joined.append(waiting)
            waiting = ""
        elif place + 1 < len(parts):
            waiting += parts[place + 1]
    if waiting:
        joined.append(waiting)
    return [part.strip(" .") for part in joined] if len(joined) > 1 else [sentence]


def _leading_name(part: str) -> list[str]:
    """The name that a statement of three words or more begins with."""
    named = names(part)[:1] if len(part.split()) > 2 else []
    return [name for name in named if part.startswith((name, f"the {name}", f"The {name}"))]
