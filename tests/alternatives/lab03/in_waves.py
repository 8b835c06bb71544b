"""Runs in waves, side by side; blocks by walking back; four steps for the errand, one of words."""

import asyncio
from collections import defaultdict
from itertools import groupby

from planlab import Argument, Plan, Ref, Risk, Step, Toolbox, tool
from planlab.errors import PlanlabError, ToolFailed
from planlab.records import Observation

QUESTIONS = ("executor", "ledger", "retarget")


async def run_plan(plan, tools, executor):
    done, left = {}, list(plan.steps)
    told = {step.id: step.description for step in plan.steps}

    async def one(step: Step) -> Observation:
        mine = {id: done[id] for id in step.needs}
        if step.tool:
            return await tools.call(step.tool, list(step.arguments), known=mine)
        messages = [
            {"role": "system", "content": "Answer from the results alone."},
            *({"role": "user", "content": f"{told[id]}: {seen.text}"} for id, seen in mine.items()),
            {"role": "user", "content": step.description},
        ]
        try:
            text = (await executor.ask(messages)).text
        except PlanlabError as error:
            return Observation(error=ToolFailed(str(error)))
        if text == "" or text.isspace():
            return Observation(error=ToolFailed("silence"))
        return Observation(value=text)

    while True:
        bad = {id for id, seen in done.items() if seen.error}
        wave = [s for s in left if set(s.needs) <= set(done) - bad]
        if not wave:
            return done
        left = [s for s in left if s not in wave]
        seen = await asyncio.gather(*map(one, wave))
        done |= {step.id: each for step, each in zip(wave, seen, strict=True)}


def ledger(plan, results):
    steps = {step.id: step for step in plan.steps}

    def state(id: str) -> str:
        if id in results:
            return "failed" if results[id].error else "done"
        return (
            "blocked"
            if any(state(n) in ("failed", "blocked") for n in steps[id].needs)
            else "pending"
        )

    states = {id: state(id) for id in steps}
    found = {
        name: [id for id, now in states.items() if now == name]
        for name in ("done", "failed", "blocked", "pending")
    }
    return found | {"learned": {steps[id].output: results[id].text for id in found["done"]}}


def step_of(id, tool, output, **given):
    arguments = tuple(Argument(name=name, value=value) for name, value in given.items())
    return Step(
        id=id,
        description=f"make {output}",
        how="tool",
        tool=tool,
        arguments=arguments,
        depends_on=(),
        output=output,
        expected_output="",
    )


def retarget(tickets, articles):
    @tool(risk=Risk.LOW)
    def read_week() -> list:
        "All tickets."
        return [tuple(ticket) for ticket in tickets]

    @tool(risk=Risk.LOW)
    def sort_intents(rows: list[list[str]]) -> list:
        "The intents in order."
        return sorted(intent for _, intent in rows)

    @tool(risk=Risk.LOW)
    def keep_the_top(intents: list[str]) -> list:
        "Those that stand there most often."
        by_size = defaultdict(list)
        for intent, same in groupby(intents):
            by_size[len(list(same))].append(intent)
        return [[intent, max(by_size)] for intent in by_size.get(max(by_size, default=0), [])]

    @tool(risk=Risk.LOW)
    def look_up(top: list[list[str | int]]) -> list:
        "Their articles."
        return [(intent, n, dict(articles).pop(intent, None)) for intent, n in top]

    steps = (
        step_of("d", "look_up", "answers", top=Ref(step="c", path="")),
        step_of("c", "keep_the_top", "top", intents=Ref(step="b", path="")),
        step_of("b", "sort_intents", "intents", rows=Ref(step="a", path="")),
        step_of("a", "read_week", "tickets"),
    )
    plan = Plan(goal="Answer what is asked most", reasoning="", steps=steps, version=1)
    return plan, Toolbox([read_week, sort_intents, keep_the_top, look_up])
