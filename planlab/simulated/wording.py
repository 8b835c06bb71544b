"""What a text property says: the belief's words for it, in the form that its schema asks for."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from random import Random

from planlab.simulated.coerce import (
    MISSING,
    SHARES,
    TIMES,
    in_unit,
    plain,
    rank_choices,
    say_share,
    to_text,
)
from planlab.simulated.concepts import words
from planlab.simulated.scopes import NOTHING, Found, Scope
from planlab.simulated.shapes import Shape
from planlab.simulated.strings import (
    date_style,
    find_date,
    fit_length,
    make_formats,
    make_matching,
    write_date,
)

LONGEST = 10_000  # characters, and items of a list: more is refused rather than written
ID_CONCEPTS = frozenset({"id", "depends_on", "order", "edges", "source", "target", "step"})
_VERDICTS = (("verdict",), ("decision",), ("judgement",), ("judgment",), ("status",), ("approval",))
_SINGLE = (("input",), ("query",))
_CODES = ("{}", "s{}", "S{}", "step_{}", "step-{}", "Step {}", "step{}", "t{}", "T{}", "task_{}")
_MORE_CODES = ("task-{}", "Task {}", "task{}", "E{}", "#E{}", "${}", "n{}", "node_{}", "{}.")


@dataclass(frozen=True)
class Slot:
    """One place to fill."""

    scope: Scope
    path: str = "$"
    name: str = ""
    found: Found = NOTHING
    said: tuple[object, ...] = ()  # by the siblings: better not said again
    around: frozenset[object] = frozenset()  # the schemas that this place is inside of
    room: int | None = None  # levels left; None: as many as the belief has content for
    skip: int = 0  # candidates passed over, where values must differ

    @property
    def value(self) -> object:
        """What the belief holds for this place; `MISSING` when nothing."""
        return self.found.value

    @property
    def is_open(self) -> bool:
        """Whether the belief says nothing here."""
        return self.value is MISSING or self.value is None


def word_texts(shape: Shape, slot: Slot, ids: Mapping[object, object], seed: int) -> Iterator[str]:
    """Texts for `slot`, best first; not each of them has the form that `shape` wants."""
    least = int(shape.get("minLength", 0))
    most = int(min(shape.get("maxLength", math.inf), 10 * LONGEST))
    told = say(slot, shape, ids)
    if told is not None and told not in slot.said:
        yield told
    if told is None and not least and slot.scope.kind == "step":
        yield ""
    sayings = list(slot.scope.sayings())
    random = Random(f"{seed} {slot.path} {slot.skip}")
    if "format" in shape:
        yield from make_formats(shape["format"], [told or "", *sayings], random)
    if "patterns" in shape:
        yield from _codes(told or "", slot.scope.index + 1)
        made = [make_matching(pattern, least, most, random) for pattern in shape["patterns"]]
        yield from made[0] if len(made) == 1 else _joined(made)
    if told is not None:
        yield fit_length(told, least, most, sayings)
    if told is None or told in slot.said or slot.skip:
        fresh = [text for text in sayings if text not in slot.said]
        yield from (fit_length(text, least, most, sayings) for text in fresh)
        yield from _labelled(slot, told, sayings, least, most)
    yield fit_length(told or "", least, most)


def _joined(made: list[Iterator[str]]) -> Iterator[str]:
    for texts in product(*(list(islice(one, 12)) for one in made)):
        yield from texts
        yield "".join(texts)


def _labelled(
    slot: Slot, told: str | None, sayings: list[str], least: int, most: int
) -> Iterator[str]:
    """What can still be said when every sentence is taken: the topic under this name, numbered."""
    label = " ".join(words(slot.name)).capitalize()
    topic = told or str(slot.scope.top("goal") or (sayings[0] if sayings else ""))
    yield fit_length(": ".join(filter(None, (label, topic))) or "none", least, most)
    for number in range(2, 2 + LONGEST):
        mark = f" {number}"
        base = fit_length(topic or label or "item", 0, max(most - len(mark), 0))
        yield fit_length(base + mark, least, most)
        yield str(number).rjust(least, "0")[:most]


def say(slot: Slot, shape: Shape, ids: Mapping[object, object]) -> str | None:
    """What the belief says here, in words; None where it says nothing."""
    value, concept = slot.value, slot.found.concept
    if slot.is_open:
        # A step without a tool has none on purpose; a made-up name would be called.
        told = "none" if shape.get("minLength") or "patterns" in shape else ""
        return told if concept == "tool" and value is None else None
    if concept in ID_CONCEPTS:
        value = rename(value, ids)
    about = shape.get("description", "")
    if concept in TIMES and isinstance(value, Mapping):
        value = _time_text(concept, value, f"{about} {slot.name}", dated="format" in shape)
    if concept == "priority" and isinstance(value, float):
        return str(rank_choices(value, ("low", "medium", "high"), ())[0])
    if concept == "arguments" and isinstance(value, Mapping):
        return _call_text(slot.name, about, value)
    if concept == "approved" and isinstance(value, bool) and words(slot.name)[-1:] in _VERDICTS:
        return "approved" if value else "rejected"
    if concept in SHARES and isinstance(value, float):
        return say_share(value, f"{about} {slot.name}".lower())
    style = date_style(about)
    if style and isinstance(value, str) and find_date([value]).year > 1970:
        return write_date(find_date([value]), style)
    return to_text(value)


def _time_text(concept: str, times: Mapping[str, object], about: str, *, dated: bool) -> str:
    """A time in words: a day where one is known or wanted, else a number of the unit named."""
    number, unit = in_unit(times, about)
    if concept == "duration":
        return f"{number} {unit}{'s' * (number != 1)}"
    return to_text(times.get("date")) if dated or times.get("known") else f"{unit} {number}"


def rename(value: object, ids: Mapping[object, object]) -> object:
    """The belief's step ids, as this answer calls them."""
    if isinstance(value, list | tuple):
        return [rename(one, ids) for one in value]
    return ids.get(id_key(value), value)


def id_key(value: object) -> str:
    """A step id as a key: `1` and `"1"` are the same step."""
    return to_text(value)


def tell_ref(step: object, about: str) -> str:
    """The result of `step` in a text, in the notation that `about` shows, such as `#E1` or `$1`."""
    number = next(iter(re.findall(r"\d+", to_text(step))), to_text(step))
    for shown, form in ((r"#E\d", f"#E{number}"), (r"\$\d", f"${number}")):
        if re.search(shown, about):
            return form
    return f"result of {to_text(step)}"


def _call_text(name: str, about: str, arguments: Mapping[str, object]) -> str:
    single = len(arguments) == 1 and "json" not in about.lower()
    if single and words(name)[-1:] in _SINGLE:
        return to_text(next(iter(arguments.values())))
    return json.dumps(plain(arguments), ensure_ascii=False)


def _codes(text: str, number: int) -> Iterator[str]:
    """`text` in the forms that patterns ask for most: a slug, a code, a numbered id."""
    yield text
    stems = re.findall(r"\w+", text.lower())[:6]
    for glue in ("_", "-", " ", ""):
        name = glue.join(stems)
        yield from (name, name.upper(), name.title())
    digits = next(iter(re.findall(r"\d+", text)), str(number))
    yield from (form.format(digits) for form in _CODES + _MORE_CODES)
    yield from text.split()
