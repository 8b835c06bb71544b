"""Rules that a prompt sets for a text, checked one by one: lengths, counts, what must or must not
be in it, how it begins and ends.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from planlab.simulated import words

_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_SHAPES: tuple[tuple[str, str], ...] = (
    (
        r"date|day and month",
        (
            rf"\d{{4}}-\d\d-\d\d|\b\d{{1,2}}(?:st|nd|rd|th)? (?:{_MONTH})|(?:{_MONTH}) "
            rf"\d|\d\.\d{{1,2}}\.\d{{4}}"
        ),
    ),
    (r"weekday|day of the week", r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b"),
    (
        r"time|hour|o'clock",
        r"\b\d{1,2}[:.]\d\d\b|\b\d{1,2} ?(?:am|pm|o'clock)\b|\bnoon\b|\bmidnight\b",
    ),
    (
        r"price|money|cost|amount|fee|euros?|dollars?|pounds?",
        (
            r"[$€£]\s?\d|\b\d[\d.,]* ?(?:euros?|dollars?|pounds?|USD|EUR|GBP|francs?|"
            r"cents?|pence)\b|\bfree\b"
        ),
    ),
    (r"(?:contact )?e-?mail", r"[\w.+-]+@[\w-]+\.\w+"),
    (r"(?:contact )?(?:phone|telephone)", r"\+?\d[\d ()/-]{5,}\d"),
    (
        r"links?|url|website|web address",
        r"https?://|www\.|\b[\w-]+\.(?:com|org|net|eu|de|uk|example)\b",
    ),
    (r"percentage|per cent", r"\d ?%|\d per ?cent"),
    (r"year", r"\b(?:1[5-9]|20)\d\d\b"),
    (r"numbers?|figures?|digits?", r"\d"),
    (r"greeting|salutation", r"^\W*(?:dear|hello|hi|hey|good (?:morning|day|evening))\b"),
    (
        r"closing|sign-?off|farewell",
        r"\b(?:regards|sincerely|yours|best wishes|greetings|cheers|thank you)\b",
    ),
    (r"thank(?:s|ing)?", r"\bthank"),
    (r"apolog(?:y|ises|izes)|says sorry", r"\b(?:sorry|apolog)"),
    (r"questions?|question marks?", r"\?"),
    (r"exclamation (?:marks?|points?)", r"!"),
    (r"emojis?", "[\U0001f300-\U0001faff\u2600-\u27bf]"),
    (r"hashtags?", r"#\w"),
    (r"quot(?:e|ation)s?", r"[\"\u201c][^\"\u201d]+[\"\u201d]"),
    (r"reasons?|explains? why", r"\b(?:because|since|so that|due to|as a result|therefore)\b"),
    (r"examples?", r"\b(?:for example|for instance|such as|e\.g\.)"),
    (
        r"where\b|places?$|locations?$|venue$",
        r"\b(?:in|on|at|near|by|under|behind|outside|inside|to|from|opposite) \w",
    ),
    (
        r"when\b",
        rf"\d[:.]\d\d|\b\d{{1,2}} ?(?:am|pm|o'clock)\b|\b(?:{_MONTH})\b|\d{{4}}-\d\d|"
        r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|\b(?:today|tomorrow|tonight|noon)\b",
    ),
    (r"how much\b|what (?:it|this|that) costs?", r"[$€£]\s?\d|\d ?(?:euros?|dollars?|pounds?)\b"),
    (r"why\b", r"\b(?:because|since|so that|due to|as a result|therefore)\b"),
    (r"what\b", r"[A-Za-z]{3,}.*\b[A-Za-z]{3,}"),
    (
        r"(?:a |the )?(?:person|name)s?|who\b",
        r"(?<=[a-z,] )[A-Z][a-z]+|^[A-Z][a-z]+ (?:[A-Z]|and )",
    ),
)
_COUNT = r"(\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)"
_LIMIT = re.compile(
    rf"(?:(?P<most>at most|no more than|not more than|under|fewer than|less "
    rf"than|max(?:imum)?(?: of)?|up to|"
    rf"not exceed|shorter than|within)|(?P<least>at least|no fewer than|no "
    rf"less than|min(?:imum)?(?: of)?|more than|"
    rf"over|longer than)|(?P<span>between )?(?P<low>\d+)(?: to |-| and )|"
    rf"exactly |has |have |in |of |)\s*{_COUNT} "
    r"(?:[a-z]+ )?(?P<unit>words?|sentences?|lines?|paragraphs?|characters?|"
    r"letters|items?|bullets?|bullet points?|points?|"
    r"steps?|examples?|questions?|hashtags?|emojis?|exclamation marks?|[a-z]{3,}s)\b",
    re.I,
)
_NOT = (
    r"\b(?:no|not|never|without|avoid|avoids|free of|mustn't|doesn't|don't|"
    r"forbidden|omit|leave out)\b"
)
_HOLDS = (
    r"\b(?:names?|mention(?:s|ed)?|includes?|contains?|states?|gives?|has|have|"
    r"says?|tells?|cites?|uses?|using|the words?|"
    r"lists?|shows?|speaks? of|refers? to|covers?|explains?|describes?|needs?|asks?|adds?)\b"
)


@dataclass(frozen=True)
class Rule:
    """One rule: its number in the prompt and its text."""

    number: int
    text: str


def rules_in(text: str) -> list[Rule]:
    """The rules of a prompt: its numbered or bulleted lines, else its sentences that say must."""
    numbered = re.findall(
        r"(?:^|\s)\(?(\d{1,2})[.)]\s+(.+?)(?=\s+\(?\d{1,2}[.)]\s|\n|$)", text, re.M
    )
    if len(numbered) >= 2:
        return [Rule(int(number), line.strip()) for number, line in numbered]
    bullets = re.findall(r"^\s*[-*•]\s+(.+)$", text, re.M)
    if len(bullets) >= 2:
        return [Rule(at, line.strip()) for at, line in enumerate(bullets, 1)]
    orders = re.compile(
        rf"\b(?:must|should|has to|have to|needs? to|may not|cannot|never|rule)\b|{_LIMIT.pattern}",
        re.I,
    )
    told = [
        line for line in words.sentences(text) if orders.search(line) and not line.endswith("?")
    ]
    parts = [
        part
        for line in told
        for part in re.split(
            (
                r";\s*|,\s*(?:and )?(?:it )?(?=must|should|may)|,? and (?:it )?(?=must|"
                r"should|may|end|begin|start|mention|not )"
            ),
            line,
        )
    ]
    single = [each for part in parts for each in _elements(part)]
    return [Rule(at, line) for at, line in enumerate(single, 1)]


def _elements(rule: str) -> list[str]:
    """A rule for each thing that must be said: `A note must say who called, when and why.`"""
    match = re.match(
        r"(.*?\b(?:must|should|has to|have to|needs? to) "
        r"(?:say|give|tell|state|name|include|mention|contain|have|list|show)) ([^:]+)$",
        rule.rstrip(". "),
        re.I,
    )
    if not match or re.search(_NOT, rule, re.I) or re.search(r"\bor\b|\d|\"", match[2]):
        return [rule]
    things = re.split(r",\s*(?:and\s+)?|\s+and\s+", match[2])
    return [f"{match[1]} {thing}." for thing in things if thing.strip()]


def is_kept(rule: str, draft: str) -> bool | None:
    """Whether a text keeps a rule; None where that cannot be told."""
    limit = _LIMIT.search(rule)
    if limit and (
        limit["most"]
        or limit["least"]
        or limit["low"]
        or limit[0][:7] == "exactly"
        or _is_unit(limit["unit"])
    ):
        return _within(limit, draft)
    denied = re.search(_NOT, rule, re.I) is not None
    for check in (_ends, _holds):
        found = check(rule, draft)
        if found is not None:
            return found != denied
    return None


def _is_unit(word: str) -> bool:
    return (
        re.match(
            (
                r"word|sentence|line|paragraph|character|letter|item|bullet|point|step|"
                r"example|question"
            ),
            word,
            re.I,
        )
        is not None
    )


def _within(limit: re.Match[str], draft: str) -> bool:
    number, count = _number(limit[5]), _measure(limit["unit"].lower(), draft)
    strict = re.match(r"under|fewer|less than|more than|over|longer|shorter", limit[0], re.I)
    if limit["low"]:
        return int(limit["low"]) <= count <= number
    if limit["most"]:
        return count < number if strict else count <= number
    if limit["least"]:
        return count > number if strict else count >= number
    return count == number


def _number(text: str) -> int:
    return {"twelve": 12, "twenty": 20}.get(text.lower()) or words.count_word(text) or 0


def _measure(unit: str, draft: str) -> int:
    measures: tuple[tuple[str, Callable[[], int]], ...] = (
        ("word", lambda: len(draft.split())),
        ("sentence", lambda: len(re.findall(r"[^.!?]+(?:[.!?]+(?=\s|$)|$)", draft.strip()))),
        ("line", lambda: len([line for line in draft.splitlines() if line.strip()])),
        ("paragraph", lambda: len([part for part in re.split(r"\n\s*\n", draft) if part.strip()])),
        ("character", lambda: len(draft)),
        ("letter", lambda: len(draft)),
        ("question", lambda: draft.count("?")),
        ("hashtag", lambda: len(re.findall(r"#\w", draft))),
        ("exclamation", lambda: draft.count("!")),
        ("emoji", lambda: len(re.findall("[\U0001f300-\U0001faff\u2600-\u27bf]", draft))),
    )
    return next(
        (count() for name, count in measures if unit.startswith(name)), len(items_of(draft))
    )


def items_of(draft: str) -> list[str]:
    """The things that a text lists: by lines with marks, else by commas and `and`."""
    lines = re.findall(r"^\s*(?:\d+[.)]|[-*•])\s+(.+)$", draft, re.M)
    if lines:
        return lines
    runs = [re.split(r",\s*(?:and\s+)?|;\s*|\s+and\s+", line) for line in words.sentences(draft)]
    return max(runs, key=len, default=[])


def _ends(rule: str, draft: str) -> bool | None:
    """A rule on the beginning or the end: `It ends with a question.`"""
    match = re.search(
        r"\b(ends?|finish(?:es)?|closes?|begins?|starts?|opens?)(?:ing)? (?:with|in|by) (.+)",
        rule,
        re.I,
    )
    if not match:
        return None
    lines = words.sentences(draft.strip()) or [""]
    part = lines[-1] if match[1][0].lower() in "efc" else lines[0]
    if quoted := re.findall(r"[\"'\u201c\u2018]([^\"'\u201d\u2019]+)[\"'\u201d\u2019]", match[2]):
        text = part.strip(' .!?"').lower()
        wanted = quoted[0].strip(" .!?").lower()
        return (
            text.endswith(wanted)
            if part is lines[-1] and match[1][0].lower() in "efc"
            else text.startswith(wanted)
        )
    if re.search(r"question", match[2], re.I):
        return part.rstrip(" \"'").endswith("?")
    if re.search(r"exclamation", match[2], re.I):
        return part.rstrip().endswith("!")
    if re.search(r"full stop|period", match[2], re.I):
        return part.rstrip().endswith(".")
    return _has(match[2], part)


def _holds(rule: str, draft: str) -> bool | None:
    """A rule on what is in it: `It names a date.`, `The town is mentioned.`"""
    rule = re.sub(r"\b(?:has|have|needs?) to\b", "must", rule)
    passive = re.match(
        (
            r"(?:the |an? )?(.+?) (?:is|are|must be|should be|has to be|may not be|"
            r"must not be) (?:not )?(?:named|mentioned|given|stated|included|there|"
            r"present|used|said)\b"
        ),
        rule,
        re.I,
    )
    if passive:
        return _has(passive[1], draft)
    active = re.search(rf"{_HOLDS}\s+(.+)", rule, re.I) or re.search(rf"{_NOT} (.+)", rule, re.I)
    return _has(active[1], draft) if active else None


def _has(what: str, draft: str) -> bool | None:
    """Whether a text has something: a quoted word, a thing of a known form, or these very words."""
    if quoted := re.findall(r"[\"\u201c\u2018'`]([^\"\u201d\u2019'`]+)[\"\u201d\u2019'`]", what):
        found = [word.lower() in draft.lower() for word in quoted]
        return any(found) if re.search(r"\bor\b|\bany\b", what) else all(found)
    parts = re.split(r"\bor\b", what) if re.search(r"\bor\b", what) else None
    if parts:
        told = [_has(part, draft) for part in parts]
        return any(told) if any(each is not None for each in told) else None
    each = [part for part in re.split(r",\s*(?:and\s+)?|\s+and\s+", what) if words.content(part)]
    return all(_has_one(part, draft) for part in each) if each else None


def _has_one(what: str, draft: str) -> bool:
    plain = re.sub(
        r"^(?:no |not |never |both |the words? |an?y? |the |its |their )+",
        "",
        what.strip(" .:;"),
        flags=re.I,
    )
    for told, form in _SHAPES:
        if re.match(rf"(?:{told})\b", plain, re.I) and not re.search(r"\bof (?:the )?[A-Z]", plain):
            return (
                re.search(form, draft, re.I | re.M if told.startswith("greet") else re.M)
                is not None
            )
    return words.overlap(words.content(plain), words.content(draft)) >= 0.5


def broken(rules: Sequence[Rule], draft: str) -> list[Rule]:
    """The rules that a text breaks."""
    return [rule for rule in rules if is_kept(rule.text, draft) is False]
