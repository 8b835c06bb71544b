"""What the model holds true of a scene, by canonical concept: the belief from which schemas are
filled.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from jsonschema import Draft202012Validator

from planlab.simulated import critic, plans, words
from planlab.simulated.agenda import lasting, particulars
from planlab.simulated.arguments import COMPOSED, meaning, title, told, value_for
from planlab.simulated.choice import points_back
from planlab.simulated.concepts import rank_concepts
from planlab.simulated.facts import counted, facts, items
from planlab.simulated.fields import extracted, properties
from planlab.simulated.fill import fill
from planlab.simulated.limits import limits, unlimited
from planlab.simulated.marking import is_marking
from planlab.simulated.report import is_unknown, names_of, recommendation, report
from planlab.simulated.scene import Scene
from planlab.simulated.tasks import Step, best_tool, is_finished, plan, renumbered

Belief = dict[str, object]
_FAILING = re.compile(
    (
        r"fail|error|down|unavailable|broken|forbidden|not allowed|"
        r"not permitted|denied|refus|unknown|over budget|without "
        r"permission|not on offer"
    ),
    re.I,
)


def believe(scene: Scene, steps: Sequence[Step], answer: str) -> Belief:
    """The belief that a scene gives, with `answer` as what the model would say in words."""
    names = names_of(scene, steps)
    found = [fact.text for fact in facts(scene) if fact.text]
    verdict, state = critic.review(scene), critic.judge_state(scene)
    covered = is_covered(scene, steps)
    planned = planned_steps(scene)
    chosen = next((step for step in planned if step["tool"]), {"tool": "", "arguments": {}})
    writes = (
        critic.revise(scene, report(scene, names))
        if scene.role == "reviser" and scene.draft
        else report(scene, names)
    )
    honest = 0.9 if found and covered else 0.6 if found or not scene.tools else 0.5
    told = answer or (found[-1] if found else scene.goal)
    tables = [
        (f"{label} {name}", name, value) for label, table in counted(scene) for name, value in table
    ]
    belief: Belief = {
        "goal": scene.goal,
        "steps": planned,
        "outputs": outputs(unlimited(scene.goal) or scene.goal),
        "constraints": constraints(scene),
        "reasoning": _reasoning(scene, planned, covered),
        "thought": _reasoning(scene, planned, covered),
        "summary": words.clip(found[-1] if found else told, 300),
        "answer": told,
        "text": writes if scene.role in ("reviser", "writer", "synthesiser") or found else told,
        "score": verdict.score if state is None else state,
        "approved": verdict.approved,
        "issues": list(verdict.issues),
        "suggestions": list(verdict.suggestions),
        "confidence": round(min(0.99, honest + scene.size.overconfidence), 2),
        "decision": "finish"
        if covered
        else "replan"
        if scene.observations or scene.material
        else "continue",
        "done": covered,
        "replan": not covered,
        "finding": found[-1] if found else told,
        "findings": found or words.sentences(scene.material)[:5],
        "items": [
            {
                "name": item.name,
                "value": item.amount if item.amount is not None else item.text,
                "price": item.price,
                "text": item.text,
            }
            for item in items(scene, names)
        ]
        or [{"name": name, "value": value, "count": value} for _, name, value in tables],
        "numbers": [{"name": name, "value": value} for name, _, value in tables],
        "recommendation": recommendation(scene, names),
        "risks": _risks(scene),
        "tool": chosen["tool"],
        "arguments": chosen["arguments"],
        "title": title(scene.goal or told),
    }
    belief["needs_plan"] = len(planned) >= 3
    belief["finished_ids"] = _finished_ids(scene)
    if scene.role == "critic" and verdict.approved and not scene.draft:
        belief["recommendation"] = ""  # nothing is to be mended
    if not (scene.role == "joiner" and belief["done"]):  # where it finishes, no word is a failure
        belief |= told_of_plan(scene, planned, answer)
    if chosen_of := critic.compared(scene):
        belief = {**belief, "reasoning": chosen_of[1], "winner": chosen_of[0]}
    elif is_marking(scene):
        told = verdict.feedback
        judged: Belief = {"reasoning": told, "answer": told, "summary": told}
        return {**belief, **verdict.particulars, **judged, "done": not verdict.issues}
    return {**belief, **read_off(scene)}


_OF_A_PLAN = ("steps", "failure", "completed", "title", "duration", "goal", "reasoning")


def read_off(scene: Scene) -> Belief:
    """The fields that the texts state; what is judged or planned is not read off them."""
    if is_marking(scene):
        return {}
    planned = _OF_A_PLAN if plans.is_asked(scene) else ()
    guessed: Belief = {}
    if scene.schema and "needs_plan" in properties(scene.schema):
        count = len(planned_steps(scene))
        guessed = {"hours": 2.0 * count if count > 1 else 0.1}
    return guessed | {
        name: value
        for name, value in extracted(scene).items()
        if not set(rank_concepts("root", name, "")[:1]) & set(planned)
    }


def told_of_plan(
    scene: Scene, planned: Sequence[Mapping[str, object]], answer: str
) -> Mapping[str, object]:
    """What is said of a plan as a whole, and of the one that it replaces; where nothing is known,
    the answer alone says so.
    """
    state = plans.progress(scene)
    failure = "; ".join(
        f"{step} failed: {why}" if why else f"{step} failed" for step, why in state.failed
    )
    found: Belief = {}
    if state.done or state.failed:
        found |= {"failure": failure, "completed": list(state.done)}
    if failure:
        found["reasoning"] = f"{failure}. Only the work that remains is planned anew."
    if is_unknown(answer):
        nothing: Belief = {"summary": "", "finding": "", "findings": [], "text": ""}
        found = {**nothing, **found}
        if planned and plans.is_asked(scene):
            first, last = planned[0]["description"], planned[-1]["description"]
            told = f"{len(planned)} steps, from “{first}” to “{last}”."
            found |= {"answer": told, "summary": told, "text": told}
    if planned and plans.is_asked(scene) and not scene.tools:
        act = plans.aim_of(scene.goal or scene.ask).act
        found["title"] = words.clip(act[:1].upper() + act[1:], 80)
        found["duration"] = lasting(planned, scene)
    return found


def fitted(
    schema: Mapping[str, object], belief: Belief, exact: Mapping[str, object], seed: int
) -> object:
    """A value valid under `schema` that says what is believed; `exact` values stand under their
    own names.
    """
    value = fill(schema, belief, seed=seed)
    if not isinstance(value, dict):
        return value
    valid = Draft202012Validator(dict(schema)).is_valid
    for name, part in exact.items():
        if name in value and valid({**value, name: part}):
            value = {**value, name: part}
    return value


_ENDS = ("finish", "done", "stop", "end", "complete", "answer", "reached", "final")
_GOES_ON = ("replan", "again", "retry", "continue", "redo", "revise", "plan", "more")


def decided(schema: Mapping[str, object], scene: Scene, steps: Sequence[Step]) -> dict[str, object]:
    """The choice between ending and going on, in the schema's own words."""
    wanted = _ENDS if is_covered(scene, steps) else _GOES_ON
    found: dict[str, object] = {}
    for name, part in properties(schema).items():
        choices = (
            [str(choice) for choice in listed]
            if isinstance(listed := part.get("enum"), list)
            else []
        )
        ends = [choice for choice in choices if any(word in _ENDS for word in words.pieces(choice))]
        on = [
            choice for choice in choices if any(word in _GOES_ON for word in words.pieces(choice))
        ]
        if ends and on:
            found[name] = (ends if wanted is _ENDS else on)[0]
    return found


