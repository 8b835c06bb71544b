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

from planlab.simulated import plans, words
from planlab.simulated.arguments import COMPOSED, arguments_for, meaning
from planlab.simulated.belief import believe, decided, fitted, read_off
from planlab.simulated.choice import best_tool, final_tool, handoffs, is_acting, tool_kind, usable
from planlab.simulated.conditions import holds
from planlab.simulated.correction import corrected
from planlab.simulated.critic import render_verdict, review, revise
from planlab.simulated.facts import order_in
from planlab.simulated.manner import formed, tool_named, without_form
from planlab.simulated.pairing import is_definite, sort_of
from planlab.simulated.pointers import followed, unfollowed
from planlab.simulated.report import answer_text, letter, names_of, report
from planlab.simulated.scene import Scene, Seen, Tool, messages_of, read
from planlab.simulated.sizes import Size
from planlab.simulated.spans import spans
from planlab.simulated.tasks import Step, is_finished, plan
from planlab.simulated.yields import numbers_from_tools

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
    heard = read(body, size)
    scene = without_form(heard)
    steps = intended(scene)
    choice = body.get("tool_choice") or "auto"
    if body.get("tools") and choice != "none":
        if isinstance(choice, Mapping):
            return _named(choice, scene, steps, seed)
        calls = _calls(scene, steps, seed, parallel=body.get("parallel_tool_calls") is not False)
        if calls:
            # Text beside calls would have to meet the schema too: with one, nothing is said.
            talks = choice == "auto" and scene.schema is None
            return Answer(_aloud(scene, steps, calls) if talks else None, calls)
        if finish := final_tool(scene):
            return Answer(None, (_forced(finish, scene, steps, seed),))
        if choice == "required":
            return Answer(None, (_forced(_likeliest(scene, steps), scene, steps, seed),))
    scene = followed(scene)
    if scene.schema is not None:
        return Answer(json.dumps(_structured(scene.schema, scene, steps, seed), ensure_ascii=False))
    if scene.protocol is not None:
        return Answer(_in_protocol(scene, steps, seed))
    mended = corrected(messages_of(body))
    return Answer(formed(mended or spoken(scene, steps), scene, heard.goal))


def _structured(
    schema: Mapping[str, object], scene: Scene, steps: Sequence[Step], seed: int
) -> object:
    given = numbers_from_tools(schema, scene)
    exact = {**read_off(scene), **given, **decided(schema, scene, steps)}
    return fitted(schema, believe(scene, steps, answer_text(scene, steps)), exact, seed)


def intended(scene: Scene) -> tuple[Step, ...]:
    """What the model means to do; without a goal or a plan it follows the newest text."""
    if scene.goal or scene.plan:
        return _provided(plan(scene), scene)
    subject = _subject(scene)
    return plan(replace(scene, goal=f"find out about {subject}")) if subject else ()


def _provided(steps: Sequence[Step], scene: Scene) -> tuple[Step, ...]:
    """Steps with a look-up before each that needs a key which the request does not hold."""
    made: list[Step] = []
    bare = replace(scene, observations=())
    for step in steps:
        lacking = _keys(step, bare)
        if lacking and (found := _provider(step, lacking, made, bare)):
            first, known = found
            made += [] if known else [first]
            step = replace(step, depends_on=(*step.depends_on, first.id))
        made.append(step)
    return tuple(made)


def _keys(step: Step, bare: Scene) -> list[str]:
    """The parameters of a step's tool that only an observation can give."""
    if step.tool is None:
        return []
    given = _arguments(step.tool, step, bare)
    return [
        name
        for name in step.tool.required
        if name not in given
        and sort_of(name, step.tool.properties.get(name, {})) in ("id", "path", "mail", "to")
    ]


