"""A tool call's arguments: each parameter from the goal, the step, what was observed, and its own
words.
"""

import re
from collections.abc import Callable, Mapping

from planlab.simulated import words
from planlab.simulated.facts import Item, facts, figure, price_in
from planlab.simulated.fields import date_for, resolved
from planlab.simulated.scene import Scene, Tool
from planlab.simulated.sql import TIME, first, select
from planlab.simulated.sums import worded, written
from planlab.simulated.tasks import Step, tool_kind

# A parameter's meaning is the first row that one of its name's words stands in.
_PARAMETERS: tuple[tuple[str, str], ...] = (
    ("sql", "sql statement"),
    ("expression", "expression expr formula equation calculation"),
    ("path", "path file filename filepath"),
    ("url", "url link uri"),
    ("subject", "subject title heading headline"),
    ("to", "to recipient recipients email address receiver payee beneficiary mailto"),
    ("amount", "amount price sum usd dollars cost"),
    ("content", "content body text message report summary markdown html document code source"),
    ("memo", "memo note reason comment purpose justification description"),
    ("id", "id identifier"),
    ("limit", "limit k max results size"),
    ("date", "date day weekday when deadline start end since until"),
    ("place", "city location place country destination origin town"),
    ("quantity", "quantity qty"),
    ("item", "item items thing"),
    ("name", "name company entity person customer product competitor vendor symbol ticker"),
    (
        "query",
        (
            "query q search term keyword keywords question topic input "
            "prompt subject text request task"
        ),
    ),
)
_BY_KIND = {
    "search": "query",
    "read": "path",
    "query": "query",
    "compute": "expression",
    "write": "content",
    "send": "content",
    "draft": "content",
}
COMPOSED = ("content", "memo")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PATH = re.compile(
    r"(?<![\w@/])(?:[\w.-]+/)*[\w-]+\.(?:csv|txt|md|json|py|pdf|"
    r"html|ya?ml|toml|xlsx|log|js|ts|java|sql)\b|(?<![\w:/])(?:[\w.-]+/)+[\w-]+(?:\.\w+)"
    r"?(?![\w/.]\w)"
)


def meaning(name: str, schema: Mapping[str, object], tool: Tool) -> str:
    """What a parameter asks for: sql, path, to, amount …"""
    kind, pieces = tool_kind(tool), words.pieces(name)
    about = f"{schema.get('description', '')} {tool.description}"
    found = next((m for m, row in _PARAMETERS if any(piece in row.split() for piece in pieces)), "")
    if (
        kind == "query"
        and found in ("query", "content", "")
        and re.search(r"\bSQL\b|\bSELECT\b", about)
    ):
        return "sql"
    if kind in ("search", "other") and found in ("content", "subject", ""):
        return "query"
    if kind == "compute" and found in ("query", "content", ""):
        return "expression"
    return found or next(
        (
            m
            for m, row in _PARAMETERS
            for piece in words.pieces(str(schema.get("description", "")))
            if piece in row.split()
        ),
        _BY_KIND.get(kind, "query"),
    )


def value_for(
    name: str,
    schema: Mapping[str, object],
    step: Step,
    scene: Scene,
    tool: Tool,
    compose: Callable[[], str],
) -> object | None:
    """A parameter's value, or None where nothing in view gives one."""
    text = f"{step.description}. {step.topic}"
    if isinstance(choices := schema.get("enum"), list):
        return _choice(choices, f"{text} {scene.goal}")
    what, kind = meaning(name, schema, tool), _type(schema)
    if kind in ("integer", "number"):
        return _number(name, what, kind, text, scene)
    if kind == "boolean":
        return _flag(name, schema, scene)
    if kind == "array":
        return _array(schema, text, scene)
    if kind == "object":
        return _object(schema, step, scene, tool, compose)
    if schema.get("format") in ("date", "date-time") or what == "date":
        return date_for(schema, f"{text} {scene.goal}") or (
            first(_WHEN, f"{text} {scene.goal}") if "format" not in schema else None
        )
    if what not in ("content", "sql", "path") and (own := by_own_word(name, scene.goal or text)):
        return own
    if what == "query" and _is_particular(name, tool):
        return particular(f"{step.topic}", scene.goal, tool) or step.topic
    makers: dict[str, Callable[[], object | None]] = {
        "sql": lambda: select(text, scene, f"{tool.description} {schema.get('description', '')}"),
        "expression": lambda: expression(text, scene),
        "path": lambda: _path(text, scene, tool, schema),
        "url": lambda: first(r"https?://\S+", f"{text} {scene.goal} {scene.context}"),
        "subject": lambda: title(scene.goal or text),
        "to": lambda: _recipient(text, scene),
        "amount": lambda: first(r"\d[\d,.]*", text),
        "content": compose,
        "memo": lambda: words.clip(scene.goal or text, 100),
        "id": lambda: identifier(f"{step.description} {scene.goal}") or identifier(_news(scene)),
        "place": lambda: _place(name, step, scene.goal),
        "name": lambda: _name(step, scene),
        "item": lambda: _item_name(f"{step.description}. {scene.goal}") or step.topic,
        "title": lambda: title(scene.goal or text),
        "query": lambda: step.topic,
    }
    return makers.get(what, lambda: step.topic)()


