"""What every search shares: the puzzle, the tree, the one counter of model calls, the result.

Actions are proposed, and then really done in the puzzle: nothing is imagined. Backtracking is the
harness's: a model that proposes knows only the state that it is shown.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Protocol, TypeVar

from pydantic import Field

from planlab.cost import Budget
from planlab.errors import BadInput, MalformedAnswer, ToolError
from planlab.model import Model
from planlab.records import Record, Result, Stop
from planlab.roles import perform, stop_of
from planlab.trace import current_trace, span
from planlab.uct import Node

S = TypeVar("S")
T = TypeVar("T")

LESSONS = 5  # the newest, that whoever proposes is told


class Puzzle(Protocol[S]):
    """What can be searched: states are values, so that any of them can be gone back to."""

    @property
    def task(self) -> str:
        """The goal and the rules in words, for a model."""
        ...

    @property
    def start(self) -> S: ...

    def step(self, state: S, action: str) -> S | Awaitable[S]:
        """The state after `action`; raises `ToolError` where it is not allowed."""
        ...

    def is_goal(self, state: S) -> bool: ...

    def is_dead(self, state: S) -> bool:
        """Is there no way on from here, and this is not the goal?"""
        ...

    def key(self, state: S) -> Hashable:
        """Equal for states from which the same can be reached."""
        ...

    def describe(self, state: S) -> str:
        """The state in words."""
        ...


Path = tuple[str, ...]
Propose = Callable[[S, Sequence[str]], Sequence[str] | Awaitable[Sequence[str]]]
Evaluate = Callable[[S], float | Awaitable[float]]
Reflect = Callable[[Path, S], str | Awaitable[str]]


@dataclass(frozen=True)
class Search(Generic[S]):
    """What a search leaves behind: its tree, its best path at any time, what it asked.

    `nodes` are in the order in which they were found, the root first. `best` ends at the goal, else
    at the state that was valued highest. `calls` were made of the models; `refused` are proposals
    that the puzzle did not allow; `lessons` came from failures.
    """

    nodes: tuple[Node[S], ...]
    best: Path
    calls: int
    refused: tuple[str, ...]
    lessons: tuple[str, ...]
    error: Exception | None


class Tree(Generic[S]):
    """A puzzle being searched: proposes, steps, values, and pays a call for each question."""

    def __init__(
        self,
        puzzle: Puzzle[S],
        *,
        propose: Propose[S],
        evaluate: Evaluate[S],
        budget: Budget,
        depth: int = 10,
    ) -> None:
        if depth < 0:
            raise BadInput(f"depth is {depth}: a path has 0 steps or more.")
        self.puzzle, self.budget, self.depth = puzzle, budget, depth
        self._propose, self._evaluate = propose, evaluate
        self.root = Node(puzzle.start)
        self.nodes = [self.root]
        self.goal = self.root if puzzle.is_goal(puzzle.start) else None
        self.calls = 0
        self.refused: list[str] = []
        self.lessons: list[str] = []
        self._known = {puzzle.key(puzzle.start): self.root}

    async def ask(self, node: Node[S]) -> list[Node[S]]:
        """The states that are proposed from `node`, one call; what is new becomes its child."""
        actions = await self.pay(self._propose, node.state, tuple(self.lessons[-LESSONS:]))
        if isinstance(actions, str) or not all(isinstance(action, str) for action in actions):
            raise BadInput(f"propose gave {actions!r}: it gives a list of actions, each as text.")
        born = len(self.nodes)
        found = [await self._reach(node, action) for action in dict.fromkeys(actions)]
        node.asks += 1
        node.dry = node.dry + 1 if len(self.nodes) == born else 0
        return list({id(child): child for child in found if child is not None}.values())

    async def expand(self, node: Node[S]) -> list[Node[S]]:
        """Ask once more, for the new states alone."""
        before = len(node.children)
        await self.ask(node)
        return node.children[before:]

    async def _reach(self, node: Node[S], action: str) -> Node[S] | None:
        """The node that `action` leads to; one that is known, unless it was farther from here."""
        try:
            state = await perform(self.puzzle.step, node.state, action)
        except ToolError:
            self.refused.append(action)
            return None
        key, child = self.puzzle.key(state), Node(state, action, node, self.calls)
        known = self._known.get(key)
        if known is not None and len(known.path) <= len(child.path):
            return known
        self._known[key] = child
        self.nodes.append(child)
        node.children.append(child)
        if self.puzzle.is_goal(state):
            child.value = 1.0
            self.goal = self.goal or child
        return child

    async def rate(self, node: Node[S]) -> float:
        """How good a state is, from 0 to 1: an end's real reward, else one call's estimate."""
        if node.value is None and self.is_end(node):
            node.value = 0.0
        if node.value is None:
            value = await self.pay(self._evaluate, node.state)
            if not isinstance(value, int | float) or not 0 <= value <= 1:
                state = self.puzzle.describe(node.state)
                raise MalformedAnswer(f"The value of {state} is {value!r}, not from 0 to 1.")
            node.value = float(value)
        return node.value

    def is_end(self, node: Node[S]) -> bool:
        """The goal, a dead end, or as deep as it may go: nothing is asked from here."""
        state = node.state
        if self.puzzle.is_goal(state) or self.puzzle.is_dead(state):
            return True
        return len(node.path) >= self.depth

    async def pay(self, role: Callable[..., T | Awaitable[T]], *given: object) -> T:
        """What a role answers, for one call; raises `BudgetSpent` before one too many."""
        self.budget.reserve(calls=1).settle(calls=1)
        self.calls += 1
        return await perform(role, *given)

    @property
    def best(self) -> Node[S]:
        """The goal, else the state that was valued highest, the first of equals."""
        valued = (node for node in self.nodes[1:] if node.value is not None)
        return self.goal or max(valued, key=lambda node: node.value or 0.0, default=self.root)


async def explore(
    name: str, tree: Tree[S], search: Callable[[Tree[S]], Awaitable[Stop]]
) -> Result[Path, Search[S]]:
    """Run `search`, which ends at the goal or says why without; the answer is the path to it."""
    problem: Exception | None = None
    with current_trace() as trace, span("run", name) as record:
        stop = Stop.UNSOLVABLE if tree.is_end(tree.root) else Stop.STUCK
        try:
            if stop == Stop.STUCK:
                stop = await search(tree)
        except Exception as error:
            stop, problem = stop_of(error), error
        stop = Stop.ANSWERED if tree.goal else stop
        record.data |= {"stop": stop, "calls": tree.calls, "states": len(tree.nodes)}
    detail = Search(
        tuple(tree.nodes),
        tree.best.path,
        tree.calls,
        tuple(tree.refused),
        tuple(tree.lessons),
        problem,
    )
    answer = tree.goal.path if tree.goal else None
    return Result(answer, stop, trace, trace.usage_in(record), detail)


class Proposals(Record):
    """What a model proposes to do next."""

    actions: Annotated[tuple[str, ...], Field(description="Possible next actions, best first.")]


class Estimate(Record):
    """What a model thinks of a state."""

    reason: Annotated[str, Field(description="One sentence.")]
    value: Annotated[float, Field(ge=0, le=1, description="How likely the goal can be reached.")]


class Lesson(Record):
    """What a model learns from a failure."""

    lesson: Annotated[str, Field(description="What to do differently next time, in one sentence.")]


def proposing(model: Model, puzzle: Puzzle[S]) -> Propose[S]:
    """`propose` by a model. An answer that does not fit is asked for again, on its own budget."""

    async def propose(state: S, lessons: Sequence[str]) -> Sequence[str]:
        learned = "".join(f"\nLearned before: {lesson}" for lesson in lessons)
        ask = f"Propose several possible next actions.{learned}"
        return (await model.fill(_asked(puzzle, state, ask), Proposals)).actions

    return propose


def evaluating(model: Model, puzzle: Puzzle[S]) -> Evaluate[S]:
    """`evaluate` by a model."""

    async def evaluate(state: S) -> float:
        ask = "How likely is it that the goal can be reached from this state?"
        return (await model.fill(_asked(puzzle, state, ask), Estimate)).value

    return evaluate


def reflecting(model: Model, puzzle: Puzzle[S]) -> Reflect[S]:
    """`reflect` by a model."""

    async def reflect(path: Path, state: S) -> str:
        ask = f"This is no goal. The way here: {'; '.join(path)}. What is to be learned from it?"
        return (await model.fill(_asked(puzzle, state, ask), Lesson)).lesson

    return reflect


def _asked(puzzle: Puzzle[S], state: S, ask: str) -> str:
    return f"{puzzle.task}\n\nState: {puzzle.describe(state)}\n\n{ask}"
