"""The next move: tool calls, a structured reply, or text.

What to do follows from the scene alone: intended steps (`tasks`) minus what the observations
already cover. With the goal forgotten there is only the newest text to go by, and the model
improvises on it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jsonschema import Draft202012Validator

from planlab.simulated.arguments import COMPOSED, meaning, value_for
from planlab.simulated import plans, words
from planlab.simulated.belief import believe, decided, fitted, read_off
from planlab.simulated.critic import render_verdict, review, revise
from planlab.simulated.facts import order_in
from planlab.simulated.report import answer_text, letter, names_of, report
from planlab.simulated.scene import Scene, Seen, Tool, read
from planlab.simulated.sizes import Size
from planlab.simulated.tasks import (
    Step,
    best_tool,
    final_tool,
    handoffs,
    is_finished,
    plan,
    tool_kind,
    usable,
)

Call = tuple[str, dict[str, object]]
_TRANSIENT = re.compile(
    (
        r"transient|time-?d? ?out|temporar|unavailable|try again|"
        r"again later|rate limit|overloaded|busy|503|429|connection|"
        r"may work again"
    ),
    re.I,
)
_UNKNOWN = re.compile(
    (
        r"unknown tool|no (?:such )?tool|not (?:a|an available) tool|"
        r"tool \S+ (?:not found|does not exist)"
    ),
    re.I,
)
_REFUSED = re.compile(
    r"refused|not allowed|denied|forbidden|not approved|permission|rejected", re.I
)


@dataclass(frozen=True)
class Answer:
    """What the model says: text, or calls as (tool name, arguments)."""

    text: str | None
    calls: tuple[Call, ...] = ()
    refusal: str | None = None


def answer(body: Mapping[str, object], *, size: Size, seed: int = 0) -> Answer:
    """The reply of a model of this size to a Chat Completions request; the same for the same
    arguments.

    Raises `fill.Unfillable` when the reply's schema or a tool's parameters cannot be met.
    """
    scene = read(body, size)
    steps = intended(scene)
    choice = body.get("tool_choice") or "auto"
    if body.get("tools") and choice != "none":
        if isinstance(choice, Mapping):
            return _named(choice, scene, steps, seed)
        calls = _calls(scene, steps, seed, parallel=body.get("parallel_tool_calls") is not False)
        if calls:
            return Answer(_aloud(scene, steps, calls) if choice == "auto" else None, calls)
        if finish := final_tool(scene):
            return Answer(None, (_forced(finish, scene, steps, seed),))
        if choice == "required":
            return Answer(None, (_forced(_likeliest(scene, steps), scene, steps, seed),))
    if scene.schema is not None:
        return Answer(json.dumps(_structured(scene.schema, scene, steps, seed), ensure_ascii=False))
    if scene.protocol is not None:
        return Answer(_in_protocol(scene, steps, seed))
    return Answer(spoken(scene, steps))


def _structured(
    schema: Mapping[str, object], scene: Scene, steps: Sequence[Step], seed: int
) -> object:
    exact = {**read_off(scene), **decided(schema, scene, steps)}
    return fitted(schema, believe(scene, steps, answer_text(scene, steps)), exact, seed)


def intended(scene: Scene) -> tuple[Step, ...]:
    """What the model means to do; without a goal or a plan it follows the newest text."""
    if scene.goal or scene.plan:
        return plan(scene)
    subject = _subject(scene)
    return plan(replace(scene, goal=f"find out about {subject}")) if subject else ()


def _subject(scene: Scene) -> str:
    """What the newest result is mostly about: its most frequent weighty words."""
    newest = next((seen.text for seen in reversed(scene.observations) if not seen.error), "")
    newest = re.sub(r"\"\w+\":", " ", newest)
    said = [
        word
        for word in words.pieces(newest)
        if word not in words.STOP and len(word) > 3 and not word.isdigit()
    ]
    often = sorted(dict.fromkeys(said), key=lambda word: -said.count(word))[:3]
    return " ".join(often)


def spoken(scene: Scene, steps: Sequence[Step]) -> str:
    """A reply in plain text, in the part that the model is told to play."""
    belief = believe(scene, steps, "")
    if scene.role == "planner" or (scene.role == "chat" and plans.is_how_to(scene)):
        return render_plan(belief)
    if scene.role == "critic" and scene.draft:
        return render_verdict(review(scene), f"{scene.instructions}\n{scene.ask}")
    if scene.role == "reviser" and scene.draft:
        return revise(scene, report(scene, names_of(scene, steps)))
    if scene.role == "joiner":
        return f"{'Finish' if belief['done'] else 'Replan'}: {belief['reasoning']}"
    return answer_text(scene, steps)


def render_plan(belief: Mapping[str, object]) -> str:
    """A plan as a numbered list."""
    steps = belief["steps"]
    assert isinstance(steps, list)
    return "\n".join(
        f"{number}. {step['description']}" + (f" [{step['tool']}]" if step["tool"] else "")
        for number, step in enumerate(steps, 1)
    )


# ---- tool calls
# --------------------------------------------------------------------------------------------


def _calls(scene: Scene, steps: Sequence[Step], seed: int, *, parallel: bool) -> tuple[Call, ...]:
    """The calls to make now: all that wait for nothing, where several may go at once."""
    if (
        scene.role in ("planner", "critic", "joiner", "reviser")
        and not scene.observations
        and final_tool(scene)
    ):
        return ()
    if scene.size.obeys_injection and (ordered := _ordered(scene, seed)):
        return (ordered,)
    calls: list[Call] = []
    for step in due(scene, steps):
        tool = _tool_for(step, scene)
        if (
            tool
            and (call := make_call(tool, step, scene, steps, seed))
            and call not in calls
            and not _was_made(call, scene)
        ):
            calls.append(call)
            if not parallel or step.kind not in words.GATHER:
                break
    if not calls and not scene.observations and not any(step.tool for step in steps):
        calls = [
            (tool.name, _filled(tool, {}, scene, seed))
            for tool in handoffs(scene)
            if _fits(tool, scene)
        ][:1]
    return tuple(calls)


def due(scene: Scene, steps: Sequence[Step]) -> list[Step]:
    """Steps that still need a tool and whose forerunners are over, the first kind first."""
    over = {
        step.id
        for step in steps
        if step.tool is None or is_finished(step, scene) or _is_over(step, scene)
    }
    lost = {step.id for step in steps if step.tool and step.id in over and not _served(step, scene)}
    done = over
    for step in steps:
        if step.tool is None and not set(step.depends_on) <= done:
            done = done - {step.id}
    ready = [
        step for step in steps if step.tool and step.id not in over and set(step.depends_on) <= done
    ]
    return [
        step
        for step in ready
        if step.kind not in ("pay", "delete", "book") or not set(step.depends_on) & lost
    ]


def _is_over(step: Step, scene: Scene) -> bool:
    """Done, or tried in every way that is left."""
    return _served(step, scene) or _tool_for(step, scene) is None


def _served(step: Step, scene: Scene) -> bool:
    return any(
        not seen.error and seen.fresh and _meets(step, seen, scene) for seen in scene.observations
    )


def _meets(step: Step, seen: Seen, scene: Scene) -> bool:
    """Whether an observation is of this step: its tool or one as good, about the same."""
    tool = next((tool for tool in scene.tools if tool.name == seen.tool), None)
    if step.tool is None or tool is None or tool_kind(tool) != tool_kind(step.tool):
        return False
    if step.kind not in (*words.GATHER, "question", "compute"):
        return True
    planned = _mended(tool, _arguments(tool, step, scene), scene)
    given = {
        name: str(value)
        for name, value in seen.arguments.items()
        if isinstance(value, (str, int, float))
    }
    return all(
        _alike(str(planned[name]), value) for name, value in given.items() if name in planned
    )


def _alike(mine: str, other: str) -> bool:
    """Two questions ask the same: most words shared, the same names and letters, and in SQL every
    word.
    """
    named = re.findall(r"\b[A-Z]\b|\b[A-Z]\w+", mine)
    share = words.overlap(words.pieces(mine), words.pieces(other))
    return share >= (1.0 if mine.startswith("SELECT") else 0.8) and all(
        name.lower() in other.lower().split() or len(name) > 1 for name in named
    )


def _tool_for(step: Step, scene: Scene) -> Tool | None:
    """The step's tool while it may still work; after failures another that serves as well; then
    none.
    """
    if step.tool is None:
        return None
    failed = [
        seen
        for seen in scene.observations
        if seen.error and seen.fresh and _about(step, seen, scene)
    ]
    spent = [
        name for name in dict.fromkeys(seen.tool for seen in failed) if _is_spent(name, failed)
    ]
    if step.tool.name not in spent:
        return step.tool if _has_arguments(step.tool, step, scene) else None
    if step.kind in words.EFFECTS or len(failed) >= 4:
        return None
    return best_tool(step.kind, f"{step.description} {step.topic}", scene, without=spent)


def _has_arguments(tool: Tool, step: Step, scene: Scene) -> bool:
    """Whether what must not be guessed (a path, a calculation, whom to pay) stands in view."""
    if tool_kind(tool) not in (*words.EFFECTS, "compute", "read"):
        return True
    given = _arguments(tool, step, scene)
    return all(name in given for name in tool.required)


def _about(step: Step, seen: Seen, scene: Scene) -> bool:
    if step.tool is None or (
        seen.tool != step.tool.name
        and seen.tool in [tool.name for tool in scene.tools]
        and step.kind not in words.GATHER
    ):
        return False
    told = words.content(" ".join(str(value) for value in seen.arguments.values()))
    return (
        seen.tool == step.tool.name
        if step.kind not in words.GATHER
        else words.overlap(words.content(step.topic), told) >= 0.6 or not told
    )


def _is_spent(name: str, failed: Sequence[Seen]) -> bool:
    """A transient failure is tried once more, a bad argument mended once; a refusal is final."""
    own = [seen.error or "" for seen in failed if seen.tool == name]
    return (
        len(own) >= 2
        or bool(_REFUSED.search(own[-1]))
        or not (_TRANSIENT.search(own[-1]) or _is_mendable(own[-1]))
    )


def _is_mendable(error: str) -> bool:
    return (
        re.search(
            (
                r"argument|parameter|required|missing|expected|must be|type|"
                r"validation|column|table|syntax|did you mean|available|choose|"
                r"one of|not found"
            ),
            error,
            re.I,
        )
        is not None
    )


def _was_made(call: Call, scene: Scene) -> bool:
    """The very same call has been answered before, and not by something that passes."""
    same = [
        seen
        for seen in scene.observations
        if seen.tool == call[0] and dict(seen.arguments) == call[1]
    ]
    return bool(same) and not (
        same[-1].error and _TRANSIENT.search(same[-1].error) and len(same) < 2
    )


def make_call(
    tool: Tool, step: Step, scene: Scene, steps: Sequence[Step], seed: int
) -> Call | None:
    """A call of `tool` for `step`, valid under the tool's schema; None where what it needs is
    nowhere in view.
    """
    arguments = _arguments(tool, step, scene, steps)
    if not _has_arguments(tool, step, scene):
        return None
    return tool.name, _filled(tool, _mended(tool, arguments, scene), scene, seed)


def _arguments(
    tool: Tool, step: Step, scene: Scene, steps: Sequence[Step] = ()
) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, schema in tool.properties.items():
        wanted = (
            name in tool.required
            or not tool.required
            or meaning(name, schema, tool) in ("to", "path", "amount", "date", *COMPOSED)
        )
        value = (
            value_for(name, schema, step, scene, tool, lambda: composed(scene, steps))
            if wanted
            else None
        )
        if value is not None:
            found[name] = value
    return found


def composed(scene: Scene, steps: Sequence[Step]) -> str:
    """The text to write or send."""
    quoted = re.search(
        (
            r"\b(?:saying|that says|with the text|with the message|content|"
            r"text)[:\s]+[\"'“]([^\"'”]+)[\"'”]"
        ),
        scene.goal,
    ) or re.search(r"\bsaying (?:that )?([^.\n]+)", scene.goal)
    if quoted:
        return quoted[1]
    plain = any(step.kind == "send" for step in steps) and not _REPORTS.search(scene.goal)
    return letter(scene, steps) if plain else report(scene, names_of(scene, steps))


_REPORTS = re.compile(
    r"\b(?:report|summary|summari[sz]e|comparison|compare|overview|analysis|brief)\b", re.I
)


def _mended(tool: Tool, arguments: dict[str, object], scene: Scene) -> dict[str, object]:
    """Arguments repaired after what the last error message of this tool says."""
    errors = [seen.error for seen in scene.observations if seen.error and seen.tool == tool.name]
    if not errors or _TRANSIENT.search(errors[-1] or ""):
        return arguments
    offered = re.search(
        r"(?:did you mean|available|choose|one of|known|there (?:is|are)|files?)\W*:?\s*\[?(.+)",
        errors[-1] or "",
        re.I,
    )
    choices = re.findall(r"[\w./-]+", offered[1]) if offered else []
    for name, value in arguments.items():
        if isinstance(value, str) and choices and len(value.split()) < 4 and value not in choices:
            wanted = words.content(f"{value} {scene.goal}")
            arguments = {
                **arguments,
                name: max(choices, key=lambda choice: words.overlap(words.content(choice), wanted)),
            }
    return arguments


def _filled(
    tool: Tool, arguments: Mapping[str, object], scene: Scene, seed: int
) -> dict[str, object]:
    """Arguments that are valid under the tool's schema and keep what was meant."""
    if not tool.parameters:
        return dict(arguments)
    kept = {name: value for name, value in arguments.items() if name in tool.properties}
    if Draft202012Validator(dict(tool.parameters)).is_valid(kept):
        return kept
    value = fitted(
        tool.parameters,
        {"goal": scene.goal, "text": scene.goal, "query": scene.goal, **kept},
        kept,
        seed,
    )
    return value if isinstance(value, dict) else {}


