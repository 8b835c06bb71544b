"""OpenAI's protocols, as one function from a request to a response.

Chat Completions is rendered here, the Responses API in `output`; one belief serves both.

`respond` sends nothing and sleeps nowhere: a response says how long to wait, and its carrier waits
(`carry`, `server`). All that changes from call to call is in the Simulator that it is handed.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from traceback import extract_tb
from typing import TypeVar

from planlab.tokens import count_tokens, words_in

from .faults import Fault, check_up, forget_newest, spoil
from .fill import Unfillable
from .openapi import describe
from .output import render_response
from .reply import (
    FINGERPRINT,
    Reply,
    Written,
    limit_to,
    render_deltas,
    render_message,
    stop_at,
    write_reply,
)
from .request import Rejected, Request, find_size, parse_request
from .responses import find_response, parse_responses_request
from .simulator import CREATED, Simulator
from .sizes import SIZES

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
_Asked = TypeVar("_Asked", bound=Request)


@dataclass(frozen=True)
class Response:
    """What to send: the first chunk after `delay` seconds, each next one `pace` seconds later."""

    status: int
    headers: dict[str, str]
    chunks: tuple[bytes, ...]
    delay: float = 0.0
    pace: float = 0.0
    breaks: bool = False  # the connection breaks after the last chunk, before the body is whole

    @property
    def is_stream(self) -> bool:
        """Whether the body is server-sent events."""
        return self.headers["content-type"].startswith("text/event-stream")


def respond(method: str, path: str, body: bytes, *, simulator: Simulator) -> Response:
    """The response to one HTTP request. Raises nothing: each fault of a request is a JSON error."""
    path = path.partition("?")[0].rstrip("/")
    try:
        if path == CHAT:
            _check_method(method, "POST", path)
            return _answer(body, simulator, parse_request, _render_chat)
        if path == RESPONSES:
            _check_method(method, "POST", path)
            parse = partial(parse_responses_request, recall=simulator.recall)
            return _answer(body, simulator, parse, partial(render_response, keep=simulator.keep))
        if path.startswith(f"{RESPONSES}/"):
            _check_method(method, "GET", path)
            return _json(find_response(path.removeprefix(f"{RESPONSES}/"), simulator.recall))
        if path == "/v1/models" or path.startswith("/v1/models/"):
            _check_method(method, "GET", path)
            return _list_models(path.removeprefix("/v1/models").lstrip("/"))
        if path == "/openapi.json":
            _check_method(method, "GET", path)
            return _json(describe())
        raise Rejected(
            f"{method} {path or '/'} is not offered here. This simulated endpoint has "
            f"POST {CHAT}, POST {RESPONSES}, GET {RESPONSES}/{{id}}, GET /v1/models, "
            "GET /v1/models/{id} and GET /openapi.json.",
            status=404,
            code="unknown_url",
        )
    except Rejected as error:
        return render_error(error)
    except Exception as error:  # a fault of ours: say where, as any server would
        return render_error(_crash(error))


def render_error(error: Rejected) -> Response:
    """The error as JSON of OpenAI's shape."""
    return _json({"error": error.error}, status=error.status, headers=error.headers)


def _crash(error: Exception) -> Rejected:
    at = extract_tb(error.__traceback__)[-1]
    return Rejected(
        f"The simulated model failed in {Path(at.filename).name}, line {at.lineno}: "
        f"{error!r:.500}. That is a mistake in planlab: report the request that caused it.",
        status=500,
        kind="server_error",
        headers={"x-should-retry": "false"},
    )


def _check_method(method: str, allowed: str, path: str) -> None:
    if method != allowed:
        message = f"{path} takes {allowed}, not {method}."
        raise Rejected(message, status=405, code="method_not_allowed", headers={"allow": allowed})


def _list_models(name: str) -> Response:
    if name:
        find_size(name)
    models = [
        {"id": size, "object": "model", "created": CREATED, "owned_by": "planlab-simulated"}
        for size in SIZES
        if name in ("", size)
    ]
    return _json(models[0] if name else {"object": "list", "data": models})


def _json(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        status,
        {"content-type": "application/json"} | (headers or {}),
        (json.dumps(value).encode(),),
    )


