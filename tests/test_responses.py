"""The Responses API: what it answers, streams and refuses, and that it is the same model."""

import json
import random
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from openai import (
    APIConnectionError,
    APITimeoutError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    OpenAI,
    RateLimitError,
)
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter, ValidationError
from stub_model import STEPS, stub_answer

from planlab.simulated import Simulator, simulated_sync_client
from planlab.simulated.act import Answer
from planlab.simulated.fill import fill
from planlab.simulated.wire import RESPONSES, respond
from tests.schemas import models
from tests.test_fill import BELIEF
from tests.test_wire import _vandalise

HELLO = "one two three four five six seven"
USER = {"role": "user", "content": HELLO}
SEARCH = {"type": "function", "name": "search", "parameters": {"type": "object"}}
WRITE = {"type": "function", "name": "write", "strict": True}
CALL = {"type": "function_call", "call_id": "c1", "name": "search", "arguments": "{}"}
FOUND = {"type": "function_call_output", "call_id": "c1", "output": "found it"}
EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)


class Step(BaseModel):
    id: str
    tool: str
    depends_on: list[str]


class Plan(BaseModel):
    steps: list[Step]


def endpoint(faults: str = "", **options: Any) -> OpenAI:
    return simulated_sync_client(Simulator(faults, answer=stub_answer), **options)


def post(sim: Simulator | None = None, **body: Any) -> Any:
    request = json.dumps({"model": "sim-large", "input": HELLO, **body}).encode()
    return respond("POST", RESPONSES, request, simulator=sim or Simulator(answer=stub_answer))


def ask(sim: Simulator | None = None, **body: Any) -> Response:
    """One answer, exactly of the shape that the client's types have."""
    sent = post(sim, **body)
    assert sent.status == 200, sent.chunks
    return Response.model_validate_json(sent.chunks[0], strict=True)


def stream(sim: Simulator | None = None, **body: Any) -> list[Any]:
    """The events of a stream, each exactly of the shape that the client's types have."""
    events = []
    for chunk in post(sim, stream=True, **body).chunks:
        name, data = chunk.decode().removesuffix("\n\n").split("\n")
        events.append(EVENT.validate_json(data.removeprefix("data: "), strict=True))
        assert name == f"event: {events[-1].type}"
    return events


def calls_of(response: Response) -> list[tuple[str, str]]:
    return [(item.name, item.arguments) for item in response.output if item.type == "function_call"]


def test_a_text_answer_is_a_whole_response() -> None:
    done = ask()
    assert done.output_text == f"I heard: {HELLO}"
    assert (done.status, done.error, done.incomplete_details) == ("completed", None, None)
    assert done.id.startswith("resp_")
    assert done.usage
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens
    assert done.usage.output_tokens_details.reasoning_tokens == 0
    assert "simulated" in str((done.model_extra or {})["system_fingerprint"])


def test_calls_are_items_after_the_text_with_ids_of_their_own() -> None:
    message, *calls = ask(tools=[SEARCH, WRITE]).output
    assert (message.type, message.content[0].text) == ("message", "Let me look.")
    assert [call.name for call in calls] == ["search", "write"]
    assert "für" in json.loads(calls[0].arguments)["query"]
    assert len({message.id, *(id for call in calls for id in (call.id, call.call_id))}) == 5


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("auto", ["search", "write"]),
        ("required", ["search", "write"]),
        ("none", []),
        ({"type": "function", "name": "write"}, ["write"]),
        (
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "write"}],
            },
            ["write"],
        ),
    ],
)
def test_each_form_of_tool_choice_reaches_the_model(choice: object, names: list[str]) -> None:
    done = ask(tools=[SEARCH, WRITE], tool_choice=choice)
    assert [name for name, _ in calls_of(done)] == names


def test_without_parallel_calls_there_is_one_at_most() -> None:
    assert len(calls_of(ask(tools=[SEARCH, WRITE], parallel_tool_calls=False))) == 1


def test_a_response_repeats_what_was_asked() -> None:
    asked = {
        "tools": [SEARCH],
        "tool_choice": "none",
        "text": {"format": {"type": "json_object"}},
        "instructions": "Be brief.",
        "max_output_tokens": 900,
        "metadata": {"a": "b"},
        "temperature": 0.5,
        "parallel_tool_calls": False,
    }
    repeated = ask(**asked).model_dump(exclude_unset=True)
    assert {key: repeated[key] for key in asked} == asked