def _provider(
    step: Step, lacking: Sequence[str], before: Sequence[Step], bare: Scene
) -> tuple[Step, bool] | None:
    """A step that may find the key, and whether it is there already."""
    wanted = [word for name in lacking for word in words.content(name)]
    found: list[tuple[float, Step]] = []
    for tool in usable(bare):
        if tool is step.tool or is_acting(tool) or tool_kind(tool) == "compute":
            continue
        if there := next((each for each in before if each.tool is tool), None):
            return there, True
        what = f"Look up what is there, to {step.description[:1].lower()}{step.description[1:]}"
        first = Step(f"{step.id}a", "read", what, step.topic, tool, step.depends_on)
        given = _arguments(tool, first, bare)
        told = re.split(r"[.;:\n]", tool.description)[0].strip()
        if told and not tool.required:
            first = replace(first, description=told)  # a plan names no step twice
        if all(name in given for name in tool.required):
            about = words.content(f"{tool.name} {tool.description}")
            found.append((sum(word in about for word in wanted) - 0.1 * len(tool.required), first))
    return (max(found, key=lambda pair: pair[0])[1], False) if found else None


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
    if not scene.callable and (named := tool_named(scene)):
        return named
    belief = believe(scene, steps, "")
    acted = scene.callable and any(seen.fresh for seen in scene.observations)
    if (scene.role == "planner" and not acted) or (scene.role == "chat" and plans.is_how_to(scene)):
        return render_plan(belief)
    if scene.role == "critic" and scene.draft:
        return render_verdict(review(scene), f"{scene.instructions}\n{scene.ask}")
    if scene.role == "reviser" and scene.draft:
        return revise(scene, report(scene, names_of(scene, steps)))
    if scene.role == "joiner":
        return f"{'Finish' if belief['done'] else 'Replan'}: {belief['reasoning']}"
    text = answer_text(_without_keys(scene), steps)
    # Who is told what was wrong before mends it before anybody has to ask.
    told = replace(scene, draft=text, feedback=scene.lessons)
    return revise(told, text) if scene.lessons and text else text


def _without_keys(scene: Scene) -> Scene:
    """The scene without look-ups that only brought the key of a later one."""
    wanted = words.content(scene.goal)
    kept = []
    for place, seen in enumerate(scene.observations):
        later = [
            str(value)
            for each in scene.observations[place + 1 :]
            if not each.error
            for value in each.arguments.values()
        ]
        known = [*later, *(str(value) for value in seen.arguments.values())]
        rest = [
            word
            for key, value in (seen.value.items() if isinstance(seen.value, dict) else ())
            if str(value) not in known
            for word in words.content(f"{key} {value}")
        ]
        gave = isinstance(seen.value, dict) and any(
            str(value) in later and sort_of(str(key), {}) == "id"
            for key, value in seen.value.items()
        )
        if not gave or any(word in wanted for word in rest):
            kept.append(seen)
    return replace(scene, observations=tuple(kept))


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
    if not calls and (call := _pointed_call(scene) or _follow_up(scene, steps, seed)):
        calls = [call]
    return tuple(calls)


def _pointed_call(scene: Scene) -> Call | None:
    """A look at where a result sends its reader, with the tool that found it."""
    name, path = unfollowed(scene) or ("", "")
    for tool in scene.tools:
        if tool.name == name and not is_acting(tool):
            for parameter in tool.required[:1]:
                if sort_of(parameter, tool.properties.get(parameter, {})) == "path":
                    return name, {parameter: path}
    return None


def _follow_up(scene: Scene, steps: Sequence[Step], seed: int) -> Call | None:
    """A look-up of what is still asked, with a key that a result holds."""
    asking = [step for step in steps if step.kind in (*words.GATHER, "question") and step.tool]
    good = [seen for seen in scene.observations if seen.fresh and not seen.error]
    if not asking or not good:
        return None
    known = words.content(" ".join(seen.text for seen in good))
    open_ = [w for w in words.content(" ".join(s.description for s in asking)) if w not in known]
    for tool in usable(scene):
        keys = [sort_of(name, tool.properties.get(name, {})) for name in tool.required]
        about = words.content(f"{tool.name} {tool.description}")
        new = all(seen.tool != tool.name for seen in scene.observations)
        if new and keys and set(keys) == {"id"} and not is_acting(tool):
            step = replace(asking[-1], id="next", kind="read", tool=tool)
            if any(word in about for word in open_):
                return make_call(tool, step, scene, steps, seed)
    return None


