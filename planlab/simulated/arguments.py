"""A tool call's arguments: each parameter from the goal, the step, what was observed, and its own words."""

import ast
import operator
import re
from collections.abc import Callable, Mapping

from planlab.simulated import words
from planlab.simulated.scene import Scene, Tool
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
    ("date", "date day when deadline start end since until"),
    ("place", "city location place country destination origin town"),
    ("name", "name company entity person customer product item competitor vendor symbol ticker"),
    ("query", "query q search term keyword keywords question topic input prompt subject text request task"),
)
_BY_KIND = {"search": "query", "read": "path", "query": "query", "compute": "expression", "write": "content", "send": "content", "draft": "content"}
COMPOSED = ("content", "memo")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PATH = re.compile(r"(?<![\w@/])(?:[\w.-]+/)*[\w-]+\.(?:csv|txt|md|json|py|pdf|html|ya?ml|toml|xlsx|log|js|ts|java|sql)\b|(?<![\w:/])(?:[\w.-]+/){1,}[\w.-]+")


def meaning(name: str, schema: Mapping[str, object], tool: Tool) -> str:
    """What a parameter asks for: sql, path, to, amount …"""
    kind, pieces = tool_kind(tool), words.pieces(name)
    about = f"{schema.get('description', '')} {tool.description}"
    found = next((m for m, row in _PARAMETERS if any(piece in row.split() for piece in pieces)), "")
    if kind == "query" and found in ("query", "content", "") and re.search(r"\bSQL\b|\bSELECT\b", about):
        return "sql"
    if kind in ("search", "other") and found in ("content", "subject", ""):
        return "query"
    if kind == "compute" and found in ("query", "content", ""):
        return "expression"
    return found or next((m for m, row in _PARAMETERS for piece in words.pieces(str(schema.get("description", ""))) if piece in row.split()), _BY_KIND.get(kind, "query"))


def value_for(name: str, schema: Mapping[str, object], step: Step, scene: Scene, tool: Tool, compose: Callable[[], str]) -> object | None:
    """A parameter's value, or None where nothing in view gives one."""
    text = f"{step.description}. {step.topic}"
    if isinstance(choices := schema.get("enum"), list):
        return _choice(choices, f"{text} {scene.goal}")
    what, kind = meaning(name, schema, tool), _type(schema)
    if kind in ("integer", "number"):
        return _number(name, what, kind, text, scene)
    if kind == "boolean":
        return schema.get("default", False)
    if kind == "array":
        return _array(schema, text, scene)
    if kind == "object":
        return None
    makers: dict[str, Callable[[], object | None]] = {
        "sql": lambda: sql(text, scene, f"{tool.description} {schema.get('description', '')}"),
        "expression": lambda: expression(text, scene),
        "path": lambda: _path(text, scene, tool, schema),
        "url": lambda: _first(r"https?://\S+", f"{text} {scene.goal} {scene.context}"),
        "subject": lambda: title(scene.goal or text),
        "to": lambda: _recipient(text, scene),
        "amount": lambda: _first(r"\d[\d,.]*", text),
        "content": compose,
        "memo": lambda: words.clip(scene.goal or text, 100),
        "id": lambda: identifier(f"{step.description} {scene.goal}") or identifier(_news(scene)),
        "date": lambda: _first(r"\d{4}-\d\d-\d\d|\d{1,2}\.\d{1,2}\.\d{4}|\b(?:today|tomorrow|yesterday|next \w+|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b", f"{text} {scene.goal}"),
        "place": lambda: _place(name, f"{step.description}\n{scene.goal}"),
        "name": lambda: _name(step, scene),
        "query": lambda: step.topic,
    }
    return makers.get(what, lambda: step.topic)()


def _type(schema: Mapping[str, object]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "string")
    if kind is None and isinstance(options := schema.get("anyOf"), list):
        return next((_type(each) for each in options if isinstance(each, dict) and each.get("type") != "null"), "string")
    return str(kind or ("object" if "$ref" in schema or "properties" in schema else "string"))


def _choice(choices: list[object], text: str) -> object:
    wanted = words.content(text)
    return max(choices, key=lambda choice: words.overlap(words.content(str(choice)), wanted)) if choices else None


def _number(name: str, what: str, kind: str, text: str, scene: Scene) -> object | None:
    if what == "limit":
        return 5
    figures = words.numbers(re.sub(r"[A-Za-z]+-?\d+", "", text)) or words.numbers(scene.goal)
    money = re.findall(r"[$€£]\s?(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?) ?(?:dollars|euros?|usd|eur|pounds)", f"{text} {scene.goal}", re.I)
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
        return [int(f) if kind == "integer" or float(f).is_integer() else float(f) for f in map(str, figures)]
    if kind == "string":
        return words.entities(scene.goal) or _EMAIL.findall(scene.goal) or [text]
    return None


