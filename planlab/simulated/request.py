"""What a Chat Completions request may hold, and how one that is wrong is refused.

The rules are those of OpenAI's API reference (https://platform.openai.com/docs/api-reference/chat/create),
kept where a real endpoint would answer 400; parameters that nobody here knows are let through.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .jsontext import load_strict_json
from .shapes import Unfillable, open_book
from .sizes import SIZES, Size


class Rejected(Exception):
    """A request that gets an error of OpenAI's shape instead of an answer."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.error = {"message": message, "type": kind, "param": param, "code": code}


class Part(BaseModel):
    """A piece of a request: of the types it should be, with whatever else its client put in."""

    model_config = ConfigDict(extra="allow", strict=True)


Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
Limit = Annotated[int, Field(ge=1)] | None  # tokens
Temperature = Annotated[float, Field(ge=0, le=2)] | None
Share = Annotated[float, Field(ge=0, le=1)] | None


class _Content(Part):
    type: str
    text: str | None = None
    refusal: str | None = None


class _CalledFunction(Part):
    name: str
    arguments: str


class _ToolCall(Part):
    id: str
    type: Literal["function"] = "function"
    function: _CalledFunction


class _Message(Part):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[_Content] | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None
    tool_call_id: str | None = None
    function_call: _CalledFunction | None = None


class _Function(Part):
    name: Name
    description: str | None = None
    parameters: dict[str, object] | None = None
    strict: bool | None = None


class _Tool(Part):
    type: Literal["function"]
    function: _Function


class _NamedSchema(Part):
    name: Name
    schema_: dict[str, object] = Field(alias="schema")
    strict: bool | None = None


class _Format(Part):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _NamedSchema | None = None


class _StreamOptions(Part):
    include_usage: bool | None = None


_Penalty = Annotated[float, Field(ge=-2, le=2)] | None


class _Body(Part):
    model: str
    messages: list[_Message] = Field(min_length=1)
    tools: list[_Tool] | None = None
    tool_choice: str | dict[str, object] | None = None
    parallel_tool_calls: bool | None = None
    response_format: _Format | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    seed: int | None = None
    temperature: Temperature = None
    top_p: Share = None
    presence_penalty: _Penalty = None
    frequency_penalty: _Penalty = None
    max_completion_tokens: Limit = None
    max_tokens: Limit = None


@dataclass(frozen=True)
class Request:
    """A request that holds what it should. `body` has no nulls and a plain `tool_choice`."""

    size: Size
    body: dict[str, object] = field(repr=False)
    n: int = 1
    stop: tuple[str, ...] = ()
    limit: int | None = None  # tokens
    seed: int | None = None
    temperature: float | None = None
    one_call: bool = False
    stream: bool = False
    include_usage: bool = False


def parse_request(raw: bytes) -> Request:
    """The request in `raw` (JSON). Raises Rejected, saying which parameter is wrong and why."""
    body, data = read_body(raw, _Body)
    size = find_size(body.model)
    check_messages(body.messages)
    _check_tools(body)
    stop = [body.stop] if isinstance(body.stop, str) else body.stop or []
    if body.stream_options and not body.stream:
        raise Rejected(
            "'stream_options' is only allowed with 'stream': true.", param="stream_options"
        )
    return Request(
        size=size,
        body=spell_out({key: value for key, value in data.items() if value is not None}),
        n=body.n or 1,
        stop=tuple(text for text in stop if text),
        limit=body.max_completion_tokens or body.max_tokens,
        seed=body.seed,
        temperature=body.temperature,
        one_call=body.parallel_tool_calls is False,
        stream=bool(body.stream),
        include_usage=bool(body.stream_options and body.stream_options.include_usage),
    )


def find_size(name: str) -> Size:
    """The model called `name`. Raises Rejected, with status 404, where there is none."""
    if name not in SIZES:
        message = (
            f"The model {name!r} does not exist here. The simulated models: {', '.join(SIZES)}."
        )
        raise Rejected(message, status=404, param="model", code="model_not_found")
    return SIZES[name]


_Shape = TypeVar("_Shape", bound=Part)


def read_body(raw: bytes, shape: type[_Shape]) -> tuple[_Shape, dict[str, object]]:
    """The JSON object in `raw` as a `shape`, and as it came. Raises Rejected."""
    data = _parse_json(raw)
    try:
        return shape.model_validate(data), data
    except ValidationError as error:
        raise _rejected(error) from None


def _parse_json(raw: bytes) -> dict[str, object]:
    try:
        data = load_strict_json(raw)
    except ValueError as error:
        raise Rejected(f"The body of the request cannot be read as JSON: {error}.") from None
    if not isinstance(data, dict):
        raise Rejected(f"The body must be a JSON object, not {type(data).__name__}.")
    return data


def _rejected(error: ValidationError) -> Rejected:
    """The deepest errors: of a union (text or parts), they are in the branch that was meant."""
    errors = error.errors(include_url=False)
    depth = max(len(one["loc"]) for one in errors)
    found = [(_path(one["loc"]), one["msg"]) for one in errors if len(one["loc"]) == depth]
    path = found[0][0]
    problems = " or ".join(problem for at, problem in found if at == path)
    return Rejected(f"Invalid value for {path!r}: {problems}.", param=path)


