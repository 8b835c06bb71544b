"""What the simulated model makes of a request: the goal, what has happened, what is asked for.

Two things are lost on the way in, and `Scene.lost` names which. What does not fit the window is not
read at all (the newest is kept). Inside the window, an item's strength halves with each `reach`
tokens of other text that stand after its last mention; below one half it is forgotten. Saying it
again nearer the end restores it. Nothing else in the simulated model knows about drift.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal

from planlab.simulated import words
from planlab.simulated.jsontext import load_json
from planlab.simulated.prompt import Protocol, find_protocol, find_schema, sections, tools_in_text
from planlab.simulated.sizes import Size
from planlab.simulated.spans import LIGHT, spans
from planlab.tokens import count_tokens

Why = Literal["window", "distance"]


@dataclass(frozen=True)
class Tool:
    """A tool on offer; `parameters` is its JSON Schema."""

    name: str
    description: str
    parameters: Mapping[str, object]

    @property
    def properties(self) -> dict[str, Mapping[str, object]]:
        """Parameter name to its schema."""
        found = self.parameters.get("properties")
        return (
            {str(name): part if isinstance(part, dict) else {} for name, part in found.items()}
            if isinstance(found, dict)
            else {}
        )

    @property
    def required(self) -> list[str]:
        """Names of the parameters that must be given."""
        found = self.parameters.get("required")
        return [str(name) for name in found] if isinstance(found, list) else []


@dataclass(frozen=True)
class Seen:
    """One observation: the call (where it is still in view) and what came back."""

    tool: str
    arguments: Mapping[str, object]
    text: str
    value: object
    error: str | None = None
    fresh: bool = True  # it came after the goal was set


@dataclass(frozen=True)
class Loss:
    """An item that the model no longer has, and why."""

    item: Literal["goal", "plan", "instructions"]
    text: str
    why: Why
    strength: float


@dataclass(frozen=True)
class Turn:
    """One message, flattened; `cut` when its beginning fell out of the window."""

    role: str
    text: str
    calls: tuple[tuple[str, str, str], ...] = ()  # id, tool, arguments as JSON
    answers: str = ""
    cut: bool = False

    @property
    def tokens(self) -> int:
        """Its length in tokens, calls included."""
        return count_tokens(self.text) + sum(
            count_tokens(tool) + count_tokens(args) for _, tool, args in self.calls
        )


@dataclass(frozen=True)
class Scene:
    """What the model has in mind when it answers."""

    size: Size
    goal: str = ""
    role: str = "chat"
    instructions: str = ""
    tools: tuple[Tool, ...] = ()
    observations: tuple[Seen, ...] = ()
    plan: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()
    reason: str = ""
    draft: str = ""
    feedback: str = ""
    lessons: str = ""  # what was wrong with earlier attempts
    material: str = ""  # results and data under a label of the prompt
    orders: str = ""  # the goal's sentences that order or ask
    statements: str = ""  # the goal's other sentences
    callable: bool = False  # tools come with the request, not only in its words
    ask: str = ""  # the newest user text, nudges too
    context: str = ""  # everything in view
    forbidden: tuple[str, ...] = ()
    at_most: int | None = None
    at_least: int | None = None
    word_limit: int | None = None
    protocol: Protocol | None = None
    schema: Mapping[str, object] | None = None
    lost: tuple[Loss, ...] = field(default=())


# Who the model is told to be, and the order that asks for the same without naming it.
_TEXT = (
    r"(?:draft|answer|report|text|step|result|output|response|"
    r"essay|summary|reply|paragraph|letter|email)"
)
_ROLES: tuple[tuple[str, str, str], ...] = (
    ("joiner", r"\bjoiner\b", r"finish or (?:to )?replan|\breplan or finish"),
    (
        "reviser",
        r"\breviser\b|\beditor\b|\brevis(?:e|es|ing)\b",
        (
            rf"\brevise\b|\b(?:rewrite|improve|correct|mend) (?:the|this|"
            rf"your|my) {_TEXT}|apply the (?:feedback|critique)"
        ),
    ),
    (
        "critic",
        (
            r"\bcritic\b|\breviewer\b|\bjudge\b|\bevaluator\b|\bgrader\b|"
            r"\bverifier\b|\b(?:review|judge|grade|criticise|critique)s? "
            r"drafts?\b"
        ),
        (
            rf"\bcritique\b|\b(?:review|evaluate|grade|judge|score|rate|"
            rf"check|assess|verify) (?:the|this|my|whether) (?:[\w-]+ "
            rf")?{_TEXT}"
        ),
    ),
    (
        "planner",
        (
            r"\bplanner\b|\bplanning (?:agent|assistant|expert|module)\b|"
            r"\b(?:make|write|create|produce)s? (?:a |the )?plans?\b"
        ),
        r"\b(?:make|write|create|produce|give|draw up|return|devise|"
        r"propose) (?:me )?(?:a|the|an|your) (?:[\w-]+ ){0,3}plan\b|"
        r"\bdecompose\b|"
        r"\bbreak\b[^.\n]* into\b[^.\n]*\b(?:steps|tasks)|\breplan\b|"
        r"^(?:please )?plan\b|[.\n] *Plan\b|\b(?:make|write|create|"
        r"give|draw up|need) [^.\n]{0,40}\b(?:plan|to-?do list|task "
        r"list|checklist|schedule)\b|\blist the steps\b|step[- ]by[- "
        r"]step plan|\bnew plan\b",
    ),
    ("extractor", r"\bextract(?:or|s|ion)?\b", r"\bextract\b"),
    ("synthesiser", r"\bsynthes\w+", r"\bsynthes\w+|combine the results|from the results"),
)
_NUDGES = (
    r"include your response in a tool call|plain text responses "
    r"are not|must call|call (?:a|one of the) tools?\b.*(?:instead|"
    r"now)?$|"
    r"^(?:continue|go on|keep going|proceed|next|carry on|begin|"
    r"start|go|ok(?:ay)?|yes|thanks?|thank you|what next|what "
    r"now|and now)\W*$|"
    r"what (?:is|do you do) (?:the )?next|^(?:continue|proceed|"
    r"go on|keep going|carry on)\b.{0,80}$|try again|fix the "
    r"errors?|validation error|not valid|invalid|did not (?:validate|"
    r"parse)|"
    r"could not be (?:parsed|validated|read)|cannot be parsed|"
    r"off[- ]track|too (?:much|long|short)|^shorter|^only the "
    r"\w+, please|still on track|reassess|^remember\b|^reminder\b|"
    r"^observations?\s*:|"
    r"^(?:note|hint)\s*:|recall the function|respond with (?:only "
    r")?(?:valid )?json|^result of\b|^your (?:last|previous) "
    r"(?:reply|answer|response)|no tool was called|does not match "
    r"the schema|^(?:the )?(?:defects?|issues?|problems?|errors?|complaints?)\b[^:\n]{0,30}:"
)
_GOAL_INLINE = re.compile(
    r"\b(?:user(?:'s)? |original |overall |current |your |the "
    r"|my |main )?(?:goal|task|objective|mission|user request|"
    r"user query|aufgabe|ziel)"
    r"(?: (?:is|was|remains))?\s*(?:\([^)\n]*\))?:\s*(?:\"|')?([^\n]{4,})",
    re.I,
)
_NEGATIVE = re.compile(
    r"(?:\b(?:do not|don't|never|must not|mustn't|may not|cannot|can't|rather not|hands off|"
    r"should not|shouldn't|not allowed to|forbidden to|avoid|without|stay away from|refrain from|"
    r"no need to|nicht)\b|"
    r"\bno (?=(?:e-?mails?|web|internet|tools?|search\w*|calls?)\b)|"
    r"\b(?:forbidden|prohibited|not allowed|off limits)\s*:)\s*"
    r"((?:(?!,? (?:just|but|instead|so)\b|: )[^.;\n!?])*)",
    re.I,
)
_RULED_OUT = re.compile(
    r"([\w-]+(?: [\w-]+){0,2}) (?:is|are|remains?) (?:strictly )?(?:off[- ]limits|forbidden|"
    r"prohibited|not allowed|not to be used|out of bounds|taboo|no option)\b",
    re.I,
)
_ERRORS = re.compile(
    r"^\W*(?:\w*error\b|\w*exception\b|failed\b|failure\b|traceback|"
    r"invalid\b|unknown tool|no such|not found|refused|denied|"
    r"timed? ?out|"
    r"could not|cannot|unable to|there is no)|\b\w+(?:Error|Exception)\b: "
    r"|\b(?:tool|function) \S+ (?:not found|does not exist)"
    r"|\btool (?:execution|call) was (?:not approved|denied|rejected)",
    re.I,
)


def read(body: Mapping[str, object], size: Size) -> Scene:
    """The scene that a request shows to a model of this size."""
    whole = _heard([_turn(message) for message in _dicts(body.get("messages"))], bool(_tools(body)))
    seen = fit(whole, size.window)
    lost: list[Loss] = []
    goal, since = _recall_goal(whole, seen, size, lost)
    goal = _continued(goal, seen[:since])
    instructions = _recall_instructions(whole, seen, size, lost)
    parts = _parts(seen)
    plan = _recall_plan(whole, seen, size, lost)
    prompt = "\n".join(turn.text for turn in seen if turn.role in ("system", "user"))
    tools = _tools(body) or tuple(Tool(*found) for found in tools_in_text(prompt))
    protocol = None if _tools(body) else find_protocol(prompt)
    orders, statements = split_request(goal)
    rules = f"{instructions}\n{goal}\n{parts.get('rules', '')}\n{_ask(seen)}"
    return Scene(
        size,
        goal,
        _role(instructions, seen),
        instructions,
        tools,
        observations=_without_slips(
            _observations(seen, since, goal, protocol, parts), tools, callable_=bool(_tools(body))
        ),
        plan=plan,
        finished=_items(parts.get("completed", "")) + _ticked(seen),
        remaining=_items(parts.get("remaining", "")),
        reason=parts.get("reason", ""),
        draft=parts.get("draft", ""),
        feedback=parts.get("feedback", ""),
        lessons=parts.get("lessons", ""),
        material="" if protocol else parts.get("results", ""),
        orders=orders,
        statements=statements,
        callable=bool(_tools(body)),
        ask=_ask(seen),
        context="\n".join(turn.text for turn in seen),
        forbidden=tuple(
            squeezed
            for form in (_NEGATIVE, _RULED_OUT)
            for found in form.finditer(rules)
            if (squeezed := words.squeeze(found[1]))
        ),
        at_most=_days(rules)
        or _limit(
            rules,
            r"(?:at most|no more than|maximum(?: of)?|max\.?|up to|fewer than|within|exactly|in)",
        ),
        at_least=_days(rules)
        or _limit(rules, r"(?:at least|no fewer than|minimum(?: of)?|exactly|in)"),
        word_limit=_limit(
            rules,
            r"(?:at most|no more than|maximum(?: of)?|max\.?|up to|under|in|within|below)",
            "words",
        ),
        protocol=protocol,
        schema=_schema(body, prompt),
        lost=tuple(lost),
    )


def _heard(turns: list[Turn], callable_: bool) -> list[Turn]:
    """Turns in which a user's message that only gives an observation of a protocol is marked so."""
    prompt = "\n".join(turn.text for turn in turns if turn.role in ("system", "user"))
    protocol = None if callable_ else find_protocol(prompt)
    if protocol is None:
        return turns
    label = re.compile(rf"\W*{re.escape(protocol.observation)}[^:\n]*:", re.I)
    return [
        replace(turn, role="report") if turn.role == "user" and label.match(turn.text) else turn
        for turn in turns
    ]