def due(scene: Scene, steps: Sequence[Step]) -> list[Step]:
    """Steps that still need a tool and whose forerunners are over, the first kind first."""
    over: set[str] = set()
    lost: set[str] = set()
    ready: list[Step] = []
    for step in steps:
        free = set(step.depends_on) <= over
        served = is_finished(step, scene) or (step.tool is not None and _served(step, scene))
        waived = bool(step.condition) and free and not holds(step.condition, scene)
        if served or (free and (waived or _tool_for(step, scene) is None)):
            over.add(step.id)
            if step.tool and not served:
                lost.add(step.id)
        elif free:
            ready.append(step)
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
    broken = any(each.error and each.tool == step.tool.name for each in scene.observations)
    if tool is not step.tool and not broken:
        return False
    planned = _mended(tool, _arguments(tool, step, scene), scene)
    asked = _arguments(tool, step, replace(scene, observations=()))  # what the request itself gives
    same = {
        name: _alike(str(planned.get(name)), str(value))
        or _alike(str(asked.get(name, value)), str(value))
        for name, value in seen.arguments.items()
        if isinstance(value, (str, int, float))
    }
    if step.kind in (*words.GATHER, "question", "compute"):
        return all(same.values())
    # An act is known by whom or what it was done to: two mails differ by their readers.
    done_to = [
        alike
        for name, alike in same.items()
        if name in asked and is_definite(name, tool.properties.get(name, {}))
    ]
    return all(done_to) if done_to else any(same.values()) or not same


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
    named = any(span.kind == "path" for span in spans(step.description))
    if step.kind in words.EFFECTS or len(failed) >= 4 or named:
        return None
    return best_tool(step.kind, f"{step.description} {step.topic}", scene, without=spent)


def _has_arguments(tool: Tool, step: Step, scene: Scene) -> bool:
    """Whether what must not be guessed (a path, a calculation, whom to pay) stands in view."""
    if step.kind == "change" and any(
        meaning(name, part, tool) == "content" for name, part in tool.properties.items()
    ):
        return False  # new code is nothing that rules can write
    definite = tool_kind(tool) in (*words.EFFECTS, "compute", "read")
    given = _arguments(tool, step, scene)
    return all(
        name in given
        for name in tool.required
        if definite or is_definite(name, tool.properties[name])
    )


def _about(step: Step, seen: Seen, scene: Scene) -> bool:
    if step.tool is None or (
        seen.tool != step.tool.name
        and seen.tool in [tool.name for tool in scene.tools]
        and step.kind not in words.GATHER
    ):
        return False
    told = words.content(" ".join(str(value) for value in seen.arguments.values()))
    topic = words.content(step.topic)
    return (
        seen.tool == step.tool.name
        if step.kind not in words.GATHER
        else max(words.overlap(topic, told), words.overlap(told, topic)) >= 0.6 or not told
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
                r"validation|column|table|syntax|did you mean|available|choose|no such|only|"
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
    names = [
        name
        for name, schema in tool.properties.items()
        if name in tool.required
        or not tool.required
        or meaning(name, schema, tool) in ("path", *COMPOSED)
        or sort_of(name, schema)
    ]
    return arguments_for(tool, step, scene, lambda: composed(scene, steps), names)


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
    tried = [str(value) for value in arguments.values()]
    choices = [
        choice
        for choice in (re.findall(r"[\w./-]*\w", offered[1]) if offered else [])
        if choice not in tried and words.overlap(words.content(choice), _wished(tried, scene)) > 0
    ]
    for name, value in arguments.items():
        if isinstance(value, str) and choices and len(value.split()) < 4 and value not in choices:
            wanted = _wished([value], scene)
            arguments = {
                **arguments,
                name: max(choices, key=lambda choice: words.overlap(words.content(choice), wanted)),
            }
    return arguments


def _wished(tried: Sequence[str], scene: Scene) -> list[str]:
    return words.content(f"{' '.join(tried)} {scene.goal}")


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
    """The tool to call where one must be called: the form for the answer, which is named as a
    class is; else that of the last step.
    """
    planned = [step.tool for step in steps if step.tool]
    forms = [tool for tool in scene.tools if tool.name[:1].isupper() and tool not in planned]
    if forms:
        return forms[-1]
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
