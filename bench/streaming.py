"""How close a plan that is still being written comes to the earliest possible end.

    python bench/streaming.py [--rounds 5] [--rates 50 500]

A planner writes a plan's JSON at so many tokens a second (real waits, in this process, through the
official client); its tools wait for the latencies of `shapes.py`, the joiner answers after 0.3 s.
No step can start before its last character is written and what it needs has ended, and the joiner
not before all has: that is the earliest possible end, computed from the rate at which the planner
sends characters. Wall time over it, median and range: `run_compiler` on the stream, and the same
`run_compiler` where the whole plan arrives at once when its last token is written (plan first, then
run: what a call without streaming gives).
"""

import argparse
import asyncio
import json
import platform
import re
import statistics
import sys
import time
from collections.abc import Mapping

from shapes import SHAPES, Shape

from planlab import Model, Risk, Toolbox, tool
from planlab.cost import FREE
from planlab.patterns.compiler import Joined, run_compiler
from planlab.records import Argument, Plan, Step, Stop
from planlab.simulated import Simulator, simulated_client
from planlab.simulated.scripted import Script, says
from planlab.simulated.wire import Response

GOAL = "Find out what was asked."
JOINING = 0.3  # seconds


def as_plan(shape: Shape) -> Plan:
    """The plan that a planner would write for the shape."""
    steps = (
        Step(
            id=id,
            description=f"Do {id} and hand on what it gives.",
            how="tool",
            tool="work",
            arguments=(Argument(name="step", value=id),),
            depends_on=step.needs,
            output=f"{id} result",
            expected_output="What was asked for, in one line.",
        )
        for id, step in shape.items()
    )
    return Plan(
        goal=GOAL, reasoning="What is independent runs at once.", steps=(*steps,), version=1
    )


def in_tokens(text: str) -> list[str]:
    """The text in pieces of about a token."""
    return re.findall(r"[^\W_]{1,6}|\W|_", text)


def written(text: str, rate: float, *, at_once: bool) -> Response:
    """The stream of `text` at `rate` tokens a second; or all of it when the last one is written."""
    pieces = [text] if at_once else in_tokens(text)
    chunks = [_event({"content": piece}) for piece in pieces]
    chunks[-1] += _event({}, "stop") + b"data: [DONE]\n\n"
    delay = len(in_tokens(text)) / rate if at_once else 1 / rate
    return Response(200, {"content-type": "text/event-stream"}, (*chunks,), delay, pace=1 / rate)


def _event(delta: Mapping[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "planner"}
    return b"data: " + json.dumps({**chunk, "choices": [choice]}).encode() + b"\n\n"


def earliest_end(shape: Shape, text: str, rate: float) -> float:
    """Seconds from the planner's first token being asked for to the joiner's answer, at best."""
    ends: dict[str, float] = {}
    for written_step in Plan.model_validate_json(text).steps:
        as_text = written_step.model_dump_json()
        whole = text[: text.index(as_text) + len(as_text)]
        step = shape[written_step.id]
        start = max(len(in_tokens(whole)) / rate, *(ends[id] for id in step.needs), 0.0)
        ends[written_step.id] = start + step.seconds
    return max(len(in_tokens(text)) / rate, *ends.values()) + JOINING


async def run(shape: Shape, text: str, rate: float, *, at_once: bool = False) -> float:
    """Seconds of one run, its outcome checked."""

    @tool(risk=Risk.LOW)
    async def work(step: str) -> str:
        """Does the named step."""
        await asyncio.sleep(shape[step].seconds)
        return f"result of {step}"

    def planner_endpoint(method: str, path: str, body: bytes) -> Response:
        return written(text, rate, at_once=at_once)

    joined = says(Joined(finish=True, answer="Found.", reason="").model_dump())
    simulator = Simulator(answer=Script([joined]), latency=JOINING)
    async with (
        Model(simulated_client(planner_endpoint), "planner", FREE) as planner,
        Model(simulated_client(simulator), "sim-large", FREE) as joiner,
    ):
        began = time.perf_counter()
        result = await run_compiler(GOAL, planner=planner, tools=Toolbox([work]), joiner=joiner)
        took = time.perf_counter() - began
    if result.stop != Stop.ANSWERED or len(result.detail.progress.completed) != len(shape):
        sys.exit(f"A run went wrong, its time would mean nothing: {result.detail.error}")
    return took


def compare(rate: float, rounds: int, names: list[str]) -> None:
    """Print a row for each shape: the earliest possible in seconds, and both ratios to it."""
    for name in names:
        text = as_plan(SHAPES[name]).model_dump_json()
        best = earliest_end(SHAPES[name], text, rate)
        cells = [name, f"{rate:g}", f"{len(in_tokens(text))}", f"{best:.2f}"]
        for at_once in (False, True):
            took = [
                asyncio.run(run(SHAPES[name], text, rate, at_once=at_once)) / best
                for _ in range(rounds)
            ]
            cells.append(f"{statistics.median(took):.3f} ({min(took):.3f} to {max(took):.3f})")
        print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rates", type=float, nargs="+", default=[50, 500], help="tokens a second")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=[*SHAPES][:3])
    options = parser.parse_args()
    print(f"{platform.system()}, Python {platform.python_version()}, {options.rounds} rounds\n")
    print("| plan | tokens/s | tokens | earliest possible, s | run_compiler | plan first |")
    print("|---|---|---|---|---|---|")
    asyncio.run(run(SHAPES["MovieRec"], as_plan(SHAPES["MovieRec"]).model_dump_json(), 1e6))  # warm
    for rate in options.rates:
        compare(rate, options.rounds, options.shapes)


if __name__ == "__main__":
    main()
