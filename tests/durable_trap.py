"""The trap: an event-driven graph inside one DBOS workflow, `python -m tests.durable_trap URL`.

Each branch makes its second step as soon as its first has ended. The first run is cut off when the
slowest branch begins its second step; the second run resumes it. DBOS knows a step by the number of
its call, and after the crash the branches call in another order: they get each other's results.
"""

import asyncio
import os
import sys

from dbos import DBOS, SetWorkflowID

from planlab.engine import mend_old_sqlite

BRANCHES = 8


@DBOS.step()
async def run_step(name: str, seconds: float) -> str:
    """One function runs every step, as in any planner: DBOS sees no difference between two."""
    if name == "second of 0" and "crash" in sys.argv:
        os._exit(9)
    await asyncio.sleep(seconds)
    return name


async def branch(number: int) -> str:
    """Two steps, one after the other; those of branch 0 come last."""
    await run_step(f"first of {number}", 0.05 * (BRANCHES - number))
    return await run_step(f"second of {number}", 0)


@DBOS.workflow()
async def graph() -> list[str]:
    """All branches at once."""
    return await asyncio.gather(*(branch(number) for number in range(BRANCHES)))


def main(url: str) -> None:
    """Run the workflow "trap", or resume it; prints what each branch says that it got."""
    mend_old_sqlite()
    DBOS(
        config={
            "name": "trap",
            "system_database_url": url,
            "application_version": "1",
            "executor_id": "one",
            "log_level": "ERROR",
        }
    )
    DBOS.launch()
    with SetWorkflowID("trap"):
        handle = DBOS.start_workflow(graph)
    print(*handle.get_result(polling_interval_sec=0.02), sep="\n")
    DBOS.destroy()


if __name__ == "__main__":
    main(sys.argv[1])
