"""Classes with links to the parent, lists of open states, a meter for each run."""

import math
from dataclasses import dataclass, field

from planlab.errors import BudgetSpent

QUESTIONS = ("uct", "backpropagation", "terminals", "comparison")


def uct(value, visits, parent_visits, c):
    try:
        return value + c * (math.log(parent_visits) / visits) ** 0.5
    except ZeroDivisionError:
        return float("inf")


def select(root, c):
    if root["closed"]:
        return []

    def worth(kid):
        return uct(kid["mean"], kid["visits"], root["visits"], c)

    best = None
    for kid in root["children"]:
        if not kid["closed"] and (best is None or worth(kid) > worth(best)):
            best = kid
    return [root["state"], *(select(best, c) if best else [])]


def backpropagate(root, path, reward):
    """A new tree; the old one stays as it was."""
    _, *further = path
    visits = root["visits"] + 1
    return root | {
        "visits": visits,
        "mean": root["mean"] + (reward - root["mean"]) / visits,
        "best": max(root["best"], reward),
        "children": [
            backpropagate(kid, further, reward) if kid["state"] in further[:1] else kid
            for kid in root["children"]
        ],
    }


def main_line(root):
    visited = [kid for kid in root["children"] if kid["visits"]]
    visited.sort(key=lambda kid: (-kid["visits"], -kid["mean"]))
    return [root["state"], *(main_line(visited[0]) if visited else [])]


@dataclass(eq=False)
class Place:
    """A state, the way to it, and what came of it."""

    state: str
    above: "Place | None" = None
    total: float = 0.0
    visits: int = 0
    kids: list = field(default_factory=list)

    def line(self):
        return [*(self.above.line() if self.above else []), self]

    def is_lost(self):
        return not self.kids


async def search(start, propose, value, end, budget, rule=None):
    rule = rule or (lambda mean, visits, above: mean)
    root, left = Place(start), budget
    if end(start) is not None:
        return ([start], "found") if end(start) == 1.0 else (None, "unsolvable")
    known = [start]
    while True:
        here = root
        while here.kids:  # lost ones are taken out, so that all that is left is open
            above = here
            here = max(
                above.kids,
                key=lambda kid: rule(kid.total / kid.visits, kid.visits, above.visits),
            )
        if not left:
            return None, "budget"
        left -= 1
        fresh = []
        for state in await propose(here.state):
            if state not in known:
                known.append(state)
                fresh.append(Place(state, here))
        for place in fresh:
            if end(place.state) == 1.0:
                return [each.state for each in place.line()], "found"
        for place in fresh:
            reward = end(place.state)
            if reward is None:
                if not left:
                    return None, "budget"
                left -= 1
                reward = await value(place.state)
                here.kids.append(place)
            for each in place.line():
                each.total, each.visits = each.total + reward, each.visits + 1
        while here.is_lost():
            if here.above is None:
                return None, "unsolvable"
            here.above.kids.remove(here)
            here = here.above


class Meter:
    """Counts the calls of one run."""

    def __init__(self, budget):
        self.budget, self.made = budget, 0

    def watch(self, role):
        async def watched(state):
            if self.made == self.budget:
                raise BudgetSpent("no call is left")
            self.made += 1
            return await role(state)

        return watched


def wilson(successes, runs, z=1.96):
    if not runs:
        return (0, 1)
    failures = runs - successes
    middle = (successes + z**2 / 2) / (runs + z**2)
    half = z / (runs + z**2) * (successes * failures / runs + z**2 / 4) ** 0.5
    return (max(0, middle - half), min(1, middle + half))


async def solve(one, puzzle, meter):
    start, propose, value, end = puzzle
    try:
        match await one(start, meter.watch(propose), meter.watch(value), end):
            case [first, *_, last]:
                return first == start and end(last) == 1.0
            case [only]:
                return only == start and end(only) == 1.0
    except Exception:
        return False
    return False


async def compare(one, two, puzzles, budget):
    solved, calls = [], []
    for each in (one, two):
        meters = [Meter(budget) for _ in puzzles]
        runs = zip(puzzles, meters, strict=True)
        solved.append(sum([await solve(each, puzzle, meter) for puzzle, meter in runs]))
        calls.append(sum(meter.made for meter in meters))
    verdict = "cannot be told apart"
    first, second = (wilson(count, len(puzzles)) for count in solved)
    if first[0] > second[1]:
        verdict = "one"
    elif second[0] > first[1]:
        verdict = "two"
    return {"verdict": verdict, "solved": tuple(solved), "calls": tuple(calls)}