def test_a_limit_makes_the_response_incomplete_and_says_why() -> None:
    cut = ask(max_output_tokens=5)
    assert cut.status == cut.output[-1].status == "incomplete"
    assert cut.incomplete_details
    assert cut.incomplete_details.reason == "max_output_tokens"
    assert cut.usage
    assert cut.usage.output_tokens == 5
    assert f"I heard: {HELLO}".startswith(cut.output_text)


def test_a_refusal_is_a_part_of_the_message() -> None:
    (message,) = ask(input="refuse").output
    assert [(part.type, part.refusal) for part in message.content] == [
        ("refusal", "I would rather not.")
    ]


# Streams.

ASKED: list[dict[str, Any]] = [
    {},
    {"tools": [SEARCH, WRITE]},
    {"input": "refuse"},
    {"max_output_tokens": 3},
    {"tools": [SEARCH], "max_output_tokens": 9},
    {"text": {"format": {"type": "json_object"}}},
]


@pytest.mark.parametrize("body", ASKED)
def test_a_stream_ends_with_what_is_answered_unstreamed(body: dict[str, Any]) -> None:
    whole, last = ask(**body).to_dict(), stream(**body)[-1]
    assert last.type == f"response.{whole['status']}"
    assert without_ids(last.response.to_dict()) == without_ids(whole)


def without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_ids(held) for k, held in value.items() if k not in ("id", "call_id")}
    return [without_ids(held) for held in value] if isinstance(value, list) else value


@pytest.mark.parametrize("body", ASKED)
def test_the_events_of_a_stream_build_each_item_from_nothing(body: dict[str, Any]) -> None:
    events = stream(**body)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    assert {event.response.status for event in events[:2]} == {"in_progress"}
    built: dict[int, Any] = {}
    for event in events[2:-1]:
        _build(built, event)
    assert [built[index] for index in sorted(built)] == events[-1].response.output


def _build(items: dict[int, Any], event: Any) -> None:
    """Adds what an event says to the items so far, and checks what it says is done."""
    item = items.get(event.output_index)
    match event.type.rpartition(".")[0].removeprefix("response."), event.type.rpartition(".")[2]:
        case "output_item", "added":
            assert item is None
            assert event.item.status == "in_progress"
            items[event.output_index] = event.item
        case "output_item", "done":
            assert without_status(item) == without_status(event.item)
            items[event.output_index] = event.item
        case "content_part", "added":
            assert event.content_index == len(item.content)
            item.content.append(event.part)
        case "content_part", "done":
            assert item.content[event.content_index] == event.part
        case "function_call_arguments", "delta":
            item.arguments += event.delta
        case "function_call_arguments", "done":
            assert (item.id, item.name, item.arguments) == (
                event.item_id,
                event.name,
                event.arguments,
            )
        case "output_text" | "refusal" as kind, "delta":
            key, part = kind.removeprefix("output_"), item.content[event.content_index]
            setattr(part, key, getattr(part, key) + event.delta)
        case "output_text" | "refusal" as kind, "done":
            key, part = kind.removeprefix("output_"), item.content[event.content_index]
            assert getattr(part, key) == getattr(event, key)
        case other:
            raise AssertionError(other)


def without_status(item: Any) -> dict[str, Any]:
    return {key: held for key, held in item.to_dict().items() if key != "status"}


def test_text_and_arguments_come_in_several_pieces() -> None:
    kinds = [event.type for event in stream(tools=[SEARCH])]
    assert kinds.count("response.function_call_arguments.delta") > 1
    assert [event.type for event in stream()].count("response.output_text.delta") > 1


def test_the_clients_stream_helper_gives_the_final_response_parsed() -> None:
    json_only = endpoint().responses.stream(model="sim-large", input=HELLO, text_format=Plan)
    with json_only as events:
        text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
        final = events.get_final_response()
    assert final.output_parsed == Plan.model_validate(STEPS) == Plan.model_validate_json(text)


# Structured output.


def answer_by_schema(body: dict[str, Any], **_: object) -> Answer:
    return Answer(json.dumps(fill(body["response_format"]["json_schema"]["schema"], BELIEF)))


FILLING = simulated_sync_client(Simulator(answer=answer_by_schema))


