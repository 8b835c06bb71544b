"""What a plan's dependencies say: which steps stand in a circle, and what comes before what.

A graph is a mapping from each id to the ids that it needs, all of which are keys themselves.
Nothing here recurses: a chain may be thousands of steps long.
"""

from collections.abc import Iterator, Mapping, Sequence

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
