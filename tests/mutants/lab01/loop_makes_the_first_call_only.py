"""Only the first call of a turn is made; the others never get an observation."""

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
        messages.append(await observe(reply.calls[0], tools))
    return None, "rounds", messages
