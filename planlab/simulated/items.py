"""The items that the Responses API takes as its input, and the chat messages that they become.

Source: https://platform.openai.com/docs/api-reference/responses/create.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Annotated, Literal

from pydantic import Discriminator, Tag, TypeAdapter

from .request import Part, Rejected

Json = dict[str, object]


class InputText(Part):
    """Text of a user, of the instructions or of a tool."""

    type: Literal["input_text"]
    text: str


class OutputText(Part):
    """Text of the assistant."""

    type: Literal["output_text"]
    text: str


class Refusal(Part):
    """What the assistant said instead of an answer."""

    type: Literal["refusal"]
    refusal: str


def kind_of(value: object) -> str:
    """The tag of one branch of a union; in brackets, so that it never names a parameter."""
    if not isinstance(value, Mapping):
        return "<word>" if isinstance(value, str) else "<nothing>"
    kind = value.get("type") or "message"
    return "<said>" if kind == "message" and value.get("role") == "assistant" else f"<{kind}>"


class Told(Part):
    """What somebody told the assistant."""

    role: Literal["user", "system", "developer"]
    content: str | list[InputText]


class Said(Part):
    """What the assistant said."""

    role: Literal["assistant"]
    content: (
        str
        | list[
            Annotated[
                Annotated[OutputText, Tag("<output_text>")] | Annotated[Refusal, Tag("<refusal>")],
                Discriminator(
                    kind_of,
                    custom_error_type="part",
                    custom_error_message="the assistant's parts are of type output_text or refusal",
                ),
            ]
        ]
    )


class Call(Part):
    """A call that the assistant made."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str


class Output(Part):
    """What came of a call."""

    type: Literal["function_call_output"]
    call_id: str
    output: str | list[InputText]


class Reasoning(Part):
    """What a reasoning model thought. Nobody reads it here."""

    type: Literal["reasoning"]


Item = Annotated[
    Annotated[Told, Tag("<message>")]
    | Annotated[Said, Tag("<said>")]
    | Annotated[Call, Tag("<function_call>")]
    | Annotated[Output, Tag("<function_call_output>")]
    | Annotated[Reasoning, Tag("<reasoning>")],
    Discriminator(
        kind_of,
        custom_error_type="item",
        custom_error_message="the simulated models read items of type message, function_call, "
        "function_call_output and reasoning",
    ),
]

ITEMS: TypeAdapter[list[Item]] = TypeAdapter(list[Item])  # made once: it takes a millisecond


def to_messages(items: Sequence[Item]) -> list[Json]:
    """The items as Chat Completions has them. Raises Rejected where calls and outputs do not match.

    Calls in a row, and the text before them, are one message; outputs stand behind their calls.
    """
    turns: list[list[Json]] = []  # each a message, with the outputs of its calls
    pending: dict[str, list[Json]] = {}  # the turns of calls that have no output yet
    for item in items:
        match item:
            case Told():
                turns.append([{"role": item.role, "content": _text(item.content)}])
            case Said():
                turns.append([_said(item)])
            case Call(call_id=id):
                _refuse(id in pending, f"Two function calls have the call_id {id!r}.")
                pending[id] = _add_call(item, turns)
            case Output(call_id=id):
                _refuse(id not in pending, f"No function call has the output's call_id {id!r}.")
                content = _text(item.output)
                pending.pop(id).append({"role": "tool", "tool_call_id": id, "content": content})
    _refuse(bool(pending), f"No output was given for function calls {', '.join(pending)}.")
    return list(chain.from_iterable(turns))


def _refuse(wrong: bool, why: str) -> None:
    if wrong:
        raise Rejected(why, param="input")


def _text(content: str | list[InputText]) -> str:
    return content if isinstance(content, str) else "\n".join(part.text for part in content)


def _said(item: Said) -> Json:
    if isinstance(item.content, str):
        return {"role": "assistant", "content": item.content}
    texts = [part.text for part in item.content if isinstance(part, OutputText)]
    refusals = [part.refusal for part in item.content if isinstance(part, Refusal)]
    refusal = {"refusal": "\n".join(refusals)} if refusals else {}
    return {"role": "assistant", "content": "\n".join(texts) if texts else None, **refusal}


def _add_call(call: Call, turns: list[list[Json]]) -> list[Json]:
    """The turn that holds the call: the last, if it is the assistant's and has no outputs yet."""
    if not turns or turns[-1][0]["role"] != "assistant" or len(turns[-1]) > 1:
        turns.append([{"role": "assistant", "content": None}])
    function = {"name": call.name, "arguments": call.arguments}
    calls: list[Json] = turns[-1][0].setdefault("tool_calls", [])  # type: ignore[assignment]
    calls.append({"id": call.call_id, "type": "function", "function": function})
    return turns[-1]
