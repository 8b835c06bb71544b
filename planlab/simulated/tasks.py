"""From a goal to intended steps: templates, lists of things, clauses, and fitting tools."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from planlab.simulated import words
from planlab.simulated.choice import acts as acts
from planlab.simulated.choice import best_tool as best_tool
from planlab.simulated.choice import follower, only_looks, points_back, room, some_tool, usable
from planlab.simulated.scene import _NEGATIVE, _RULED_OUT, Scene, Tool, split_request
from planlab.simulated.spans import coordinated
from planlab.simulated.sums import written

FORM = re.compile(
    (
        r"^(?:please )?(?:answer|reply|respond|only|just) [^?]*(?:only|"
        r"number|name|word|sentence|yes or no|json)\b|^only the\b|"
        r"\bonly, please|^(?:use|spend|ask) (?:only|at most|in)\b"
    ),
    re.I,
)

_OWN = re.compile(
    (
        r"\bknowledge base\b|\bfiles?\b|\b(?:our|the) (?:docs?|documents?|"
        r"documentation|handbook|manual|policy|notes|inbox|folder)\b|"
        r"\.\w{2,4}\b"
    ),
    re.I,
)


@dataclass(frozen=True)
class Step:
    """One thing to do; `tool` None means that the model does it itself."""

    id: str
    kind: str
    description: str
    topic: str
    tool: Tool | None
    depends_on: tuple[str, ...] = ()
    condition: str = ""  # done only where an observation says so


@dataclass(frozen=True)
class _Intent:
    kind: str
    text: str
    topic: str = ""
    chained: bool = False  # needs what stands before it, though its kind could run alone
    condition: str = ""


_BY_THINKING = re.compile(
    (
        r"\b(?:top|most|highest|lowest|best|cheapest|dearest|largest|"
        r"biggest|smallest|main|average|difference|winner|trends?|"
        r"patterns?|which)\b"
    ),
    re.I,
)

# A goal that says only what for: the steps that people mean by it, before what the goal itself
# orders.
_MEANT: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        (
            r"\b(?:tickets?|support report|feedback|complaints?|survey "
            r"responses|reviews? received|customer messages)\b"
        ),
        (
            ("query", "load the {items}{period}"),
            ("query", "count the {items} by category{period}"),
            ("compare", "find the top category and its count"),
        ),
    ),
    (
        r"\b(?:sales|revenue|turnover|orders|spending|usage|traffic)\b.*|\btrends?\b",
        (
            ("query", "total the {items} by month{period}"),
            ("query", "total the {items} by region{period}"),
            ("compute", "compute the change over the period"),
            ("compare", "name the trends and what is missing"),
        ),
    ),
    (
        r"\b(?:refactor|migrate|rewrite|upgrade|switch|port)\b",
        (
            ("read", "read the current {items}"),
            ("compare", "work out what has to change"),
            ("change", "{text}"),
            ("test", "run the tests"),
        ),
    ),
)
_ITEMS = (
    r"tickets?|feedback|complaints?|survey responses|reviews|"
    r"customer messages|sales|revenue|turnover|orders|spending|"
    r"usage|traffic|"
    r"[\w-]+ (?:module|service|class|code|function|component|script|library)"
)


def plan(scene: Scene) -> tuple[Step, ...]:
    """The intended steps for the scene's goal, in an order that respects their dependencies."""
    goal = scene.goal or (" ; ".join(scene.plan) if scene.plan else "")
    return resolve(_intents(goal, scene), scene) if goal else ()


_POINTS_BACK = re.compile(
    r"\b(?:of (?:the two|them|these|those|both)|which one|the (?:cheaper|former|latter) one)\b",
    re.I,
)


