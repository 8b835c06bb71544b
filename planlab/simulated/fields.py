"""Fields that a schema asks for and the texts in view state: names, places, dates, amounts, lists;
empty where the text does not say.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from planlab.simulated import critic, measures, qa, senses, words
from planlab.simulated.facts import Fact
from planlab.simulated.measures import Measure
from planlab.simulated.scene import Scene
from planlab.simulated.senses import classify as classify
from planlab.simulated.strings import date_style, write_date

_MONTHS = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
)
_JUDGED = (
    "next",
    "decision",
    "verdict",
    "action",
    "status",
    "grade",
    "score",
    "rating",
    "tool",
    "step",
    "result",
    "approved",
    "valid",
)
_FORMS: dict[str, str] = {
    "email mail": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "phone telephone mobile tel": r"\+?\d[\d ()/-]{6,}\d",
    "url website link": r"https?://\S+|www\.\S+",
    "id order invoice number code plate reference ref no": (
        r"\b(?!(?:CHF|USD|EUR|GBP|Fr)\b)"
        r"(?:[A-Z]{1,4}[- ]?\d[\w-]*|#\d+|\d{4,}(?![\d ]*(?:km|m|kg|%)))\b"
    ),
}
_PERSON = (
    "name person customer patient speaker author teacher owner winner employee manager doctor "
    "contact tenant buyer seller guest sender applicant candidate driver player student member "
    "competitor vendor supplier client host director conductor"
)
_PLACES = "city place location town destination origin country region venue address from to state"
_ORGANISATIONS = (
    "company organisation organization employer institution university vendor supplier club "
    "team business bank school competitor seller brand firm "
    "agency restaurant hotel shop museum theatre airline"
)
_ORGANISED = re.compile(
    r"\b(?:University|GmbH|Ltd|Inc|LLC|AG|Bank|Hospital|School|Club|Institute|Company|Corp|College|"
    r"Group|Foundation|Museum|Airlines?|Society|Association)\b"
)
_COUNTRIES = frozenset(
    words.pieces(
        "argentina australia austria belgium brazil bulgaria canada chile china colombia croatia "
        "cyprus czechia denmark egypt england estonia ethiopia finland france germany ghana greece "
        "hungary iceland india indonesia iran iraq ireland israel italy japan kenya latvia "
        "lithuania "
        "luxembourg malaysia malta mexico morocco nepal netherlands nigeria norway pakistan peru "
        "philippines poland portugal romania russia scotland serbia singapore slovakia slovenia "
        "spain "
        "sweden switzerland thailand tunisia turkey ukraine uruguay usa vietnam wales zealand"
    )
)
_FIRST = "first start begin from departure depart check_in arrival issued opening leaving outbound"
_LAST = "last end until to return due expiry expires deadline checkout closing inbound back"
_HEADS = "title dish product item subject event model article course thing object what vehicle"
_MAKERS = "make brand manufacturer maker"
_ABOUT = "name text reason summary answer explanation description comment note message feedback"
_COMPOSED = frozenset(words.content(_ABOUT)) - {"nam"}
_QUANTITY = re.compile(
    r"(?<![\w.-])(\d[\d,]*(?:\.\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve) "
    r"?((?:kg|g|mg|l|ml|cl|dl|m|cm|mm|km|oz|lb|lbs|tbsp|tsp|cups?|spoons?|litres?|liters?|metres?|"
    r"meters?|grams?|kilos?|[a-z]+(?= of\b))\b)? ?(?:of )?((?:[a-z]+[ -]?){1,3})",
)
_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
_CLOCK = re.compile(r"\b\d+:\d\d(?::\d\d)?(?:\.\d+)?\b")
_LISTING = re.compile(
    r"((?:[\w'-]+ ?){1,3}(?:, (?:[\w'-]+ ?){1,3})*,? and (?:[\w'-]+ ?){1,2})(?=[.,;]|$)"
)


def read_date(text: str) -> date | None:
    """The first full date in `text`; None where it names none."""
    return next(iter(read_dates(text)), None)


def read_dates(text: str) -> list[date]:
    """The full dates in `text`, in ISO, dotted, English, German or French form."""
    found: list[tuple[int, tuple[int, int, int]]] = []
    for match in re.finditer(r"\b(\d{4})-(\d\d)-(\d\d)\b", text):
        found.append((match.start(), (int(match[1]), int(match[2]), int(match[3]))))
    for match in re.finditer(r"\b(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\b", text):
        found.append((match.start(), (int(match[3]), int(match[2]), int(match[1]))))
    for match in re.finditer(
        (
            r"\b(?:(\d{1,2})(?:st|nd|rd|th|\.)? (?:of )?([^\W\d_]{3,9})|"
            r"([^\W\d_]{3,9}) (\d{1,2})(?:st|nd|rd|th)?),? (\d{4})\b"
        ),
        text,
    ):
        if month := _month(match[2] or match[3]):
            found.append((match.start(), (int(match[5]), month, int(match[1] or match[4]))))
    days: list[date] = []
    for _, parts in sorted(found):
        with suppress(ValueError):  # 31 February only looks like a date
            days.append(date(*parts))
    return days


def _month(name: str) -> int | None:
    rows = [row.split() for row in _MONTHS]
    return next((row.index(name.lower()) + 1 for row in rows if name.lower() in row), None)


def date_for(schema: Mapping[str, object], text: str) -> str | None:
    """The date in `text`, written as the schema wants it."""
    day = read_date(text)
    style = (
        "%Y-%m-%d"
        if schema.get("format") in ("date", "date-time")
        else date_style(str(schema.get("description", "")))
    )
    if day is None:
        return None
    return write_date(day, style or "%Y-%m-%d") + (
        "T00:00:00Z" if schema.get("format") == "date-time" else ""
    )


# ---- what a schema asks of a text


@dataclass(frozen=True)
class Field:
    """A property: its name, its schema, and the stems of its name."""

    name: str
    schema: Mapping[str, object]
    may_be_null: bool = False

    @property
    def stems(self) -> list[str]:
        """What its name is about."""
        return words.content(self.name)

    @property
    def said(self) -> list[str]:
        """What its name and its description are about."""
        return words.content(f"{self.name} {self.schema.get('description', '')}")

    def is_about(self, row: str) -> bool:
        """Whether its name holds one of these words."""
        known = [words.stem(word) for word in row.split()]
        return any(words.stem(piece) in known for piece in words.pieces(self.name))


def extracted(scene: Scene) -> dict[str, object]:
    """The values that the texts state for the reply's fields; nothing where the scene is of
    another kind.
    """
    schema = scene.schema or (
        scene.tools[0].parameters if len(scene.tools) == 1 and scene.callable else None
    )
    if (
        schema is None
        or scene.role not in ("chat", "extractor")
        or (scene.observations and scene.callable)
    ):
        return {}
    fields = fields_of(schema, schema)
    text, answer = source_text(scene), qa.reply(scene)
    found = {**_stated(fields, text, scene, schema), **_answered(fields, answer, scene)}
    return {**_absent(fields, found, scene), **found}


def fields_of(schema: Mapping[str, object], root: Mapping[str, object]) -> list[Field]:
    """The fields of an object schema."""
    found = properties({**schema, "$defs": root.get("$defs", {})})
    raw = schema.get("properties")
    bare = raw if isinstance(raw, Mapping) else {}
    return [Field(name, part, _may_be_null(bare.get(name))) for name, part in found.items()]


def source_text(scene: Scene) -> str:
    """The text that is to be read: what the request states, or what its order's colon leads to."""
    behind = re.search(r"^[^:\n]{4,120}:\s+(\S.+)$", scene.orders, re.S)
    head = behind[1] if behind else ""
    rest = scene.draft or scene.statements or scene.material
    return f"{head}\n{rest}".strip() or scene.goal


