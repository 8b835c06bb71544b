"""Questions about what stands in view: which, how much, when, who, yes or no, in what order; never
from memory.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from planlab.simulated import measures, senses, words
from planlab.simulated.facts import Fact, background, evidence, figure
from planlab.simulated.measures import Measure
from planlab.simulated.scene import Scene
from planlab.simulated.tasks import FORM

_KINDS: tuple[tuple[str, str], ...] = (
    ("truth", r"^\W*(?:is|are|was|were|does|do|did|has|have|had|can|could|may|must|will|should)\b"),
    (
        "price",
        r"\bhow much\b.*\b(?:cost|pay|charge|price|worth|is|are|earn)\b|\b(?:what|how much) "
        r"(?:do|does|did|would|will)\b.*\b(?:cost|charge)|\b(?:price|cost|fee|fare|rent|salary|deposit)\b",
    ),
    ("count", r"\bhow (?:many|much)\b|\bnumber of\b|\bcount\b"),
    ("size", r"\bhow (?:long|tall|high|far|deep|wide|heavy|old|big|large|fast|hot|cold|often)\b"),
    ("time", r"\bwhen\b|\bwhat time\b|\bhours\b|\bhow late\b|\b(?:what|which) (?:day|date|year)\b"),
    ("person", r"\bwho(?:se|m)?\b"),
    ("place", r"\bwhere\b|\b(?:in|on|at|from|to) (?:which|what)\b"),
    ("reason", r"\bwhy\b"),
)
_ASKING = frozenset(
    words.content(
        "find tell give list look say show know need want please many much name number count check "
        "get report text state answer reply question kind one word day date time year according "
        "exactly like much together total more than difference between"
    )
)
_PLACE = re.compile(
    r"\b(?:in|at|on|to|from|near|under|behind) ((?:the )?[\w'-]+(?: [A-ZÀ-Þ0-9][\w'-]*)*)"
)
_TWO = re.compile(
    r"(?P<gap>\bdifference\b|\bhow much \w*er\b|\bhow (?:much|many) more\b|\bmore .* than\b)"
    r"|(?P<sum>\b(?:together|in total|altogether|combined|in all|total)\b)",
    re.I,
)
_YEAR = re.compile(r"\b1[0-9]\d\d\b|\b20\d\d\b")


@dataclass(frozen=True)
class Question:
    """What is asked: its sentence, its weighty stems, the kind of answer, what compares."""

    text: str
    wanted: tuple[str, ...]
    kind: str = ""
    sign: int = 0  # 1 when the smaller figure is meant, -1 when the larger
    highest: bool = False
    family: str = ""
    noun: str = ""  # what is counted
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A name with the figure that is stated for it."""

    name: str
    measure: Measure
    fact: Fact

    @property
    def value(self) -> float:
        """The figure as a number."""
        return self.measure.value


@dataclass(frozen=True)
class Reply:
    """What is answered: yes or no, rows in the order asked for, what to say, the bare value."""

    truth: bool | None = None
    rows: tuple[Row, ...] = ()
    sentences: tuple[str, ...] = ()
    value: str = ""


def reply(scene: Scene) -> Reply | None:
    """What the evidence answers to the goal's question, or None when it does not."""
    asked = parse(scene.orders or scene.goal)
    if not asked.text:
        return None
    for found in (evidence(scene), background(scene)):
        if found and (answered := answer(asked, found, scene)):
            return answered
    return None


def parse(goal: str) -> Question:
    """The question of a goal."""
    text = question(goal)
    kind = next((kind for kind, form in _KINDS if re.search(form, text, re.I)), "")
    noun = re.search(
        r"\bhow many (?:of (?:the|these|those|[\w-]+'s|[\w'-]+s') )?([a-z]+)|"
        r"\bnumber of ([a-z]+)",
        text,
        re.I,
    )
    sign, highest, family = comparison(text)
    wanted = tuple(stem for stem in senses.meant(text) if stem not in _ASKING)
    return Question(
        text,
        wanted,
        kind,
        sign,
        highest,
        family,
        words.stem((noun[1] or noun[2]).lower()) if noun else "",
        tuple(measures.names(re.sub(r"^\W*\w+", "", text))),
    )


