"""A function for each kind; circles by cutting away what can start, then walking both ways."""

# ruff: noqa: F821 (the lab's own: same, walk_back, needs_of, NAME)

from difflib import get_close_matches
from itertools import accumulate

QUESTIONS = ("structure", "hand_off", "limits", "repair")


def find_structure(plan, tools):
    return {
        *(("duplicate_id", id) for id in twice([step.id for step in plan.steps])),
        *(("missing_id", step.id) for step in plan.steps if lost(step, plan)),
        *(("self_dependency", step.id) for step in plan.steps if step.id in step.needs),
        *(("cycle", id) for circle in circles(plan) for id in circle),
        *(("unknown_tool", step.id) for step in plan.steps if is_unknown(step.tool, tools)),
    }


def twice(ids):
    met = set()
    return [id for id in ids if id in met or met.add(id)]


def lost(step, plan):
    known = {other.id for other in plan.steps} if step.needs else set()
    return [id for id in step.needs if id not in known]


def is_unknown(name, tools):
    return name is not None and all(name != tool.name for tool in tools)


def circles(plan):
    """Groups of ids: forwards until all is found that a step leads to, then backwards from it."""
    needs = needs_of(plan)
    wanted_by = {id: [] for id in needs}
    for id, needed in needs.items():
        for one in needed:
            wanted_by[one].append(id)
    left = {id: sum(1 for _ in needed) for id, needed in needs.items()}
    free = [id for id, count in left.items() if not count]
    for id in free:
        for other in wanted_by[id]:
            left[other] -= 1
            if not left[other]:
                free.append(other)
    rest, done = [id for id in needs if left[id]], set()
    for id in rest:
        if id not in done:
            circle = walk_back(id, needs) & walk_back(id, wanted_by)
            done |= circle
            if circle:
                yield circle


def find_hand_offs(plan):
    return {(kind, step.id) for step in plan.steps for kind in breaks(step, plan)}


def breaks(step, plan):
    before = {step.id, *walk_back(step.id, needs_of(plan))}
    for name in NAME.findall(step.description):
        makers = [other.id for other in plan.steps if same(other.output) == same(name)]
        if not makers:
            yield "not_made"
        elif before.isdisjoint(makers):
            yield "not_handed"
    if NAME.search(" ".join(a.value for a in step.arguments if isinstance(a.value, str))):
        yield "pasted"


def find_broken_limits(plan, goal, prices):
    return [*coverage(plan, goal), *overruns(plan, goal, prices)]


def coverage(plan, goal):
    made = {}
    for step in plan.steps:
        if same(step.output) and made.setdefault(same(step.output), step) is not step:
            yield ("overlap", step.id)
    for name in goal.outputs:
        if same(name) not in made:
            yield ("gap", name)


def overruns(plan, goal, prices):
    for limit in goal.constraints:
        used = [s for s in plan.steps if s.tool is not None and s.tool == (limit.tool or s.tool)]
        match limit.kind, limit.tool, limit.limit:
            case "budget", _, None:
                pass
            case "budget", _, most:
                yield from over("budget", used, [prices.get(s.tool, 0) for s in used], most)
            case _, None, _:
                pass
            case "permission", _, most:
                yield from over("permission", used, [1] * len(used), most or 0)
            case "policy", tool, _ if not used:
                yield ("policy", tool)


def over(kind, steps, costs, most):
    sums = accumulate(costs)
    dear = [(kind, s.id) for s, spent in zip(steps, sums, strict=True) if spent - most > 0.001]
    return dear[:1]


def write_repair(kind, id, plan, tools):
    mine = [step for step in plan.steps if step.id == id]
    if kind == "duplicate_id":
        made = ", ".join(step.output for step in mine)
        return f"{len(mine)} steps have the id {id}. They make: {made}. Every id must be unique."
    if kind == "self_dependency":
        return f"Strike {id} from what {id} depends on or refers to."
    if kind == "cycle":
        around = sorted(next(circle for circle in circles(plan) if id in circle))
        return f"You go round in a circle: {' <- '.join(around)}. One arrow has to go."
    if kind == "unknown_tool":
        wrong = next(step.tool for step in mine if is_unknown(step.tool, tools))
        close = get_close_matches(wrong, [tool.name for tool in tools])
        close = close or [tool.name for tool in tools]
        return f'In {id}, replace "{wrong}", which is no tool, by: {", ".join(close)}.'
    text = f"{id} asks for what no step is:"
    for missing in (name for step in mine for name in lost(step, plan)):
        makers = [step.id for step in plan.steps if step.output == missing]
        text += f" {missing}" + (f" (write the id {makers[0]})" if makers else " (invented)")
    return text
