"""What a call to the simulated model costs, beside the bare client on a canned answer, in one run.

    python bench/model.py [--calls 200]

Prints, for a `create`, a `parse` and a stream: the median, the quartiles, and the ratio to the bare
client, through the transport and over HTTP. Then ten parallel calls of 0.3 s (goal: under 0.4 s).
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import httpx2
from openai import AsyncOpenAI
from pydantic import BaseModel

from planlab.simulated import Simulator, serving, simulated_client
from planlab.simulated.wire import CHAT, respond


class Step(BaseModel):
    id: str
    description: str
    depends_on: list[str]


class Plan(BaseModel):
    goal: str
    steps: list[Step]


MESSAGES = [
    {"role": "system", "content": "You plan before you act."},
    {"role": "user", "content": "Plan how to compare our price with that of two competitors."},
]
ASK = {"model": "sim-large", "messages": MESSAGES}
SCHEMA = {"name": "Plan", "schema": Plan.model_json_schema()}


async def create(client: AsyncOpenAI) -> None:
    await client.chat.completions.create(**ASK)


async def parse(client: AsyncOpenAI) -> None:
    done = await client.chat.completions.parse(**ASK, response_format=Plan)
    assert done.choices[0].message.parsed is not None


async def stream(client: AsyncOpenAI) -> None:
    chunks = [chunk async for chunk in await client.chat.completions.create(**ASK, stream=True)]
    assert chunks[-1].choices[0].finish_reason


def canned_client() -> AsyncOpenAI:
    """The bare client on answers that were made beforehand: the least that any call costs."""

    def make(**options: object) -> httpx2.Response:
        body = json.dumps(ASK | options).encode()
        made = respond("POST", CHAT, body, simulator=Simulator())
        return httpx2.Response(made.status, headers=made.headers, content=b"".join(made.chunks))

    formatted = {"response_format": {"type": "json_schema", "json_schema": SCHEMA}}
    plain, parsed, streamed = make(), make(**formatted), make(stream=True)

    def answer(request: httpx2.Request) -> httpx2.Response:
        kind = plain
        if b'"response_format"' in request.content:
            kind = parsed
        elif b'"stream"' in request.content:
            kind = streamed
        return httpx2.Response(kind.status_code, headers=kind.headers, content=kind.content)

    transport = httpx2.MockTransport(answer)
    return AsyncOpenAI(api_key="any", http_client=httpx2.AsyncClient(transport=transport))


async def measure(call: Callable[[], Awaitable[None]], calls: int) -> list[float]:
    """Microseconds of each of `calls` calls, after a few to warm up."""
    times = []
    for index in range(calls + 5):
        start = time.perf_counter()
        await call()
        if index >= 5:
            times.append((time.perf_counter() - start) * 1e6)
    return times


async def measure_parallel() -> float:
    """Seconds that ten calls of 0.3 s take together."""
    async with simulated_client(Simulator(latency=0.3)) as client:
        start = time.perf_counter()
        await asyncio.gather(*(create(client) for _ in range(10)))
        return time.perf_counter() - start


async def main(calls: int) -> None:
    async with AsyncExitStack() as stack:
        url = stack.enter_context(serving(Simulator()))
        clients = {
            "bare client": canned_client(),
            "transport": simulated_client(Simulator()),
            "HTTP": AsyncOpenAI(base_url=url, api_key="any"),
        }
        for client in clients.values():
            await stack.enter_async_context(client)
        print(f"{f'µs, {calls} calls each':22}{'median':>9}{'quartiles':>18}{'ratio':>8}")
        for call in (create, parse, stream):
            bare = 0.0
            for name, client in clients.items():
                times = await measure(lambda call=call, client=client: call(client), calls)
                low, median, high = statistics.quantiles(times, n=4)
                bare = bare or median
                what, spread = f"{call.__name__}, {name}", f"{low:,.0f} to {high:,.0f}"
                print(f"{what:22}{median:9,.0f}{spread:>18}{median / bare:8.2f}")
    runs = sorted([await measure_parallel() for _ in range(5)])
    print(f"ten parallel calls of 0.3 s: {runs[2]:.3f} s ({runs[0]:.3f} to {runs[-1]:.3f})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=200)
    asyncio.run(main(parser.parse_args().calls))
