"""An agent's task as a puzzle: each move is one turn of the model, tried in a copy of the world.

States are values: the conversation, and the copy as it then was. So a search can go back to any of
them, and nothing that it tries has happened; only the chosen path is acted out in the end. (LATS,
arXiv:2310.04406, resets the environment in the same way.)
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from planlab.drafts import Check
from planlab.errors import BadArguments
from planlab.model import Message, Model
from planlab.patterns.react import SYSTEM
from planlab.records import Observation, ToolCall
from planlab.roles import perform
from planlab.searching import Propose
from planlab.toolbox import Toolbox
from planlab.tools import parse_arguments
from planlab.world import World
from planlab.world.store import Snapshot


@dataclass(frozen=True)
class Acted:
    """The conversation so far, the world by then, and the issues of an answer, if there is one."""

    messages: tuple[Message, ...]
    world: Snapshot
    issues: tuple[str, ...] | None = None


@dataclass
class Acting:
    """A goal to be reached with `tools` in `world`, a copy; `check` says what an answer lacks."""

    goal: str
    world: World
    tools: Toolbox
    check: Check
    start: Acted = field(init=False)

    def __post_init__(self) -> None:
        told: tuple[Message, ...] = (
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": self.goal},
        )
        self.start = Acted(told, self.world.snapshot())

    @property
    def task(self) -> str:
        return self.goal

    async def step(self, state: Acted, action: str) -> Acted:
        """What the world answers to one turn."""
        self.world.restore(state.world)
        turn: Message = json.loads(action)
        told = [*state.messages, turn]
        if not turn.get("tool_calls"):
            issues = await perform(self.check, str(turn["content"]))
            return Acted(tuple(told), state.world, tuple(issues))
        for number, call in enumerate(calls_in(turn)):
            seen = await make_call(self.tools, call, f"{len(state.messages)}.{number}")
            told.append({"role": "tool", "tool_call_id": call.id, "content": seen.text})
        return Acted(tuple(told), self.world.snapshot())

    def is_goal(self, state: Acted) -> bool:
        return state.issues == ()

    def is_dead(self, state: Acted) -> bool:
        return bool(state.issues)

    def key(self, state: Acted) -> str:
        return json.dumps(state.messages)

    def describe(self, state: Acted) -> str:
        lines = [f"{m['role']}: {str(m.get('content'))[:500]}" for m in state.messages[2:]]
        issues = [f"Wrong: {issue}" for issue in state.issues or ()]
        return "\n".join([*lines[-6:], *issues]) or "nothing was done yet"


def taking_turns(model: Model, tools: Toolbox) -> Propose[Acted]:
    """`propose` by a model: its next turn. Lessons stand before it as a user's words."""

    async def propose(state: Acted, lessons: Sequence[str]) -> Sequence[str]:
        learned = "\n".join(f"Learned from an attempt that failed: {it}" for it in lessons)
        more: list[Message] = [{"role": "user", "content": learned}] if learned else []
        reply = await model.ask([*state.messages, *more], tools=tools)
        return [json.dumps(reply.message)]

    return propose


def calls_in(turn: Message) -> list[ToolCall]:
    """The calls of a turn."""
    asked = turn.get("tool_calls") or []
    return [
        ToolCall(each["id"], each["function"]["name"], each["function"]["arguments"])
        for each in asked  # type: ignore[attr-defined]
    ]


async def make_call(tools: Toolbox, call: ToolCall, step: str) -> Observation:
    """What the tool says; words that are no call are an error to be read, like any other."""
    try:
        arguments = parse_arguments(call)
    except BadArguments as error:
        return Observation(error=error)
    return await tools.call(call.name, arguments, step=step)