@pytest.mark.timeout(180)  # for a busy machine
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(models())
def test_any_pydantic_model_is_answered_validly(model: type[BaseModel]) -> None:
    done = FILLING.responses.parse(model="sim-large", input="Plan it.", text_format=model)
    assert isinstance(done.output_parsed, model)


# The same model as behind Chat Completions.


class Ear:
    """A model that says nothing of its own, and remembers what it was asked."""

    def __init__(self) -> None:
        self.heard: list[Mapping[str, Any]] = []

    def __call__(self, body: Mapping[str, Any], **_: object) -> Any:
        self.heard.append(body)
        return SimpleNamespace(text="yes", calls=(), refusal=None)


def as_items(messages: list[dict[str, Any]], rng: random.Random) -> list[dict[str, Any]]:
    """A conversation of chat messages as the items of a Responses client, in one of its forms."""
    items: list[dict[str, Any]] = []
    for message in messages:
        role, text = message["role"], message["content"]
        if role == "tool":
            output: object = rng.choice([text, [{"type": "input_text", "text": text}]])
            items.append(
                {
                    "type": "function_call_output",
                    "call_id": message["tool_call_id"],
                    "output": output,
                }
            )
            continue
        kind = "output_text" if role == "assistant" else "input_text"
        said: dict[str, Any] = {"role": role, "content": text}
        if rng.random() < 0.5:
            said = {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
        if message.get("refusal"):
            said["content"] = [{"type": "refusal", "refusal": message["refusal"]}]
        if role == "assistant" and rng.random() < 0.3:
            items.append({"type": "reasoning", "id": "rs_1", "summary": []})
        if text is not None or message.get("refusal"):
            items.append(said)
        for call in message.get("tool_calls", ()):
            items.append({"type": "function_call", "call_id": call["id"], **call["function"]})
    return items


def random_conversation(rng: random.Random) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if rng.random() < 0.4:
        messages.append({"role": rng.choice(["system", "developer"]), "content": "Be brief."})
    for turn in range(rng.randint(1, 4)):
        messages.append({"role": "user", "content": f"Question {turn}?"})
        for look in range(rng.randint(0, 2)):
            ids = [f"call_{turn}{look}{i}" for i in range(rng.randint(1, 3))]
            calls = [
                {"id": id, "type": "function", "function": {"name": "search", "arguments": "{}"}}
                for id in ids
            ]
            text = rng.choice([None, "Let me look."])
            messages.append({"role": "assistant", "content": text, "tool_calls": calls})
            rng.shuffle(ids)
            messages += [{"role": "tool", "tool_call_id": id, "content": f"for {id}"} for id in ids]
        if rng.random() < 0.8:
            messages.append({"role": "assistant", "content": f"Answer {turn}."})
        elif rng.random() < 0.5:
            messages.append({"role": "assistant", "content": None, "refusal": "No."})
    return messages


def nested(tool: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {k: v for k, v in tool.items() if k != "type"}}


@pytest.mark.timeout(180)  # for a busy machine
def test_the_model_hears_the_same_over_both_protocols() -> None:
    rng = random.Random(11)
    ear = Ear()
    client = simulated_sync_client(Simulator(answer=ear))
    schema = {"name": "plan", "schema": Plan.model_json_schema(), "strict": True}
    for _ in range(120):
        messages = random_conversation(rng)
        chat: dict[str, Any] = {"messages": messages}
        responses: dict[str, Any] = {"input": as_items(messages, rng)}
        if rng.random() < 0.7:
            choice = rng.choice(["auto", "none", "required", WRITE, None])
            chat["tools"] = [nested(SEARCH), nested(WRITE)]
            responses["tools"] = [SEARCH, WRITE]
            if choice is not None:
                forced = {"type": "function", "name": "write"}
                chat["tool_choice"] = nested(forced) if choice is WRITE else choice
                responses["tool_choice"] = forced if choice is WRITE else choice
        if rng.random() < 0.5:
            chat["response_format"] = {"type": "json_schema", "json_schema": schema}
            responses["text"] = {"format": {"type": "json_schema", **schema}}
        if rng.random() < 0.3:
            chat["parallel_tool_calls"] = responses["parallel_tool_calls"] = rng.random() < 0.5
        said = client.chat.completions.create(model="sim-large", **chat)
        answered = client.responses.create(model="sim-large", **responses)
        first, second = ear.heard[-2:]
        assert first == second
        assert said.usage
        assert answered.usage
        assert said.usage.prompt_tokens == answered.usage.input_tokens


def test_instructions_are_heard_first() -> None:
    ear = Ear()
    sim = Simulator(answer=ear)
    ask(sim, instructions="Be brief.", input=[{"role": "developer", "content": "x"}, USER])
    assert [message["content"] for message in ear.heard[0]["messages"]] == ["Be brief.", "x", HELLO]


def test_outputs_are_heard_behind_their_calls_whatever_stands_between() -> None:
    ear = Ear()
    ask(Simulator(answer=ear), input=[USER, CALL, USER, FOUND])
    roles = [message["role"] for message in ear.heard[0]["messages"]]
    assert roles == ["user", "assistant", "tool", "user"]


STOCK = {
    "type": "function",
    "name": "get_stock",
    "description": "How many of an article are in stock.",
    "parameters": {
        "type": "object",
        "properties": {"article": {"type": "string"}},
        "required": ["article"],
    },
}
PRICE = {**STOCK, "name": "get_price", "description": "The price of an article in dollars."}
TOOLS = {"get_stock": 17, "get_price": 24.5}
GOALS = [
    "Look up the price of lamps and the stock of lamps, and tell me both.",
    "How many lamps are in stock?",
    "Find the price of lamps. Then find the price of chairs. Which is dearer?",
    "Write a haiku about lamps.",
]


def run_chat(client: OpenAI, goal: str) -> tuple[list[Any], str]:
    messages: list[Any] = [{"role": "user", "content": goal}]
    made: list[Any] = []
    for _ in range(6):
        message = (
            client.chat.completions.create(
                model="sim-large", messages=messages, tools=[nested(STOCK), nested(PRICE)]
            )
            .choices[0]
            .message
        )
        messages.append(message)
        if not message.tool_calls:
            return made, message.content or ""
        for call in message.tool_calls:
            made.append((call.function.name, call.function.arguments))
            result = str(TOOLS[call.function.name])
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    raise AssertionError(made)


def run_responses(client: OpenAI, goal: str, *, previous: bool) -> tuple[list[Any], str]:
    items: list[Any] = [{"role": "user", "content": goal}]
    made: list[Any] = []
    more: dict[str, Any] = {}
    for _ in range(6):
        done = client.responses.create(model="sim-large", input=items, tools=[STOCK, PRICE], **more)
        if not calls_of(done):
            return made, done.output_text
        items, more = (
            ([], {"previous_response_id": done.id}) if previous else ([*items, *done.output], {})
        )
        for call in (item for item in done.output if item.type == "function_call"):
            made.append((call.name, call.arguments))
            output = str(TOOLS[call.name])
            items.append(
                {"type": "function_call_output", "call_id": call.call_id, "output": output}
            )
    raise AssertionError(made)


@pytest.mark.parametrize("previous", [False, True])
@pytest.mark.parametrize("goal", GOALS)
def test_a_loop_of_tools_runs_the_same_over_both_protocols(goal: str, previous: bool) -> None:
    client = simulated_sync_client(Simulator())
    made, said = run_responses(client, goal, previous=previous)
    assert (made, said) == run_chat(client, goal)


def test_a_task_of_two_tools_is_solved() -> None:
    made, said = run_responses(simulated_sync_client(Simulator()), GOALS[0], previous=False)
    assert {name for name, _ in made} == {"get_stock", "get_price"}
    assert "17" in said
    assert "24.5" in said


# What is stored.


def test_a_stored_response_is_had_again_by_its_id() -> None:
    client = endpoint()
    done = client.responses.create(model="sim-large", input=HELLO, tools=[SEARCH])
    assert client.responses.retrieve(done.id) == done


def test_the_previous_response_is_the_same_as_its_items_passed_back() -> None:
    ear = Ear()
    client = simulated_sync_client(Simulator(answer=ear))
    first = client.responses.create(model="sim-large", input="One?", instructions="Be brief.")
    second = client.responses.create(
        model="sim-large", input="Two?", previous_response_id=first.id, instructions="Be long."
    )
    client.responses.create(model="sim-large", input="Three?", previous_response_id=second.id)
    texts = [[message["content"] for message in body["messages"]] for body in ear.heard]
    assert texts[1] == ["Be long.", "One?", "yes", "Two?"]
    assert texts[2] == ["One?", "yes", "Two?", "yes", "Three?"]


def test_what_is_not_stored_is_not_found() -> None:
    client = endpoint()
    done = client.responses.create(model="sim-large", input=HELLO, store=False)
    with pytest.raises(NotFoundError, match=done.id):
        client.responses.retrieve(done.id)
    with pytest.raises(BadRequestError) as caught:
        client.responses.create(model="sim-large", input="?", previous_response_id=done.id)
    assert caught.value.code == "previous_response_not_found"


@pytest.mark.timeout(180)  # for a busy machine
def test_the_oldest_responses_are_forgotten_before_they_fill_the_memory() -> None:
    sim = Simulator(answer=stub_answer)
    ids = [ask(sim, input="x" * 2**20).id for _ in range(12)]
    assert sim.recall(ids[0]) is None
    kept = [stored for id in ids if (stored := sim.recall(id))]
    assert kept[-1] == sim.recall(ids[-1])
    assert 0 < sum(map(len, kept)) <= 8 * 2**20


# Faults.


def create(faults: str, *, max_retries: int = 0, timeout: float = 5.0, **body: Any) -> Any:
    client = endpoint(faults, max_retries=max_retries, timeout=timeout)
    return client.responses.create(**{"model": "sim-large", "input": HELLO, **body})


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rate_limit", RateLimitError),
        ("server_error", InternalServerError),
        ("timeout", APITimeoutError),
        ("slow(0.2)", APITimeoutError),
    ],
)
def test_faults_instead_of_an_answer_are_raised(
    fault: str, error: type[Exception], stream: bool
) -> None:
    with pytest.raises(error):
        create(fault, timeout=0.05, stream=stream)


