"""Questions about what stands in view: which, how much, yes or no, in what order; never from
memory.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from planlab.simulated import words
from planlab.simulated.scene import Scene
from planlab.simulated.tasks import FORM

# A word that compares, and whether the smaller figure is meant.
_SMALLER = (
    "cheap cheaper cheapest low lower lowest least less few "
    "fewer fewest small smaller smallest cold colder coldest "
    "short shorter shortest early earliest young youngest light "
    "lightest inexpensive"
)
_LARGER = (
    "dear dearer dearest high higher highest most more large "
    "larger largest big bigger biggest warm warmer warmest hot "
    "hottest long longer longest great greatest top late latest "
    "old oldest heavy heaviest expensive costly"
)
_MONEY = re.compile(
    r"[$€£]\s?-?\d[\d,]*(?:\.\d+)?|-?\d[\d,]*(?:\.\d+)?(?= ?(?:dollars|"
    r"euros?|USD|EUR|CHF|pounds|degrees|°|units|percent|%|points))"
)
_FIGURE = re.compile(r"(?<![\w.])[$€£]?-?\d[\d,]*(?:\.\d+)?(?![\w-])")
_NAME = re.compile(
    r"[A-ZÀ-Þ][\w'&-]*(?:[ ](?:& )?(?:[A-ZÀ-Þ][\w'&-]*|\d+\b))*(?:, (?:Inc|Ltd|LLC)\b\.?)?"
)


@dataclass(frozen=True)
class Record:
    """A name with the figure that a text gives for it."""

    name: str
    figure: str  # as written, with its sign of money
    text: str

    @property
    def value(self) -> float:
        """The figure as a number."""
        return float(re.sub(r"[^\d.-]", "", self.figure) or 0)


@dataclass(frozen=True)
class Reply:
    """What the texts answer: yes or no, or records in the order asked for."""

    truth: bool | None = None
    records: tuple[Record, ...] = ()
    sentences: tuple[str, ...] = ()


def lines(scene: Scene) -> list[str]:
    """All statements in view: of the prompt, of the results, each result under what it was asked
    for.
    """
    found = [
        line
        for text in (scene.statements, scene.material, scene.draft)
        for line in words.sentences(text)
    ]
    for seen in scene.observations:
        if seen.error or not seen.tool:
            continue
        asked = ", ".join(str(value) for value in seen.arguments.values() if isinstance(value, str))
        for line in _flat(seen.value):
            known = any(word in words.pieces(line) for word in words.pieces(asked))
            found.append(
                line
                if known or not asked or _NAME.search(line)
                else f"{asked.split(',')[0]}: {line}"
            )
    return list(dict.fromkeys(found))


def _flat(value: object) -> list[str]:
    if isinstance(value, list):
        return [line for each in value for line in _flat(each)]
    if isinstance(value, dict):
        text = next(
            (
                str(value[key])
                for key in ("text", "content", "snippet", "answer", "body")
                if isinstance(value.get(key), str)
            ),
            "",
        )
        return words.sentences(text) or [
            "; ".join(
                f"{key}: {each}"
                for key, each in value.items()
                if not isinstance(each, (dict, list))
            )
        ]
    return words.sentences(str(value))


def records(found: Sequence[str]) -> list[Record]:
    """A record for each line with a name and a figure; a price counts before another figure."""
    made: dict[str, Record] = {}
    for line in found:
        money, plain = _MONEY.search(line), list(_FIGURE.finditer(line))
        figure = money or (plain[-1] if plain else None)
        names = [
            match[0]
            for match in _NAME.finditer(line)
            if match[0].lower() not in words.STOP
            and (figure is None or match.start() < figure.start())
        ]
        if figure and names:
            made.setdefault(
                names[-1] if len(names[-1]) > 1 else line[: figure.start()].strip(" :-"),
                Record(names[-1], figure[0], line),
            )
    return list(made.values())


def reply(scene: Scene) -> Reply | None:
    """What the lines in view answer to the goal's question, or None when they do not."""
    asked, found = question(scene.orders or scene.goal), lines(scene)
    if not asked or not found:
        return None
    rows = _named_in(asked, records(found))
    sign = direction(asked)
    if len(rows) >= 2 and re.search(r"\b(?:rank|sort|order)\b", asked, re.I) and sign:
        return Reply(records=tuple(sorted(rows, key=lambda row: sign * row.value)))
    if (truth := _truth(asked, rows, found, sign)) is not None:
        return Reply(truth=truth)
    if len(rows) >= 2 and sign and not re.search(r"\b(?:compare|report)\b", asked, re.I):
        return Reply(records=(min(rows, key=lambda row: sign * row.value),))
    return _stated(asked, found)


