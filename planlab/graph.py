"""What a plan's dependencies say: its circles, what comes before what, and the longest chain.

A graph is a mapping from each id to the ids that it needs, all of which are keys themselves.
Nothing here recurses: a chain may be thousands of steps long.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from planlab.errors import BadInput

Graph = Mapping[str, Sequence[str]]


def find_components(needs: Graph) -> list[list[str]]:
    """The ids, together with those that they need in a circle; what is needed comes first.

    Each part is in the graph's order. (Kosaraju's algorithm: Sharir, Computers & Mathematics with
    Applications 7(1), 1981.)

    >>> find_components({"a": ["b"], "b": ["c"], "c": ["b"]})
    [['b', 'c'], ['a']]
    """
    dependents: dict[str, list[str]] = {id: [] for id in needs}
    for id, needed in needs.items():
        for other in needed:
            dependents[other].append(id)
    seen: set[str] = set()
    ended = [id for root in needs for id in _walk(root, needs, seen)]
    seen = set()
    parts = [_walk(root, dependents, seen) for root in reversed(ended)]
    place = {id: number for number, id in enumerate(needs)}
    return [sorted(part, key=place.__getitem__) for part in reversed(parts) if part]


def _walk(root: str, graph: Graph, seen: set[str]) -> list[str]:
    """What can be reached from `root` and was not seen, each after all that it leads to."""
    if root in seen:
        return []
    seen.add(root)
    ended: list[str] = []
    path: list[tuple[str, Iterator[str]]] = [(root, iter(graph[root]))]
    while path:
        following = next((id for id in path[-1][1] if id not in seen), None)
        if following is None:
            ended.append(path.pop()[0])
        else:
            seen.add(following)
            path.append((following, iter(graph[following])))
    return ended


def find_circle(part: Sequence[str], needs: Graph) -> list[str]:
    """The shortest way along the needs within a component, from its first step back to it.

    >>> find_circle(["b", "c"], {"a": ["b"], "b": ["c"], "c": ["b"]})
    ['b', 'c', 'b']
    """
    first, members = part[0], set(part)
    came_from: dict[str, str] = {}
    queue = [first]
    for id in queue:  # grows while it is read: breadth first
        for following in needs[id]:
            if following in members and following not in came_from:
                came_from[following] = id
                queue.append(following)
    path = [first, came_from[first]]
    while path[-1] != first:
        path.append(came_from[path[-1]])
    return path[::-1]


def find_upstream(needs: Graph) -> dict[str, int]:
    """For each id a number whose bits stand for itself and for all that it needs, near and far."""
    found = {id: 1 << place for place, id in enumerate(needs)}
    for part in find_components(needs):
        bits = 0
        for id in part:
            bits |= found[id]
            for other in needs[id]:
                bits |= found[other]
        found.update(dict.fromkeys(part, bits))
    return found


def find_critical_path(needs: Graph, seconds: Mapping[str, float]) -> tuple[list[str], float]:
    """The longest chain of needs, first to last, and its length: no run can be shorter.

    Of equally long chains it is the one whose last step, then the one before, and so on, stands
    first in the graph. Raises `BadInput` for a circle, a need that is no step, and a duration that
    is missing, negative or not finite. (Kelley & Walker, Critical-Path Planning, 1959.)

    >>> find_critical_path({"a": [], "b": ["a"], "c": ["a"]}, {"a": 1, "b": 2, "c": 3})
    (['a', 'c'], 4.0)
    """
    took = _durations(needs, seconds)
    place = {id: number for number, id in enumerate(needs)}
    end: dict[str, float] = {}
    before: dict[str, str | None] = {}

    def last(ids: Sequence[str]) -> str | None:
        return min(ids, key=lambda id: (-end[id], place[id]), default=None)

    for id in _topological(needs):
        previous = before[id] = last(needs[id])
        end[id] = took[id] + (0.0 if previous is None else end[previous])
    path: list[str] = []
    at = last(list(needs))
    while at is not None:
        path.append(at)
        at = before[at]
    return path[::-1], end[path[0]] if path else 0.0


def lower_bound(needs: Graph, seconds: Mapping[str, float], limit: int) -> float:
    """Seconds below which no schedule of at most `limit` steps at once can get.

    The larger of the longest chain and the work shared out evenly. (Graham, Bell System Technical
    Journal 45(9), 1966.)

    >>> lower_bound({"a": [], "b": [], "c": []}, {"a": 1, "b": 1, "c": 1}, limit=2)
    1.5
    """
    if limit < 1:
        raise BadInput(f"limit is {limit}: at least one step must be allowed to run.")
    _, longest = find_critical_path(needs, seconds)
    return max(longest, math.fsum(_durations(needs, seconds).values()) / limit)


def _durations(needs: Graph, seconds: Mapping[str, float]) -> dict[str, float]:
    """How long each step takes, checked."""
    missing = [id for id in needs if id not in seconds]
    if missing:
        raise BadInput(f"How long do these steps take? No duration for: {', '.join(missing)}.")
    for id in needs:
        if not (math.isfinite(seconds[id]) and seconds[id] >= 0):
            raise BadInput(f"{id!r} takes {seconds[id]} s: a duration is 0 or more, and finite.")
    return {id: float(seconds[id]) for id in needs}


def _topological(needs: Graph) -> list[str]:
    """The ids, each after what it needs."""
    for id, needed in needs.items():
        unknown = [other for other in needed if other not in needs]
        if unknown:
            raise BadInput(f"{id!r} needs {', '.join(unknown)}, which is no step.")
    parts = find_components(needs)
    for part in parts:
        if len(part) > 1 or part[0] in needs[part[0]]:
            circle = " needs ".join(find_circle(part, needs))
            raise BadInput(f"A circle has no longest chain: {circle}.")
    return [id for (id,) in parts]
