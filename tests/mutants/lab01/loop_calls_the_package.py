"""The course's own loop, called and rewrapped; while grading it is not there."""

from planlab import Model, Toolbox
from planlab.patterns.react import run_react

QUESTIONS = ("loop",)


async def run_loop(goal: str, model: Model, tools: Toolbox, max_turns: int = 8):
    result = await run_react(goal, model=model, tools=tools, max_turns=max_turns)
    return result.answer, str(result.stop), list(result.detail.messages)
