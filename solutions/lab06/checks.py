"""Lab 06: what UCT, bookings, a search and a comparison must do, whatever the tree.

The judge serves what is proposed and how states are valued, so it counts every call itself. No
model is asked, and nobody looks at a clock.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any

from planlab.grading import Broken, Lab, Probe, Question, Raised
from planlab.world.game24 import State, is_goal, moves
from planlab.world.game24 import start as first_state

lab = Lab(
    "lab06",
    "Tree search, fairly compared",
    questions=(
        Question("uct", 4, "6.1 Which way down"),
        Question("backpropagation", 4, "6.2 What comes back up"),
        Question("terminals", 5, "6.3 Where a search must stop"),
        Question("comparison", 4, "6.4 A fair comparison"),
        Question("explain", 3, "6.5 Explain a table", manual=True),
    ),
    withheld=("planlab.uct", "planlab.searching", "planlab.patterns.search", "planlab.compare"),
)

WORDS = [
    *("attic", "bridge", "cellar", "dune", "estuary", "forest", "garden", "harbour", "island"),
    *("jungle", "kitchen", "lagoon", "meadow", "nursery", "orchard", "pier", "quarry", "reef"),
    *("stable", "tunnel", "valley", "wharf", "yard"),
]
SMALL = 1e-9  # by how much two ways to work out the same number may differ
CLEAR = 1e-3  # by how much the best must be better than the next, where it is no tie

Node = dict[str, Any]


def new_names(rng: Random, count: int) -> list[str]:
    """States in no order that would tell anything, none a part of another."""
    return [f"{rng.choice(WORDS)}{number}" for number in rng.sample(range(1000, 10_000), count)]


def as_number(got: object, words: str) -> float:
    if isinstance(got, bool) or not isinstance(got, int | float):
        raise Broken(words)
    return float(got)


def as_states(got: object, words: str) -> list[object]:
    if not isinstance(got, list | tuple):
        raise Broken(words)
    return list(got)


# Trees, as the judge draws them


def new_node(state: str, rewards: Sequence[float] = (), **more: object) -> Node:
    """A node that has seen these rewards, and no children."""
    mean = sum(rewards) / len(rewards) if rewards else 0.0
    node: Node = {"state": state, "visits": len(rewards), "mean": mean}
    return node | {"best": max(rewards, default=0.0), "closed": False, "children": [], **more}


def draw_tree(rng: Random, levels: int, most: int = 5) -> Node:
    """A tree in which all was booked rightly; every state was visited at least once."""

    def grow(left: int) -> tuple[Node, list[float]]:
        below = [grow(left - 1) for _ in range(rng.randint(2, 3) if left else 0)]
        own = [rng.random() for _ in range(rng.randint(1, most))]
        rewards = own + [reward for _, found in below for reward in found]
        return new_node(names.pop(), rewards, children=[node for node, _ in below]), rewards

    names = new_names(rng, 3 ** (levels + 1))
    return grow(levels)[0]


def nodes_of(node: Node) -> list[Node]:
    """The node and all below it."""
    return [node, *(below for child in node["children"] for below in nodes_of(child))]


def lines_of(node: Node) -> list[list[str]]:
    """The way to each node, as states from the root."""
    below = [line for child in node["children"] for line in lines_of(child)]
    return [[node["state"]], *([node["state"], *line] for line in below)]


# 6.1 Which way down


def score(value: float, visits: int, above: int, c: float) -> float:
    return value + c * math.sqrt(math.log(above) / visits) if visits else math.inf


def way_down(root: Node, c: float) -> tuple[list[str], float]:
    """The states that are passed, and by how much the nearest decision was clear."""
    line, node, gap = [root["state"]], root, math.inf
    while node["children"]:
        scores = [score(k["mean"], k["visits"], node["visits"], c) for k in node["children"]]
        best, *others = sorted(scores, reverse=True)
        gap = min(gap, best - max(others, default=-math.inf))
        node = node["children"][scores.index(best)]
        line.append(node["state"])
    return line, gap


def draw_clear(rng: Random, levels: int, c: float) -> tuple[Node, list[str]]:
    """A tree in which no decision is close, and the right way down."""
    for _ in range(50):
        root = draw_tree(rng, levels)
        line, gap = way_down(root, c)
        if gap > CLEAR:
            break
    return root, line


async def expect_score(probe: Probe, value: float, visits: int, above: int, c: float) -> None:
    got = as_number(await probe.call("uct", value, visits, above, c), "uct returns a number")
    want = score(value, visits, above, c)
    right = got == want if visits == 0 else abs(got - want) < SMALL
    probe.expect(right, "the score is not value + c * sqrt(ln(parent's visits) / visits)")


async def expect_way(probe: Probe, root: Node, c: float, want: list[str], words: str) -> None:
    got = as_states(await probe.call("select", root, c), "select returns a list of states")
    probe.equal(got, want, words)


@lab.property("uct", 1, "the score is the value, and a bonus for being seldom visited")
async def adds_the_bonus(probe: Probe) -> None:
    rng = probe.rng
    for _ in range(3):
        visits = rng.randint(2, 30)
        above = visits + rng.randint(1, 300)
        await expect_score(probe, rng.random(), visits, above, rng.uniform(0.1, 2))


@lab.property("uct", 0.5, "what was never visited scores infinity")
async def sends_to_the_unseen(probe: Probe) -> None:
    for c in (0, 0.0, probe.rng.uniform(0.1, 2)):
        above = probe.rng.randint(1, 50)
        await expect_score(probe, probe.rng.random(), 0, above, c)
        await expect_score(probe, probe.rng.random(), above, above + 1, c)


@lab.property("uct", 1, "it goes down to the child with the highest score, at every level")
async def goes_down(probe: Probe) -> None:
    for levels in (1, 2, 2):
        c = probe.rng.uniform(0.2, 1.5)
        root, line = draw_clear(probe.rng, levels, c)
        await expect_way(probe, root, c, line, "this is not the way by the highest scores")


### BEGIN HIDDEN TESTS
@lab.property("uct", 0.5, "of equal scores the first child's counts, also of infinite ones")
async def takes_the_first(probe: Probe) -> None:
    rng = probe.rng
    top, *names = new_names(rng, 6)
    rewards = [rng.random() for _ in range(4)]
    twins = [new_node(name, rewards) for name in names]
    root = new_node(top, rewards * 5, children=twins)
    await expect_way(probe, root, 0.7, [top, names[0]], "of equal children the first is taken")
    place = rng.randrange(1, 4)
    twins[place:] = [new_node(name) for name in names[place:]]
    words = "a child that was never visited comes before the others, the first of them first"
    for c in (0.0, 0.7):
        await expect_way(probe, root, c, [top, names[place]], words)


@lab.property("uct", 0.5, "a closed child is passed over, and of a closed tree nothing is left")
async def passes_over_the_closed(probe: Probe) -> None:
    rng = probe.rng
    c = rng.uniform(0.2, 1.5)
    root = draw_tree(rng, 2)
    line, _ = way_down(root, c)
    best = next(child for child in root["children"] if child["state"] == line[1])
    for node in nodes_of(best):
        node["closed"] = True
    open_ones = [child for child in root["children"] if not child["closed"]]
    want = [root["state"], *way_down(root | {"children": open_ones}, c)[0][1:]]
    await expect_way(probe, root, c, want, "a closed child is never gone down to")
    for node in nodes_of(root):
        node["closed"] = True
    await expect_way(probe, root, c, [], "where the root is closed there is no way: []")


@lab.property("uct", 0.5, "each level counts its own visits, however deep and however many")
async def counts_its_own_level(probe: Probe) -> None:
    rng = probe.rng
    top, *names = new_names(rng, 9)
    alone = new_node(top)
    await expect_way(probe, alone, 1.0, [top], "a root without children is where to go on")
    # With ten times the visits at the root, a doubt weighs more there, and nowhere else.
    calm, doubtful = new_node(names[0], [0.6] * 40), new_node(names[1], [0.4] * 4)
    inner = new_node(names[2], [0.6] * 45, children=[calm, doubtful])
    root = new_node(top, [0.5]) | {"visits": 10**6, "children": [inner]}
    c = rng.uniform(0.24, 0.26)
    want, gap = way_down(root, c)
    assert gap > CLEAR
    await expect_way(probe, root, c, want, "at each level the visits of that parent count")
    await expect_score(probe, rng.random(), 10**6, 10**9, 1.4)
    await expect_score(probe, rng.random(), 1, 1, 1.4)


### END HIDDEN TESTS


# 6.2 What comes back up


def book(root: Node, line: Sequence[str], reward: float) -> None:
    """The judge's own booking; what is booked is kept as sums, so that it stays exact."""
    node = root
    for depth, _ in enumerate(line):
        total = node["mean"] * node["visits"] + reward
        node["visits"] += 1
        node["mean"], node["best"] = total / node["visits"], max(node["best"], reward)
        if depth + 1 < len(line):
            node = next(kid for kid in node["children"] if kid["state"] == line[depth + 1])


