"""The protocol: what is answered, what is refused, and with which words."""

import copy
import json
import random
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from stub_model import stub_answer

from planlab.errors import BadInput
from planlab.simulated import Latency, Simulator
from planlab.simulated.wire import CHAT, Response, respond

SEARCH = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}
WRITE = {"type": "function", "function": {"name": "write", "strict": True}}
USER = {"role": "user", "content": "one two three four five six seven"}
CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": "Looking.", "tool_calls": [CALL]}
FOUND = {"role": "tool", "tool_call_id": "c1", "content": "found it"}


def simulator(**settings: Any) -> Simulator:
    return Simulator(answer=stub_answer, **settings)


def post(sim: Simulator | None = None, **body: Any) -> Response:
    request = {"model": "sim-large", "messages": [USER], **body}
    return respond("POST", CHAT, json.dumps(request).encode(), simulator=sim or simulator())


def ask(sim: Simulator | None = None, **body: Any) -> ChatCompletion:
    response = post(sim, **body)
    assert response.status == 200, response.chunks
    return ChatCompletion.model_validate_json(response.chunks[0], strict=True)


def stream(sim: Simulator | None = None, **body: Any) -> list[ChatCompletionChunk]:
    chunks = post(sim, stream=True, **body).chunks
    assert chunks[-1] == b"data: [DONE]\n\n"
    return [ChatCompletionChunk.model_validate_json(c[6:], strict=True) for c in chunks[:-1]]


def refused(status: int = 400, **body: Any) -> dict[str, Any]:
    response = post(**body)
    assert response.status == status, response.chunks
    error = json.loads(response.chunks[0])["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


def test_a_text_answer_is_a_whole_chat_completion() -> None:
    done = ask()
    assert done.choices[0].message.content == "I heard: " + USER["content"]
    assert done.choices[0].finish_reason == "stop"
    assert done.choices[0].message.tool_calls is None
    assert "simulated" in (done.system_fingerprint or "")


def test_calls_carry_arguments_as_json_and_ids_of_their_own() -> None:
    choice = ask(tools=[SEARCH, WRITE]).choices[0]
    calls = choice.message.tool_calls or []
    assert [call.function.name for call in calls] == ["search", "write"]
    assert "für" in json.loads(calls[0].function.arguments)["query"]
    assert len({call.id for call in calls}) == 2
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "Let me look."


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("auto", ["search", "write"]),
        ("required", ["search", "write"]),
        ("none", []),
        ({"type": "function", "function": {"name": "write"}}, ["write"]),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "write"}}],
                },
            },
            ["write"],
        ),
    ],
)
def test_each_form_of_tool_choice_reaches_the_model(choice: object, names: list[str]) -> None:
    calls = ask(tools=[SEARCH, WRITE], tool_choice=choice).choices[0].message.tool_calls or []
    assert [call.function.name for call in calls] == names


def test_without_parallel_calls_there_is_one_at_most() -> None:
    message = ask(tools=[SEARCH, WRITE], parallel_tool_calls=False).choices[0].message
    assert len(message.tool_calls or ()) == 1


@pytest.mark.parametrize("role", ["user", "system", "developer", "assistant", "tool"])
def test_content_may_come_as_parts(role: str) -> None:
    parts = [{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}]
    message = {"role": role, "content": parts}
    before = [USER, CALLED] if role == "tool" else [USER]
    if role == "tool":
        message["tool_call_id"] = "c1"
    assert ask(messages=[*before, message]).choices[0].message.content == "I heard: in parts"


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [USER, CALLED, FOUND], "tools": [SEARCH]},
        {"frobnicate": 1, "user": "me", "metadata": {"a": "b"}, "logit_bias": {}},
        {"functions": [{"name": "old"}], "function_call": "auto"},
        {"messages": [USER, {"role": "assistant", "content": None, "refusal": "no"}, USER]},
        {"messages": [USER, {"role": "function", "name": "old", "content": "1"}]},
        {"tools": None, "tool_choice": None, "stop": None, "n": None, "seed": None, "stream": None},
        {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True},
    ],
)
def test_what_other_clients_send_is_accepted(body: dict[str, Any]) -> None:
    assert ask(**body).choices[0].message.content


