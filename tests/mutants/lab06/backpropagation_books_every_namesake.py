"""Whoever has a state of the path is booked, wherever it stands."""

QUESTIONS = ("backpropagation",)


def backpropagate(root: dict, path: list, reward: float) -> dict:
    """The tree with one more reward booked along the path."""
    if root["state"] in path:
        total = root["mean"] * root["visits"] + reward
        root["visits"] += 1
        root["mean"] = total / root["visits"]
        root["best"] = max(root["best"], reward)
    for kid in root["children"]:
        backpropagate(kid, path, reward)
    return root


def main_line(root: dict) -> list:
    """The states from the root down by the most visits."""
    node, line = root, [root["state"]]
    while any(kid["visits"] for kid in node["children"]):
        node = max(node["children"], key=lambda kid: (kid["visits"], kid["mean"]))
        line.append(node["state"])
    return line