def is_covered(scene: Scene, steps: Sequence[Step]) -> bool:
    """Whether what was observed is enough for the goal: each thing found, nothing failed."""
    if not scene.observations and not scene.material:
        return not any(step.tool for step in steps) and not scene.remaining
    text = f"{scene.material}\n" + "\n".join(
        seen.text for seen in scene.observations if not seen.error
    )
    wanted = words.entities(scene.goal)
    bad = sum(bool(seen.error) for seen in scene.observations)
    failed = re.search(
        r"\b(?:failed|error|not found|no results?|missing|unavailable)\b", scene.material, re.I
    )
    return (
        not scene.remaining
        and not failed
        and bad == 0
        and all(words.pieces(name)[-1] in words.pieces(text) for name in wanted)
    )


# ---- plans -------------------------------------------------------------------------------------
# ------------


def planned_steps(scene: Scene) -> list[dict[str, object]]:
    """The plan as data: only what is left to do, without what failed, under ids that are free."""
    avoid = _avoided(scene)
    steps = _remaining(scene, avoid)
    steps = tuple(
        replace(
            step,
            tool=best_tool(step.kind, f"{step.description} {step.topic}", scene, without=avoid),
        )
        if step.tool and step.tool.name in avoid
        else step
        for step in steps
    )
    steps = sized(_limited(_drafted(steps, scene), scene), scene)
    taken = taken_ids(scene)
    numbered = _joined_on(renumbered(steps, taken) if taken else steps, scene)
    data = [_as_data(step, scene, index, len(numbered)) for index, step in enumerate(numbered)]
    return _under_names(data, scene)