@pytest.mark.parametrize(
    ("body", "param", "word"),
    [
        ({"messages": []}, "messages", "at least 1"),
        ({"messages": "hi"}, "messages", "list"),
        ({"messages": [{"role": "king", "content": "hi"}]}, "messages[0].role", "'user'"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "parts"),
        ({"messages": [{"role": "assistant"}]}, "messages[0].content", "parts"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content", "string"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content[0]",
            "text only",
        ),
        ({"messages": [USER, FOUND]}, "messages[1].tool_call_id", "c1"),
        ({"messages": [USER, CALLED]}, "messages", "c1"),
        ({"messages": [USER, CALLED, USER, FOUND]}, "messages", "c1"),
        ({"messages": [USER, CALLED, FOUND, FOUND]}, "messages[3].tool_call_id", "c1"),
        ({"tools": [SEARCH, SEARCH]}, "tools", "search"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0].type", "function"),
        (
            {"tools": [{"type": "function", "function": {"name": "a b"}}]},
            "tools[0].function.name",
            "pattern",
        ),
        (
            {
                "tools": [
                    {"type": "function", "function": {"name": "a", "parameters": {"type": "whole"}}}
                ]
            },
            "tools[0].function.parameters",
            "whole",
        ),
        ({"tools": [SEARCH], "tool_choice": "maybe"}, "tool_choice", "required"),
        (
            {"tools": [SEARCH], "tool_choice": {"type": "function", "function": {"name": "fly"}}},
            "tool_choice",
            "fly",
        ),
        ({"tool_choice": "required"}, "tool_choice", "tools"),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": 1}}, "tool_choice", "must be"),
        ({"response_format": {"type": "xml"}}, "response_format.type", "json_object"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "Missing"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            "response_format.json_schema.schema",
            "required",
        ),
        ({"n": 0}, "n", "greater"),
        ({"n": "3"}, "n", "integer"),
        ({"stop": ["a"] * 5}, "stop", "4"),
        ({"temperature": 3}, "temperature", "2"),
        ({"max_completion_tokens": 0}, "max_completion_tokens", "1"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "stream"),
    ],
)
def test_a_wrong_request_is_told_which_parameter_and_why(
    body: dict[str, Any], param: str, word: str
) -> None:
    error = refused(**body)
    assert error["param"] == param
    assert word in error["message"]


def test_an_unknown_model_is_told_which_models_there_are() -> None:
    error = refused(404, model="gpt-4o")
    assert error["code"] == "model_not_found"
    assert "sim-large, sim-small" in error["message"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"NaN",
        b"[" * 200_000,
        b'{"model": "sim-large", "messages": [{"role": "user", "content": "\\ud800"}]}',
    ],
)
def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    response = respond("POST", CHAT, raw, simulator=simulator())
    assert response.status == 400
    assert json.loads(response.chunks[0])["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/models", 200),
        ("GET", "/v1/models/sim-small?x=1", 200),
        ("GET", "/v1/models/gpt-4o", 404),
        ("POST", "/v1/models", 405),
        ("GET", CHAT, 405),
        ("GET", "/v1/responses", 405),
        ("GET", "/v1/responses/resp_x", 404),
        ("POST", "/v1/embeddings", 404),
        ("GET", "/", 404),
    ],
)
def test_paths_and_methods(method: str, path: str, status: int) -> None:
    response = respond(method, path, b"", simulator=simulator())
    assert response.status == status
    assert ("error" in json.loads(response.chunks[0])) == (status != 200)


def test_the_models_are_listed() -> None:
    listed = json.loads(respond("GET", "/v1/models", b"", simulator=simulator()).chunks[0])
    assert [model["id"] for model in listed["data"]] == ["sim-large", "sim-small"]


