"""Failures on demand: which of them befall which request, and what each does to a reply.

A plan such as "rate_limit@1, hallucinated_tool@3" is read by `parse_faults`. Everything is seeded,
so a failure that was seen once is seen again. A retry by the client counts as a new request.
"""

import json
import math
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from planlab.errors import BadInput

from .jsontext import load_json
from .reply import Reply, limit_to
from .request import Rejected, Request

# The faults, each with its seconds where it has some: the wait it asks for, or adds.
SECONDS: Mapping[str, float | None] = {
    "rate_limit": 0.05,
    "server_error": 0.05,
    "timeout": None,
    "slow": 1.0,
    "broken_stream": None,
    "truncated": None,
    "malformed_json": None,
    "refusal": None,
    "hallucinated_tool": None,
    "cyclic_plan": None,
    "stale_plan": None,
}
_RULE = re.compile(r"(\w+)(?:\((\d*\.?\d+)\))?(?:@(\d+)(?:-(\d+))?|%(\d*\.?\d+))?", re.ASCII)
_HELP = (
    "Write a fault's name, then @3 (the third request), @2-4 (the second to the fourth), %0.1 (one "
    "request in ten) or nothing (each request); commas between faults; rate_limit(2)@1 sets its "
    f"seconds. The faults: {', '.join(SECONDS)}."
)


@dataclass(frozen=True)
class Fault:
    """One rule of a plan: a fault, and the requests (counted from 1) that it befalls."""

    name: str
    seconds: float = 0.0
    first: int = 1
    last: float = math.inf
    probability: float = 1.0

    def befalls(self, number: int, seed: int) -> bool:
        """Whether request `number` of a simulator with this seed meets the fault."""
        if not self.first <= number <= self.last:
            return False
        chance = random.Random(f"{seed}:{self.name}:{number}").random()
        return chance < self.probability


def parse_faults(text: str | None) -> tuple[Fault, ...]:
    """The plan in `text`; None or "" is none. Raises BadInput, naming what can be written.

    >>> parse_faults("refusal@2-3")
    (Fault(name='refusal', seconds=0.0, first=2, last=3, probability=1.0),)
    """
    if text is None or not text.strip():
        return ()
    return tuple(_parse_fault(part.strip()) for part in text.split(","))


def _parse_fault(text: str) -> Fault:
    match = _RULE.fullmatch(text)
    if not match:
        raise BadInput(f"{text!r} is not a fault. {_HELP}")
    name, seconds, first, last, probability = match.groups()
    if name not in SECONDS:
        raise BadInput(f"There is no fault {name!r}. {_HELP}")
    if seconds and SECONDS[name] is None:
        raise BadInput(f"In {text!r}: {name} takes no seconds. {_HELP}")
    fault = Fault(
        name,
        float(seconds or SECONDS[name] or 0),
        int(first or 1),
        int(last or first) if first else math.inf,
        float(probability or 1),
    )
    if not (1 <= fault.first <= fault.last and 0 < fault.probability <= 1):
        raise BadInput(
            f"{text!r} befalls no request: they count from 1, ranges rise, and a probability is "
            f"above 0 and at most 1. {_HELP}"
        )
    return fault


def check_up(faults: Mapping[str, Fault]) -> None:
    """Raises Rejected for the faults that answer in place of the model: 429 and 500."""
    if fault := faults.get("rate_limit"):
        raise Rejected(
            f"Rate limit reached (simulated). Try again in {fault.seconds:g} s.",
            status=429,
            kind="requests",
            code="rate_limit_exceeded",
            headers=_retry_headers(fault.seconds),
        )
    if fault := faults.get("server_error"):
        raise Rejected(
            "The server had an error while processing your request (simulated).",
            status=500,
            kind="server_error",
            headers=_retry_headers(fault.seconds),
        )


def _retry_headers(seconds: float) -> dict[str, str]:
    # Retry-After knows whole seconds only; clients of OpenAI look at the milliseconds first.
    return {"retry-after-ms": f"{seconds * 1000:g}", "retry-after": str(math.ceil(seconds))}


def forget_newest(body: dict[str, object]) -> dict[str, object]:
    """The request as it was before its newest observations.

    These are what follows the last assistant message (with it), else the last of several messages.
    """
    messages: list[dict[str, object]] = body["messages"]  # type: ignore[assignment]
    said = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    asked = [index for index, message in enumerate(messages) if message["role"] == "user"]
    cut = said[-1] if said else asked[-1] if len(asked) > 1 else len(messages)
    return body | {"messages": messages[:cut] or messages}


