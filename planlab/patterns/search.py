"""Searches over a puzzle: greedy, best of n, breadth first, best first, and LATS.

Tree of Thoughts (arXiv:2305.10601) keeps the best few states of each level. LATS (Language Agent
Tree Search, arXiv:2310.04406) selects by UCT, expands by asking, simulates in the real puzzle and
backpropagates what came of it. Each is handed the same roles and pays from the same budget, so that
they can be compared: `propose(state, lessons)` and `evaluate(state)` are one call each; `proposing`
and `evaluating` of `planlab.searching` make them of a model. A step in the puzzle costs nothing.

All return the path to the goal and stop with: answered, budget, unsolvable (every state that was
proposed is a dead end), failed (`detail.error`); greedy and breadth first also stuck (no state is
left to go on from, and they never go back), best of n also rounds. Raises `BadInput`.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Generic, Literal, TypeVar

from planlab.cost import Budget
from planlab.errors import BadInput
from planlab.records import Result, Stop
from planlab.searching import Evaluate, Path, Propose, Puzzle, Reflect, Search, Tree, explore
from planlab.uct import Node, backpropagate, close_finished, uct

S = TypeVar("S")
Found = Result[Path, Search[S]]


async def greedy(
    puzzle: Puzzle[S],
    *,
    propose: Propose[S],
    evaluate: Evaluate[S],
    budget: Budget,
    depth: int = 10,
) -> Found[S]:
    """Go to the best of the proposed states, and never back."""
    tree = Tree(puzzle, propose=propose, evaluate=evaluate, budget=budget, depth=depth)
    return await explore("greedy", tree, _levels(1))


async def breadth_first(
    puzzle: Puzzle[S],
    *,
    propose: Propose[S],
    evaluate: Evaluate[S],
    budget: Budget,
    beam: int = 5,
    depth: int = 10,
) -> Found[S]:
    """Level by level, and only the best `beam` states of each are gone on from."""
    if beam < 1:
        raise BadInput(f"beam is {beam}: at least one state of a level must stay.")
    tree = Tree(puzzle, propose=propose, evaluate=evaluate, budget=budget, depth=depth)
    return await explore("breadth_first", tree, _levels(beam))


def _levels(beam: int) -> Callable[[Tree[S]], Awaitable[Stop]]:
    async def search(tree: Tree[S]) -> Stop:
        level = [tree.root]
        while level:
            for node in level:
                await tree.ask(node)
                if tree.goal:
                    return Stop.ANSWERED
            found = [child for node in level for child in node.children if not tree.is_end(child)]
            for child in found:
                await tree.rate(child)
            level = sorted(found, key=lambda node: -(node.value or 0.0))[:beam]
        return Stop.STUCK

    return search


async def best_of_n(
    puzzle: Puzzle[S],
    *,
    propose: Propose[S],
    budget: Budget,
    rng: Random,
    n: int | None = None,
    depth: int = 10,
) -> Found[S]:
    """Try again from the start, at random among what is proposed: `n` times, or while money lasts.

    It values nothing; the puzzle itself says which try was right.
    """
    if n is not None and n < 1:
        raise BadInput(f"n is {n}: at least one try is needed.")

    async def search(tree: Tree[S]) -> Stop:
        for _ in range(n) if n is not None else count():
            node = tree.root
            for _ in range(depth):
                if tree.is_end(node):
                    break
                proposed = await tree.ask(node)
                if tree.goal:
                    return Stop.ANSWERED
                if not proposed:
                    break
                node = rng.choice(proposed)
        return Stop.ROUNDS

    tree = Tree(puzzle, propose=propose, evaluate=_unvalued, budget=budget, depth=depth)
    return await explore("best_of_n", tree, search)


def _unvalued(state: object) -> float:
    return 0.0


async def best_first(
    puzzle: Puzzle[S],
    *,
    propose: Propose[S],
    evaluate: Evaluate[S],
    budget: Budget,
    again: float = 0.65,
    patience: int = 3,
    depth: int = 10,
) -> Found[S]:
    """Always go on from the best state anywhere, and value a state only when its turn comes.

    Until then it counts as good as its parent. Asked once, a state may be asked again: it is then
    worth `again` times as much, until `patience` asks in a row brought nothing new.
    """
    _check_again(again, patience)
    turn = count()
    heap: list[tuple[float, int, int, Node[S]]] = []

    def push(node: Node[S], worth: float) -> None:
        # Of two that are equally good the deeper, then the older.
        heappush(heap, (-worth, -len(node.path), next(turn), node))

    async def search(tree: Tree[S]) -> Stop:
        tree.root.value = 1.0  # there is a way from here, we hope
        push(tree.root, 1.0)
        while heap and not tree.goal:
            worth, _, _, node = heappop(heap)
            is_new = node.value is None
            value = await tree.rate(node)
            for child in [] if is_new else await tree.expand(node):
                push(child, -worth)
            if not tree.is_end(node) and node.dry < patience:
                push(node, value * again**node.asks)
        return Stop.UNSOLVABLE

    tree = Tree(puzzle, propose=propose, evaluate=evaluate, budget=budget, depth=depth)
    return await explore("best_first", tree, search)


async def run_lats(
    puzzle: Puzzle[S],
    *,
    propose: Propose[S],
    evaluate: Evaluate[S],
    budget: Budget,
    rng: Random,
    reflect: Reflect[S] | None = None,
    c: float = 0.01,
    promise: float = 0.5,
    again: float = 0.65,
    patience: int = 3,
    backup: Literal["mean", "max"] = "mean",
    depth: int = 10,
) -> Found[S]:
    """Select by UCT, expand, simulate, backpropagate, until the goal is found.

    Asking a state again is one more arm of its bandit, worth `again` times less each time, until
    `patience` asks in a row brought nothing new. A simulation goes on in the puzzle from each state
    that is valued `promise` or more (0: always to an end; above 1: never). `backup` says what a
    state's rollouts are worth to UCT. `reflect` makes a lesson of a failed end, for one call.
    """
    _check_again(again, patience)
    if backup not in ("mean", "max") or not 0 <= c < math.inf:
        raise BadInput(f"backup is {backup!r}, c {c}: 'mean' or 'max', and a number from 0.")
    tree = Tree(puzzle, propose=propose, evaluate=evaluate, budget=budget, depth=depth)
    lats = _Lats(tree, rng, reflect, c, promise, again, patience, backup)
    return await explore("lats", tree, lats.search)


def _check_again(again: float, patience: int) -> None:
    if not 0 < again <= 1 or patience < 1:
        raise BadInput(
            f"again is {again} and patience {patience}: asking again is worth more than 0 and at "
            "most 1 times as much, and one ask without anything new is the least to wait for."
        )


@dataclass(frozen=True)
class _Lats(Generic[S]):
    tree: Tree[S]
    rng: Random
    reflect: Reflect[S] | None
    c: float
    promise: float
    again: float
    patience: int
    backup: str

    async def search(self, tree: Tree[S]) -> Stop:
        while not tree.goal and not tree.root.closed:
            node = self.select(tree.root)
            is_new = not node.visits and node is not tree.root
            last = await self.simulate([node] if is_new else await self.expand(node)) or node
            close_finished(last, self.patience)
            if self.reflect and last.value == 0.0 and tree.is_end(last):
                tree.lessons.append(await tree.pay(self.reflect, last.path, last.state))
        return Stop.UNSOLVABLE

    def select(self, node: Node[S]) -> Node[S]:
        """Down from `node` by UCT, to a child never visited or a state worth asking (again)."""
        while node.visits or node.parent is None:
            arms = [(self.score(child), child) for child in node.children if not child.closed]
            best = max((score for score, _ in arms), default=-math.inf)
            if node.dry < self.patience and self.score_of_asking(node) >= best:
                return node
            node = self.rng.choice([child for score, child in arms if score == best])
        return node

    def score(self, node: Node[S]) -> float:
        value = node.best if self.backup == "max" else node.mean
        return uct(value, node.visits, node.parent.visits if node.parent else 0, self.c)

    def score_of_asking(self, node: Node[S]) -> float:
        worth = 1.0 if node.value is None else node.value  # there is a way from the start, we hope
        return uct(worth * self.again**node.asks, node.asks, node.visits, self.c)

    async def expand(self, node: Node[S]) -> list[Node[S]]:
        """The new children of `node`, by one more ask; the goal alone, where it is among them."""
        new = await self.tree.expand(node)
        return [self.tree.goal] if self.tree.goal else new

    async def simulate(self, nodes: list[Node[S]]) -> Node[S] | None:
        """Visit the nodes in turn; where one is promising, its new children take their place.

        Each visit is a rollout, and its reward is backpropagated: an end's real one, else the
        value of the state. Returns the last that was visited.
        """
        last = None
        while nodes:
            last = nodes.pop(0)
            reward = await self.tree.rate(last)
            backpropagate(last, reward)
            last.closed = self.tree.is_end(last)
            if not last.closed and reward >= self.promise:
                nodes = await self.expand(last)
        return last
