"""Strings of a given form: a regular expression, a format, a date as in an example, a length.

No kept library makes strings for a pattern *and* a length without chance, so the few lines of
`_say` walk the parse tree of Python's own `re`, which is also what the validator matches with.
"""

import re
import string
import uuid
from collections.abc import Iterable, Iterator
from datetime import date
from random import Random
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_ALPHABET = string.ascii_letters + string.digits + " -_.,:;/@#$%&*()+=!?'\"<>[]{}|~^`\\\n\t"
_ATTEMPTS = 60
_ISO_DATE = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"https?://[^\s\"'<>)\]]+")


def make_matching(pattern: str, least: int, most: int, random: Random) -> Iterator[str]:
    """Strings made by reading `pattern` aloud: plain and short first, then longer and varied.

    The caller checks them: lookarounds are only guessed at. Raises `re.error` on a pattern that
    Python does not know.
    """
    tree = _parser.parse(pattern)
    for attempt in range(_ATTEMPTS):
        for grow in (attempt // 2, max(least - attempt, 0)):
            text = _say(tree, grow, random if attempt else None, {})
            # Where the pattern is not anchored, what is missing in length may follow it.
            yield text
            yield text + "a" * (least - len(text))
            yield text[:most]


def _say(tree: Iterable[Any], grow: int, random: Random | None, groups: dict[int, str]) -> str:
    return "".join(_say_one(str(op), arg, grow, random, groups) for op, arg in tree)


def _say_one(op: str, arg: Any, grow: int, random: Random | None, groups: dict[int, str]) -> str:
    match op:
        case "LITERAL":
            return chr(arg)
        case "ANY" | "NOT_LITERAL" | "IN":
            return _character(op, arg, random)
        case "BRANCH":
            branch = random.choice(arg[1]) if random else arg[1][0]
            return _say(branch, grow, random, groups)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, part = arg
            times = min(least + grow, int(most))
            return "".join(_say(part, min(grow, 1), random, groups) for _ in range(times))
        case "SUBPATTERN":
            text = _say(arg[3], grow, random, groups)
            groups[arg[0]] = text
            return text
        case "ASSERT" | "ATOMIC_GROUP":
            # "(?=.*x)" before ".{8,}" is met by saying the x right there.
            return _say(arg[1] if op == "ASSERT" else arg, 0, random, groups)
        case "GROUPREF":
            return groups.get(arg, "")
        case "GROUPREF_EXISTS":
            return _say(arg[1], grow, random, groups)
    return ""  # AT and ASSERT_NOT say nothing


def _character(op: str, arg: Any, random: Random | None) -> str:
    parts = {"ANY": [], "NOT_LITERAL": [("NEGATE", None), ("LITERAL", arg)]}.get(op, arg)
    parts = [(str(kind), value) for kind, value in parts]
    negated = bool(parts) and parts[0][0] == "NEGATE"
    inside = parts[negated:]
    fits = [c for c in _ALPHABET if not parts or _is_in(c, inside) != negated]
    if not fits:
        kind, value = inside[0]
        return chr(value[0] if kind == "RANGE" else value) if not negated else "\u00e9"
    return random.choice(fits) if random else fits[0]


_CATEGORIES = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}


def _is_in(char: str, parts: Iterable[tuple[str, Any]]) -> bool:
    for kind, value in parts:
        if kind == "LITERAL" and ord(char) == value:
            return True
        if kind == "RANGE" and value[0] <= ord(char) <= value[1]:
            return True
        if kind == "CATEGORY":
            name = str(value).removeprefix("CATEGORY_")
            met = re.match(_CATEGORIES[name.removeprefix("NOT_")], char) is not None
            if met != name.startswith("NOT_"):
                return True
    return False


