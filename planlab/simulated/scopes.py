"""Where a property stands, and what the belief holds for it there.

A scope is a mapping of concepts to values inside another scope: a step inside a plan inside an
answer. What the inner one does not speak of is looked up in the outer one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from planlab.simulated.coerce import MISSING, SHARES, TIMES, to_bool, to_list, to_text
from planlab.simulated.concepts import (
    DEFAULTS,
    KINDS,
    OPPOSITES,
    STAND_INS,
    likeness,
    rank_concepts,
    rank_of,
    slug,
    words,
)

_SAYINGS = (
    *("text", "description", "finding", "summary", "answer", "expected_output", "why"),
    *("reasoning", "recommendation", "thought", "goal", "title", "name", "output"),
)
_SAYING_LISTS = ("findings", "issues", "suggestions", "outputs", "constraints", "risks")
_KIND_OF = {"steps": "step", "edges": "edge", "refs": "ref", "arguments": "arguments"}
_COUNTING = frozenset({"num", "number", "count", "total", "n", "how", "many", "size", "length"})
_ASKING = frozenset({"has", "have", "any", "is", "are", "was", "found", "contain", "exist"})
_CALL_INPUT = frozenset(KINDS["step"]["arguments"].split())
_TOOL_NAMES = frozenset(KINDS["step"]["tool"].split())
_STEP_WORDS = (("step",), ("task",), ("node",), ("number",), ("item",))
_GENERAL_WORDS = (("text",), ("content",), ("statement",), ("description",), ("body",))
_REMARKS = (("feedback",), ("critique",), ("comment",), ("remark",), ("review",))
_VERDICTS = frozenset({"approve", "approved", "reject", "rejected", "revise", "pass", "fail"})
# A yes or a single word that is said of the whole: no object can stand for it.
FLAGS = frozenset({"tool", "decision", "done", "approved", "replan", "revise"})
_NUMERIC = re.compile(r"\s*[$€£]?\s*-?\d[\d,]*(\.\d+)?\s*%?\s*")


class Belief(Mapping[str, object]):
    """A belief whose lazy values are worked out once, when they are asked for."""

    def __init__(self, source: Mapping[str, object]) -> None:
        self._source = dict(source)

    def __getitem__(self, concept: str) -> object:
        value = self._source[concept]
        if callable(value):
            value = self._source[concept] = value()
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._source)

    def __len__(self) -> int:
        return len(self._source)


@dataclass(frozen=True)
class Scope:
    """A place in the answer: its kind (see `concepts`), what is known there, what is around it."""

    kind: str
    known: Mapping[str, object]
    outer: "Scope | None" = None
    index: int = 0

    def get(self, concept: str) -> object:
        """What is known here of `concept`, also where it only follows from something else."""
        if concept in self.known:
            return self.known[concept]
        if concept in OPPOSITES:
            yes = to_bool(self.known.get(OPPOSITES[concept]))
            return MISSING if yes is None else not yes
        steps = self.known.get("steps")
        if self.kind == "step":
            return {"steps": [self.known], "position": self.index + 1}.get(concept, MISSING)
        if isinstance(steps, list | tuple) and concept in ("edges", "order"):
            return _order(steps) if concept == "order" else _edges(steps)
        return DEFAULTS.get(concept, MISSING) if self.kind == "root" else MISSING

    def top(self, concept: str) -> object:
        """What the whole belief holds of `concept`, whatever is known here; None for nothing."""
        return self.outer.top(concept) if self.outer is not None else self.known.get(concept)

    def sayings(self) -> Iterator[str]:
        """Sentences that the belief has, the nearest first: for what it was not asked about."""
        for concept in _SAYINGS:
            value = self.known.get(concept)
            if isinstance(value, str) and value:
                yield value
        if self.outer is not None:
            yield from self.outer.sayings()
            return
        for concept in (*_SAYING_LISTS, "steps", "items"):
            values = self.known.get(concept)
            if isinstance(values, list | tuple):
                yield from (to_text(value) for value in values if value)


def _order(steps: list[Mapping[str, object]] | tuple[Mapping[str, object], ...]) -> list[object]:
    return [step.get("id") for step in steps]


def _edges(steps: list[Mapping[str, object]] | tuple[Mapping[str, object], ...]) -> list[object]:
    return [
        {"source": parent, "target": step.get("id")}
        for step in steps
        for parent in to_list(step.get("depends_on"))
    ]


@dataclass(frozen=True)
class Ask:
    """A property as a schema asks for it: its words, the types it takes, the names beside it."""

    name: str
    about: str
    types: frozenset[str]
    beside: tuple[str, ...] = ()
    choices: tuple[object, ...] = ()  # of an enum: only these will do
    owner: str = ""  # the title of the object that it is a property of


@dataclass(frozen=True)
class Found:
    """The concept that a property is about ("" when no word is known) and the belief's value."""

    concept: str
    value: object


