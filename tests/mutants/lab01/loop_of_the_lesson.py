"""Lesson 01's loop as it stands: broken JSON ends the run with an exception."""

import json

from planlab import Model, Toolbox

QUESTIONS = ("loop",)


async def run_loop(goal: str, model: Model, tools: Toolbox, max_turns: int = 8):

    context = [{"role": "user", "content": goal}]
    for _ in range(max_turns):
        reply = await model.ask(context, tools=tools)
        context.append(reply.message)
        if not reply.calls:
            return reply.text, "answered", context
        for call in reply.calls:
            observed = await tools.call(call.name, json.loads(call.arguments))
            context.append({"role": "tool", "tool_call_id": call.id, "content": observed.text})
    return None, "rounds", context