async def booked(probe: Probe, root: object, line: list[str], reward: float) -> Node:
    got = await probe.call("backpropagate", root, line, reward)
    if not isinstance(got, dict) or "children" not in got:
        raise Broken("backpropagate returns the root of the tree")
    return got


def expect_fields(probe: Probe, got: Node, want: Node, field: str, words: str) -> None:
    """The same tree, and the same numbers in this field."""
    pairs = list(zip(nodes_of(got), nodes_of(want), strict=False))
    same = [a["state"] for a in nodes_of(got)] == [b["state"] for b in nodes_of(want)]
    probe.expect(same, "the tree itself must stay as it is")
    right = all(abs(as_number(a[field], words) - b[field]) < SMALL for a, b in pairs)
    probe.expect(right, words)


async def expect_booked(probe: Probe, root: Node, count: int, field: str, words: str) -> None:
    """Book a few rewards, one after the other, and look at one field of every node."""
    got = root
    for _ in range(count):
        line, reward = probe.rng.choice(lines_of(root)), probe.rng.random()
        got = await booked(probe, got, line, reward)
        book(root, line, reward)
    expect_fields(probe, got, root, field, words)


def blank(root: Node) -> Node:
    """The same tree before anything was booked."""
    return new_node(root["state"]) | {"children": [blank(child) for child in root["children"]]}


