"""ReAct: think, act, observe, until the model answers (arXiv:2210.03629).

The plan, if there is one, is only text in the context; the loop itself plans nothing. Whatever the
tools say, errors too, is put back for the model to read.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from planlab.errors import BadArguments, BadInput, BudgetSpent, ModelError, NeedsApproval
from planlab.model import Message, Model
from planlab.records import Observation, Result, Stop, ToolCall, Usage
from planlab.roles import stop_of
from planlab.schedule import Failed, Task, Waiting, run_graph
from planlab.toolbox import Toolbox
from planlab.tools import NO_TAINT, parse_arguments
from planlab.trace import current_trace, span

SYSTEM = (
    "Work towards the goal step by step. In each turn either call tools, or, when the goal is "
    "reached, answer. Use only what the tools have told you; say plainly what you could not find."
)

Remind = Callable[[Sequence[Message]], str | None]
Compact = Callable[[Sequence[Message]], Sequence[Message]]


@dataclass(frozen=True)
class Turn:
    """One turn: what the model said, the calls it made with what came back, and what it cost."""

    text: str
    calls: tuple[tuple[ToolCall, Observation], ...]
    usage: Usage


@dataclass(frozen=True)
class Loop:
    """What a ReAct run leaves behind: its turns, and the whole context, never compacted."""

    turns: tuple[Turn, ...]
    messages: tuple[Message, ...]
    error: Exception | None = None

    @property
    def read(self) -> frozenset[str]:
        """The taint of whatever was said after it: all that its calls brought in."""
        return NO_TAINT.union(*(seen.taint for turn in self.turns for _, seen in turn.calls))


async def run_react(
    goal: str,
    *,
    model: Model,
    tools: Toolbox,
    max_turns: int = 12,
    system: str = SYSTEM,
    remind: Remind | None = None,
    compact: Compact | None = None,
    step: str | None = None,
    taint: frozenset[str] = NO_TAINT,
) -> Result[str, Loop]:
    """Let `model` call `tools` until it answers, at most `max_turns` times.

    `remind` is asked before each turn after the first what to put before the model again: a plan, a
    task list, a warning (None for nothing). `compact` makes of the whole context what the model is
    shown. `step` is the plan's step that this loop does: run again after a crash under the same
    name, its calls keep their keys; `taint` is what the goal was worded from. Stops: answered,
    rounds (the bound), waiting (a call needs a person), budget, failed (the model itself;
    `detail.error`). Raises `BadInput`.
    """
    if not goal.strip():
        raise BadInput("The goal is empty: say what the agent should do.")
    if not tools.tools:
        raise BadInput("The toolbox is empty: give the agent a tool, or call model.ask().")
    if max_turns < 1:
        raise BadInput(f"max_turns is {max_turns}: at least one turn is needed.")
    run = _Run(model, tools, goal, system, remind, compact, step or uuid.uuid4().hex, taint)
    with current_trace() as trace, span("run", "react") as record:
        record.data["goal"] = goal
        answer, stop, error = await run.until_answered(max_turns)
        record.data["stop"] = stop
    loop = Loop(tuple(run.turns), tuple(run.messages), error)
    return Result(answer, stop, trace, sum((t.usage for t in run.turns), Usage()), loop)


class _Run:
    def __init__(
        self,
        model: Model,
        tools: Toolbox,
        goal: str,
        system: str,
        remind: Remind | None,
        compact: Compact | None,
        id: str,
        taint: frozenset[str],
    ) -> None:
        self.model, self.tools, self.id = model, tools, id
        self.remind, self.compact = remind, compact
        self.messages: list[Message] = [
            {"role": "system", "content": system},
            {"role": "user", "content": goal},
        ]
        self.turns: list[Turn] = []
        self.taint = taint

    async def until_answered(self, max_turns: int) -> tuple[str | None, Stop, Exception | None]:
        try:
            for _ in range(max_turns):
                turn = await self.turn()
                if not turn.calls:
                    return turn.text, Stop.ANSWERED, None
        except (NeedsApproval, BudgetSpent, ModelError) as error:
            return None, stop_of(error), error
        return None, Stop.ROUNDS, None

    async def turn(self) -> Turn:
        """Think, act, observe: one reply, its calls side by side, what came back put in."""
        reminder = self.remind(self.messages) if self.remind and self.turns else None
        if reminder:
            self.messages.append({"role": "user", "content": reminder})
        shown = self.compact(self.messages) if self.compact else self.messages
        reply = await self.model.ask(shown, tools=self.tools)
        self.messages.append(reply.message)
        done = await run_graph(
            Task(str(n), partial(self.act, call, n)) for n, call in enumerate(reply.calls)
        )
        observed = [(call, done[str(n)]) for n, call in enumerate(reply.calls)]
        made = tuple((call, o) for call, o in observed if isinstance(o, Observation))
        for call, observation in made:
            self.taint |= observation.taint
            self.messages.append(
                {"role": "tool", "tool_call_id": call.id, "content": observation.text}
            )
        self.turns.append(Turn(reply.text, made, reply.usage))
        for call, value in observed:
            if isinstance(value, Waiting):
                raise NeedsApproval(f"{call.name} waits for a person.", value.request)
            if isinstance(value, Failed):
                raise value.error
        return self.turns[-1]

    async def act(self, call: ToolCall, number: int) -> Observation:
        """What the tool says; whatever was read in earlier turns taints the call's arguments."""
        try:
            arguments = parse_arguments(call)
        except BadArguments as error:
            return Observation(error=error, taint=self.taint)
        step = f"{self.id}.{len(self.turns)}.{number}"
        return await self.tools.call(call.name, arguments, taint=self.taint, step=step)