def test_a_fault_that_passes_is_retried_by_the_client() -> None:
    assert create("rate_limit(0.001)@1, server_error(0.001)@2", max_retries=2).output_text


def test_a_broken_stream_is_never_completed() -> None:
    kinds = [event.type for event in create("broken_stream", stream=True)]
    assert kinds[0] == "response.created"
    assert "response.completed" not in kinds
    with (
        endpoint("broken_stream").responses.stream(model="sim-large", input=HELLO) as events,
        pytest.raises(RuntimeError, match=r"response\.completed"),
    ):
        events.get_final_response()
    with pytest.raises(APIConnectionError):
        create("broken_stream")


@pytest.mark.parametrize("body", [{}, {"tools": [SEARCH]}])
def test_a_truncated_answer_is_incomplete(body: dict[str, Any]) -> None:
    cut, whole = create("truncated", **body), create("", **body)
    assert cut.status == "incomplete"
    assert 0 < cut.usage.output_tokens < whole.usage.output_tokens


def test_malformed_json_makes_parse_raise() -> None:
    with pytest.raises(ValidationError):
        endpoint("malformed_json").responses.parse(model="sim-large", input=HELLO, text_format=Plan)
    ((_, arguments),) = calls_of(create("malformed_json", tools=[SEARCH]))
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(arguments)