_NAMED = re.compile(
    r"^[^:\n]*\boutputs?\b[^:\n]*\b(?:must|required|wanted|names?)\b[^:\n]*: *(.+)$", re.M | re.I
)


def _under_names(data: list[dict[str, object]], scene: Scene) -> list[dict[str, object]]:
    """Each output that the prompt wants under a name, by the last step that speaks most of it."""
    listed = [name.strip(" .") for row in _NAMED.findall(scene.ask) for name in row.split(";")]
    listed += re.findall(r"`output` is '([^']+)'", scene.feedback)
    free = list(reversed(data))
    for name in dict.fromkeys(listed):
        wanted = words.content(name.replace("_", " "))
        if free:
            maker = max(
                free, key=lambda d: words.overlap(wanted, words.content(str(d["description"])))
            )
            free.remove(maker)
            data = [{**each, "output": name} if each is maker else each for each in data]
    return data


def _joined_on(steps: Sequence[Step], scene: Scene) -> tuple[Step, ...]:
    """Steps of which those that work on results, and have none yet, work on what is finished."""
    finished = tuple(_finished_ids(scene))
    return tuple(
        step
        if step.depends_on or step.kind in (*words.GATHER, "question") or not finished
        else replace(step, depends_on=finished)
        for step in steps
    )


def _finished_ids(scene: Scene) -> list[str]:
    """The ids of steps that are done; last those in words, whose text is what is passed on."""
    names = [tool.name for tool in scene.tools]
    lines = sorted(scene.finished, key=lambda line: not any(name in line for name in names))
    return [found[1] for line in lines if (found := re.match(r"(\w*\d)\s*:", line))]


def _drafted(steps: Sequence[Step], scene: Scene) -> tuple[Step, ...]:
    """Steps with one before each that passes a text on, in which that text is put into words."""
    made: dict[str, Step] = {}
    for step in steps:
        names = step.tool.properties.items() if step.tool else ()
        texts = [n for n, part in names if step.tool and meaning(n, part, step.tool) == "content"]
        text = next((each.id for each in reversed([*made.values()]) if _is_text(each)), None)
        if texts and text and points_back(step.description):
            step = replace(step, depends_on=(*dict.fromkeys((*step.depends_on, text)),))
        ready = text in step.depends_on
        if texts and step.depends_on and not ready and not _is_told(texts[0], step, scene):
            found = [each.id for each in made.values() if each.tool and each.kind in words.GATHER]
            thing, needs = plans.aim_of(step.description).thing, dict.fromkeys(found)
            draft = Step(f"{step.id}a", "answer", f"Draft {thing}", thing, None, ())
            if step.kind in ("write", "draft"):
                draft = replace(draft, description=step.description)
                step = replace(step, description=f"Save {thing}")
            made[draft.id] = replace(draft, depends_on=(*needs | dict.fromkeys(step.depends_on),))
            step = replace(step, depends_on=(draft.id,))
        made[step.id] = step
    return renumbered(tuple(made.values()), ()) if len(made) > len(steps) else tuple(steps)


def _is_text(step: Step) -> bool:
    """Whether a step puts what was found into words, and does not only pick something out."""
    return (
        step.tool is None
        and words.verb_kind(words.first_word(step.description)) not in words.GATHER
    )