def fit(turns: Sequence[Turn], window: int) -> list[Turn]:
    """The newest turns that fit `window` tokens; the one at the edge keeps its end."""
    kept: list[Turn] = []
    for turn in reversed(turns):
        if turn.tokens > window:
            if not turn.calls and window > 0:
                text = turn.text[-max(1, len(turn.text) * window // turn.tokens) :]
                kept.append(Turn(turn.role, text, (), turn.answers, cut=True))
            break
        window -= turn.tokens
        kept.append(turn)
    return kept[::-1]


def strength(item: str, turns: Sequence[Turn], reach: int) -> float:
    """How firmly `item` is recalled: 1 when it was said last, one half after `reach` tokens of
    other text.
    """
    key, after = words.squeeze(item).lower()[:80], 0
    for turn in reversed(turns):
        text = words.squeeze(turn.text).lower()
        place = text.rfind(key)
        if place >= 0:
            after += max(0, count_tokens(text[place:]) - count_tokens(words.squeeze(item)))
            break
        after += turn.tokens
    return float(0.5 ** (after / reach))


_ORDER = re.compile(
    r"^(?:(?:please|now|then|also|so|and|hello|hi)\b[,!]? *)*(?:i "
    r"(?:need|want|would like|wish)\b|(?:could|can|would|will) "
    r"you\b|let'?s\b|(?:only )?(?:if|otherwise|in case)\b|do not\b|don't\b|never\b|you must\b|"
    r"only\b|use\b|spend\b|help\b|give\b|tell\b|ask\b|rank\b|"
    r"sort\b|classify\b|extract\b|translate\b|repeat\b|say\b|"
    r"answer\b|reply\b|respond\b|output\b|list\b|name\b|"
    r"improve\b|apply\b|score\b|rate\b|judge\b|keep\b|be\b|avoid\b|return\b)",
    re.I,
)


def split_request(text: str) -> tuple[str, str]:
    """A request's sentences that order or ask, and those that only state; all of it orders when
    none does.

    >>> split_request("A costs 3. B costs 4. Which is cheaper?")
    ('Which is cheaper?', 'A costs 3. B costs 4.')
    """
    parts = [
        (re.sub(r"^(?:\d+[.)]|[-*•])\s+", "", part), _is_order(part))
        for line in text.splitlines()
        for part in words.sentences(line)
    ]
    if not any(order for _, order in parts):
        return text, ""
    return tuple(
        " ".join(part for part, order in parts if order is wanted) for wanted in (True, False)
    )  # type: ignore[return-value]


def _is_order(sentence: str) -> bool:
    plain = re.sub(r"^\s*(?:\d+[.)]|[-*•])\s+", "", sentence)
    plain = re.sub(
        r"^(?:then|now|next|also|please|and|so|finally|first)\b,? *", "", plain, flags=re.I
    )
    first = next(iter(re.findall(r"[^\W\d_]+", plain)), "")
    return (
        plain.endswith("?")
        or _ORDER.search(plain) is not None
        or _commands(plain)
        or (words.verb_kind(first) is not None and ":" not in plain.split(" ")[0])
    )


def _commands(sentence: str) -> bool:
    """`Measure the water`: an unknown first word before an article is a verb."""
    match = re.match(r"([A-Z][a-z]{2,}) (?:the|my|our|your|this|these)\b", sentence)
    first = match[1].lower() if match else ""
    return bool(first) and first not in (*words.STOP, *LIGHT) and not first.endswith(_NO_VERB)


_NO_VERB = ("ing", "ed", "ly", "er", "self", "side", "oth", "th", "like", "ite", "cept")


def is_nudge(text: str) -> bool:
    """Whether a user message only pushes the work on and sets no task of its own."""
    return re.search(_NUDGES, text.strip(), re.I) is not None


def parse_value(text: str) -> object:
    """What `text` writes as JSON, or as Python does (some clients send `str(result)`); else it."""
    readers = (load_json, ast.literal_eval) if text[:1] in ("{", "[") else (load_json,)
    for read in readers:
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            return read(text)
    return text


def is_error(value: object) -> str | None:
    """The error that an observation reports, if it reports one."""
    if isinstance(value, dict):
        error = value.get("error") or (
            value.get("message") if value.get("ok") is False or value.get("is_error") else None
        )
        return str(error) if error else None
    return value if isinstance(value, str) and _ERRORS.search(value[:200]) else None


def messages_of(body: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The messages of a request."""
    return _dicts(body.get("messages"))


def _recall_goal(
    whole: list[Turn], seen: list[Turn], size: Size, lost: list[Loss]
) -> tuple[str, int]:
    meant, _ = _find_goal(whole)
    goal, since = _find_goal(seen)
    if meant and not goal:
        lost.append(Loss("goal", meant, "window", 0.0))
    elif goal and (held := strength(goal, seen, size.reach)) < 0.5:
        lost.append(Loss("goal", goal, "distance", held))
        return "", 0
    return goal, since


def _recall_instructions(whole: list[Turn], seen: list[Turn], size: Size, lost: list[Loss]) -> str:
    """System messages in view, each only while it is still firmly recalled."""
    kept = []
    for turn in whole:
        if turn.role != "system" or not turn.text:
            continue
        if turn not in seen:
            lost.append(Loss("instructions", turn.text, "window", 0.0))
        elif (held := strength(turn.text, seen, size.reach)) < 0.5:
            lost.append(Loss("instructions", turn.text, "distance", held))
        else:
            kept.append(turn.text)
    return "\n".join(kept)


def _recall_plan(
    whole: list[Turn], seen: list[Turn], size: Size, lost: list[Loss]
) -> tuple[str, ...]:
    plan = _find_plan(seen)
    if not plan and (meant := _find_plan(whole)):
        lost.append(Loss("plan", "\n".join(meant), "window", 0.0))
    if plan and (held := strength(plan[-1], seen, size.reach)) < 0.5:
        lost.append(Loss("plan", "\n".join(plan), "distance", held))
        return ()
    return plan


_ELLIPSIS = re.compile(
    r"(?:and|or|what about|how about|and what about|then|now)\b,? (.{2,60})\?$", re.I
)


def _continued(goal: str, before: Sequence[Turn]) -> str:
    """`And on Sunday?` asks what was asked before, of another thing of the same kind."""
    match = _ELLIPSIS.match(goal.strip())
    asked = [index for index, turn in enumerate(before) if turn.role == "user"]
    last = _continued(before[asked[-1]].text, before[: asked[-1]]) if match and asked else ""
    if (
        not match
        or not last
        or len(goal.split()) > 8
        or words.verb_kind(words.first_word(match[1]))
    ):
        return goal
    said = f"about {re.sub(r'^what about ', '', match[1], flags=re.I)}"
    for kind in ("quoted", "code", "day", "date", "time", "name", "figure", "phrase"):
        new = [span for span in spans(said) if span.kind == kind]
        old = [span for span in spans(last) if span.kind == kind]
        if new and old:
            near = [span for span in old if span.before == new[-1].before] or old
            return last[: near[-1].start] + new[-1].text + last[near[-1].end :]
    return goal


_ASKS_FOR_PLAN = re.compile(
    (
        r"^(?:please )?(?:write|make|create|draw up|give me|produce|"
        r"devise|return)\b[^.:\n]*?\bplan\b[^.:\n]*?(?:\bfor\b|\bto\b|"
        r":)(?: this (?:goal|task))?:?\s*"
    ),
    re.I,
)


def _find_goal(turns: Sequence[Turn]) -> tuple[str, int]:
    """The newest real request, and the index of the turn that first made it; an order to plan it
    is not part of it.
    """
    goal, since = _find_request(turns)
    return _ASKS_FOR_PLAN.sub("", goal, count=1) or goal, since


def _find_request(turns: Sequence[Turn]) -> tuple[str, int]:
    for roles in (("user",), ("system",)):
        for index in range(len(turns) - 1, -1, -1):
            turn = turns[index]
            if turn.role in roles and (goal := _goal_of(turn, labelled=roles == ("system",))):
                key = words.squeeze(goal).lower()[:80]
                first = next(
                    i
                    for i, each in enumerate(turns)
                    if each is turn
                    or (each.role == "user" and key in words.squeeze(each.text).lower())
                )
                return goal, first
    first_user = next((turn for turn in turns if turn.role == "user" and not turn.cut), None)
    return (
        (first_user.text.strip(), 0) if first_user and len(first_user.text.split()) > 3 else ("", 0)
    )


def _goal_of(turn: Turn, *, labelled: bool) -> str:
    """The task that one message sets: what stands behind a label, else the message without its
    data.
    """
    parts = sections(turn.text)
    inline = _GOAL_INLINE.findall(turn.text)
    label = parts.get("goal") or (inline[-1].strip(" \"'") if inline else "")
    if label or labelled or turn.cut or is_nudge(turn.text[:400]):
        return label
    return parts.get("", "") or parts.get("question", "") or ("" if parts else turn.text.strip())


def _find_plan(turns: Sequence[Turn]) -> tuple[str, ...]:
    """The newest numbered list that stands as a plan: under such a label, or in the model's own
    words.
    """
    for turn in reversed(turns):
        if turn.role == "tool":
            continue
        stated = sections(turn.text).get("plan", "")
        text = stated or (
            turn.text
            if turn.role == "assistant" and re.search(r"\b(?:plan|steps)\b", turn.text, re.I)
            else ""
        )
        if len(found := _numbered(text)) >= 2:
            return found
    return ()


def _numbered(text: str) -> tuple[str, ...]:
    lines = re.findall(
        r"^\s*(?:step\s*)?(?:\d+[.):]|[-*]\s*(?:\[[ xX✓]\])?|\[[ xX✓]\])\s*(.+)$", text, re.M | re.I
    )
    return tuple(line.strip() for line in lines)


def _ticked(turns: Sequence[Turn]) -> tuple[str, ...]:
    """Plan lines that are marked as done."""
    text = "\n".join(turn.text for turn in turns if turn.role != "tool")
    boxes = re.findall(r"^\s*(?:\d+[.)]\s*|[-*]\s*)?(?:\[[xX✓]\]|✓|✅)\s*(.+)$", text, re.M)
    ends = re.findall(
        r"^\s*(?:\d+[.)]|[-*])\s*(.+?)\s*\(?(?:done|finished|completed)\)?\W*$", text, re.M | re.I
    )
    return tuple(dict.fromkeys([*boxes, *ends]))


def _items(text: str) -> tuple[str, ...]:
    """List items, or lines, or comma-separated parts of a section."""
    if isinstance(value := parse_value(text), list):
        return tuple(
            str(each.get("description") or each.get("id") or each)
            if isinstance(each, dict)
            else str(each)
            for each in value
        )
    return _numbered(text) or tuple(
        part.strip()
        for part in re.split(r"\n|;|, (?=\w)", text)
        if part.strip(" .-") and part.strip().lower() not in ("none", "nothing")
    )


def _parts(turns: Sequence[Turn]) -> dict[str, str]:
    """The labelled sections of the conversation; a newer one of a kind replaces the older."""
    found: dict[str, str] = {}
    for turn in turns:
        if turn.role in ("user", "system"):
            found.update({key: text for key, text in sections(turn.text).items() if key and text})
    return found


def _observations(
    turns: Sequence[Turn],
    since: int,
    goal: str,
    protocol: Protocol | None,
    parts: Mapping[str, str],
) -> tuple[Seen, ...]:
    made = {key: (tool, args) for turn in turns for key, tool, args in turn.calls}
    found = []
    for index, turn in enumerate(turns):
        if turn.role == "tool":
            tool, arguments = made.get(turn.answers, ("", "{}"))
            found.append(_seen(tool, parse_value(arguments), turn.text, fresh=index >= since))
    if protocol:
        found += [
            _seen(tool, args, text) for tool, args, text in protocol.steps(_transcript(turns, goal))
        ]
    elif not found:
        found = [_seen("", {}, line) for line in _loose_results(parts)]
    return tuple(found)


def _without_slips(
    observed: tuple[Seen, ...], tools: Sequence[Tool], *, callable_: bool
) -> tuple[Seen, ...]:
    """Observations without calls of tools that do not exist, once another brought something."""
    names = [tool.name for tool in tools]
    slips = [seen for seen in observed if seen.error and seen.tool and seen.tool not in names]
    reached = any(not seen.error and seen.fresh for seen in observed)
    if not (callable_ and slips and reached):
        return observed
    return tuple(seen for seen in observed if seen not in slips)


def _transcript(turns: Sequence[Turn], goal: str) -> str:
    """What was written since the goal was set: a prompt's own example of the protocol is not part
    of it.
    """
    text = "\n".join(turn.text for turn in turns if turn.role in ("user", "assistant", "report"))
    lead = next((turn.text for turn in turns if turn.role == "user"), "")
    return text[max(0, text.rfind(goal)) if goal and goal in lead else 0 :]


def _loose_results(parts: Mapping[str, str]) -> Iterator[str]:
    """Results that a prompt lists in its text."""
    text = parts.get("results", "")
    blocks = re.split(r"\n(?=\s*(?:[-*]|\d+[.)]|\w+\d+\s*[:(]))", text) if text else []
    yield from (_unlabelled(block.strip()) for block in blocks if block.strip())


def _unlabelled(result: str) -> str:
    """A result that is data, without the label that says of which step it is."""
    data = re.sub(r"^(?:[-*]\s*)?\w+\s*(?:\([^)\n]*\)\s*)?[:=]\s*(?=[\[{])", "", result)
    return data if isinstance(parse_value(data), dict | list) else result


def _seen(tool: str, arguments: object, text: str, fresh: bool = True) -> Seen:
    value = parse_value(text)
    given = arguments if isinstance(arguments, dict) else {"input": arguments}
    return Seen(tool, given, text, value, is_error(value), fresh)


def _role(instructions: str, turns: Sequence[Turn]) -> str:
    """The part that the model is told to play; who it is told to be weighs more than what is
    mentioned.
    """
    named = " ".join(
        re.findall(r"\b[Yy]ou (?:are|act as|revise|review|judge|write|make)\b[^.\n]*", instructions)
    )
    newest = next(
        (
            turn.text
            for turn in reversed(turns)
            if turn.role == "user" and not is_nudge(turn.text[:400])
        ),
        "",
    )
    parts = sections(newest)
    lead = "\n".join(text for label, text in parts.items() if label in ("", "rules"))
    for text, is_order in (
        (named, False),
        (instructions, False),
        (instructions, True),
        (lead, True),
        (newest[:200] if "You are" in newest[:200] else "", False),
    ):
        for role, who, order in _ROLES:
            if text and re.search(order if is_order else who, text, re.I):
                return role
    return "chat"


def _ask(turns: Sequence[Turn]) -> str:
    return next((turn.text for turn in reversed(turns) if turn.role == "user"), "")


def _days(text: str) -> int | None:
    """`A plan of 3 days` has three parts."""
    found = re.search(
        (
            r"\bplan (?:of|for|over|in) (?:the next )?(\d+|two|three|"
            r"four|five|six|seven|eight|nine|ten) (?:days|weeks|phases|"
            r"stages|sessions)\b|\b(\d+|two|three|four|five|six|seven)-(?:day|"
            r"week|phase) [\w ]*?plan\b"
        ),
        text,
        re.I,
    )
    return words.count_word(found[1] or found[2]) if found else None


def _limit(
    text: str, lead: str, unit: str = "(?:[a-z]+ )?(?:steps|tasks|actions|sub-?tasks|items)"
) -> int | None:
    found = re.search(
        rf"\b{lead} (\d+|one|two|three|four|five|six|seven|eight|nine|ten) {unit}\b", text, re.I
    )
    return words.count_word(found[1]) if found else None


def _turn(message: Mapping[str, object]) -> Turn:
    role = str(message.get("role", "user"))
    role = {"developer": "system", "function": "tool"}.get(role, role)
    calls = tuple(
        (
            str(call.get("id", "")),
            str(function.get("name", "")),
            str(function.get("arguments") or "{}"),
        )
        for call in _dicts(message.get("tool_calls"))
        for function in _dicts([call.get("function")])
    )
    return Turn(role, _text(message.get("content")), calls, str(message.get("tool_call_id", "")))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "\n".join(str(part.get("text") or part.get("refusal") or "") for part in _dicts(value))


def _dicts(value: object) -> list[Mapping[str, object]]:
    return (
        [each for each in value if isinstance(each, Mapping)]
        if isinstance(value, (list, tuple))
        else []
    )


def _tools(body: Mapping[str, object]) -> tuple[Tool, ...]:
    functions = _dicts([tool.get("function") for tool in _dicts(body.get("tools"))])
    return tuple(
        Tool(
            str(f.get("name")),
            str(f.get("description") or ""),
            p if isinstance(p := f.get("parameters"), dict) else {},
        )
        for f in functions
    )


def _schema(body: Mapping[str, object], prompt: str) -> Mapping[str, object] | None:
    """The schema that the reply must meet: of the request, else one that stands in the prompt."""
    wanted = body.get("response_format")
    form = wanted if isinstance(wanted, Mapping) else {}
    if form.get("type") == "json_schema" and isinstance(named := form.get("json_schema"), Mapping):
        return found if isinstance(found := named.get("schema"), Mapping) else {"type": "object"}
    if find_protocol(prompt):
        return None
    return find_schema(prompt) or (
        {"type": "object"} if form.get("type") == "json_object" else None
    )
