"""Plans for work that no tool does: the steps that a goal states itself, else the stages that work
of such a kind has, said of the goal's own things.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planlab.simulated import words
from planlab.simulated.concepts import rank_concepts
from planlab.simulated.fields import properties
from planlab.simulated.scene import Scene
from planlab.simulated.tasks import Step

_USUAL = 5  # steps, where nobody says how many
_COUNT = r"(\d+|one|two|three|four|five|six|seven|eight|nine|ten)"
_UNIT = (
    r"(?:[a-z-]+ ){0,2}(?:steps?|tasks?|phases|stages|milestones|sprints|items|"
    r"points|lines|actions|"
    r"to-?dos?|sub-?tasks|activities|sessions|lessons|parts|bullets)\b"
)
_NEXT = (
    r"(?:\s*\([^)]*\))?\s*(?:to|-|\u2013|and|or|but)\s*(?:at (?:the )?most |no "
    r"more than |up to )?"
)
_HOW = r"\bhow (?:do|can|should|would|could|must) (?:i|we|you|one|they|people)\b"
_QUESTION = re.compile(
    r"(?:^|[.:!] +)(?:what|who|when|where|which|is|are|does|did|how (?:many|much|long|old|far))\b"
    r"[^?\n]*\?\s*$",
    re.I,
)
_DETERMINERS = r"(?:the|an?|our|my|your|their|his|her|its|this|these|all|each|every|some|two|\d+)"
_NO_VERBS = (
    "of to in on at for from by with and or but then than into about over under behind between "
    "after before during near using without within is are was be has have as not only both that "
    "which who when where while if so until"
)


@dataclass(frozen=True)
class Aim:
    """What a goal wants: `repot a houseplant` is to do something (`verb`) with a `thing`."""

    act: str
    thing: str


# Kinds of work: the words that tell them, and their stages, each with how soon it is left out.
_Stages = tuple[tuple[int, str], ...]
_KINDS: tuple[tuple[str, _Stages], ...] = (
    (
        "wedding party opening launch concert tournament conference festival fair workshop meeting "
        "celebration ceremony reunion dinner exhibition match gala race hackathon marathon event "
        "open launch host hold picnic show auction camp",
        (
            (1, "Set the date, the budget and the number of guests for {thing}"),
            (2, "Book the place and ask for permits for {thing}"),
            (5, "Arrange suppliers, food and equipment for {thing}"),
            (3, "Invite people and announce {thing}"),
            (7, "Divide the work and prepare the rooms for {thing}"),
            (6, "Rehearse the course of {thing} once from start to end"),
            (4, "Welcome the guests and see {thing} through"),
            (8, "Thank the helpers and settle the bills of {thing}"),
        ),
    ),
    (
        "trip travel holiday journey visit tour vacation excursion expedition hike cruise weekend",
        (
            (1, "Settle the dates, the route and the budget of {thing}"),
            (2, "Book the transport for {thing}"),
            (3, "Book a place to stay for {thing}"),
            (5, "Check papers, tickets and insurance for {thing}"),
            (4, "Pack the bags for {thing}"),
            (6, "Set out, and keep the daily programme of {thing}"),
        ),
    ),
    (
        "learn study revise exam course skill train practise practice teach memorise",
        (
            (3, "Find out what is known already and set an aim for {thing}"),
            (2, "Choose the material and the hours for {thing}"),
            (1, "Work through the basics of {thing}"),
            (4, "Practise harder tasks on {thing}"),
            (5, "Take a test on {thing} under real conditions"),
            (6, "Go over the weak points of {thing} once more"),
        ),
    ),
    (
        "write publish record film compose blog book essay thesis article novel podcast newsletter "
        "speech song video",
        (
            (3, "Settle the subject and the audience of {thing}"),
            (2, "Collect facts and examples for {thing}"),
            (5, "Outline {thing}"),
            (1, "Make a first draft of {thing}"),
            (4, "Let somebody comment on {thing} and revise it"),
            (6, "Correct the last faults and hand in {thing}"),
        ),
    ),
    (
        "build make repair fix replace install paint plant repot cook bake sew clean assemble "
        "restore grow brew tune turn renovate service mend change wash knit fit bleed prune",
        (
            (2, "Gather the tools and materials to {act}"),
            (3, "Look over {thing} and note its state"),
            (5, "Clear the place and get {thing} ready"),
            (1, "{Act}"),
            (4, "Check {thing} and correct what is wrong"),
            (6, "Clean up, and look after {thing} in the days that follow"),
        ),
    ),
    (
        "",
        (
            (2, "Set the aim and the limits of the work: {act}"),
            (4, "Find out how things stand with {thing}"),
            (5, "List the work, the people and the means needed for {thing}"),
            (3, "Try the first part on a small scale: {thing}"),
            (1, "{Act}"),
            (6, "Check {thing} against the aim and correct what is wrong"),
            (7, "Write down what was learned about {thing} and who looks after it"),
        ),
    ),
)


def is_how_to(scene: Scene) -> bool:
    """Whether steps are asked for in words: `how do I …`, `4 numbered steps on …`."""
    if scene.observations or scene.material or (scene.statements and "?" in scene.statements):
        return False
    text = scene.goal or scene.ask
    counted = re.search(rf"\b{_COUNT} {_UNIT}", text, re.I)
    asked = re.search(rf"{_HOW}|\bsteps? (?:to|for|on|of)\b|\bhow to \w+", text, re.I)
    many = re.search(r"\bhow (?:many|much|long|old|far|often)\b", text, re.I)
    return bool(asked or (counted and re.search(r"\bsteps\b", text))) and not many


def bounds(scene: Scene) -> tuple[int, int | None]:
    """How many steps at least and at most, by the words of the request, then by the schema."""
    text = f"{scene.instructions}\n{scene.ask}\n{scene.goal}"
    least, most = scene.at_least, scene.at_most
    for lead, low, high in (
        (rf"{_COUNT}{_NEXT}{_COUNT}", 1, 2),
        (rf"(?:at (?:the )?least|no fewer than|minimum(?: of)?) {_COUNT}", 1, 0),
        (
            rf"(?:at (?:the )?most|no more than|not more than|max(?:imum)?(?: of)?|up to) {_COUNT}",
            0,
            1,
        ),
        (
            (
                rf"(?:exactly |into |in |with |of |the |^|write |list |plan |give (?:me )?|"
                rf"name ){_COUNT}"
            ),
            1,
            1,
        ),
    ):
        if match := re.search(rf"\b{lead} {_UNIT}", text, re.I | re.M):
            least = words.count_word(match[low]) if low and least is None else least
            most = words.count_word(match[high]) if high and most is None else most
            break
    for low_, high_ in _list_bounds(scene.schema or {}):
        least = max(least or 1, low_)
        most = min(most or high_, high_)
    return least or 1, most


def _list_bounds(schema: Mapping[str, object]) -> list[tuple[int, int]]:
    """The bounds of a schema's only list."""
    lists = [part for part in properties(schema).values() if part.get("type") == "array"]
    if len(lists) != 1:
        return []
    low, high = lists[0].get("minItems"), lists[0].get("maxItems")
    found = (low if isinstance(low, int) else 1, high if isinstance(high, int) else 99)
    return [found] if found != (1, 99) else []