def _is_told(name: str, step: Step, scene: Scene) -> bool:
    """Whether the request itself says the words that are to be passed on."""
    return told(name, step.description, scene.goal) is not None


def _remaining(scene: Scene, avoid: Sequence[str]) -> tuple[Step, ...]:
    """Steps of the goal that nothing finished covers, and those that the feedback asks to add."""
    if not scene.tools and plans.is_asked(scene) and (replanned := plans.replanned(scene)):
        return replanned
    added = re.findall(
        r"\b(?:add a step (?:that|to|for)|no step (?:makes|produces|that|to|for)|"
        r"missing (?:step|output)s?:?)\s+['\"`]?(?!it\b)([^.'\"`\n]+)",
        f"{scene.feedback}\n{scene.reason}",
    )
    open_ = () if _NEW_GOAL.search(scene.reason) else plans.without_marks(scene.remaining)
    goal = "\n".join(
        [
            ". ".join(open_) or _without_tools(scene),
            *(
                line if words.verb_kind(words.first_word(line)) else f"produce {line}"
                for line in added
            ),
        ]
    )
    steps = plan(replace(scene, goal=goal, material="", observations=()))
    if plans.is_untooled(scene, steps):
        steps = plans.drafted(replace(scene, goal=goal))
    # What the prompt lists as open is open, however much it resembles something finished.
    left = [step for step in steps if open_ or not is_finished(step, scene)]
    kept = [step.id for step in left]
    return tuple(
        replace(step, depends_on=tuple(each for each in step.depends_on if each in kept))
        for step in left
    )


_AIM = r"(?:goal|task|request|brief|aim)"
_NEW_GOAL = re.compile(  # what remains of the old plan is no longer what is wanted
    rf"\b{_AIM}\b[^.;\n]{{0,40}}\b(?:chang|updat|replac|widen|narrow)\w*|"
    rf"\b(?:new|changed|updated|different|another) {_AIM}\b",
    re.I,
)


def _without_tools(scene: Scene) -> str:
    """The goal without the lines that only say which tools there are, or that a plan follows."""
    names = "|".join(re.escape(tool.name) for tool in scene.tools)
    listed = rf"^\W*(?:(?:available )?tools?:?\W*|(?:{names or '(?!)'})\b\s*(?:\(.*|[:-].*))$\n?"
    kept = re.sub(listed, "", scene.goal, flags=re.I | re.M).strip()
    return re.sub(r"^(?:plan|goal|task):\s*", "", kept, flags=re.I) or scene.goal


def _avoided(scene: Scene) -> list[str]:
    """Tools that the feedback or the reason reports as failing or not allowed."""
    lines = words.sentences(f"{scene.feedback}\n{scene.reason}")
    return [
        tool.name
        for tool in scene.tools
        if any(
            re.search(rf"\b{re.escape(tool.name)}\b", line) and _FAILING.search(line)
            for line in lines
        )
    ]


def taken_ids(scene: Scene) -> list[str]:
    """Step ids that the conversation mentions, when it is about changing a plan."""
    if not (
        scene.finished
        or scene.remaining
        or scene.reason
        or re.search(r"\breplan|new plan|revised? plan", scene.ask, re.I)
        or plans.progress(scene).failed
    ):
        return []
    text = "\n".join([scene.ask, *scene.finished, *scene.remaining, *scene.plan, scene.reason])
    named = re.findall(r"\b(?:s|t|n|p|step|task|node)[_-]?\d+\b", text, re.I)
    return named or re.findall(r"(?:^|[\s,;])(\d{1,2})[.)] ", text, re.M)


def _limited(steps: Sequence[Step], scene: Scene) -> tuple[Step, ...]:
    """No more steps than allowed (steps without a tool go first, then equals are joined), no fewer
    than asked.
    """
    kept = list(steps)
    least, most = plans.bounds(scene)
    while most and len(kept) > most:
        index = next(
            (
                i
                for i, step in enumerate(kept[:-1])
                if step.tool is None and step.kind in ("compare", "answer")
            ),
            None,
        )
        kept = _without(kept, index) if index is not None else _joined(kept)
    while kept and len(kept) < least:
        last = kept[-1]
        new = f"s{len(kept) + 1}"
        extra = (
            "Check the result against the goal",
            "Note what is uncertain",
            "State the next step",
            "Go over the wording",
        )[(len(kept) - len(steps)) % 4]
        kept.append(Step(new, "answer", extra, extra, None, (last.id,)))
    return renumbered(kept, ()) if len(kept) != len(steps) else tuple(kept)


