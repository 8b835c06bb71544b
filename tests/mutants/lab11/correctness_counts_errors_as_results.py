"""A step that failed is done."""

QUESTIONS = ("correctness",)


async def run_my_agent(
    goal, *, planner, worker, critic, tools, reviewer, checks, known, append, run_id
) -> str:
    """Reach the goal with all the parts; the answer."""
    tools = behind_gates(tools, reviewer, run_id)
    ask = make_asker(asking(worker), asking(planner), is_said, most=2)

    async def make(plan, done: dict, failed: dict) -> Plan:
        return await next_plan(goal, plan, done, failed, planner=planner, tools=tools)

    async def do(step: Step, results: dict) -> Observation:
        if step.tool is None:
            task = f"Results:\n{in_words(results)}\n\nTask: {step.description}"
            taint = frozenset().union(*(result.taint for result in results.values()))
            return Observation(await ask(task), taint=taint)
        seen = await tools.call(step.tool, step.arguments, known=results, step=step.id)
        return seen

    async def run(plan: Plan, done: dict, record) -> dict:
        return await run_steps(plan.steps, do, done, record, limit=8)

    results = await carry_out(make, run, known, append)
    task = f"Results:\n{in_words(results)}\n\nGoal: {goal}\nAnswer it from the results alone."
    write, judge = writer_of(planner), critic_of(critic)
    text, _ = await verified(task, write=write, judge=judge, checks=checks)
    return text


async def is_said(task: str, text: str) -> bool:
    """Was anything said?"""
    return bool(text.strip())
