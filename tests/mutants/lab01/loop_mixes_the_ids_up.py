"""The observations of a turn are under each other's ids."""

# ruff: noqa: F821 (observe is the lab's own)

from planlab import Model, Toolbox

QUESTIONS = ("loop",)


async def run_loop(goal: str, model: Model, tools: Toolbox, max_turns: int = 8):
    messages = [{"role": "user", "content": goal}]
    for _ in range(max_turns):
        reply = await model.ask(messages, tools=tools)
        messages.append(reply.message)
        if not reply.calls:
            return reply.text, "answered", messages
        ids = [call.id for call in reversed(reply.calls)]
        for call, id in zip(reply.calls, ids, strict=True):
            messages.append(await observe(call, tools) | {"tool_call_id": id})
    return None, "rounds", messages