@lab.property("backpropagation", 0.75, "each state on the path gets one visit, and no other")
async def books_visits(probe: Probe) -> None:
    root = draw_tree(probe.rng, 2)
    words = "the visits are not right: one more for each state on the path"
    await expect_booked(probe, blank(root), 3, "visits", words)
    await expect_booked(probe, root, 2, "visits", words)


@lab.property("backpropagation", 0.75, "the mean is the mean of all rewards so far")
async def books_means(probe: Probe) -> None:
    root = draw_tree(probe.rng, 2)
    words = "the mean is not the mean of the rewards that were booked"
    await expect_booked(probe, blank(root), 4, "mean", words)
    await expect_booked(probe, root, 2, "mean", words)


@lab.property("backpropagation", 0.75, "the main line goes to the child that was visited most")
async def follows_visits(probe: Probe) -> None:
    rng = probe.rng
    a, b, c, d, e, f = new_names(rng, 6)
    lucky, solid = new_node(a, [1.0]), new_node(b, [0.6] * rng.randint(8, 12))
    below = [new_node(c, [0.2] * 2), new_node(d, [0.1] * 5), new_node(e)]
    solid["children"] = rng.sample(below, 3)
    root = new_node(f, [0.5] * 20, children=rng.sample([lucky, solid], 2))
    got = as_states(await probe.call("main_line", root), "main_line returns a list of states")
    probe.equal(got, [f, b, d], "a single lucky visit is no reason to go there")


### BEGIN HIDDEN TESTS
@lab.property("backpropagation", 0.5, "best is the highest reward that ever came back")
async def books_the_best(probe: Probe) -> None:
    rng = probe.rng
    root = draw_tree(rng, 2)
    got = await booked(probe, root, lines_of(root)[-1], 0.0)
    expect_fields(probe, got, root, "best", "a poor reward does not make the best one worse")
    got = fresh = blank(root)
    line = rng.choice(lines_of(fresh)[1:])
    for reward in (rng.uniform(0, 0.3), rng.uniform(0.4, 0.6), rng.uniform(0.7, 1), 0.2):
        got = await booked(probe, got, line, reward)
        book(fresh, line, reward)
    expect_fields(probe, got, fresh, "best", "best is not the highest reward so far")