_WHEN = (
    r"\b(?:today|tomorrow|yesterday|next \w+|(?:Mon|Tues|Wednes|"
    r"Thurs|Fri|Satur|Sun)day)(?=s?\b)"
)


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
    found = {
        name: value
        for name, part in inner.properties.items()
        if (value := value_for(name, part, step, scene, inner, compose)) is not None
    }
    return found or None


_QUOTED = re.compile(r"(?<!\w)[\"'“\u2018]([^\"”\u201c]+?)[\"'”\u2019](?!\w)")


def _is_particular(name: str, tool: Tool) -> bool:
    """A parameter of its own kind, such as `garment` or `fromUnit`, and no search text."""
    known = words.content(" ".join(row for _, row in _PARAMETERS))
    return not any(words.stem(piece) in known for piece in words.pieces(name)) and len(name) > 2


def particular(topic: str, goal: str, tool: Tool) -> str | None:
    """The thing that a topic is about: quoted, with a code, by name, or its last plain word."""
    if quoted := _QUOTED.search(goal):
        return quoted[1]
    if coded := re.search(r"\b(?=\w*\d)(?=[\w-]*[A-Za-z])[\w-]+\b", topic):
        return coded[0]
    if named := words.proper_names(topic):
        return named[0]
    enums = [str(each) for part in tool.properties.values() for each in _listed(part.get("enum"))]
    plain = [
        word for word in re.findall(r"[^\W\d_][\w'-]+", topic) if word.lower() not in words.STOP
    ]
    left = [word for word in plain if word not in enums and not words.verb_kind(word)]
    return left[-1] if left else None


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def by_own_word(name: str, goal: str) -> str | None:
    """What a goal puts beside the parameter's own word: `member 4417`, `form 9B`, `yoga class`."""
    if quoted := _QUOTED.search(goal):
        return (
            quoted[1]
            if any(p in ("title", "name", "item", "phrase") for p in words.pieces(name))
            else None
        )
    for piece in words.pieces(name):
        if len(piece) < 3 or piece in words.STOP:
            continue
        match = re.search(
            rf"\b{piece}s?(?: (?:is|of|called|number|no\.?|id))? ([\w-]*\d[\w-]*)", goal, re.I
        )
        match = match or re.search(
            (
                rf"\b(?!(?:the|a|an|our|my|this|that|which|what|each|any)\b)([\w-]+) "
                rf"{piece}\b"
            ),
            goal,
            re.I,
        )
        if match and not words.verb_kind(match[1]) and match[1].lower() not in words.STOP:
            return match[1]
    return None


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


def _choice(choices: list[object], text: str) -> object:
    wanted = words.content(text)
    return (
        max(choices, key=lambda choice: words.overlap(words.content(str(choice)), wanted))
        if choices
        else None
    )


def _number(name: str, what: str, kind: str, text: str, scene: Scene) -> object | None:
    if what == "limit":
        return 5
    figures = words.numbers(re.sub(r"[A-Za-z]+-?\d+", "", text)) or words.numbers(scene.goal)
    money = re.findall(
        r"[$€£]\s?(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?) ?(?:dollars|euros?|usd|eur|pounds)",
        f"{text} {scene.goal}",
        re.I,
    )
    if what == "amount" and money:
        figures = [(money[0][0] or money[0][1]).replace(",", "")]
    order = {"b": 1, "y": 1, "second": 1, "c": 2, "z": 2}.get(name.lower().split("_")[-1], 0)
    if order >= len(figures):
        return None
    value = float(figures[order])
    return int(value) if kind == "integer" or value.is_integer() else value


