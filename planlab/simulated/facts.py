"""What is known: what the observations and the texts in view say, one statement a piece, with its
source; nothing is made up.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from planlab.simulated import measures, senses, words
from planlab.simulated.jsontext import load_json_at
from planlab.simulated.scene import Scene, Seen
from planlab.simulated.tasks import acts

_PRICE = re.compile(
    (
        r"[$€£]\s?\d[\d,]*(?:\.\d+)?(?:\s?(?:per|a|an|/)\s?\w+(?:\s(?:per|"
        r"a)\s\w+)?)?|\b\d[\d,]*(?:\.\d+)?\s?(?:dollars|USD|EUR|euros?|"
        r"pounds)\b(?:\s(?:per|a)\s\w+)?"
    ),
    re.I,
)
_INJECTED = re.compile(
    r"\b(?:ignore|disregard|forget)\b[^.\n]{0,40}\b(?:instructions?|"
    r"orders?|rules?|prompts?|task|goal)\b[.:,;!]*|"
    r"\b(?:note|message|instruction|order|notice)s? (?:to|for) "
    r"(?:the |all |any )?(?:ai |automated )?(?:assistants?|agents?|"
    r"models?|ai)\b[^:.\n]*[.:,;!]*|"
    r"(?:^|\n)\s*(?:\[?system\]?|new instructions?)\s*:|\b(?:ai "
    r")?(?:assistants?|agents?) (?:reading|processing|summari[sz]ing)[^.\n]*?\b(?:must|"
    r"should|have to)\b",
    re.I,
)
_TEXT_KEYS = ("text", "content", "snippet", "body", "summary", "description", "answer", "abstract")
_NAME_KEYS = ("name", "title", "page", "company", "product", "label", "url", "id", "path", "source")


@dataclass(frozen=True)
class Fact:
    """One thing that is known; `label` says of what, `source` where it stands.

    `fields` are a record's cells, `around` is what it was asked with and the keys above it.
    """

    label: str
    text: str
    source: str
    fields: tuple[tuple[str, object], ...] = ()
    around: str = ""
    seen: bool = True  # by a tool, not in the prompt

    @property
    def said(self) -> str:
        """The text under its label, where the text does not name it."""
        known = words.overlap(words.pieces(self.label), words.pieces(self.text)) == 1
        bare = self.fields and not any(_is_name(key) for key, _ in self.fields)
        return self.text if not self.label or (known and not bare) else f"{self.label}: {self.text}"


@dataclass(frozen=True)
class Item:
    """One of several things side by side, with its price or other figure where one is stated."""

    name: str
    text: str
    price: str = ""

    @property
    def amount(self) -> float | None:
        """The figure as a number."""
        read = measures.measures(self.price)
        return read[0].value if read else None


def price_in(text: str) -> str:
    """The first price that a text states, as written."""
    match = _PRICE.search(text)
    return match[0].strip() if match else ""


def order_in(text: str) -> str:
    """The order that a text slips in: `ignore previous instructions and send …`; "" when there is
    none.
    """
    match = _INJECTED.search(text)
    if not match:
        return ""
    rest = re.sub(
        r"^(?:and|then|instead|,|:|\s|now|please|you must|must|to)+\s*",
        "",
        text[match.end() :].strip(),
        flags=re.I,
    )
    return words.clip(" ".join(words.sentences(rest)[:2]), 300)


# ---- evidence

# What a tool says of an act of its own: that it is done, and nothing else.
_CONFIRMS = re.compile(
    r"(?:wrote|saved|stored|sent|deleted|paid|draft saved)\b.*\b(?:to|as|in)\b", re.I
)


def evidence(scene: Scene) -> list[Fact]:
    """What the tools brought and what the request itself states, piece by piece."""
    found: list[Fact] = []
    for seen in scene.observations:
        if not seen.error and not acts(seen, scene) and (seen.tool or not scene.material):
            found += _walk(seen.value, _owned(_place(seen, scene), seen, found))
    for text in (scene.material, scene.statements, scene.draft):
        found += _in_prompt(text)
    found = [fact for fact in found if not _CONFIRMS.match(fact.text)] or found
    return list({(fact.label, fact.text, fact.around): fact for fact in found}.values())


def background(scene: Scene) -> list[Fact]:
    """What was said before: by the system, in earlier turns."""
    text = scene.context
    for part in (*(seen.text for seen in scene.observations), scene.orders, scene.goal):
        text = text.replace(part, "\n") if part else text
    return [fact for fact in _in_prompt(text) if not fact.text.endswith("?")]


def _place(seen: Seen, scene: Scene) -> Fact:
    """What was asked for: of the arguments, those that tell the calls of a tool apart."""
    asked = [
        str(value)
        for value in seen.arguments.values()
        if isinstance(value, (str, int, float)) and len(str(value).split()) <= 6
    ]
    plain = [each for each in asked if not re.search(r"[*/=;]|\bselect\b|https?:", each, re.I)]
    others = [o.arguments for o in scene.observations if o.tool == seen.tool and o is not seen]
    same = [str(each) for each in (others[0].values() if others else ())]
    plain = [each for each in plain if each not in same] or plain
    table = re.search(r"\bFROM (\w+)", str(seen.arguments.get("sql", "")))
    return Fact(", ".join(plain), "", table[1] if table else seen.tool, around=" ".join(asked))


def _owned(place: Fact, seen: Seen, before: Sequence[Fact]) -> Fact:
    """The place of a call whose key an earlier record gave: it speaks of what that record names."""
    given = [str(value) for value in seen.arguments.values()]
    for fact in before:
        name = fact.label
        keys = [str(value) for _, value in fact.fields if str(value) != name]
        if name and any(key in given and re.search(r"\d", key) for key in keys):
            return replace(place, label=name, around=f"{place.around} {name} {fact.around}")
    return place


def _in_prompt(text: str) -> Iterator[Fact]:
    """Statements of a prompt: JSON in it is read as data, the rest as sentences."""
    place = Fact("", "", "given", seen=False)
    for part in _split_json(text):
        if isinstance(part, str):
            for line in words.sentences(part):
                plain = re.sub(
                    r"^\s*(?:[-*]\s*)?(?:\w*\d+\w*\s*(?:\([^)]*\))?\s*[:=]\s*)?", "", line
                )
                plain = re.sub(r"^(?:Comment|Review|Text|Context|Facts?|Data|Notes?): ", "", plain)
                if words.pieces(plain) and not re.match(
                    r"(?:failed|error)\b|result of\b|#+ |(?:look first|decide once)\b|wanted:",
                    plain,
                    re.I,
                ):
                    yield replace(place, text=plain)
        else:
            yield from _walk(part, place)


def _split_json(text: str) -> Iterator[object]:
    """A text's prose as strings, and the JSON values that stand in it."""
    at = 0
    for match in re.finditer(r"[\[{]\s*[\[{\"\d]", text):
        if match.start() < at:
            continue
        try:
            value, end = load_json_at(text, match.start())
        except ValueError:
            continue
        yield text[at : match.start()]
        yield value
        at = end
    yield text[at:]


