"""What the belief says at a place of a schema, and which alternative says the most of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from planlab.simulated.coerce import MISSING, TIMES, to_text
from planlab.simulated.concepts import FAVOURS, likeness, words
from planlab.simulated.scopes import (
    FLAGS,
    Ask,
    Found,
    Scope,
    entries_of,
    find,
    find_ref,
    open_scope,
)
from planlab.simulated.shapes import Book, Shape, json_type
from planlab.simulated.wording import Slot, rename, tell_ref

_SIMPLE_FIRST = ("null", "boolean", "integer", "number", "string", "any", "array", "object")
# How well a value of the belief goes into each JSON type.
_FITS: Mapping[str, Mapping[str, float]] = {
    "boolean": {"boolean": 6, "string": 3, "any": 1},
    "number": {"number": 6, "integer": 5.5, "string": 3, "any": 1},
    "integer": {"integer": 6, "number": 5.5, "string": 3, "any": 1},
    "string": {"string": 6, "array": 3, "object": 2, "number": 0.5, "any": 1},
    "list": {"array": 6, "string": 3, "object": 2, "any": 1},
    "mappings": {"array": 6, "object": 4, "string": 3, "any": 1},
    "object": {"object": 6, "array": 4, "string": 3, "any": 1},
}
_ONE_OF_MANY = frozenset({"next", "first", "current", "step", "task", "top", "best"})


@dataclass
class Reader:
    """A belief read through a schema: its book, and what this answer calls the steps."""

    book: Book
    ids: dict[object, object] = field(default_factory=dict)

    def find(
        self, schema: Any, name: str, scope: Scope, beside: Iterable[str], owner: str = ""
    ) -> Found:
        """What the belief says on the property `name` of an object called `owner`."""
        shapes = self.book.shapes(schema)
        about = next((s["description"] for s in shapes if "description" in s), "")
        # A title made from the name says nothing that the name does not.
        title = next((s["title"] for s in shapes if "title" in s), "")
        if title.lower().replace(" ", "_") != name.lower():
            about = f"{about} {title}".strip()
        types = frozenset(s["type"] for s in shapes) - {"null"}
        choices = tuple(value for s in shapes for value in s.get("enum", ()) if value is not None)
        found = find(scope, Ask(name, about, types, tuple(beside), choices, owner))
        if (
            found.concept in TIMES
            and isinstance(found.value, Mapping)
            and _is_unknown_day(shapes, found.value)
        ):
            return Found(found.concept, None)
        ref = find_ref(scope, name)
        if ref is None:
            return found
        if any("step" in str(s.get("properties", {}).keys()).lower() for s in shapes):
            return Found("refs", ref)
        told = tell_ref(rename(ref["step"], self.ids), about)
        return Found(found.concept, told) if is_open(found) else found

    def inside(self, slot: Slot) -> Scope:
        """Where the properties of an object stand that is put at `slot`."""
        value = slot.value
        if isinstance(value, list | tuple):
            # "next_step" is the first of the steps; a "plan" or an "action" is about all of them.
            value = value[0] if value and _ONE_OF_MANY & set(words(slot.name)) else MISSING
        if value is MISSING or value is None or slot.found.concept in FLAGS:
            return slot.scope
        return open_scope(slot.scope, slot.found.concept, value, slot.scope.index)

    def entries(self, slot: Slot) -> dict[str, object]:
        """What an open mapping at `slot` would hold, by the names that this answer uses."""
        entries = entries_of(slot.scope, slot.found)
        if slot.found.concept != "edges":
            return entries
        return {to_text(rename(name, self.ids)): entry for name, entry in entries.items()}

    def told(self, entry: Mapping[str, Any], shape: Shape) -> object:
        """One argument of a call where only its value is asked for."""
        if entry["value"] is not MISSING:
            return entry["value"]
        return tell_ref(rename(entry["ref"]["step"], self.ids), shape.get("description", ""))

    def mark(self, schema: Any, slot: Slot) -> object:
        """What tells that a schema is inside itself, for the same kind of content."""
        ref = schema.get("$ref") if isinstance(schema, dict) else None
        name = ref or ("#" if schema is self.book.root else id(schema))
        return name, self.inside(slot).kind

    # Which of several alternatives says the most of the belief.

    def fit(self, shape: Shape, slot: Slot) -> float:
        """How much of the belief goes into `shape`: only the order of two fits has a meaning."""
        kind = shape["type"]
        if slot.room is not None:
            return -float(_SIMPLE_FIRST.index(kind))
        if slot.is_open:
            return self._object_fit(shape, slot) if kind == "object" else 5.0 * (kind == "null")
        sort = _sort(slot.value)
        fit = _FITS[sort].get(kind, 0.0)
        if kind == "object":
            return fit + self._object_fit(shape, slot) / 10
        if kind == "array" and sort in ("list", "mappings"):
            inner = [part["type"] for part in self.book.shapes(shape.get("items", True))]
            fit += 0.5 * (("object" in inner) == (sort == "mappings"))
        if "enum" in shape:
            fit += 1 if slot.value in shape["enum"] else -1
        return fit

    def _object_fit(self, shape: Shape, slot: Slot) -> float:
        """How much of an object the belief can fill, and whether its fixed words agree."""
        scope = self.inside(slot)
        parts = shape.get("properties", {})
        finds = {name: self.find(part, name, scope, parts) for name, part in parts.items()}
        known = [found.concept for found in finds.values() if not is_open(found)]
        fit = 3 * len(known) / len(parts) if parts else 0.0
        for name, part in parts.items():
            only = [s["enum"][0] for s in self.book.shapes(part) if len(s.get("enum", ())) == 1]
            if only and not is_open(finds[name]):
                said = to_text(finds[name].value)
                fit += 8 * (max(likeness(said, to_text(word)) for word in only) - 0.45)
        decision = scope.top("decision")
        if isinstance(decision, str):
            fit += 2 * likeness(decision, shape.get("title", ""))
            fit += 4 * any(concept in FAVOURS.get(decision, ()) for concept in known)
        return fit


def _is_unknown_day(shapes: Iterable[Shape], times: Mapping[Any, Any]) -> bool:
    """Whether a day is asked for that nobody has named, and may be left out."""
    listed = list(shapes)
    dated = any(shape.get("format", "").startswith("date") for shape in listed)
    nullable = any(shape["type"] == "null" for shape in listed)
    return dated and nullable and times.get("known") is False


def is_open(found: Found) -> bool:
    """Whether the belief says nothing."""
    return found.value is MISSING or found.value is None


def _sort(value: object) -> str:
    if isinstance(value, list | tuple):
        return "mappings" if any(isinstance(one, Mapping) for one in value) else "list"
    return json_type(value)
