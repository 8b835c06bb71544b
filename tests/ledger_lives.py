"""A program that is killed again and again while it runs a plan over a ledger.

    python tests/ledger_lives.py FOLDER SEED STEPS KILLS

Plans of STEPS random steps are run in FOLDER, each by a process that is killed by SIGKILL at a
random moment and started again until the plan ends, until KILLS processes were killed; then what
stands in the ledger, in the world and in the notes is printed as JSON, a line a plan.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from planlab.ledger import Ledger
from planlab.progress import PLAN
from planlab.records import Argument, Observation, Plan, Ref, Step
from planlab.schedule import Task, run_graph
from planlab.stored import encode
from planlab.toolbox import Toolbox, guarded
from planlab.tools import Call, Risk, tool
from planlab.world import World, open_world

LIMIT = 4  # steps in flight
AGAIN = " (already done before"


def random_plan(seed: int, size: int) -> Plan:
    """Steps that add up what they need, half of them with an effect."""
    rng = random.Random(seed)
    steps: list[Step] = []
    for number in range(size):
        needs = rng.sample(range(number), min(number, rng.randrange(3)))
        arguments = [Argument(name=n, value=0) for n in ("left", "right")[len(needs) :]]
        arguments += [
            Argument(name=n, value=Ref(step=f"s{i}", path="sum"))
            for n, i in zip(("left", "right"), needs, strict=False)
        ]
        step = Step(
            id=f"s{number}",
            description=f"step {number}",
            how="tool",
            tool=rng.choice(["add", "add", "pay", "note"]),
            arguments=tuple(arguments),
            depends_on=(),
            output=f"out{number}",
            expected_output="a sum",
        )
        steps.append(step)
    return Plan(goal="add up", reasoning="", steps=tuple(steps), version=1)


def make_tools(world: World, notes: Path) -> Toolbox:
    @tool(risk=Risk.LOW, source="web")
    async def add(left: int, right: int) -> dict[str, object]:
        """A sum, and nothing else happens."""
        await asyncio.sleep(0)
        return {"sum": left + right + 1, "parts": (left, right), "half": (left + right) / 2}

    @tool(risk=Risk.HIGH)
    async def pay(left: int, right: int, call: Call) -> dict[str, object]:
        """A payment, to a receiver that knows the key."""
        await asyncio.sleep(0.0005)
        told = world.once(call.key, "pay", (call.step,), lambda database: paid(world, call))
        await asyncio.sleep(0.0005)
        return {"sum": left + right + 2, "told": told.partition(AGAIN)[0]}

    @tool(risk=Risk.MEDIUM)
    async def note(left: int, right: int, call: Call) -> dict[str, object]:
        """A line in a file, by a receiver that knows no key."""
        await asyncio.sleep(0.0005)
        append(notes / "plain", call.step)
        await asyncio.sleep(0.0005)
        return {"sum": left + right + 3}

    return Toolbox([add, pay, note], run_id="lives")


def paid(world: World, call: Call) -> str:
    row = "INSERT INTO transactions (recipient, amount, memo, balance_after) VALUES (?, 1, '', 0)"
    world.change(row, (call.step,))
    return f"paid for {call.step}"


def append(path: Path, word: str) -> None:
    with path.open("a") as file:
        file.write(word + "\n")


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


class Noted(Ledger):
    """A ledger that notes, after it, what it has stored."""

    notes: Path

    def __setitem__(self, id: str, value: object) -> None:
        super().__setitem__(id, value)
        append(self.notes / "flights", f"end {id}")


def live(folder: Path, plan: Plan) -> None:
    """One life: go on with the plan until it is done."""
    append(folder / "flights", "born")
    with open_world(folder=folder / "world") as world, Noted(folder / "run.db", "lives") as done:
        done.notes = folder
        box = guarded(make_tools(world, folder), journal=done)
        if done.get(PLAN) != plan:
            done[PLAN] = plan

        def task(step: Step) -> Task:
            async def run(*results: object) -> Observation:
                append(folder / "flights", f"start {step.id}")
                known = dict(zip(step.needs, results, strict=True))
                seen = await box.call(step.tool or "", step.arguments, known=known, step=step.id)
                seen.unwrap()
                return seen

            return Task(step.id, run, step.needs)

        asyncio.run(run_graph(map(task, plan.steps), done, limit=LIMIT))


def fork_life(folder: Path, plan: Plan) -> int:
    """The process id of a new life."""
    pid = os.fork()
    if pid:
        return pid
    try:
        live(folder, plan)
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)


def run_killed(folder: Path, plan: Plan, rng: random.Random, kills: int) -> int:
    """Run the plan to its end, killed at most `kills` times; returns how often it was."""
    killed = 0
    while True:
        pid = fork_life(folder, plan)
        if killed < kills:
            time.sleep(rng.uniform(0, 0.2))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            killed += 1
        elif status:
            raise SystemExit("a life ended with an error")
        else:
            return killed


def describe(folder: Path) -> dict[str, object]:
    """What is left behind; the results as the ledger stores them."""
    with open_world(folder=folder / "world") as world, Ledger(folder / "run.db", "lives") as done:
        done.verify()
        return {
            "results": {id: encode(value) for id, value in done.items() if id != PLAN},
            "unknown": len(done.unknown),
            "paid": [p.to for p in world.transactions() if p.to.startswith("s")],
            "plain": lines(folder / "plain"),
            "flights": lines(folder / "flights"),
        }


def runs(folder: Path, seed: int, size: int, kills: int) -> Iterator[dict[str, object]]:
    rng = random.Random(seed)
    while kills > 0:
        plan = random_plan(seed, size)
        calm, rough = folder / f"calm{seed}", folder / f"rough{seed}"
        for home in (calm, rough):
            home.mkdir()
        run_killed(calm, plan, rng, 0)
        killed = run_killed(rough, plan, rng, kills)
        kills -= killed
        yield {"killed": killed, "calm": describe(calm), "rough": describe(rough)}
        seed += 1


if __name__ == "__main__":
    place, *numbers = sys.argv[1:]
    for each in runs(Path(place), *map(int, numbers)):
        print(json.dumps(each), flush=True)