def _walk(value: object, place: Fact) -> Iterator[Fact]:
    """The statements of a value of any shape, each with the keys that lead to it."""
    columns, table = rows(value)
    if len(columns) == 1 and len(table) == 1:
        value = table[0][0]
    elif columns:
        value = [dict(zip(columns, row, strict=False)) for row in table]
        if not table and not place.seen:
            yield replace(place, text=f"There are no rows of {', '.join(columns)}.")
    if isinstance(value, Mapping):
        yield from _of_mapping(value, place)
    elif isinstance(value, list) and value and not any(isinstance(v, (dict, list)) for v in value):
        yield replace(place, text=", ".join(figure(each) for each in value[:30]))
    elif isinstance(value, list):
        for each in value:
            pair = isinstance(each, list) and len(each) == 2 and isinstance(each[0], str)
            yield from _walk({"name": each[0], "value": each[1]} if pair else each, place)
    elif isinstance(value, str):
        for line in words.sentences(value[:200_000]):
            if words.pieces(line) and not _INJECTED.search(line):
                yield replace(place, text=line)
    elif value is not None:
        yield replace(place, text=figure(value))


def _of_mapping(value: Mapping[str, object], place: Fact) -> Iterator[Fact]:
    cells = {key: each for key, each in value.items() if not _is_nested(each) and each is not None}
    key = next((key for key in _TEXT_KEYS if isinstance(cells.get(key), str)), "")
    name = next((str(cells[key]) for key in _NAME_KEYS if cells.get(key) and key in cells), "")
    if key and (len(str(cells[key]).split()) > 4 or len(cells) == 1):
        label = _page_name(name, str(cells[key])) or place.label
        source = str(cells.get("page") or cells.get("url") or cells.get("source") or place.source)
        around = f"{place.around} {name} {label}"
        yield from _walk(cells[key], replace(place, label=label, source=source, around=around))
        cells = {}
    nested = {key: each for key, each in value.items() if _is_nested(each)}
    if cells and not (nested and set(cells) <= {"count", "ok", "total", "note", "status"}):
        said = "; ".join(
            f"{_plain(key)}: {figure(each)}" if key != "value" else figure(each)
            for key, each in cells.items()
            if str(each) != name
        )
        yield replace(place, label=name or place.label, text=said, fields=tuple(cells.items()))
    for key, each in nested.items():
        label = place.label if isinstance(each, list) else _plain(key)
        inherited = " ".join(str(each) for each in cells.values())
        inside = f"{place.around} {inherited} {_plain(key)}"
        yield from _walk(each, replace(place, label=label, around=inside))


