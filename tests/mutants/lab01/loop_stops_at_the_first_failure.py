"""The first failure ends the run, though the model could have mended it."""

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
        for call in reply.calls:
            seen = await observe(call, tools)
            messages.append(seen)
            if seen["content"].startswith("Error"):
                return None, "failed", messages
    return None, "rounds", messages
