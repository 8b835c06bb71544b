"""The schema asks, the belief answers: a JSON value that is valid and says what is believed.

Each property of a schema is matched by its words to a concept (`concepts`), what the belief holds
there (`scopes`) is put into the form that is asked for (`coerce`, `wording`), and the whole is
checked with `jsonschema`; where it fails, it is filled again with every part checked. This is what
constrained decoding gives a real model: the form is certain, the content as good as the belief.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from random import Random
from typing import Any

from planlab.simulated.coerce import (
    MISSING,
    TIMES,
    numbers,
    plain,
    rank_choices,
    spread_choices,
    to_bool,
    to_list,
    to_text,
)
from planlab.simulated.concepts import GOING_ON, NEUTRAL, likeness, slug, words
from planlab.simulated.reading import Reader, is_open
from planlab.simulated.scopes import (
    Belief,
    Found,
    Scope,
    list_arguments,
)
from planlab.simulated.shapes import Shape, Unfillable, json_type, open_book
from planlab.simulated.strings import make_matching
from planlab.simulated.wording import (
    ID_CONCEPTS,
    LONGEST,
    Slot,
    id_key,
    rename,
    word_texts,
)

__all__ = ["Unfillable", "fill"]

_DEEPEST = 30  # levels after which a recursion that has not ended is taken for endless
_ANY_STEP = {"id": "", "title": "", "description": "", "tool": "", "depends_on": ["s0"]}
_ANY_TEXT = {"type": "string"}
_CHECKING = "A result is only as good as its check"


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
        value = Filler(Reader(book), seed).fill(book.root, slot)
    except Unfillable:
        pass  # filling with care finds the way out, or says better why there is none
    else:
        if book.is_valid(value, book.root):
            return value
    return Filler(Reader(book), seed, careful=True).fill(book.root, slot)


@dataclass
class Filler:
    """One answer in the making."""

    reader: Reader
    seed: int
    careful: bool = False  # check every part, and try another where it is not valid
    keys: set[int] = field(default_factory=set)  # the schemas of properties that name a step
    dead: set[object] = field(default_factory=set)  # where no recursion ends in so many levels

    def fill(self, schema: Any, slot: Slot) -> Any:
        """The best value for `slot` that `schema` allows."""
        if not self.reader.book.shapes(schema):
            raise Unfillable(f"{slot.path}: no value is allowed by {_short(schema)}")
        mark = self.reader.mark(schema, slot)
        if slot.room is None and (mark in slot.around or len(slot.around) > _DEEPEST):
            return self._shallowest(schema, slot)
        if slot.room is None:
            return self._best(schema, replace(slot, around=slot.around | {mark}))
        key = (id(schema), slot.scope.kind, slot.room)
        if slot.room <= 0 or key in self.dead:
            raise Unfillable(f"{_ends(slot.path)}: the schema recurses without an end")
        try:
            return self._best(schema, replace(slot, room=slot.room - 1))
        except Unfillable:
            self.dead.add(key)
            raise

    def _shallowest(self, schema: Any, slot: Slot) -> Any:
        """The value with the fewest levels: the way out of a schema that contains itself."""
        for room in range(1, _DEEPEST):
            try:
                return self.fill(schema, replace(slot, room=room))
            except Unfillable as error:
                reason = error
        raise reason

    def _best(self, schema: Any, slot: Slot) -> Any:
        shapes = self.reader.book.shapes(schema)
        if len(shapes) > 1:
            shapes = sorted(shapes, key=lambda shape: -self.reader.fit(shape, slot))
        reasons: list[Unfillable] = []
        values = (value for shape in shapes for value in self._tried(shape, slot, reasons))
        if self.careful:
            values = (value for value in values if self.reader.book.is_valid(value, schema))
        seen = list(islice(values, slot.skip + 1))
        if seen:
            return seen[-1]
        wrong = f"{slot.path}: no value found that meets {_short(schema)}"
        raise reasons[0] if reasons else Unfillable(wrong)

    def _tried(self, shape: Shape, slot: Slot, reasons: list[Unfillable]) -> Iterator[Any]:
        try:
            yield from self._candidates(shape, slot)
        except Unfillable as error:
            reasons.append(error)

    def _candidates(self, shape: Shape, slot: Slot) -> Iterator[Any]:
        if "enum" in shape:
            return self._choices(shape, slot)
        by_type: dict[str, Callable[[Shape, Slot], Iterator[Any]]] = {
            "null": lambda shape, slot: iter([None]),
            "boolean": _booleans,
            "integer": self._numbers,
            "number": self._numbers,
            "string": self._strings,
            "array": self._arrays,
            "object": self._objects,
            "any": _anything,
        }
        return by_type[shape["type"]](shape, slot)

    # Scalars.

    def _choices(self, shape: Shape, slot: Slot) -> Iterator[Any]:
        value = slot.value
        if slot.found.concept in ID_CONCEPTS:
            value = rename(value, self.reader.ids)
        if slot.found.concept == "tool" and isinstance(value, str) and value not in shape["enum"]:
            value = f"{value} {to_text(slot.scope.known.get('description'))}".strip()
        if slot.found.concept == "decision" and not _comes_near(value, shape["enum"]):
            value = GOING_ON.get(to_text(value), value)
        place = slot.scope.known.get("priority")
        if isinstance(value, Mapping) and slot.found.concept in TIMES:
            value = MISSING
        unsaid = value is MISSING or value is None
        if unsaid and slot.scope.kind == "step" and isinstance(place, float):
            value = _told_by(slot.scope.known, shape["enum"])
            if value is None:
                yield from spread_choices(1 - place, shape["enum"])
        yield from rank_choices(value, shape["enum"], slot.scope.sayings())

    def _numbers(self, shape: Shape, slot: Slot) -> Iterator[float]:
        value, concept = slot.value, slot.found.concept
        if concept in ID_CONCEPTS:
            value = rename(value, self.reader.ids)
        about = f"{shape.get('description', '')} {slot.name.replace('_', ' ')}"
        options = numbers(value, shape, concept=concept, about=about)
        first = next(options, None)
        if first is None:
            raise Unfillable(f"{slot.path}: no {shape['type']} lies within {_short(shape)}")
        yield first
        yield from options

    def _strings(self, shape: Shape, slot: Slot) -> Iterator[str]:
        least, most = shape.get("minLength", 0), shape.get("maxLength", math.inf)
        if least > min(most, LONGEST):
            raise Unfillable(f"{slot.path}: minLength {least} is more than {min(most, LONGEST)}")
        seen: set[str] = set()
        try:
            for text in word_texts(shape, slot, self.reader.ids, self.seed):
                if text not in seen and least <= len(text) <= most and self._is_formed(text, shape):
                    seen.add(text)
                    yield text
        except re.error as error:
            raise Unfillable(f"{slot.path}: its pattern is not understood: {error}") from error
        if not seen:
            raise Unfillable(f"{slot.path}: no text found that meets {_short(shape)}")

    def _is_formed(self, text: str, shape: Shape) -> bool:
        if not all(re.search(pattern, text) for pattern in shape.get("patterns", ())):
            return False
        return "format" not in shape or self.reader.book.is_valid(text, {"format": shape["format"]})

    # Arrays.

    def _arrays(self, shape: Shape, slot: Slot) -> Iterator[list[Any]]:
        prefix = shape.get("prefixItems", [])
        least = max(shape.get("minItems", 0), _contained(shape))
        most = shape.get("maxItems", math.inf)
        if shape.get("items", True) is False:
            most = min(most, len(prefix))
        if least > min(most, LONGEST):
            raise Unfillable(f"{slot.path}: at least {least} items, but at most {most}")
        wanted = self._wanted(shape, slot)
        size = int(min(max(len(wanted), least, len(prefix)), most, LONGEST))
        if slot.room is not None:
            size = least
        reason = None
        for shorter in range(size, least - 1, -1):
            try:
                items = self._items(shape, slot, wanted, shorter)
            except Unfillable as error:
                reason = reason or error
            else:
                yield items
                reason = None
        if reason is not None:
            raise reason

    def _wanted(self, shape: Shape, slot: Slot) -> list[object]:
        """What the belief would put into this array, however long it may be."""
        value, concept = slot.value, slot.found.concept
        items = shape.get("items", True)
        first = next(iter(to_list(value)), MISSING)
        inner = replace(slot, found=Found(concept, first))
        if self.reader.mark(items, inner) in slot.around and not shape.get("minItems"):
            return []
        if concept == "depends_on" and self.reader.ids:
            return [one for one in to_list(value) if id_key(one) in self.reader.ids]
        if not isinstance(value, Mapping):
            return to_list(value)
        objects = "object" in [part["type"] for part in self.reader.book.shapes(items)]
        if concept == "steps" and not objects:
            return self._wanted(
                shape, replace(slot, found=Found("depends_on", value.get("depends_on")))
            )
        if concept != "arguments":
            return [value] if objects else list(value.values())
        entries = list_arguments(slot.scope, value)
        return list(entries) if objects else [self.reader.told(entry, shape) for entry in entries]

    def _items(self, shape: Shape, slot: Slot, wanted: list[object], size: int) -> list[Any]:
        wanted = self._extended(wanted, size, slot)[:size]
        prefix, items = shape.get("prefixItems", []), shape.get("items", True)
        if slot.found.concept == "steps":
            self._name_steps(items, wanted, slot)
        done: list[Any] = []
        for index, value in enumerate(wanted):
            part = prefix[index] if index < len(prefix) else items
            if index < _contained(shape):
                part = self.reader.book.both(part, shape["contains"])
            inner = self._item_slot(slot, value, index, done)
            unique = shape.get("uniqueItems", False)
            done.append(self._distinct(part, inner, done) if unique else self.fill(part, inner))
        return done

    def _item_slot(self, slot: Slot, value: object, index: int, done: list[Any]) -> Slot:
        scope = replace(slot.scope, index=index) if slot.scope.kind == "root" else slot.scope
        found = Found(slot.found.concept, value)
        path = f"{slot.path}[{index}]"
        return replace(slot, path=path, found=found, scope=scope, said=tuple(done), skip=0)

    def _distinct(self, schema: Any, slot: Slot, taken: list[Any]) -> Any:
        for skip in range(len(taken) + 50):
            value = self.fill(schema, replace(slot, skip=skip))
            if not any(value == other and json_type(value) == json_type(other) for other in taken):
                return value
        raise Unfillable(f"{slot.path}: there are not enough different values for uniqueItems")

    def _extended(self, wanted: Sequence[object], size: int, slot: Slot) -> list[object]:
        """`wanted` drawn out to `size` with what makes sense as more of the same."""
        longer = list(wanted)
        if slot.found.concept == "depends_on":
            longer += [one for one in self.reader.ids if one not in longer]
        while len(longer) < size and slot.found.concept == "steps":
            longer.append(_checking_step(longer))
        return longer + [MISSING] * (size - len(longer))

    # What this answer calls each step, so that every reference to it agrees.

    def _name_steps(self, items: Any, steps: list[object], slot: Slot) -> None:
        key = self._key_part(items)
        self.keys |= set() if key is True else {id(key)}
        nested = slot.scope.kind == "step"
        if not nested:
            self.reader.ids.clear()
            finished = to_list(slot.scope.known.get("finished_ids", []))  # may be depended on
            self.reader.ids |= {id_key(one): one for one in finished}
        taken: list[Any] = []
        for index, step in enumerate(steps):
            if isinstance(step, Mapping):
                place = slot.scope.index if nested else index
                scope = Scope("step", step, slot.scope, place)
                inner = Slot(scope, f"{slot.path}[{index}]")
                taken.append(self._step_name(key, step.get("id", f"s{place + 1}"), taken, inner))
                self.reader.ids[id_key(step.get("id", place))] = taken[-1]

    def _key_part(self, items: Any) -> Any:
        """The schema of the property that names a step; `True` when a step has no name."""
        shapes = [shape for shape in self.reader.book.shapes(items) if shape["type"] == "object"]
        parts: dict[str, Any] = shapes[0].get("properties", {}) if shapes else {}
        place = Scope("step", _ANY_STEP)
        named = {self.reader.find(part, n, place, parts).concept: part for n, part in parts.items()}
        needed = "depends_on" in named
        concepts = ("id", "position", "title") if needed else ("id", "position")
        return next((named[concept] for concept in concepts if concept in named), True)

    def _step_name(self, key: Any, name: object, taken: list[Any], slot: Slot) -> Any:
        if key is True:
            return name
        shape = next(iter(self.reader.book.shapes(key)), {"type": "any"})
        if shape["type"] in ("integer", "number"):
            zero = re.search(r"\b0\b|\bzero\b", shape.get("description", ""))
            least = 0 if zero else max(1, math.ceil(float(shape.get("minimum", 1))))
            name = slot.scope.index + least
        slot = replace(slot, found=Found("", name))
        try:
            return self._distinct(key, slot, taken)
        except Unfillable:
            return self.fill(key, slot)  # too few names for all: the schema wants it so

    def _as_named(self, found: Found, part: Any, scope: Scope) -> Found:
        """`found`, unless it is the name of a step, which is decided already."""
        name = self.reader.ids.get(id_key(scope.known.get("id")))
        return Found("", name) if id(part) in self.keys and name is not None else found

    # Objects.

    def _objects(self, shape: Shape, slot: Slot) -> Iterator[dict[str, Any]]:
        yield self._object(shape, slot, briefly=slot.room is not None)
        if self.careful:
            yield self._object(shape, slot, briefly=True)

    def _object(self, shape: Shape, slot: Slot, *, briefly: bool) -> dict[str, Any]:
        scope = self.reader.inside(slot)
        parts = self._parts(shape, slot, scope)
        title = shape.get("title", "")
        finds = {
            name: self.reader.find(part, name, scope, parts, title) for name, part in parts.items()
        }
        if not shape.get("properties"):
            entries = self.reader.entries(slot).items()
            finds |= {name: Found(slot.found.concept, entry) for name, entry in entries}
        required, optional = _split(shape, finds)
        least, most = shape.get("minProperties", 0), shape.get("maxProperties", math.inf)
        if len(required) > most:
            raise Unfillable(f"{slot.path}: {len(required)} properties required, {most} allowed")
        known = 0 if briefly else sum(not is_open(finds[name]) for name in optional)
        chosen = required + optional[: int(min(max(known, least - len(required)), most))]
        values: dict[str, Any] = {}
        # Steps go first: what other properties call them is decided there.
        for name in sorted(chosen, key=lambda name: finds[name].concept != "steps"):
            said = tuple(value for value in values.values() if isinstance(value, str))
            found = self._as_named(finds[name], parts[name], scope)
            inner = replace(slot, scope=scope, path=f"{slot.path}.{name}", name=name, said=said)
            try:
                values[name] = self.fill(parts[name], replace(inner, found=found))
            except Unfillable:
                if name in required:
                    raise
        if len(values) < least:
            raise Unfillable(f"{slot.path}: {len(values)} properties can be filled, not {least}")
        return {name: values[name] for name in parts if name in values}

    def _parts(self, shape: Shape, slot: Slot, scope: Scope) -> dict[str, Any]:
        """Every property that may be filled: the schema's own, then those of an open mapping."""
        parts = dict(shape.get("properties", {}))
        least = shape.get("minProperties", 0)
        dependent = [
            name for names in shape.get("dependentRequired", {}).values() for name in names
        ]
        for name in (*shape.get("required", ()), *dependent):
            parts.setdefault(name, _part_of(shape, name))
        names = [] if shape.get("properties") else list(self.reader.entries(slot))
        more = self._made_names(shape, scope, slot.path, least) if len(parts) < least else ()
        for name in (*names, *more):
            part = _part_of(shape, name)
            allowed = self.reader.book.is_valid(name, shape.get("propertyNames", True))
            if allowed and part is not False and (name in names or len(parts) < least):
                parts.setdefault(name, part)
        return parts

    def _made_names(self, shape: Shape, scope: Scope, path: str, least: int) -> Iterator[str]:
        for pattern in shape.get("patternProperties", {}):
            yield from islice(make_matching(pattern, 1, 50, Random(self.seed)), 50 + 5 * least)
        rule = self.reader.book.both(_ANY_TEXT, shape.get("propertyNames", True))
        for skip in range(least if "propertyNames" in shape else 0):
            yield self.fill(rule, Slot(scope, path, skip=skip))
        yield from (f"note_{number}" for number in range(1, least + 1))


