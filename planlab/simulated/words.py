"""Words, clauses, names and figures: the little the simulated mind knows of English."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

KINDS: dict[str, str] = {
    "search": "search research find look investigate explore discover google browse study identify",
    "read": "read open load fetch get retrieve import gather collect list pull inspect check show",
    "query": "query analyze analyse count tally group categorize classify aggregate sql",
    "compute": "calculate compute work add sum multiply divide subtract evaluate convert calc math",
    "compare": "compare contrast rank weigh",
    "write": "write create prepare produce compose summarize summarise report generate save "
    "document publish store describe note record present",
    "draft": "draft",
    "send": "send email mail notify message share forward deliver post tell inform",
    "pay": "pay transfer refund reimburse charge buy purchase order wire transaction payment",
    "delete": "delete remove erase purge cancel drop",
    "change": "refactor migrate update change modify implement fix rewrite replace edit rename "
    "convert upgrade switch",
    "test": "test run verify validate execute",
    "book": "book reserve schedule",
    "make": (
        "cook bake build move plant clean learn study paint organise "
        "organize set host visit travel pack invite"
    ),
    "answer": "answer explain decide choose recommend propose suggest state outline translate make",
}
GATHER = ("search", "read", "query")
EFFECTS = ("send", "pay", "delete", "book")

_STOP = (
    "a an the of to in on at for from by with and or but then than that this these those it its "
    "their his her our your my we you i they is are was were be been do does did not no so as if "
    "into about over under up out all any each every what which who when where how why me us them "
    "please can could would should will must may also just s t re there here have has had"
)
STOP = frozenset(_STOP.split())
_VERB_KIND = {verb: kind for kind, verbs in reversed(KINDS.items()) for verb in verbs.split()}
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|\d+(?:\.\d+)?")
_NAME = (
    r"[A-ZÀ-Þ][\w'-]*(?:\.[a-z]\w+)?(?: (?:& )?[A-ZÀ-Þ0-9][\w'-]*)*(?:! "
    r"[A-ZÀ-Þ][\w'-]*)?(?:, (?:Inc|Ltd|LLC)\b\.?)?"
)
_NUMBER = re.compile(r"(?<![\w.-])-?\d[\d,]*(?:\.\d+)?(?![\w-]|\.\d)")
_LIST_SIGN = (
    r"(?:,\s*(?:and|or|und|vs\.?)?\s*(?!\s*(?:Inc|Ltd|LLC)\b)|"
    r"\s+(?:and|or|vs\.?|versus|und|with)\s+(?:in\s+)?)"
)
_COUNTS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def pieces(text: str) -> list[str]:
    """The words of prose, snake_case and camelCase alike, in lower case."""
    return list(_pieces(text))


@lru_cache(maxsize=8192)
def _pieces(text: str) -> tuple[str, ...]:
    text = re.sub(r"\b([eE])-(mails?)\b", r"\1\2", text)
    return tuple(piece.lower() for piece in _PIECE.findall(text))


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A crude stem: enough that `prices`, `pricing` and `price` meet."""
    for ending in (
        "ations",
        "ation",
        "ings",
        "ing",
        "ies",
        "ied",
        "ers",
        "ed",
        "es",
        "er",
        "s",
        "e",
        "y",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "sl" else word


def content(text: str) -> list[str]:
    """The stems that carry meaning, in order, each once."""
    return list(_content(text))


@lru_cache(maxsize=8192)
def _content(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(stem(word) for word in pieces(text) if word not in STOP))


def overlap(wanted: Iterable[str], given: Iterable[str]) -> float:
    """The share of `wanted` that stands in `given`, from 0 to 1."""
    wanted, found = list(wanted), frozenset(given)
    return sum(word in found for word in wanted) / len(wanted) if wanted else 0.0


def first_word(text: str) -> str:
    """What stands before the first space; "" where there is no word."""
    return next(iter(text.split()), "")


def verb_kind(word: str) -> str | None:
    """Which kind of act a verb names, in whatever form it stands."""
    word = word.lower()
    forms = (word, stem(word), stem(word) + "e", stem(word) + "y")
    return next((_VERB_KIND[form] for form in forms if form in _VERB_KIND), None)


def plain_verb_kind(word: str) -> str | None:
    """Which kind of act a verb names where it stands in its plain form; `bookings` does not."""
    return _VERB_KIND.get(word.lower())


def misspelt_kind(word: str) -> str | None:
    """The kind of the verb that a long word is nearly: `reserch`, `compair`."""
    near = (
        get_close_matches(word.lower(), [verb for verb in _VERB_KIND if len(verb) > 5], 1, 0.8)
        if len(word) > 5
        else []
    )
    return _VERB_KIND[near[0]] if near else None


def squeeze(text: str) -> str:
    """One line, single spaces."""
    return " ".join(text.split())


def clip(text: str, limit: int = 160) -> str:
    """`text` on one line, cut at a word with an ellipsis."""
    line = squeeze(text)
    return line if len(line) <= limit else line[:limit].rsplit(" ", 1)[0] + " …"


def numbers(text: str) -> list[str]:
    """The figures in `text` as written, without thousands separators."""
    return [figure.replace(",", "").rstrip(".") for figure in _NUMBER.findall(text)]


def count_word(text: str) -> int | None:
    """The integer that a word or figure such as `three` or `3` means."""
    low = text.lower()
    return int(low) if low.isdigit() else _COUNTS.index(low) if low in _COUNTS else None


def sentences(text: str) -> list[str]:
    """Sentences and lines of `text`, without empty ones."""
    parts = [
        part.strip()
        for part in re.split(
            r"(?<=[.!?])(?<!^\d\.)(?<!^\d\d\.)(?<![:;,.] \d\.)(?<!\bDr\.)(?<!\bM[rs]\.)(?<!\bMrs\.)"
            r"(?<!\bProf\.)\s+(?=[A-Z0-9\"'(#*-])(?!(?:Jan|Feb|M[äa]r|Apr|Ma[iy]|Jun|Jul|Aug|Sep|O[ck]t|Nov|De[cz])"
            r"[a-zäöü]* \d{4})|\n+",
            text,
            flags=re.M,
        )
        if part.strip()
    ]
    joined: list[str] = []
    for part in parts:  # `Wow! Media` is a name, not two sentences
        if joined and re.fullmatch(r"[A-Z]\w*!", joined[-1]):
            joined[-1] += f" {part}"
        else:
            joined.append(part)
    return joined


def clauses(goal: str) -> list[str]:
    """A goal cut where a new order begins: at full stops, `then`, and before a further verb.

    >>> clauses("Research A, B and C, compare prices and then write a report.")
    ['Research A, B and C', 'compare prices', 'write a report']
    """
    text = _method(re.sub(r"^\s*(?:\d+[.)]|[-*•])\s+", ". ", goal, flags=re.M))
    text = re.sub(r"((?:[,&]|\band) [A-Z]\w*)! (?=[A-Z])", r"\1\0", text)
    rough = re.split(
        (
            r"(?<=[\w)\"'%])(?<!\b\d)(?<!\b\d\d)[.;!](?=\s|$)|(?<=\d)\.(?=\s*$|"
            r"\s+(?!\w+ \d{4})[A-Z])|(?<=\?)\s+|\n+|,?\s*\b(?:and )?(?:then|"
            r"finally|afterwards|after that)\b,?|[,;]?\s+(?=(?:or else|otherwise)\b)"
        ),
        text,
    )
    return [
        clause.replace("\0", "! ") for part in rough for clause in _at_verbs(part) if pieces(clause)
    ]


def _method(goal: str) -> str:
    """`Write the report: load the tickets, count them` spells out how: the heading is no order of
    its own.
    """
    match = re.match(r"([A-Z]\w+) [^.:\n]*:\s+(?=([a-z]+) [^\n]*,)", goal)
    spelled = (
        match
        and verb_kind(match[2])
        and verb_kind(match[1]) in ("write", "draft", "make", "answer")
    )
    return goal[match.end() :] if match and spelled else goal


def _at_verbs(part: str) -> list[str]:
    """Split at a comma or `and` that an imperative verb follows."""
    found: list[str] = []
    for piece in re.split(r"(,\s*(?:and\s+)?|\s+and\s+)", part):
        is_sign = re.fullmatch(r",\s*(?:and\s+)?|\s+and\s+", piece) is not None
        first = (piece.split() or [""])[0]
        order = first.islower() and (
            (first in _VERB_KIND and len(piece.split()) > 1) or _commands(piece)
        )
        if found and not is_sign and order and len(found[-1].split()) > 1:
            found[-1] = found[-1].rstrip(" ,").removesuffix(" and").rstrip(" ,")
            found.append(piece)
        elif found:
            found[-1] += piece
        elif not is_sign:
            found.append(piece)
    return [
        re.sub(r"^(?:please|also|now|next|first|so)\b,?\s*", "", clause.strip(" ,.:"), flags=re.I)
        for clause in found
    ]


def _commands(piece: str) -> bool:
    """`lock the door`: a word that is no small one before an article or a pronoun is a verb."""
    match = re.match(r"([a-z]{3,}) (?:the|a|an|it|them|my|our|his|her|their|this|these)\b", piece)
    return match is not None and match[1] not in STOP and not match[1].endswith(("ing", "ed"))


def entities(goal: str) -> list[str]:
    """The things a goal lists side by side: `competitors A, B and C`, `Python vs Rust`.

    >>> entities("Compare competitors A, B and C of Acme")
    ['competitor A', 'competitor B', 'competitor C']
    """
    listing = re.compile(
        rf"(\b[a-z]+ )?((?:{_NAME}){_LIST_SIGN}(?:{_NAME})(?:{_LIST_SIGN}(?:{_NAME}))*)"
    )
    found: list[str] = []
    for match in listing.finditer(_without_first_verb(goal)):
        each = [part for part in re.split(_LIST_SIGN, match[2]) if part]
        noun = (match[1] or "").strip()
        if all(len(part) <= 2 for part in each) and noun.endswith("s"):
            each = [f"{noun[:-1]} {part}" for part in each]
        found = each if len(each) > len(found) else found
    return found or _plain_list(goal)


def _without_first_verb(goal: str) -> str:
    """Sentences begin with a capital that names nothing."""
    return re.sub(
        r"(^|[.:;!?]\s+|\n)([A-Z][a-z]+)(?= )",
        lambda m: m[1] + (m[2].lower() if verb_kind(m[2]) else m[2]),
        goal,
    )


def _plain_list(goal: str) -> list[str]:
    """`Compare solar, wind and hydro power`: a list in small letters after a gathering verb."""
    verbs = (
        "|".join(f"{KINDS[kind]} check" for kind in ("search", "compare"))
        .replace(" ", "|")
        .replace("||", "|")
    )
    match = re.search(
        (
            rf"\b(?:{verbs})\b\s+(?:the )?(?:\w+ of )?((?:[\w-]+ ?){{1,3}}(?:, "
            rf"(?:[\w-]+ ?){{1,3}})*,? and (?:[\w-]+))"
        ),
        goal,
        re.I,
    )
    each = (
        [part.strip() for part in re.split(r",\s*(?:and\s+)?|\s+and\s+", match[1])] if match else []
    )
    plain = len(each) >= 3 or (len(each) == 2 and "compare" in goal.lower())
    return each if plain and not any(verb_kind(first_word(part)) for part in each if part) else []


def proper_names(text: str) -> list[str]:
    """Capitalised names, in order, each once; first words of sentences only if they recur or are
    joined.
    """
    body = _without_first_verb(text)
    names = [match[0] for match in re.finditer(_NAME, body)]
    return [name for name in dict.fromkeys(names) if name.lower() not in STOP and len(name) > 1]