def drafted(scene: Scene) -> tuple[Step, ...]:
    """Steps for the goal without any tool: those that it states, else stages of such work."""
    text = scene.goal or scene.ask
    least, most = bounds(scene)
    told = stated(text)
    aim = aim_of(text)
    if least == 1 and _is_trifle(aim.act):
        return _chained([(aim.act, False)])
    if least == 1 and _QUESTION.search(text) and not re.search(_HOW, text, re.I):
        return _chained([(words.sentences(text)[-1], False)])
    if len(told) < 2:
        return _chained([(line, False) for line in _staged(aim, least, most)])
    if len(told) < max(3, least) and (most is None or most > len(told)):
        things = " and ".join(aim_of(line).thing for line, _ in told)
        told = [(f"Get ready what is needed for {things}", False), *told]
        if most is None or most > len(told):
            told.append((f"Check that all is as it should be: {things}", False))
    return _chained(told)


def _is_trifle(act: str) -> bool:
    """Whether something is done as soon as it is said: a word, a sum, a greeting."""
    said = (
        r"(?:say|tell|name|spell|translate|greet|define|repeat|answer|add|multiply|what|work out)\b"
    )
    short = len(act.split()) <= 9 and not re.search(r",| then ", act)
    return short and bool(re.match(said, act, re.I))


