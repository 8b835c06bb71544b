"""A tool call's arguments: each parameter from the goal, the step, what was observed, and its own
words.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from planlab.simulated import words
from planlab.simulated.choice import tool_kind
from planlab.simulated.conditions import keyed_figures
from planlab.simulated.facts import Item, facts, figure, price_in
from planlab.simulated.fields import resolved
from planlab.simulated.pairing import LEADS, pair
from planlab.simulated.rates import by_rate
from planlab.simulated.scene import Scene, Tool
from planlab.simulated.spans import coordinated, spans
from planlab.simulated.sql import TIME, select
from planlab.simulated.sums import worded, written
from planlab.simulated.tasks import Step

# A parameter that is made, not found: the first row that one of its name's words stands in.
_MADE: tuple[tuple[str, str], ...] = (
    ("sql", "sql statement"),
    ("expression", "expression expr formula equation calculation"),
    ("path", "path file filename filepath"),
    ("subject", "subject heading headline"),
    ("content", "content body text message report summary markdown html document source"),
    ("memo", "memo note reason comment purpose justification description"),
    ("limit", "limit k results"),
    (
        "query",
        "query q search term terms keyword keywords question topic input prompt request task",
    ),
)
_WRITES = ("write", "send", "draft", "change", "pay", "delete")
COMPOSED = ("content", "memo")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PATH = re.compile(
    r"(?<![\w@/])(?:[\w.-]+/)*[\w-]+\.(?:csv|txt|md|json|py|pdf|"
    r"html|ya?ml|toml|xlsx|log|js|ts|java|sql)\b|(?<![\w:/])(?:[\w.-]+/)+[\w-]+(?:\.\w+)"
    r"?(?![\w/.]\w)"
)


def meaning(name: str, schema: Mapping[str, object], tool: Tool) -> str:
    """What a parameter is made as: sql, path, query, content …; "" where a thing is found."""
    kind, pieces = tool_kind(tool), words.pieces(name)
    about = f"{schema.get('description', '')} {tool.description}"
    found = next((m for m, row in _MADE if any(piece in row.split() for piece in pieces)), "")
    if re.search(r"\bSQL\b|\bSELECT\b", about) and found in ("query", "content"):
        return "sql"
    if kind == "compute" and found in ("query", "content"):
        return "expression"
    if found in COMPOSED and kind not in _WRITES:
        return "query" if kind in words.GATHER else ""
    return found


def arguments_for(
    tool: Tool,
    step: Step,
    scene: Scene,
    compose: Callable[[], str],
    names: Sequence[str] | None = None,
) -> dict[str, object]:
    """The arguments that something in view gives: from the step, the goal, the results."""
    wanted = {n: s for n, s in tool.properties.items() if names is None or n in names}
    found: dict[str, object] = {}
    for name, schema in wanted.items():
        value = _made(name, schema, step, scene, tool, compose, tuple(found.values()))
        if value is not None:
            found[name] = value
    open_ = {
        n: _real(s)
        for n, s in wanted.items()
        if n not in found and not meaning(n, s, tool) and _type(s) in _PLAIN and "enum" not in s
    }
    chosen = " ".join(str(each) for each in found.values() if isinstance(each, str))
    for text in _texts(step, scene):
        plain = _without(text, tool, chosen)
        found |= pair(
            {n: s for n, s in open_.items() if n not in found}, plain, tool, tuple(found.values())
        )
        found |= _from_results({n: s for n, s in open_.items() if n not in found}, text, scene)
    return {name: found[name] for name in wanted if name in found}


_PLAIN = ("string", "integer", "number")


def _texts(step: Step, scene: Scene) -> list[str]:
    """Where things are looked for: what the step says, then the whole goal."""
    said = _named(_asked(step.description), scene.goal)
    return list(dict.fromkeys([said, _asked(scene.goal)]))


def _named(text: str, goal: str) -> str:
    """A clause with the name that its `it` stands for: the one that was said last before."""
    clause = text.rstrip(" .?")
    if not clause:  # a goal of punctuation
        return text
    before, found, _ = goal.partition(clause)
    last = [span.text for span in spans(before) if span.kind in ("name", "code", "quoted")]
    if not found or not last or any(span.kind in ("name", "code") for span in spans(text)):
        return text
    return re.sub(r"\b(?:it|this one|that one)\b", last[-1], text, count=1)


def _asked(text: str) -> str:
    """A clause without who asks: `a guest wants to know the price` asks the price."""
    return re.sub(
        r"^[^.?!\n]*?\b(?:wants?|needs?|likes?|wish(?:es)?) (?:you )?to (?:know|find out|see)\b",
        "",
        text,
        flags=re.I,
    )


def _without(text: str, tool: Tool, chosen: str) -> str:
    """A text without the words of enumerations that were chosen from."""
    for part in tool.properties.values():
        for choice in _listed(part.get("enum")):
            if isinstance(choice, str) and re.search(rf"\b{re.escape(choice)}\b", chosen):
                text = re.sub(rf"\b{re.escape(choice)}\b", ",", text)
    return text


def _real(schema: Mapping[str, object]) -> Mapping[str, object]:
    """A schema without its "or null"."""
    return {**schema, "type": _type(schema)}


def _from_results(
    wanted: Mapping[str, Mapping[str, object]], text: str, scene: Scene
) -> dict[str, object]:
    """Values that an earlier result holds under the parameter's own name, or as its only figure."""
    found: dict[str, object] = {}
    for name, schema in wanted.items():
        for seen in reversed(scene.observations):
            if seen.error:
                continue
            value = _under(name, seen.value, words.content(f"{text} {scene.goal}"))
            if value is None and schema["type"] != "string" and _is_figure(seen.value):
                value = seen.value
            if value is not None:
                found[name] = str(value) if schema["type"] == "string" else value
                break
    return found


