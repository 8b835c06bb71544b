"""The messages that it hands back end before the answer."""

# ruff: noqa: F821 (observe is the lab's own)

from planlab import Model, Toolbox

QUESTIONS = ("loop",)


async def run_loop(goal: str, model: Model, tools: Toolbox, max_turns: int = 8):
    messages = [{"role": "user", "content": goal}]
    for _ in range(max_turns):
        reply = await model.ask(messages, tools=tools)
        if not reply.calls:
            return reply.text, "answered", messages
        messages.append(reply.message)
        for call in reply.calls:
            messages.append(await observe(call, tools))
    return None, "rounds", messages
