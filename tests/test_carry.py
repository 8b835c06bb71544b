"""The official clients on the simulated endpoint, in the process and over HTTP."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from openai import APIConnectionError, APITimeoutError, AsyncOpenAI, NotFoundError, OpenAI
from pydantic import BaseModel
from stub_model import STEPS, stub_answer

from planlab.simulated import (
    Latency,
    Simulator,
    serving,
    simulated_client,
    simulated_sync_client,
)

USER = {"role": "user", "content": "one two three four five six seven"}
HEARD = "I heard: " + USER["content"]
SEARCH = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}
ASK: dict[str, Any] = {"model": "sim-large", "messages": [USER]}


def simulator(**settings: Any) -> Simulator:
    return Simulator(answer=stub_answer, **settings)


@pytest.fixture(params=["transport", "http"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[AsyncOpenAI]:
    if request.param == "transport":
        async with simulated_client(simulator()) as client:
            yield client
    else:
        with serving(simulator()) as url:
            async with AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
                yield client


@pytest.fixture(params=["transport", "http"])
def sync_client(request: pytest.FixtureRequest) -> Iterator[OpenAI]:
    if request.param == "transport":
        with simulated_sync_client(simulator()) as client:
            yield client
    else:
        with serving(simulator()) as url, OpenAI(base_url=url, api_key="any") as client:
            yield client


async def test_the_async_client_creates_parses_and_streams(client: AsyncOpenAI) -> None:
    completions = client.chat.completions
    assert (await completions.create(**ASK)).choices[0].message.content == HEARD
    stream = await completions.create(**ASK, stream=True)
    assert "".join([c.choices[0].delta.content or "" async for c in stream]) == HEARD
    async with completions.stream(**ASK, tools=[SEARCH]) as events:
        final = await events.get_final_completion()
    assert final.choices[0].message.tool_calls
    assert [m.id async for m in client.models.list()] == ["sim-large", "sim-small"]
    with pytest.raises(NotFoundError, match="sim-small"):
        await completions.create(model="gpt-4o", messages=[USER])
    with pytest.raises(NotFoundError, match="not offered"):
        await client.embeddings.create(model="sim-large", input="hi")


def test_the_sync_client_creates_parses_and_streams(sync_client: OpenAI) -> None:
    completions = sync_client.chat.completions
    assert completions.create(**ASK).choices[0].message.content == HEARD
    chunks = completions.create(**ASK, stream=True)
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == HEARD
    asked = {"type": "json_object"}
    assert json.loads(completions.create(**ASK, response_format=asked).choices[0].message.content)
    assert sync_client.models.retrieve("sim-small").id == "sim-small"


class Step(BaseModel):
    id: str
    tool: str
    depends_on: list[str]


class Plan(BaseModel):
    steps: list[Step]


async def test_parse_gives_an_object(client: AsyncOpenAI) -> None:
    done = await client.chat.completions.parse(**ASK, response_format=Plan)
    assert done.choices[0].message.parsed == Plan.model_validate(STEPS)


async def test_parallel_calls_overlap() -> None:
    async with simulated_client(simulator(latency=0.2)) as client:
        start = time.perf_counter()
        await asyncio.gather(*(client.chat.completions.create(**ASK) for _ in range(10)))
        assert 0.2 <= time.perf_counter() - start < 1.0


async def test_first_calls_made_side_by_side_arrive_in_the_order_they_were_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The client asks which system this is before its first calls; a busy machine answers late.
    answers_after = iter([0.2, 0.1, 0.0])
    monkeypatch.setattr("platform.platform", lambda: time.sleep(next(answers_after, 0)) or "any")
    arrived = []

    def note(body: dict[str, Any], **settings: Any) -> Any:
        arrived.append(body["messages"][0]["content"])
        return stub_answer(body, **settings)

    async with simulated_client(Simulator(answer=note)) as client:
        create = client.chat.completions.create
        asks = [ASK | {"messages": [USER | {"content": text}]} for text in ("a", "b", "c")]
        await asyncio.gather(*(create(**ask) for ask in asks))
    assert arrived == ["a", "b", "c"]


async def test_a_stream_spreads_its_latency_over_its_chunks() -> None:
    async with simulated_client(simulator(latency=Latency(0.05, 0.02))) as client:
        start = time.perf_counter()
        stream = await client.chat.completions.create(**ASK, stream=True)
        times = [time.perf_counter() - start async for _ in stream]
    assert 0.05 <= times[0] < times[-1]
    assert times[-1] >= 0.15


@pytest.mark.parametrize("stream", [True, False])
async def test_a_clients_time_out_holds(stream: bool) -> None:
    async with simulated_client(simulator(latency=9.0), timeout=0.05, max_retries=0) as client:
        start = time.perf_counter()
        with pytest.raises(APITimeoutError):
            await client.chat.completions.create(**ASK, stream=stream)
        assert 0.05 <= time.perf_counter() - start < 5


async def test_a_cancelled_call_ends_at_once() -> None:
    async with simulated_client(simulator(latency=60.0)) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.chat.completions.create(**ASK)


def test_closing_the_server_frees_waiting_clients_and_leaves_no_thread() -> None:
    before = threading.active_count()
    with serving(simulator(faults="timeout")) as url:
        client = OpenAI(base_url=url, api_key="any", max_retries=0, timeout=30)
        raised: list[Exception] = []

        def call() -> None:
            try:
                client.chat.completions.create(**ASK)
            except APIConnectionError as error:
                raised.append(error)

        caller = threading.Thread(target=call)
        caller.start()
        time.sleep(0.2)
    caller.join(5)
    client.close()
    assert raised
    assert not isinstance(raised[0], APITimeoutError)
    assert threading.active_count() == before


def test_a_client_that_hangs_up_disturbs_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(simulator(latency=0.1)) as url, httpx2.Client(timeout=5) as client:
        for _ in range(3):
            with client.stream(
                "POST", f"{url}/chat/completions", json=ASK | {"stream": True}
            ) as response:
                next(response.iter_bytes())
        assert client.get(f"{url}/models").status_code == 200
    assert capfd.readouterr().err == ""


def test_a_broken_body_over_http_breaks_the_call() -> None:
    with serving(simulator(faults="broken_stream@1")) as url:
        client = OpenAI(base_url=url, api_key="any", max_retries=0)
        with client, pytest.raises(APIConnectionError):
            client.chat.completions.create(**ASK)