def resolve(intents: Sequence[_Intent], scene: Scene) -> tuple[Step, ...]:
    """Steps with tools and dependencies; a step that gathers waits for nothing."""
    steps: list[Step] = []
    intents = [one for intent in intents for one in _one_by_one(intent, scene)]
    for number, intent in enumerate(intents, 1):
        known = (
            _POINTS_BACK.search(f"{intent.text} {scene.orders}")
            and intent.kind in ("question", "search")
            and any(not seen.error for seen in scene.observations)
        )
        tool = None if known else best_tool(intent.kind, f"{intent.text} {intent.topic}", scene)
        used = [step.tool.name for step in steps if step.tool]
        if intent.kind in (*words.GATHER, "question") and (
            other := follower(intent.text, scene, used) if used else None
        ):
            tool, intent = other, replace(intent, chained=True)
        elif tool and tool.name in used and intent.kind != "query" and points_back(intent.text):
            tool = None  # it asks more about what was found
        alone = intent.kind in (*words.GATHER, "question") and not intent.chained
        needed = {dependency for step in steps for dependency in step.depends_on}
        thinks = tool is None and intent.kind in ("compare", "answer")  # over all that was found
        needs = tuple(
            step.id
            for step in steps
            if not alone
            and (step.id not in needed or (thinks and step.tool and step.kind in words.GATHER))
        )
        steps.append(
            Step(
                f"s{number}",
                intent.kind,
                intent.text[:1].upper() + intent.text[1:],
                intent.topic or intent.text,
                tool,
                needs,
                intent.condition,
            )
        )
    if not scene.observations and not any(s.tool and only_looks(s.tool) for s in steps):
        steps = [replace(s, tool=s.tool or some_tool(s.kind, s.description, scene)) for s in steps]
    return tuple(steps)


def _one_by_one(intent: _Intent, scene: Scene) -> list[_Intent]:
    """One intent for each of the things side by side, where the tool takes one of them a call."""
    tool = best_tool(intent.kind, f"{intent.text} {intent.topic}", scene)
    text = intent.text
    row = coordinated(text) or coordinated(text, ("figure",))
    if not row and re.search(r"\b(?:they|them|both|each of|these|those)\b", text, re.I):
        text = f"{text} {scene.goal}"
        row = coordinated(text, ("mail", "code", "quoted", "path", "name"))
    if tool is None or len(row) < 2 or room(tool, row[0].kind) != 1:
        return [intent]
    first, last = row[0].start, row[-1].end
    made = [text[:first] + span.text + text[last:] for span in row]
    return [replace(intent, text=each, topic=_topic(each, each)) for each in made]


_CONDITION = re.compile(
    r"^(?:and |but )?(?:(?:only )?(?:if|when|in case|provided(?: that)?|as long as) "
    r"(?P<first>[^,]+?)"
    r"(?:,| then\b)\s*(?:then )?(?P<act>.+)|(?P<plain>.+?),? (?:but )?(?:only )?"
    r"(?:if|in case|provided"
    r"(?: that)?) (?P<last>.+))$",
    re.I,
)
_IF_INSIDE = re.compile(r",?\s+(?:and|but),? if,? (?=[^.?!\n]+,)", re.I)
_WAITING = re.compile(r"^(?:and |but )?(?:only )?(?:if|when|in case) (?!you\b)([^,]+)$", re.I)


def conditional(parts: Sequence[str]) -> list[tuple[str, str]]:
    """Clauses with their conditions: `if few are left` goes with the order behind it."""
    found: list[tuple[str, str]] = []
    waiting = last = ""
    for part in parts:
        if part.endswith("?"):
            found.append((part, ""))
        elif match := _WAITING.match(part):
            waiting = last = f"not {last}" if match[1].lower() == "not" else match[1]
        elif (match := re.match(r"(?:otherwise|else|if not),? (.+)", part, re.I)) and last:
            found.append((match[1], f"not {last}"))
        elif match := _CONDITION.match(part):
            said = match["first"] or match["last"]
            if said.lower() in ("not", "no", "so", "yes"):
                said = ("not " if said.lower() in ("not", "no") else "") + last
            last = said
            found.append((match["act"] or match["plain"], last))
        else:
            found.append((part, waiting))
            waiting = ""
            if match := re.search(r"\b(?:whether|if) (.+)", part):
                last = match[1]
    return found


def positive(goal: str) -> str:
    """The goal without what it forbids and without limits on form."""
    goal = _RULED_OUT.sub("", _NEGATIVE.sub("", goal))
    goal = re.sub(r"^(?:i'd|i would|please|and|but)?\s*[:,;]\s*", "", goal, flags=re.I)
    return words.squeeze(goal) if "\n" not in goal else goal