NOTHING = Found("", MISSING)


def find(scope: Scope, ask: Ask) -> Found:
    """What the belief says on what is asked for; its value is `MISSING` when it says nothing."""
    arguments = scope.known.get("arguments")
    if isinstance(arguments, Mapping) and ask.name in arguments and _is_call(ask):
        return Found("argument", arguments[ask.name])
    concepts = _concepts(scope, ask)
    for concept in concepts[:4]:
        for stand_in in (concept, *STAND_INS.get(concept, ())):
            value = _look_up(scope, stand_in, ask, own=stand_in == concept)
            if value is not MISSING and _suits(value, stand_in, ask):
                if concept == "depends_on" and not ask.types & {"array", "string", "object"}:
                    value = next(reversed(to_list(value)), None)
                return Found(stand_in if stand_in in ("steps", *SHARES) else concept, value)
    if scope.kind == "step" and not concepts and ask.types == {"array"}:
        return Found("steps", scope.known.get("steps", MISSING))
    outer = scope.outer
    if outer is not None and _may_inherit(scope, concepts, ask):
        found = find(outer, ask)
        if isinstance(found.value, list | tuple) and "array" not in ask.types:
            parallel = found.value[scope.index] if scope.index < len(found.value) else MISSING
            fits = parallel is not MISSING and _suits(parallel, found.concept, ask)
            return Found(found.concept, parallel if fits else MISSING)
        return found
    if _is_the_plan(scope, ask):
        return Found("steps", scope.known["steps"])
    return Found(concepts[0] if concepts else "", MISSING)


def _is_the_plan(scope: Scope, ask: Ask) -> bool:
    """Whether a list is the steps under another name: the only one of something like a plan."""
    concepts = [rank_concepts("root", name, "")[:1] for name in ask.beside]
    planned = rank_concepts("root", ask.owner, "")[:1] == ("steps",)
    return (
        planned and ("steps",) not in concepts and ask.types == {"array"} and "steps" in scope.known
    )


def _is_call(ask: Ask) -> bool:
    """Whether a tool is named beside it: then "query" is the call's, and else the user's."""
    return bool({name.lower() for name in ask.beside} & _TOOL_NAMES)


def _look_up(scope: Scope, concept: str, ask: Ask, *, own: bool) -> object:
    place: Scope | None = scope
    while place is not None:
        value = place.get(concept)
        if value is not MISSING or own:
            return value
        # Only sentences stand in from further out: a step has no score of its own.
        place = place.outer if ask.types <= {"string", "any"} and not ask.choices else None
    return MISSING


def _may_inherit(scope: Scope, concepts: tuple[str, ...], ask: Ask) -> bool:
    """Whether what is around may answer: a sentence may, a number of something else may not."""
    if scope.kind == "step":
        return False
    return bool(ask.types & {"string", "array", "object"}) and not _says_flag(ask)


def _says_flag(ask: Ask) -> bool:
    return rank_concepts("root", ask.name, "")[:1] in (("tool",), ("decision",), ("date",))


def _concepts(scope: Scope, ask: Ask) -> tuple[str, ...]:
    """The concepts that `ask` may be about here, likeliest first."""
    ranked = rank_concepts(scope.kind, ask.name, ask.about, _own(scope))
    first = _from_around(scope, ask)
    return (*first, *(concept for concept in ranked if concept not in first))


def _from_around(scope: Scope, ask: Ask) -> tuple[str, ...]:
    """What a word means because of where it stands: its type, its neighbours, its choices."""
    named, beside = words(ask.name), {name.lower() for name in ask.beside}
    is_call = bool(beside & _CALL_INPUT) and not beside & (_TOOL_NAMES - {"action"})
    if scope.kind == "step" and named in _STEP_WORDS and "array" not in ask.types:
        return ("id",) if ask.types & {"integer", "number"} else ("description",)
    if scope.kind == "item" and named in (("rule",), ("criterion",)):
        return ("id",) if ask.types & {"integer", "number"} else ("text",)
    if scope.kind == "step" and named == words(ask.owner) and "string" in ask.types:
        return ("description",)
    if scope.kind == "step" and ask.name.lower() in ("day", "week", "month"):
        return ("start",)
    if named in _REMARKS and "array" in ask.types:
        return ("issues",)
    if scope.kind == "step" and named == ("action",):
        by_tool = ask.choices or is_call or {"tool", "function"} & set(words(ask.about))
        return ("tool",) if by_tool else ("description",)
    if named == ("name",) and is_call and scope.get("tool") is not MISSING:
        return ("tool",)
    if scope.kind == "root" and {slug(str(choice)) for choice in ask.choices} & _VERDICTS:
        return ("approved",)
    if scope.kind == "root" and ask.choices and _is_decision(ask.choices):
        return ("decision",)
    if scope.kind == "root" and named in _GENERAL_WORDS:
        return rank_concepts("root", ask.owner, "")[:1]
    return ()


