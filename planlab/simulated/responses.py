"""What a request to OpenAI's Responses API may hold, and the chat request that it becomes.

The model never knows which of the two it was asked by. `items` reads the input, `output` answers.
Source: https://platform.openai.com/docs/api-reference/responses/create.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from .items import ITEMS, Item, Json, kind_of, to_messages
from .request import (
    Limit,
    Name,
    Part,
    Rejected,
    Request,
    Share,
    Temperature,
    check_choice,
    check_names,
    check_schema,
    find_size,
    read_body,
    spell_out,
)

Recall = Callable[[str], bytes | None]  # from the id of a response to what is stored of it


class _FunctionTool(Part):
    type: Literal["function"]
    name: Name
    parameters: Json | None = None


class _Chosen(Part):
    type: Literal["function"]
    name: str


class _Allowed(Part):
    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"]
    tools: list[_Chosen]


_Choice = Annotated[
    Annotated[Literal["auto", "none", "required"], Tag("<word>")]
    | Annotated[_Chosen, Tag("<function>")]
    | Annotated[_Allowed, Tag("<allowed_tools>")],
    Discriminator(
        kind_of,
        custom_error_type="choice",
        custom_error_message="it must be 'auto', 'none', 'required', or an object of type "
        "'function' or 'allowed_tools'",
    ),
]


class _TextFormat(Part):
    type: Literal["text", "json_object", "json_schema"]
    name: Name | None = None
    schema_: Json | None = Field(None, alias="schema")


class _Text(Part):
    format: _TextFormat | None = None


class ResponsesBody(Part):
    """The body of a request."""

    model: str
    input: str | list[Item] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    tools: list[_FunctionTool] | None = None
    tool_choice: _Choice | None = None
    parallel_tool_calls: bool | None = None
    text: _Text | None = None
    max_output_tokens: Limit = None
    metadata: dict[str, str] | None = None
    reasoning: Json | None = None
    store: bool | None = None
    stream: bool | None = None
    temperature: Temperature = None
    top_p: Share = None
    # What is not offered here, and would change the answer: none of it is passed over in silence.
    background: Literal[False] | None = None
    conversation: None = None
    prompt: None = None


# What a response repeats of its request, each as it is where the request does not say.
_REPEATED: Mapping[str, object] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
}


@dataclass(frozen=True)
class ResponsesRequest(Request):
    """A request to the Responses API; its `body` is what Chat Completions would have been sent."""

    items: tuple[object, ...] = field(default=(), repr=False)  # of the whole conversation
    repeated: Json = field(default_factory=dict, repr=False)


def parse_responses_request(raw: bytes, *, recall: Recall) -> ResponsesRequest:
    """The request in `raw` (JSON). Raises Rejected, saying which parameter is wrong and why."""
    body, data = read_body(raw, ResponsesBody)
    size = find_size(body.model)
    _check_tools(body)
    items = (*_recall_items(body.previous_response_id, recall), *_own_items(data.get("input")))
    messages = to_messages(ITEMS.validate_python(items))
    if not messages:
        raise Rejected("'input' must hold something that can be answered.", param="input")
    if body.instructions is not None:
        messages.insert(0, {"role": "system", "content": body.instructions})
    given = {key: value for key, value in data.items() if value is not None}
    return ResponsesRequest(
        size=size,
        body=spell_out({"model": size.name, "messages": messages, **_to_options(body, given)}),
        limit=body.max_output_tokens,
        temperature=body.temperature,
        one_call=body.parallel_tool_calls is False,
        stream=bool(body.stream),
        items=items,
        repeated={key: given.get(key, usual) for key, usual in _REPEATED.items()},
    )


def _recall_items(id: str | None, recall: Recall) -> list[object]:
    if id is None:
        return []
    stored = recall(id)
    if stored is None:
        raise Rejected(
            f"Previous response with id {id!r} not found: it was not stored, or is no longer.",
            param="previous_response_id",
            code="previous_response_not_found",
        )
    items: list[object] = json.loads(stored)["items"]
    return items


def _own_items(given: object) -> list[object]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return given if isinstance(given, list) else []


def _check_tools(body: ResponsesBody) -> None:
    names = [tool.name for tool in body.tools or ()]
    check_names(names)
    for index, tool in enumerate(body.tools or ()):
        check_schema(tool.parameters or {}, f"tools[{index}].parameters")
    check_choice(_to_choice(body.tool_choice), names)
    form = body.text and body.text.format
    if form and form.type == "json_schema":
        for key, held in (("name", form.name), ("schema", form.schema_)):
            if held is None:
                at = f"text.format.{key}"
                raise Rejected(f"Missing required parameter: {at!r}.", param=at)
        check_schema(form.schema_ or {}, "text.format.schema")


def _to_options(body: ResponsesBody, given: Mapping[str, object]) -> Json:
    """The parameters that Chat Completions has too, in its form."""
    options: Json = {}
    if body.tools is not None:
        options["tools"] = [_nest("function", tool) for tool in given["tools"]]  # type: ignore[attr-defined]
    if body.tool_choice is not None:
        options["tool_choice"] = _to_choice(body.tool_choice)
    if body.parallel_tool_calls is not None:
        options["parallel_tool_calls"] = body.parallel_tool_calls
    if body.text and body.text.format:
        kind, form = body.text.format.type, given["text"]["format"]  # type: ignore[index]
        options["response_format"] = _nest(kind, form) if kind == "json_schema" else {"type": kind}
    return options


def _to_choice(choice: _Choice | None) -> object:
    match choice:
        case _Chosen(name=name):
            return _nest("function", {"name": name})
        case _Allowed(mode=mode, tools=tools):
            nested = [_nest("function", {"name": tool.name}) for tool in tools]
            return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": nested}}
    return choice


def _nest(kind: str, flat: Json) -> Json:
    """`flat` with all but its type one level down, as Chat Completions has it."""
    return {"type": kind, kind: {key: held for key, held in flat.items() if key != "type"}}


def find_response(id: str, recall: Recall) -> Json:
    """The stored response of this id. Raises Rejected, with status 404, where there is none."""
    stored = recall(id)
    if stored is None:
        raise Rejected(f"Response with id {id!r} not found.", status=404, param="response_id")
    response: Json = json.loads(stored)["response"]
    return response