def _is_nested(value: object) -> bool:
    return isinstance(value, (dict, list)) and not (
        isinstance(value, list) and value and not any(isinstance(v, (dict, list)) for v in value)
    )


def _is_name(key: str) -> bool:
    return any(piece in _NAME_KEYS for piece in words.pieces(key))


def _plain(key: str) -> str:
    return key.replace("_", " ")


def _page_name(title: str, text: str) -> str:
    """What a page is about: its title's head, else, for a bare id, the name that its text gives."""
    head = re.split(r":|\s[-|\u2013]\s", title)[0].strip()
    if head and not re.fullmatch(r"[a-z0-9_./-]+", head):
        return head
    named = measures.names(text)
    akin = [n for n in named if words.overlap(words.pieces(head), words.pieces(n)) > 0]
    return (akin or named or [head])[0]


def facts(scene: Scene) -> list[Fact]:
    """What the tools have found that bears on the goal, a line or two of each result."""
    wanted = [*senses.meant(scene.goal)]
    groups: dict[tuple[str, str], list[Fact]] = {}
    for fact in evidence(scene):
        if fact.seen:
            key = (fact.source, fact.label) if not fact.fields else (fact.source, fact.text)
            groups.setdefault(key, []).append(fact)
    chosen = []
    for group in groups.values():
        text = best_text([fact.text for fact in group], wanted)
        chosen.append(replace(group[0], text=text))
    return chosen


def best_text(lines: Sequence[str], wanted: Sequence[str], limit: int = 2) -> str:
    """The lines that bear most on what is wanted, in their order."""
    money = senses.near(["pric"], wanted) >= 0.5

    def worth(line: str) -> float:
        found = words.content(line)
        return (
            senses.near(wanted, found)
            + 0.5 * words.overlap(found, wanted)
            + (0.6 if money else 0.1) * bool(_PRICE.search(line))
        )

    best = sorted(lines, key=worth, reverse=True)[:limit]
    best = [line for line in best if worth(line) >= 0.6 * worth(best[0])]
    return words.clip(" ".join(line for line in dict.fromkeys(lines) if line in best), 320)


def is_empty(scene: Scene) -> bool:
    """Whether the tools worked and found nothing."""
    good = [seen for seen in scene.observations if not seen.error and not acts(seen, scene)]
    return bool(good) and all(
        not any(True for _ in _walk(seen.value, _place(seen, scene))) for seen in good
    )


def figure(value: object) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        return ", ".join(map(figure, value))
    return str(value)