def _booleans(shape: Shape, slot: Slot) -> Iterator[bool]:
    yes = bool(to_bool(slot.value))
    yield from (yes, not yes)


def _anything(shape: Shape, slot: Slot) -> Iterator[Any]:
    yield next(slot.scope.sayings(), "") if slot.is_open else plain(slot.value)
    yield from (None, 0, False, "", [], {}, *range(1, 50))


def _told_by(step: Mapping[str, object], choices: Sequence[Any]) -> object:
    """The choice that a step's own words speak of, else a neutral one, else None."""
    said = words(to_text(step.get("description")))
    spoken = [
        one for one in choices if len(to_text(one)) > 2 and set(words(to_text(one))) & set(said)
    ]
    neutral = [one for one in choices if one is None or slug(to_text(one)) in NEUTRAL]
    return next(iter((*spoken, *neutral)), None)


def _comes_near(value: object, choices: Iterable[object]) -> bool:
    return any(likeness(to_text(value), to_text(choice)) >= 0.5 for choice in choices)


def _contained(shape: Shape) -> int:
    """How many items must be such as `contains` says."""
    return int(shape.get("minContains", 1)) if "contains" in shape else 0


def _part_of(shape: Shape, name: str) -> Any:
    """The schema of a property that is not named in `properties`."""
    patterns = shape.get("patternProperties", {})
    rest = shape.get("additionalProperties", True)
    return next((part for regex, part in patterns.items() if re.search(regex, name)), rest)