def _without(steps: list[Step], index: int) -> list[Step]:
    gone = steps[index]
    return [
        replace(
            step,
            depends_on=tuple(
                dict.fromkeys(
                    d
                    for each in step.depends_on
                    for d in (gone.depends_on if each == gone.id else (each,))
                )
            ),
        )
        for step in steps
        if step is not gone
    ]


def _joined(steps: list[Step]) -> list[Step]:
    """Two neighbours become one step: the first pair with the same tool, else the first pair."""
    index = next((i for i in range(len(steps) - 1) if steps[i].tool == steps[i + 1].tool), 0)
    one, two = steps[index], steps[index + 1]
    both = replace(
        two,
        description=f"{one.description}, and {two.description[:1].lower() + two.description[1:]}",
        topic=f"{one.topic}; {two.topic}",
        tool=two.tool or one.tool,
        kind=two.kind if two.tool else one.kind,
        depends_on=tuple(
            dict.fromkeys(d for d in (*one.depends_on, *two.depends_on) if d != one.id)
        ),
    )
    return _without([*steps[:index], one, both, *steps[index + 2 :]], index)


def sized(steps: Sequence[Step], scene: Scene) -> tuple[Step, ...]:
    """The small model's plans: vague where the goal is short, over-granular where it is long."""
    if scene.size.granularity >= 1 or plans.bounds(scene) != (1, None) or len(steps) < 2:
        return tuple(steps)
    if len(steps) < 4:
        return tuple(
            replace(step, description=f"Handle the {words.content(step.description)[-1]} part")
            for step in steps
        )
    split: list[Step] = []
    for step in steps:
        last = {each.id: f"{each.id}b" for each in steps}
        needs = tuple(last[each] for each in step.depends_on)
        first = Step(
            f"{step.id}a",
            "answer",
            f"Get ready to {step.description[:1].lower() + step.description[1:]}",
            step.topic,
            None,
            needs,
        )
        split += [first, replace(step, id=f"{step.id}b", depends_on=(first.id,))]
    return renumbered(split, ())


def _as_data(step: Step, scene: Scene, index: int, total: int) -> dict[str, object]:
    arguments, refs = _plan_arguments(step, scene)
    return {
        **particulars(step.description, index, total, scene),
        "id": step.id,
        "description": step.description,
        "tool": step.tool.name if step.tool else None,
        "arguments": arguments,
        "depends_on": list(step.depends_on),
        "output": f"{_slug(step.description)}_{step.id}",
        **({"expected_output": found} if (found := _expected(step)) else {}),
        "why": f"It is needed to {words.clip(scene.goal[:1].lower() + scene.goal[1:], 90)}"
        if scene.goal
        else "",
        "how": _how(step, scene),
        "refs": refs,
    }


_WAYS = re.compile(r"\bhow\W*\)?:\s*((?:\w+(?:, | or )?)+)")


def _how(step: Step, scene: Scene) -> str:
    """By which of the ways that the prompt offers; a step without a tool is reasoned through."""
    ways = ["tool", "react"]
    if offered := _WAYS.search(scene.context):
        ways = [way for way in ways if way in words.pieces(offered[1])] or ways
    return ways[0] if step.tool else ways[-1]


def _slug(text: str) -> str:
    return (
        "_".join(word for word in words.pieces(text) if word not in words.STOP)[:40].strip("_")
        or "result"
    )


def _plan_arguments(step: Step, scene: Scene) -> tuple[dict[str, object], list[dict[str, str]]]:
    """Arguments that are known now, and references to results for those that are not."""
    if step.tool is None:
        return {}, []
    bare = replace(scene, observations=())
    known: dict[str, object] = {}
    refs: list[dict[str, str]] = []
    for name, schema in step.tool.properties.items():
        if name not in step.tool.required and step.tool.required:
            continue
        later = meaning(name, schema, step.tool) in (*COMPOSED, "expression") and step.depends_on
        value = (
            value_for(name, schema, step, bare, step.tool, lambda: words.clip(scene.goal))
            if not later
            else None
        )
        if value is None and step.depends_on:
            refs.append({"argument": name, "step": step.depends_on[-1], "path": ""})
            value = reference(scene, step.depends_on[-1])
        known[name] = value if value is not None else step.topic
    return known, refs


