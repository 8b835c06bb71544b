"""The schema asks, the belief answers: a JSON value that is valid and says what is believed.

Each property of a schema is matched by its words to a concept (`concepts`), what the belief holds
there (`scopes`) is put into the form that is asked for (`coerce`, `strings`), and the whole is
checked with `jsonschema`; where it fails, it is filled again with every part checked. This is what
constrained decoding gives a real model: the form is certain, the content as good as the belief.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from random import Random
from typing import Any

from planlab.simulated.coerce import (
    MISSING,
    numbers,
    plain,
    rank_choices,
    to_bool,
    to_list,
    to_text,
)
from planlab.simulated.concepts import likeness, words
from planlab.simulated.scopes import Ask, Belief, Found, Scope, find, open_scope
from planlab.simulated.shapes import Book, Shape, Unfillable, json_type, open_book
from planlab.simulated.strings import (
    date_style,
    find_date,
    fit_length,
    make_format,
    make_matching,
    write_date,
)

__all__ = ["Unfillable", "fill"]

_DEEPEST = 30  # levels after which a recursion that has not ended is taken for endless
_LONGEST = 1_000  # items: a longer list is refused rather than written


def fill(
    schema: Mapping[str, object] | bool, belief: Mapping[str, object], *, seed: int = 0
) -> object:
    """A JSON value valid under `schema`, saying what `belief` holds wherever the schema asks.

    `belief` maps concepts (see `concepts`) to values, or to functions of no argument that give
    them. `seed` varies only what has no meaning, such as a UUID. Raises `Unfillable`, with the
    place and the reason, when nothing is valid.
    """
    book = open_book(schema)
    slot = Slot(Scope("root", Belief(belief)))
    try:
        value = Filler(book, seed).value(book.root, slot)
        if book.is_valid(value, book.root):
            return value
    except Unfillable:
        pass  # the careful way below finds it, or says better why not
    return Filler(book, seed, careful=True).value(book.root, slot)


@dataclass(frozen=True)
class Slot:
    """One place to fill."""

    scope: Scope
    path: str = "$"
    name: str = ""
    found: Found = Found("", MISSING)
    said: tuple[object, ...] = ()  # by the siblings: better not said again
    around: frozenset[object] = frozenset()  # the schemas that this place is inside of
    room: int | None = None  # levels left; None: as many as the belief has content for
    skip: int = 0  # candidates passed over, where they must differ

    @property
    def value(self) -> object:
        return self.found.value


@dataclass
class Filler:
    """One filling: the book of the schema, and the ids that this answer gives to steps."""

    book: Book
    seed: int
    careful: bool = False
    ids: dict[object, object] = field(default_factory=dict)

    def value(self, schema: Any, slot: Slot) -> Any:
        """The best value for `slot` under `schema`."""
        shapes = self.book.shapes(schema)
        if not shapes:
            raise Unfillable(f"{slot.path}: the schema allows no value here")
        mark = _mark(schema, self.book, slot)
        if slot.room is None and (mark in slot.around or len(slot.around) > _DEEPEST):
            return self._shallowest(schema, slot)
        if slot.room is not None and slot.room <= 0:
            raise Unfillable(f"{slot.path}: the schema recurses without an end")
        inner = replace(slot, around=slot.around | {mark}, room=slot.room and slot.room - 1)
        return self._first_valid(schema, shapes, inner)

    def _first_valid(self, schema: Any, shapes: list[Shape], slot: Slot) -> Any:
        reasons = []
        last: Any = MISSING
        skipped = 0
        for shape in sorted(shapes, key=lambda shape: -self._fit(shape, slot)):
            try:
                for candidate in self._candidates(shape, slot):
                    if self.careful and not self.book.is_valid(candidate, schema):
                        continue
                    last = candidate
                    if skipped >= slot.skip:
                        return candidate
                    skipped += 1
            except Unfillable as error:
                reasons.append(error)
        if last is not MISSING:
            return last
        raise (
            reasons[0]
            if reasons
            else Unfillable(f"{slot.path}: no value found that meets {_short(schema)}")
        )

    def _shallowest(self, schema: Any, slot: Slot) -> Any:
        for room in range(1, _DEEPEST):
            try:
                return self.value(schema, replace(slot, room=room))
            except Unfillable as error:
                reason = error
        raise reason

    def _candidates(self, shape: Shape, slot: Slot) -> Iterator[Any]:
        if "enum" in shape:
            return self._choices(shape, slot)
        return {
            "null": lambda: iter([None]),
            "boolean": lambda: self._booleans(slot),
            "integer": lambda: self._numbers(shape, slot),
            "number": lambda: self._numbers(shape, slot),
            "string": lambda: self._strings(shape, slot),
            "array": lambda: self._arrays(shape, slot),
            "object": lambda: self._objects(shape, slot),
            "any": lambda: self._anything(slot),
        }[shape["type"]]()

    # Which of several alternatives says the most of the belief.

    def _fit(self, shape: Shape, slot: Slot) -> float:
        kind = shape["type"]
        if slot.room is not None:
            simple = ("null", "boolean", "integer", "number", "string", "any", "array", "object")
            return -float(simple.index(kind))
        if slot.value is MISSING or slot.value is None:
            return self._object_fit(shape, slot) if kind == "object" else 5.0 * (kind == "null")
        if kind == "object":
            return _FITS[_sort(slot.value)].get(kind, 0) + self._object_fit(shape, slot) / 10
        fit = float(_FITS[_sort(slot.value)].get(kind, 0.0))
        if kind == "array" and _sort(slot.value) in ("list", "mappings"):
            inner = [s["type"] for s in self.book.shapes(shape.get("items", True))]
            fit += 0.5 * (("object" in inner) == (_sort(slot.value) == "mappings"))
        if "enum" in shape:
            fit += 1 if slot.value in shape["enum"] else -1
        return fit

    def _object_fit(self, shape: Shape, slot: Slot) -> float:
        """How much of an object the belief can fill, and whether its fixed words agree."""
        scope = self._inside(slot)
        parts = shape.get("properties", {})
        fit = 0.0
        known = 0
        for name, part in parts.items():
            found = self._find(part, name, scope, tuple(parts))
            known += found.value is not MISSING and found.value is not None
            only = [s["enum"][0] for s in self.book.shapes(part) if len(s.get("enum", ())) == 1]
            if only and found.value is not MISSING:
                close = max(likeness(to_text(found.value), to_text(word)) for word in only)
                fit += 8 * (close - 0.45)
        decision = scope.get("decision")
        if isinstance(decision, str):
            fit += 2 * likeness(decision, shape.get("title", ""))
        return fit + (3 * known / len(parts) if parts else 0)

    # Scalars.

    def _choices(self, shape: Shape, slot: Slot) -> Iterator[Any]:
        value = slot.value
        if slot.found.concept in _ID_CONCEPTS:
            value = self.ids.get(_key(value), value)
        if slot.found.concept == "tool" and isinstance(value, str) and value not in shape["enum"]:
            value = f"{value} {to_text(slot.scope.known.get('description'))}".strip()
        yield from rank_choices(value, shape["enum"], slot.scope.sayings())

    def _booleans(self, slot: Slot) -> Iterator[bool]:
        yes = bool(to_bool(slot.value))
        yield from (yes, not yes)

    def _numbers(self, shape: Shape, slot: Slot) -> Iterator[float]:
        value = slot.value
        if slot.found.concept in _ID_CONCEPTS:
            value = self.ids.get(_key(value), value)
        about = shape.get("description", "")
        options = numbers(value, shape, concept=slot.found.concept, about=about)
        first = next(options, None)
        if first is None:
            raise Unfillable(f"{slot.path}: no {shape['type']} lies within {_short(shape)}")
        yield first
        yield from options

    def _strings(self, shape: Shape, slot: Slot) -> Iterator[str]:
        least, most = shape.get("minLength", 0), shape.get("maxLength", math.inf)
        if least > most:
            raise Unfillable(f"{slot.path}: minLength {least} is more than maxLength {most}")
        met = False
        try:
            for text in self._wordings(shape, slot, int(least), int(min(most, 100_000))):
                if least <= len(text) <= most and self._is_formed(text, shape):
                    met = True
                    yield text
        except re.error as error:
            raise Unfillable(f"{slot.path}: a pattern is not understood: {error}") from error
        if not met:
            raise Unfillable(f"{slot.path}: no text found that meets {_short(shape)}")

    def _wordings(self, shape: Shape, slot: Slot, least: int, most: int) -> Iterator[str]:
        told = _wording(slot, shape, self.ids)
        sayings = list(slot.scope.sayings())
        if "format" in shape:
            random = Random(f"{self.seed} {slot.path} {slot.skip}")
            made = make_format(shape["format"], [told or "", *sayings], random)
            yield from (text for text in (told, made) if text is not None)
        for pattern in shape.get("patterns", ()):
            yield from _shortened(told or "", slot.scope.index + 1)
            random = Random(f"{self.seed} {slot.path}")
            yield from make_matching(pattern, least, most, random)
        if told is not None:
            yield fit_length(told, least, most, sayings)
        fresh = [text for text in sayings if text not in slot.said]
        if told is None or told in slot.said or slot.skip:
            yield from (fit_length(text, least, most, sayings) for text in fresh)
            label = " ".join(words(slot.name)).capitalize()
            topic = sayings[-1] if sayings else ""
            yield fit_length(": ".join(filter(None, (label, topic))) or "none", least, most)
            for number in islice(count(2), _LONGEST):
                mark = f" {number}"
                base = fit_length(told or topic or "item", 0, max(most - len(mark), 0))
                yield fit_length(base + mark, least, most)
                yield str(number).rjust(least, "0")[:most]
        yield fit_length(told or "", least, most)

    def _is_formed(self, text: str, shape: Shape) -> bool:
        if not all(re.search(pattern, text) for pattern in shape.get("patterns", ())):
            return False
        return "format" not in shape or self.book.is_valid(text, {"format": shape["format"]})

    def _anything(self, slot: Slot) -> Iterator[Any]:
        if slot.value is not MISSING:
            yield plain(slot.value)
        yield from ("", None, 0, False, [], {})

    # Arrays.

    def _arrays(self, shape: Shape, slot: Slot) -> Iterator[list[Any]]:
        least, most = shape.get("minItems", 0), shape.get("maxItems", math.inf)
        if least > most or least > _LONGEST:
            raise Unfillable(f"{slot.path}: minItems {least} is more than {min(most, _LONGEST)}")
        wanted = self._wanted(shape, slot)
        prefix = shape.get("prefixItems", [])
        if shape.get("items", True) is False:
            most = min(most, len(prefix))
        size = min(max(len(wanted), least, len(prefix)), most)
        if slot.room is not None:
            size = least
        yield self._list(shape, slot, wanted, int(size))
        for shorter in range(int(size) - 1, least - 1, -1):
            yield self._list(shape, slot, wanted, shorter)

    def _wanted(self, shape: Shape, slot: Slot) -> list[object]:
        value, concept = slot.value, slot.found.concept
        items = shape.get("items", True)
        if _mark(items, self.book, slot) in slot.around and not shape.get("minItems"):
            return []
        if concept == "depends_on" and self.ids:
            return [one for one in to_list(value) if _key(one) in self.ids]
        if isinstance(value, Mapping):
            if concept != "arguments":
                return [value]
            if "object" not in [s["type"] for s in self.book.shapes(items)]:
                return list(value.values())
            return [{"of": value, "name": name, "value": v} for name, v in value.items()]
        return to_list(value)

    def _list(self, shape: Shape, slot: Slot, wanted: list[object], size: int) -> list[Any]:
        wanted = self._extended(wanted, size, slot)[:size]
        items = shape.get("items", True)
        if slot.found.concept == "steps":
            self._renumber(items, wanted, slot)
        contained = shape.get("minContains", 1) if "contains" in shape else 0
        done: list[Any] = []
        for index, value in enumerate(wanted):
            prefix = shape.get("prefixItems", [])
            part = prefix[index] if index < len(prefix) else items
            if index < contained:
                part = {"allOf": [part, shape["contains"]]}
            inner = self._item_slot(slot, value, index, done)
            done.append(
                self._distinct(part, inner, done)
                if shape.get("uniqueItems")
                else self.value(part, inner)
            )
        return done

    def _item_slot(self, slot: Slot, value: object, index: int, done: list[Any]) -> Slot:
        return replace(
            slot,
            path=f"{slot.path}[{index}]",
            found=Found(slot.found.concept, value),
            scope=replace(slot.scope, index=index) if slot.scope.kind == "root" else slot.scope,
            said=tuple(done),
            skip=0,
        )

    def _distinct(self, schema: Any, slot: Slot, taken: list[Any]) -> Any:
        for skip in range(len(taken) + 50):
            value = self.value(schema, replace(slot, skip=skip))
            if not any(value == other and json_type(value) == json_type(other) for other in taken):
                return value
        raise Unfillable(f"{slot.path}: there are not enough different values for uniqueItems")

    def _extended(self, wanted: list[object], size: int, slot: Slot) -> list[object]:
        """`wanted` drawn out to `size` with what makes sense as more of the same."""
        wanted = list(wanted)
        if slot.found.concept == "depends_on":
            wanted += [one for one in self.ids if one not in wanted]
        while len(wanted) < size and slot.found.concept == "steps":
            wanted.append(_review_step(wanted))
        return wanted + [MISSING] * (size - len(wanted))

    def _renumber(self, items: Any, steps: list[object], slot: Slot) -> None:
        """Decide what each step is called in this answer, so that all references agree."""
        shapes = self.book.shapes(items)
        parts = next((s.get("properties", {}) for s in shapes if s["type"] == "object"), {})
        named = {
            self._find(part, name, Scope("step", _ANY_STEP), tuple(parts)).concept: part
            for name, part in reversed(parts.items())
        }
        key = next(
            (named[concept] for concept in ("id", "position", "title") if concept in named), True
        )
        nested = slot.scope.kind == "step"
        if not nested:
            self.ids.clear()
        taken: list[Any] = []
        for index, step in enumerate(steps):
            if isinstance(step, Mapping):
                place = slot.scope.index if nested else index
                taken.append(self._id_of(key, step, place, taken, slot))
                self.ids[_key(step.get("id", place))] = taken[-1]

    def _id_of(
        self, key: Any, step: Mapping[str, object], index: int, taken: list[Any], slot: Slot
    ) -> Any:
        shape = next(iter(self.book.shapes(key)), {"type": "any"})
        name: object = step.get("id", f"s{index + 1}")
        if shape["type"] in ("integer", "number"):
            zero = re.search(r"\b0\b|zero", shape.get("description", ""))
            name = index + (0 if zero else max(1, int(shape.get("minimum", 1))))
        if key is True:
            return name
        inner = Slot(
            Scope("step", step, slot.scope, index), f"{slot.path}[{index}]", found=Found("", name)
        )
        try:
            return self._distinct(key, inner, taken)
        except Unfillable:
            return self.value(key, inner)

    # Objects.

    def _objects(self, shape: Shape, slot: Slot) -> Iterator[dict[str, Any]]:
        yield self._object(shape, slot, required_only=slot.room is not None)
        if self.careful:
            yield self._object(shape, slot, required_only=True)

    def _object(self, shape: Shape, slot: Slot, *, required_only: bool) -> dict[str, Any]:
        scope = self._inside(slot)
        parts = self._parts(shape, slot, scope)
        finds = {name: self._find(part, name, scope, tuple(parts)) for name, part in parts.items()}
        required = _required(shape, finds)
        most = shape.get("maxProperties", math.inf)
        if len(required) > most:
            raise Unfillable(
                f"{slot.path}: {len(required)} required properties, but at most {most}"
            )
        optional = [n for n in parts if n not in required and finds[n].value not in (MISSING, None)]
        extra = [n for n in parts if n not in required and n not in optional]
        missing = max(0, shape.get("minProperties", 0) - len(required))
        chosen = [
            *required,
            *(optional + extra if required_only else optional)[
                : missing if required_only else None
            ],
        ]
        if not required_only and len(chosen) < shape.get("minProperties", 0):
            chosen += extra[: shape["minProperties"] - len(chosen)]
        chosen = chosen[: int(min(most, len(chosen)))]
        values: dict[str, Any] = {}
        for name in sorted(chosen, key=lambda name: finds[name].concept != "steps"):
            said = tuple(v for v in values.values() if isinstance(v, str))
            inner = replace(
                slot,
                scope=scope,
                path=f"{slot.path}.{name}",
                name=name,
                found=finds[name],
                said=said,
            )
            try:
                values[name] = self.value(parts[name], inner)
            except Unfillable:
                if name in required:
                    raise
        if len(values) < shape.get("minProperties", 0):
            raise Unfillable(f"{slot.path}: not enough properties can be filled for minProperties")
        return {name: values[name] for name in [*parts] if name in values}

    def _parts(self, shape: Shape, slot: Slot, scope: Scope) -> dict[str, Any]:
        """Every property that may be filled: the schema's own, then those of an open mapping."""
        parts = dict(shape.get("properties", {}))
        rest = shape.get("additionalProperties", True)
        patterns = shape.get("patternProperties", {})
        for name in [*shape.get("required", ()), *_mapping_keys(slot)]:
            if name not in parts:
                part = next((p for regex, p in patterns.items() if re.search(regex, name)), rest)
                if part is not False or name in shape.get("required", ()):
                    parts[name] = part
        allowed = shape.get("propertyNames", True)
        names = (
            name
            for regex in patterns
            for name in islice(make_matching(regex, 1, 50, Random(self.seed)), 50)
        )
        spare = [
            *names,
            *(f"note_{number}" for number in range(1, 1 + shape.get("minProperties", 0))),
        ]
        if allowed is not True:
            spare += [
                str(self.value(allowed, Slot(scope, slot.path, skip=k)))
                for k in range(shape.get("minProperties", 0))
            ]
        for name in spare:
            part = next((p for regex, p in patterns.items() if re.search(regex, name)), rest)
            short = len(parts) < shape.get("minProperties", 0)
            if (
                short
                and name not in parts
                and part is not False
                and self.book.is_valid(name, allowed)
            ):
                parts[name] = part
        return parts

    def _inside(self, slot: Slot) -> Scope:
        value = slot.value
        if isinstance(value, list | tuple):
            value = value[0] if value and slot.found.concept != "items" else MISSING
        if value is MISSING or value is None:
            return slot.scope
        return open_scope(slot.scope, slot.found.concept, value, slot.scope.index)

    def _find(self, schema: Any, name: str, scope: Scope, beside: tuple[str, ...]) -> Found:
        shapes = self.book.shapes(schema)
        about = next((s["description"] for s in shapes if "description" in s), "")
        title = next((s["title"] for s in shapes if "title" in s), "")
        about = f"{about} {title}" if title.lower().replace(" ", "_") != name.lower() else about
        types = frozenset(s["type"] for s in shapes) - {"null"}
        fixed = any("enum" in s for s in shapes)
        return find(scope, Ask(name, about, types, beside, fixed))


