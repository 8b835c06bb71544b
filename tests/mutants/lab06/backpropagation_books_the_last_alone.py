"""Only the last state of the path gets the reward."""

QUESTIONS = ("backpropagation",)


def backpropagate(root: dict, path: list, reward: float) -> dict:
    """The tree with one more reward booked along the path."""
    node = root
    for depth, state in enumerate(path):
        if depth > 0:
            node = next(kid for kid in node["children"] if kid["state"] == state)
        if depth < len(path) - 1:
            continue
        total = node["mean"] * node["visits"] + reward
        node["visits"] += 1
        node["mean"] = total / node["visits"]
        node["best"] = max(node["best"], reward)
    return root


def main_line(root: dict) -> list:
    """The states from the root down by the most visits."""
    node, line = root, [root["state"]]
    while any(kid["visits"] for kid in node["children"]):
        node = max(node["children"], key=lambda kid: (kid["visits"], kid["mean"]))
        line.append(node["state"])
    return line
