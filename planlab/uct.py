"""A search tree, and UCT: where to look next, from what was found so far.

UCT is UCB1 for trees (Kocsis and Szepesvári, 2006): what a child gave on average, and a bonus for
having been looked at seldom. A rollout is one reward for one node, from 0 to 1, and counts for
every node above it too:

    visits = 1 (its own rollout) + the sum of its children's; the root has none of its own
    mean   = the mean of the rewards of these rollouts
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(eq=False)
class Node(Generic[S]):
    """A state of the search, how it was reached, and what rollouts gave from here on."""

    state: S
    action: str = ""
    parent: "Node[S] | None" = field(default=None, repr=False)
    born: int = 0  # calls that had been made when it was found
    value: float | None = None  # the first estimate; an end's reward
    visits: int = 0
    total: float = 0.0
    best: float = 0.0
    asks: int = 0  # how often proposals were asked for
    dry: int = 0  # asks since one brought a new state
    closed: bool = False  # nothing more can come of it
    children: "list[Node[S]]" = field(default_factory=list, repr=False)

    @property
    def mean(self) -> float:
        """The mean reward of all rollouts from here on; 0.0 before the first."""
        return self.total / self.visits if self.visits else 0.0

    @property
    def line(self) -> "Iterator[Node[S]]":
        """This node, its parent, and so on up to the root."""
        node: Node[S] | None = self
        while node is not None:
            yield node
            node = node.parent

    @property
    def path(self) -> tuple[str, ...]:
        """The actions that lead here from the root."""
        return tuple(node.action for node in self.line if node.parent is not None)[::-1]


def uct(value: float, visits: int, parent_visits: int, c: float) -> float:
    """`value + c * sqrt(ln(parent_visits) / visits)`; infinite for what was never visited.

    Infinity sends the search to every new child once, so that no branch is given up unseen.

    >>> round(uct(0.5, 4, 16, c=1.0), 4)
    1.3326
    """
    if visits == 0:
        return math.inf
    return value + c * math.sqrt(math.log(max(1, parent_visits)) / visits)


def backpropagate(node: Node[S], reward: float) -> None:
    """Book one rollout's reward for the node and everything above it."""
    for above in node.line:
        above.visits += 1
        above.total += reward
        above.best = max(above.best, reward)


def close_finished(node: Node[S], patience: int) -> None:
    """Close what is finished, from `node` upwards: every child is closed, and no ask is worth it.

    Asks are not worth it after `patience` in a row that brought nothing new.
    """
    above: Node[S] | None = node
    while above and (above.closed or _is_finished(above, patience)):
        above.closed = True
        above = above.parent


def _is_finished(node: Node[S], patience: int) -> bool:
    return node.dry >= patience and all(child.closed for child in node.children)