def question(goal: str) -> str:
    """The sentence of a goal that asks, without orders on the form of the answer."""
    asking = [part for part in words.sentences(goal) if not FORM.search(part)] or [goal]
    return next((part for part in reversed(asking) if part.endswith("?")), " ".join(asking))


def comparison(text: str) -> tuple[int, bool, str]:
    """Which end of a scale a text means: 1 for the smaller figure, -1 for the larger, 0 for none;
    whether the very end; and the scale.
    """
    plain = re.sub(r"\bhow \w+|\bat (?:most|least)\b|\b(?:no|any) (?:more|less|longer)\b", "", text)
    said = re.findall(r"[a-z]+", plain.lower())
    for place, word in enumerate(said):
        if found := senses.grade(word):
            sign, family, highest = found
            less = place and said[place - 1] in ("less", "least")
            if word in ("most", "least", "more", "less") and place + 1 < len(said):
                family = next((f[1] for f in [senses.grade(said[place + 1])] if f), family)
                if inner := senses.grade(said[place + 1]):
                    sign = inner[0] if word in ("most", "more") else -inner[0]
            graded = highest or word.endswith("er") or word in ("more", "less", "fewer")
            if graded or re.search(r"\b(?:rank|sort|order|top)\b", text, re.I):
                return (-sign if less else sign), highest, family
    return 0, False, ""


def direction(text: str) -> int:
    """1 when the smaller figure is meant, -1 when the larger, 0 when nothing compares."""
    return comparison(text)[0]


def answer(asked: Question, found: Sequence[Fact], scene: Scene) -> Reply | None:
    """What these facts say to a question."""
    if asked.kind == "truth" and (truth := _truth(asked, found)) is not None:
        return Reply(truth, sentences=tuple(fact.said for fact in best(asked, found)[:1]))
    chooses = asked.sign and " or " in asked.text
    if asked.kind == "truth" and not chooses and not any(fact.seen for fact in found):
        return None
    ways: list[Callable[[], Reply | None]] = [
        lambda: _compared(asked, found),
        lambda: _each(asked, found, scene),
    ]
    if (
        not chooses
        and not re.match(r"\W*(?:which|who)\b", asked.text, re.I)
        and not _TWO.search(asked.text)
    ):
        ways.reverse()  # `When does the first train leave A and B?` asks of each
    for way in ways:
        if made := way():
            return made
    return _priced(asked, found) or _stated(asked, found)


def _priced(asked: Question, found: Sequence[Fact]) -> Reply | None:
    """What several pieces cost, from the price of one: `What do 12 postcards cost?`"""
    wanted = _PIECES.findall(asked.text)
    if asked.kind != "price" or not wanted:
        return None
    money = replace(asked, family="price")
    rows = [row for row in table(money, found) if _is_price(row)]
    told, parts, value = [], [], 0.0
    for number, thing in wanted:
        count = words.count_word(number) or (12 if "dozen" in number else 0)
        named = [
            row for row in rows if words.stem(thing) in words.content(row.name + row.fact.said)
        ]
        row = next(iter(named or (rows if len(rows) == len(wanted) == 1 else [])), None)
        if not count or not row or re.search(rf"\b{number}\b", row.fact.text):
            return None
        told.append(row)
        parts.append(f"{count} * {row.value:g}")
        value += count * row.value
    total = _like(told[0], round(value, 2))
    return Reply(sentences=(f"{' + '.join(parts)} = {total}.",), value=total)


_PIECES = re.compile(
    r"\b(\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|a dozen)"
    r"(?: of (?:the|these|those))? "
    r"(?!(?:percent|euros?|dollars?|pounds?|francs?|years?|days?|o'clock)\b)([a-z]{3,})",
    re.I,
)


def _is_price(row: Row) -> bool:
    """Whether a row's figure is an amount of money, by its sign or by its key."""
    keys = [key for key, value in row.fact.fields if _measure(value).text == row.measure.text]
    return row.measure.kind == "price" or any(
        senses.near(["pric"], words.content(key.replace("_", " "))) >= 0.5 for key in keys
    )


# ---- rows side by side


