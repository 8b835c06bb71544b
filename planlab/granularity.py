"""Two plain rules on the words of a plan: is a step too vague to run, is a plan cut too fine?

Words are weak evidence, so that what these find are warnings, and only English is judged.
"""

import re
from collections import Counter
from collections.abc import Sequence

from planlab.records import Ref, Step

# Verbs and nouns that fit every task, and so say nothing about this one.
_EMPTY_WORDS = (
    "handle process manage deal do carry perform conduct work improve optimize optimise enhance "
    "better good great nice well proper proper high quality ensure make get prepare finalize "
    "finalise finish complete start begin go look see check review research investigate explore "
    "understand assess analyze analyse examine consider think figure find out sort fix solve "
    "address resolve follow up coordinate align engage communicate tell people stakeholder team "
    "implement execute apply use leverage create produce generate deliver develop build write "
    "compile summarize summarise report reach "
    "data information info detail content input output result insight finding thing stuff "
    "everything anything something item aspect point matter issue problem topic subject task job "
    "step action activity measure solution option opportunity situation overview view idea thought "
    "plan strategy approach way area part rest need goal decision outcome context background "
    "document text file some any all more most few it this that them is are be been has have was "
    "done ready fine ok okay comprehensive overall general useful clear final right successful "
    "successfully thoroughly carefully accordingly properly appropriately quickly "
    "a an and as at by for from in into its of off on or our the their then they through to we "
    "with what which who when where how if than there these those you your will should can"
)
_HEDGE = re.compile(
    r"\b(?:(?:as|if|where|when|whatever is|whatever's) "
    r"(?:needed|necessary|appropriate|required|possible|applicable|relevant)"
    r"|whatever|somehow|etc|and so on|best practices|relevant|suitable|various)\b",
    re.IGNORECASE,
)
# Movements of a hand or a mind, not results: nobody else could use what they hand on.
_GESTURE = re.compile(
    r"(?:open|close|click|press|type|enter|scroll|paste|copy|place the cursor|select the|"
    r"wait|log (?:in|out|on|off)|sign (?:in|out)|connect|disconnect|look at|think|consider|decide|"
    r"start|begin|initiali[sz]e|save|submit|receive|pick up|put down|hang up|say|dial|unlock|"
    r"go to|navigate|change into|append|prepare to|get ready|confirm that|acknowledge|note)\b",
    re.IGNORECASE,
)
_ALIKE = 4  # so many steps that differ in one word are one step over a list
_WORD = re.compile(r"[\w'-]+")


def is_vague(step: Step, goal: str) -> bool:
    """Whether the step names nothing definite to do, or leaves that to whoever does it.

    True if its description hedges ("as needed", "relevant") without a figure, or if description and
    expected output hold no word beyond the goal's own and those that fit every task. A step with a
    known value among its arguments says by that what it does.
    """
    known = [a.value for a in step.arguments if not isinstance(a.value, Ref)]
    if any(value not in (None, "", ()) for value in known):
        return False
    told = f"{step.description} {step.expected_output}"
    if re.search(r"\d", told):
        return False
    return bool(_HEDGE.search(step.description)) or _stems(told) <= _stems(goal)


def find_pieces(steps: Sequence[Step]) -> list[str]:
    """The ids of steps that are only pieces of one, if they are 4 or more and half of the plan.

    A piece is a gesture ("click", "open", "wait"), or one of 4 or more steps with the same tool
    whose descriptions differ in one word ("read ticket 1", "read ticket 2", …).
    """
    shapes = [_shapes(step) for step in steps]
    alike = Counter(shape for own in shapes for shape in own)
    found = [
        step.id
        for step, own in zip(steps, shapes, strict=True)
        if _GESTURE.match(step.description.strip()) or any(alike[s] >= _ALIKE for s in own)
    ]
    return found if len(found) >= _ALIKE and 2 * len(found) >= len(steps) else []


def _shapes(step: Step) -> list[tuple[str | None, tuple[str, ...]]]:
    """The description once for each of its words, with that word left open."""
    words = _WORD.findall(step.description.casefold())[:15]
    if len(words) < 3:
        return []
    return [(step.tool, (*words[:i], "…", *words[i + 1 :])) for i in range(len(words))]


def _stems(text: str) -> frozenset[str]:
    """The words that carry meaning, without the commonest endings."""
    words = (word.strip("'-") for word in _WORD.findall(text.casefold()))
    return frozenset(_stem(word) for word in words if word) - _EMPTY


def _stem(word: str) -> str:
    if len(word) < 4:
        return word
    return re.sub(r"(?:ing|ed|e)$", "", re.sub(r"(?:'s|s)$", "", word))


_EMPTY = frozenset(map(_stem, _EMPTY_WORDS.split()))