def _path(parts: tuple[int | str, ...]) -> str:
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.isidentifier() and part != "str":  # the others name a branch of a union
            path += f".{part}" if path else part
    return path


_PARTS = {"assistant": ("text", "refusal")}


def check_messages(messages: list[_Message]) -> None:
    """Refuses content the role cannot have, and calls and tool messages that do not match."""
    pending: list[str] = []  # calls of the last assistant message that have no result yet
    for index, message in enumerate(messages):
        at = f"messages[{index}]"
        if message.role == "tool":
            if message.tool_call_id not in pending:
                raise Rejected(
                    f"{at}: a message with role 'tool' must answer one of the 'tool_calls' of the "
                    f"assistant message before it; {message.tool_call_id!r} is none of them.",
                    param=f"{at}.tool_call_id",
                )
            pending.remove(message.tool_call_id)
        else:
            _check_answered(pending, at)
            pending = [call.id for call in message.tool_calls or ()]
        _check_content(message, at)
    _check_answered(pending, "the end")


def _check_answered(pending: list[str], at: str) -> None:
    if pending:
        raise Rejected(
            "An assistant message with 'tool_calls' must be followed by a tool message for each "
            f"call. Before {at} these have none: {', '.join(pending)}.",
            param="messages",
        )


def _check_content(message: _Message, at: str) -> None:
    may_be_null = message.role == "assistant" and (
        message.tool_calls or message.refusal or message.function_call
    )
    if message.content is None and not may_be_null and message.role != "function":
        raise Rejected(f"{at}: 'content' must be text or a list of parts.", param=f"{at}.content")
    if message.tool_calls and message.role != "assistant":
        raise Rejected(f"{at}: only the assistant calls tools.", param=f"{at}.tool_calls")
    if isinstance(message.content, list):
        for index, part in enumerate(message.content):
            if part.type not in _PARTS.get(message.role, ("text",)) or (
                (part.text if part.type == "text" else part.refusal) is None
            ):
                raise Rejected(
                    f"{at}: a part of type {part.type!r} cannot be read; the simulated models read "
                    'text only: {"type": "text", "text": "..."}.',
                    param=f"{at}.content[{index}]",
                )


def _check_tools(body: _Body) -> None:
    functions = [tool.function for tool in body.tools or ()]
    names = [function.name for function in functions]
    check_names(names)
    for index, function in enumerate(functions):
        check_schema(function.parameters or {}, f"tools[{index}].function.parameters")
    if body.response_format and body.response_format.type == "json_schema":
        if body.response_format.json_schema is None:
            at = "response_format.json_schema"
            raise Rejected(f"Missing required parameter: {at!r}.", param=at)
        check_schema(body.response_format.json_schema.schema_, "response_format.json_schema.schema")
    check_choice(body.tool_choice, names)


def check_names(names: list[str]) -> None:
    """Refuses two tools of one name."""
    for name in names:
        if names.count(name) > 1:
            raise Rejected(f"Two tools have the same name, {name!r}.", param="tools")


def check_choice(choice: object, names: list[str]) -> None:
    """Refuses a `tool_choice` that is none, or is of what is not offered."""
    if choice is None:
        return
    plain, chosen = _read_choice(choice)
    for name in chosen:
        if name not in names:
            offered = ", ".join(names) or "none"
            message = f"'tool_choice' names {name!r}, which 'tools' does not hold: {offered}."
            raise Rejected(message, param="tool_choice")
    if plain == "required" and not names:
        raise Rejected(
            "'tool_choice' is 'required', but there are no 'tools'.", param="tool_choice"
        )


def _read_choice(choice: object) -> tuple[str, list[str]]:
    """(mode, names it is narrowed to), mode being auto, none, required, function or allowed."""
    try:
        match choice:
            case "auto" | "none" | "required":
                return choice, []
            case {"type": "function", "function": {"name": str(name)}}:
                return "function", [name]
            case {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto" | "required" as mode, "tools": [*tools]},
            }:
                return mode, [str(tool["function"]["name"]) for tool in tools]
    except (TypeError, KeyError):
        pass  # the tools of an allowed_tools are not of their shape
    raise Rejected(
        f"Invalid 'tool_choice' {choice!r:.200}: it must be 'auto', 'none', 'required' or an "
        "object of type 'function' (with a name) or 'allowed_tools' (with a mode and tools).",
        param="tool_choice",
    )


def spell_out(body: dict[str, object]) -> dict[str, object]:
    """`body` with an `allowed_tools` choice spelled out: fewer tools, and its mode."""
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice["type"] == "allowed_tools":
        mode, names = _read_choice(choice)
        tools: Iterable[dict[str, dict[str, object]]] = body["tools"]  # type: ignore[assignment]
        kept = [tool for tool in tools if tool["function"]["name"] in names]
        return body | {"tools": kept, "tool_choice": mode}
    return body


def check_schema(schema: Mapping[str, object], at: str) -> None:
    """Refuses a schema that is none, naming the parameter `at` which it stands.

    The filler opens it too, and keeps it: no schema is checked twice."""
    try:
        open_book(schema)
    except RecursionError:
        raise Rejected(f"Invalid schema in {at!r}: it is nested too deeply.", param=at) from None
    except Unfillable as error:
        raise Rejected(f"Invalid schema in {at!r}: {error}.", param=at) from None
