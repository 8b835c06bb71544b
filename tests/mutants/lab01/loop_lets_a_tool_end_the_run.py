"""unwrap() raises, and the tool's exception ends the run."""

import json

from planlab import Model, Toolbox

QUESTIONS = ("loop",)


async def run_loop(goal: str, model: Model, tools: Toolbox, max_turns: int = 8):
    messages = [{"role": "user", "content": goal}]
    for _ in range(max_turns):
        reply = await model.ask(messages, tools=tools)
        messages.append(reply.message)
        if not reply.calls:
            return reply.text, "answered", messages
        for call in reply.calls:
            seen = await tools.call(call.name, json.loads(call.arguments))
            messages.append(
                {"role": "tool", "tool_call_id": call.id, "content": str(seen.unwrap())}
            )
    return None, "rounds", messages