_ID_CONCEPTS = frozenset({"id", "depends_on", "order", "source", "target", "step", "refs"})
_ANY_STEP = {"id": "", "title": "", "description": "", "tool": "", "position": 1}
_FITS: Mapping[str, Mapping[str, float]] = {
    "bool": {"boolean": 6, "string": 3, "any": 1},
    "number": {"number": 6, "integer": 5.5, "string": 3, "any": 1},
    "whole": {"integer": 6, "number": 5.5, "string": 3, "any": 1},
    "text": {"string": 6, "array": 3, "object": 2, "number": 0.5, "any": 1},
    "list": {"array": 6, "string": 3, "object": 2, "any": 1},
    "mappings": {"array": 6, "object": 4, "string": 3, "any": 1},
    "mapping": {"object": 6, "array": 4, "string": 3, "any": 1},
}


def _sort(value: object) -> str:
    kind = json_type(value)
    if kind == "array":
        mappings = any(isinstance(one, Mapping) for one in value)  # type: ignore[attr-defined]
        return "mappings" if mappings else "list"
    names = {"boolean": "bool", "integer": "whole", "string": "text", "object": "mapping"}
    return names.get(kind, "number")


def _mark(schema: Any, book: Book, slot: Slot) -> object:
    """What tells that a schema is inside itself, for the same kind of content."""
    ref = schema.get("$ref") if isinstance(schema, dict) else None
    return (ref or ("#" if schema is book.root else id(schema)), slot.scope.kind)