def _is_reading(scene: Scene) -> bool:
    """Whether the request is to take facts out of a text, not to make some up."""
    form = (
        r"\bextract|\b(?:take|pull|read|get|collect) (?:out )?(?:the |all )?(?:\w+ ){0,3}"
        r"(?:from|in|out)\b"
    )
    return scene.role == "extractor" or re.search(form, scene.orders, re.I) is not None


def _absent(
    fields: Sequence[Field], found: Mapping[str, object], scene: Scene
) -> dict[str, object]:
    """Empty values for what a text that is to be read does not say."""
    if not _is_reading(scene):
        return {}
    empty: dict[object, object] = {"string": "", "array": []}
    return {
        field.name: None if field.may_be_null else empty.get(field.schema.get("type"))
        for field in fields
        if field.name not in found
        and "enum" not in field.schema
        and not set(field.stems) & _COMPOSED
        and (field.may_be_null or field.schema.get("type") in empty)
    }


def _may_be_null(schema: object) -> bool:
    options = schema.get("anyOf") if isinstance(schema, Mapping) else None
    listed = options if isinstance(options, list) else []
    return any(isinstance(each, dict) and each.get("type") == "null" for each in listed)


def properties(schema: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """An object's properties with references resolved."""
    found = schema.get("properties")
    return (
        {
            str(name): resolved(part, schema)
            for name, part in found.items()
            if isinstance(part, dict)
        }
        if isinstance(found, dict)
        else {}
    )


def resolved(part: Mapping[str, object], root: Mapping[str, object]) -> Mapping[str, object]:
    """A schema with its reference followed and its "or null" taken off."""
    defs, ref = root.get("$defs"), part.get("$ref")
    if isinstance(ref, str) and isinstance(defs, Mapping):
        target = defs.get(ref.rsplit("/", 1)[-1])
        return {**target, "$defs": defs} if isinstance(target, Mapping) else part
    if isinstance(options := part.get("anyOf"), list):
        real = [each for each in options if isinstance(each, dict) and each.get("type") != "null"]
        return resolved(real[0], root) if len(real) == 1 else part
    return part


def _answered(fields: Sequence[Field], answer: qa.Reply | None, scene: Scene) -> dict[str, object]:
    """What the answer to the request's question gives: yes or no, an order, a name, a figure."""
    found: dict[str, object] = {}
    asks = bool(answer) and (
        scene.orders.rstrip().endswith("?") or "?" in scene.orders or qa.direction(scene.orders)
    )
    if not answer or not asks:
        return found
    rows = answer.rows
    for field in fields:
        kind = field.schema.get("type")
        if kind == "boolean" and answer.truth is not None:
            found[field.name] = answer.truth
        elif kind == "array" and len(rows) > 1:
            items = field.schema.get("items")
            if isinstance(items, Mapping) and items.get("type") == "string":
                found[field.name] = [row.name for row in rows]
        elif answer.truth is None and (value := _of_answer(field, answer)) is not None:
            found[field.name] = value
    return found


def _of_answer(field: Field, answer: qa.Reply) -> object | None:
    kind, row = field.schema.get("type"), answer.rows[0] if answer.rows else None
    figure = field.is_about("price fee cost amount value usd eur total charge count number figure")
    if kind in ("number", "integer") and not field.is_about("confidence id" if row else "score"):
        read = measures.number(row.measure.text if row else answer.value)
        return _as_number(read, field) if read is not None else None
    if kind != "string" or "enum" in field.schema or not row:
        return None
    if figure:
        return row.measure.text
    return row.name if field.is_about(f"{_PERSON} {_ORGANISATIONS} who which best") else None


def _as_number(value: float, field: Field) -> float | int | None:
    if field.schema.get("type") == "integer" or value.is_integer():
        return int(value)
    return value


def _stated(
    fields: Sequence[Field], text: str, scene: Scene, root: Mapping[str, object]
) -> dict[str, object]:
    """What the text states for each field, no figure and no name for two of them."""
    found: dict[str, object] = {}
    for field in fields:
        if "enum" in field.schema:
            found[field.name] = _choice(field, text, scene)
        elif field.schema.get("type") == "boolean":
            found[field.name] = _feature(field, text) if _is_reading(scene) or text else None
        elif field.schema.get("type") == "array":
            found[field.name] = _list(field, text, scene, root)
        elif labelled := _labelled(field.name, text):
            found[field.name] = _typed(labelled, field)
    found = {name: value for name, value in found.items() if value is not None}
    found.update(_dates([f for f in fields if _is_date(f) and f.name not in found], text))
    open_fields = [f for f in fields if f.name not in found and not _is_date(f)]
    found.update(_figures([f for f in open_fields if _is_number(f)], text))
    found.update(_texts([f for f in open_fields if f.schema.get("type") == "string"], text))
    if _is_reading(scene):
        found.update(_left_over([f for f in open_fields if f.name not in found], found, text))
    return found


def _left_over(
    fields: Sequence[Field], found: Mapping[str, object], text: str
) -> dict[str, object]:
    """Values without a label beside them: the only figure left, the name that stands first."""
    taken = [measures.number(value) for value in found.values()]
    figures = [
        each
        for each in measures.measures(text)
        if each.kind in ("price", "number")
        and each.value not in taken
        and not _YEAR.fullmatch(each.text)
    ]
    made: dict[str, object] = {}
    numeric = [field for field in fields if _is_number(field) and not field.may_be_null]
    if len(numeric) == len(figures) == 1 and not numeric[0].is_about("year age"):
        made[numeric[0].name] = _as_number(figures[0].value, numeric[0])
    told = [str(value) for value in found.values()]
    free = [name for name in measures.names(text) if not any(name in each for each in told)]
    for field in fields:
        if free and field.is_about(_MAKERS) and field.schema.get("type") == "string":
            made[field.name] = words.first_word(free[0])
    return made


def _is_date(field: Field) -> bool:
    return field.schema.get("type") == "string" and (
        field.schema.get("format") in ("date", "date-time")
        or field.is_about("date day deadline due birthday")
    )


def _is_number(field: Field) -> bool:
    return field.schema.get("type") in ("integer", "number")


def _typed(value: str, field: Field) -> object | None:
    if _is_date(field):
        return date_for(field.schema, value)
    if not _is_number(field):
        return value
    read = measures.number(value)
    return None if read is None else _as_number(read, field)


def _choice(field: Field, text: str, scene: Scene) -> object | None:
    choices = field.schema.get("enum")
    if not isinstance(choices, list) or any(piece in _JUDGED for piece in words.pieces(field.name)):
        return None
    best = critic.better(scene)
    return best if best in choices else senses.classify([str(each) for each in choices], text)


def _feature(field: Field, text: str) -> bool | None:
    """Whether the text affirms what a field such as `has_garden` names."""
    wanted = [s for s in senses.meant(field.name.replace("_", " ")) if s not in _FEATURE]
    if not wanted or field.is_about("approved valid done needs passed correct acceptable answer"):
        return None
    for sentence in words.sentences(text):
        for part in re.split(r",\s+|;\s+|\s+but\s+|\s+and\s+", sentence):
            if senses.near(wanted, senses.meant(part)) >= 0.75:
                return not senses.is_negated(part)
    return False


_FEATURE = frozenset(words.content("has is can allowed available included with offers there"))


def _dates(fields: Sequence[Field], text: str) -> dict[str, object]:
    """Dates by their role: the first, the last, else in the order of the text."""
    days = read_dates(text)
    if not days:
        return {}
    found: dict[str, object] = {}
    rest = sorted(dict.fromkeys(days), key=days.index)
    for field in fields:
        if labelled := _labelled(field.name, text):
            found[field.name] = date_for(field.schema, labelled)
        elif len(fields) > 1 and field.is_about(_LAST) and not field.is_about("first start"):
            found[field.name] = _written(max(days), field)
        elif len(fields) > 1 and field.is_about(_FIRST):
            found[field.name] = _written(min(days), field)
        elif rest:
            found[field.name] = _written(rest.pop(0), field)
    return {name: value for name, value in found.items() if value is not None}


def _written(day: date, field: Field) -> str | None:
    return date_for(field.schema, day.isoformat())


def _figures(fields: Sequence[Field], text: str) -> dict[str, object]:
    """Each numeric field's figure: the pairs that fit best are made first."""
    plain = text
    for form in (_FORMS["email mail"], _FORMS["phone telephone mobile tel"]):
        plain = re.sub(form, lambda match: "x" * len(match[0]), plain)
    figures = [each for each in measures.measures(plain) if each.kind in ("price", "number")]
    pairs = [
        (_fit(field, figure, plain), -place, field, figure)
        for place, figure in enumerate(figures)
        for field in fields
    ]
    found: dict[str, object] = {}
    used: list[Measure] = []
    for worth, _, field, figure in sorted(pairs, key=lambda pair: pair[:2], reverse=True):
        if worth >= 0.4 and field.name not in found and figure not in used:
            found[field.name] = _as_number(figure.value, field)
            used.append(figure)
    return found


def _fit(field: Field, figure: Measure, text: str) -> float:
    """How well a figure suits a field: its kind, and the words around it."""
    sentence_start = max(
        text.rfind(sign, 0, figure.start) for sign in (". ", "; ", ": ", "\n", ", ")
    )
    before = words.content(text[max(0, sentence_start, figure.start - 40) : figure.start])
    behind = words.content(re.split(r"[.;,]|\d", text[figure.end :])[0][:30])
    is_price = senses.near(["pric"], field.stems) >= 0.5 or field.is_about("deposit value paid")
    bare = re.search(r"[A-Z][\w-]+, ?\(?$", text[: figure.start]) and not behind
    age = field.is_about("age") and bool(bare or behind[:1] in (["year"], ["yo"]))
    whole = figure.value.is_integer() or field.schema.get("type") != "integer"
    around = [*before[-4:], *behind[:3]]
    return (
        sum(max((senses.akin(stem, each) for each in around), default=0) for stem in field.said)
        + (0.6 if is_price else -2.0) * (figure.kind == "price")
        - 0.8 * (is_price and figure.kind != "price")
        + 1.0 * age
        - 2.0 * (not whole)
        + 1.0 * (figure.unit.lower() in words.pieces(field.name.lower()))
        + 1.0 * (bool(_YEAR.fullmatch(figure.text)) and field.is_about("year"))
    )


def _texts(fields: Sequence[Field], text: str) -> dict[str, object]:
    """Text fields by the form of their values, else by the part that a name plays."""
    found: dict[str, object] = {}
    named = [name for name in measures.names(text) if name.upper() != name or len(name) > 3]
    makers = [field for field in fields if field.is_about(_MAKERS)]
    for field in fields:
        if beside := _beside(field, text):
            found[field.name] = beside
            continue
        if makers and field.is_about("model") and (run := _run_of_two(named)):
            found |= {makers[0].name: run[0], field.name: run[1]}
            continue
        form = next((form for row, form in _FORMS.items() if field.is_about(row)), "")
        if form and (match := re.search(form, text)) and not field.is_about("name"):
            found[field.name] = match[0]
            continue
        if form:
            continue
        free = [name for name in named if name not in found.values()]
        role = _role(field)
        if role and (best := max(free, key=lambda name: role(name, text), default="")):
            if role(best, text) > 0:
                found[field.name] = best
        elif not set(field.stems) & _COMPOSED and (value := _phrase(field, text)):
            found[field.name] = value
    return found


def _beside(field: Field, text: str) -> str:
    """An id or a name right behind the field's own word: `meter B12`, `make Toyota`."""
    for piece in words.pieces(field.name):
        token = r"[A-Z][A-Za-z/-]*-?\d[\w/-]*|\d{2,}(?![\d.,:]*\d)(?! ?(?:%|[a-z°]))"
        label = rf"\b{piece}(?: (?:number|no\.?|nr\.?|id|code))?(?: is)?[ :#]+"
        if match := re.search(rf"(?i:{label})({token})", text):
            return match[1]
        if match := re.search(rf"\b{piece} ([A-Z][\w-]*(?: [A-Z\d][\w-]*)*)(?=[,;.]|$)", text):
            return match[1]
    return ""


def _run_of_two(named: Sequence[str]) -> list[str]:
    """The first name of several words, cut behind its first: the maker and the model."""
    return next((name.split(" ", 1) for name in named if " " in name), [])


def _role(field: Field) -> Callable[[str, str], float] | None:
    if field.is_about("country nation"):
        return lambda name, text: float(words.pieces(name)[-1] in _COUNTRIES)
    if field.is_about("origin from departure_city"):
        return lambda name, text: _behind(name, text, "from")
    if field.is_about("destination to"):
        return lambda name, text: _behind(name, text, "to|into|for")
    if field.is_about(_PLACES):
        return _place_worth
    if field.is_about(_PERSON) and not field.is_about("company product dish file"):
        return lambda name, text: _person_worth(name, text, field)
    if field.is_about(_ORGANISATIONS):
        return lambda name, text: (
            3.0 * bool(_ORGANISED.search(name)) + _behind(name, text, "at|by|of|with|for|to") + 0.1
        )
    return None


def _behind(name: str, text: str, preposition: str) -> float:
    return float(re.search(rf"\b(?:{preposition}) (?:the )?{re.escape(name)}", text) is not None)


def _place_worth(name: str, text: str) -> float:
    country = words.pieces(name)[-1] in _COUNTRIES
    within = re.search(rf"{re.escape(name)}(?:,| in) (?:the )?[A-Z]\w+", text) is not None
    organised = _ORGANISED.search(name) is not None
    near = _behind(name, text, "in|from|at|to|near")
    return near + within - 1.5 * country - organised


def _person_worth(name: str, text: str, field: Field) -> float:
    parts = name.split()
    titled = parts[0].rstrip(".") in ("Mr", "Mrs", "Ms", "Dr", "Prof", "Sir", "Dame")
    place = _behind(name, text, "in|from|at|near") - 0.5 * _behind(name, text, "from") * titled
    before = words.content(text[max(0, text.find(name) - 25) : text.find(name)])
    beside = senses.near(field.stems, before) >= 0.8
    many = 2 <= len(parts) <= 3
    wrong = _ORGANISED.search(name) is not None and not field.is_about(_ORGANISATIONS)
    numbered = 2.0 * any(sign.isdigit() for sign in name)
    return 0.6 + titled + 0.7 * many + beside - place - 1.5 * wrong - numbered


def _phrase(field: Field, text: str) -> str:
    """What a text says beside the field's own word, or at its head for what it is all about."""
    for piece in words.pieces(field.name):
        match = re.search(
            rf"\b{piece}s?(?: \w+)?(?: is| was|:| of) "
            rf"(?:the |an? )?([\w' -]{{2,40}}?)(?=[.,;\n]|$| and )",
            text,
            re.I,
        )
        if match:
            return match[1]
    if field.is_about(_HEADS):
        lead = re.match(
            r"(?:an?|the)?\s*([\w' -]+?)(?=[.,:;\n]| for | with | from | is | on |$)", text
        )
        return lead[1].strip() if lead and len(lead[1].split()) <= 5 else ""
    return ""


def _labelled(name: str, text: str) -> str | None:
    """What a text gives behind the field's own name: `Due date: 3 May 2024.`"""
    wanted = words.content(name)
    for label, value in re.findall(
        r"(?:^|[.;\n] ?)\s*([A-Z][\w ]{1,30}):\s*(.+?)(?=\.\s+[A-Z]|\.?\s*$|\n|;)", text, re.M
    ):
        if words.content(label) == wanted or (
            len(wanted) > 1 and words.overlap(wanted, words.content(label)) == 1
        ):
            return str(value).rstrip(".")
    return None


# ---- lists


def _list(field: Field, text: str, scene: Scene, root: Mapping[str, object]) -> object | None:
    """Tools that are ruled out, files, records, quantities, names or things in a row."""
    items = resolved(each, root) if isinstance(each := field.schema.get("items"), dict) else {}
    if field.is_about("forbidden banned prohibited"):
        rules = " ".join(scene.forbidden)
        return list(dict.fromkeys(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", rules)))
    if field.is_about("outputs files deliverables"):
        return re.findall(r"\b[\w-]+\.(?:md|txt|csv|json|pdf|html)\b", scene.goal) or None
    if items.get("type") == "object":
        return _objects(items, text, root) or _records(field, items, text, scene)
    if not _is_reading(scene) or items.get("type") != "string":
        return None
    role = _role(Field(words.stem(words.pieces(field.name)[-1]), {})) or _role(field)
    if role:
        return [
            name for name in dict.fromkeys(measures.names(text)) if role(name, text) > 0.5
        ] or None
    listings = [match[1] for match in _LISTING.finditer(text)]
    return _members(listings[-1]) if listings else None


def _members(listing: str) -> list[str]:
    parts = re.split(r",\s+(?:and )?|\s+and\s+", listing)
    head = re.split(r"\b(?:about|on|of|with|are|is|include|including|for|has|like)\s", parts[0])[-1]
    return [part.strip() for part in (head, *parts[1:])]


def _objects(
    items: Mapping[str, object], text: str, root: Mapping[str, object]
) -> list[dict[str, object]] | None:
    """Objects of a name and a figure, or of quantities: `250 g of flour`."""
    wanted = [
        Field(name, part)
        for name, part in properties({**items, "$defs": root.get("$defs", {})}).items()
    ]
    numeric = [field for field in wanted if _is_number(field)]
    if not numeric:
        return None
    counts = any(
        field.is_about("quantity amount count number pieces") and not field.is_about("usd eur")
        for field in numeric
    )
    if counts and len(rows := _quantities(text)) > 1:
        return [_quantity(wanted, *row) for row in rows]
    asked = qa.parse(" ".join(field.name for field in numeric))
    found = [
        row
        for sentence in words.sentences(text)
        for row in qa.table(asked, [Fact("", sentence, "given")])
    ]
    made = [_object(wanted, row) for row in found]
    return made if len(made) > 1 and all(len(each) == len(wanted) for each in made) else None


def _records(
    field: Field, items: Mapping[str, object], text: str, scene: Scene
) -> list[dict[str, object]] | None:
    """Objects each out of a clause of its own, in the order and number that are asked for."""
    wanted = [Field(name, part) for name, part in properties(items).items()]
    if not any(each.is_about(_CLOCKED) or _is_number(each) for each in wanted):
        return None
    plain = re.sub(r"^[A-Z][\w ]{1,30}:\s+", "", text)
    parts = re.split(r";\s*|\n+|(?<=[.!?])\s+|,?\s+and\s+(?=[A-Z])|,\s+(?=[A-Z])", plain)
    rows = [(part, _record(wanted, part)) for part in parts]
    kept = [(part, made) for part, made in rows if len(made) == len(wanted)]
    if len(kept) < 2:
        return None
    sign, _, family = qa.comparison(f"{scene.goal} {field.name.replace('_', ' ')}")
    if sign:
        turned = -1 if family == "speed" and _CLOCK.search(plain) else 1
        kept.sort(key=lambda row: sign * turned * _weight(row[0]))
    most = field.schema.get("maxItems")
    return [made for _, made in kept][: most if isinstance(most, int) else None]


_CLOCKED = "time finish result duration lap clock"


def _record(wanted: Sequence[Field], part: str) -> dict[str, object]:
    """A clause's values for the fields: its clock time, its figures, the name that leads it."""
    found: dict[str, object] = {}
    clock = _CLOCK.search(part)
    for field in wanted:
        if _is_number(field):
            found |= _figures([field], part)
        elif field.is_about(_CLOCKED) and clock:
            found[field.name] = clock[0]
        elif field.is_about(_PERSON) and (named := measures.names(part)):
            found[field.name] = re.sub(r" \d+$", "", named[0])
    return found


def _weight(part: str) -> float:
    """A clause's figure: seconds of a clock time, else its first number."""
    if clock := _CLOCK.search(part):
        seconds = 0.0
        for piece in clock[0].split(":"):
            seconds = seconds * 60 + float(piece)
        return seconds
    return next((each.value for each in measures.measures(part)), 0.0)


def _object(wanted: Sequence[Field], row: qa.Row) -> dict[str, object]:
    made: dict[str, object] = {}
    for field in wanted:
        if _is_number(field):
            made[field.name] = _as_number(row.value, field)
        elif field.is_about("price fee cost amount value figure"):
            made[field.name] = row.measure.text
        elif field.schema.get("type") == "string":
            made.setdefault(field.name, row.name)
    return made


def _quantities(text: str) -> list[tuple[float, str, str]]:
    """Amounts with their unit and what they are of."""
    found = []
    for amount, unit, thing in _QUANTITY.findall(text):
        kept = re.split(r"\b(?:and|with|then|at|for|to|in|from|on|or|per|people|persons)\b", thing)[
            0
        ]
        value = measures.number(amount) or words.count_word(amount) or 1
        if kept.strip() and (amount[0].isdigit() or unit or words.count_word(amount)):
            found.append((float(value), unit, kept.strip()))
    return found


def _quantity(wanted: Sequence[Field], amount: float, unit: str, thing: str) -> dict[str, object]:
    made: dict[str, object] = {}
    for field in wanted:
        if _is_number(field):
            made.setdefault(field.name, _as_number(amount, field))
        elif field.is_about("unit measure"):
            made[field.name] = unit or (None if field.may_be_null else "")
        elif field.schema.get("type") == "string":
            made.setdefault(field.name, thing)
    return made
