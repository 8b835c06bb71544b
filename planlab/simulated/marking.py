"""What a prompt gives to judge, and by what: text, rules, question, right answer, source."""

import re
from dataclasses import dataclass

from planlab.simulated import words
from planlab.simulated.concepts import rank_concepts
from planlab.simulated.rules import Rule, broken, items_of, rules_in
from planlab.simulated.scene import Scene
from planlab.simulated.sums import calculate, written

_TEXTS = (
    "answer draft text reply response report summary essay notice letter email "
    "e-mail mail tweet poem slogan "
    "caption description submission translation post ad advert solution "
    "message headline abstract candidate "
    "output announcement invitation paragraph note sentence claim student pupil"
)
_SOURCES = "source reference facts data document context material article passage results"
_KEYS = "model correct expected key reference sample"
_JUDGED = [(concept,) for concept in ("approved", "score", "issues", "broken", "checks")]
_ORDER = re.compile(
    r"\b(?:check|judge|mark|grade|score|rate|review|evaluate|assess|verify|criticise|critique)s?\b"
    r"(?: whether| if| how \w+)? (?:the|this|that|my|our|each|a|an) ((?:[\w'-]+ ){0,3}[\w'-]+)",
    re.I,
)
_LABEL = re.compile(
    r"(?:^|(?<=[.!?;\n] )|(?<=\n))[ \t*#]*((?:[A-Z][\w']*)(?: [\w'/-]+){0,3}?)\**:(?:[ \t\n]+|$)",
    re.M,
)
_NOTHING = re.compile(
    r"\W*(?:(?:sorry|well|hm+),? )?(?:i (?:really )?(?:do not|don't|dont) know|"
    r"no idea|i am not sure|i'm not sure|not sure|idk|"
    r"i have no idea|i can(?:not|'t) (?:say|answer)|no answer|nothing|n/?a|"
    r"unknown|pass|\?+|-+|\.+)?\W*(?:\w+ ?){0,3}\W*",
    re.I,
)
_SUM = re.compile(
    (
        r"(?<![\w.])(\d[\d.,]*(?: ?(?:[-+*/x\u00d7]|plus|minus|times) ?\d[\d.,]*)+)"
        r" ?(?:=|is|equals|makes) ?(-?\d[\d.,]*)"
    ),
    re.I,
)


# Faults after which little of an answer is right.
HEAVY = re.compile(r"does not speak|right answer|result is wrong")


@dataclass(frozen=True)
class Matter:
    """What is to be judged, and by what; "" for what the prompt does not give."""

    draft: str = ""
    question: str = ""
    key: str = ""  # the right answer, where one is given
    source: str = ""
    rules: tuple[Rule, ...] = ()


def is_marking(scene: Scene) -> bool:
    """Whether a text is given to be judged: by the role, or by an order or a form that judges."""
    if scene.role == "critic":
        return True
    labelled = any(_is_of(label, scene.ask) for label, _ in _labelled(scene.ask))
    given = labelled or bool(_behind_order(scene.ask))
    asked = any(rank_concepts("root", name, "")[:1] in _JUDGED for name in _fields(scene))
    return given and (bool(_ORDER.search(scene.ask)) or asked)


def _fields(scene: Scene) -> list[str]:
    found = (scene.schema or {}).get("properties")
    return list(found) if isinstance(found, dict) else []


def matter(scene: Scene) -> Matter:
    """The parts of the newest request that judging needs."""
    parts = _labelled(scene.ask)
    named = next((text for label, text in reversed(parts) if _is_of(label, scene.ask)), "")
    named = named or _behind_order(scene.ask)
    keyed = any(_is_key(label) for label, _ in parts)
    draft = named if keyed else scene.draft or named
    rest = scene.ask.replace(draft, " ") if draft else scene.ask
    source = "\n".join(
        text for label, text in parts if _one_of(label, _SOURCES) and not _is_key(label)
    )
    return Matter(
        draft.strip(" \n\"'“”"),
        next(
            (text for label, text in parts if _one_of(label, "question task prompt exercise")), ""
        ),
        next((text for label, text in parts if _is_key(label)), ""),
        source,
        tuple(rules_in(f"{scene.instructions}\n{rest.replace(source, ' ') if source else rest}")),
    )


def _behind_order(text: str) -> str:
    """All that stands behind an order's own colon: `Review this notice: Found: a glove.`"""
    heads = [head for head in _LABEL.finditer(text) if _ORDER.search(head[1])]
    if heads:
        return text[heads[-1].end() :].strip()
    order, _, rest = text.partition("\n\n")
    return rest.strip() if re.search(r"\bthis\b[^\n]*[?.:]\s*$", order) else ""


