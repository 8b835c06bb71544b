"""The things that a text names, each with its kind and place: quotes, codes, days, figures, names,
phrases.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from planlab.simulated import words


@dataclass(frozen=True)
class Span:
    """One thing in a text; `before` is the word in front of it, `after` the one behind."""

    kind: str  # quoted, url, mail, path, date, time, day, code, figure, name, phrase
    text: str
    start: int
    end: int
    before: str = ""
    after: str = ""

    @property
    def unit(self) -> str:
        """What a figure counts: its sign, or the word behind it."""
        sign = re.match(r"[$€£]|.*(%)", self.text)
        return (sign[1] or sign[0]) if sign else self.after


_MONTHS = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    "sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_COUNTS = (
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_DAYS = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_FORMS: tuple[tuple[str, str], ...] = (
    ("list", r"(?m)^\s*\d+[.)]\s"),
    ("url", r"https?://[^\s,;)]+"),
    ("mail", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    (
        "path",
        r"(?<![\w@/])(?:[\w.-]+/)*[\w-]+\.(?:csv|txt|md|json|py|pdf|html|ya?ml|toml|xlsx|log|js|"
        r"ts|java|sql|docx?|png|jpe?g|mp3|wav|xml)\b|(?<![\w:/])(?:[\w.-]+/){2,}[\w.-]*\w",
    ),
    (
        "quoted",
        r"(?<!\w)[\"“](?P<q1>[^\"”]+)[\"”]|(?<!\w)['\u2018](?P<q2>[^'\u2019\n]+)['\u2019](?!\w)",
    ),
    (
        "date",
        rf"(?i)\b\d{{4}}-\d\d-\d\d\b|\b\d{{1,2}}\.\s?\d{{1,2}}\.\s?\d{{4}}\b|\b\d{{1,2}}/\d{{1,2}}/"
        rf"\d{{4}}\b|\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTHS}\b(?:,? \d{{4}})?|"
        rf"\b\d{{1,2}}\.? [^\W\d_]{{3,9}} (?:19|20)\d\d\b|"
        rf"\b{_MONTHS} \d{{1,2}}(?:st|nd|rd|th)?\b(?!:)(?:,? \d{{4}})?"
        rf"|\b{_MONTHS} (?:19|20)\d\d\b",
    ),
    ("time", r"(?i)\b\d{1,2}:\d\d(?: ?[ap]m)?\b|\b\d{1,2}(?:[.:]\d\d)? ?[ap]m\b"),
    (
        "day",
        rf"(?i)\b(?:{_DAYS}|today|tonight|tomorrow|yesterday|next (?:week|month|{_DAYS}))(?=s?\b)",
    ),
    (
        "code",
        r"#\w+|\b\d+(?:-\d+)+\b|\b(?!\d+(?:st|nd|rd|th|s|k|m|kg|km|g|l|ml|h|min)\b)(?=[\w/_-]*\d)(?=[\w/_-]*[A-Za-z])"
        r"[A-Za-z0-9]+(?:[-_/][A-Za-z0-9]+)*\b",
    ),
    ("figure", r"(?i)\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b"),
    ("figure", r"(?<![\w.])[$€£]? ?-?\d+(?:,\d{3})*(?:\.\d+)?(?: ?%)?(?![\w-])"),
    (
        "name",
        r"\b[A-ZÀ-Þ][\w'&À-ÿ-]*(?:\.[a-z]\w+)?(?: (?:&|de|van|von|del|di|la|of the) (?=[A-ZÀ-Þ])"
        r"[\wÀ-ÿ]*| [A-ZÀ-Þ][\w'À-ÿ-]*)*",
    ),
)
# Words that carry a question or a courtesy and name nothing.
_LIGHT_WORDS = (
    "tell give show get got gets getting know need needs want wants like likes find look "
    "check see let make made much many long old far often soon now still already currently "
    "usual usually available any some other more less most least lot kind sort one ones "
    "both same cost costs using use used says said say too very really exactly around "
    "happen happens thanks thank hello hi dear yes i'd i'm i'll i've what's when's where's "
    "who's how's it's let's don't doesn't today tomorrow per each every either neither only "
    "off away down near nearest between within without during until since because while "
    "after before against whether if else via according go goes going come comes put take "
    "takes there here altogether please overall currently together instead otherwise"
)
LIGHT = frozenset(_LIGHT_WORDS.split())
_JOINING = ("of", "for", "in", "at", "with", "to", "and", "or", "from", "on")
_AUX = r"(?:does|do|did|can|could|will|would|should|has|have|had|was|were|is|are)"


def spans(text: str) -> list[Span]:
    """What `text` names, in order; a phrase may hold a name.

    >>> [(span.kind, span.text) for span in spans("Has flight LX318 left Oslo?")]
    [('phrase', 'flight'), ('code', 'LX318'), ('name', 'Oslo'), ('phrase', 'Oslo')]
    """
    return list(_spans(text))


@lru_cache(maxsize=1024)  # the same clause is looked at for every tool and parameter
def _spans(text: str) -> tuple[Span, ...]:
    found: list[Span] = []
    masked = text
    for kind, form in _FORMS:
        for match in re.finditer(form, masked):
            if kind == "name":
                found += _names(match, text)
                continue
            said = next((g for g in match.groupdict().values() if g), match[0].strip())
            if kind == "figure" and said.lower() in _COUNTS:
                said = str(_COUNTS.index(said.lower()) + 2)
            if kind != "list":
                found.append(_span(kind, said, match.start(), match.end(), text))
            blank = "\0" * len(match[0])
            masked = masked[: match.start()] + blank + masked[match.end() :]
    named = [*found, *_phrases(masked, text)]
    return tuple(sorted(named, key=lambda span: (span.start, span.kind)))


def _span(kind: str, said: str, start: int, end: int, text: str) -> Span:
    before = re.findall(r"[\w'-]+", text[max(0, start - 200) : start].rsplit("\n", 1)[-1])
    after = re.match(r"\W{0,2}?([^\W\d]+)", text[end:])
    return Span(
        kind,
        said,
        start,
        end,
        before[-1].lower() if before else "",
        after[1].lower() if after else "",
    )


def _names(match: re.Match[str], text: str) -> Iterator[Span]:
    """A capitalised run, without a sentence's first word where that one only begins it."""
    start, said = match.start(), match[0]
    if _begins(text, start):
        first, _, rest = said.partition(" ")
        known = words.verb_kind(first) or first.lower() in (*words.STOP, *LIGHT)
        ends = re.match(
            r"\s*(?:$|[.,;!]|(?:in|to|for|on|at|from|with|as|and|the)\b)", text[match.end() :]
        )
        if not rest or known or ends:
            start, said = match.end() - len(rest), rest
    if code := re.search(r"(?<![\w-])(?=\w*\d)[A-Za-z0-9]+ $", text[:start]):
        start, said = code.start(), code[0] + said  # B2 Spanish
    if said and (code := re.match(r" [A-Z]{1,2}\d+\b", text[start + len(said) :])):
        said += code[0]  # Volvo V60
    if said and said.lower() not in words.STOP and said.lower() not in LIGHT:
        yield _span("name", said, start, start + len(said), text)


