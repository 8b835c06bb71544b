"""The HTTP server under requests that schemathesis makes from its OpenAPI description.

500 requests; `-m slow` sends 10,000. Each answer must be one that the description promises, none a
500; nothing may be written on stderr, and the server's memory may not grow.
"""

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

ROOT = Path(__file__).parents[1]
CHAT = ("/v1/chat/completions", "POST")
RESPONSES = ("/v1/responses", "POST")
OTHERS = (("/v1/responses/{id}", "GET"), ("/v1/models", "GET"), ("/v1/models/{id}", "GET"))
MOST_GROWTH = 24 * 2**20  # bytes; caches fill up, each to its bound
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@contextmanager
def served(errors: Path) -> Iterator[tuple[psutil.Process, str]]:
    """The server's process and its address."""
    command = [sys.executable, "-m", "planlab", "serve", "--port", "0"]
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        try:
            assert process.stdout
            found = re.search(r"http://\S+(?=/v1)", process.stdout.readline())
            assert found
            yield psutil.Process(process.pid), found[0]
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()


WORDS = st.sampled_from(
    [
        "Plan a trip to Oslo for 3 people in four steps.",
        "What is 17 % of 230? Answer in JSON.",
        'Reply with JSON such as {"score": 0.5, "why": "..."}.',
        "Thought: I must look.\nAction: search[1e999]\nObservation: [[1, 2], {}]",
        "Compare the cheapest three; never call send_email.",
        "| a | b |\n|---|---|\n| 1 | -- |\n\n- x: 12.5.1999\n- y: 25:61",
        "\ud7ff\u0000\u2028 \uff15 \xb2 \u2167 \u0663 $-1,,0.0.0 99999999999999999999e99",
    ]
)
TEXTS = WORDS | st.text(max_size=80) | st.builds("{} {}".format, WORDS, st.text(max_size=30))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["search", "send_email", "run_sql", "calculate", "finish"])


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, object]]:
    """Messages that keep the protocol's rules, and say anything."""
    messages: list[dict[str, object]] = [{"role": "system", "content": draw(TEXTS)}]
    for turn in range(draw(st.integers(0, 3))):
        messages.append({"role": "user", "content": draw(TEXTS)})
        calls = [
            {
                "id": f"c{turn}{number}",
                "type": "function",
                "function": {
                    "name": draw(NAMES),
                    "arguments": draw(st.builds(json.dumps, VALUES) | TEXTS),
                },
            }
            for number in range(draw(st.integers(0, 2)))
        ]
        said = {"role": "assistant", "content": draw(TEXTS)}
        messages.append(said | ({"tool_calls": calls} if calls else {}))
        messages += [
            {
                "role": "tool",
                "tool_call_id": call["id"],
                "content": draw(st.builds(json.dumps, VALUES) | TEXTS),
            }
            for call in calls
        ]
    return [*messages, *draw(st.just([]) | st.just([{"role": "user", "content": draw(TEXTS)}]))]


LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "format": "date"},
        {"type": "string", "enum": ["low", "high"]},
        {"type": "integer", "minimum": -3, "maximum": 12},
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "boolean"},
        {"type": ["string", "null"], "description": "Who asked"},
        {"const": None},
        {},
    ]
)


def _object(properties: dict[str, object]) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": list(properties)}


FIELDS = st.sampled_from(["id", "steps", "depends_on", "tool", "score", "reason", "to", "amount"])
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(_object, st.dictionaries(FIELDS | st.text(max_size=9), inner, max_size=5))
        | inner.map(lambda items: {"type": "array", "items": items, "maxItems": 4})
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts})
    ),
    max_leaves=8,
)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, object]:
    """Requests that get as far as the model."""
    body: dict[str, object] = {
        "model": draw(st.sampled_from(["sim-large", "sim-small"])),
        "messages": draw(conversations()),
        "stream": draw(st.booleans()),
    }
    names = draw(st.lists(NAMES, unique=True, max_size=4))
    if names:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": name,
                    "description": draw(TEXTS),
                    "parameters": _object(draw(st.dictionaries(FIELDS, SCHEMAS, max_size=3))),
                },
            }
            for name in names
        ]
    if draw(st.booleans()):
        schema = _object(draw(st.dictionaries(FIELDS, SCHEMAS, max_size=4)))
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": schema},
        }
    options = {
        "n": st.integers(1, 3),
        "seed": st.integers(),
        "stop": TEXTS,
        "temperature": st.floats(0, 2),
        "max_tokens": st.integers(1, 50),
    }
    return body | draw(st.fixed_dictionaries({}, optional=options))