def _chained(lines: Sequence[tuple[str, bool]]) -> tuple[Step, ...]:
    """One after the other; what is done meanwhile needs only what its forerunner needs."""
    steps: list[Step] = []
    needs: tuple[str, ...] = ()
    for number, (line, meanwhile) in enumerate(lines, 1):
        if not meanwhile:
            needs = (steps[-1].id,) if steps else ()
            if len(steps) > 1 and steps[-1].depends_on == steps[-2].depends_on:
                needs = (steps[-2].id, steps[-1].id)
        told = line[:1].upper() + line[1:]
        steps.append(Step(f"s{number}", "answer", told, line, None, needs))
    return tuple(steps)


def _staged(aim: Aim, least: int, most: int | None) -> list[str]:
    said = words.pieces(f"{aim.act} {aim.thing}")
    stages = next(
        stages for told, stages in _KINDS if not told or any(word in told.split() for word in said)
    )
    count = max(least, min(_USUAL, most or _USUAL))
    kept = sorted(sorted(range(len(stages)), key=lambda at: stages[at][0])[:count])
    lines = [
        stages[at][1].format(thing=aim.thing, act=aim.act, Act=aim.act[:1].upper() + aim.act[1:])
        for at in kept
    ]
    main = next(number for number, at in enumerate(kept) if stages[at][0] == 1)
    more = [f"{lines[main]}: part {number}" for number in range(2, count - len(lines) + 2)]
    return [*lines[: main + 1], *more, *lines[main + 1 :]]


# ---- what the goal says


_NOUNS = (
    r"(?:plan|steps|checklist|to-?do list|task list|tasks|roadmap|schedule|"
    r"timetable|programme|program|"
    r"agenda|itinerary|guide|instructions|procedure|phases|list)"
)
_TIMES = re.compile(
    r",?\s*\b(?:(?:between|from|starting|until|till|by|before|on|within|in|over|for|of)\s+(?:the )?"
    r"(?:\d{4}-\d\d-\d\d|\d{1,2}(?:st|nd|rd|th)? [A-Z][a-z]+(?: \d{4})?|[A-Z][a-z]+ \d{1,2}, \d{4}|"
    r"(?:next )?[A-Z][a-z]+day\b|(?:\d+|two|three|four|six|twelve|an?) "
    r"(?:minutes|hours?|days?|weeks?|months?|"
    r"nights)\b)(?:\s+(?:and|to|until|till|through)\s+(?:\d{4}-\d\d-\d\d|"
    r"\d{1,2} [A-Z][a-z]+(?: \d{4})?))?)",
)
_LEADS = (
    r"(?:please|hello|hi|hey|dear \w+)\b[,!.]*\s*",
    r"(?:(?:can|could|would|will) you|i (?:need|want|would like|wish)(?: you)?(?: to)?|i'd like|"
    r"we (?:need|want|plan|have|would like|intend|are going|will)(?: to)?|help "
    r"(?:me|us)(?: to)?|let'?s|"
    r"(?:my|our|the) (?:goal|task|aim|project) is(?: to)?|your task is to|goal:|task:)\b[:,]?\s*",
    (
        r"(?-i:(?:[A-Z][a-z]+(?:, and |, | and ))+[A-Z][a-z]+ (?:want to |will |"
        r"must |should |are to )?)"
    ),
    rf"(?:in|write|list|give(?: me| us)?|name|make|plan|use|with)"
    rf"?\s*(?:between |exactly |at (?:most|least) "
    rf"|up to )?{_COUNT}(?:{_NEXT}{_COUNT})? {_UNIT}[,:]?\s*(?:on |for |of |to "
    rf"|explaining |about )?",
    rf"(?:make|write|create|give (?:me|us)|draw up|list|prepare|outline|describe|propose|suggest|"
    rf"design|produce|return|devise|set up|need|show)\b[^.:?\n]{{0,60}}?\b{_NOUNS}\b"
    rf"[^.:?\n]*?(?:\b(?:for|on|of|to)\b(?= )|:)\s*",
    rf"(?:an? |the )?(?:[\w-]+ ){{0,3}}{_NOUNS} (?:for|to|of)\b\s*",
    rf".{{0,40}}?{_HOW}(?: best)?\s*",
    r"(?:tell me |explain |describe |show me )?how to\s*",
    r"break (?:this|it|the \w+)?\s*(?:down )?(?:in(?:to)? [^:]*:)?\s*|decompose ",
    r"(?:plan|organi[sz]e)\b(?: in phases| step by step| this(?: \w+)?| at most| in at \w+)?:?\s*",
)
_META_ONLY = re.compile(
    rf"(?:please )?(?:plan|re-?plan|do|organi[sz]e) (?:it|this|that|them|the "
    rf"work|the day)\W*$|(?:please )?(?:make|write|"
    rf"give|create|draw up|list|show|return|prepare)\b[^.:]{{0,50}}\b{_NOUNS}"
    rf"\b(?! (?:for|to|of|on|how)\b)[^:]*$",
    re.I,
)