def table(asked: Question, found: Sequence[Fact]) -> list[Row]:
    """A row for each thing that the facts give the wanted figure of."""
    made: dict[str, Row] = {}
    for fact in found:
        for row in _records(asked, fact) if fact.fields else _told(asked, fact):
            made.setdefault(row.name.lower(), row)
    kinds = [row.measure.kind for row in made.values()]
    kind = "price" if "price" in kinds and asked.family in ("price", "") else ""
    kind = kind or ("time" if asked.family == "time" and "time" in kinds else "")
    return [row for row in made.values() if not kind or row.measure.kind == kind]


def _records(asked: Question, fact: Fact) -> list[Row]:
    """The row of a record: its name and the cell that the question is about."""
    cells = {key: value for key, value in fact.fields if measures.number(value) is not None}
    texts = [str(v) for k, v in fact.fields if k not in cells and isinstance(v, str)]
    plain = {key: value for key, value in cells.items() if not re.search(r"\bid$|_id$", key)}
    if len(fact.fields) > 1 and not texts and len(plain) == len(fact.fields):
        return [_row(str(key), value, fact) for key, value in plain.items()]
    if not plain:
        return []
    key = max(plain, key=lambda key: _bearing(asked, key, plain[key]))
    name = texts[0] if texts else fact.label
    first, value = next(iter(fact.fields))
    if not texts and first != key:
        name = str(value)
    return [_row(name or key, plain[key], fact)]


def _row(name: str, value: object, fact: Fact) -> Row:
    return Row(name, _measure(value), fact)


def _measure(value: object) -> Measure:
    read = measures.measures(str(value)) if isinstance(value, str) else []
    return read[0] if read else Measure(figure(value), measures.number(value) or 0.0, "number")


def _bearing(asked: Question, key: str, value: object) -> float:
    """How much a record's key is what is asked for."""
    said = words.content(key.replace("_", " "))
    scale = [words.stem(asked.family)] if asked.family else []
    kind = _measure(value).kind
    fits = (kind == "price" and asked.family == "price") or (
        kind == "time" and asked.kind == "time"
    )
    own = sum(max((senses.akin(stem, other) for other in said), default=0) for stem in asked.wanted)
    return own + 0.8 * senses.near(scale, said) + 0.5 * fits


def _told(asked: Question, fact: Fact) -> list[Row]:
    """The rows of a sentence: of each clause the figure that bears on the question."""
    parts = measures.clauses(fact.text)
    made = []
    for part in parts:
        figures = measures.measures(part)
        if not figures:
            continue
        chosen = max(figures, key=lambda each: _fitting(asked, each, part))
        own = measures.subject(part, chosen)
        page = fact.label and (len(parts) == 1 or not own[:1].isupper())
        bare = len(fact.text.split()) <= 6 and fact.label
        if name := fact.label if page or bare else own:
            made.append(Row(name, chosen, fact))
    return made


def _fitting(asked: Question, measure: Measure, text: str) -> float:
    around = words.content(f"{measure.unit} {text[max(0, measure.start - 25) : measure.start]}")
    scale = [words.stem(asked.family)] if asked.family else []
    price = measure.kind == "price" and (asked.family == "price" or asked.kind == "price")
    time = measure.kind in ("time", "date") and (asked.kind == "time" or asked.family == "time")
    unit = words.stem(measure.unit.lower())
    return (
        2.0 * price
        + 1.5 * time
        + 2.0 * (bool(unit) and unit == asked.noun)
        + senses.near(scale, around)
        + sum(senses.akin(stem, unit) for stem in asked.wanted if unit) * 0.5
        + 0.1 * bool(measure.kind == "price")
        - 0.2 * bool(_YEAR.fullmatch(measure.text))
    )


