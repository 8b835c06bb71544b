"""Eight searches and a recommendation: ReAct beside the compiler, in seconds, tokens and dollars.

    python bench/movierec.py [--rounds 3] [--rates 50 500] [--words 0 200]

The MovieRec task of arXiv:2312.04511 in small, on the simulated model with real waits: 0.5 s to the
first token, then `--rates` tokens a second; a search takes 0.5 to 1.2 s and tells a rating and
`--words` words of plot. ReAct makes one call a turn, as in the paper; and, in a row of its own, all
the calls of a turn at once, as today's endpoints allow. Seconds are medians; how many times faster,
fewer tokens (read and written together) and cheaper is against the first row. What that depends on
is swept: how fast the model writes, and how much a search tells.
"""

import argparse
import asyncio
import json
import platform
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from planlab import Model, Risk, Toolbox, tool
from planlab.cost import price_of
from planlab.patterns.compiler import run_compiler
from planlab.patterns.react import run_react
from planlab.records import Result, Usage
from planlab.simulated import Latency, Simulator, respond, simulated_client
from planlab.simulated.wire import Response

RATINGS = {
    "Night Ferry": 7.1,
    "Cold Harvest": 6.4,
    "Iron Orchid": 7.8,
    "Long Salt": 8.3,
    "Paper Moons": 5.9,
    "Glass Harbour": 7.5,
    "Red Winter": 6.9,
    "Dust Road": 8.0,
}
BEST = max(RATINGS, key=RATINGS.__getitem__)
TITLES = list(RATINGS)
GOAL = (
    f"Search the ratings of {', '.join(TITLES[:-1])} and {TITLES[-1]}, then recommend the best one."
)
PLOT = "The story is told slowly and from more than one side, and ends where it began. "
Pattern = Callable[[float, int], Awaitable[Result[str, object]]]
PAPER = "up to 3.7 times faster and 6.7 times cheaper (arXiv:2312.04511)"


def search_tool(words: int) -> Toolbox:
    """A search that takes as long as a search takes, and tells a plot of so many words."""
    plot = " ".join((PLOT * (words // len(PLOT.split()) + 1)).split()[:words])

    @tool(risk=Risk.LOW)
    async def search_film(title: str) -> str:
        """Search a film by its title: its rating and what it is about."""
        await asyncio.sleep(0.5 + TITLES.index(title) / 10)
        return f"{title}: rated {RATINGS[title]} of 10. {plot}"

    return Toolbox([search_film])


def model(rate: float, *, one_call: bool = False) -> Model:
    """The simulated model at `rate` tokens a second; with `one_call` it makes one call a turn."""
    simulator = Simulator(latency=Latency(first=0.5, per_token=1 / rate))
    endpoint = partial(_one_call if one_call else respond, simulator=simulator)
    return Model(simulated_client(endpoint), "sim-large", price_of("sim-large"))


def _one_call(method: str, path: str, body: bytes, *, simulator: Simulator) -> Response:
    asked = json.loads(body)
    if "tools" in asked:
        asked["parallel_tool_calls"] = False
    return respond(method, path, json.dumps(asked).encode(), simulator=simulator)


async def react(rate: float, words: int, *, one_call: bool) -> Result[str, object]:
    async with model(rate, one_call=one_call) as agent:
        return await run_react(GOAL, model=agent, tools=search_tool(words))


async def compiler(rate: float, words: int) -> Result[str, object]:
    async with model(rate) as planner, model(rate) as joiner:
        return await run_compiler(GOAL, planner=planner, tools=search_tool(words), joiner=joiner)


@dataclass(frozen=True)
class Measured:
    """The median of the seconds that runs took, and what one of them spent: all spend the same."""

    seconds: float
    usage: Usage


def measure(run: Pattern, rate: float, words: int, rounds: int) -> Measured:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        result = asyncio.run(run(rate, words))
        took.append(time.perf_counter() - began)
        if f"Look first at {BEST}" not in (result.answer or ""):
            sys.exit(f"A run did not recommend {BEST}: {result.stop}, {result.answer}")
    return Measured(statistics.median(took), result.usage)


PATTERNS: Mapping[str, Pattern] = {
    "ReAct, one call a turn": partial(react, one_call=True),
    "ReAct, calls side by side": partial(react, one_call=False),
    "compiler": compiler,
}


def render_row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def compare(rate: float, words: int, rounds: int) -> None:
    """Print a row for each pattern, and how much better than the first one it is."""
    found = {name: measure(run, rate, words, rounds) for name, run in PATTERNS.items()}
    first = next(iter(found.values()))
    for name, one in found.items():
        used = one.usage
        spent = (used.calls, f"{used.input_tokens:,}", f"{used.output_tokens:,}")
        ratios = (
            first.seconds / one.seconds,
            first.usage.tokens / used.tokens,
            first.usage.dollars / used.dollars,
        )
        cents = f"{100 * used.dollars:.2f}"
        times = (f"{ratio:.2f}" for ratio in ratios)
        row = (f"{rate:g}", words, name, f"{one.seconds:.1f}", *spent, cents, *times)
        print(render_row(*row), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rates", type=float, nargs="+", default=[50, 500], help="tokens a second")
    parser.add_argument("--words", type=int, nargs="+", default=[0, 200], help="of a search result")
    options = parser.parse_args()
    print(f"{platform.system()}, Python {platform.python_version()}, {options.rounds} rounds")
    print(f"The paper's compiler beside its ReAct: {PAPER}\n")
    spent = ("seconds", "calls", "tokens read", "tokens written", "US cents")
    times = ("times faster", "times fewer tokens", "times cheaper")
    print(render_row("tokens/s", "words a result", "", *spent, *times))
    print(f"|{'---|' * 11}")
    for rate in options.rates:
        for words in options.words:
            compare(rate, words, options.rounds)


if __name__ == "__main__":
    main()