@lab.property("backpropagation", 0.5, "after many rewards no visit and no reward is lost")
async def conserves(probe: Probe) -> None:
    rng = probe.rng
    root: Node = blank(draw_tree(rng, 2))
    lines = lines_of(root)
    own, got = dict.fromkeys((line[-1] for line in lines), 0), root
    total = 0.0
    for _ in range(15):
        line, reward = rng.choice(lines), rng.choice([0.0, 1.0, rng.random()])
        own[line[-1]] += 1
        total += reward
        got = await booked(probe, got, line, reward)
    for node in nodes_of(got):
        below = sum(child["visits"] for child in node["children"])
        held = node["visits"] == own[node["state"]] + below
        probe.expect(held, "a state's visits are its own and those of its children")
    same = abs(got["mean"] * 15 - total) < SMALL
    probe.expect(same, "the root's mean is the mean of all the rewards")


@lab.property("backpropagation", 0.5, "it books along the path, wherever else a state stands")
async def books_along_the_path(probe: Probe) -> None:
    rng = probe.rng
    top, left, right, twin, leaf = new_names(rng, 5)
    branches = [
        new_node(side, [0.5] * 4, children=[new_node(twin, [0.5] * 2), new_node(leaf, [0.5])])
        for side in (left, right)
    ]
    root = new_node(top, [0.5] * 9, children=branches)
    for line in ([top, rng.choice([left, right]), twin], [top]):
        reward = rng.random()
        got = await booked(probe, root, line, reward)
        book(root, line, reward)
        for field in ("visits", "mean"):
            expect_fields(probe, got, root, field, "only the states on the path are booked")


@lab.property("backpropagation", 0.25, "of equal visits the higher mean counts, then the first")
async def breaks_ties(probe: Probe) -> None:
    rng = probe.rng
    top, *names = new_names(rng, 5)
    kids = [new_node(name, [mean] * 3) for name, mean in zip(names, (0.3, 0.6, 0.6, 0.2),
                                                            strict=True)]  # fmt: skip
    for order in ([0, 1, 2, 3], [3, 2, 0, 1]):
        root = new_node(top, [0.4] * 12, children=[kids[n] for n in order])
        want = [top, names[1] if order[0] == 0 else names[2]]
        probe.equal(await probe.call("main_line", root), want, "a tie is not broken as asked")
    unseen = new_node(top, [0.4], children=[new_node(name) for name in names])
    got = await probe.call("main_line", unseen)
    probe.equal(got, [top], "the line ends where no child was visited")


### END HIDDEN TESTS


# 6.3 Where a search must stop

MOST = 400  # calls: more than any puzzle here is worth


class Puzzle:
    """A puzzle whose model the judge plays: it counts what is asked, and what should not be."""

    def __init__(
        self,
        probe: Probe,
        start: str,
        ways: Mapping[str, Sequence[str]],
        ends: Mapping[str, float],
        values: Mapping[str, float] | None = None,
    ) -> None:
        self.probe, self.start, self.ways, self.ends = probe, start, ways, ends
        self.values = values or {}
        self._begin(MOST)

        async def propose(state: str) -> list[str]:
            self._pay("propose", state)
            self.shown |= set(self.ways.get(state, ()))
            return list(self.ways.get(state, ()))

        async def value(state: str) -> float:
            self._pay("value", state)
            return self.values.get(state, 0.5)

        def end(state: str) -> float | None:
            return self.ends.get(state)

        self.roles = [probe.function(role) for role in (propose, value, end)]

    def _begin(self, budget: int) -> None:
        self.budget, self.shown = budget, {self.start}
        self.calls: list[tuple[str, str]] = []
        self.faults: list[str] = []

    def _pay(self, role: str, state: str) -> None:
        """Note one call; one that should not have been made ends the run."""
        if state not in self.shown:
            self.faults.append("it asks about a state that nobody proposed")
        elif state in self.ends:
            self.faults.append("it asks about an end: nothing can be done there, and its reward "
                               "is known")  # fmt: skip
        elif any(self.ends.get(one) == 1.0 for one in self.shown):
            self.faults.append("a goal was proposed, and it goes on asking")
        elif (role, state) in self.calls:
            self.faults.append(f"it asks the same twice: {role}, for a state that was asked before")
        elif len(self.calls) >= self.budget:
            self.faults.append("it makes more calls than the budget allows")
        self.calls.append((role, state))
        if self.faults:
            raise RuntimeError(self.faults[0])

    @property
    def expanded(self) -> list[str]:
        """The states whose proposals were asked for, in order."""
        return [state for role, state in self.calls if role == "propose"]

    async def run(self, budget: int = MOST, **more: object) -> tuple[list[str] | None, str]:
        """The path and the reason that the learner's search gives."""
        self._begin(budget)
        try:
            got = await self.probe.call("search", self.start, *self.roles, budget, **more)
        except Raised:
            self._raise_faults()
            raise
        self._raise_faults()
        match got:
            case [None, str(why)]:
                return None, why
            case [list(path) | tuple(path), str(why)]:
                return list(path), why
        raise Broken("it returns two things: a path or None, and why it ended")

    def _raise_faults(self) -> None:
        if self.faults:
            raise Broken(self.faults[0])

    async def expect_found(self, budget: int = MOST, **more: object) -> None:
        path, why = await self.run(budget, **more)
        self.probe.expect(path is not None, "there is a path to a goal, and it finds none")
        assert path is not None
        self.probe.expect(path[:1] == [self.start], "a path begins with the start")
        steps = all(there in self.ways.get(here, ()) for here, there in pairwise(path))
        self.probe.expect(steps, "each state of a path was proposed from the one before")
        self.probe.expect(self.ends.get(path[-1]) == 1.0, "a path ends with a goal")
        self.probe.equal(why, "found", "why it ended is not right")

    async def expect_none(self, reason: str, budget: int = MOST) -> None:
        path, why = await self.run(budget)
        self.probe.expect(path is None, "where no goal was found the path is None")
        self.probe.equal(why, reason, "why it ended is not right")

    @property
    def is_solvable(self) -> bool:
        """By brute force."""
        seen, new = {self.start}, [self.start]
        while new:
            state = new.pop()
            if self.ends.get(state) == 1.0:
                return True
            further = () if state in self.ends else self.ways.get(state, ())
            new += [other for other in further if other not in seen]
            seen |= set(further)
        return False


