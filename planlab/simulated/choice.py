"""Which tool serves an intent: by what it does, by shared words, and by whether it can be filled.

Tools are matched by the words of their names, descriptions and parameters, never by fixed names.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from planlab.simulated import words
from planlab.simulated.scene import Scene, Seen, Tool
from planlab.simulated.spans import spans

# Which kinds of tool can serve a kind of intent, the best first. What is not named, the model
# does itself.
_SERVES: dict[str, tuple[str, ...]] = {
    "search": ("search", "read", "query"),
    "read": ("read", "query", "search"),
    "query": ("query", "read", "search", "compute"),
    "compute": ("compute", "query"),
    "compare": ("compare",),
    "write": ("write", "draft"),
    "draft": ("draft", "write"),
    "send": ("send", "draft"),
    "pay": ("pay",),
    "delete": ("delete",),
    "change": ("change", "write"),
    "test": ("test",),
    "book": ("book", "write"),
    "question": ("search", "read", "query", "compute"),
}
_ACTING = (*words.EFFECTS, "write", "draft", "change", "handoff")
_ASKING = (*words.GATHER, "question")
# Verbs that a tool's noun may outweigh: create_payment.
_WEAK = ("write", "test", "answer", "change", "compare", "query", "make", "")
_NOUNS: dict[str, str] = {
    "draft": "draft drafts",
    "pay": "payment payments transaction",
    "send": "email mail sms slack message mailer outbox notification",
    "query": "sql database db table dataset query",
    "compute": "calculator arithmetic math expression converter",
    "search": "search wikipedia web internet google bing tavily lookup retriever retrieval",
    "read": "file document page reader folder",
    "test": "tests test pytest",
}
_PLAIN = frozenset(
    words.content(
        "file data web page text document info item tool api db database record content result "
        "query company entity person topic knowledge base internet email message mail note report "
        "summary transaction payment sql draft path name table online draft tests expression math "
        "number search engine function value folder money details info get find by for list all"
    )
)
# What a question's word asks for, in words that tools use.
_ASKED: tuple[tuple[str, str], ...] = (
    (r"\bwhen\b|\bwhat time\b|\bhow late\b", "time date hours schedule start open timetable log"),
    (r"\bwhere\b", "place location address track status position map find"),
    (r"\bwho\b", "person people staff member author roster rota"),
    (r"\bhow (?:much|expensive)\b|\bcosts?\b", "price cost fare fee rate amount"),
    (r"\bhow many\b", "count number amount level quantity"),
    (r"\bmeeting|\bappointment|\bremind", "calendar event appointment reminder meeting"),
    (r"\brain|umbrella|\bcold\b|\bwarm\b|\bsunny\b", "weather forecast temperature"),
    (r"\bfree\b|\bleft\b|\bhave (?:you|any)\b", "available availability stock level"),
)
_MAIL = re.compile(r"\be?-?mails?\b|\bmessage\b|\breply\b|\bto \w+@|\bletter\b", re.I)
_HANDOFF = re.compile(r"^(?:transfer_to|hand_?off|delegate_to|route_to|switch_to)", re.I)
_ABOUT_WORDS = "info status details hours count level log times history by for of "
_ABOUT = frozenset(_ABOUT_WORDS.split())
_FINAL = re.compile(
    r"^(?:final_?(?:result|answer|output|response)?|submit\w*|finish|done|complete|end_run|"
    r"respond|give_answer|answer|output)(?:_|$)|final_(?:result|answer)",
    re.I,
)


def tool_kind(tool: Tool) -> str:
    """What kind of act a tool is: by its name's verb, its nouns, or its description."""
    return _kind(tool.name, tool.description)