def _is_figure(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _under(name: str, value: object, wanted: Sequence[str]) -> object | None:
    """What stands under a key, in the row that bears most on what is wanted."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            same = words.pieces(str(key))
            mine = words.pieces(name)
            if (same == mine or same == mine[-1:] or same[-1:] == mine[-1:] == ["id"]) and not (
                isinstance(each, (list, Mapping))
            ):
                return cast(object, each)
        inner = [each for each in value.values() if isinstance(each, (list, Mapping))]
        return next(
            (got for each in inner if (got := _under(name, each, wanted)) is not None), None
        )
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        best = max(value, key=lambda row: words.overlap(words.content(str(row)), wanted))
        shares = max(value, key=lambda row: sum(w in words.content(str(row)) for w in wanted))
        return _under(name, shares if shares is not best else best, wanted)
    return None


def value_for(
    name: str,
    schema: Mapping[str, object],
    step: Step,
    scene: Scene,
    tool: Tool,
    compose: Callable[[], str],
) -> object | None:
    """A parameter's value, or None where nothing in view gives one."""
    return arguments_for(tool, step, scene, compose).get(name)


def _made(
    name: str,
    schema: Mapping[str, object],
    step: Step,
    scene: Scene,
    tool: Tool,
    compose: Callable[[], str],
    used: Sequence[object] = (),
) -> object | None:
    text = f"{step.description}. {step.topic}"
    schema, kind = _real(schema), _type(schema)
    if isinstance(choices := schema.get("enum"), list):
        free = [each for each in choices if each not in used] or choices
        return _choice(name, free, step.description, scene.goal)
    if kind == "string" and (offered := _offered(name, schema, tool)):
        named = [each for each in offered if re.search(rf"\b{each}\b", f"{text} {scene.goal}")]
        if named:
            return named[0]
    if kind == "boolean":
        return _flag(name, schema, scene)
    if kind == "array":
        return _array(name, schema, step, scene)
    if kind == "object":
        return _object(schema, step, scene, tool, compose)
    passes = kind == "string" and tool_kind(tool) not in words.GATHER
    if passes and (said := told(name, step.description, scene.goal)):
        return said
    makers: dict[str, Callable[[], object | None]] = {
        "sql": lambda: select(text, scene, f"{tool.description} {schema.get('description', '')}"),
        "expression": lambda: expression(step.description, scene),
        "path": lambda: _path(text, scene, tool, schema),
        "subject": lambda: title(scene.goal or text),
        "content": compose,
        "memo": lambda: words.clip(scene.goal or text, 100),
        "limit": lambda: 5 if kind == "integer" else None,
        "query": lambda: step.topic if kind == "string" else None,
    }
    return makers.get(meaning(name, schema, tool), lambda: None)()


def _offered(name: str, schema: Mapping[str, object], tool: Tool) -> list[str]:
    """The values that a description lists: `one part of the machine: beans, water or grounds`."""
    about = rf"\b{re.escape(name.replace('_', ' '))}\b[^:.\n]*"
    for text, lead in ((str(schema.get("description", "")), ""), (tool.description, about)):
        listed = re.search(rf"{lead}(?:^|: |\()((?:[a-z]+, )*[a-z]+,? or [a-z]+)\b", text)
        if listed:
            return re.findall(r"[a-z]+(?=,| or |$)", listed[1])
    return []


_TOLD = frozenset(
    [
        "summary",
        "title",
        "description",
        "text",
        "note",
        "message",
        "comment",
        "body",
        "content",
        "reason",
    ]
)


def told(name: str, text: str, goal: str) -> str | None:
    """The words to pass on: in quotes, behind a colon, or after `saying`."""
    if not any(piece in _TOLD for piece in words.pieces(name)):
        return None
    for place in (text, goal):
        if quoted := next((span.text for span in spans(place) if span.kind == "quoted"), None):
            return quoted
    for place in (text, re.sub(r"\w: [^\n\"]*", "", goal)):
        match = re.search(
            r"\bsaying (?:that )?([^.\n]+)|\b(?:remind|tell|ask)\b \w+ (?:to|that) (.+?)"
            r"(?= (?:at|on|by) (?:\d|\w+day)|\.|$)|\w: (?!https?)([^\n]+?)(?=\.\s|\.?$)",
            place,
            re.I,
        )
        if match:
            return next(group for group in match.groups() if group)
    return None


def _flag(name: str, schema: Mapping[str, object], scene: Scene) -> object:
    """True when the goal speaks of it, false when it rules it out."""
    wanted = words.content(name)
    if any(words.overlap(wanted, words.content(rule)) == 1 for rule in scene.forbidden):
        return False
    return words.overlap(wanted, words.content(scene.goal)) == 1 or schema.get("default", False)


def _object(
    schema: Mapping[str, object], step: Step, scene: Scene, tool: Tool, compose: Callable[[], str]
) -> object | None:
    """A nested value, each of its parts from the same places."""
    root = {**schema, "$defs": schema.get("$defs") or tool.parameters.get("$defs") or {}}
    inner = Tool(tool.name, tool.description, resolved(root, root))
    return arguments_for(inner, step, scene, compose) or None


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _type(schema: Mapping[str, object]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "string")
    if kind is None and isinstance(options := schema.get("anyOf"), list):
        return next(
            (
                _type(each)
                for each in options
                if isinstance(each, dict) and each.get("type") != "null"
            ),
            "string",
        )
    return str(kind or ("object" if "$ref" in schema or "properties" in schema else "string"))


def _choice(name: str, choices: list[object], text: str, goal: str) -> object | None:
    """The member that the step or the goal speaks of; behind its own word it counts most."""
    best, most = None, 0.0
    for choice in choices:
        said = str(choice)
        for place, weight in ((text, 2.0), (goal, 1.0)):
            worth = 3.0 * bool(re.search(rf"(?<!\w){re.escape(said)}(?!\w)", place))
            place = f" {place} "
            lead = " ".join(row for names, row in LEADS if name.split("_")[0] in names.split())
            near = rf"(?:\d ?|\b(?:{lead.replace(' ', '|') or '-'}) ){re.escape(said)}"
            worth += 3.0 * bool(re.search(near, place, re.I)) * (name not in ("to", "target"))
            worth += 2.0 * words.overlap(words.content(said), words.content(place))
            worth += 1.0 * any(
                word.startswith(said.lower())
                for word in words.pieces(place)
                if word not in words.STOP
            )
            if worth * weight > most:
                best, most = choice, worth * weight
    return best


def _array(name: str, schema: Mapping[str, object], step: Step, scene: Scene) -> object | None:
    """The things that a clause lists: figures, addresses, names, codes, plain words."""
    items = schema.get("items")
    kind = _type(items) if isinstance(items, dict) else "string"
    for text in _texts(step, scene):
        if kind in ("number", "integer"):
            if said := [span.text for span in spans(text) if span.kind == "figure"]:
                figures = [float(re.sub(r"[^\d.-]", "", each)) for each in said]
                return [int(each) if each.is_integer() else each for each in figures]
        elif kind == "string" and (listed := coordinated(text)):
            return [span.text for span in listed]
    return [step.topic] if kind == "string" else None


def _news(scene: Scene) -> str:
    return "\n".join(each.text for each in reversed(scene.observations) if not each.error)


def title(goal: str) -> str:
    """A headline made of what a goal orders to be written or found."""
    if quoted := re.search(
        r"\b(?:titled|called|named|title|subject|headed)\b:? "
        r"[\"'“\u2018](.+?)[\"'”\u2019](?=[\s.,;]|$)",
        goal,
    ):
        return quoted[1]
    named = re.search(
        (
            r"\b(?:write|create|prepare|produce|draft|send|compose)\b "
            r"(?:an? |the |this |me )?([\w' -]*?(?:report|summary|comparison|"
            r"overview|brief|memo|note|answer))\b"
        ),
        goal,
        re.I,
    )
    clause = next(iter(words.clauses(goal)), goal)
    subject = (
        re.sub(r"^(?:\w+)\s+(?:the )?", "", clause)
        if words.verb_kind(clause.split(" ")[0])
        else clause
    )
    heading = (
        f"{named[1]}: {subject}"
        if named and named[1].lower() not in subject.lower()
        else named[1]
        if named
        else subject
    )
    return words.clip(heading[:1].upper() + heading[1:], 70).rstrip(".?")


def _path(text: str, scene: Scene, tool: Tool, schema: Mapping[str, object]) -> str | None:
    """A path that is mentioned; for writing, one that says what is in it."""
    writes = tool_kind(tool) in ("write", "draft", "change")
    places = (
        [text, scene.goal]
        if writes
        else [
            text,
            scene.goal,
            _news(scene),
            scene.instructions,
            f"{schema.get('description', '')} {tool.description}",
            scene.context,
        ]
    )
    listed = [path for place in places for path in _PATH.findall(place) if "@" not in path]
    if writes:
        read = [str(value) for each in scene.observations for value in each.arguments.values()]
        listed = [path for path in listed if path not in read or path in text]
    wanted = words.content(f"{text} {scene.goal}")
    if listed:
        done = [str(each.arguments.get("path", "")) for each in scene.observations]
        fresh = [path for path in dict.fromkeys(listed) if path not in done or writes] or listed
        own = [path for path in fresh if path in text and not writes]  # the step's, not the goal's
        best = max(own or fresh, key=lambda path: _worth(path, wanted))
        if writes or best in f"{text} {scene.goal}" or _worth(best, wanted):
            return str(best)
    if writes:
        named = [word for word in words.pieces(title(scene.goal or text)) if word not in words.STOP]
        return f"{'_'.join(named[:5]) or 'report'}.md"
    lists = any(not each.required for each in scene.tools if each is not tool)
    if not lists and (
        code := re.search(
            r"\b([a-z]+) (?:module|service|class|script|component|library)\b", text, re.I
        )
    ):
        return f"{code[1].lower()}.py"
    folder = re.search(r"\bknowledge[ _]base\b", f"{text} {tool.description}", re.I)
    subject = next(
        (word for word in reversed(words.pieces(step_subject(text))) if word not in words.STOP), ""
    )
    return f"knowledge_base/{subject}.md" if folder and subject else None


def _worth(path: str, wanted: Sequence[str]) -> float:
    """How much of a path's name is wanted: `auth.py` by `the authentication module`."""
    named = words.content(re.sub(r"\.\w+$", "", path.rsplit("/", 1)[-1]))
    met = [
        any(w.startswith(n) or n.startswith(w) for w in wanted if len(w) > 3)
        for n in named
        if len(n) > 2
    ]
    return sum(met) / len(met) if met else 0.0


def step_subject(text: str) -> str:
    """What a question is about: what stands after `about`, `on`, `say`, else all of it."""
    match = re.search(r"\b(?:about|on|regarding|concerning|for)\b ([\w -]+)", text)
    return match[1] if match else text


def expression(text: str, scene: Scene) -> str | None:
    """The calculation that a text asks for, from its figures, else from what was observed."""
    for place in (text, scene.goal):
        if found := written(place) or by_rate(place):
            return found
    if scene.observations:
        return _change(scene) or _on_found(text, scene)
    return worded(scene.goal)


_SIGNS = (
    ("*", r"times|multiplied|seats|users|people|months|year"),
    ("/", r"divided|split|per person"),
    ("+", r"plus|add"),
    ("-", r"minus|less"),
)


_PRICED = frozenset(["price", "cost", "costs", "fare", "fee", "charge", "rate", "amount"])


def _on_found(text: str, scene: Scene) -> str | None:
    """A figure that was found, reckoned with as the text says: `times 12`."""
    priced = [
        item.amount
        for fact in facts(scene)
        if (item := Item("", fact.text, price_in(fact.text))).amount is not None
    ]
    priced = priced or [
        value
        for seen in scene.observations
        if not seen.error
        for key, value in keyed_figures("", seen.value)
        if set(words.pieces(key)) & _PRICED
    ]
    said = words.numbers(text)
    sign = next((sign for sign, cue in _SIGNS if re.search(cue, text, re.I)), "")
    if priced and said and sign:
        return f"{figure(priced[0])} {sign} {said[-1]}"
    return (
        " + ".join(figure(each) for each in priced)
        if len(priced) > 1 and re.search(r"total|sum|together", text, re.I)
        else None
    )


def _change(scene: Scene) -> str | None:
    """The change in percent from the first to the last figure of the newest table with a course in
    time.
    """
    for seen in reversed(scene.observations):
        if (
            isinstance(seen.value, dict)
            and isinstance(rows := seen.value.get("rows"), list)
            and len(rows) >= 2
        ):
            columns = [str(column) for column in seen.value.get("columns") or []]
            figures = [
                row[-1]
                for row in rows
                if isinstance(row, list) and row and isinstance(row[-1], (int, float))
            ]
            if columns and columns[0] in TIME and len(figures) == len(rows):
                return f"({figures[-1]} - {figures[0]}) / {figures[0]} * 100"
    return None