def _first(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text, re.I)
    return match[0].rstrip(".,") if match else None


def _news(scene: Scene) -> str:
    return "\n".join(each.text for each in reversed(scene.observations) if not each.error)


def title(goal: str) -> str:
    """A headline made of what a goal orders to be written or found."""
    named = re.search(r"\b(?:write|create|prepare|produce|draft|send|compose)\b (?:an? |the |this |me )?([\w' -]*?(?:report|summary|comparison|overview|brief|memo|note|answer))\b", goal, re.I)
    clause = next(iter(words.clauses(goal)), goal)
    subject = re.sub(r"^(?:\w+)\s+(?:the )?", "", clause) if words.verb_kind(clause.split(" ")[0]) else clause
    heading = f"{named[1]}: {subject}" if named and named[1].lower() not in subject.lower() else named[1] if named else subject
    return words.clip(heading[:1].upper() + heading[1:], 70).rstrip(".?")


def _path(text: str, scene: Scene, tool: Tool, schema: Mapping[str, object]) -> str | None:
    """A path that is mentioned; for writing, one that says what is in it."""
    writes = tool_kind(tool) in ("write", "draft", "change")
    places = [text, scene.goal] if writes else [text, scene.goal, _news(scene), scene.instructions, f"{schema.get('description', '')} {tool.description}", scene.context]
    listed = [path for place in places for path in _PATH.findall(place) if "@" not in path]
    wanted = words.content(f"{text} {scene.goal}")
    if listed:
        done = [str(each.arguments.get("path", "")) for each in scene.observations]
        fresh = [path for path in dict.fromkeys(listed) if path not in done or writes] or listed
        return max(fresh, key=lambda path: words.overlap(words.content(re.sub(r"\.\w+$", "", path)), wanted))
    slug = "_".join(words.pieces(title(scene.goal or text))[:5])
    return f"{slug or 'report'}.md" if writes else None


def _recipient(text: str, scene: Scene) -> str | None:
    """An address in the task; after it one that an observation gives; never one made up."""
    for place in (text, scene.goal, scene.instructions, _news(scene)):
        if found := _EMAIL.search(place):
            return found[0]
    named = re.search(r"\bto (?:the |our |my )?([A-Za-z][\w-]*(?: (?!for|about|with|and|on|by|saying|that|the)[A-Za-z][\w-]*)?)", text + " . " + scene.goal)
    return named[1] if named else None


def identifier(text: str) -> str | None:
    """The first thing in `text` that looks like an id: `rec-7`, `T1004`, `#12`."""
    match = re.search(r"\b[A-Za-z]+[-_]\d[\w-]*\b|\b[A-Z]{1,4}\d+\b|#(\w+)|\b(?:id|number|record|ticket|order) ([\w-]*\d[\w-]*)", text)
    return (match[1] or match[2] or match[0]) if match else None


def _place(name: str, text: str) -> str | None:
    prefix = {"origin": r"from", "from": r"from", "destination": r"to|for", "to": r"to"}.get(name.lower().split("_")[0], r"in|at|for|of|to|from|near")
    match = re.search(rf"\b(?:{prefix}) ([A-Z][\w-]*(?: [A-Z][\w-]*)*)", text)
    return match[1] if match else next(iter(words.proper_names(text)), None)


def _name(step: Step, scene: Scene) -> str:
    known = words.proper_names(step.topic) or words.proper_names(step.description)
    return known[0] if known else step.topic


# ---- SQL ---------------------------------------------------------------------------------------------------

_TABLE = re.compile(r"\b([a-z]\w*)\s?\(\s*([a-z]\w*(?:\s+[A-Za-z]+)?(?:,\s*[a-z]\w*(?:\s+[A-Za-z]+)?)+)\s*\)")
_CATEGORY = ("intent", "category", "type", "kind", "topic", "label", "status", "reason", "region", "product", "customer")
_FIGURE = ("amount", "revenue", "total", "price", "price_usd", "value", "cost", "quantity", "sales", "score", "rating")
_TIME = ("month", "week", "date", "day", "created", "created_at", "updated", "year", "quarter", "timestamp")
_MONTHS = "january february march april may june july august september october november december".split()


def tables(text: str) -> dict[str, list[str]]:
    """Tables and their columns, as `tickets(id, week, intent)` in a description."""
    return {name: [part.split()[0] for part in columns.split(",")] for name, columns in _TABLE.findall(text)}