def as_responses(body: dict[str, object]) -> dict[str, object]:
    """The same request in the other protocol."""
    items: list[object] = []
    for message in body["messages"]:
        if message["role"] == "tool":
            call, output = message["tool_call_id"], message["content"]
            items.append({"type": "function_call_output", "call_id": call, "output": output})
            continue
        items.append({"role": message["role"], "content": message["content"]})
        items += [
            {"type": "function_call", "call_id": call["id"], **call["function"]}
            for call in message.get("tool_calls", [])
        ]
    asked = {"model": body["model"], "input": items, "stream": body["stream"]}
    if "tools" in body:
        asked["tools"] = [{"type": "function", **tool["function"]} for tool in body["tools"]]
    if "response_format" in body:
        asked["text"] = {
            "format": {"type": "json_schema", **body["response_format"]["json_schema"]}
        }
    return asked


def check_stream(response: requests.Response) -> None:
    """A stream is whole: chunks, a reason to stop and [DONE]; or events up to the last one."""
    if response.text.startswith("event: "):
        *_, last, rest = response.text.split("\n\n")
        assert rest == ""
        assert re.match(r"event: response\.(completed|incomplete|failed)\n", last)
        return
    *events, done, rest = response.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    chunks = [ChatCompletionChunk.model_validate_json(e.removeprefix("data: ")) for e in events]
    assert all(chunk.choices[0].finish_reason for chunk in chunks[-1:])


def fuzz(count: int, folder: Path) -> tuple[Counter[int], list[int]]:
    """Statuses of `count` requests, and the server's memory in bytes after each tenth of them."""
    statuses, memory = Counter[int](), list[int]()
    errors = folder / "stderr.txt"
    with served(errors) as (server, address), requests.Session() as session:
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
        chat, newer = (schema[path][method] for path, method in (CHAT, RESPONSES))
        models = [schema[path][method] for path, method in OTHERS]
        generated = st.one_of(
            bodies().map(lambda body: chat.Case(body=body, media_type="application/json")),
            bodies().map(
                lambda body: newer.Case(body=as_responses(body), media_type="application/json")
            ),
            *(
                one.as_strategy(generation_mode=mode)
                for one in (chat, newer)
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
            ),
            *(one.as_strategy(generation_mode=GenerationMode.POSITIVE) for one in models),
        )

        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(generated)
        def send(case: Case) -> None:
            # Not `case.call`, which reads no more than the first events of a stream.
            response = session.request(**case.as_transport_kwargs(base_url=address), timeout=30)
            statuses[response.status_code] += 1
            if "event-stream" in response.headers["content-type"]:
                check_stream(response)
            case.validate_response(response, checks=CHECKS)
            if statuses.total() % (count // 10) == 0:
                memory.append(server.memory_info().rss)
                print(statuses.total(), f"requests, {memory[-1] >> 20} MB", flush=True)

        send()
    assert errors.read_text() == ""
    return statuses, memory


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(500, marks=pytest.mark.timeout(600)),
        pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(7200)]),
    ],
)
def test_no_request_gets_what_is_not_described_and_memory_stays_flat(
    count: int, tmp_path: Path
) -> None:
    statuses, memory = fuzz(count, tmp_path)
    print(dict(statuses))
    assert statuses.total() >= count
    assert statuses[200] >= count // 5
    assert statuses[400] >= count // 10
    assert memory[-1] - memory[1] < MOST_GROWTH