def _named(choice: Mapping[str, object], scene: Scene, steps: Sequence[Step], seed: int) -> Answer:
    function = choice.get("function")
    name = function.get("name") if isinstance(function, Mapping) else None
    tool = next((tool for tool in scene.tools if tool.name == name), scene.tools[0])
    return Answer(None, (_forced(tool, scene, steps, seed),))


def _forced(tool: Tool, scene: Scene, steps: Sequence[Step], seed: int) -> Call:
    """A call that must be made: for the step it fits, else filled from what is believed."""
    step = next(
        (
            step
            for step in steps
            if step.tool and step.tool.name == tool.name and not _is_over(step, scene)
        ),
        None,
    )
    if step and tool_kind(tool) not in ("final", "handoff"):
        return tool.name, _filled(tool, _arguments(tool, step, scene, steps), scene, seed)
    value = _structured(tool.parameters or {"type": "object"}, scene, steps, seed)
    return tool.name, value if isinstance(value, dict) else {}


def _likeliest(scene: Scene, steps: Sequence[Step]) -> Tool:
    planned = [step.tool for step in steps if step.tool]
    return planned[-1] if planned else (usable(scene) or list(scene.tools))[0]


def _fits(tool: Tool, scene: Scene) -> bool:
    about = words.content(f"{tool.name} {tool.description}")
    return any(word in about for word in words.content(scene.goal))