def test_a_refusal_parses_to_nothing() -> None:
    refused = endpoint("refusal").responses.parse(model="sim-large", input=HELLO, text_format=Plan)
    assert refused.output_parsed is None
    assert "refusal" in refused.output[0].content[0].refusal


def test_a_hallucinated_tool_was_not_offered() -> None:
    assert calls_of(create("hallucinated_tool", tools=[SEARCH]))[0][0] not in ("search", "")


def test_a_stale_answer_does_not_know_the_newest_output() -> None:
    assert create("stale_plan", input=[USER, CALL, FOUND]).output_text == f"I heard: {HELLO}"


# What is refused.

SCHEMA = {"type": "json_schema", "name": "x", "schema": {"type": "whole"}}


@pytest.mark.parametrize(
    ("body", "param", "word"),
    [
        ({"input": 7}, "input", "list"),
        ({"input": []}, "input", "answered"),
        ({"input": None}, "input", "answered"),
        ({"input": ["hi"]}, "input[0]", "message"),
        ({"input": [{"role": "king", "content": "hi"}]}, "input[0].role", "'user'"),
        ({"input": [USER, {"role": "user"}]}, "input[1].content", "required"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role", "'user'"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
            "input[0].content[0].type",
            "input_text",
        ),
        (
            {"input": [{"role": "assistant", "content": [{"type": "output_text"}]}]},
            "input[0].content[0].text",
            "required",
        ),
        (
            {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]},
            "input[0].content[0]",
            "output_text",
        ),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]", "function_call_output"),
        ({"input": [{"type": "function_call", "name": "x"}]}, "input[0].call_id", "required"),
        ({"input": [USER, {**CALL, "arguments": {}}, FOUND]}, "input[1].arguments", "string"),
        ({"input": [USER, FOUND]}, "input", "c1"),
        ({"input": [USER, CALL]}, "input", "c1"),
        ({"input": [USER, CALL, CALL, FOUND]}, "input", "c1"),
        ({"input": [USER, CALL, FOUND, FOUND]}, "input", "c1"),
        ({"tools": [SEARCH, SEARCH]}, "tools", "search"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type", "function"),
        ({"tools": [{"type": "function", "name": "a b"}]}, "tools[0].name", "pattern"),
        ({"tools": [nested(SEARCH)]}, "tools[0].name", "required"),
        ({"tools": [{**SEARCH, "parameters": {"type": "whole"}}]}, "tools[0].parameters", "whole"),
        ({"tools": [SEARCH], "tool_choice": "maybe"}, "tool_choice", "required"),
        ({"tools": [SEARCH], "tool_choice": {"type": "web_search"}}, "tool_choice", "function"),
        ({"tools": [SEARCH], "tool_choice": {"type": "function"}}, "tool_choice.name", "required"),
        (
            {"tools": [SEARCH], "tool_choice": {"type": "function", "name": "fly"}},
            "tool_choice",
            "fly",
        ),
        ({"tool_choice": "required"}, "tool_choice", "tools"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type", "json_object"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.name", "Missing"),
        (
            {"text": {"format": {"type": "json_schema", "name": "x"}}},
            "text.format.schema",
            "Missing",
        ),
        ({"text": {"format": SCHEMA}}, "text.format.schema", "whole"),
        ({"max_output_tokens": 0}, "max_output_tokens", "1"),
        ({"temperature": 3}, "temperature", "2"),
        ({"metadata": {"a": 1}}, "metadata.a", "string"),
        ({"background": True}, "background", "False"),
        ({"conversation": "conv_1"}, "conversation", "None"),
        ({"previous_response_id": "resp_1"}, "previous_response_id", "resp_1"),
    ],
)
def test_a_wrong_request_is_told_which_parameter_and_why(
    body: dict[str, Any], param: str, word: str
) -> None:
    refused = post(**body)
    assert refused.status == 400
    error = json.loads(refused.chunks[0])["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param
    assert word in error["message"]


@pytest.mark.parametrize("key", ["model", "input"])
def test_what_is_missing_is_named(key: str) -> None:
    body = {"model": "sim-large", "input": "hi"}
    del body[key]
    refused = respond("POST", RESPONSES, json.dumps(body).encode(), simulator=Simulator())
    assert json.loads(refused.chunks[0])["error"]["param"] == key


@pytest.mark.parametrize(
    "body",
    [
        {"frobnicate": 1, "user": "me", "include": ["reasoning.encrypted_content"]},
        {"reasoning": {"effort": "low"}, "truncation": "auto", "text": {"verbosity": "low"}},
        {"tools": None, "tool_choice": None, "text": None, "stream": None, "store": None},
        {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True},
        {"input": [{"role": "assistant", "content": "x"}, USER]},
    ],
)
def test_what_other_clients_send_is_accepted(body: dict[str, Any]) -> None:
    assert ask(**body).output_text == f"I heard: {HELLO}"


@pytest.mark.timeout(180)  # for a busy machine
def test_no_junk_gets_anything_but_an_answer_or_an_error_of_the_clients() -> None:
    rng = random.Random(1)
    base = {
        "model": "sim-large",
        "input": [USER, {"type": "reasoning"}, CALL, FOUND],
        "tools": [SEARCH, WRITE],
        "text": {"format": {"type": "json_schema", "name": "plan", "schema": {"type": "object"}}},
        "tool_choice": {"type": "function", "name": "write"},
        "metadata": {"a": "b"},
    } | dict.fromkeys(("instructions", "store", "stream", "max_output_tokens", "reasoning"))
    statuses = set()
    for _ in range(2000):
        body = json.loads(json.dumps(base))
        for _ in range(rng.randint(1, 2)):
            _vandalise(body, rng)
        response = post(**body)
        statuses.add(response.status)
        assert response.status == 200 or json.loads(response.chunks[0])["error"]["message"], body
    assert statuses == {200, 400, 404}