def _compared(asked: Question, found: Sequence[Fact]) -> Reply | None:
    """The ends, the order, the difference or the sum of rows."""
    ordering = re.search(r"\b(?:rank|sort|order)\b", asked.text, re.I)
    told = _TWO.search(asked.text)
    differs, summed = told and told["gap"], told and told["sum"]
    if not (asked.sign or differs or summed) or re.search(
        r"\bcompare\b|\breport\b", asked.text, re.I
    ):
        return None
    records = [fact for fact in found if fact.fields]
    fitting = matching(asked, records)
    rows = named_in(asked, table(asked, [f for f in found if not f.fields or f in fitting]))
    if len(rows) < 2:
        return None
    if summed and not asked.highest:
        return _sum(rows)
    if differs and len(rows) == 2:
        return _gap(rows)
    if not asked.sign:
        return None
    turned = asked.family == "speed" and _is_lapse(rows[0])
    turned = turned or (
        asked.family in ("age", "length") and all(_YEAR.fullmatch(r.measure.text) for r in rows)
    )
    sign = (
        -asked.sign if turned else asked.sign
    )  # the quicker takes less; who is older, or longer there, came earlier
    rows.sort(key=lambda row: sign * row.value)
    count = _top(asked.text)
    chooses = re.match(r"\W*(?:which|who|what is the)\b|.*\bor\b", asked.text, re.I)
    if not ordering and count is None and not asked.highest and not chooses:
        return None
    kept = rows if ordering and count is None else rows[: count or 1]
    lines = [f"{_cap(row.name)}: {row.measure.text} {row.measure.unit}".strip() for row in kept]
    return Reply(rows=tuple(kept), sentences=tuple(lines), value=kept[0].name)


def _is_lapse(row: Row) -> bool:
    return (
        senses.near([words.stem(row.measure.unit)], ["second", "minut", "hour", "min", "sec"]) > 0
    )


def _sum(rows: Sequence[Row]) -> Reply:
    total = math.fsum(row.value for row in rows)
    told = " + ".join(row.measure.text for row in rows)
    value = _like(rows[0], total)
    return Reply(rows=tuple(rows), sentences=(f"Together {value} ({told}).",), value=value)


def _gap(rows: Sequence[Row]) -> Reply:
    value = _like(rows[0], abs(rows[0].value - rows[1].value))
    told = ", ".join(f"{row.name} {row.measure.text}" for row in rows)
    return Reply(sentences=(f"The difference is {value} ({told}).",), value=value)


def _like(row: Row, value: float) -> str:
    """A number written with the sign of money or the unit that a row's figure has."""
    written = f"{value:,.2f}".removesuffix(".00")
    sign = re.match(r"[$€£]", row.measure.text)
    return f"{sign[0] if sign else ''}{written} {row.measure.unit}".strip()


def _top(text: str) -> int | None:
    """How many are wanted: `the two best`, `top 3`."""
    match = re.search(r"\b(?:top|the|best|first) (\d+|two|three|four|five|six)\b", text, re.I)
    return words.count_word(match[1]) if match else None


def named_in(asked: Question, rows: Sequence[Row]) -> list[Row]:
    """The rows that the question names, or all where it names fewer than two."""
    said = words.content(asked.text)
    named = [row for row in rows if words.overlap(words.content(row.name), said) == 1]
    return named if len(named) >= 2 else list(rows)


# ---- yes or no


def _truth(asked: Question, found: Sequence[Fact]) -> bool | None:
    """Yes or no, where the facts say so."""
    text = asked.text
    if match := re.search(
        r"\b(?:mention|contain|speak of|say anything about)s? (?:an? |the )?([\w -]+)", text, re.I
    ):
        said = words.content(" ".join(fact.text for fact in found))
        return words.overlap(words.content(match[1]), said) == 1
    if (compared := _is_more(asked, found)) is not None:
        return compared
    if (cell := _flag(asked, found)) is not None:
        return cell
    if days := senses.weekdays(text):
        return _on_days(asked, found, days)
    likely = best(asked, found)
    if not likely:
        return None
    if (inside := _within(asked, likely[0].text)) is not None:
        return inside
    parts = re.split(r";\s+|,?\s+(?:but|while|whereas|although)\s+", _clause(asked, likely[0]))
    claim = max(parts, key=lambda part: senses.near(asked.wanted, senses.meant(part)))
    if senses.near(asked.wanted, senses.meant(f"{claim} {likely[0].around}")) < 0.6:
        return None
    return senses.is_negated(claim) == senses.is_negated(text)


def _is_more(asked: Question, found: Sequence[Fact]) -> bool | None:
    """`Is A cheaper than B?`, `Does it cost more than 20 euros?`"""
    match = re.search(r"(.+?)\bthan\b(.+)", asked.text, re.I)
    if not match or not asked.sign:
        return None
    rows = table(asked, found)
    one, two = (_named(rows, side) for side in match.groups())
    bound = measures.measures(match[2])
    other = two.value if two else bound[0].value if bound else None
    one = one or (rows[0] if bound and len(rows) == 1 else None)
    return asked.sign * one.value < asked.sign * other if one and other is not None else None