def _short(schema: Any) -> str:
    text = json.dumps(schema, default=str)
    return text if len(text) < 200 else text[:197] + "..."


def _key(value: object) -> object:
    return value if isinstance(value, str | int) else to_text(value)


def _wording(slot: Slot, shape: Shape, ids: Mapping[object, object]) -> str | None:
    """What the belief says here, in words; None where it says nothing."""
    value, concept = slot.value, slot.found.concept
    about = shape.get("description", "")
    if value is MISSING or value is None:
        return "none" if concept == "tool" and value is None else None
    if concept in _ID_CONCEPTS:
        value = (
            [ids.get(_key(one), one) for one in value]
            if isinstance(value, list | tuple)
            else ids.get(_key(value), value)
        )
    if concept == "arguments" and isinstance(value, Mapping):
        single = len(value) == 1 and "json" not in about.lower()
        if single and words(slot.name)[-1:] in (("input",), ("query",), ("argument",)):
            return to_text(next(iter(value.values())))
        return json.dumps(plain(value), ensure_ascii=False)
    if concept == "approved" and isinstance(value, bool) and words(slot.name)[-1:] in _VERDICTS:
        return "approved" if value else "rejected"
    style = date_style(about)
    if style and isinstance(value, str) and (concept == "date" or find_date([value]).year > 1970):
        return write_date(find_date([value]), style)
    return to_text(value)