@pytest.mark.parametrize("body", [{}, {"tools": [SEARCH, WRITE]}, {"n": 3, "seed": 1}])
def test_the_chunks_of_a_stream_add_up_to_the_whole_answer(body: dict[str, Any]) -> None:
    whole = ask(**body)
    chunks = stream(**body)
    for choice in whole.choices:
        parts = [c for chunk in chunks for c in chunk.choices if c.index == choice.index]
        text = "".join(part.delta.content or "" for part in parts)
        assert text == (choice.message.content or "")
        assert parts[0].delta.role == "assistant"
        assert [part.finish_reason for part in parts if part.finish_reason] == [
            choice.finish_reason
        ]
        names, arguments = {}, {}
        for call in (call for part in parts for call in part.delta.tool_calls or ()):
            names.setdefault(call.index, call.function.name)
            arguments[call.index] = arguments.get(call.index, "") + call.function.arguments
        calls = choice.message.tool_calls or ()
        assert list(names.values()) == [call.function.name for call in calls]
        assert list(arguments.values()) == [call.function.arguments for call in calls]


def test_text_and_arguments_are_streamed_in_several_pieces() -> None:
    chunks = stream(tools=[SEARCH])
    assert sum(bool(c.choices[0].delta.content) for c in chunks) >= 1
    assert sum(bool(c.choices[0].delta.tool_calls) for c in chunks) >= 3


def test_a_refusal_is_a_refusal_whole_and_streamed() -> None:
    message = {"messages": [{"role": "user", "content": "refuse"}]}
    whole = ask(**message).choices[0].message
    assert (whole.content, whole.refusal) == (None, "I would rather not.")
    parts = [c.choices[0].delta for c in stream(**message)]
    assert "".join(part.refusal or "" for part in parts) == whole.refusal
    assert not any(part.content for part in parts)


def test_usage_ends_a_stream_only_where_it_is_asked_for() -> None:
    assert all(chunk.usage is None for chunk in stream())
    *chunks, last = stream(stream_options={"include_usage": True})
    assert all(chunk.usage is None for chunk in chunks)
    assert last.choices == []
    assert last.usage == ask().usage


def test_usage_adds_up_and_grows_with_messages_and_tools() -> None:
    small, large = ask().usage, ask(messages=[USER, USER]).usage
    tooled = ask(tools=[SEARCH]).usage
    assert small
    assert large
    assert tooled
    assert small.total_tokens == small.prompt_tokens + small.completion_tokens
    assert large.prompt_tokens == 2 * small.prompt_tokens
    assert tooled.prompt_tokens > small.prompt_tokens


def cached(sim: Simulator, *texts: str, model: str = "sim-large") -> int:
    usage = ask(sim, model=model, messages=[{"role": "user", "content": t} for t in texts]).usage
    assert usage
    assert usage.prompt_tokens_details
    return usage.prompt_tokens_details.cached_tokens or 0


def test_cached_tokens_are_those_of_the_longest_shared_prefix_of_whole_messages() -> None:
    sim, long = simulator(), "word " * 2000
    assert cached(sim, long, "and a") == 0
    first = cached(sim, long, "and b")
    assert first >= 2000
    assert cached(sim, long, "and b", "and c") > first
    assert cached(sim, "other", long) == 0
    assert cached(sim, long, "and b", model="sim-small") == 0
    assert cached(simulator(), long) == 0


