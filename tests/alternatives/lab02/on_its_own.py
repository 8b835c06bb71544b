"""Nothing of the lab's own cells: Tarjan with a stack of its own, bits for what is before."""

import re
from collections import Counter, defaultdict
from difflib import SequenceMatcher

QUESTIONS = ("structure", "hand_off", "limits", "repair")


def edges(plan):
    graph = defaultdict(set)
    for step in plan.steps:
        graph[step.id] |= set(step.depends_on) | {ref.step for ref in step.refs}
    return {id: {n for n in needed if n in graph and n != id} for id, needed in graph.items()}


def components(graph):
    number, low, stack, on_stack, parts = {}, {}, [], set(), []
    for root in graph:
        work = [] if root in number else [(root, None)]
        while work:
            id, rest = work.pop()
            if rest is None:
                number[id] = low[id] = len(number)
                stack.append(id)
                on_stack.add(id)
                rest = iter(graph[id])
            for other in rest:
                if other not in number:
                    work += [(id, rest), (other, None)]
                    break
                if other in on_stack:
                    low[id] = min(low[id], low[other])
            else:
                if low[id] == number[id]:
                    cut = stack.index(id)
                    parts.append(stack[cut:])
                    on_stack -= set(stack[cut:])
                    del stack[cut:]
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[id])
    return parts


def find_structure(plan, tools):
    offered = {tool.name for tool in tools}
    count = Counter(step.id for step in plan.steps)
    pairs = [("duplicate_id", id) for id, times in count.items() if times > 1]
    for part in components(edges(plan)):
        pairs += [("cycle", id) for id in part if len(part) > 1]
    for step in plan.steps:
        needs = [*step.depends_on, *(ref.step for ref in step.refs)]
        pairs += [("missing_id", step.id) for id in needs if id not in count]
        pairs += [("self_dependency", step.id)] * needs.count(step.id)
        if not (step.tool is None or step.tool in offered):
            pairs.append(("unknown_tool", step.id))
    return pairs


def plain(name):
    return " ".join(re.split(r"[\s_-]+", name.lower())).strip()


def find_hand_offs(plan):
    graph = edges(plan)
    pairs = []
    for step in plan.steps:
        seen, border = {step.id}, [step.id]
        while border:
            border = [n for id in border for n in graph[id] if n not in seen]
            seen.update(border)
        handed = {plain(other.output) for other in plan.steps if other.id in seen}
        made = {plain(other.output) for other in plan.steps}
        names = {plain(name) for name in re.findall(r"\{([A-Za-z_]\w*)\}", step.description)}
        pairs += [("not_made", step.id) for name in names - made]
        pairs += [("not_handed", step.id) for name in names & made - handed]
        texts = [a.value for a in step.arguments if type(a.value) is str]
        pairs += [("pasted", step.id) for t in texts if re.search(r"\{[A-Za-z_]\w*\}", t)]
    return pairs


def find_broken_limits(plan, goal, prices):
    names = [plain(step.output) for step in plan.steps]
    pairs = [("gap", output) for output in goal.outputs if plain(output) not in names]
    for place, (step, name) in enumerate(zip(plan.steps, names, strict=True)):
        if name and name in names[:place]:
            pairs.append(("overlap", step.id))
    judges = {"budget": on_budget, "permission": on_permission, "policy": on_policy}
    for limit in goal.constraints:
        pairs += judges[limit.kind](plan, limit, prices)
    return pairs


def on_budget(plan, limit, prices):
    cents = 0
    for step in plan.steps:
        if limit.limit is not None and limit.tool in (None, step.tool):
            cents += round(1000 * prices.get(step.tool, 0))
            if cents > round(1000 * limit.limit):
                return [("budget", step.id)]
    return []


def on_permission(plan, limit, prices):
    users = [step.id for step in plan.steps if step.tool and step.tool == limit.tool]
    return [("permission", id) for id in users[int(limit.limit or 0) :][:1]]


def on_policy(plan, limit, prices):
    used = limit.tool is None or any(step.tool == limit.tool for step in plan.steps)
    return [] if used else [("policy", limit.tool)]


def write_repair(kind, id, plan, tools):
    return globals()[f"on_{kind}"](id, plan, [tool.name for tool in tools])


def on_unknown_tool(id, plan, names):
    wrong = [s.tool for s in plan.steps if s.id == id and s.tool not in (None, *names)]
    likely = max(names, key=lambda name: SequenceMatcher(None, name, wrong[0]).ratio())
    return f"No tool is called {wrong[0]} (step {id}). Try {likely}; on offer are {names}."


def on_missing_id(id, plan, names):
    known = {step.id for step in plan.steps}
    outputs = {step.output: step.id for step in plan.steps}
    parts = [f"Step {id} refers to steps that do not exist."]
    for missing in {n for s in plan.steps if s.id == id for n in s.needs} - known:
        hint = f"means {outputs[missing]}" if missing in outputs else "is nowhere in sight"
        parts.append(f"Its {missing} {hint}.")
    return "\n".join(parts)


def on_self_dependency(id, plan, names):
    return f"Step {id} is among its own needs. Delete it there."


def on_cycle(id, plan, names):
    part = next(part for part in components(edges(plan)) if id in part)
    return "These steps form a ring; break it open: " + " / ".join(part)


def on_duplicate_id(id, plan, names):
    made = [step.output for step in plan.steps if step.id == id]
    return f"Who is {id}? Both the maker of {made[0]} and that of {made[1:]} claim it; rename."