def _bare(sentence: str) -> str:
    """A sentence without the words that only ask for a plan or say when."""
    text = re.sub(r"\s*\([^)]*\)", "", sentence.strip())
    timeless, before = _TIMES.sub("", text), ""
    text = timeless if pieces_left(timeless) else text
    while text != before:
        before = text
        for lead in _LEADS:
            cut = re.sub(rf"^{lead}", "", text, count=1, flags=re.I)
            text = cut if pieces_left(cut) else text
    return text


def pieces_left(text: str) -> bool:
    """Whether something is said that could be a goal."""
    return len(words.content(text)) > 0


def _lines(text: str) -> list[str]:
    """The sentences that could say what is wanted, those that only ask for a plan left out."""
    lines = [line for line in words.sentences(text) if pieces_left(line)]
    return [line for line in lines if not _META_ONLY.match(line)] or lines or [text]


_WANTS = re.compile(
    (
        rf"{_HOW}|\bhow to\b|\bplan\b|\borgani[sz]e|\b(?:want|need|like|goal is|"
        rf"task is)\b|\b{_NOUNS}\b"
    ),
    re.I,
)


def _goal_sentence(text: str) -> str:
    """Of several sentences that which wants something done, without its order to plan."""
    lines = _lines(text)
    ordered = [
        line for line in lines if words.verb_kind(line.partition(" ")[0]) or _WANTS.search(line)
    ]
    return _bare((ordered or lines)[0])


_CUT = re.compile(
    r"\s*(?:[?!;:]|\.(?=\s|$)|,| so that\b| because\b| in (?:at|exactly|\d)| "
    r"with (?:at|exactly)\b| step by step\b)"
)


def aim_of(text: str) -> Aim:
    """What the text wants done, and with what thing.

    >>> aim_of("How do I repot a houseplant? At most six steps.")
    Aim(act='repot a houseplant', thing='the houseplant')
    """
    phrase = _CUT.split(_goal_sentence(text))[0].strip(" .\"'")
    first, _, rest = phrase.partition(" ")
    if not rest or re.fullmatch(_DETERMINERS, first, re.I):
        return Aim(f"carry out {phrase}", _definite(phrase))
    verb = _base(first.lower())
    thing = re.split(r" (?:into|from|to|onto|as|by|using|with|before|after|so)\b", rest)[0]
    thing = re.sub(r"^(?:(?:up|out|off|down|for|on|in|at|about|with|over|through) )+", "", thing)
    if verb in ("become", "get", "go", "be"):
        thing = rest
    return Aim(f"{verb} {rest}", _definite(thing))


def _base(verb: str) -> str:
    """`baking` and `running` as `bake` and `run`."""
    if not verb.endswith("ing") or len(verb) < 5:
        return verb
    stem = verb[:-3]
    if (
        words.verb_kind(stem) is None
        and len(stem) > 3
        and stem[-1] == stem[-2]
        and stem[-1] not in "lsz"
    ):
        return stem[:-1]
    silent = re.search(r"(?:at|iz|is|uc|ov|iv|av|os|us|ur|nc|rc|rg|dg|ng|tl|bl|pl)$", stem)
    short = re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", stem) and len(stem) > 2
    return f"{stem}e" if silent or short else stem


def _definite(thing: str) -> str:
    """`a houseplant`, spoken of again, is `the houseplant`; long phrases keep their beginning."""
    short = " ".join(thing.split()[:9])
    return re.sub(r"^(?:an?|one|some)\s+", "the ", short, flags=re.I).strip(" ,.")


_ACT_AHEAD = rf"(?!(?:{'|'.join(_NO_VERBS.split())})\b)[a-z][\w-]+ (?:{_DETERMINERS}\b)"