def _intents(goal: str, scene: Scene) -> list[_Intent]:
    text = positive(without_meta(goal))
    if is_sum(text) and (best_tool("compute", text, scene) or not usable(scene)):
        return [_Intent("compute", text, text)]
    found: list[_Intent] = []
    orders = _IF_INSIDE.sub(". If ", positive(without_meta(split_request(goal)[0])))
    parts = [part for part in words.clauses(orders) if not FORM.search(part)] or [text]
    spelled_out = sum(_kind(part) in (*words.GATHER, "compute", "compare") for part in parts) >= 3
    expanded = spelled_out or bool(scene.remaining)
    for part, condition in conditional(parts):
        if condition and not found and not condition.startswith("not "):
            found.append(_Intent("question", condition, _topic(condition, condition)))
        meant = [] if expanded else _meant(part, text, scene)
        listed = _each(part, text, scene) if not meant else []
        expanded = expanded or bool(meant)
        kind = _kind(part)
        if (
            kind == "search"
            and _BY_THINKING.search(part)
            and any(each.kind in words.GATHER for each in found)
        ):
            kind = "compare"
        found += meant or listed
        if not (meant and kind in (*words.GATHER, "change")) and not (
            listed and kind in (*words.GATHER, "question")
        ):
            found.append(_Intent(kind, part, _topic(part, text), bool(condition), condition))
    return _with_gathering(_with_sum(_merged(found), text, scene), text, scene)


_TAIL = re.compile(
    (
        r"\b(?:times|multiplied by|divided by|plus|minus|for a year|"
        r"per year|a year|in \d+ months) ?\d*[\w ]*|\b\d+ (?:times|"
        r"seats|users|people|months)\b"
    ),
    re.I,
)


_MANY = re.compile(  # a price is wanted for so many of a thing
    r"\b(\d+) (?!(?:percent|euros|dollars|pounds|degrees|days|hours)\b)([a-z]+s)\b"
    r"(?=[^.]*\b(?:costs?|come to|altogether|in all|in total)\b)|"
    r"\bhow much (?:are|for|would|do) (\d+) ([a-z]+s)\b",
    re.I,
)


def _with_sum(intents: list[_Intent], goal: str, scene: Scene) -> list[_Intent]:
    """A question that looks a figure up and reckons with it takes two steps."""
    single = len(intents) == 1 and intents[0].kind in ("question", "search", "read")
    if not single or not best_tool("compute", goal, scene):
        return intents
    if (many := _MANY.search(goal)) and not _TAIL.search(goal):
        count, noun = (each for each in many.groups() if each)
        thing = goal.replace(f"{count} {noun}", noun)
        return [
            replace(intents[0], text=thing, topic=_topic(thing, thing)),
            _Intent("compute", f"calculate it times {count}", f"times {count}", chained=True),
        ]
    if not (tail := _TAIL.search(goal)) or not words.numbers(tail[0]):
        return intents
    topic = words.squeeze(intents[0].topic.replace(tail[0], "")).strip(" ?")
    return [
        _Intent(intents[0].kind, f"find {topic}", topic),
        _Intent("compute", f"calculate it {tail[0].strip()}", tail[0].strip(), chained=True),
    ]


def is_sum(goal: str) -> bool:
    """Whether a goal is nothing but a calculation, written out or told as a story."""
    if written(goal):
        return len(words.clauses(goal)) <= 2
    if re.search(r"^\s*\d[.)] ", goal, re.M) or any(
        _kind(part) in (*words.GATHER, *words.EFFECTS, "write", "change")
        for part in words.clauses(goal)
        if not part.endswith("?")
    ):
        return False
    asks = re.search(
        (
            r"\bhow (?:many|much|old|far|long|tall|fast)\b|\bwhat is "
            r"the (?:total|sum|difference|product|average)\b|\b(?:add|"
            r"multiply|divide|subtract|calculate|split|share|halve|double)\b"
        ),
        goal,
        re.I,
    )
    figures = [
        figure for figure in words.numbers(goal) if not re.fullmatch(r"(?:19|20)\d\d", figure)
    ]
    return bool(asks) and len(figures) >= 2


