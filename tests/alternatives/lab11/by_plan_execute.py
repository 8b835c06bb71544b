"""The whole agent by the package's plan-and-execute, which resumes from a mapping by itself."""

from planlab.patterns.plan_execute import run_plan_execute

QUESTIONS = ("correctness",)


class Kept(dict):
    """Results that are stored as they come; failures are only remembered."""

    def __init__(self, known: list, append) -> None:
        super().__init__(known)
        self.append = append

    def __setitem__(self, id: str, value: object) -> None:
        if isinstance(value, Plan | Observation):
            self.append([id, value])
        super().__setitem__(id, value)


async def run_my_agent(
    goal, *, planner, worker, critic, tools, reviewer, checks, known, append, run_id
) -> str:
    """Plan-and-execute, with the rest handed to it."""

    async def solve(request: str) -> str:
        write, judge = writer_of(planner), critic_of(critic)
        return (await verified(request, write=write, judge=judge, checks=checks))[0]

    found = await run_plan_execute(
        goal,
        planner=planner,
        executor=worker,
        tools=behind_gates(tools, reviewer, run_id),
        done=Kept(known, append),
        attempts=1,
        solve=solve,
    )
    if found.answer is None:
        raise found.detail.error or RuntimeError(found.stop)
    return found.answer