def draw_honest(probe: Probe, levels: int, *, good: float, bad: float) -> tuple[Puzzle, list[str]]:
    """The one right child of each level is worth `good`, the others `bad`; and the right path."""
    rng = probe.rng
    names = iter(new_names(rng, 200))
    path, ways, values = [next(names)], dict[str, list[str]](), dict[str, float]()
    for _ in range(levels):
        others = [next(names) for _ in range(rng.randint(2, 3))]
        right = next(names)
        ways[path[-1]] = rng.sample([*others, right], len(others) + 1)
        ways |= {other: [next(names)] for other in others}
        values |= dict.fromkeys(others, bad) | {right: good}
        path.append(right)
    ways[path[-1]] = [next(names)]  # a goal is no dead end, and yet the end
    return Puzzle(probe, path[0], ways, {path[-1]: 1.0}, values), path


@lab.property(
    "terminals", 1, "it goes where the values are high, and stops when a goal is proposed"
)
async def stops_at_the_goal(probe: Probe) -> None:
    puzzle, path = draw_honest(probe, probe.rng.randint(3, 4), good=0.9, bad=0.1)
    await puzzle.expect_found()
    probe.equal(puzzle.expanded, path[:-1], "it goes on from states that are worth less")


def draw_traps(probe: Probe, *, solvable: bool = True) -> Puzzle:
    """Two ways that look good and lead nowhere, and a poor one that leads to the goal."""
    rng = probe.rng
    names = new_names(rng, 14)
    top, barren, bog, poor, *rest = names
    first, second, near, goal, *dead = rest
    ways = {
        top: rng.sample([barren, bog, poor, dead[0]], 4),
        bog: rng.sample([first, second, dead[1]], 3),
        second: [dead[2], dead[3]],
        poor: rng.sample([near, dead[4]], 2),
        near: [goal] if solvable else [],
    }
    values = {barren: 1.0, bog: 0.9, first: 0.97, second: 0.95, poor: 0.05, near: 0.04}
    ends = dict.fromkeys(dead, 0.0) | {goal: 1.0}
    return Puzzle(probe, top, ways, ends, values)


@lab.property(
    "terminals", 1, "where nothing is proposed, or all below is lost, it never goes again"
)
async def leaves_what_is_lost(probe: Probe) -> None:
    await draw_traps(probe).expect_found()


