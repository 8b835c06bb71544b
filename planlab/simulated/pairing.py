"""Which thing of a text goes to which parameter: by type, by the words beside it, by order; no
thing is taken twice.
"""

import re
from collections.abc import Mapping, Sequence

from planlab.simulated import words
from planlab.simulated.fields import date_for
from planlab.simulated.scene import Tool
from planlab.simulated.spans import Span, spans

# What a parameter wants, by the words of its name: the kinds of things that fit, with their worth.
_WANTS: tuple[tuple[str, str, dict[str, float]], ...] = (
    ("mail", "email mail mailto recipient recipients", {"mail": 8, "name": 3, "phrase": 0.5}),
    ("to", "to payee receiver beneficiary", {"mail": 8, "name": 4, "code": 2, "phrase": 1}),
    ("url", "url link uri website", {"url": 8}),
    ("path", "path file filename filepath", {"path": 8}),
    ("day", "weekday day", {"day": 7, "date": 6}),
    ("date", "date when deadline since until due month", {"date": 7, "day": 6}),
    ("time", "time hour clock at", {"time": 8}),
    (
        "id",
        "id identifier ref reference number no code digits pin sku isbn plate key serial",
        {"code": 7, "figure": 4},
    ),
    (
        "text",
        "title phrase sentence word quote text name message",
        {"quoted": 7, "name": 3, "phrase": 1.5, "code": 1},
    ),
)
_ANYTHING = {
    "quoted": 5,
    "name": 2,
    "code": 1.8,
    "phrase": 2,
    "figure": 0.5,
    "day": 0.3,
    "date": 0.3,
    "time": 0.3,
}
# Units that people write, by the words of the parameter that they fit.
_UNITS: tuple[tuple[str, str], ...] = (
    ("percent percentage rate pct tax discount vat interest share tip", "% percent percentage pct"),
    (
        "price amount sum usd eur dollars euros cost net gross budget fee fare salary income bill",
        "$ € £ dollar dollars euro euros usd eur gbp chf franc francs pound pounds cents",
    ),
    ("kilo kilos kg kilogram weight mass", "kg kilo kilos kilograms kilogrammes"),
    ("celsius degrees degree temperature fahrenheit", "degrees degree celsius fahrenheit c f"),
    ("minute minutes duration length", "min minute minutes"),
    ("hour hours duration", "h hour hours"),
    ("age years", "years year"),
    ("day days", "day days"),
    ("distance miles km kilometres kilometers", "miles mile km kilometres kilometers metres"),
    ("people guests persons seats party size guest", "people guests persons seats of"),
)
LEADS: tuple[tuple[str, str], ...] = (
    ("origin from source start departure", "from"),
    ("destination to target into arrival recipient", "to into for"),
    (
        "city place location town country branch region area station room site",
        "in at near for from to",
    ),
    ("language lang", "in into to"),
)
_SMALL = ("after", "before", "from", "to", "at", "by", "until", "near", "for", "in", "on")
_ATTRIBUTED = ("which", "what", "many", "much", "how", "whose")  # before what is asked for
_COLOURS_WORDS = (
    "red blue green yellow black white grey gray brown pink purple orange beige navy silver "
    "gold golden turquoise violet cream khaki maroon teal "
)
_COLOURS = frozenset(_COLOURS_WORDS.split())


def sort_of(name: str, schema: Mapping[str, object]) -> str:
    """What kind of thing a parameter wants, by its type and name; "" for any."""
    if schema.get("format") in ("date", "date-time"):
        return "date"
    pieces = words.pieces(name)
    for sort, row, _ in _WANTS:
        if pieces and (pieces[-1] in row.split() or (pieces[0] in row.split() and sort == "date")):
            return sort
    return ""


def is_definite(name: str, schema: Mapping[str, object]) -> bool:
    """Whether a value must stand in view and may not be made up: a key, a figure, an address."""
    return schema.get("type") in ("integer", "number") or sort_of(name, schema) in (
        "id",
        "path",
        "mail",
        "url",
        "to",
        "date",
    )


def pair(
    wanted: Mapping[str, Mapping[str, object]], text: str, tool: Tool, used: Sequence[object] = ()
) -> dict[str, object]:
    """A value for each parameter that the text has a thing for.

    The best pair is made first; its thing, and what overlaps with it, is gone for the others.
    """
    found: dict[str, object] = {}
    for name in wanted:
        colour = next((w for w in re.findall(r"[A-Za-z]+", text) if w.lower() in _COLOURS), None)
        if colour and {"color", "colour"} & {*words.pieces(name)}:
            found[name] = colour
            text = re.sub(rf"\b{colour}\b ?", "", text, count=1)
    gone = [str(value) for value in used]
    things = [span for span in spans(text) if span.text not in gone]
    ranked = sorted(
        (
            (-worth, order + place, order, place)
            for order, (name, schema) in enumerate(wanted.items())
            for place, span in enumerate(things)
            if (worth := _worth(name, schema, span, text, tool)) > 0.1
        ),
    )
    names, taken = list(wanted), list[Span]()
    for _, _, order, place in ranked:
        name, span = names[order], things[place]
        free = all(span.end <= other.start or other.end <= span.start for other in taken)
        if name in found or not free:
            continue
        value = _value(name, wanted[name], span, text, tool)
        if value is not None:
            found[name] = value
            taken.append(span)
    return found


