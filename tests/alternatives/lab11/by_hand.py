"""Scheduler, reflection and gates by hand: no pattern of the package but its validator."""

from planlab.toolbox import guarded

QUESTIONS = ("parallel", "verification", "gates", "cost", "resume")


async def run_steps(steps, do, done: dict, record, limit: int) -> dict:
    """A task for each step, which waits for the events of those that it needs."""
    results, failed = dict(done), {}
    left = [step for step in steps if step.id not in done]
    over = {step.id: asyncio.Event() for step in left}
    room = asyncio.Semaphore(limit)

    async def one(step: Step) -> None:
        for id in step.needs:
            if id in over:
                await over[id].wait()
        if all(id in results for id in step.needs):
            async with room:
                try:
                    results[step.id] = await do(step, {id: results[id] for id in step.needs})
                    record(step.id, results[step.id])
                except Exception as error:
                    failed[step.id] = repr(error)
        over[step.id].set()

    async with asyncio.TaskGroup() as group:
        for step in left:
            group.create_task(one(step))
    return failed


async def verified(task: str, *, write, judge, checks, rounds: int = 3) -> tuple:
    """Drafts with their ranks; the first of the highest rank."""
    drafts, draft, issues = [], None, []
    try:
        for _ in range(rounds):
            draft = await write(task, draft, issues)
            drafts.append([draft, (False, 0, 0.0)])
            found = [await check(draft) for check in checks]
            issues = [issue for part in found for issue in part]
            drafts[-1][1] = (False, -sum(map(bool, found)), 0.0)
            if issues:
                continue
            verdict = await judge(task, draft)
            drafts[-1][1] = (verdict["approved"], 0, verdict["score"])
            issues = verdict["issues"]
            if verdict["approved"]:
                break
    except Exception:
        if not drafts:
            raise
    text, rank = max(drafts, key=lambda pair: pair[1])
    return text, rank[0]


def behind_gates(tools: Toolbox, reviewer, run_id: str) -> Toolbox:
    """One gate that knows all rules, and asks by itself."""
    left, lock = [5], asyncio.Lock()
    free = {"subject", "body", "memo", "content"}

    async def gate(call) -> None:
        if call.risk in (1, 2):
            return
        if any(call.taint[name] & {"web", "mail"} for name in {*call.arguments} - free):
            raise Refused("a stranger decides")
        async with lock:
            if not left[0]:
                raise Refused("asked too often")
            left[0] -= 1
        if await reviewer(call.tool, dict(call.arguments)) != "approve":
            raise Refused("not approved")

    return guarded(Toolbox([*tools], run_id=run_id), gates=[gate])


def make_asker(small, large, is_good, most: int):
    """Tickets for the large model are taken before it is asked."""
    tickets = [None] * most

    async def ask(task: str) -> str:
        try:
            text = await small(task)
            if await is_good(task, text) or not tickets:
                return text
        except Exception:
            if not tickets:
                raise
        tickets.pop()
        return await large(task)

    return ask


async def carry_out(make, run, known: list, append, max_replans: int = 2) -> dict:
    """Every event is a dict, and the state is folded from all of them each time."""
    events = [*known]

    def store(**event: object) -> None:
        append(event)
        events.append(event)

    def state() -> tuple:
        plans = [event["plan"] for event in events if "plan" in event]
        results = {event["id"]: event["result"] for event in events if "id" in event}
        return plans[-1] if plans else None, results

    if state()[0] is None:
        store(plan=await make(None, {}, {}))
    while True:
        plan, results = state()
        failed = await run(plan, results, lambda id, result: store(id=id, result=result))
        plan, results = state()
        if not failed:
            return {step.id: results[step.id] for step in plan.steps}
        if max_replans == 0:
            raise RuntimeError(f"failed: {failed}")
        max_replans -= 1
        store(plan=await make(plan, results, failed))
