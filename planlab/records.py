"""The nouns of the course, as types.

What goes to a model as a schema (`Goal`, `Plan`, `Step` …) is a frozen Pydantic model without
defaults, open dicts or `Any`, since strict endpoints refuse those. What stays inside the program is
a frozen dataclass. The same `Plan` that a model fills in is the one that runs.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from planlab.errors import ToolError

if TYPE_CHECKING:
    from planlab.trace import Trace

T = TypeVar("T")
D = TypeVar("D")

Scalar = str | int | float | bool | None


class Record(BaseModel):
    """A frozen Pydantic model that accepts no unknown field."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Constraint(Record):
    """A limit that a plan must keep: a budget, a permission or a policy."""

    kind: Literal["budget", "permission", "policy"]
    text: Annotated[str, Field(description="The rule in one sentence.")]
    tool: Annotated[str | None, Field(description="The tool that it is about, if one.")]
    limit: Annotated[float | None, Field(description="US dollars, or number of calls, if any.")]


class Goal(Record):
    """What is wanted: the task, the outputs that must exist at the end, and the limits to keep."""

    text: str
    outputs: tuple[str, ...]
    constraints: tuple[Constraint, ...]


class Ref(Record):
    """The result of an earlier step, or a part of it: data, never text that is pasted in."""

    step: Annotated[str, Field(description="The id of the earlier step.")]
    path: Annotated[str, Field(description="Which part, such as 'rows.0.1'; '' for all of it.")]


class Argument(Record):
    """One argument of a step's tool: a value known now, or a reference to a result."""

    name: str
    value: Ref | Scalar | tuple[Scalar, ...]


class Step(Record):
    """One step of a plan. It carries no power: risk, price and permission are the Toolbox's."""

    id: Annotated[str, Field(description="Unique in the plan, such as 's1'.")]
    description: Annotated[str, Field(description="What this step does, so that it can be judged.")]
    how: Annotated[
        Literal["tool", "react", "reflect", "search"],
        Field(description="'tool': one call; the others: by that pattern."),
    ]
    tool: Annotated[str | None, Field(description="The tool to call, exactly as it is named.")]
    arguments: tuple[Argument, ...]
    depends_on: Annotated[tuple[str, ...], Field(description="Ids of steps that must end first.")]
    output: Annotated[str, Field(description="The name of what this step hands on.")]
    expected_output: Annotated[str, Field(description="What a good result looks like.")]

    @property
    def refs(self) -> tuple[Ref, ...]:
        """The references among the arguments, in order."""
        return tuple(a.value for a in self.arguments if isinstance(a.value, Ref))

    @property
    def needs(self) -> tuple[str, ...]:
        """Every step that must end first: `depends_on`, then what references name, each once."""
        return tuple(dict.fromkeys((*self.depends_on, *(ref.step for ref in self.refs))))


class Plan(Record):
    """Steps towards a goal, with the reasoning behind them; `version` counts revisions from 1."""

    goal: str
    reasoning: str
    steps: tuple[Step, ...]
    version: int


@dataclass(frozen=True)
class Usage:
    """What was spent. Tokens are counts, `cached_tokens` are part of `input_tokens`."""

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0

    @property
    def tokens(self) -> int:
        """Input and output tokens together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.dollars + other.dollars,
        )


@dataclass(frozen=True)
class Observation:
    """What came back from a tool: a value or an error, where it came from, and the call's key."""

    value: object = None
    error: ToolError | None = None
    taint: frozenset[str] = frozenset()
    key: str = ""

    def unwrap(self) -> object:
        """The value; raises the error if there is one."""
        if self.error is not None:
            raise self.error
        return self.value

    @property
    def text(self) -> str:
        """As a model reads it: the value as text or JSON, or the error in words."""
        return as_text(self.value) if self.error is None else f"Error: {self.error.message}"


def as_text(value: object) -> str:
    """Text as it is, anything else as JSON, or as Python writes it where JSON cannot.

    >>> as_text({"total": 5})
    '{"total": 5}'
    """
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):  # a key that is no text, a circle
        return repr(value)


@dataclass(frozen=True)
class ToolCall:
    """A call that a model asked for. `arguments` is JSON as the model wrote it, perhaps wrong."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Reply:
    """A model's answer: text, or calls that it wants made, or both."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()

    @property
    def message(self) -> dict[str, object]:
        """As the assistant's message, to be put back into the context."""
        message: dict[str, object] = {"role": "assistant", "content": self.text or None}
        if self.calls:
            message["tool_calls"] = [
                {
                    "id": c.id,
                    "type": "function",
                    "function": {"name": c.name, "arguments": c.arguments},
                }
                for c in self.calls
            ]
        return message


class Stop(StrEnum):
    """Why a run ended."""

    ANSWERED = "answered"
    APPROVED = "approved"
    ROUNDS = "rounds"
    NO_PROGRESS = "no_progress"
    OSCILLATION = "oscillation"
    WAITING = "waiting"
    REFUSED = "refused"
    BUDGET = "budget"
    STUCK = "stuck"
    UNSOLVABLE = "unsolvable"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Result(Generic[T, D]):
    """What every `run_<pattern>` returns: the answer if there is one, and why it stopped."""

    answer: T | None
    stop: Stop
    trace: "Trace"
    usage: Usage
    detail: D
