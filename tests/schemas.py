"""Random Pydantic models such as learners write, as a Hypothesis strategy."""

import enum
import string
from datetime import date, datetime, time
from typing import Annotated, Literal, Optional, Union
from uuid import UUID

from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, create_model

_WORDS = [
    *("steps", "tool", "depends_on", "why", "score", "approved", "issues", "confidence", "summary"),
    *("id", "name", "arguments", "action", "value", "status", "next", "items", "date", "goal"),
]
_PATTERNS = [
    *(r"^s\d+$", r"^[A-Z]{3}-\d{4}$", r"^[a-z_]+$", r"^(low|high)$", r"^#[0-9a-fA-F]{6}$"),
    *(r"^\d{4}-\d{2}-\d{2}$", r"^\+?\d{7,15}$", r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$", r"^v?\d+\.\d+$"),
]


class Tree(BaseModel):
    """A recursion through a list."""

    label: str
    children: list["Tree"]


class Chain(BaseModel):
    """A recursion through an optional."""

    value: int
    next: Optional["Chain"]


class Leaf(BaseModel):
    kind: Literal["leaf"]
    value: float


class Branch(BaseModel):
    """A recursion through a discriminated union, at least one deep."""

    kind: Literal["branch"]
    parts: Annotated[list["Expression"], Field(min_length=1, max_length=3)]


Expression = Annotated[Leaf | Branch, Field(discriminator="kind")]
Branch.model_rebuild()


def _names() -> st.SearchStrategy[str]:
    letters = st.text(string.ascii_lowercase, min_size=1, max_size=6).map("f_{}".format)
    return st.one_of(st.sampled_from(_WORDS), letters)


@st.composite
def _strings(draw: st.DrawFn) -> object:
    if draw(st.booleans()):
        return Annotated[str, Field(pattern=draw(st.sampled_from(_PATTERNS)))]
    least = draw(st.integers(0, 40))
    most = least + draw(st.integers(0, 60))
    return Annotated[str, Field(min_length=least, max_length=most)]


@st.composite
def _numbers(draw: st.DrawFn) -> object:
    kind = draw(st.sampled_from([int, float]))
    low = draw(st.integers(-1_000, 1_000))
    high = low + draw(st.integers(0, 1_000))
    form = draw(st.sampled_from(["closed", "open", "low", "high", "multiple"]))
    bounds = {
        "closed": {"ge": low, "le": high},
        "open": {"gt": low, "lt": high + 2},
        "low": {"ge": low},
        "high": {"lt": high},
        "multiple": {"multiple_of": draw(st.sampled_from([2, 5, 7, 10])), "ge": low},
    }[form]
    return Annotated[kind, Field(**bounds)]


@st.composite
def _enums(draw: st.DrawFn) -> object:
    members = draw(st.lists(_names(), min_size=1, max_size=5, unique=True))
    if draw(st.booleans()):
        return Literal[tuple(members)]
    return enum.Enum("Choice", {member.upper(): member for member in members})


_PLAIN = [str, int, float, bool, date, datetime, time, UUID, Tree, Chain, Expression]
_LEAVES = st.one_of(st.sampled_from(_PLAIN), _strings(), _numbers(), _enums())


@st.composite
def _lists(draw: st.DrawFn, items: st.SearchStrategy[object]) -> object:
    least = draw(st.integers(0, 4))
    most = least + draw(st.integers(0, 4))
    return Annotated[list[draw(items)], Field(min_length=least, max_length=most)]


@st.composite
def _objects(draw: st.DrawFn, parts: st.SearchStrategy[object]) -> object:
    names = draw(st.lists(_names(), min_size=1, max_size=5, unique=True))
    title = draw(st.sampled_from(["Plan", "Step", "Verdict", "Item", "Thing", "Response"]))
    told = st.sampled_from(["", "one of: low, high", "the reason", "from 1 to 5", "an id"])
    fields = {name: (draw(parts), Field(description=draw(told))) for name in names}
    return create_model(title, __config__=ConfigDict(extra="forbid"), **fields)


def _wider(parts: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    pairs = st.tuples(parts, parts)
    return st.one_of(
        _lists(parts),
        _objects(parts),
        parts.map(lambda part: Optional[part]),  # noqa: UP045
        pairs.map(lambda pair: Union[pair]),  # noqa: UP007
        pairs.map(lambda pair: tuple[pair]),
        # The same model twice: the schema shares it by reference.
        _objects(parts).flatmap(lambda shared: _objects(st.just(shared))),
    )


def models() -> st.SearchStrategy[type[BaseModel]]:
    """Pydantic models: nested, bounded, optional, shared, recursive, with unions and enums."""
    return _objects(st.recursive(_LEAVES, _wider, max_leaves=6))