@lru_cache(maxsize=1024)
def _kind(called: str, description: str) -> str:
    if _HANDOFF.search(called):
        return "handoff"
    if _FINAL.search(called):
        return "final"
    name, told = words.pieces(called), words.pieces(re.split(r"[.;:,]", description)[0])[:8]
    if len(name) > 1 and name[-1] in _ABOUT and name[0] not in _ACTS:
        return "read"
    leads = words.plain_verb_kind(name[0]) or "" if name else ""
    if name[:1] == ["open"] and not any(
        word in _NOUNS["read"] or word == "url" for word in name[1:]
    ):
        leads = ""  # a page is opened to be read, a door is not
        told = told[1:]
    last = words.plain_verb_kind(name[-1]) if len(name) > 1 else ""
    verb = leads or (last if last in ("search", "compute", "test") else "") or ""
    return _by_nouns(verb, name) or verb or _by_nouns("", told) or _told_kind(told) or "other"


def _told_kind(told: Sequence[str]) -> str:
    """The verb that begins a description; `stock of an article` begins with a noun."""
    return next((kind for word in told[:1] if (kind := words.plain_verb_kind(word))), "")


def _by_nouns(verb: str, pieces: Sequence[str]) -> str:
    """The kind that a noun gives where the verb says little: `run_query`, `create_draft`."""
    telling = ("draft", "pay", "send") if verb in ("write", "change") else tuple(_NOUNS)
    nouns = [kind for kind in telling if any(piece in _NOUNS[kind].split() for piece in pieces)]
    return nouns[0] if nouns and verb in _WEAK else ""


# First words of names that do something to the world, though they are no kind of intent here.
_ACT_WORDS = (
    "stop start close lock unlock turn switch set move assign block unblock mute kick "
    "discharge extend rename add archive tag log enrol enroll sign subscribe escalate "
    "approve reject accept decline dismiss hire fire promote upload publish print "
    "call alert trigger launch deploy restart reboot shut pause resume play wake arm "
    "disarm dispense release swap rebook upgrade mark merge attach invite ban apply "
    "enable disable adjust raise lower increase decrease put push pull sell hold cut "
    "fix repair adopt feed "
)
_ACTS = frozenset(_ACT_WORDS.split())


def is_acting(tool: Tool) -> bool:
    """Whether a tool changes something, as far as its name and description say."""
    told = words.pieces(tool.description)[:1]
    name = words.pieces(tool.name)
    if name and name[0] in _ACTS and name[-1] not in _ABOUT:
        return True
    return tool_kind(tool) in (*_ACTING, "make") or any(
        words.plain_verb_kind(word) in words.EFFECTS for word in told
    )


_EMPTY = frozenset(
    words.content(
        "use call using tool tools anyone anything any ever function access the invoke directly "
        "real actual off limits for this please rather"
    )
)


def is_forbidden(tool: Tool, scene: Scene) -> bool:
    """Whether the instructions rule this tool out, by its name or by what it does."""
    about = words.content(f"{tool.name} {tool.description.split('. ')[0]} {tool_kind(tool)}")
    for rule in scene.forbidden:
        for part in re.split(r"\s+(?:or|and|nor)\s+|[,:]\s*", rule.split(": ")[0]):
            if tool.name.lower() in re.findall(r"[\w-]+", part.lower()):
                return True
            named = [other for other in scene.tools if other.name.lower() in part.lower().split()]
            if not named and _rules_out(part, tool, about):
                return True
    return False


def _rules_out(part: str, tool: Tool, about: Sequence[str]) -> bool:
    wanted = [word for word in words.content(part) if word not in _EMPTY]
    verb = words.verb_kind((words.pieces(part) or [""])[0])
    name = words.content(tool.name)
    speaks = verb in (None, "search", "read", tool_kind(tool)) or any(w in name for w in wanted[:1])
    kind = verb in words.EFFECTS and verb == tool_kind(tool) and len(wanted) <= 2
    return bool(wanted) and (
        kind
        or (speaks and words.overlap(wanted[:3], about) >= 0.99)
        or (bool(wanted) and wanted[0] in name and is_acting(tool))
    )


def usable(scene: Scene) -> list[Tool]:
    """The tools that may be used for work: not forbidden, not a handoff or an end."""
    return [
        tool
        for tool in scene.tools
        if tool_kind(tool) not in ("handoff", "final") and not is_forbidden(tool, scene)
    ]


