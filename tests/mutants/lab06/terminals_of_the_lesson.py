"""The search as it was found."""

# ruff: noqa: F821 (the lab's own: by_mean, new_spot, score)

QUESTIONS = ("terminals",)


async def search(start, propose, value, end, budget, rule=by_mean) -> tuple:
    """The path to a goal or None, and why it ended: "found", "budget" or "unsolvable"."""
    # To be mended:
    root, calls = new_spot(start), 0
    while calls < budget:
        line = [root]
        while line[-1]["children"]:
            parent = line[-1]
            line.append(max(parent["children"], key=lambda kid: score(kid, parent, rule)))
        if end(line[-1]["state"]) == 1.0:
            return [spot["state"] for spot in line], "found"
        calls += 1
        for state in await propose(line[-1]["state"]):
            child = new_spot(state)
            line[-1]["children"].append(child)
            calls += 1
            reward = await value(state)
            for spot in (*line, child):
                spot["rewards"].append(reward)
    return None, "budget"