def _labelled(text: str) -> list[tuple[str, str]]:
    heads = list(_LABEL.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)] * bool(heads)
    return [
        (head[1], text[head.end() : end].strip()) for head, end in zip(heads, ends, strict=True)
    ]


def _one_of(label: str, names: str) -> bool:
    return any(piece in names.split() for piece in words.pieces(label))


def _is_key(label: str) -> bool:
    return _one_of(label, _KEYS) and _one_of(label, "answer solution key")


def _is_of(label: str, ask: str) -> bool:
    """Whether a label stands before the text to judge: the order's own noun, or a usual one."""
    if _is_key(label) or _one_of(label, "question rules rule source rubric criteria"):
        return False
    ordered = [stem for nouns in _ORDER.findall(ask) for stem in words.content(nouns)]
    return _one_of(label, _TEXTS) or any(stem in ordered for stem in words.content(label))


def is_nothing(draft: str) -> bool:
    """Whether a text says nothing: it is empty, or admits that its writer does not know."""
    return not draft.strip() or (len(draft.split()) < 12 and bool(_NOTHING.fullmatch(draft)) and (
        bool(re.search(r"know|idea|sure|say|idk|answer", draft, re.I)) or not words.content(draft)
    ))  # fmt: skip


def faults(given: Matter) -> list[tuple[str, str]]:
    """What is wrong with a text, each with what to do about it."""
    if is_nothing(given.draft):
        return [(f"It gives no answer: “{words.clip(given.draft, 60)}”.", "Answer what is asked.")]
    return [
        *(
            (f"Rule {rule.number} is broken: {rule.text.rstrip('.')}.", f"Keep rule {rule.number}.")
            for rule in broken(given.rules, given.draft)
        ),
        *_wrong_sums(given.draft),
        *_beside(given),
        *_foreign_names(given),
    ]


def _wrong_sums(draft: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for text, told in _SUM.findall(draft):
        plain = re.sub(
            r"x|\u00d7|times", "*", text.replace("plus", "+").replace("minus", "-").replace(",", "")
        )
        value = calculate(plain)
        if value is not None and abs(value - float(told.strip(".,").replace(",", ""))) > 0.01:
            found.append((f"{text} is {value:g}, not {told.strip('.,')}.", f"Write {value:g}."))
    return found


def _beside(given: Matter) -> list[tuple[str, str]]:
    """An answer held against its question and against the right answer."""
    found: list[tuple[str, str]] = []
    said, draft = words.content(given.draft), given.draft
    expression = written(given.question)
    right = calculate(expression) if expression else None
    if right is not None and not any(float(n) == round(right, 2) for n in words.numbers(draft)):
        found.append((f"The result is wrong: it is {right:g}.", f"Write {right:g}."))
    if given.key:
        wanted = words.content(given.key)
        missed = [n for n in words.numbers(given.key) if n not in words.numbers(draft)]
        if missed or words.overlap(wanted, said) < 0.5:
            found += [
                ("It does not agree with the right answer.", f"Say: {words.clip(given.key, 100)}")
            ]
    asked = words.content(given.question)
    if (
        right is None
        and not given.key
        and len(asked) > 2
        and words.overlap(said, asked) == 0
        and len(said) > 2
    ):
        found += [
            (
                "It does not speak of what is asked.",
                f"Answer the question: {words.clip(given.question, 100)}",
            )
        ]
    count = re.search(
        (
            r"\b(?:name|list|give|state|mention|which) (?:the |me )?(two|three|four|"
            r"five|six|seven|\d) ([\w ]+?)(?:\b(?:and|of|in|that|for)\b|[.,?]|$)"
        ),
        given.question,
        re.I,
    )
    size = len(items_of(draft)) if count else 0
    if count and size < (words.count_word(count[1]) or 0):
        found.append(
            (f"It names {size} of {count[1]} {count[2].strip()}.", f"Name all {count[1]}.")
        )
    if re.search(r"\bwhy\b|give (?:a |one )?reason", given.question, re.I) and not re.search(
        r"\bbecause|since|so\b|due to|as\b|in order|to \w+", draft, re.I
    ):
        found.append(("It gives no reason.", "Say why."))
    return found


def _foreign_names(given: Matter) -> list[tuple[str, str]]:
    """Names in the text that its source does not have."""
    if not given.source:
        return []
    named = re.findall(r"(?<=[a-z,] )[A-Z][a-zà-þ]{2,}", given.draft)
    known = f"{given.source} {given.question}".lower()
    return [
        (f"{name} does not stand in the source.", f"Replace {name} by what the source says.")
        for name in dict.fromkeys(named)
        if name.lower() not in known
    ]