def _split(shape: Shape, finds: Mapping[str, Found]) -> tuple[list[str], list[str]]:
    """The names that must be filled, and those that may be, what the belief knows first."""
    required = list(dict.fromkeys(shape.get("required", ())))
    dependent = shape.get("dependentRequired", {})
    known = [name for name in finds if name in dependent and not is_open(finds[name])]
    for name in (*required, *known):
        required += [n for n in (name, *dependent.get(name, ())) if n not in required]
    optional = [name for name in finds if name not in required]
    return required, sorted(optional, key=lambda name: is_open(finds[name]))


def _checking_step(steps: Sequence[object]) -> dict[str, object]:
    """One more step than the belief has: a look at what an earlier one gave."""
    known = [step for step in steps if isinstance(step, Mapping)]
    real = [step for step in known if step.get("why") != _CHECKING]
    checked = real[(len(real) - len(known) - 1) % len(real)] if real else {}
    given = (checked.get(key) for key in ("expected_output", "output", "description"))
    about = next((to_text(text) for text in given if text), "what was asked")
    taken = [to_text(step.get("id")) for step in known]
    return {
        "id": next(name for name in (f"s{n}" for n in count(len(steps) + 1)) if name not in taken),
        "description": f"Check what there is so far: {about}",
        "tool": None,
        "arguments": {},
        "depends_on": taken[-1:],
        "why": _CHECKING,
    }


def _ends(path: str) -> str:
    return path if len(path) < 80 else f"{path[:60]}...{path[-10:]}"


def _short(schema: Any) -> str:
    text = json.dumps(schema, default=str)
    return text if len(text) < 200 else f"{text[:197]}..."