# `Report both prices` is said, `write a report` is written.
_TELLS = re.compile(r"(?:please )?(?:report|present|describe|summari[sz]e|explain)\b", re.I)
_KEPT = re.compile(r"\b(?:file|note|document|save|store|write)\b|\.\w{2,4}\b|\w_\w", re.I)


def best_tool(kind: str, text: str, scene: Scene, without: Sequence[str] = ()) -> Tool | None:
    """The tool that fits an intent best, or None when nothing on offer fits."""
    tools = [tool for tool in usable(scene) if tool.name not in without]
    if kind == "write" and _TELLS.match(text) and not _KEPT.search(text):
        return None
    ranked = sorted(tools, key=lambda tool: -_fitness(tool, kind, text))
    if ranked and _fitness(ranked[0], kind, text) >= 4.5:
        return ranked[0]
    if len(tools) != 1:
        return None
    looks = not is_acting(tools[0]) and kind in (*_ASKING, "compute")
    return tools[0] if looks or _orders_only(tools[0], kind, text) else None


def _orders_only(tool: Tool, kind: str, text: str) -> bool:
    """Whether the one tool on offer is meant by an order whose verb nobody knows."""
    first = (words.pieces(text) or [""])[0]
    unknown = kind == "answer" and words.verb_kind(first) is None and first not in words.STOP
    typed = any(span.kind in ("time", "date", "code", "figure", "mail") for span in spans(text))
    return unknown and typed and tool_kind(tool) not in words.EFFECTS and not _lacking(tool, text)


def _fitness(tool: Tool, kind: str, text: str) -> float:
    """How well a tool fits: its kind, its verb, shared words, what it needs and the text has."""
    serves, own = _SERVES.get(kind, ()), tool_kind(tool)
    if re.search(rf"(?<![\w.]){re.escape(tool.name)}(?![\w/])", text) and len(tool.name) > 2:
        return 30.0
    wanted = [word for word in words.content(text) if not word[0].isdigit()]
    name, told = words.content(tool.name), words.content(tool.description)
    verb = words.stem((words.pieces(text) or [""])[0])
    does = kind != "question" and (6 * (verb in name) or 4 * (verb in told[:4]))
    if (own in words.EFFECTS and own not in serves and not does) or (
        is_acting(tool) and kind in _ASKING
    ):
        return 0.0
    thinks = kind in ("compare", "write", "draft", "test") or words.verb_kind(verb) == "answer"
    if thinks and own not in serves and not does:
        return 0.0
    fits = 10.0 - 2.5 * serves.index(own) if own in serves else 6.0 * (own == kind != "answer")
    if own == "draft" and kind in ("write", "draft") and not _MAIL.search(text):
        fits, does = fits - 5, 0  # what is created there is a mail
    if own == "other" and kind in _ASKING:
        fits += 3 - 3 * _commands(tool)
    shared = _shared(tool, wanted, text)
    if kind in words.EFFECTS and own not in (kind, "draft") and shared < 2:
        return 0.0
    listed = 3 * any(f"{name}(" in tool.description for name in words.pieces(text))
    return fits + does + shared + listed + 2.5 * _meant_for(tool, text) - 4 * _lacking(tool, text)


def _commands(tool: Tool) -> bool:
    """Whether name and description begin with the same word, as orders do."""
    name, told = words.pieces(tool.name), words.pieces(tool.description)
    return bool(name) and name[:1] == told[:1]


def only_looks(tool: Tool) -> bool:
    """Whether a tool changes nothing, as far as its name and description tell."""
    return not is_acting(tool) and not _commands(tool)


def points_back(text: str) -> bool:
    """Whether a text speaks of what came before and names nothing itself."""
    text = re.sub(r"\bth(?:is|at) (?:day|week|month|quarter|year|morning|evening)\b", "", text)
    points = re.search(r"\b(?:it|its|they|their|them|that|this|one|his|her|she|he)\b", text, re.I)
    named = any(span.kind in ("name", "code", "quoted", "mail", "path") for span in spans(text))
    return points is not None and not named


