"""A JSON Schema as flat shapes: references followed, conjunctions merged, alternatives listed.

A *shape* is a schema with one type and no `$ref`, `allOf`, `anyOf`, `oneOf`, `if` or `const` at
its top; its parts are schemas again. What a shape cannot say (`not`, "exactly one of") is left to
the validator. Both draft-07 and 2020-12 forms are read.
"""

import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.validators import validator_for
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from planlab.errors import BadSchema

Shape = dict[str, Any]
MOST_SHAPES = 64  # alternatives looked at for one schema: a product of unions stays bounded


class Unfillable(BadSchema, ValueError):
    """No value satisfies the schema; the message names the place and the reason."""


TYPE_OF_KEYWORD = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "patternProperties": "object",
    "minProperties": "object",
    "items": "array",
    "prefixItems": "array",
    "minItems": "array",
    "contains": "array",
    "patterns": "string",
    "minLength": "string",
    "maxLength": "string",
    "format": "string",
    "minimum": "number",
    "maximum": "number",
    "exclusiveMinimum": "number",
    "exclusiveMaximum": "number",
    "multipleOf": "number",
}
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_CHOICES = ("anyOf", "oneOf")
_COMBINERS = frozenset(
    (
        *_REFERENCES,
        *_CHOICES,
        *("allOf", "if", "then", "else", "const", "pattern"),
        *("dependencies", "dependentSchemas", "additionalItems", "$defs", "definitions"),
    )
)


class Book:
    """One schema document: follows its references, lists its shapes, checks values."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.validator = _validator(root)
        resource = Resource.from_contents(root, default_specification=DRAFT202012)
        self._resolver = Registry().resolver_with_root(resource)
        self._shapes: dict[int, tuple[Any, list[Shape]]] = {}
        self._pairs: dict[tuple[int, int], tuple[Any, Any, Any]] = {}

    def is_valid(self, value: object, schema: Any) -> bool:
        """Whether `value` satisfies `schema`, a part of this document."""
        return bool(self.validator.evolve(schema=schema).is_valid(value))

    def shapes(self, schema: Any) -> list[Shape]:
        """The alternatives that `schema` allows, in its own order; empty when it allows nothing."""
        if id(schema) not in self._shapes:
            single = (one for shape in self._expand(schema, ()) for one in _by_type(shape))
            # The schema is kept beside its shapes: an id stays its own only while it lives.
            self._shapes[id(schema)] = (schema, list(itertools.islice(single, MOST_SHAPES)))
        return self._shapes[id(schema)][1]

    def both(self, one: Any, two: Any) -> Any:
        """The schema of what satisfies `one` and `two`, the same object each time."""
        pair = (id(one), id(two))
        if pair not in self._pairs:
            self._pairs[pair] = (one, two, _both(one, two))
        return self._pairs[pair][2]

    def _expand(self, schema: Any, seen: tuple[str, ...]) -> list[Shape]:
        if schema is True:
            return [{}]
        if schema is False:
            return []
        groups = [[_plain(schema)], *self._referred(schema, seen)]
        groups += [self._expand(part, seen) for part in schema.get("allOf", ())]
        for choice in _CHOICES:
            if choice in schema:
                groups.append([s for part in schema[choice] for s in self._expand(part, seen)])
        groups += [self._branches(*rule, seen) for rule in _conditions(schema)]
        return _conjunction(groups)

    def _referred(self, schema: Shape, seen: tuple[str, ...]) -> Iterator[list[Shape]]:
        for keyword in _REFERENCES:
            if keyword in schema:
                ref = schema[keyword]
                # A reference that leads to itself says nothing and can never be satisfied.
                yield [] if ref in seen else self._expand(self._lookup(ref), (*seen, ref))

    def _lookup(self, ref: str) -> Any:
        try:
            return self._resolver.lookup(ref).contents
        except Unresolvable as error:
            raise Unfillable(
                f"the schema's reference {ref!r} leads nowhere: define it in $defs"
            ) from error

    def _branches(self, test: Any, then: Any, other: Any, seen: tuple[str, ...]) -> list[Shape]:
        met = _conjunction([self._expand(test, seen), self._expand(then, seen)])
        unmet = _conjunction([[{"not": test}], self._expand(other, seen)])
        return met + unmet


@lru_cache(maxsize=128)
def _book(text: str) -> Book:
    return Book(json.loads(text))


def open_book(schema: Mapping[str, object] | bool) -> Book:
    """The (cached) `Book` of a schema. Raises `Unfillable` when it is no JSON Schema."""
    return _book(json.dumps(schema))


def _validator(root: Any) -> Any:
    """A validator of the draft that the schema names, or of the first draft that it fits."""
    if not isinstance(root, Mapping | bool):
        raise Unfillable(f"not a JSON Schema, which is an object or a boolean: {root!r}")
    named = isinstance(root, dict) and "$schema" in root
    drafts = [validator_for(root, default=Draft202012Validator)]
    drafts += [] if named else [Draft7Validator, Draft4Validator]
    for draft in drafts:
        try:
            draft.check_schema(root)  # type: ignore[arg-type]
        except SchemaError as error:
            problem = f"{error.message} at {error.json_path}"
            continue
        return draft(root, format_checker=draft.FORMAT_CHECKER)
    raise Unfillable(f"not a JSON Schema: {problem}")


def _plain(schema: Shape) -> Shape:
    """The keywords that need no combining, older spellings put as 2020-12 has them."""
    shape = {key: value for key, value in schema.items() if key not in _COMBINERS}
    if "const" in schema:
        shape["enum"] = [v for v in schema.get("enum", [schema["const"]]) if v == schema["const"]]
    if "pattern" in schema:
        shape["patterns"] = [schema["pattern"]]
    if isinstance(schema.get("items"), list):
        shape["prefixItems"] = schema["items"]
        shape["items"] = schema.get("additionalItems", True)
    for bound in ("minimum", "maximum"):
        strict = "exclusive" + bound.capitalize()
        if isinstance(shape.get(strict), bool) and shape.pop(strict):
            shape[strict] = shape[bound]
    lists = {k: v for k, v in schema.get("dependencies", {}).items() if isinstance(v, list)}
    if lists:
        shape["dependentRequired"] = lists
    return shape


def _conditions(schema: Shape) -> Iterator[tuple[Any, Any, Any]]:
    if "if" in schema:
        yield schema["if"], schema.get("then", True), schema.get("else", True)
    dependent = {**schema.get("dependencies", {}), **schema.get("dependentSchemas", {})}
    for name, then in dependent.items():
        if not isinstance(then, list):
            yield {"required": [name]}, then, True


def _conjunction(groups: Iterable[list[Shape]]) -> list[Shape]:
    done: list[Shape] = [{}]
    for group in groups:
        pairs = (_merge(one, two) for one in done for two in group)
        done = list(itertools.islice((shape for shape in pairs if shape is not None), MOST_SHAPES))
    return done


def _merge(one: Shape, two: Shape) -> Shape | None:
    """Both at once; None when their types exclude each other."""
    one, two = _closed(one, two), _closed(two, one)
    merged = {**two, **one}
    for key in one.keys() & two.keys():
        if one[key] != two[key] and key in _JOIN:
            merged[key] = _JOIN[key](one[key], two[key])
    return None if merged.get("type") == [] else merged


def _closed(shape: Shape, other: Shape) -> Shape:
    """`shape`, with what the other's closed list of properties says of its own properties."""
    rest = other.get("additionalProperties", True)
    if rest is True or not shape.get("properties"):
        return shape
    named = other.get("properties", {})
    if other.get("patternProperties"):
        return shape
    properties = {
        name: part if name in named else _both(part, rest)
        for name, part in shape["properties"].items()
    }
    return {**shape, "properties": properties}