_VERDICTS = (("verdict",), ("decision",), ("judgement",), ("judgment",), ("status",), ("approval",))


def _shortened(text: str, number: int) -> Iterator[str]:
    """`text` in the forms that patterns ask for most: a slug, a code, a numbered id."""
    yield text
    stems = words(text)[:5]
    for glue in ("_", "-", " ", ""):
        yield glue.join(stems)
        yield glue.join(stems).upper()
        yield glue.join(stems).title()
    digits = re.findall(r"\d+", text) or [str(number)]
    for form in (
        "{}",
        "s{}",
        "S{}",
        "step_{}",
        "step-{}",
        "Step {}",
        "t{}",
        "T{}",
        "task_{}",
        "task-{}",
        "E{}",
        "#E{}",
        "${}",
    ):
        yield form.format(digits[0])
    yield from text.split()


def _review_step(steps: Sequence[object]) -> dict[str, object]:
    last = steps[-1] if steps and isinstance(steps[-1], Mapping) else {}
    about = to_text(
        last.get("expected_output") or last.get("output") or last.get("description") or "the goal"
    )
    taken = [to_text(step.get("id")) for step in steps if isinstance(step, Mapping)]
    name = next(f"s{number}" for number in count(len(steps) + 1) if f"s{number}" not in taken)
    return {
        "id": name,
        "description": f"Check the result so far: {about}",
        "tool": None,
        "arguments": {},
        "depends_on": taken[-1:],
        "why": "A result is only as good as its check",
        "how": "react",
    }


def _required(shape: Shape, finds: Mapping[str, Found]) -> list[str]:
    required = list(shape.get("required", ()))
    dependent = shape.get("dependentRequired", {})
    for name in required:
        required += [other for other in dependent.get(name, ()) if other not in required]
    for name in finds:
        if name in dependent and finds[name].value not in (MISSING, None):
            required += [other for other in (name, *dependent[name]) if other not in required]
    return required


def _mapping_keys(slot: Slot) -> Iterable[str]:
    if slot.found.concept == "arguments" and isinstance(slot.value, Mapping):
        return [str(key) for key in slot.value]
    return []
