"""Faults: how a plan of them is written, and what each does to a request."""

import json
from typing import Any

import pytest
from openai import (
    APIConnectionError,
    APITimeoutError,
    InternalServerError,
    LengthFinishReasonError,
    OpenAI,
    RateLimitError,
)
from openai.types.chat import ChatCompletionMessage
from pydantic import BaseModel, ValidationError
from stub_model import STEPS, stub_answer

from planlab.errors import BadInput
from planlab.simulated import SIZES, Simulator, simulated_sync_client
from planlab.simulated.faults import SECONDS, Fault, parse_faults, spoil
from planlab.simulated.reply import Reply
from planlab.simulated.request import Request

USER = {"role": "user", "content": "one two three four five six seven"}
SEARCH = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}


REQUEST = Request(SIZES["sim-large"], {})
CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
FOUND = {"role": "tool", "tool_call_id": "c1", "content": "found it"}


class StepOfStub(BaseModel):
    id: str
    tool: str
    depends_on: list[str]


class PlanOfStub(BaseModel):
    steps: list[StepOfStub]


def endpoint(faults: str, **options: Any) -> tuple[OpenAI, Simulator]:
    simulator = Simulator(faults, answer=stub_answer)
    return simulated_sync_client(simulator, **options), simulator


def create(client: OpenAI, **body: Any) -> Any:
    return client.chat.completions.create(**{"model": "sim-large", "messages": [USER], **body})


def message(faults: str, **body: Any) -> ChatCompletionMessage:
    return create(endpoint(faults)[0], **body).choices[0].message


def plan(faults: str) -> dict[str, Any]:
    return json.loads(message(faults, response_format={"type": "json_object"}).content or "")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("refusal@2", [2]),
        ("refusal@2-4", [2, 3, 4]),
        ("refusal", [1, 2, 3, 4, 5]),
        (" refusal@1 ,refusal@5", [1, 5]),
        ("", []),
        (None, []),
    ],
)
def test_a_plan_says_which_requests_are_befallen(text: str | None, numbers: list[int]) -> None:
    faults = parse_faults(text)
    assert [n for n in range(1, 6) if any(f.befalls(n, seed=0) for f in faults)] == numbers


def test_a_probability_is_seeded_and_about_right() -> None:
    (fault,) = parse_faults("refusal%0.3")

    def befallen(seed: int) -> list[int]:
        return [n for n in range(1, 2001) if fault.befalls(n, seed)]

    assert befallen(1) == befallen(1) != befallen(2)
    assert 540 < len(befallen(1)) < 660


def test_seconds_can_be_set() -> None:
    assert parse_faults("rate_limit(2.5)@1") == (Fault("rate_limit", 2.5, 1, 1),)