def spoil(reply: Reply, faults: Mapping[str, Fault], request: Request) -> Reply:
    """The reply with the faults that concern what the model says."""
    if "hallucinated_tool" in faults:
        reply = _hallucinate(reply, request)
    if "cyclic_plan" in faults:
        reply = _edit_json(reply, _make_cyclic)
    if "malformed_json" in faults:
        reply = replace(
            reply,
            text=reply.text and _break_json(reply.text),
            calls=tuple((name, _break_json(arguments)) for name, arguments in reply.calls),
        )
    if "truncated" in faults:
        reply = replace(limit_to(reply, max(1, reply.tokens // 2)), finish="length")
    if "refusal" in faults:
        reply = Reply(refusal="I'm sorry, but I can't help with that (simulated refusal).")
    return reply


def _break_json(text: str) -> str:
    return _LAST_BRACKET.sub("", text)


def _hallucinate(reply: Reply, request: Request) -> Reply:
    """The reply with a tool that was not offered: in its first call, in its plan, or as a call."""
    tools: list[dict[str, dict[str, str]]] = request.body.get("tools") or []  # type: ignore[assignment]
    offered = [tool["function"]["name"] for tool in tools]
    invented = "search_archive"
    while invented in offered:
        invented += "_v2"

    def rename(value: object) -> None:
        places = [
            (mapping, key)
            for mapping in _mappings(value)
            for key, held in mapping.items()
            if isinstance(held, str) and (key in _TOOL_KEYS or held in offered)
        ]
        if places:  # a step that names a tool, rather than one that needs none
            mapping, key = next((place for place in places if place[0][place[1]]), places[0])
            mapping[key] = invented

    if reply.calls:
        return replace(reply, calls=((invented, reply.calls[0][1]), *reply.calls[1:]))
    text = _edit_json(reply, rename).text
    text = text and _WRITTEN_CALL.sub(rf"\g<1>{invented}", text, count=1)
    if text == reply.text and offered and "response_format" not in request.body:
        return Reply(calls=((invented, "{}"),), finish="tool_calls")
    return replace(reply, text=text)


_TOOL_KEYS = ("tool", "tool_name", "action")
_LAST_BRACKET = re.compile(r"[}\]](?=[^}\]]*$)")
# "Action: search[...]" of ReAct's text form, "1. search(...)" of a compiler's plan.
_WRITTEN_CALL = re.compile(r"(?im)^(\s*action:\s*|\s*\d+[.)]\s*)[a-z_][\w-]*(?=\s*[\[(]|\s*$)")


def _edit_json(reply: Reply, edit: Callable[[object], None]) -> Reply:
    """The reply with `edit` done to its arguments, and to its text where that is JSON."""

    def apply(text: str) -> str:
        try:
            value = load_json(text)
        except ValueError:
            return text
        edit(value)
        return json.dumps(value, ensure_ascii=False)

    return replace(
        reply,
        text=reply.text and apply(reply.text),
        calls=tuple((name, apply(arguments)) for name, arguments in reply.calls),
    )


def _mappings(value: object) -> list[dict[str, object]]:
    """All JSON objects in `value`, outer ones first."""
    if isinstance(value, dict):
        return [value, *(found for child in value.values() for found in _mappings(child))]
    if isinstance(value, list):
        return [found for child in value for found in _mappings(child)]
    return []


_NEEDS = re.compile(r"depend|need|require|after|prereq|predecessor|parent|blocked|wait", re.I)
_NAME = re.compile(r"(^|_)(id|key|name|number|index|step|title)$", re.I)


def _make_cyclic(value: object) -> None:
    """In each list of steps in `value`, makes the first and the last depend on one another."""
    for mapping in _mappings(value):
        for steps in mapping.values():
            if isinstance(steps, list) and steps and all(isinstance(step, dict) for step in steps):
                _close_circle(steps)


def _close_circle(steps: list[dict[str, object]]) -> None:
    lists = [key for key, held in steps[0].items() if _NEEDS.search(key) and isinstance(held, list)]
    names = [key for key, held in steps[0].items() if _NAME.search(key) and _is_name(held)]
    if not (lists and names):
        return
    needs = lists[0]
    used = [other for step in steps for other in step.get(needs, ())]  # type: ignore[attr-defined]
    name = next((key for key in names if any(step.get(key) in used for step in steps)), names[0])
    for step, other in ((steps[0], steps[-1]), (steps[-1], steps[0])):
        if other[name] not in step[needs]:  # type: ignore[operator]
            step[needs] = [*step[needs], other[name]]  # type: ignore[misc]


def _is_name(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