def test_short_prefixes_are_not_cached() -> None:
    sim = simulator()
    assert [cached(sim, "word " * 500) for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(
    ("stop", "text"), [("three", "I heard: one two "), (["six", "two"], "I heard: one ")]
)
def test_stop_ends_the_text_before_the_first_sequence(stop: object, text: str) -> None:
    choice = ask(stop=stop).choices[0]
    assert (choice.message.content, choice.finish_reason) == (text, "stop")


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_cuts_the_answer_and_says_so(name: str) -> None:
    done = ask(**{name: 5})
    assert done.usage
    assert done.usage.completion_tokens == 5
    assert done.choices[0].finish_reason == "length"
    assert ("I heard: " + USER["content"]).startswith(done.choices[0].message.content or "?")
    assert ask(**{name: 50}).choices[0].finish_reason == "stop"


def test_a_limit_cuts_arguments_too() -> None:
    choice = ask(tools=[SEARCH], max_tokens=8).choices[0]
    assert choice.finish_reason == "length"
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads((choice.message.tool_calls or [])[0].function.arguments)


def test_choices_differ_unless_the_temperature_is_zero() -> None:
    def texts(**body: Any) -> set[str | None]:
        return {choice.message.content for choice in ask(n=4, **body).choices}

    assert len(texts()) == 4
    assert len(texts(temperature=0)) == 1
    assert texts(seed=1) == texts(seed=1) != texts(seed=2)


def test_the_same_requests_in_the_same_order_give_the_same_bytes() -> None:
    def run() -> list[tuple[bytes, ...]]:
        sim = simulator(seed=3)
        return [post(sim, tools=[SEARCH], stream=s).chunks for s in (False, True, False)]

    first = run()
    assert first == run()
    assert first[0] != first[2]  # the id of each request is its own


def test_a_crash_of_the_model_is_a_500_that_says_where() -> None:
    response = post(messages=[{"role": "user", "content": "crash"}])
    assert response.status == 500
    assert response.headers["x-should-retry"] == "false"
    assert b"stub_model.py" in response.chunks[0]


@pytest.mark.parametrize("latency", [0.8, Latency(first=0.5, per_token=0.01)])
def test_latency_is_the_same_in_sum_whether_streamed_or_not(latency: float | Latency) -> None:
    whole = post(simulator(latency=latency))
    streamed = post(simulator(latency=latency), stream=True)
    assert whole.pace == 0
    assert streamed.delay < whole.delay
    total = streamed.delay + streamed.pace * (len(streamed.chunks) - 1)
    assert total == pytest.approx(whole.delay)


@pytest.mark.parametrize("latency", [-1, float("nan"), float("inf"), Latency(first=-1)])
def test_a_latency_without_meaning_is_refused(latency: float | Latency) -> None:
    with pytest.raises(BadInput, match="latency"):
        simulator(latency=latency)


JUNK = [None, True, 0, -1, 2**70, 1.5, "", "x", "auto", "tool", [], {}, [{}], [[]], {"type": "x"}]
JUNK += [
    USER,
    [USER],
    [SEARCH],
    {"type": "function"},
    ["a", 1],
    {"role": "user"},
    "\u0000",
    "\u2028",
]


def test_no_junk_gets_anything_but_an_answer_or_an_error_of_the_clients() -> None:
    rng = random.Random(1)
    base = {
        "model": "sim-large",
        "messages": [USER, CALLED, FOUND],
        "tools": [SEARCH, WRITE],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "plan", "schema": {"type": "object"}},
        },
        "tool_choice": "auto",
        "stream_options": {"include_usage": True},
    } | dict.fromkeys(("stop", "n", "seed", "stream", "max_tokens", "parallel_tool_calls"))
    statuses = set()
    for _ in range(3000):
        body = json.loads(json.dumps(base))
        for _ in range(rng.randint(1, 2)):
            _vandalise(body, rng)
        response = respond("POST", CHAT, json.dumps(body).encode(), simulator=simulator())
        statuses.add(response.status)
        assert response.status == 200 or json.loads(response.chunks[0])["error"]["message"], body
    assert statuses == {200, 400, 404}


def _vandalise(value: Any, rng: random.Random) -> None:
    """Puts something else in one place of a JSON value."""
    while True:
        key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if not isinstance(value[key], dict | list) or not value[key] or rng.random() < 0.3:
            value[key] = copy.deepcopy(rng.choice(JUNK))
            return
        value = value[key]