@pytest.mark.parametrize(
    "text",
    [
        "earthquake@1",
        "refusal@",
        "refusal@0",
        "refusal@4-2",
        "refusal%0",
        "refusal%2",
        "refusal,",
        "refusal@x",
        "refusal(3)@1",
        "@1",
        "refusal@1@2",
        "refusal@²",
    ],
)
def test_a_plan_that_means_nothing_is_refused_with_the_names_of_all_faults(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        Simulator(text)
    assert all(name in str(caught.value) for name in SECONDS)


def test_a_rate_limit_is_retried_after_the_time_in_its_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    client, simulator = endpoint("rate_limit(0.25)@1")
    assert create(client).choices[0].message.content
    assert simulator.requests == 2
    assert [wait for wait in waits if wait] == [0.25]


def test_a_rate_limit_says_how_long_to_wait_in_both_headers() -> None:
    client, _ = endpoint("rate_limit", max_retries=0)
    with pytest.raises(RateLimitError) as caught:
        create(client)
    headers = caught.value.response.headers
    assert (headers["retry-after-ms"], headers["retry-after"]) == ("50", "1")


def test_a_server_error_is_retried_and_then_raised() -> None:
    client, simulator = endpoint("server_error(0.001)", max_retries=3)
    with pytest.raises(InternalServerError, match="simulated"):
        create(client)
    assert simulator.requests == 4


@pytest.mark.parametrize("stream", [True, False])
def test_a_time_out_is_raised(stream: bool) -> None:
    client, _ = endpoint("timeout@1", timeout=0.02, max_retries=0)
    with pytest.raises(APITimeoutError):
        create(client, stream=stream)
    assert create(client)


def test_slow_is_slow_by_its_seconds() -> None:
    client, _ = endpoint("slow(0.2)@1", timeout=0.1, max_retries=0)
    with pytest.raises(APITimeoutError):
        create(client)
    client, _ = endpoint("slow(0.05)@1", timeout=0.5, max_retries=0)
    assert create(client)


def test_a_broken_stream_ends_without_a_finish_reason() -> None:
    chunks = list(create(endpoint("broken_stream@1")[0], stream=True))
    assert chunks
    assert all(chunk.choices[0].finish_reason is None for chunk in chunks)


def test_a_broken_connection_raises_where_nothing_is_streamed() -> None:
    client, _ = endpoint("broken_stream@1", max_retries=0)
    with pytest.raises(APIConnectionError):
        create(client)


def test_a_truncated_answer_makes_parse_raise() -> None:
    parse = endpoint("truncated@1")[0].chat.completions.parse
    with pytest.raises(LengthFinishReasonError):
        parse(model="sim-large", messages=[USER], response_format=PlanOfStub)


@pytest.mark.parametrize("body", [{}, {"tools": [SEARCH]}])
def test_a_truncated_answer_is_cut_short(body: dict[str, Any]) -> None:
    cut, whole = (create(endpoint(faults)[0], **body) for faults in ("truncated", ""))
    assert cut.choices[0].finish_reason == "length"
    assert 0 < cut.usage.completion_tokens < whole.usage.completion_tokens


def test_malformed_json_makes_parse_raise() -> None:
    parse = endpoint("malformed_json@1")[0].chat.completions.parse
    with pytest.raises(ValidationError):
        parse(model="sim-large", messages=[USER], response_format=PlanOfStub)
    assert parse(model="sim-large", messages=[USER], response_format=PlanOfStub)


def test_malformed_json_is_in_the_arguments_of_calls_too() -> None:
    calls = message("malformed_json", tools=[SEARCH]).tool_calls or []
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(calls[0].function.arguments)


def test_a_refusal_has_no_content_and_parses_to_nothing() -> None:
    parse = endpoint("refusal")[0].chat.completions.parse
    refused = parse(model="sim-large", messages=[USER], response_format=PlanOfStub).choices[0]
    assert refused.message.refusal
    assert refused.message.content is None
    assert refused.message.parsed is None


@pytest.mark.parametrize("last", [USER, FOUND])  # a call is spoilt, an answer becomes one
def test_a_hallucinated_tool_was_not_offered(last: dict[str, Any]) -> None:
    messages = [USER, CALLED, FOUND] if last == FOUND else [USER]
    calls = message("hallucinated_tool", messages=messages, tools=[SEARCH]).tool_calls or []
    assert calls
    assert calls[0].function.name != "search"


def test_a_hallucinated_tool_stands_in_a_plan_as_well() -> None:
    tools = [step["tool"] for step in plan("hallucinated_tool")["steps"]]
    assert tools[0] not in ("search", "write")
    assert tools[1:] == ["search", "write"]


@pytest.mark.parametrize("text", ["Thought: hm\nAction: {}[x]", "Action: {}\nInput: x", "1. {}(x)"])
def test_a_hallucinated_tool_stands_in_calls_written_as_text(text: str) -> None:
    reply = spoil(Reply(text.format("search")), {"hallucinated_tool": Fault("")}, REQUEST)
    assert reply.text == text.format("search_archive")


@pytest.mark.parametrize("text", ['{"a": 1}', '```json\n{"a": [1]}\n```'])
def test_malformed_json_lacks_a_bracket_wherever_it_stands(text: str) -> None:
    spoilt = spoil(Reply(text), {"malformed_json": Fault("")}, REQUEST).text or ""
    assert len(spoilt) == len(text) - 1
    assert spoilt.count("{") > spoilt.count("}")


def has_cycle(steps: list[dict[str, Any]]) -> bool:
    left = {step["id"]: set(step["depends_on"]) for step in steps}
    while ready := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in ready:
            del left[name]
    return bool(left)


def test_a_cyclic_plan_is_cyclic_and_only_that() -> None:
    cyclic = plan("cyclic_plan")
    assert has_cycle(cyclic["steps"])
    assert not has_cycle(plan("")["steps"])
    assert [step["id"] for step in cyclic["steps"]] == [step["id"] for step in STEPS["steps"]]


@pytest.mark.parametrize(
    "steps",
    [
        [{"title": "T", "step_id": 1, "needs": []}, {"title": "U", "step_id": 2, "needs": [1]}],
        [{"name": "alone", "requires": []}],
    ],
)
def test_other_shapes_of_plans_become_cyclic_too(steps: list[dict[str, Any]]) -> None:
    name, needs = ("step_id", "needs") if "needs" in steps[0] else ("name", "requires")
    whole = Reply(json.dumps({"plan": {"tasks": steps}}))
    spoilt = spoil(whole, {"cyclic_plan": Fault("")}, REQUEST).text or ""
    steps = json.loads(spoilt)["plan"]["tasks"]
    assert has_cycle([{"id": step[name], "depends_on": step[needs]} for step in steps])


@pytest.mark.parametrize(
    "messages",
    [
        [USER, CALLED, FOUND],
        [USER, {"role": "user", "content": "Observed: all has changed."}],
        [USER, {"role": "assistant", "content": "A plan."}, {"role": "user", "content": "Changed"}],
        [USER],
    ],
)
def test_a_stale_answer_does_not_know_the_newest_observations(messages: list[Any]) -> None:
    assert message("stale_plan", messages=messages).content == "I heard: " + USER["content"]


def test_faults_of_several_kinds_meet_in_one_request() -> None:
    cut = create(endpoint("cyclic_plan, truncated")[0], response_format={"type": "json_object"})
    assert cut.choices[0].finish_reason == "length"


def test_a_response_says_which_faults_befell_it() -> None:
    raw = endpoint("refusal@1")[0].chat.completions.with_raw_response
    headers = raw.create(model="sim-large", messages=[USER]).headers
    assert headers["x-simulated-faults"] == "refusal"
