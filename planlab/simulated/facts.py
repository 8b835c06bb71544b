"""What the observations say: findings, figures and items, in words and with their sources; nothing
is made up.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from planlab.simulated import words
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
_TEXT_KEYS = (
    "text",
    "content",
    "snippet",
    "body",
    "summary",
    "description",
    "answer",
    "value",
    "result",
)
_NAME_KEYS = ("title", "name", "page", "company", "url", "id", "path", "source")


@dataclass(frozen=True)
class Fact:
    """One thing that an observation says; `source` is where, `label` what about."""

    label: str
    text: str
    source: str


@dataclass(frozen=True)
class Item:
    """One of several things side by side, with its price where one is stated."""

    name: str
    text: str
    price: str = ""

    @property
    def amount(self) -> float | None:
        """The price as a number."""
        return float(found[0]) if (found := words.numbers(self.price)) else None


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


def facts(scene: Scene) -> list[Fact]:
    """What has been found, each once, most recent last."""
    wanted = words.content(scene.goal)
    found = [
        fact
        for seen in scene.observations
        if not seen.error and not acts(seen, scene) and (seen.tool or not scene.material)
        for fact in _of(seen, wanted)
    ]
    return list({(fact.label, fact.text): fact for fact in found}.values())


def _of(seen: Seen, wanted: Sequence[str]) -> Iterator[Fact]:
    source, asked = (
        seen.tool or "given",
        [*wanted, *words.content(" ".join(map(str, seen.arguments.values())))],
    )
    value = seen.value
    if isinstance(value, Mapping) and isinstance(value.get("rows"), list):
        yield Fact("table", table_text(value), source)
    elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        for each in value:
            name = next((str(each[key]) for key in _NAME_KEYS if each.get(key)), "")
            yield Fact(
                name,
                _best(_said(each), [*asked, *words.content(name)]),
                str(each.get("url") or each.get("page") or each.get("source") or source),
            )
    elif isinstance(value, Mapping):
        yield Fact("", _best(_said(value), asked), source)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        asked_for = next((str(each) for each in seen.arguments.values()), "")
        yield Fact("", f"{asked_for} = {figure(value)}" if asked_for else figure(value), source)
    elif isinstance(value, list):
        yield Fact("", ", ".join(map(str, value[:12])), source)
    elif text := _best(str(value), asked):
        yield Fact(str(seen.arguments.get("path", "")), text, source)


def figure(value: object) -> str:
    """A number as people write it."""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


def _said(item: Mapping[str, object]) -> str:
    text = next((str(item[key]) for key in _TEXT_KEYS if isinstance(item.get(key), str)), "")
    return text or "; ".join(
        f"{key}: {figure(value)}"
        for key, value in item.items()
        if not isinstance(value, (dict, list))
    )


def _best(text: str, wanted: Sequence[str], limit: int = 2) -> str:
    """The sentences that bear most on what is wanted, in their order, without any order slipped
    in.
    """
    found = [part for part in words.sentences(text[:20000]) if not _INJECTED.search(part)]

    def worth(part: str) -> float:
        return (
            words.overlap(words.content(part), wanted)
            + words.overlap(wanted, words.content(part))
            + 0.2 * bool(_PRICE.search(part))
        )

    best = sorted(found, key=worth, reverse=True)[:limit]
    best = [part for part in best if worth(part) >= 0.6 * worth(best[0])]
    return words.clip(" ".join(part for part in found if part in best), 320)


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


def table_text(value: object) -> str:
    """A small table in words: `refund 3, password 1`; a large one by its first rows."""
    columns, table = rows(value)
    if not table:
        return "no rows"
    if len(columns) == 1 and len(table) == 1:
        return f"{columns[0]} = {figure(table[0][0])}"
    if len(columns) == 2:
        return f"by {columns[0]}: " + ", ".join(f"{row[0]} {figure(row[1])}" for row in table[:12])
    head = "; ".join(", ".join(figure(cell) for cell in row[:4]) for row in table[:4])
    return f"{len(table)} rows ({', '.join(columns)}): {words.clip(head, 200)}"


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
    lines = [
        re.sub(r"^\s*(?:[-*]\s*)?(?:\w*\d+\w*\s*(?:\([^)]*\))?\s*[:=]\s*)?", "", line)
        for line in words.sentences(f"{scene.material}\n{scene.statements}")
    ]
    return [line for line in lines if line and not re.match(r"(?:failed|error)\b", line, re.I)]


def items(scene: Scene, names: Sequence[str]) -> list[Item]:
    """Each named thing with what was found on it and its price."""
    found = facts(scene)
    found += [Fact("", line, "given") for line in given(scene)]
    return [item for name in names if (item := _item(name, found))]


def _item(name: str, found: Sequence[Fact]) -> Item | None:
    wanted = words.pieces(name)
    about = [fact for fact in found if _names(wanted, fact.label)] or [
        fact for fact in found if _names(wanted, fact.text)
    ]
    if not about:
        return None
    priced = [(fact, price) for fact in about if (price := price_in(fact.text))]
    fact, price = priced[0] if priced else (about[0], "")
    return Item(name, fact.text, price.strip())


def _names(wanted: Sequence[str], text: str) -> bool:
    said = words.pieces(text)
    return any(said[at : at + len(wanted)] == list(wanted) for at in range(len(said)))