def _named(rows: Sequence[Row], text: str) -> Row | None:
    said = words.content(text)
    return next((row for row in rows if words.overlap(words.content(row.name), said) >= 1), None)


def _flag(asked: Question, found: Sequence[Fact]) -> bool | None:
    """A record's own yes or no under a key that the question asks about."""
    for fact in best(asked, found):
        for key, value in fact.fields:
            said = words.content(key.replace("_", " "))
            if isinstance(value, bool) and any(stem in said for stem in asked.wanted):
                return value
    return None


def _on_days(asked: Question, found: Sequence[Fact], days: Sequence[str]) -> bool | None:
    """Whether something holds on a day: by the statement on that day, else by a list without it."""
    wanted = [stem for stem in asked.wanted if stem not in [words.stem(day) for day in days]]
    listed: bool | None = None
    for fact in found:
        for part in re.split(r"[;,.]\s+|\s(?:and|but)\s(?=closed|open|shut|not)", fact.text):
            named = senses.weekdays(part)
            if named and senses.near(wanted, senses.meant(f"{part} {fact.around}")) > 0:
                same = senses.is_negated(part) == senses.is_negated(asked.text)
                if set(days) <= set(named):
                    return same
                listed = not same
    return listed


def _within(asked: Question, text: str) -> bool | None:
    """Whether a time or number of the question lies in the range that a text states."""
    own, stated = measures.measures(asked.text), measures.measures(text)
    times = [each for each in stated if each.kind == "time"]
    hour = re.search(r"\bat (\d{1,2})(?::(\d\d))?", asked.text)
    if len(times) == 2 and (own or hour):
        moment = own[0].value if own and own[0].kind == "time" else int(hour[1]) * 60 if hour else 0
        return times[0].value <= moment <= times[1].value
    return None


# ---- what the texts state


def best(asked: Question, found: Sequence[Fact]) -> list[Fact]:
    """The facts that bear most on a question, the best first; those hardly worse are kept."""
    said = [
        (senses.meant(f.text), senses.meant(f"{f.label} {f.around}"))
        if f.label in f.around
        else (senses.meant(f"{f.label} {f.text}"), senses.meant(f.around))
        for f in found
    ]
    weights = {}
    for stem in asked.wanted:
        hits = sum(
            any(senses.akin(stem, other) >= 0.8 for other in [*own, *near]) for own, near in said
        )
        weights[stem] = math.log(1 + len(found) / hits) if hits else 0.5

    def worth(index: int) -> float:
        own, near = said[index]
        score = sum(
            weight * max(senses.near([stem], own), 0.7 * senses.near([stem], near))
            for stem, weight in weights.items()
        )
        holds = asked.kind not in ("", "truth") and _holds(asked, found[index])
        return score * (1.3 if holds else 1.0) + 0.1 * holds

    scores = [worth(index) for index in range(len(found))]
    top = max(scores, default=0.0)
    order = sorted(range(len(found)), key=lambda index: -scores[index])
    return [found[index] for index in order if top > 0.11 and scores[index] >= 0.93 * top]


def _holds(asked: Question, fact: Fact) -> bool:
    """Whether a fact has a figure or a name of the kind that is asked for."""
    if not fact.fields or asked.kind in ("count", "size", "reason"):
        return bool(_values(asked, fact))
    worths = [_bearing(asked, key, v) + _kindred(asked, key, v) for key, v in fact.fields]
    return max(worths) > 0.3