def _worth(name: str, schema: Mapping[str, object], span: Span, text: str, tool: Tool) -> float:
    if schema.get("type") in ("integer", "number"):
        return _figure_worth(name, schema, span, tool)
    sort = sort_of(name, schema)
    kinds = next((kinds for each, _, kinds in _WANTS if each == sort), _ANYTHING)
    worth = kinds.get(span.kind, 0.0)
    if not worth:
        return 0.0
    if sort == "id" and span.kind == "figure" and len(span.text) < 4:
        worth = 0.5  # a small number alone is an amount
    own = [piece for piece in words.content(name) if len(piece) > 1]
    beside = words.stem(span.before) in own or (
        span.kind in ("name", "code", "quoted")
        and words.stem(span.after) in own
        and span.after not in _SMALL
    )
    worth += 5 * beside + 2 * any(
        span.before in leads.split()
        for row, leads in LEADS
        if any(piece in row.split() for piece in words.pieces(name))
    )
    if span.kind == "phrase":
        worth -= 0.5 * (span.start == 0)
        worth += 5 * any(word in own for word in words.content(span.text)[-1:])
        worth -= 3 * (not _trimmed(span.text, name, tool))
        unit = {"from": span.before.isdigit(), "to": span.before == "many"}
        if side := next((s for s in unit if s in _sides(name)), ""):
            worth += 4 * unit[side]
        else:
            worth -= 1.5 * (span.before.isdigit() or span.before in _ATTRIBUTED)
    worth += 0.5 * (span.before == "of") - 1.2 * bool(re.match(r" of\b", text[span.end :]))
    others = [piece for other in tool.properties if other != name for piece in words.content(other)]
    foreign = words.stem(span.before) in others and not beside
    return worth - (5 if span.kind in ("figure", "code") else 2) * foreign


def _sides(name: str) -> list[str]:
    """Whether a parameter is what is converted from, or to."""
    pieces = words.pieces(name)
    return [
        side
        for side, row in (("from", "from source"), ("to", "to target into"))
        if any(piece in row.split() for piece in pieces)
    ]


def _figure_worth(name: str, schema: Mapping[str, object], span: Span, tool: Tool) -> float:
    if span.kind not in ("figure", "code") or (span.kind == "code" and _number(span) is None):
        return 0.0
    if schema.get("type") == "integer" and "." in span.text:
        return 0.0
    pieces = [*words.pieces(name), *words.pieces(str(schema.get("description", "")))]
    unit = span.unit.lower()
    worth, own = 2.0, [words.stem(piece) for piece in pieces]
    for row, units in _UNITS:
        if unit and unit in units.split():
            mine = any(piece in row.split() for piece in pieces)
            worth += 5 if mine else -0.5 if name in tool.properties else 0
    worth += 4 * (words.stem(span.before) in own or words.stem(unit) in own)
    if re.fullmatch(r"(?:19|20)\d\d", span.text):
        worth += 5 if "year" in pieces else -0.7
    others = [
        words.stem(p) for other in tool.properties if other != name for p in words.pieces(other)
    ]
    taken = span.before if words.stem(span.before) not in own else ""
    return max(worth - 0.8 * bool(taken and words.stem(taken) in others), 0.2)


def _number(span: Span) -> float | None:
    figure = re.search(r"-?\d+(?:\.\d+)?", span.text.replace(",", ""))
    return float(figure[0]) if figure and span.kind == "figure" else None


def _trimmed(said: str, name: str, tool: Tool) -> str:
    """A phrase without the words at its ends that the tool's own name or the parameter says."""
    known = words.content(f"{tool.name} {tool.description} {' '.join(tool.properties)}")
    kept = said.split()
    own = words.content(name)
    while kept and words.stem(kept[-1].lower()) in [*known, *own]:
        kept = kept[:-1]
    while kept and words.stem(kept[0].lower()) in [*known, *own]:
        kept = kept[1:]
    return " ".join(kept)


def _value(
    name: str, schema: Mapping[str, object], span: Span, text: str, tool: Tool
) -> object | None:
    if schema.get("type") in ("integer", "number"):
        value = _number(span)
        return value if value is None or schema["type"] == "number" else int(value)
    if span.kind == "date" and (month := re.fullmatch(r"([A-Za-z]{3,9}) (\d{4})", span.text)):
        asked = f"{schema.get('description', '')} {tool.description}"
        first = date_for({"format": "date"}, f"1 {span.text}") if "YYYY-MM" in asked else None
        return first[:7] if first and month else span.text
    if span.kind in ("date", "day") and sort_of(name, schema) == "date":
        return date_for(schema, span.text) or (None if "format" in schema else span.text)
    if span.kind == "phrase":
        plain = _trimmed(span.text, name, tool) or span.text
        return (
            span.text
            if plain.islower() and words.content(name)[-1:] == words.content(span.text)[-1:]
            else plain
        )
    return span.text.lstrip("#") if span.kind == "code" else span.text
