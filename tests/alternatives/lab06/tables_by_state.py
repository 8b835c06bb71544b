"""No nodes in the search, only tables by state; recursion closes; an exception for no money."""

from math import inf, log, sqrt

from planlab.errors import BudgetSpent

QUESTIONS = ("uct", "backpropagation", "terminals", "comparison")


def uct(value, visits, parent_visits, c):
    return value + c * sqrt(log(parent_visits)) / sqrt(visits) if visits > 0 else inf


def select(root, c):
    line = [] if root["closed"] else [root]
    while line and line[-1]["children"]:
        open_ones = (kid for kid in line[-1]["children"] if not kid["closed"])
        scored = [
            (-uct(kid["mean"], kid["visits"], line[-1]["visits"], c), number, kid)
            for number, kid in enumerate(open_ones)
        ]
        line.append(sorted(scored, key=lambda one: one[:2])[0][2])
    return [node["state"] for node in line]


def passed(root, path):
    """The nodes on the path."""
    nodes = [root]
    for state in path[1:]:
        (found,) = (kid for kid in nodes[-1]["children"] if kid["state"] == state)
        nodes.append(found)
    return nodes


def backpropagate(root, path, reward):
    for node in reversed(passed(root, path)):
        seen = node["visits"]
        node.update(
            visits=seen + 1,
            mean=node["mean"] * seen / (seen + 1) + reward / (seen + 1),
            best=reward if reward > node["best"] else node["best"],
        )
    return root


def main_line(root):
    line = [root["state"]]
    while seen := [kid for kid in root["children"] if kid["visits"] > 0]:
        most = max(kid["visits"] for kid in seen)
        seen = [kid for kid in seen if kid["visits"] == most]
        highest = max(kid["mean"] for kid in seen)
        root = next(kid for kid in seen if kid["mean"] == highest)
        line.append(root["state"])
    return line


class NoMoney(Exception):
    """The next call would be one too many."""


async def search(start, propose, value, end, budget, rule=lambda mean, visits, above: mean):
    parents, kids, rewards, lost = {start: None}, {start: []}, {start: []}, set()
    made = []

    async def pay(role, state):
        if len(made) >= budget:
            raise NoMoney
        made.append(state)
        return await role(state)

    def path_to(state):
        return [] if state is None else [*path_to(parents[state]), state]

    def worth(state):
        own, above = rewards[state], rewards[parents[state]]
        return rule(sum(own) / len(own), len(own), len(above))

    async def expand(state):
        """The goal, where it is proposed."""
        new = []
        for other in await pay(propose, state):
            if other not in parents:
                parents[other], kids[other], rewards[other] = state, [], []
                new.append(other)
        kids[state] += new
        for other in new:
            if end(other) == 1:
                return other
        for other in new:
            known = end(other)
            reward = await pay(value, other) if known is None else known
            lost.update([other] if known is not None else [])
            for each in path_to(other):
                rewards[each].append(reward)
        mark(state)
        return None

    def mark(state):
        if state is not None and lost.issuperset(kids[state]):
            lost.add(state)
            mark(parents[state])

    if end(start) == 1:
        return (start,), "found"
    if end(start) == 0:
        return None, "unsolvable"
    try:
        while start not in lost:
            state = start
            while kids[state]:
                state = max((kid for kid in kids[state] if kid not in lost), key=worth)
            goal = await expand(state)
            if goal is not None:
                return tuple(path_to(goal)), "found"
    except NoMoney:
        return None, "budget"
    return None, "unsolvable"


def wilson(successes, runs, z=1.96):
    """The two ends solve (p - share)^2 = z^2 p (1 - p) / runs."""
    if runs == 0:
        return [0.0, 1.0]
    share, a = successes / runs, 1 + z * z / runs
    b = -(2 * share + z * z / runs)
    root = sqrt(max(0.0, b * b - 4 * a * share * share))
    return [(-b - root) / (2 * a), (-b + root) / (2 * a)]


async def compare(one, two, puzzles, budget):
    solved, calls = [0, 0], [0, 0]
    for start, propose, value, end in puzzles:
        for number, search in enumerate([one, two]):
            left = [None] * budget

            def limit(role, left=left):
                async def limited(state):
                    if not left:
                        raise BudgetSpent("no calls are left in this run")
                    left.pop()
                    return await role(state)

                return limited

            try:
                path = list(await search(start, limit(propose), limit(value), end))
                solved[number] += path[0] == start and end(path[-1]) == 1.0
            except Exception:
                pass
            calls[number] += budget - len(left)
    (a, b), (c, d) = (wilson(count, len(puzzles)) for count in solved)
    verdict = "one" if a > d else "two" if c > b else "cannot be told apart"
    return {"solved": solved, "calls": calls, "verdict": verdict}
