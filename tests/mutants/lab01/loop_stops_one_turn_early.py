"""The bound is off by one: an answer in the last turn never comes."""

# ruff: noqa: F821 (observe is the lab's own)

from planlab import Model, Toolbox

QUESTIONS = ("loop",)


async def run_loop(goal: str, model: Model, tools: Toolbox, max_turns: int = 8):
    messages = [{"role": "user", "content": goal}]
    for _ in range(1, max_turns):
        reply = await model.ask(messages, tools=tools)
        messages.append(reply.message)
        if not reply.calls:
            return reply.text, "answered", messages
        for call in reply.calls:
            messages.append(await observe(call, tools))
    return None, "rounds", messages
