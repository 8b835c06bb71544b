"""Fields that a schema asks for and the texts in view state: labels, names, dates, amounts, one of
a list.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date

from planlab.simulated import critic, qa, words
from planlab.simulated.scene import Scene
from planlab.simulated.strings import date_style, write_date

_PATTERNS: dict[str, str] = {
    "email mail": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "phone telephone": r"\+?\d[\d ()/-]{6,}\d",
    "url website": r"https?://\S+",
    "age": r"\b(\d{1,3})[ -]?(?:years?[ -]old|years?\b|yo\b)|\b(?:aged?|is|turned) (\d{1,3})\b",
    "amount price total cost fee budget usd eur": (
        r"[$€£]\s?(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?) ?(?:dollars|"
        r"euros?|USD|EUR)\b"
    ),
    "quantity count number": r"(?<![\w.-])(\d+)\b",
    "id order invoice": r"\b([A-Z]{1,4}-?\d[\w-]*|#\d+|\d{4,})\b",
}
_CASED: dict[str, str] = {
    "city place location country": r"\b(?:in|from|at|to|near) ([A-ZÀ-Þ][\w-]+(?: [A-ZÀ-Þ][\w-]+)*)",
    "company employer organization vendor": (
        r"\b(?:at|for|by|to) ([A-ZÀ-Þ][\w&-]+(?: [A-ZÀ-Þ][\w&-]+)*)"
    ),
}
_NAMES = (
    "name company vendor person customer competitor product organization supplier seller who winner"
)
_FIGURES = "price fee cost amount value monthly usd eur total charge rate number"
_MEANT: dict[str, str] = {
    "refund": "money back charge charged return reimburse",
    "password": "login log sign locked reset account access",
    "login": "log sign password locked code",
    "address": "moved moving ship shipping delivery street",
    "delivery": "parcel package arrive shipping shipped",
    "billing": "invoice charge charged payment card bill refund",
    "technical": "crash error bug broken fails not working",
    "positive": "good great love excellent happy thanks wonderful",
    "negative": "bad terrible hate awful angry broken disappointed worst",
    "high": "urgent immediately asap critical down",
    "urgent": "immediately asap critical down emergency",
    "complaint": "angry terrible disappointed",
}
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
_NONE = ("other", "unknown", "neutral", "none", "general")
_MONTHS = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
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
    text = scene.draft or scene.statements or scene.material or scene.goal
    answer = qa.reply(scene)
    return {
        name: value
        for name, part in properties(schema).items()
        if (value := _value(name, part, text, scene, answer, schema)) is not None
    }


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


def _value(
    name: str,
    schema: Mapping[str, object],
    text: str,
    scene: Scene,
    answer: qa.Reply | None,
    root: Mapping[str, object],
) -> object | None:
    kind, row = (
        schema.get("type"),
        answer.records[0] if answer and answer.records and answer.truth is None else None,
    )
    if kind == "boolean":
        return answer.truth if answer else None
    if (
        isinstance(choices := schema.get("enum"), list)
        and (best := critic.better(scene)) in choices
    ):
        return best
    if kind == "array":
        return _list(name, schema, text, scene, answer, root)
    if (
        row
        and qa.direction(scene.orders or scene.goal)
        and (chosen := _from_record(name, schema, row)) is not None
    ):
        return chosen
    return field(name, schema, text)


def _list(
    name: str,
    schema: Mapping[str, object],
    text: str,
    scene: Scene,
    answer: qa.Reply | None,
    root: Mapping[str, object],
) -> object | None:
    """Records as objects, names in the order asked for, or tools that are ruled out."""
    items = resolved(each, root) if isinstance(each := schema.get("items"), dict) else {}
    if any(piece in ("forbidden", "banned", "prohibited") for piece in words.pieces(name)):
        return list(
            dict.fromkeys(
                tool
                for rule in scene.forbidden
                for tool in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", rule)
            )
        )
    if any(piece in ("outputs", "files", "deliverables") for piece in words.pieces(name)):
        return re.findall(r"\b[\w-]+\.(?:md|txt|csv|json|pdf|html)\b", scene.goal) or None
    rows = (
        list(answer.records)
        if answer and len(answer.records) > 1
        else qa.records(words.sentences(text))
    )
    wanted = properties({**items, "$defs": root.get("$defs", {})})
    if len(rows) > 1 and wanted:
        made = [
            {
                key: value
                for key, part in wanted.items()
                if (value := _from_record(key, part, row)) is not None
            }
            for row in rows
        ]
        return made if all(len(each) == len(wanted) for each in made) else None
    named = any(words.stem(piece) in words.content(_NAMES) for piece in words.pieces(name))
    return (
        [row.name for row in rows]
        if len(rows) > 1 and items.get("type") == "string" and named
        else None
    )


def _from_record(name: str, schema: Mapping[str, object], row: qa.Record) -> object | None:
    pieces = words.content(name)
    if any(piece in words.content(_NAMES) for piece in pieces):
        return row.name
    if any(piece in words.content(_FIGURES) for piece in pieces):
        return _typed(row.figure if schema.get("type") == "string" else f"{row.value:g}", schema)
    return None


def field(name: str, schema: Mapping[str, object], text: str) -> object | None:
    """One field's value: under its own label, else by the form that such values have."""
    if isinstance(choices := schema.get("enum"), list) and choices:
        if any(piece in _JUDGED for piece in words.pieces(name)):
            return None
        return classify([str(choice) for choice in choices], text)
    labelled, pieces = _labelled(name, text), words.pieces(name)
    if schema.get("format") in ("date", "date-time") or any(
        piece in ("date", "day", "deadline", "due") for piece in pieces
    ):
        return date_for(schema, labelled or text)
    if labelled:
        return _typed(labelled, schema)
    for table, flags in ((_PATTERNS, re.I), (_CASED, 0)):
        for row, pattern in table.items():
            if any(piece in row.split() for piece in pieces) and (
                match := re.search(pattern, text, flags)
            ):
                return _typed(next(group for group in (*match.groups(), match[0]) if group), schema)
    if any(piece in _NAMES.split() for piece in pieces):
        return next(iter(words.proper_names(text)), None)
    return None


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


def _typed(value: str | None, schema: Mapping[str, object]) -> object | None:
    if value is None or schema.get("type") not in ("integer", "number"):
        return value
    figure = next(iter(words.numbers(re.sub(r"[$€£]", "", value))), None)
    return (
        None
        if figure is None
        else int(float(figure))
        if schema["type"] == "integer" or float(figure).is_integer()
        else float(figure)
    )


def classify(choices: Sequence[str], text: str) -> str | None:
    """The choice that a text speaks of, by its own words or by words that people use for it."""
    said = words.content(text)

    def worth(choice: str) -> float:
        own = words.content(choice)
        meant = words.content(" ".join(_MEANT.get(piece, "") for piece in words.pieces(choice)))
        return 2 * words.overlap(own, said) + sum(word in said for word in meant)

    best = max(choices, key=worth)
    return (
        best
        if worth(best) > 0
        else next((choice for choice in choices if choice.lower() in _NONE), None)
    )