def _ordered(scene: Scene, seed: int) -> Call | None:
    """The call that an order inside a tool result asks for, if a tool fits and it was not made
    yet.
    """
    for seen in scene.observations:
        if order := order_in(seen.text):
            inside = replace(scene, goal=order, forbidden=(), observations=())
            step = next(
                (step for step in plan(inside) if step.tool and step.kind in words.EFFECTS), None
            )
            if (
                step
                and step.tool
                and not any(each.tool == step.tool.name for each in scene.observations)
            ):
                return make_call(step.tool, step, inside, (), seed)
    return None


def _aloud(scene: Scene, steps: Sequence[Step], calls: Sequence[Call]) -> str:
    """What is said beside the calls: at first the plan, later the step that is next."""
    if not scene.observations and not scene.plan and len(steps) > 2:
        return "Plan:\n" + "\n".join(
            f"{number}. {step.description}" for number, step in enumerate(steps, 1)
        )
    named = [
        step
        for step in steps
        if step.tool and step.tool.name == calls[0][0] and not _is_over(step, scene)
    ]
    return _thought(named[0]) if named else "I follow up what stands in the last result."


# ---- text protocol
# -----------------------------------------------------------------------------------------


def _thought(step: Step) -> str:
    asks = step.kind == "question" or step.description.endswith("?")
    return (
        f"I need to find out: {step.description}"
        if asks
        else f"I need to {step.description[:1].lower() + step.description[1:]}."
    )


def _in_protocol(scene: Scene, steps: Sequence[Step], seed: int) -> str:
    protocol = scene.protocol
    assert protocol is not None
    calls = _calls(scene, steps, seed, parallel=False)
    if calls:
        step = next(
            (
                step
                for step in steps
                if step.tool and step.tool.name == calls[0][0] and not _is_over(step, scene)
            ),
            None,
        )
        thought = _thought(step) if step else "I need more facts."
        return protocol.call(thought, *calls[0])
    return protocol.end("I have what I need.", answer_text(scene, steps))