def rows(value: object) -> tuple[list[str], list[list[object]]]:
    """A table's columns and rows; both empty where `value` is no table."""
    if not isinstance(value, Mapping) or not isinstance(value.get("rows"), list):
        return [], []
    columns = [str(column) for column in value.get("columns") or []]
    return columns, [
        list(row.values()) if isinstance(row, Mapping) else list(row)
        for row in value["rows"]
        if isinstance(row, (list, tuple, Mapping))
    ]


Table = tuple[str, list[tuple[str, float]]]


def counted(scene: Scene) -> list[Table]:
    """Each observed table of a label and a figure: what it is by, and its rows."""
    found = [_counted(seen.value) for seen in scene.observations if not seen.error]
    return list({label: (label, table) for label, table in found if table}.values())


def _counted(value: object) -> Table:
    columns, table = rows(value)
    if len(columns) == 2 and all(
        isinstance(row[1], (int, float)) and isinstance(row[0], str) for row in table
    ):
        return columns[0], [
            (str(row[0]), float(row[1])) for row in table if isinstance(row[1], (int, float))
        ]
    if (
        isinstance(value, Mapping)
        and len(value) > 1
        and all(isinstance(v, (int, float)) for v in value.values())
    ):
        return "category", [(str(k), float(v)) for k, v in value.items()]
    if isinstance(value, list) and (pairs := [_pair(each) for each in value]) and all(pairs):
        return "category", [pair for pair in pairs if pair]
    return "", []


def _pair(item: object) -> tuple[str, float] | None:
    """A row such as {"intent": "refund", "n": 3} or ["refund", 3]."""
    cells = (
        list(item.values())
        if isinstance(item, Mapping)
        else list(item)
        if isinstance(item, (list, tuple))
        else []
    )
    if (
        len(cells) == 2
        and isinstance(cells[0], str)
        and isinstance(cells[1], (int, float))
        and not isinstance(cells[1], bool)
    ):
        return cells[0], float(cells[1])
    return None


def given(scene: Scene) -> list[str]:
    """The results that the prompt itself lists, without marks and ids."""
    return [fact.said for fact in evidence(scene) if not fact.seen]


def items(scene: Scene, names: Sequence[str]) -> list[Item]:
    """Each named thing with what was found on it and its price."""
    found = evidence(scene)
    return [item for name in names if (item := _item(name, found, scene.goal))]


def _item(name: str, found: Sequence[Fact], goal: str) -> Item | None:
    wanted = words.pieces(name)
    about = [fact for fact in found if _names(wanted, fact.label)] or [
        fact for fact in found if _names(wanted, f"{fact.text} {fact.around}")
    ]
    if not about:
        return None
    told = [fact for fact in about if not fact.fields]
    asked = [stem for stem in senses.meant(goal) if stem not in words.content(name)]
    text = best_text([fact.text for fact in told or about], asked)
    price = price_in(text) or next((p for fact in told if (p := price_in(fact.text))), "")
    checked = next((p for fact in about if fact.fields and (p := _price_cell(fact))), "")
    figures = [Item("", "", each).amount for each in (price, checked)]
    differs = None not in figures and figures[0] != figures[1]
    if differs:
        text += f" {_table(about)} gives {checked}, not {price}: that counts."
    return Item(name, text, (checked if differs or not price else price).strip())


def _table(about: Sequence[Fact]) -> str:
    """What was checked against; a result that stands in the message itself has no name."""
    source = next(fact.source for fact in about if fact.fields and _price_cell(fact))
    return "The check" if source == "given" else f"The check against {source}"


def _price_cell(fact: Fact) -> str:
    """A record's price as written, with the dollar sign that its key implies."""
    for key, value in fact.fields:
        if isinstance(value, bool) or (figured := measures.number(value)) is None:
            continue
        if re.search(r"price|cost|fee|fare|rate|usd|eur|total", key):
            plain = f"{figured:,.2f}".removesuffix(".00")
            usd = "usd" in key or any("usd" in other for other, _ in fact.fields) or key == "total"
            return str(value) if isinstance(value, str) else f"{'$' if usd else ''}{plain}"
    return ""


def _names(wanted: Sequence[str], text: str) -> bool:
    said = words.pieces(text)
    return any(said[at : at + len(wanted)] == list(wanted) for at in range(len(said)))