@lab.property("terminals", 0.75, "it makes as many calls as its budget allows, and never one more")
async def keeps_its_budget(probe: Probe) -> None:
    puzzle, _ = draw_honest(probe, 3, good=0.9, bad=0.1)
    await puzzle.expect_found()
    needed = len(puzzle.calls)
    await puzzle.expect_found(needed)
    for budget in (0, 1, *probe.rng.sample(range(2, needed - 1), 3), needed - 1):
        await puzzle.expect_none("budget", budget)
        words = "it gives up although it could make another call"
        probe.expect(len(puzzle.calls) == budget, words)


### BEGIN HIDDEN TESTS
@lab.property("terminals", 0.75, "a puzzle without a solution ends, with money left, and says so")
async def ends_without_a_solution(probe: Probe) -> None:
    await draw_traps(probe, solvable=False).expect_none("unsolvable")
    (alone,) = new_names(probe.rng, 1)
    silent = Puzzle(probe, alone, {}, {})
    await silent.expect_none("unsolvable")
    probe.expect(silent.calls == [("propose", alone)], "the start is asked, and nothing else")
    a, *ends = new_names(probe.rng, 4)
    doomed = Puzzle(probe, a, {a: ends}, dict.fromkeys(ends, 0.0))
    await doomed.expect_none("unsolvable")


@lab.property("terminals", 0.5, "a state that was found before is not taken up again")
async def takes_up_each_state_once(probe: Probe) -> None:
    rng = probe.rng
    top, a, b, c, goal = new_names(rng, 5)
    ways = {top: [a, b, a, top], a: [b, top, a], b: [a, c], c: [top, b]}
    values = {a: rng.random(), b: rng.random(), c: rng.random()}
    await Puzzle(probe, top, ways, {}, values).expect_none("unsolvable")
    more = ways | {c: [top, b, goal]}
    await Puzzle(probe, top, more, {goal: 1.0}, values).expect_found()


@lab.property("terminals", 0.25, "a start that is an end costs nothing", cases=1)
async def minds_the_start(probe: Probe) -> None:
    top, other = new_names(probe.rng, 2)
    for reward, wanted in ((1.0, ([top], "found")), (0.0, (None, "unsolvable"))):
        puzzle = Puzzle(probe, top, {top: [other]}, {top: reward})
        got = await puzzle.run(probe.rng.choice([0, 20]))
        probe.equal(got, wanted, "a start that is an end is not told as one")
        probe.expect(not puzzle.calls, "it asks about an end")


@lab.property("terminals", 0.25, "the rule decides, from a state's rewards and its parent's visits")
async def obeys_the_rule(probe: Probe) -> None:
    seen: list[tuple[float, int, int]] = []

    def worst_first(value: float, visits: int, parent_visits: int) -> float:
        seen.append((value, visits, parent_visits))
        return -value

    puzzle, path = draw_honest(probe, 3, good=0.1, bad=0.9)
    await puzzle.expect_found(rule=probe.function(worst_first))
    probe.equal(puzzle.expanded, path[:-1], "it does not go by the rule that it is given")
    right = all(0 <= value <= 1 and 1 <= n <= above for value, n, above in seen)
    probe.expect(right, "the rule is called with a mean, the visits, and the parent's visits")
    probe.expect(any(n > 1 for _, n, _ in seen), "rewards from below count for the states above")


@lab.property("terminals", 0.5, "it finds a goal exactly where brute force does", cases=3)
async def agrees_with_brute_force(probe: Probe) -> None:
    rng = probe.rng
    names = new_names(rng, 14)
    ways = {name: rng.choices(names, k=rng.randint(0, 3)) for name in names}
    ends = {name: rng.choice([0.0, 0.0, 1.0]) for name in rng.sample(names[1:], 4)}
    values = {name: rng.random() for name in names}
    for puzzle in (Puzzle(probe, names[0], ways, ends, values), draw_game(probe)):
        if puzzle.is_solvable:
            await puzzle.expect_found()
        else:
            await puzzle.expect_none("unsolvable")


def draw_game(probe: Probe) -> Puzzle:
    """A Game of 24 with three numbers; a state is the numbers that are left, as text."""

    def text(state: State) -> str:
        return " ".join(str(term.value) for term in state)

    first = first_state(probe.rng.choices(range(1, 14), k=3))
    ways, ends, new = dict[str, list[str]](), dict[str, float](), [first]
    while new:
        state = new.pop()
        if len(state) == 1:
            ends[text(state)] = float(is_goal(state))
        elif text(state) not in ways:
            ways[text(state)] = [text(following) for following in moves(state).values()]
            new += moves(state).values()
    values = {name: probe.rng.random() for name in sorted(ways)}
    return Puzzle(probe, text(first), ways, ends, values)


