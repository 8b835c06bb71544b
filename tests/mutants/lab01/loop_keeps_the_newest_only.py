"""To save tokens each request holds the goal and the newest turn alone."""

# ruff: noqa: F821 (observe is the lab's own)

from planlab import Model, Toolbox

QUESTIONS = ("loop",)


async def run_loop(goal: str, model: Model, tools: Toolbox, max_turns: int = 8):
    goal_message = {"role": "user", "content": goal}
    messages = [goal_message]
    for _ in range(max_turns):
        reply = await model.ask(messages, tools=tools)
        if not reply.calls:
            return reply.text, "answered", [*messages, reply.message]
        seen = [await observe(call, tools) for call in reply.calls]
        messages = [goal_message, reply.message, *seen]
    return None, "rounds", messages
