"""Orders about an answer's form, whatever it says: its first words, bullets, sentences, case."""

import re
from dataclasses import replace

from planlab.simulated import words
from planlab.simulated.scene import Scene

_ANSWER = (
    r"(?:(?:every|each|your|all|the|any) )*"
    r"(?:of your )?(?:answers?|repl(?:y|ies)|responses?|messages?|texts?|it)"
)
_WORDS = r"(?:with|by) (?:the )?(?:words? |phrase |text |line |label )?"
_SAID = (
    r"(?:[\"“'\u2018](?P<{0}>[^\"”\u2019\n]+?)[\"”\u2019'](?!\w)|"
    r"(?P<{0}2>[A-Z][\w !,-]*?:?)(?=[.\n]|$))"
)
_BEGIN = re.compile(
    rf"\b(?:begin|start|open|preface|prefix) {_ANSWER} {_WORDS}{_SAID.format('a')}", re.I
)
_END = re.compile(rf"\b(?:end|finish|close|sign) {_ANSWER} {_WORDS}{_SAID.format('b')}", re.I)
_COUNT = r"(\d+|one|two|three|four|five|six|seven|eight|nine|ten)"
_PARTS = re.compile(
    rf",? ?\b(?:in|as|into|with|using|give (?:me )?|write) "
    rf"(?:exactly |just |only )?{_COUNT} (?:short )?"
    r"(bullet(?: point)?s?|bullets|sentences?)\b(?:,? ?(?:each )?(?:beginning|starting)"
    r" with ['\"“][^'\"”\n]*['\"”])?",
    re.I,
)
_CASE = re.compile(
    r"\b(?:in|use) (?:only )?(?:all )?"
    r"(?:(?P<up>capital letters|capitals|upper ?-?case)|(?P<low>small letters|lower ?-?case))"
    r"(?: letters)?(?: only)?",
    re.I,
)
_FORMS = (_BEGIN, _END, _PARTS, _CASE)
_WHICH_TOOL = re.compile(
    r"\b(?:which|what) (?:one )?(?:of (?:these|the|your|my) )?(?:tool|function)s?\b[^?\n]*\?", re.I
)
_ALONE = re.compile(r"\bnothing else\b|\bonly\b|\bjust\b", re.I)


def without_form(scene: Scene) -> Scene:
    """The scene with a goal that says what is wanted, not in which form it is to be put."""
    goal = scene.goal
    for form in _FORMS:
        goal = form.sub("", goal)
    goal = re.sub(
        r"(?:^|(?<=[.!?\n]))[ \t]*(?:please|and)?[ \t]*[.!]+(?=\s|$)", "", goal, flags=re.I
    )
    return replace(
        scene,
        goal=_brief(goal.strip()) or scene.goal,
        ask=_brief(scene.ask),
        instructions=_brief(scene.instructions),
    )


def _brief(text: str) -> str:
    """`With the name and nothing else` is said as `with only the name`."""
    return re.sub(
        r"\b((?:the|a|an|one|its|your) [\w' -]{2,30}?),? (?:and|but) (?:nothing else|no more)\b",
        r"only \1",
        text,
        flags=re.I,
    )


def formed(text: str, scene: Scene, goal: str) -> str:
    """An answer in the form that the instructions and the goal order."""
    told = f"{scene.instructions}\n{goal}"
    if parts := _PARTS.search(goal) or _PARTS.search(scene.instructions):
        text = _in_parts(
            text, scene, words.count_word(parts[1]) or 1, bullets="bullet" in parts[2].lower()
        )
    if re.search(r"\b(?:one|a single) word\b", told, re.I) and text.islower():
        text = next((word for word in text.split() if word not in words.STOP), text)
    if case := _CASE.search(told):
        text = text.upper() if case["up"] else text.lower()
    if (begin := _BEGIN.search(told)) and not text.startswith(first := begin["a"] or begin["a2"]):
        text = f"{first}{_gap(text)}{text}"
    if (end := _END.search(told)) and not text.endswith(last := end["b"] or end["b2"]):
        text = f"{text}{_gap(text)}{last}"
    return text


def _gap(text: str) -> str:
    """A list keeps its own lines."""
    return "\n" if re.match(r"\s*(?:[-*•#]|\d+[.)])\s", text) else " "


def _in_parts(text: str, scene: Scene, count: int, *, bullets: bool) -> str:
    """So many sentences: of what was given where there is more of it, those that say most first."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    said = [
        part
        for line in lines
        for part in words.sentences(re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line))
    ]
    source = words.sentences(" ".join(_given(scene).split()))
    said = source if len(source) >= count and _GIVEN.match(scene.goal) else said
    best = sorted(said, key=lambda part: -_weight(part))[:count]
    kept = [part for part in said if part in best][:count]
    return "\n".join(f"- {part}" for part in kept) if bullets else " ".join(kept)


_GIVEN = re.compile(
    r"(?:please )?(?:summari[sz]e|sum up|put|condense|shorten|rewrite|give|state|list|tell)\b", re.I
)


def _given(scene: Scene) -> str:
    """The text that is to be put in another form: behind a colon, else what the request states."""
    head, _, rest = scene.goal.partition(":")
    behind = rest if len(head.split()) < 12 and "\n" not in head else ""
    return max(f"{scene.statements}\n{scene.material}", behind, key=len)


def _weight(sentence: str) -> float:
    """How much a sentence tells: its figures and its weighty words."""
    return 3 * len(words.numbers(sentence)) + len(words.content(sentence))


def tool_named(scene: Scene) -> str | None:
    """The answer to `which tool fits?`; None where nothing of the kind is asked."""
    asked = _WHICH_TOOL.search(scene.ask) if scene.tools else None
    if not asked:
        return None
    kept = [
        sentence
        for line in scene.ask.splitlines()
        if not any(line.lstrip("-*• `").startswith(tool.name) for tool in scene.tools)
        for sentence in words.sentences(line)
        if not _WHICH_TOOL.search(sentence) and not _ALONE.search(sentence)
    ]
    need = words.content(" ".join([*kept, asked[0]]))
    shared = {
        tool.name: sum(
            2 * (word in words.content(tool.name))
            + (word in words.content(f"{tool.description} {' '.join(tool.properties)}"))
            for word in need
        )
        for tool in scene.tools
    }
    name = max(shared, key=shared.__getitem__)
    if not shared[name]:
        return None
    return name if _ALONE.search(scene.ask) else f"The tool {name} fits."