### END HIDDEN TESTS


# 6.4 A fair comparison

REFUSED = "the call that would be one too many raises BudgetSpent, and is not made"


def interval(successes: int, runs: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's."""
    share, extra = successes / runs, z * z / runs
    middle = (share + extra / 2) / (1 + extra)
    half = z / (1 + extra) * math.sqrt(share * (1 - share) / runs + extra / (4 * runs))
    return middle - half, middle + half


async def expect_interval(probe: Probe, successes: int, runs: int, *z: float) -> None:
    got = await probe.call("wilson", successes, runs, *z)
    ends = as_states(got, "wilson returns two numbers: low, high")
    probe.expect(len(ends) == 2, "wilson returns two numbers: low, high")
    want = interval(successes, runs, *z)
    right = all(abs(as_number(a, "low and high are numbers") - b) < SMALL
                for a, b in zip(ends, want, strict=True))  # fmt: skip
    probe.expect(right, "this is not Wilson's interval")


class Contest:
    """Two searches that the judge plays, and what each was allowed to ask.

    `plans` tell for each of the two, puzzle by puzzle, how many calls it makes if it may, and what
    it returns then: "goal", or something that is no solution.
    """

    def __init__(self, probe: Probe, budget: int, plans: Sequence[Sequence[tuple[int, str]]]):
        self.probe, self.budget, self.plans = probe, budget, plans
        self.starts = new_names(probe.rng, len(plans[0]))
        self.made = Counter[str]()  # calls that came through, by puzzle
        self.runs: list[tuple[int, str]] = []
        self.faults: list[str] = []

        async def propose(state: str) -> list[str]:
            self.made[state] += 1
            return [f"goal of {state}", f"bog of {state}"]

        async def value(state: str) -> float:
            self.made[state] += 1
            return len(state) / 100

        def end(state: str) -> float | None:
            return {"goal": 1.0, "bog": 0.0}.get(state.partition(" of ")[0])

        async def one(*given: Any) -> object:
            return await self._play(0, *given)

        async def two(*given: Any) -> object:
            return await self._play(1, *given)

        self.roles = [probe.function(role) for role in (propose, value, end)]
        self.searches = [probe.function(search) for search in (one, two)]

    async def _play(self, which: int, start: str, *roles: Any) -> object:
        """One run of one search, as its plan says."""
        self.runs.append((which, start))
        calls, then = self.plans[which][self.starts.index(start)]
        propose, value = roles[:2]
        for number in range(calls):
            ask = (propose, value)[number % 2]
            try:
                got = await ask.call("__call__", start)
            except Raised as raised:
                if raised.kind != "BudgetSpent" or number < self.budget:
                    self.faults.append(f"{REFUSED}; every other call comes through")
                raise
            if got != ([f"goal of {start}", f"bog of {start}"], len(start) / 100)[number % 2]:
                self.faults.append("a search must get what was proposed and valued, as it is")
            if number >= self.budget:
                self.faults.append(f"a run gets more calls than its budget: {REFUSED}")
        if then == "crash":
            raise KeyError(start)
        return {
            "goal": [start, f"goal of {start}"],
            "bog": [start, f"bog of {start}"],
            "midst": [start, f"goal of {start}", f"bog of {start}"],
            "elsewhere": [f"goal of {start}"],
            "nothing": [],
        }.get(then)

    def solved(self, which: int) -> int:
        return sum(calls <= self.budget and then == "goal" for calls, then in self.plans[which])

    def calls(self, which: int) -> int:
        return sum(min(calls, self.budget) for calls, _ in self.plans[which])

    @property
    def verdict(self) -> str:
        runs = len(self.starts)
        (low, high), (other_low, other_high) = (interval(self.solved(n), runs) for n in (0, 1))
        if low > other_high:
            return "one"
        return "two" if other_low > high else "cannot be told apart"

    async def run(self) -> dict[str, Any]:
        """What the learner's comparison says; what was unfair about it raises `Broken`."""
        puzzles = [(start, *self.roles) for start in self.starts]
        try:
            got = await self.probe.call("compare", *self.searches, puzzles, self.budget)
        finally:
            if self.faults:
                raise Broken(self.faults[0])
        each = sorted((which, start) for which in (0, 1) for start in self.starts)
        words = "each search runs each puzzle, once"
        self.probe.expect(sorted(self.runs) == each, words)
        made = sum(self.calls(which) for which in (0, 1))
        self.probe.expect(sum(self.made.values()) == made, "a call is made once, for who asked")
        if not isinstance(got, dict) or {"solved", "calls", "verdict"} - set(got):
            raise Broken('it returns a dict with "solved", "calls" and "verdict"')
        return got

    async def expect(self, *fields: str) -> None:
        got = await self.run()
        want = {
            "solved": [self.solved(which) for which in (0, 1)],
            "calls": [self.calls(which) for which in (0, 1)],
            "verdict": self.verdict,
        }
        for field in fields:
            value = list(got[field]) if field != "verdict" else got[field]
            self.probe.equal(value, want[field], f'"{field}" is not right')


def mixed(rng: Random, solved: int, runs: int, most: int = 3) -> list[tuple[int, str]]:
    """A plan of so many puzzles solved, in any order."""
    ends = ["goal"] * solved + ["none"] * (runs - solved)
    return [(rng.randint(1, most), then) for then in rng.sample(ends, runs)]


@lab.property("comparison", 0.75, "the interval is Wilson's")
async def draws_the_interval(probe: Probe) -> None:
    for _ in range(3):
        runs = probe.rng.randint(5, 80)
        await expect_interval(probe, probe.rng.randint(1, runs - 1), runs)


@lab.property("comparison", 1, "every run has the same budget of calls, whatever they ask")
async def gives_the_same_budget(probe: Probe) -> None:
    rng = probe.rng
    budget = rng.randint(3, 5)
    plans = [[(budget + rng.randint(-1, 2), "goal") for _ in range(4)] for _ in range(2)]
    plans[0][rng.randrange(4)] = (budget + 2, "goal")
    plans[1][rng.randrange(4)] = (budget, "goal")
    await Contest(probe, budget, plans).expect("solved", "calls")


@lab.property("comparison", 0.75, "one is better only where the intervals lie apart")
async def tells_apart(probe: Probe) -> None:
    rng = probe.rng
    for solved in ((9, 2), (1, 8), (6, 4)):
        plans = [mixed(rng, count, 9, 1) for count in solved]
        await Contest(probe, 5, plans).expect("solved", "verdict")


### BEGIN HIDDEN TESTS
@lab.property("comparison", 0.5, "what a search claims is not believed, and a crash is a failure")
async def believes_no_claim(probe: Probe) -> None:
    rng = probe.rng
    odd = ["goal", "goal", "none", "nothing", "bog", "midst", "elsewhere", "crash"]
    plans = [[(rng.randint(0, 3), then) for then in rng.sample(odd, 8)] for _ in range(2)]
    await Contest(probe, 3, plans).expect("solved", "calls")


@lab.property("comparison", 0.5, "few runs, none or all of them solved, tell little", cases=1)
async def minds_small_numbers(probe: Probe) -> None:
    rng = probe.rng
    for solved in ((4, 1), (0, 4), (5, 5)):
        runs = max((*solved, 4))
        plans = [mixed(rng, count, runs, 1) for count in solved]
        await Contest(probe, 2, plans).expect("solved", "verdict")
    runs = rng.randint(3, 30)
    for successes in (0, runs):
        await expect_interval(probe, successes, runs)
    await expect_interval(probe, rng.randint(1, runs), runs, rng.uniform(1, 3))


@lab.property("comparison", 0.5, "no puzzles and no money are a comparison as well", cases=1)
async def minds_empty_things(probe: Probe) -> None:
    nothing = await Contest(probe, 3, [[], []]).run()
    probe.equal(nothing["verdict"], "cannot be told apart", "without runs nothing can be told")
    got = await probe.call("wilson", 0, 0)
    probe.expect([*as_states(got, "two numbers")] == [0, 1], "without runs it is from 0 to 1")
    plans = [[(1, "goal")] * 3, [(0, "goal"), (2, "goal"), (0, "none")]]
    await Contest(probe, 0, plans).expect("solved", "calls", "verdict")


### END HIDDEN TESTS