def _clause(asked: Question, fact: Fact) -> str:
    """The part of a sentence that answers, where it lists several figures."""
    parts = measures.clauses(fact.text)
    if len(parts) == 1:
        return fact.text
    shared = " ".join(
        parts[0].split()[:3]
    )  # whoever a clause without a subject of its own is about
    owned = [bool(re.match(r"(?:the|an?|our|my|its|\d)\b|[A-Z]", part)) for part in parts]
    told = [
        words.content(part if own else f"{shared} {part}")
        for part, own in zip(parts, owned, strict=True)
    ]
    plain = [stem for stem in words.content(asked.text) if stem not in _ASKING]
    scores = [
        sum(senses.near([stem], said) for stem in plain)
        + 2 * (bool(asked.noun) and asked.noun in said)
        - 0.1 * sum(senses.near([stem], plain) == 0 for stem in said if not stem[0].isdigit())
        for said in told
    ]
    top = max(scores)
    return fact.text if scores.count(top) > 1 else _cap(parts[scores.index(top)])


def _each(asked: Question, found: Sequence[Fact], scene: Scene) -> Reply | None:
    """A line for each of several things that the question names."""
    listed = words.entities(scene.orders or scene.goal)
    said = words.content(scene.goal)
    labels = list(dict.fromkeys(fact.label for fact in found if fact.seen and fact.label))
    asked_for = [label for label in labels if words.overlap(words.content(label), said) == 1]
    names = listed if len(listed) > 1 else asked_for if len(asked_for) > 1 else []
    lines: list[str] = []
    rows: list[Row] = []
    for name in names:
        own = [f for f in found if _says(name, f"{f.label} {f.text}")]
        about = own or [f for f in found if _says(name, f.around)]
        if about and (stated := _stated(asked, about)):
            text = stated.sentences[0]
            lines.append(text if _says(name, text) else f"{name}: {text}")
            rows += stated.rows[:1]
    return (
        Reply(rows=tuple(rows), sentences=tuple(dict.fromkeys(lines))) if len(lines) > 1 else None
    )


def _says(name: str, text: str) -> bool:
    return words.overlap(words.pieces(name), words.pieces(text)) == 1


def _stated(asked: Question, found: Sequence[Fact]) -> Reply | None:
    """The statement that answers, or the cells of the record that do."""
    records = [fact for fact in found if fact.fields]
    if asked.kind == "count" and (counted := _count(asked, records)):
        return counted
    likely = best(asked, found) or [fact for fact in found if fact.seen][:6]
    if not likely:
        return None
    if not likely[0].seen and not _bears(asked, likely[0]):
        return None
    lines = [_record(asked, fact) if fact.fields else _line(asked, fact) for fact in likely]
    values = _values(asked, likely[0])
    rows = [row for fact in likely if fact.fields for row in _records(asked, fact)[:1]]
    return Reply(
        rows=tuple(rows),
        sentences=tuple(dict.fromkeys(lines[: 12 if likely[0].fields else 3])),
        value=values[0] if values else "",
    )


def _line(asked: Question, fact: Fact) -> str:
    """A statement as it is said; a bare figure with what it counts."""
    text = _clause(asked, fact)
    if re.fullmatch(r"[$€£]?-?[\d,.]+", text):
        noun = re.search(
            r"\bhow many ([a-z ]+?)(?= (?:are|is|were|do|does|did|has|have|will|can)\b)",
            asked.text,
            re.I,
        )
        text = f"{text} {noun[1]}" if noun else text
        return f"{fact.label}: {text}" if fact.label else f"The answer is {text}."
    known = words.overlap(words.pieces(fact.label), words.pieces(text)) == 1
    return text if known or not fact.label else f"{fact.label}: {text}"


def _bears(asked: Question, fact: Fact) -> bool:
    """Whether a statement of the prompt is near enough to answer."""
    share = senses.near(asked.wanted, senses.meant(f"{fact.text} {fact.around}"))
    if asked.kind in ("person", "time", "price", "count", "size", "reason", "place"):
        return share >= 0.3 and bool(_values(asked, fact))
    return share >= 0.3


def _count(asked: Question, records: Sequence[Fact]) -> Reply | None:
    """How many records match, where no cell gives a count."""
    cells = [
        key
        for fact in records
        for key, value in fact.fields
        if measures.number(value) is not None
        and not _numbers_rows(asked, key)
        and not _bound(asked, fact, key)
        and (_bearing(asked, key, value) > 0 or key in ("value", "n", "count", "number", "total"))
    ]
    if len(records) < 2 or cells or any(fact.source != records[0].source for fact in records):
        return None
    kept = matching(asked, records)
    told = [fact.label if _tells_apart(fact, records) else fact.text for fact in kept]
    lines = f": {'; '.join(told)}" if told else ""
    return Reply(sentences=(f"{len(kept)}{lines}.",), value=str(len(kept)))