def sql(text: str, scene: Scene, about: str) -> str:
    """A SELECT for what a step asks, from the tables that the tool's description lists."""
    known = tables(about) or tables(scene.context)
    if not known:
        return "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
    wanted, goal = words.content(text), words.content(scene.goal)
    table = max(known, key=lambda name: _relevance(name, known[name], wanted) * 3 + _relevance(name, known[name], goal))
    columns = known[table]
    where = _where(table, columns, f"{text} {scene.goal}", f"{about} {scene.context}")
    return f"{_select(table, columns, text, scene.goal)}".replace("{where}", where)


def _relevance(table: str, columns: list[str], wanted: list[str]) -> float:
    return 3 * words.overlap(words.content(table), wanted) + sum(word in wanted for column in columns for word in words.content(column)) * 0.5


def _select(table: str, columns: list[str], text: str, goal: str) -> str:
    figure, low = _pick(_FIGURE, columns), text.lower()
    grouped = _group(columns, low, goal.lower(), totals=bool(figure))
    head = f"COUNT(*) AS n FROM {table}{{where}}"
    if re.search(r"\baverage|\bmean\b|\bavg\b", low) and figure:
        head = f"AVG({figure}) AS average FROM {table}{{where}}"
    elif figure and not re.search(r"\bcount|\bhow many|\bnumber of", low) and (grouped or re.search(r"\btotal|\bsum\b|\brevenue", low)):
        head = f"SUM({figure}) AS total FROM {table}{{where}}"
    elif not re.search(r"\bcount|\bhow many|\bnumber of|\btop\b|\bmost\b|\bcategor|\btally|\bgroup|\bper\b|\bby\b", low):
        return f"SELECT {', '.join(columns)} FROM {table}{{where}}"
    if not grouped:
        return f"SELECT {head}"
    order = grouped if grouped in _TIME else f"{head.split(' AS ')[1].split()[0]} DESC"
    return f"SELECT {grouped}, {head} GROUP BY {grouped} ORDER BY {order}"


def _group(columns: list[str], text: str, goal: str, *, totals: bool) -> str:
    """The column to group by: the one that is named after `by` or `per`, else the usual one for the question."""
    for place in (text, goal):
        for word in re.findall(r"\b(?:by|per|each|every|for each) (?:the )?(\w+)", place):
            if found := next((column for column in columns if words.stem(word) in words.content(column)), ""):
                return found
    if re.search(r"\bhow many\b", text) and not re.search(r"\beach|\bper\b|\bby\b", text):
        return ""
    named = [column for column in columns if column in _CATEGORY and words.stem(column) in words.content(text)]
    usual = _pick(_TIME, columns) if totals and re.search(r"\btrend|\bchange|\bmonth|\bover\b", text + goal) else ""
    return (named[0] if named else "") or usual or _pick(_CATEGORY, columns)


def _pick(known: tuple[str, ...], columns: list[str]) -> str:
    return next((column for column in known if column in columns), "")


def _where(table: str, columns: list[str], text: str, about: str) -> str:
    """The rows meant: a period that the goal names, on the table's column of time."""
    time = _pick(_TIME, columns)
    if time and (quarter := re.search(r"\bQ([1-4])\W*(\d{4})?", text)):
        year, first = quarter[2] or _first(r"\b20\d\d\b", text + about) or "", 3 * int(quarter[1]) - 2
        end = f"{year}-{first + 2:02d}" + ("" if time == "month" else "-31")
        return f" WHERE {time} BETWEEN '{year}-{first:02d}' AND '{end}'"
    if time and (month := re.search(rf"\b({'|'.join(_MONTHS)})\b(?: (\d{{4}}))?", text, re.I)):
        year = month[2] or _first(r"\b20\d\d\b", text + about) or ""
        return f" WHERE {time} LIKE '{year}-{_MONTHS.index(month[1].lower()) + 1:02d}%'"
    if "week" in columns and re.search(r"\bthis week|\bweekly|\bthe week\b|\d{4}-W\d\d", text, re.I):
        week = _first(r"\d{4}-W\d\d", text) or _first(r"\d{4}-W\d\d", about)
        return f" WHERE week = '{week}'" if week else f" WHERE week = (SELECT MAX(week) FROM {table})"
    if match := re.search(rf"\b({'|'.join(columns)}) (?:is |= ?)?['\"]?([A-Z][\w-]*|[\w-]*\d[\w-]*)", text):
        return f" WHERE {match[1]} = '{match[2]}'"
    return ""