def some_tool(kind: str, text: str, scene: Scene) -> Tool | None:
    """For a question that no tool fits well: the best that only looks and that it can fill."""
    if kind not in _ASKING or not scene.callable or scene.material:
        return None
    looking = [tool for tool in usable(scene) if only_looks(tool) and not _lacking(tool, text)]
    return max(looking, key=lambda tool: _fitness(tool, kind, text), default=None)


def follower(text: str, scene: Scene, used: Sequence[str]) -> Tool | None:
    """The tool for `how long is it?`: one not used yet that takes the key of what was found."""
    if not points_back(text):
        return None
    return next(
        (
            tool
            for tool in usable(scene)
            if tool.name not in used and only_looks(tool) and tool.required and _lacking(tool, text)
        ),
        None,
    )


def _shared(tool: Tool, wanted: Sequence[str], text: str) -> float:
    """What tool and text say both; nouns of its name that the text lacks count against it."""
    asked = words.content(" ".join(row for cue, row in _ASKED if re.search(cue, text, re.I)))
    name = [word for word in words.content(tool.name) if word not in _PLAIN]
    described = words.content(tool.description)
    told = [*described, *words.content(" ".join(tool.properties))]
    nouns = [word for word in name if words.verb_kind(word) is None]
    said = sum(word in name for word in wanted)
    foreign = sum(word not in wanted and word not in asked and word in described for word in nouns)
    return (
        4 * min(said, 2)
        + 0.8 * min(sum(word in told for word in wanted), 3)
        + 2 * any(word in [*name, *told] for word in asked)
        - 2 * foreign * (not said)
    )


def _meant_for(tool: Tool, text: str) -> bool:
    """Whether a tool takes figures or codes, and the text has them."""
    has = [span.kind for span in spans(text)]
    return any(
        (part.get("type") in ("integer", "number") and "figure" in has)
        or (words.pieces(name)[-1:] == ["id"] and "code" in has)
        for name, part in tool.properties.items()
    )


def _lacking(tool: Tool, text: str) -> int:
    """How many things of a definite type a tool requires and the text does not hold."""
    has = [span.kind for span in spans(text)]
    lacking = 0
    for name in tool.required:
        kind = tool.properties.get(name, {}).get("type")
        pieces = words.pieces(name)
        if kind in ("integer", "number"):
            lacking += "figure" not in has
        elif pieces[-1:] == ["id"]:
            lacking += not any(each in has for each in ("code", "figure", "quoted"))
    return lacking


def room(tool: Tool, kind: str) -> int:
    """How many parameters of a tool take a thing of this kind; none for search texts and lists."""
    if kind == "figure":
        return sum(part.get("type") in ("integer", "number") for part in tool.properties.values())
    if kind == "path":
        return sum(words.pieces(name)[-1:] in (["path"], ["file"]) for name in tool.properties)
    taken = (
        "query q question topic search sql expression text content body message subject title date "
        "day weekday time path" + (" id ref code number" if kind == "name" else "")
    ).split()
    if any(
        part.get("type") in ("array", "object") or "$ref" in part
        for part in tool.properties.values()
    ):
        return 0
    return sum(
        part.get("type") == "string"
        and "enum" not in part
        and (words.pieces(name)[-1:] or [""])[0] not in taken
        for name, part in tool.properties.items()
    )


def acts(seen: Seen, scene: Scene) -> bool:
    """Whether an observation is of something done, not of something found."""
    tool = next((tool for tool in scene.tools if tool.name == seen.tool), None)
    return tool is not None and is_acting(tool)


def handoffs(scene: Scene) -> list[Tool]:
    """Tools that pass the work to another agent."""
    return [tool for tool in scene.tools if tool_kind(tool) == "handoff"]


def final_tool(scene: Scene) -> Tool | None:
    """The tool by which a client wants the final answer, such as `final_result`."""
    return next((tool for tool in scene.tools if tool_kind(tool) == "final"), None)