def reference(scene: Scene, step_id: str) -> str:
    """How the prompt writes a reference to a step's result; `$s1` where it shows none."""
    forms = (
        (r"#E\d", f"#E{re.sub(r'[^0-9]', '', step_id)}"),
        (r"\{\{\w+", f"{{{{{step_id}}}}}"),
        (r"\$\{\w+\}", f"${{{step_id}}}"),
        (r"\$\d", f"${re.sub(r'[^0-9]', '', step_id)}"),
    )
    return next(
        (
            form
            for pattern, form in forms
            if re.search(pattern, f"{scene.instructions}\n{scene.ask}")
        ),
        f"${step_id}",
    )


def _expected(step: Step) -> str:
    kinds: Mapping[str, str] = {
        "search": "at least one source that states it",
        "read": "the text, not empty",
        "query": "rows with the figures asked for",
        "compute": "one number",
        "compare": "a statement backed by the figures found",
        "write": "the finished text, saved",
        "draft": "a draft that can be read",
        "send": "a confirmation of sending",
        "test": "all tests pass",
        "change": "the changed text",
        "pay": "a confirmation of the payment",
        "delete": "a confirmation of the deletion",
    }
    return kinds.get(step.kind, "a result that answers the step") if step.tool else ""


def outputs(goal: str) -> list[str]:
    """What the goal asks to have at the end."""
    made = re.findall(
        (
            r"\b(?:write|create|prepare|produce|draft|send|generate|compose|"
            r"make) (?:an? |the |this |me )?([\w' -]{3,60}?)(?=[,.;]|"
            r" and | to | for | with |$)"
        ),
        goal,
        re.I,
    )
    return list(dict.fromkeys(each.strip() for each in made)) or ([title(goal)] if goal else [])


def constraints(scene: Scene) -> Sequence[object]:
    """The limits that the goal states, else what the instructions rule out or bound."""
    if stated := limits(scene.goal, scene.tools):
        return [asdict(limit) for limit in stated]
    return (
        [f"do not {rule}" for rule in scene.forbidden]
        + ([f"at most {scene.at_most} steps"] if scene.at_most else [])
        + ([f"at most {scene.word_limit} words"] if scene.word_limit else [])
    )


def _reasoning(scene: Scene, planned: Sequence[Mapping[str, object]], covered: bool) -> str:
    if scene.observations or scene.material:
        return (
            "The results cover what the goal asks."
            if covered
            else f"Something is still missing for the goal: "
            f"{words.clip(scene.reason or _lacking(scene), 160)}"
        )
    free = [str(step["id"]) for step in planned if not step["depends_on"]]
    if scene.reason:
        return (
            f"Because {words.clip(scene.reason, 160).rstrip('.')}, only "
            f"the remaining work is planned anew."
        )
    return (
        (
            f"The goal takes {len(planned)} steps; {', '.join(free)} "
            f"can start at once, the others need earlier results."
        )
        if planned
        else words.clip(scene.goal)
    )


def _lacking(scene: Scene) -> str:
    """What failed, as the prompt's own results tell it, else what is not there."""
    failed = [
        line.lstrip("- ") for line in words.sentences(scene.material) if _FAILING.search(line)
    ]
    text = scene.material + scene.context.replace(scene.goal, "")
    absent = [
        name
        for name in words.entities(scene.goal)
        if words.pieces(name)[-1] not in words.pieces(text)
    ]
    return (
        failed[0] if failed else f"nothing on {', '.join(absent)}" if absent else _risks(scene)[0]
    )


def _risks(scene: Scene) -> list[str]:
    bad = [
        f"{seen.tool or 'a call'} failed: {words.clip(seen.error, 100)}"
        for seen in scene.observations
        if seen.error
    ]
    return bad or ["what was found may be out of date", "a source may not have what is needed"]
