"""What a response says: an answer as the wire sees it, whole or in pieces, and what it costs."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from planlab import __version__
from planlab.tokens import count_tokens

if TYPE_CHECKING:
    from .act import Answer

FINGERPRINT = f"simulated-by-planlab-{__version__}"
_PIECE = re.compile(r"(?:\s*\S{1,20}){1,3}|\s+")


@dataclass(frozen=True)
class Reply:
    """Text, a refusal or calls (each a tool's name and its arguments as JSON text)."""

    text: str | None = None
    refusal: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    finish: str = "stop"

    @property
    def tokens(self) -> int:
        """What it costs to write, as `count_tokens` counts."""
        parts = [
            self.text or "",
            self.refusal or "",
            *(part for call in self.calls for part in call),
        ]
        return sum(count_tokens(part) for part in parts)


@dataclass(frozen=True)
class Written:
    """All that was written in answer to one request, as each protocol renders it its own way."""

    key: str  # of this request alone: all ids are made from it
    created: int  # Unix seconds
    replies: tuple[Reply, ...]
    prompt: int  # tokens read
    cached: int  # of these, tokens that an earlier request began with

    @property
    def tokens(self) -> int:
        """What was written, in tokens."""
        return sum(reply.tokens for reply in self.replies)

    def id(self, kind: str, *at: int) -> str:
        """An id for what stands at this place, such as "call_5f0c..."."""
        path = ":".join(map(str, (self.key, *at)))
        return f"{kind}_{sha256(path.encode()).hexdigest()[:24]}"


def write_reply(answer: "Answer", *, one_call: bool) -> Reply:
    """The answer of the model as a reply; with `one_call` it keeps its first call only."""
    calls = answer.calls[:1] if one_call else answer.calls
    return Reply(
        answer.text,
        answer.refusal,
        tuple((name, json.dumps(arguments, ensure_ascii=False)) for name, arguments in calls),
        "tool_calls" if calls else "stop",
    )


def stop_at(reply: Reply, stops: tuple[str, ...]) -> Reply:
    """The reply up to the first of the stop sequences, which only end text, never arguments."""
    text = reply.text or ""
    found = [position for stop in stops if (position := text.find(stop)) >= 0]
    return replace(reply, text=text[: min(found)], calls=(), finish="stop") if found else reply


def limit_to(reply: Reply, limit: int | None) -> Reply:
    """The reply cut to `limit` tokens, wherever that falls, with the finish reason "length"."""
    if limit is None or reply.tokens <= limit:
        return reply
    left = limit

    def take(text: str) -> str:
        nonlocal left
        end = bisect_right(range(len(text) + 1), left, key=lambda k: count_tokens(text[:k])) - 1
        left -= count_tokens(text[:end])
        return text[:end]

    text = reply.text and take(reply.text)
    refusal = reply.refusal and take(reply.refusal)
    calls = []
    for name, arguments in reply.calls:
        if count_tokens(name) > left:
            break
        left -= count_tokens(name)
        calls.append((name, take(arguments)))
    return Reply(text, refusal, tuple(calls), "length")


def cut_in_pieces(text: str) -> list[str]:
    """The text a few words at a time, as a stream sends it."""
    return _PIECE.findall(text)


def render_message(reply: Reply, ids: list[str]) -> dict[str, object]:
    """The reply as the `message` of a choice; `ids` are those of its calls."""
    message: dict[str, object] = {
        "role": "assistant",
        "content": reply.text,
        "refusal": reply.refusal,
        "annotations": [],
    }
    if reply.calls:
        message["tool_calls"] = [
            _call(id, *call) for id, call in zip(ids, reply.calls, strict=True)
        ]
    return message


def render_deltas(reply: Reply, ids: list[str]) -> Iterator[dict[str, object]]:
    """The reply as the `delta`s of a stream: the role first, then a few words at a time."""
    yield {"role": "assistant", "content": None if reply.text is None else "", "refusal": None}
    for piece in cut_in_pieces(reply.text or ""):
        yield {"content": piece}
    for piece in cut_in_pieces(reply.refusal or ""):
        yield {"refusal": piece}
    for index, (id, (name, arguments)) in enumerate(zip(ids, reply.calls, strict=True)):
        yield {"tool_calls": [{"index": index, **_call(id, name, "")}]}
        for piece in cut_in_pieces(arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _call(id: str, name: str, arguments: str) -> dict[str, object]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
