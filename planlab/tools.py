"""What a tool is: a typed function, with what it may do to the world.

`@tool` makes a `Tool` from a function's signature and docstring; `planlab.toolbox` runs it.
"""

import hashlib
import inspect
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, cast, get_type_hints, overload

import openai
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from planlab.errors import BadArguments, BadInput, BadSchema
from planlab.records import ToolCall

NO_TAINT: frozenset[str] = frozenset()

Source = Callable[[Mapping[str, object]], frozenset[str]]


class Risk(IntEnum):
    """How bad a wrong call would be: readable, reversible, irreversible."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True)
class Call:
    """One call on its way through the Toolbox, its arguments resolved and valid.

    A tool parameter annotated `call: Call` receives it; `key` is the idempotency key. `taint` says
    for each argument which untrusted sources it came from; `repeatable`, whether the call may be
    made again where nobody knows if it happened.
    """

    tool: str
    arguments: Mapping[str, object]
    key: str
    risk: Risk
    step: str
    taint: Mapping[str, frozenset[str]]
    repeatable: bool = True

    @property
    def plain(self) -> dict[str, object]:
        """The arguments in terms of JSON: what is written down, and what a digest stands for."""
        plain: dict[str, object] = json.loads(json.dumps(dict(self.arguments), default=_plain))
        return plain

    @property
    def digest(self) -> str:
        """What an approval binds to: the tool and its exact arguments."""
        return digest(self.tool, dict(self.arguments))


@dataclass(frozen=True)
class Tool:
    """A function that a model may call. A tool whose risk nobody stated counts as HIGH.

    `price` is in US dollars a call; `source` gives the taint of a result from the call's arguments.
    `reads` and `writes` name the argument that says which thing, such as a file's path, a call
    reads or changes: of two calls on one thing, if either writes, one must wait for the other.
    """

    name: str
    description: str
    run: Callable[..., object]
    parameters: type[BaseModel]
    risk: Risk = Risk.HIGH
    price: float = 0.0
    source: Source = lambda arguments: NO_TAINT
    call_parameter: str | None = None
    reads: str | None = None
    writes: str | None = None

    @property
    def schema(self) -> dict[str, object]:
        """As the API takes it: strict, every parameter required."""
        function = {
            "name": self.name,
            "description": self.description,
            "strict": True,
            "parameters": strict_schema(self.parameters),
        }
        return {"type": "function", "function": function}

    @property
    def repeatable(self) -> bool:
        """May a failed call be tried again without doing harm twice?"""
        return self.risk < Risk.HIGH or self.call_parameter is not None

    def check(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """The arguments as the function takes them; raises `BadArguments`."""
        try:
            model = self.parameters.model_validate(dict(arguments))
        except ValidationError as error:
            raise BadArguments(
                f"{self.name}: {in_words(error)}. Call it as {self.signature}."
            ) from None
        return {name: getattr(model, name) for name in self.parameters.model_fields}

    @property
    def signature(self) -> str:
        """As a reader of text sees it: name, parameters and their types."""
        fields = self.parameters.model_fields.items()
        listed = ", ".join(f"{name}: {_type_name(info.annotation)}" for name, info in fields)
        return f"{self.name}({listed})"


@overload
def tool(run: Callable[..., object]) -> Tool: ...
@overload
def tool(
    *,
    risk: Risk = ...,
    price: float = ...,
    source: str | Source = ...,
    reads: str | None = ...,
    writes: str | None = ...,
) -> Callable[[Callable[..., object]], Tool]: ...
def tool(
    run: Callable[..., object] | None = None,
    *,
    risk: Risk = Risk.HIGH,
    price: float = 0.0,
    source: str | Source = "",
    reads: str | None = None,
    writes: str | None = None,
) -> Tool | Callable[[Callable[..., object]], Tool]:
    """Make a `Tool` of a typed, documented function, plain or `async` (plain ones run in a thread).

    The schema comes from the signature, the description from the docstring. `source` names the
    untrusted place that results come from, or finds it from the arguments; `reads` and `writes`
    name the argument that says which thing is read or changed.

    >>> @tool(risk=Risk.LOW)
    ... async def double(number: int) -> int:
    ...     "Twice the number."
    ...     return 2 * number
    >>> double.name, double.description, double.risk.name
    ('double', 'Twice the number.', 'LOW')
    """
    constant = frozenset({source}) if isinstance(source, str) and source else NO_TAINT
    taint_of = (lambda arguments: constant) if isinstance(source, str) else source

    def make(function: Callable[..., object]) -> Tool:
        parameters, call_parameter = _parameters(function)
        for touched in {reads, writes} - {None, *parameters.model_fields}:
            raise BadInput(f"{function.__name__} has no parameter {touched!r} to read or write.")
        return Tool(
            name=function.__name__,
            description=inspect.getdoc(function) or "",
            run=function,
            parameters=parameters,
            risk=risk,
            price=price,
            source=taint_of,
            call_parameter=call_parameter,
            reads=reads,
            writes=writes,
        )

    return make if run is None else make(run)


def parse_arguments(call: ToolCall) -> Mapping[str, object]:
    """The arguments that a model wrote as JSON; raises `BadArguments`."""
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError as error:
        raise BadArguments(f"{call.name}: the arguments are not JSON: {error}.") from None
    if not isinstance(arguments, dict):
        raise BadArguments(f"{call.name}: the arguments are {arguments!r}, not a JSON object.")
    return arguments


def strict_schema(model: type[BaseModel], path: str = "") -> dict[str, object]:
    """The JSON schema of `model` by OpenAI's strict rules; raises `BadSchema` where it cannot obey.

    The client's own helper lets open dicts, `Any` and defaults through; real endpoints refuse them.
    """
    made: dict[str, object] = json.loads(_strict_text(model, path or model.__name__))
    return made


@lru_cache(maxsize=512)
def _strict_text(model: type[BaseModel], path: str) -> str:
    """As text, which nobody can change; made once, since each request asks for it."""
    made = openai.pydantic_function_tool(model)["function"]["parameters"]
    _make_strict(made, path)
    return json.dumps(made)


def _parameters(function: Callable[..., object]) -> tuple[type[BaseModel], str | None]:
    """The signature as a Pydantic model, and the name of the injected `Call` parameter, if any."""
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise BadInput(
            f"{function.__name__}: an annotation has no meaning here: {error}."
        ) from None
    fields: dict[str, tuple[object, object]] = {}
    call_parameter = None
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in hints or parameter.kind not in _BY_NAME:
            raise BadInput(
                f"{function.__name__}: {name!r} needs a type, and must be passed by its name."
            )
        if hints[name] is Call:
            call_parameter = name
            continue
        required = parameter.default is parameter.empty
        fields[name] = (hints[name], ... if required else parameter.default)
    return _model(function.__name__, fields), call_parameter


_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _model(name: str, fields: Mapping[str, tuple[object, object]]) -> type[BaseModel]:
    config = ConfigDict(extra="forbid", protected_namespaces=())
    with warnings.catch_warnings():
        # A parameter may well be called `copy` or `json`, as methods of BaseModel are.
        warnings.simplefilter("ignore")
        model = cast(type[BaseModel], create_model(name, __config__=config, **fields))  # type: ignore[call-overload]
    for field in fields:
        if field not in model.model_fields or isinstance(getattr(BaseModel, field, None), property):
            raise BadInput(f"{name}: a parameter cannot be called {field!r}: rename it.")
    strict_schema(model)
    return model


_SAYS_WHAT = ("type", "anyOf", "oneOf", "allOf", "$ref", "enum", "const")


def _make_strict(schema: dict[str, Any], path: str) -> None:
    """Take the defaults out of a schema, in place; refuse what allows anything."""
    if schema.get("additionalProperties") or not any(key in schema for key in _SAYS_WHAT):
        raise BadSchema(
            f"{path}: an open dict or Any has no strict schema; "
            "use a Pydantic model, or a list of name and value."
        )
    schema.pop("default", None)
    for key in ("properties", "$defs"):
        for name, part in schema.get(key, {}).items():
            _make_strict(part, f"{path}.{name}")
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for part in schema.get(key, ()):
            _make_strict(part, path)
    if "items" in schema:
        _make_strict(schema["items"], f"{path}[]")


def in_words(error: ValidationError) -> str:
    """What is wrong, field by field, for a person or a model to mend."""
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {item['msg']}"
        + ("" if item["type"] == "missing" else f" (got {item['input']!r:.80})")
        for item in error.errors(include_url=False)
    )


def _type_name(annotation: object) -> str:
    return getattr(annotation, "__name__", None) or str(annotation)


def digest(*parts: object) -> str:
    """128 bits that stand for `parts`, the same in every process; order of keys does not matter."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def _plain(value: object) -> object:
    """As JSON knows it; a set has no order of its own, and must not get a random one."""
    if isinstance(value, BaseModel):
        return dict(value)
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else str(value)