def _kind(clause: str) -> str:
    """The kind of the clause's leading verb; a question is one of its own."""
    if re.match(
        r"(?:who|what|when|where|which|why|how|is|are|does|"
        r"do(?! (?:nothing|not|so|it|this|that)\b)|can|was)\b",
        clause,
        re.I,
    ) or clause.rstrip().endswith("?"):
        return (
            "query"
            if re.match(r"how many\b", clause, re.I)
            else "read"
            if _OWN.search(clause)
            else "question"
        )
    if _ASKS.search(clause) or _TELL_ME.match(clause):
        return "question"
    leading = re.findall(r"[^\W\d_-]+(?:-\w+)?", clause)[:6]
    known = next((kind for word in leading if (kind := words.verb_kind(word))), None)
    return known or words.misspelt_kind(leading[0] if leading else "") or "answer"


_TELL_ME = re.compile(r"(?:and |then |please )*(?:tell|give|show|let) (?:me|us)\b", re.I)
_ASKS = re.compile(
    r"\b(?:wants?|needs?|like|find out|tell (?:me|us)|let (?:me|us) know|say|wonder\w*|check)\b"
    r"(?: \w+){0,2} (?:who|what|when|where|which|why|how|whether|if)\b|"
    r"\b(?:want|wants|need|needs|like) (?:you )?to (?:know|find out)\b",
    re.I,
)


def _meant(clause: str, goal: str, scene: Scene) -> list[_Intent]:
    """The steps that people mean by a clause such as `the weekly support report`."""
    kind = _kind(clause)
    if (
        scene.material
        or kind in words.EFFECTS
        or re.match(r"how (?:many|much)", clause, re.I)
        or kind == "question"
        or (not usable(scene) and scene.tools)
        or _is_of_tool(clause, kind, scene)
    ):
        return []
    for pattern, steps in _MEANT:
        verbal = "refactor" in pattern
        if re.search(pattern, clause, re.I) and (kind == "change") == verbal:
            items = (
                match[0]
                if (match := re.search(_ITEMS, clause, re.I))
                else "tickets"
                if "support" in clause
                else "data"
            )
            period = f" {found[0]}" if (found := re.search(_PERIOD, goal, re.I)) else ""
            period = re.sub(r"\bweekly\b", "of this week", period, flags=re.I)
            return [
                _Intent(
                    k,
                    t.format(items=items, period=period, text=clause),
                    chained=i > 0 and k not in words.GATHER,
                )
                for i, (k, t) in enumerate(steps)
            ]
    return []


def _is_of_tool(clause: str, kind: str, scene: Scene) -> bool:
    """Whether a tool's name says what the clause orders: `open a ticket` and open_ticket."""
    tool = best_tool(kind, clause, scene)
    verb, said = words.stem((words.pieces(clause) or [""])[0]), words.content(clause)
    name = words.content(tool.name) if tool else []
    nouns = [word for word in name if word != verb]
    return verb in name and (not nouns or any(noun in said for noun in nouns))


_PERIOD = (
    r"(?:of |for |in |from )?(?:Q[1-4](?: \d{4})?|(?:this|last) "
    r"(?:week|month|quarter|year)|weekly|\d{4}-W\d\d|(?:January|"
    r"February|March|April|May|June|July|August|September|October|"
    r"November|December)(?: \d{4})?)"
)


def _each(clause: str, goal: str, scene: Scene) -> list[_Intent]:
    """One search for each of the things that a clause lists, which need nothing of one another."""
    kind = _kind(clause)
    if kind not in ("search", "read", "compare", "query", "question"):
        return []
    if (tool := best_tool(kind, clause, scene)) and any(
        part.get("type") == "array" for part in tool.properties.values()
    ):
        return []
    listed = words.entities(clause) or _top(clause, scene)
    already = scene.material or (
        kind == "compare"
        and any(_kind(part) in words.GATHER for part in words.clauses(goal))
        and not words.entities(clause)
    )
    if len(listed) < 2 or already:
        return []
    aspect, owner = _aspect(goal), _owner(clause)
    verb = "read" if kind == "read" else "search"
    return [
        _Intent(
            verb,
            f"find {aspect or 'out'} {'of' if aspect else 'about'} {name}",
            " ".join(filter(None, (owner, name, aspect))),
        )
        for name in listed
    ]


_RANKED = r"(?:top|best|leading|biggest|main|largest|cheapest)"
_SIDE_BY_SIDE = "competitor rival alternative supplier vendor company product tool option provider"