def _is_decision(choices: tuple[object, ...]) -> bool:
    """Whether one choice is to finish and another to go on, whatever the property is called."""
    texts = [str(choice) for choice in choices]
    ends = any(likeness("finish", text) >= 0.8 for text in texts)
    return ends and any(
        likeness(on, text) >= 0.8 for on in ("replan", "continue") for text in texts
    )


def _own(scope: Scope) -> tuple[str, ...]:
    return () if scope.kind == "root" else tuple(scope.known)


def _suits(value: object, concept: str, ask: Ask) -> bool:
    """Whether `value` can be said in one of the types that are asked for."""
    if value is None:
        return True
    named = set(words(ask.name))
    many = isinstance(value, list | tuple)
    if "object" in ask.types and concept not in FLAGS and not isinstance(value, bool):
        return True
    if "array" in ask.types and not isinstance(value, bool | int | float):
        return True
    if "any" in ask.types:
        return True
    if "string" in ask.types and not (many and not value and concept != "depends_on"):
        return True
    if many and concept == "depends_on":
        return True
    if "boolean" in ask.types and (not many or named & _ASKING):
        return to_bool(value) is not None
    if ask.types & {"integer", "number"}:
        if many:
            return bool(named & _COUNTING)
        if isinstance(value, str):
            return (
                bool(_NUMERIC.fullmatch(value))
                or (concept == "id" and " " not in value)
                or (concept in SHARES and rank_of(value) is not None)
            )
        return not isinstance(value, bool | Mapping) or concept in SHARES | TIMES
    return False


def open_scope(scope: Scope, concept: str, value: object, index: int = 0) -> Scope:
    """The scope inside an object that stands for `value`, an item of `concept`."""
    if isinstance(value, Mapping):
        kind = _KIND_OF.get(concept, "item")
        return Scope("argument" if ENTRY in value else kind, value, scope, index)
    known = {concept: value} if concept else {}
    return Scope(
        "item", {"text": to_text(value), "value": value, "id": value, **known}, scope, index
    )


def entries_of(scope: Scope, found: Found) -> dict[str, object]:
    """`found` as the entries of an open mapping: arguments by name, steps by id, items by name."""
    value = found.value
    if found.concept == "arguments" and isinstance(value, Mapping):
        return {str(entry["name"]): entry["value"] for entry in list_arguments(scope, value)}
    if isinstance(value, Mapping):
        return {str(key): part for key, part in value.items()}
    if found.concept == "edges":
        steps = [step for step in to_list(scope.top("steps")) if isinstance(step, Mapping)]
        return {to_text(step.get("id")): step.get("depends_on", ()) for step in steps}
    items = [item for item in to_list(value) if isinstance(item, Mapping)]
    key = next((key for key in ("id", "name") if items and key in items[0]), None)
    return {to_text(item[key]): item for item in items if key in item} if key else {}


ENTRY = "of"  # the key that marks one argument of a call; a belief has no such concept


def list_arguments(scope: Scope, arguments: Mapping[str, object]) -> list[dict[str, object]]:
    """The arguments of a call one by one, those that an earlier step's result is for as well."""
    refs = {ref["argument"]: ref for ref in refs_of(scope)}
    names = dict.fromkeys((*arguments, *refs))
    return [
        {ENTRY: "arguments", "name": name, "value": arguments.get(name, MISSING)}
        | ({"ref": refs[name]} if name in refs else {})
        for name in names
    ]


def refs_of(scope: Scope) -> list[dict[str, str]]:
    """The references to earlier steps' results in the step that `scope` is in."""
    refs = scope.get("refs")
    if refs is MISSING and scope.outer is not None and scope.kind != "step":
        return refs_of(scope.outer)
    return [dict(ref) for ref in to_list(refs) if isinstance(ref, Mapping)]


def find_ref(scope: Scope, name: str) -> dict[str, str] | None:
    """The reference that a property of an argument or of a call's arguments stands for."""
    if scope.kind == "argument":
        ref = scope.known.get("ref")
        concepts = rank_concepts("argument", name, "", ())
        return dict(ref) if isinstance(ref, Mapping) and concepts[:1] == ("value",) else None
    if scope.kind != "arguments":
        return None
    return next((ref for ref in refs_of(scope) if ref.get("argument") == name), None)