def _both(one: Any, two: Any) -> Any:
    if one == two or two is True:
        return one
    if one is True:
        return two
    return False if one is False or two is False else {"allOf": [one, two]}


def _types(one: Any, two: Any) -> list[str]:
    first, second = (t if isinstance(t, list) else [t] for t in (one, two))
    return [a if a == b else "integer" for a in first for b in second
            if a == b or {a, b} == {"integer", "number"}]  # fmt: skip


def _named(one: Mapping[str, Any], two: Mapping[str, Any]) -> Shape:
    joined = {key: _both(part, two.get(key, True)) for key, part in one.items()}
    return joined | {key: part for key, part in two.items() if key not in one}


def _least_multiple(one: float, two: float) -> float:
    a, b = Fraction(str(one)), Fraction(str(two))
    multiple = Fraction(math.lcm(a.numerator, b.numerator), math.gcd(a.denominator, b.denominator))
    return multiple.numerator if multiple.denominator == 1 else float(multiple)


_JOIN: dict[str, Callable[[Any, Any], Any]] = {
    "type": _types,
    "enum": lambda one, two: [value for value in one if value in two],
    "patterns": lambda one, two: [*one, *two],
    "required": lambda one, two: [*one, *(name for name in two if name not in one)],
    "properties": _named,
    "patternProperties": _named,
    "dependentRequired": lambda one, two: {**one, **two},
    "multipleOf": _least_multiple,
    "uniqueItems": lambda one, two: one or two,
    "not": lambda one, two: {"anyOf": [one, two]},
    "prefixItems": lambda one, two: [
        _both(a, b) for a, b in itertools.zip_longest(one, two, fillvalue=True)
    ],
    **dict.fromkeys(("items", "additionalProperties", "propertyNames", "contains"), _both),
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}


def _by_type(shape: Shape) -> Iterator[Shape]:
    """One shape a type; an enum is split by the types of its values."""
    types = shape.get("type")
    if types is None:
        types = sorted({TYPE_OF_KEYWORD[key] for key in shape if key in TYPE_OF_KEYWORD})[:1]
    types = [types] if isinstance(types, str) else types
    if "enum" in shape:
        allowed = [v for v in shape["enum"] if "type" not in shape or _is_of(v, types)]
        if allowed:
            yield {**shape, "enum": allowed, "type": json_type(allowed[0])}
        return
    for name in types or ["any"]:
        yield {**shape, "type": name}


def json_type(value: object) -> str:
    """The name that JSON Schema has for the type of `value`."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) else "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def _is_of(value: object, types: Iterable[str]) -> bool:
    kind = json_type(value)
    whole = isinstance(value, float) and value.is_integer()
    return any(
        name == kind or (name == "number" and kind == "integer") or (name == "integer" and whole)
        for name in types
    )