def _top(clause: str, scene: Scene) -> list[str]:
    """`the top 3 competitors of Acme`: names seen so far, else letters to tell them apart."""
    match = re.search(
        (
            rf"\b({_RANKED} )?(?<![\d.])(\d|two|three|four|five|six)\s+({_RANKED} "
            rf")?([a-z]+?)s\b"
        ),
        clause,
    )
    count = words.count_word(match[2]) if match else None
    meant = match and (match[1] or match[3] or match[4] in _SIDE_BY_SIDE.split())
    if not match or not meant or not count or count < 2:
        return []
    noun = match[4]
    good = [each.text for each in scene.observations if not each.error]
    seen = list(dict.fromkeys(name for text in good for name in named(text, noun)))
    return seen[:count] if len(seen) >= count else [f"{noun} {chr(65 + i)}" for i in range(count)]


def named(text: str, noun: str) -> list[str]:
    """The things of a kind that a text names: `Competitor A`, or the capitalised names in its
    titles.
    """
    labelled = re.findall(rf"\b{noun} ([A-Z]|[A-Z]\w+)\b", text, re.I)
    return [f"{noun} {label}" for label in labelled if label[0].isupper()]


def _aspect(goal: str) -> str:
    """What about the listed things is wanted: `their pricing`."""
    match = re.search(
        (
            r"\b(?:compare|comparing)\b (?:the |their |its )?([a-z][a-z "
            r"]*?)(?= (?:of|between|for|and|across|with|in)\b|[,.;]|$)"
        ),
        goal,
        re.I,
    )
    match = match or re.search(
        (
            r"\b(?:find|research|look up|get|check)\b (?:out )?(?:the "
            r"|their )?([a-z][a-z ]*?) (?:of|for|in|at)\b"
        ),
        goal,
        re.I,
    )
    aspect = match[1].strip() if match else ""
    return (
        ""
        if re.search(r"\b(?:them|top|all|each|competitors?)\b", aspect) or len(aspect.split()) > 4
        else aspect
    )


def _owner(clause: str) -> str:
    match = re.search(
        (
            r"\b(?:competitors?|rivals?|alternatives?|suppliers?|customers?|"
            r"products?)\b[^.;]*? (?:of|to|for) ([A-Z][\w-]*(?: [A-Z][\w-]*)*)"
        ),
        clause,
    )
    return match[1] if match else ""


def _topic(clause: str, goal: str) -> str:
    """What a search for this clause would ask: its words without the order and the courtesies."""
    head, _, tail = clause.partition(": ")
    clause = tail if tail.endswith("?") else head
    clause = re.sub(
        (
            r"^.*?\b(?:find out|tell me|let me know|look up|i need|i "
            r"want|i would like)\b(?: for me)? ?"
        ),
        "",
        clause,
        flags=re.I,
    )
    plain = re.sub(
        r"^(?:who|what|when|where|which|how)(?:'s)? (?:is|are|was|were|does|do|did)?\s*|\?$",
        "",
        clause,
        flags=re.I,
    )
    listed = plain.split()
    while listed and (
        words.verb_kind(listed[0].strip(","))
        or listed[0].lower()
        in ("the", "up", "for", "about", "out", "a", "an", "on", "using", "into", "all", "me")
    ):
        listed = listed[1:]
    topic = re.sub(r"\b(?:using|with|via) (?:the )?\w+_\w+\b.*", "", " ".join(listed)).strip(" .,")
    return topic or words.clip(goal, 80)


_CHECKS = re.compile(
    r"(?:double-?)?(?:check|verify|confirm|validate) (?!that all|the report)", re.I
)


def _merged(intents: list[_Intent]) -> list[_Intent]:
    """Without what says the same again; what is checked is checked before it is written."""
    found = list({(each.kind, each.topic or each.text): each for each in intents}.values())
    written = next((n for n, each in enumerate(found) if each.kind == "write"), len(found))
    checks = [each for each in found[written:] if _CHECKS.match(each.text)]
    rest = [each for each in found[written:] if each not in checks]
    return [*found[:written], *checks, *rest]


_META = re.compile(
    (
        r"^(?:please )?(?:plan|(?:make|write|create|give me|draw "
        r"up|devise|produce)\b[^.:\n]*?\b(?:plan|to-?do list|task "
        r"list|checklist))\b(?P<rest>[^.:\n]*?(?:[.:]\s+|\bfor (?=\w+ing\b)))"
    ),
    re.I,
)