# ---- arithmetic --------------------------------------------------------------------------------------------

_WRITTEN = re.compile(r"(?<![\w.])\(*-?\d[\d,]*(?:\.\d+)?\)*(?:\s*(?:\*\*|[-+*/x×÷^])\s*\(*-?\d[\d,]*(?:\.\d+)?\)*)+")
# In a word problem, the words before a figure say what happens with it.
_CUES: tuple[tuple[str, str], ...] = (
    ("/", r"\bsplit|\bshar(?:e|ed|es)\b|\bdivid|\bequally\b|\bamong\b|\bper person\b"),
    ("*", r"\beach\b|\bper\b|\bevery\b|\btimes\b|\bmultipl|\bof \d|\bat [$€£]?\d|\bboxes of\b|\bfor [$€£]?\d[\d.]* (?:each|a\b)"),
    ("-", r"\bgives?\b|\bgave\b|\blos[et]|\beat|\bate\b|\bspen[dt]|\bsold\b|\bsells?\b|\bminus\b|\bsubtract|\btakes? away|\bfewer\b|\bleft\b|\bdiscount\b|\bremov"),
    ("+", r"\bplus\b|\badd|\bmore\b|\bgets?\b|\bbuys?\b|\bbought\b|\breceiv|\band\b|\bsum\b|\btotal\b|\baltogether\b"),
)


def expression(text: str, scene: Scene) -> str | None:
    """The calculation that a text asks for, from its figures, else from what was observed."""
    for place in (text, scene.goal):
        if found := written(place):
            return found
    change = _change(scene) if scene.observations else None
    return change or worded(scene.goal)


def written(text: str) -> str | None:
    """A calculation that stands in the text: `12 * (3 + 4)`, `17% of 230`."""
    if match := re.search(r"(\d[\d,.]*)\s?(?:%|percent) (?:of|on|from) [$€£]?(\d[\d,]*(?:\.\d+)?)", text):
        return f"{match[2]} * {match[1]} / 100".replace(",", "")
    found = re.search(r"[(\d][\d.,()\s]*(?:(?:\*\*|[-+*/x×÷^])[\d.,()\s]+)+", text)
    plain = found[0].strip(" .,").replace(",", "") if found and not re.fullmatch(r"[\d-]+", found[0].strip(" .,")) else ""
    for sign, python in (("x", "*"), ("×", "*"), ("÷", "/"), ("^", "**")):
        plain = plain.replace(sign, python)
    return plain if plain and calculate(plain) is not None else None


def worded(text: str) -> str | None:
    """A word problem's figures folded from left to right by the cue that stands nearest to each."""
    spans = [(m.start(), m.end(), m[0].replace(",", "")) for m in re.finditer(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?(?![\w-])", text)]
    if len(spans) < 2:
        return None
    folded = spans[0][2]
    for (_, before, _), (start, end, figure) in zip(spans, spans[1:], strict=False):
        stop = re.search(r"[.,;?!]|\d", text[end:])
        near = text[before:start] + text[start:end] + text[end : end + (stop.start() if stop else len(text))]
        sign = next((sign for sign, cue in _CUES if re.search(cue, near, re.I)), "+")
        folded = f"({folded} {sign} {figure})" if sign in "*/" and " " in folded else f"{folded} {sign} {figure}"
    return folded


def _change(scene: Scene) -> str | None:
    """The change in percent from the first to the last figure of the newest table with a course in time."""
    for seen in reversed(scene.observations):
        if isinstance(seen.value, dict) and isinstance(rows := seen.value.get("rows"), list) and len(rows) >= 2:
            columns = [str(column) for column in seen.value.get("columns") or []]
            figures = [row[-1] for row in rows if isinstance(row, list) and row and isinstance(row[-1], (int, float))]
            if columns and columns[0] in _TIME and len(figures) == len(rows):
                return f"({figures[-1]} - {figures[0]}) / {figures[0]} * 100"
    return None


_OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.USub: operator.neg,
}


def calculate(expression: str) -> float | None:
    """The value of a plain arithmetic expression, or None where it has none."""
    try:
        return round(_value(ast.parse(expression, mode="eval").body), 6)
    except (SyntaxError, ValueError, ZeroDivisionError, KeyError, OverflowError, RecursionError):
        return None


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow):
            return left**right if abs(right) <= 64 and abs(left) <= 1e6 else float("nan")
        return float(_OPERATORS[type(node.op)](left, right))
    if isinstance(node, ast.UnaryOp):
        return float(_OPERATORS[type(node.op)](_value(node.operand)))
    raise ValueError("not arithmetic")