def stated(text: str) -> list[tuple[str, bool]]:
    """The steps that a goal spells out, and whether each runs meanwhile.

    >>> stated("Mow the lawn, then rake the leaves while Ben paints the fence.")
    [('Mow the lawn', False), ('rake the leaves', False), ('Ben paints the fence', True)]
    """
    listed = re.findall(r"(?:^|\s)\d+[.)]\s+(.+?)(?=,?\s+\d+[.)]\s|[.;]?\s*$|\n)", text, re.M)
    if len(listed) >= 2:
        return [(line.strip(" ,;."), False) for line in listed]
    goal, lines = _goal_sentence(text), _lines(text)
    at = next((n for n, line in enumerate(lines) if _bare(line) == goal), 0)
    orders = [
        line
        for line in lines[at + 1 :]
        if words.verb_kind(words.first_word(line)) and "?" not in line
    ]
    head, _, body = goal.partition(": ")
    parts = [part for line in [body or head, *map(_bare, orders)] for part in _split(line)]
    return [(part, way) for part, way in parts if pieces_left(part)] if len(parts) > 1 else []


def _split(line: str) -> list[tuple[str, bool]]:
    """A sentence cut before each further act, and at `then` and `while`."""
    line = re.sub(r"^after (\w+ing [^,]+), ", r"\1, then ", line.strip(" .!"), flags=re.I)
    line = re.sub(r"^before (\w+ing [^,]+), (.+)$", r"\2, then \1", line, flags=re.I)
    cut = re.sub(
        r",?\s*(?:\band )?\b(?:then|afterwards|after that|finally|lastly|next)\b,?\s*|\s*;\s*",
        "\1",
        line,
    )
    cut = re.sub(r",?\s+\b(?:while|meanwhile|and in the meantime)\b,?\s*", "\1\2", cut)
    cut = re.sub(rf",\s*(?:and )?(?={_ACT_AHEAD})|\s+and\s+(?={_ACT_AHEAD})", "\1", cut)
    parts = [
        (clause, part.startswith("\2"))
        for part in cut.split("\1")
        for clause in words.clauses(part.strip("\2 "))
    ]
    return _spread(parts[0][0]) if len(parts) == 1 else parts


def _spread(line: str) -> list[tuple[str, bool]]:
    """`clean the kitchen, the bath and the cellar` is three acts of one kind."""
    match = re.match(
        rf"([A-Za-z]+) ({_DETERMINERS} [\w -]+(?:, {_DETERMINERS} [\w -]+)+,? and .+)$", line
    )
    if not match:
        return [(line, False)]
    things = re.split(r",\s*(?:and\s+)?|\s+and\s+", match[2])
    return [(f"{match[1]} {thing}", False) for thing in things]


# ---- what has happened to a plan


@dataclass(frozen=True)
class Progress:
    """Of a plan under way: what is done, what failed and why, what is left."""

    done: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()  # the step and the reason
    left: tuple[str, ...] = ()


_MARK = r"done|finished|completed?|ok|succeeded|✓|✅|x|X"
_FAILS = r"failed|failure|error|cancelled|impossible|blocked|did not work|could not be done|✗|❌"


_ITEM = re.compile(
    (
        r"(?:^|[\s,;])(?:\d+[.)]|[-*•]|s\d+:)\s+(.+?)(?=[,;.]?\s+(?:\d+[.)]|s\d+:)"
        r"\s|\n|\.\s+[A-Z]|\.?\s*$)"
    ),
    re.M,
)


def progress(scene: Scene) -> Progress:
    """How far a plan has come: by its sections, by the marks on its numbered steps (`2. book the
    ferry (FAILED: …)`), or as told in sentences.
    """
    if scene.remaining or (scene.finished and scene.reason):
        failed = _failures(words.sentences(scene.reason)[:1])
        return Progress(
            without_marks(scene.finished), tuple(failed), without_marks(scene.remaining)
        )
    marked = _marked(_ITEM.findall(scene.ask))
    return marked if marked.done or marked.failed else _narrated(scene.ask)


def without_marks(lines: Sequence[str]) -> tuple[str, ...]:
    """Steps without their ids and marks."""
    marks = (
        r"^\W*(?:\w{0,5}\d+\s*[:.)]\s*)?|\s*[\[(][^\])]*[\])]\s*$|\s*(?::|-|\u2013|"
        r"=)\s*(?:done|failed|todo|pending|open)\b.*"
    )
    return tuple(re.sub(marks, "", line, flags=re.I).strip(" .,;") for line in lines)