def _tells_apart(fact: Fact, records: Sequence[Fact]) -> bool:
    return bool(fact.label) and sum(other.label == fact.label for other in records) == 1


def _numbers_rows(asked: Question, key: str) -> bool:
    """Whether a key names the row itself: `order: 101` when orders are counted, `id`, `no`."""
    last = words.pieces(key)[-1:]
    own = not key.endswith("s") and re.search(rf"\b{re.escape(key)}s\b", asked.text, re.I)
    return bool(own) or last in (["id"], ["no"], ["nr"], ["number"])


_BOUND = re.compile(
    r"\b(?:(?P<less>before|under|below|(?:less|fewer|cheaper|younger|earlier|lower) than|up to|"
    r"at most)|(?P<more>after|over|above|since|at least|from|"
    r"(?:more|older|dearer|later|higher|longer|heavier) than)) (?P<value>[$€£]?\d[\d,.]*)(?![\d:])",
    re.I,
)


def _bound(asked: Question, fact: Fact, key: str) -> bool:
    """Whether the question sets a limit to the figure under a key."""
    match = _BOUND.search(asked.text)
    return bool(match) and key == _limited_key(asked, fact, match["value"] if match else "")


def _limited_key(asked: Question, fact: Fact, limit: str) -> str:
    """The key that a limit is about: of years for a year, else the one that bears most."""
    cells = {
        key: value
        for key, value in fact.fields
        if measures.number(value) is not None and not _numbers_rows(asked, key)
    }
    years = [key for key, value in cells.items() if _YEAR.fullmatch(str(value))]
    kept = years if _YEAR.fullmatch(limit) else [key for key in cells if key not in years]
    return max(kept, key=lambda key: _bearing(asked, key, cells[key]), default="")


def matching(asked: Question, records: Sequence[Fact]) -> list[Fact]:
    """The records that the question's words and limit single out, by the cells beside the name."""
    kept = [fact for fact in records if _within_bound(asked, fact)]
    sets = [[fact for fact in kept if _has(asked, fact, stem)] for stem in asked.wanted]
    told = [chosen for chosen in sets if chosen]
    if " or " in asked.text:
        return [fact for fact in kept if any(fact in chosen for chosen in told)] if told else kept
    for chosen in told:
        kept = [fact for fact in kept if fact in chosen] or kept
    return kept


def _within_bound(asked: Question, fact: Fact) -> bool:
    match = _BOUND.search(asked.text)
    key = _limited_key(asked, fact, match["value"]) if match else ""
    own, limit = measures.number(dict(fact.fields).get(key)), match and match["value"].rstrip(".,")
    if not match or own is None or (edge := measures.number(limit)) is None:
        return True
    if re.match(r"at|up|since|from", match[0], re.I) and own == edge:
        return True
    return own < edge if match["less"] else own > edge


def _has(asked: Question, fact: Fact, stem: str) -> bool:
    """Whether a cell of a record says a word, or is a yes under a key that does."""
    denies = senses.is_negated(asked.text)
    flags = [key for key, each in fact.fields if isinstance(each, bool) and each is not denies]
    texts = [each for _, each in fact.fields if isinstance(each, str) and each != fact.label]
    said = words.content(" ".join([*flags, *texts]).replace("_", " "))
    return any(senses.akin(stem, other) >= 0.8 for other in said)


def _record(asked: Question, fact: Fact) -> str:
    """A record's cells that are asked for, under its name."""
    chosen = _cells(asked, fact)
    name = fact.label
    said = "; ".join(
        figure(value) if key == "value" else f"{key.replace('_', ' ')}: {figure(value)}"
        for key, value in chosen
    )
    inside = any(str(value) == name for _, value in chosen)
    return f"{name}: {said}" if name and not inside else said


