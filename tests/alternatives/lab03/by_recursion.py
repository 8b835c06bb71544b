"""Each step pulls what it needs; the ledger spreads failures along a queue; parts of results."""

from collections import Counter, deque

from planlab import Plan, Ref, Risk, Step, Toolbox, tool
from planlab.errors import ModelError, ToolFailed
from planlab.records import Observation

QUESTIONS = ("executor", "ledger", "retarget")


class Executor:
    def __init__(self, plan, tools, model):
        self.steps = {step.id: step for step in plan.steps}
        self.tools, self.model, self.results = tools, model, {}
        self.held_back = set()

    async def pull(self, id):
        """The step's observation, or None where it cannot be had."""
        if id in self.results or id in self.held_back:
            return self.results.get(id)
        step = self.steps[id]
        seen = {need: await self.pull(need) for need in step.needs}
        if any(one is None or one.error is not None for one in seen.values()):
            self.held_back.add(id)
            return None
        self.results[id] = await (self.use if step.tool else self.say)(step, seen)
        return self.results[id]

    async def use(self, step, seen):
        return await self.tools.only(step.tool).call(step.tool, step.arguments, known=seen)

    async def say(self, step, seen):
        lines = "\n".join(f"{self.steps[id].output} = {one.text}" for id, one in seen.items())
        try:
            reply = await self.model.ask(f"{step.description}\n{step.expected_output}\n\n{lines}")
            assert reply.text.strip()
        except (ModelError, AssertionError) as error:
            return Observation(error=ToolFailed(f"no answer: {error}"))
        return Observation(reply.text)


async def run_plan(plan, tools, executor):
    work = Executor(plan, tools, executor)
    for id in work.steps:
        await work.pull(id)
    return work.results


def ledger(plan, results):
    waits = {step.id: step.needs for step in plan.steps}
    queue = deque(id for id in waits if id in results and results[id].error is not None)
    blocked = set()
    while queue:
        bad = queue.popleft()
        more = [
            id for id, needs in waits.items() if bad in needs and id not in {*results, *blocked}
        ]
        blocked.update(more)
        queue.extend(more)
    learned = {
        s.output: results[s.id].text
        for s in plan.steps
        if s.id in results and not results[s.id].error
    }
    return {
        "learned": learned,
        "done": [id for id in waits if id in results and not results[id].error],
        "failed": [id for id in waits if id in results and results[id].error],
        "blocked": [id for id in waits if id in blocked],
        "pending": [id for id in waits if id not in results and id not in blocked],
    }


def retarget(tickets, articles):
    @tool(risk=Risk.LOW)
    async def tickets_of_the_week() -> list:
        """All of them."""
        return tickets

    @tool(risk=Risk.LOW)
    async def top(tickets: list[list[str]], least: int) -> dict:
        """Counts, and the largest of them."""
        counts = Counter(ticket[1] for ticket in tickets)
        most = max([least, *counts.values()])
        return {"top": sorted(intent for intent in counts if counts[intent] == most), "count": most}

    @tool(risk=Risk.LOW)
    async def answers(intents: list[str], count: int) -> list:
        """Intent, count, article."""
        return [[intent, count, articles.get(intent)] for intent in intents]

    def step(id: str, tool: str, output: str, needs: tuple[str, ...] = (), **given) -> Step:
        told = [{"name": name, "value": value} for name, value in given.items()]
        rest = {"how": "tool", "tool": tool, "arguments": told, "depends_on": needs}
        words = {"description": tool, "expected_output": "", "output": output}
        return Step.model_validate({"id": id} | rest | words)

    top_ref, count_ref = Ref(step="two", path="top"), Ref(step="two", path="count")
    steps = (
        step("one", "tickets_of_the_week", "tickets"),
        step("two", "top", "top", tickets=Ref(step="one", path=""), least=0),
        step("three", "answers", "answers", ("two",), intents=top_ref, count=count_ref),
    )
    plan = Plan(goal="Answer", reasoning="", steps=steps, version=1)
    return plan, Toolbox([tickets_of_the_week, top, answers])