def _array(schema: Mapping[str, object], text: str, scene: Scene) -> object | None:
    items = schema.get("items")
    kind = _type(items) if isinstance(items, dict) else "string"
    if kind in ("number", "integer"):
        figures = words.numbers(text) or words.numbers(scene.goal)
        return [
            int(f) if kind == "integer" or float(f).is_integer() else float(f)
            for f in map(str, figures)
        ]
    if kind == "string":
        return words.entities(scene.goal) or _EMAIL.findall(scene.goal) or [text]
    return None


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
    wanted = words.content(f"{text} {scene.goal}")
    if listed:
        done = [str(each.arguments.get("path", "")) for each in scene.observations]
        fresh = [path for path in dict.fromkeys(listed) if path not in done or writes] or listed
        best = max(
            fresh,
            key=lambda path: words.overlap(words.content(re.sub(r"\.\w+$", "", path)), wanted),
        )
        if (
            writes
            or best in f"{text} {scene.goal}"
            or any(word in wanted for word in words.content(re.sub(r"\.\w+$", "", best)))
        ):
            return str(best)
    if writes:
        named = [word for word in words.pieces(title(scene.goal or text)) if word not in words.STOP]
        return f"{'_'.join(named[:5]) or 'report'}.md"
    if code := re.search(
        r"\b([a-z]+) (?:module|service|class|script|component|library)\b", text, re.I
    ):
        return f"{code[1].lower()}.py"
    folder = re.search(r"\bknowledge[ _]base\b", f"{text} {tool.description}", re.I)
    subject = next(
        (word for word in reversed(words.pieces(step_subject(text))) if word not in words.STOP), ""
    )
    return f"knowledge_base/{subject}.md" if folder and subject else None


def step_subject(text: str) -> str:
    """What a question is about: what stands after `about`, `on`, `say`, else all of it."""
    match = re.search(r"\b(?:about|on|regarding|concerning|for)\b ([\w -]+)", text)
    return match[1] if match else text


def _recipient(text: str, scene: Scene) -> str | None:
    """An address in the task; after it one that an observation gives; never one made up."""
    for place in (text, scene.goal, scene.instructions, _news(scene)):
        if found := _EMAIL.search(place):
            return found[0]
    named = re.search(
        (
            r"\bto (?:the |our |my )?([A-Za-z][\w-]*(?: (?!for|about|"
            r"with|and|on|by|saying|that|the)[A-Za-z][\w-]*)?)"
        ),
        text + " . " + scene.goal,
    )
    return named[1] if named else None


def identifier(text: str) -> str | None:
    """The first thing in `text` that looks like an id: `rec-7`, `T1004`, `#12`."""
    match = re.search(
        (
            r"\b[A-Za-z]+[-_]\d[\w-]*\b|\b[A-Z]{1,4}\d+\b|#(\w+)|\b(?:id|"
            r"number|record|ticket|order) ([\w-]*\d[\w-]*)"
        ),
        text,
    )
    return (match[1] or match[2] or match[0]) if match else None


def _place(name: str, step: Step, goal: str) -> str | None:
    """The place that a step is about, else the one that stands in the goal behind the fitting
    word.
    """
    alone = words.proper_names(step.topic)
    if len(alone) == 1 and len(words.entities(goal)) > 1:
        return alone[0]
    text = f"{step.description}\n{goal}"
    prefix = {"origin": r"from", "from": r"from", "destination": r"to|for", "to": r"to"}.get(
        name.lower().split("_")[0], r"in|at|for|of|to|from|near"
    )
    match = re.search(rf"\b(?:{prefix}) ([A-Z][\w-]*(?: [A-Z][\w-]*)*)", text)
    return match[1] if match else next(iter(words.proper_names(text)), None)


def _item_name(text: str) -> str | None:
    """What is ordered or booked: `3 boxes of blue pens` are blue pens."""
    match = re.search(
        (
            r"\b(?:order|buy|book|get|reserve|purchase) (?:an? |the |"
            r"\d+ )?(?:\w+ of )?([a-z][\w -]*?)(?= (?:to|for|from|at|"
            r"on|in)\b|[.,;]|$)"
        ),
        text,
        re.I,
    )
    return match[1] if match else None


def _name(step: Step, scene: Scene) -> str:
    known = words.proper_names(step.topic) or words.proper_names(step.description)
    return known[0] if known else step.topic


def expression(text: str, scene: Scene) -> str | None:
    """The calculation that a text asks for, from its figures, else from what was observed."""
    for place in (text, scene.goal):
        if found := written(place):
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


def _on_found(text: str, scene: Scene) -> str | None:
    """A figure that was found, reckoned with as the text says: `times 12`."""
    priced = [
        item.amount
        for fact in facts(scene)
        if (item := Item("", fact.text, price_in(fact.text))).amount is not None
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