def without_meta(goal: str) -> str:
    """A goal without the order to plan it: `Plan this in at most 2 steps. Bake bread.` is to bake
    bread.
    """
    goal = re.sub(
        r"\b(?:first,? )?(?:write|state|show|make|give me|tell me) (?:down )?(?:your|a|the) plan"
        r"(?: first)?(?:[.!]\s*|,? (?:and )?then (?=\w))",
        "",
        goal,
        flags=re.I,
    )
    goal = re.sub(r"^(?:please )?plan (?:a|an|the) ([^.:\n]+): (?=\w)", "", goal, flags=re.I)
    match = _META.match(goal)
    about = (
        re.sub(
            (
                r"\b(?:this|it|in phases|(?:in|with|of) (?:at (?:most|least) "
                r"|exactly )?\w+ steps?|please|task|goal|for|as a numbered "
                r"list.*)\b|[.:]"
            ),
            " ",
            match["rest"],
        )
        if match
        else ""
    )
    if match and goal[match.end() :].strip():
        return (
            f"{words.squeeze(about)}: {goal[match.end() :]}"
            if len(about.split()) > 1
            else goal[match.end() :]
        )
    return re.sub(r"^(?:please )?plan (?=\w)", "", goal, flags=re.I)


def _with_gathering(intents: list[_Intent], goal: str, scene: Scene) -> list[_Intent]:
    """A report on something outside needs something read first, where a tool can."""
    intents = [
        replace(each, kind="question")
        if each.kind == "answer" and len(intents) == 1 and _is_bare(each.text, scene.tools)
        else each
        for each in intents
    ]
    gathers = any(each.kind in (*words.GATHER, "question", "compute", "test") for each in intents)
    outside = re.search(
        (
            r"\b(?:report|summary|comparison|compare|overview|brief|analysis|"
            r"recommend\w*|article|on the|pricing)\b"
        ),
        goal,
        re.I,
    )
    if (
        gathers
        or not outside
        or scene.material
        or not intents
        or all(each.kind in words.EFFECTS for each in intents)
    ):
        return intents
    topic = _topic(intents[0].text, goal)
    found = _Intent("search", f"gather what is known about {topic}", topic)
    return [found, *intents] if best_tool("search", found.text, scene) else intents


def _is_bare(text: str, tools: Sequence[Tool]) -> bool:
    """A few words without a verb, such as `Globex revenue 2024`, ask for what they name."""
    if re.match(r"[A-Z]?[a-z]+ (?:the|an?|my|our|this|all|me)\b", text) or any(
        words.stem(first) in words.content(tool.name)
        for first in words.pieces(text)[:1]
        for tool in tools
    ):
        return False  # an order, though its verb is not known
    greeting = re.match(r"(?:hi|hello|hey|thanks|good|hallo|ok)\b", text, re.I)
    return (
        not greeting
        and len(text.split()) <= 6
        and not any(words.verb_kind(word) for word in words.pieces(text)[:1])
    )


def renumbered(steps: Sequence[Step], taken: Sequence[str]) -> tuple[Step, ...]:
    """The same steps under ids that collide with none of `taken`."""
    highest = max(
        (int(number) for name in taken for number in re.findall(r"(\d+)$", name)), default=0
    )
    names = {step.id: f"s{highest + index}" for index, step in enumerate(steps, 1)}
    return tuple(
        replace(
            step,
            id=names[step.id],
            depends_on=tuple(names[d] for d in step.depends_on if d in names),
        )
        for step in steps
    )


def is_finished(step: Step, scene: Scene) -> bool:
    """Whether the conversation says that this step is done."""
    wanted = words.content(step.description)
    return any(
        _same(wanted, words.content(done), step.description, done) for done in scene.finished
    )


def _same(wanted: Sequence[str], done: Sequence[str], text: str, other: str) -> bool:
    """Two descriptions of one step: they share most words, and name the same things."""
    alike = max(words.overlap(wanted, done), words.overlap(done, wanted)) >= 0.65
    mine, theirs = (
        [name.lower().split()[-1] for name in words.proper_names(each)] for each in (text, other)
    )
    return (
        alike
        and all(name in words.pieces(other) for name in mine)
        and all(name in words.pieces(text) for name in theirs)
    )
