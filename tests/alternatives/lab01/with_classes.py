"""A class for the run, with a system prompt of its own; a dataclass for the meter; `setdefault`."""

import json
from dataclasses import dataclass, field

from planlab import Model, Toolbox
from planlab.tokens import count_tokens

QUESTIONS = ("loop", "meter", "drift")


class Agent:
    def __init__(self, model: Model, tools: Toolbox) -> None:
        self.model, self.tools, self.turns = model, tools, 0
        self.context = [{"role": "system", "content": "Use the tools, then answer briefly."}]

    async def turn(self):
        self.turns += 1
        reply = await self.model.ask(self.context, tools=self.tools)
        self.context.append(reply.message)
        self.context.extend([await self.act(call) for call in reply.calls])
        return reply

    async def act(self, call):
        message = {"role": "tool", "tool_call_id": call.id}
        try:
            arguments = json.loads(call.arguments)
        except json.JSONDecodeError:
            return message | {"content": "Error: write the arguments as valid JSON."}
        if type(arguments) is not dict:
            return message | {"content": "Error: write the arguments as an object."}
        return message | {"content": (await self.tools.call(call.name, arguments)).text}


async def run_loop(goal: str, model: Model, tools: Toolbox, max_turns: int = 8):
    agent = Agent(model, tools)
    agent.context.append({"role": "user", "content": goal})
    while agent.turns < max_turns:
        reply = await agent.turn()
        if not reply.calls:
            return reply.text, "answered", agent.context
    return None, "rounds", agent.context


@dataclass
class Meter:
    context: int = 0
    paid: int = 0
    rows: list[dict] = field(default_factory=list)

    def read(self, message) -> None:
        tokens = count_tokens(message["content"] or "")
        for call in message.get("tool_calls") or []:
            tokens += count_tokens("{name} {arguments}".format(**call["function"]))
        if message["role"] == "assistant":
            self.paid += self.context + tokens
            row = {"turn": len(self.rows) + 1, "prompt": self.context, "output": tokens}
            self.rows.append(row | {"paid": self.paid})
        self.context += tokens


def meter(messages):
    one = Meter()
    for message in messages:
        one.read(message)
    return one.rows


def find_drift(messages, tasks):
    observed = {m["tool_call_id"]: m["content"] for m in messages if m["role"] == "tool"}
    first_made: dict[str, int] = {}
    verdicts: dict[int, str] = {}
    replies = (m for m in messages if m["role"] == "assistant")
    for turn, reply in enumerate(replies, 1):
        is_new, serves = False, False
        for call in reply.get("tool_calls") or []:
            function = call["function"]
            low = function["arguments"].lower()
            serves |= any(mark.lower() in low for mark in tasks.values())
            name = f"{function['name']} {sorted(json.loads(function['arguments']).items())}"
            is_new |= first_made.get(name, turn) == turn
            if not observed.get(call["id"], "").startswith("Error"):
                first_made.setdefault(name, turn)
        if reply.get("tool_calls"):
            verdicts |= {turn: "stray"} if not serves else {} if is_new else {turn: "repeat"}
    return verdicts