def _answer(
    raw: bytes,
    simulator: Simulator,
    parse: Callable[[bytes], _Asked],
    render: Callable[[_Asked, Written], Iterator[bytes]],
) -> Response:
    number, faults = simulator.next_request()
    check_up(faults)
    request = parse(raw)
    replies = _write_replies(request, simulator, faults)
    key = sha256(f"{number}:".encode() + raw).hexdigest()
    written = Written(key, simulator.created, tuple(replies), *_count_prompt(request, simulator))
    chunks = tuple(render(request, written))
    if "broken_stream" in faults:
        half = len(chunks) // 2 if request.stream else len(chunks[0]) // 2
        chunks = chunks[:half] if request.stream else (chunks[0][:half],)
    delay, pace = simulator.wait(written.tokens, len(chunks))
    if "timeout" in faults:
        delay = math.inf
    if "slow" in faults:
        delay += faults["slow"].seconds
    kind = "text/event-stream; charset=utf-8" if request.stream else "application/json"
    headers = {"content-type": kind, "x-request-id": f"req_{key[:32]}"}
    if faults:
        headers["x-simulated-faults"] = ", ".join(faults)
    # A broken stream ends in silence: it looks whole, but nothing in it says that it is finished.
    breaks = "broken_stream" in faults and not request.stream
    return Response(200, headers, chunks, delay, pace, breaks)


def _write_replies(request: Request, simulator: Simulator, faults: dict[str, Fault]) -> list[Reply]:
    body = forget_newest(request.body) if "stale_plan" in faults else request.body
    replies = []
    for index in range(request.n):
        seed = _seed(simulator.seed, request, index)
        try:
            answer = simulator.answer(body, size=request.size, seed=seed)
        except Unfillable as error:
            raise Rejected(f"No answer can fit this schema: {error}", code="unfillable") from error
        reply = spoil(write_reply(answer, one_call=request.one_call), faults, request)
        replies.append(limit_to(stop_at(reply, request.stop), request.limit))
    return replies


def _seed(connection: int, request: Request, index: int) -> int:
    """One number for all that makes answers differ; the connection's own where nothing does."""
    if request.temperature == 0 or (request.seed is None and index == 0):
        return connection
    digest = sha256(f"{connection}:{request.seed}:{index}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def _count_prompt(request: Request, simulator: Simulator) -> tuple[int, int]:
    """Tokens of the request, and how many of them are cached."""
    body = request.body
    messages: Iterable[object] = body["messages"]  # type: ignore[assignment]
    parts = [body[key] for key in ("tools", "response_format") if key in body]
    texts = ["\n".join(words_in(part)) for part in (*parts, *messages)]
    blocks = [(text, count_tokens(text)) for text in texts]
    return sum(tokens for _, tokens in blocks), simulator.cached(request.size.name, blocks)


def _render_chat(request: Request, written: Written) -> Iterator[bytes]:
    head = {
        "id": f"chatcmpl-{written.key[:24]}",
        "object": "chat.completion",
        "created": written.created,
        "model": request.size.name,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }
    if request.stream:
        yield from _stream(head | {"object": "chat.completion.chunk"}, request, written)
        return
    choices = [
        {
            "index": index,
            "message": render_message(reply, _call_ids(written, index)),
            "logprobs": None,
            "finish_reason": reply.finish,
        }
        for index, reply in enumerate(written.replies)
    ]
    yield json.dumps(head | {"choices": choices, "usage": _usage(written)}).encode()


def _call_ids(written: Written, index: int) -> list[str]:
    return [written.id("call", index, call) for call in range(len(written.replies[index].calls))]


def _usage(written: Written) -> dict[str, object]:
    nothing = ("reasoning_tokens", "audio_tokens", "accepted_prediction_tokens")
    return {
        "prompt_tokens": written.prompt,
        "completion_tokens": written.tokens,
        "total_tokens": written.prompt + written.tokens,
        "prompt_tokens_details": {"cached_tokens": written.cached, "audio_tokens": 0},
        "completion_tokens_details": dict.fromkeys((*nothing, "rejected_prediction_tokens"), 0),
    }


def _stream(head: dict[str, object], request: Request, written: Written) -> Iterator[bytes]:
    no_usage = {"usage": None} if request.include_usage else {}
    streams = [
        _choice_stream(index, reply, _call_ids(written, index))
        for index, reply in enumerate(written.replies)
    ]
    for choices in zip_longest(*streams):  # several choices take turns
        for choice in filter(None, choices):
            yield _event(head | {"choices": [choice]} | no_usage)
    if request.include_usage:
        yield _event(head | {"choices": [], "usage": _usage(written)})
    yield b"data: [DONE]\n\n"


def _choice_stream(index: int, reply: Reply, ids: list[str]) -> Iterator[dict[str, object]]:
    last = {"index": index, "delta": {}, "logprobs": None, "finish_reason": reply.finish}
    for delta in render_deltas(reply, ids):
        yield last | {"delta": delta, "finish_reason": None}
    yield last


def _event(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"