def question(goal: str) -> str:
    """The sentence of a goal that asks, without orders on the form of the answer."""
    asking = [part for part in words.sentences(goal) if not FORM.search(part)] or [goal]
    return next((part for part in reversed(asking) if part.endswith("?")), " ".join(asking))


def direction(text: str) -> int:
    """1 when the smaller figure is meant, -1 when the larger, 0 when nothing compares."""
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in _SMALLER.split():
            return 1
        if word in _LARGER.split():
            return 1 if re.search(rf"\b(?:less|least) {word}", text.lower()) else -1
    return 0


def _named_in(asked: str, rows: Sequence[Record]) -> list[Record]:
    """The records that the question names, or all where it names none."""
    said = words.pieces(asked)
    named = [row for row in rows if all(piece in said for piece in words.pieces(row.name))]
    return named if len(named) >= 2 else list(rows)


def _truth(asked: str, rows: Sequence[Record], found: Sequence[str], sign: int) -> bool | None:
    """Yes or no, where the question can be answered so."""
    if match := re.search(
        r"\b(?:is|are|does|was|costs?) (.+?) (?:\w+er|(?:more|less) \w+) than (.+?)[?.]",
        asked,
        re.I,
    ):
        one, two = (
            next(
                (
                    row
                    for row in rows
                    if words.overlap(words.pieces(row.name), words.pieces(side)) == 1
                ),
                None,
            )
            for side in match.groups()
        )
        return sign * one.value < sign * two.value if one and two and sign else None
    if match := re.search(
        r"\b(?:mention|contain|say anything about|speak of|include)s? (?:an? |the )?([\w -]+)",
        asked,
        re.I,
    ):
        yes_no = re.match(r"(?:does|do|is|did)\b", asked, re.I)
        return (
            words.overlap(words.content(match[1]), words.content(" ".join(found))) == 1
            if yes_no
            else None
        )
    return None


def _stated(asked: str, found: Sequence[str]) -> Reply | None:
    """The lines that say what is asked: those that name its names, else those that share its
    words.
    """
    wanted = [word for word in words.content(asked) if word not in _ASKING]
    names = [name for name in words.proper_names(asked) if name.lower() not in words.STOP]
    named = [
        line
        for line in found
        if any(words.overlap(words.pieces(name), words.pieces(line)) == 1 for name in names)
    ]
    best = [
        line
        for line in (named or found)
        if words.overlap(wanted, words.content(line)) >= 0.5
        or (named and any(map(str.isdigit, line)))
    ]
    listed = tuple(row for row in records(best))
    return Reply(records=listed, sentences=tuple(best[:6])) if best else None


_ASKING = frozenset(
    words.content(
        "find tell give list look say show know need want know charge "
        "cost price month each company out much many"
    )
)


def short(scene: Scene, found: Reply) -> str | None:
    """The answer in the form that is asked for: only a number, a name, yes or no; None for a plain
    answer.
    """
    form = f"{scene.instructions}\n{scene.goal}\n{scene.ask}".lower()
    if found.truth is not None:
        return "yes" if found.truth else "no"
    row = found.records[0] if found.records else None
    if row and re.search(
        (
            r"\b(?:the |a )?(?:number|figure|amount|price) (?:only|alone)|"
            r"\bonly (?:the |a )?(?:number|figure|amount|price)"
        ),
        form,
    ):
        return f"{row.value:g}"
    if row and re.search(
        r"\bname (?:only|alone)|\bonly (?:the |a )?(?:[\w']+ )?name|\bone word", form
    ):
        return row.name
    return None


def in_words(found: Reply) -> str:
    """The answer as sentences."""
    if found.truth is not None:
        return "Yes." if found.truth else "No."
    return "\n".join(found.sentences) or "\n".join(row.text for row in found.records)
