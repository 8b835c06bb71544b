"""What the Responses API answers: output items, whole or as a stream of named events.

A stream is told from the whole response, so that the two cannot differ.
Source: https://platform.openai.com/docs/api-reference/responses-streaming.
"""

import json
from collections.abc import Callable, Iterator

from .items import Json
from .reply import FINGERPRINT, Reply, Written, cut_in_pieces
from .responses import ResponsesRequest

_Event = tuple[str, Json]  # its type, and what it holds


def render_response(
    request: ResponsesRequest, written: Written, *, keep: Callable[[str, bytes], None]
) -> Iterator[bytes]:
    """The response, or its events, as bytes to send; `keep` stores it, unless it shall not."""
    output = _to_output(written.replies[0], written)
    response = _to_response(request, written, output)
    if response["store"]:
        stored = {"response": response, "items": [*request.items, *output]}
        keep(str(response["id"]), json.dumps(stored).encode())
    if not request.stream:
        yield json.dumps(response).encode()
        return
    for number, (kind, event) in enumerate(_events(response, output)):
        data = json.dumps({"type": kind, "sequence_number": number, **event})
        yield f"event: {kind}\ndata: {data}\n\n".encode()


def _to_response(request: ResponsesRequest, written: Written, output: list[Json]) -> Json:
    cut = written.replies[0].finish == "length"
    return {
        "id": written.id("resp"),
        "object": "response",
        "created_at": written.created,
        "model": request.size.name,
        "system_fingerprint": FINGERPRINT,
        "service_tier": "default",
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "error": None,
        "output": output,
        "usage": {
            "input_tokens": written.prompt,
            "input_tokens_details": {"cached_tokens": written.cached, "cache_write_tokens": 0},
            "output_tokens": written.tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": written.prompt + written.tokens,
        },
        **request.repeated,
    }


def _to_output(reply: Reply, written: Written) -> list[Json]:
    parts: list[Json] = []
    if reply.text or not (reply.refusal or reply.calls):
        text = reply.text or ""
        parts.append({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
    if reply.refusal:
        parts.append({"type": "refusal", "refusal": reply.refusal})
    message: Json = {
        "id": written.id("msg"),
        "type": "message",
        "role": "assistant",
        "content": parts,
    }
    calls: list[Json] = [
        {
            "id": written.id("fc", index),
            "type": "function_call",
            "call_id": written.id("call", index),
            "name": name,
            "arguments": arguments,
        }
        for index, (name, arguments) in enumerate(reply.calls)
    ]
    items = [message, *calls] if parts else calls
    ends = ["completed"] * (len(items) - 1)
    ends.append("incomplete" if reply.finish == "length" else "completed")
    return [item | {"status": end} for item, end in zip(items, ends, strict=True)]


def _events(response: Json, output: list[Json]) -> Iterator[_Event]:
    nothing: Json = {
        "status": "in_progress",
        "incomplete_details": None,
        "output": [],
        "usage": None,
    }
    yield "response.created", {"response": response | nothing}
    yield "response.in_progress", {"response": response | nothing}
    for index, item in enumerate(output):
        at: Json = {"output_index": index}
        empty: Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
        yield "response.output_item.added", at | {"item": item | empty | {"status": "in_progress"}}
        tell = _tell_message if item["type"] == "message" else _tell_call
        yield from tell(item, at | {"item_id": item["id"]})
        yield "response.output_item.done", at | {"item": item}
    yield f"response.{response['status']}", {"response": response}


def _tell_message(item: Json, at: Json) -> Iterator[_Event]:
    parts: list[Json] = item["content"]  # type: ignore[assignment]
    for index, part in enumerate(parts):
        at = at | {"content_index": index}
        key = "refusal" if part["type"] == "refusal" else "text"
        more: Json = {"logprobs": []} if key == "text" else {}
        yield "response.content_part.added", at | {"part": part | {key: ""}}
        for piece in cut_in_pieces(str(part[key])):
            yield f"response.{part['type']}.delta", at | {"delta": piece, **more}
        yield f"response.{part['type']}.done", at | {key: part[key], **more}
        yield "response.content_part.done", at | {"part": part}


def _tell_call(item: Json, at: Json) -> Iterator[_Event]:
    for piece in cut_in_pieces(str(item["arguments"])):
        yield "response.function_call_arguments.delta", at | {"delta": piece}
    said = {"name": item["name"], "arguments": item["arguments"]}
    yield "response.function_call_arguments.done", at | said
