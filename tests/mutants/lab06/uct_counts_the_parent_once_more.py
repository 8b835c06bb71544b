"""One visit more for the parent than it has."""

import math

QUESTIONS = ("uct",)


def uct(value: float, visits: int, parent_visits: int, c: float) -> float:
    """The value, and a bonus for having been visited seldom."""
    if visits == 0:
        return math.inf
    return value + c * math.sqrt(math.log(parent_visits + 1) / visits)


def select(root: dict, c: float) -> list:
    """The states from the root down to the node to go on from."""
    if root["closed"]:
        return []
    node, line = root, [root["state"]]
    while node["children"]:
        parent = node
        kids = [kid for kid in parent["children"] if not kid["closed"]]
        node = max(kids, key=lambda kid: uct(kid["mean"], kid["visits"], parent["visits"], c))
        line.append(node["state"])
    return line
