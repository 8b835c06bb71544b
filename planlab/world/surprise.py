"""Surprises on demand: tools that time out, answer in another shape, late, or in part.

    met = []
    tools = surprised(world.tools, volatility=0.3, seed=7, met=met)

What befalls a call is drawn from the seed, the tool and its arguments, not from the order of calls.
So every system that asks the same meets the same surprise, however many calls it made before, and
at a higher volatility the same ones and more. A time-out passes: each further attempt is drawn
anew. The other kinds stay: who asks the same again gets the same. Only a changed goal goes by the
number of calls, since time passes for every system alike.
"""

import asyncio
import inspect
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from planlab.errors import BadInput, TimedOut
from planlab.toolbox import Toolbox
from planlab.tools import Risk, Tool, digest

DAYS = 90  # how old a stale answer is
LOST = 0.1  # what its amounts lack: the share by which the world has grown since


class Kind(StrEnum):
    """What can happen."""

    TIMEOUT = "timeout"  # no answer in time; nothing was done
    SCHEMA = "schema"  # the same data, one level deeper: {"data": ...}
    STALE = "stale"  # as it stood 90 days ago: dates set back, amounts a tenth lower
    MISSING = "missing"  # the second half of the rows, pages or lines is not there
    GOAL = "goal"  # whoever gave the goal wants something else from now on


@dataclass(frozen=True)
class Surprise:
    """One that happened, at call number `call`; `attempt` counts the same call, both from 1."""

    kind: Kind
    tool: str
    arguments: Mapping[str, object]
    call: int
    attempt: int


def surprised(
    tools: Toolbox,
    *,
    volatility: float,
    seed: int = 0,
    kinds: Iterable[str] = tuple(Kind),
    met: list[Surprise] | None = None,
) -> Toolbox:
    """The same tools in a world that surprises; `met` is where each surprise is noted.

    Each call meets each of the `kinds` with probability `volatility / len(kinds)`, one at most that
    concerns its answer. Acts (risk above LOW) can only time out before they are done: what was done
    stays done and is reported as it is. A changed goal is noted once and changes no answer: whoever
    runs the agent looks into `met`, and knows what the new goal is. Raises `BadInput`.

    >>> surprised(Toolbox([]), volatility=0.5, kinds=["timeout"]).tools
    ()
    """
    wanted = tuple(kinds)
    known = [kind for kind in Kind if kind in wanted]
    if not known or not all(kind in known for kind in wanted):
        raise BadInput(f"kinds is {wanted!r}: name some of {', '.join(Kind)}.")
    if not 0 <= volatility <= 1:
        raise BadInput(f"volatility is {volatility!r}: it goes from 0 (calm) to 1.")
    weather = _Weather(volatility, seed, known, [] if met is None else met)
    return replace(tools, tools=[replace(t, run=weather.around(t)) for t in tools])


@dataclass
class _Weather:
    """What befalls the calls of one toolbox, and how many there were."""

    volatility: float
    seed: int
    kinds: list[Kind]
    met: list[Surprise]
    calls: int = 0
    attempts: Counter[str] = field(default_factory=Counter)

    def around(self, tool: Tool) -> Callable[..., object]:
        """The tool's function, as it behaves in this weather."""

        async def run(**arguments: object) -> object:
            told = {n: v for n, v in arguments.items() if n != tool.call_parameter}
            key = digest(tool.name, told)
            self.calls += 1
            self.attempts[key] += 1
            here = Surprise(Kind.GOAL, tool.name, told, self.calls, self.attempts[key])
            self.change_goal(here)
            if self.draws(key, here.attempt) == Kind.TIMEOUT:
                self.met.append(replace(here, kind=Kind.TIMEOUT))
                raise TimedOut(f"{tool.name}: no answer in time; it may work again.")
            value = await _run(tool, arguments)
            kind = self.draws(key) if tool.risk == Risk.LOW else None
            changed = _CHANGES[kind](value) if kind in _CHANGES else value
            if kind is not None and changed != value:
                self.met.append(replace(here, kind=kind))
            return changed

        return run

    def draws(self, *key: object) -> Kind | None:
        """What befalls whatever `key` names; the same for the same seed, and more often with more
        volatility.
        """
        chance = random.Random(digest(self.seed, *key))
        met, kind = chance.random() < self.volatility, chance.choice(self.kinds)
        return kind if met else None

    def change_goal(self, here: Surprise) -> None:
        """Note that the goal changed, if it does so at this call and did not before."""
        changed = any(surprise.kind == Kind.GOAL for surprise in self.met)
        if not changed and self.draws("goal", here.call) == Kind.GOAL:
            self.met.append(here)


async def _run(tool: Tool, arguments: dict[str, object]) -> object:
    if inspect.iscoroutinefunction(tool.run):
        return await tool.run(**arguments)
    return await asyncio.to_thread(tool.run, **arguments)


def _nested(value: object) -> object:
    return {"data": value} if isinstance(value, str | list | dict) else value


def _halved(value: object) -> object:
    """Without the second half of its lines, or of every list of rows or pages in it."""
    if isinstance(value, str):
        lines = value.splitlines(keepends=True)
        return "".join(lines[: len(lines) // 2])
    if isinstance(value, dict):
        return {key: _halved(v) if isinstance(v, list) else v for key, v in value.items()}
    if isinstance(value, list) and any(isinstance(row, list | dict) for row in value):
        return value[: len(value) // 2]
    return value


def _aged(value: object) -> object:
    """As it stood `DAYS` ago: dates, fractions and dollars; what counts or names things stays."""
    if isinstance(value, float):
        return round(value * (1 - LOST), 2)
    if isinstance(value, str):
        return _DOLLARS.sub(_fewer_dollars, _DATE.sub(_earlier, value))
    if isinstance(value, dict):
        return {key: _aged(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_aged(part) for part in value]
    return value


_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_DOLLARS = re.compile(r"\$(\d[\d,]*(?:\.\d+)?)")


def _earlier(found: re.Match[str]) -> str:
    try:
        return (date.fromisoformat(found[0]) - timedelta(days=DAYS)).isoformat()
    except (ValueError, OverflowError):
        return found[0]


def _fewer_dollars(found: re.Match[str]) -> str:
    fewer = float(found[1].replace(",", "")) * (1 - LOST)
    return f"${fewer:,.2f}".removesuffix(".00")


_CHANGES = {Kind.SCHEMA: _nested, Kind.MISSING: _halved, Kind.STALE: _aged}