def _cells(asked: Question, fact: Fact) -> list[tuple[str, object]]:
    """The cells under the keys that the question is about; all where it is about none."""
    fresh = [
        (key, value)
        for key, value in fact.fields
        if words.overlap(words.content(str(value)), words.content(asked.text)) < 1
        or isinstance(value, (bool, int, float))
    ]
    worths = [_bearing(asked, key, value) + _kindred(asked, key, value) for key, value in fresh]
    top = max(worths, default=0.0)
    kept = [
        cell for cell, worth in zip(fresh, worths, strict=True) if top > 0 and worth >= 0.8 * top
    ]
    return kept or fresh or list(fact.fields)


def _kindred(asked: Question, key: str, value: object) -> float:
    """Whether a cell is of the kind that is asked for."""
    kind = _measure(value).kind
    told = words.content(key.replace("_", " "))
    if asked.kind == "time":
        return 0.6 * (kind in ("time", "date")) + 0.3 * senses.near(["tim"], told)
    if asked.kind == "price":
        return 0.6 * (kind == "price") + 0.5 * senses.near(["pric"], told)
    if asked.kind == "place":
        return 0.6 * senses.near(["plac"], told)
    if asked.kind == "person":
        return 0.4 * (isinstance(value, str) and bool(re.match(r"(?:Dr\.? )?[A-Z]", value)))
    return 0.0


def _values(asked: Question, fact: Fact) -> list[str]:
    """The parts of a fact that are of the kind that is asked for, the likeliest first."""
    if fact.fields:
        return [figure(value) for _, value in _cells(asked, fact)]
    text = _clause(asked, fact)
    told = words.pieces(asked.text)
    figures = [each for each in measures.measures(text) if each.text not in asked.text]
    if asked.kind in ("price", "count", "size"):
        figures.sort(key=lambda each: (-_fitting(asked, each, text), -_counts(asked, each, text)))
        kept = [f for f in figures if f.kind == "price"] if asked.kind == "price" else figures
        return [each.text for each in kept or figures]
    if asked.kind == "time":
        stated = [each.text for each in figures if each.kind in ("time", "date")]
        return [*stated, *_YEAR.findall(text), *map(str.title, senses.weekdays(text))]
    if asked.kind == "reason":
        return re.findall(r"\b(?:because(?: of)?|due to|since|after|as) ([^.;]+)", text)
    if asked.kind == "place":
        return [m[1] for m in _PLACE.finditer(text) if words.pieces(m[1])[-1:] != told[-1:]]
    named = [name for name in measures.names(text) if words.overlap(words.pieces(name), told) < 1]
    return named if asked.kind == "person" else [*named, *(each.text for each in figures)]


def _counts(asked: Question, measure: Measure, text: str) -> bool:
    """Whether a figure counts what is asked about: `14 goats`, `31,000 old books`."""
    behind = words.content(" ".join(text[measure.end :].split()[:3]))
    return bool(asked.noun) and asked.noun in behind


# ---- the form of the answer

_ONLY = (
    r"\b(?:only|just|nothing but)\W+(?:(?:with|the|a|an|its|of|by|in)\W+)*(?:[\w'-]+ )?(?:{0})\b"
    r"|\b(?:{0})\W+(?:only|alone)\b"
)


def short(scene: Scene, found: Reply) -> str | None:
    """The answer in the form that is asked for: only a number, a name, yes or no; None for a plain
    answer.
    """
    form = f"{scene.instructions}\n{scene.goal}\n{scene.ask}".lower()
    if found.truth is not None:
        brief = re.search(r"\byes or no\b|\bone word\b|\btrue or false\b", form)
        word = ("true", "false") if "true or false" in form else ("yes", "no")
        return word[not found.truth] if brief else None
    if re.search(_ONLY.format("number|figure|amount|price|digits?"), form):
        source = found.rows[0].measure.text if found.rows else found.value
        read = measures.measures(source or " ".join(found.sentences))
        return f"{read[0].value:g}" if read and read[0].value < 1e6 else (source or None)
    if re.search(_ONLY.format("names?|title|city|country|person|day|date|year|time"), form) or (
        re.search(r"\b(?:one|a single) word\b", form)
    ):
        value = found.rows[0].name if found.rows else found.value
        return value or None
    return None


def in_words(found: Reply) -> str:
    """The answer as sentences."""
    if found.truth is not None:
        return " ".join(["Yes." if found.truth else "No.", *found.sentences])
    return "\n".join(found.sentences) or "\n".join(row.fact.said for row in found.rows)


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:]