def _begins(text: str, start: int) -> bool:
    word = min(start, len(text))  # where the word before ends: what lies between tells
    while word and not (text[word - 1].isalnum() or text[word - 1] == "_"):
        word -= 1
    return word == 0 or re.search(r"[.!?:;]\s|\n", text[word:start]) is not None


def _phrases(masked: str, text: str) -> Iterator[Span]:
    """Runs of words between small words, verbs that lead, and typed things."""
    run: list[re.Match[str]] = []
    asked = False
    for token in re.finditer(r"[^\W\d_][\w'À-ÿ-]*|\S", f"{masked} ."):
        word = token[0].lower()
        plain = word not in words.STOP and word not in LIGHT and word[0].isalpha()
        leads = _begins(text, token.start()) and not (
            token[0][0].isupper() and re.match(r"\w+ [A-Z]", text[token.start() :])
        )
        if plain and not (leads and _is_order(text, token)):
            run.append(token)
            continue
        if run:
            drops = asked and len(run) > 1 and run[-1][0].islower() and word not in _JOINING
            kept = run[:-1] if drops else run
            start, end = kept[0].start(), kept[-1].end()
            yield _span("phrase", text[start:end], start, end, text)
        if plain or run or word in LIGHT:
            asked = False
        asked = asked or (re.fullmatch(_AUX, word) is not None and word not in ("have", "had"))
        run = []


def _is_order(text: str, token: re.Match[str]) -> bool:
    """A sentence's first word is its verb, unless a question or a lone noun phrase stands there."""
    rest = re.split(r"[.!?\n]", text[token.end() :], maxsplit=1)[0]
    return bool(rest.split()) and not re.match(r" ?(?:of|for|in|is|are|was|has|'s)\b|:", rest)


def coordinated(text: str, kinds: Sequence[str] = ()) -> list[Span]:
    """The longest row of things of one kind with only commas and `and` between them.

    >>> [span.text for span in coordinated("Where are the parcels P-1, P-2 and P-3?")]
    ['P-1', 'P-2', 'P-3']
    """
    best: list[Span] = []
    for kind in kinds or ("mail", "code", "quoted", "path", "name", "phrase"):
        row: list[Span] = []
        for span in (each for each in spans(text) if each.kind == kind):
            joined = row and re.fullmatch(
                r"\s*(?:,|,? ?(?:and|or|und|vs\.?|versus|compared (?:with|to)|than) )\s*"
                r"(?:(?:the|a|an|in|for|to|of|on|from|at) )?(?:the )?",
                text[row[-1].end : span.start],
            )
            row = [*row, span] if joined else [span]
            if len(row) > max(len(best), 1):
                best = row
    return best