def fit_length(text: str, least: int, most: int, more: Iterable[str] = ()) -> str:
    """`text` cut between words to at most `most` characters, or drawn out with `more`."""
    for extra in more:
        if len(text) >= least:
            break
        text = f"{text} {extra}".strip()
    if text and len(text) < least:
        text = (f"{text} " * (least // len(text) + 1))[:least].rstrip()
    if len(text) > most:
        cut = text[: most + 1].rsplit(None, 1)[0] if " " in text[: most + 1] else text
        text = cut.rstrip(",;:- ") if least <= len(cut.rstrip(",;:- ")) <= most else text[:most]
    return text.ljust(least, ".")


def find_date(texts: Iterable[str]) -> date:
    """The first ISO date in `texts`; 1 January 1970, which nobody takes for news, without one."""
    for text in texts:
        for parts in _ISO_DATE.findall(text):
            try:
                return date(*map(int, parts))
            except ValueError:
                continue  # 2024-13-45 only looks like a date
    return date(1970, 1, 1)


_DATE_STYLES = (
    (r"\b(\d{1,2}(?:st|nd|rd|th)? [A-Z][a-z]{3,8} \d{4})\b", "%-d %B %Y"),
    (r"\b(\d{1,2} [A-Z][a-z]{2} \d{4})\b", "%-d %b %Y"),
    (r"\b([A-Z][a-z]{3,8} \d{1,2}, \d{4})\b", "%B %-d, %Y"),
    (r"\b([A-Z][a-z]{2} \d{1,2}, \d{4})\b", "%b %-d, %Y"),
    (r"\b(\d\d\.\d\d\.\d{4})\b", "%d.%m.%Y"),
    (r"\b(\d{4}/\d\d/\d\d)\b", "%Y/%m/%d"),
    (r"\b((?:0\d|1[0-2])/(?:1[3-9]|2\d|3[01])/\d{4})\b", "%m/%d/%Y"),
    (r"\b(\d\d/\d\d/\d{4})\b", "%d/%m/%Y"),
    (r"\b(\d{4}-\d\d-\d\d)\b", "%Y-%m-%d"),
)
_DATE_LETTERS = re.compile(r"\b[YMD]{1,4}(?:[-/. ]?,? ?[YMD]{1,4}){1,2}\b", re.IGNORECASE)
_LETTERS = {"YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "DD": "%d"} | {
    "M": "%-m",
    "D": "%-d",
}


def date_style(description: str) -> str | None:
    """The `write_date` style that a description asks for, by letters or by an example."""
    for letters in _DATE_LETTERS.findall(description):
        runs = re.split(r"((?i:Y+|M+|D+))", letters)
        if all(run.upper() in _LETTERS for run in runs[1::2]) and "Y" in letters.upper():
            return "".join(_LETTERS.get(run.upper(), run) for run in runs)
    for example, style in _DATE_STYLES:
        if re.search(example, description):
            return style
    return None


def write_date(day: date, style: str) -> str:
    """`day` by a `strftime` style; "%-d" and "%-m", without a leading zero, on every platform."""
    style = style.replace("%-d", str(day.day)).replace("%-m", str(day.month))
    return day.strftime(style)


def make_formats(name: str, texts: list[str], random: Random) -> Iterator[str]:
    """Strings of JSON Schema's format `name`, taken from `texts` where they hold one."""
    joined = "\n".join(texts)
    if name.startswith("uuid"):
        version = min(int(name[4:] or 4), 5)
        yield str(uuid.UUID(int=random.getrandbits(128), version=version))
    if name.startswith("date"):
        yield find_date(texts).isoformat() + ("T00:00:00Z" if name == "date-time" else "")
    if name.endswith("email"):
        yield from _EMAIL.findall(joined)
    if name.startswith(("uri", "url", "iri", "http")):
        yield from (url.rstrip(".,;") for url in _URL.findall(joined))
    yield from _FORMATS.get(name, "").split(" ")


_FORMATS = {
    "email": "nobody@example.com a@b.co",
    "idn-email": "nobody@example.com a@b.co",
    **dict.fromkeys(
        ("uri", "url", "iri", "uri-reference", "iri-reference", "http-url"),
        "https://example.com/ a:b",
    ),
    "time": "00:00:00Z 00:00:00",
    "duration": "PT0S",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "ipvanyaddress": "127.0.0.1",
    "ipv4network": "127.0.0.0/8",
    "ipv6network": "::1/128",
    "ipvanynetwork": "127.0.0.0/8",
    "ipv4interface": "127.0.0.1/8",
    "ipv6interface": "::1/128",
    "ipvanyinterface": "127.0.0.1/8",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "json-pointer": "/0",
    "relative-json-pointer": "0",
    "uri-template": "/{id}",
    "regex": ".*",
    "json-string": "{}",
    "file-path": "README.md",
    "directory-path": ".",
    "color": "#000000",
}