def _failures(lines: Sequence[str]) -> list[tuple[str, str]]:
    return [(step, why) for step, why in map(_failure, lines) if pieces_left(step)]


def _failure(line: str) -> tuple[str, str]:
    why = re.search(
        (
            rf"[\[(](?:{_FAILS})?\W*([^\])]+)|\b(?:{_FAILS})\b\W*(?:because |since |as "
            rf")?(.*)|because (.*)|: (?!.*: )(.*)"
        ),
        line,
        re.I,
    )
    reason = next((part for part in why.groups() if part), "") if why else ""
    plain = re.sub(
        rf"\s*(?:\b(?:has |have |was |were )?(?:{_FAILS})\b).*",
        "",
        without_marks([line])[0],
        flags=re.I,
    )
    return plain, reason.strip(" .,;:")


def _marked(lines: Sequence[str]) -> Progress:
    bad = [line for line in lines if re.search(rf"\b(?:{_FAILS})\b", line, re.I)]
    good = [
        line
        for line in lines
        if line not in bad and re.search(rf"[\[(:\u2013-]\s*(?:{_MARK})\b", line, re.I)
    ]
    left = [line for line in lines if line not in bad and line not in good]
    return (
        Progress(without_marks(good), tuple(_failures(bad)), without_marks(left))
        if good or bad
        else Progress()
    )


def _narrated(text: str) -> Progress:
    """`I have sanded the boat. Painting failed because it rained. Varnishing remains.`"""
    bad = [
        line
        for line in words.sentences(text)
        if re.search(rf"\b(?:{_FAILS})\b", line, re.I) and "?" not in line
    ]
    if not bad:
        return Progress()
    done = re.findall(
        (
            r"\b(?:have|has) (?:already )?(?:been )?(\w+ed\b[^.;]*|(?:bought|made|sent|"
            r"built|done)\b[^.;]*)"
        ),
        text,
    )
    left = re.findall(
        (
            r"(?:^|[.;] )((?!What)[A-Z][^.;]*?) (?:still )?remains?\b|(?:still )?to "
            r"(?:be done|do)\b:? ([^.;]+)"
        ),
        text,
    )
    rest = [part for one, two in left for part in re.split(r",\s*(?:and )?|\s+and\s+", one or two)]
    return Progress(tuple(done), tuple(_failures(bad)), tuple(rest))


_OTHERWISE: tuple[tuple[str, str], ...] = (
    (
        r"sold out|out of stock|not in stock|no longer made|ran out|unavailable|not available",
        "Get a substitute for {thing} from another source",
    ),
    (r"expensive|budget|too (?:much|dear)|cost|afford", "Find a cheaper alternative to {thing}"),
    (
        r"ill\b|sick|on leave|on holiday|resigned|busy|absent",
        "Find another person or another day for {thing}",
    ),
    (r"", "Find another way in place of {thing}"),
)


def instead(step: str, reason: str) -> list[str]:
    """What to do in place of a step that failed."""
    thing = aim_of(step).thing
    form = next(form for pattern, form in _OTHERWISE if re.search(pattern, reason, re.I))
    return [form.format(thing=thing), "Arrange this alternative and have it confirmed"]


def is_asked(scene: Scene) -> bool:
    """Whether a plan is wanted: by the role, in words, or by a schema with a list of steps."""
    lists = [
        name for name, part in properties(scene.schema or {}).items() if part.get("type") == "array"
    ]
    named = any(rank_concepts("root", name, "")[:1] == ("steps",) for name in lists)
    return scene.role == "planner" or named or is_how_to(scene)


def is_untooled(scene: Scene, steps: Sequence[Step]) -> bool:
    """Whether the steps are work for people: a plan is asked for, and no tool helps with it."""
    gathers = len(steps) > 3 and any(step.kind in words.GATHER for step in steps)
    return is_asked(scene) and not any(step.tool for step in steps) and not gathers


def replanned(scene: Scene) -> tuple[Step, ...]:
    """What is left of a plan that the prompt tells of, another way in place of what failed; ()
    where it tells of none.
    """
    state = progress(scene)
    lines = [line for step, reason in state.failed for line in instead(step, reason)]
    return (
        _chained([(line, False) for line in (*lines, *state.left)]) if lines or state.left else ()
    )
