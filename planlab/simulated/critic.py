"""Judging: a draft against its task and data, a state of a search, a text against the fields asked for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from planlab.simulated import words
from planlab.simulated.scene import Scene

_FIELDS: dict[str, str] = {
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "phone": r"\+?\d[\d ()/-]{6,}\d", "url": r"https?://\S+",
    "date": r"\d{4}-\d\d-\d\d|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2} \w+ \d{4}|(?:January|February|March|April|May|June|July|August|September|October|November|December) \d{1,2},? \d{4}",
    "age": r"\b(\d{1,3})[ -]?(?:years?[ -]old|years?\b|yo\b)|\b(?:aged?|is|turned) (\d{1,3})\b",
    "amount price total cost": r"[$€£]\s?(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?) ?(?:dollars|euros?|USD|EUR)\b",
    "quantity count number": r"\b(\d+)\b", "id order invoice": r"\b([A-Z]{1,4}-?\d[\w-]*|#\d+|\d{4,})\b",
    "city place location country": r"\b(?:in|from|at|to|near) ([A-Z][\w-]+(?: [A-Z][\w-]+)*)", "company employer organization organisation": r"\b(?:at|for|by|of) ([A-Z][\w&-]+(?: [A-Z][\w&-]+)*)",
}
_MEANT: dict[str, str] = {
    "refund": "money back charge charged return reimburse", "password": "login log sign locked reset account access", "address": "moved moving ship shipping delivery street",
    "billing": "invoice charge charged payment card bill refund", "technical": "crash error bug broken fails not working", "positive": "good great love excellent happy thanks wonderful",
    "negative": "bad terrible hate awful angry broken disappointed worst", "high": "urgent immediately asap critical down", "complaint": "angry terrible disappointed",
}


@dataclass(frozen=True)
class Verdict:
    """What a critic finds: a score from 0 to 1, what is wrong, what to do."""

    score: float
    approved: bool
    issues: tuple[str, ...]
    suggestions: tuple[str, ...]


def review(scene: Scene) -> Verdict:
    """Check the draft: is anything there, are the asked parts in it, are its figures in the data, its length."""
    draft = scene.draft
    data = "\n".join([scene.goal, scene.material, *(seen.text for seen in scene.observations if seen.tool)])
    found = [*_missing_parts(scene), *_unknown_figures(draft, data, bool(scene.material or scene.observations)), *_form(scene)]
    score = max(0.0, round(0.95 - 0.2 * len(found), 2)) if draft or scene.role != "critic" else 0.0
    score = min(1.0, round(score + (scene.size.overconfidence if found else 0.0), 2))
    bar = re.search(r"(?:at least|≥|>=|above|threshold(?: of)?|minimum(?: of)?) (0?\.\d+)", f"{scene.instructions}\n{scene.ask}")
    approved = score >= (float(bar[1]) if bar else 0.9 if not scene.size.overconfidence else 0.7)
    issues = tuple(issue for issue, _ in found)
    return Verdict(score, approved, issues, tuple(mend for _, mend in found))


def render_verdict(verdict: Verdict) -> str:
    """A verdict in words."""
    head = f"{'APPROVED' if verdict.approved else 'NOT APPROVED'}. Score: {verdict.score:g}."
    return head + "".join(f"\n- {issue} {mend}" for issue, mend in zip(verdict.issues, verdict.suggestions, strict=True))


def asked_parts(text: str) -> list[str]:
    """What a task says that a text must hold: `must include the total, the top intent and a recommendation`."""
    match = re.search(r"\b(?:includ(?:e|es|ing)|mentions?|contains?|names?|states?|with(?: the)? sections?|sections?:|must have|cover(?:s|ing)?|with)\b:? ((?:an? |the |its )?[\w' -]+(?:, (?:and )?(?:an? |the |its )?[\w' -]+)*(?:,? and (?:an? |the |its )?[\w' -]+)?)", text, re.I)
    parts = re.split(r",\s*(?:and\s+)?|\s+and\s+", match[1]) if match else []
    return [re.sub(r"^(?:an?|the|its)\s+", "", part.strip(), flags=re.I) for part in parts if part.strip() and len(part.split()) <= 5]


def _missing_parts(scene: Scene) -> list[tuple[str, str]]:
    rules = "\n".join(text for text in (scene.goal, scene.instructions, scene.ask.replace(scene.draft, "")) if text)
    said = words.content(scene.draft)
    lines = dict.fromkeys(part for line in rules.splitlines() for part in asked_parts(line))
    return [(f"It does not give the {part}.", f"Add the {part}.") for part in lines if scene.draft and words.overlap(words.content(part), said) < 0.5 and not _is_number_part(part, scene.draft)]


def _is_number_part(part: str, draft: str) -> bool:
    return bool(re.search(r"\b(?:figures?|numbers?|prices?|pricing|total|count|amount)\b", part, re.I)) and bool(words.numbers(draft))


def _unknown_figures(draft: str, data: str, has_data: bool) -> list[tuple[str, str]]:
    """Figures of the draft that stand nowhere in the data and are no sum of one of its lines."""
    if not has_data:
        return []
    lines = [[float(figure) for figure in words.numbers(line)] for line in (data, *data.splitlines())]
    known, sums = lines[0], [sum(line[at:]) for line in lines[1:] for at in range(len(line))]
    wrong = [figure for figure in dict.fromkeys(words.numbers(re.sub(r"^\s*\d+[.)] ", "", draft, flags=re.M))) if float(figure) not in known and float(figure) not in sums]
    return [(f"The figure {figure} is not in the data.", f"Remove {figure} or replace it by the figure in the data.") for figure in wrong[:4]]


def _form(scene: Scene) -> list[tuple[str, str]]:
    draft, found = scene.draft, []
    if not draft.strip() and scene.role in ("critic", "reviser"):
        found.append(("There is no draft.", "Write one."))
    if re.search(r"\bTODO\b|\bTBD\b|lorem ipsum|\[insert|<insert|\bXXX\b", draft, re.I):
        found.append(("It holds a placeholder.", "Replace the placeholder by what is known."))
    if scene.word_limit and len(draft.split()) > scene.word_limit:
        found.append((f"It has {len(draft.split())} words, more than {scene.word_limit}.", f"Cut it to {scene.word_limit} words."))
    if draft and len(draft.split()) < 8 and re.search(r"report|summary|essay|article|analysis", scene.goal, re.I):
        found.append(("It is too short to be of use.", "Say what was found, with figures."))
    return found


def revise(scene: Scene, known: str) -> str:
    """The draft as the feedback wants it: wrong figures out, missing parts in, from what is known alone."""
    text = scene.draft
    for figure in re.findall(r"figure (\S+) is not in|\bremove (\d[\d.,]*)|\bwrong (?:figure|number):? (\S+)", scene.feedback, re.I):
        wrong = next(part for part in figure if part)
        text = "\n".join(line for line in (" ".join(s for s in words.sentences(line) if wrong not in words.numbers(s)) for line in text.splitlines()) if line.strip())
    for old, new in re.findall(r"replace ['\"“]?([^'\"”\n]+?)['\"”]? (?:with|by) ['\"“]?([^'\"”\n.]+)", scene.feedback, re.I):
        text = text.replace(old, new)
    said = words.content(text)
    wanted = re.findall(r"(?:add|does not (?:give|mention|include|name|state)|missing|lacks?|mention|include|needs?|give|state)(?::| is| are)? (?:an? |the )?([\w '-]+)", scene.feedback, re.I)
    for part in dict.fromkeys(part.strip() for part in wanted):
        if words.overlap(words.content(part), said) < 0.5:
            line = _known_line(part, f"{known}\n{scene.material}\n{scene.context.replace(scene.feedback, '')}")
            text += f"\n{part[:1].upper() + part[1:]}: {line or 'not stated in the data'}."
    if re.search(r"shorten|too long|cut|concise", scene.feedback, re.I):
        limit = scene.word_limit or max(10, len(text.split()) * 2 // 3)
        text = " ".join(text.split()[:limit])
    return re.sub(r"\b(?:TODO|TBD|XXX)\b:?", "", text).strip() if text.strip() else known


def _known_line(part: str, known: str) -> str:
    wanted = words.content(part)
    best = max(words.sentences(known), key=lambda line: words.overlap(wanted, words.content(line)), default="")
    return words.clip(best.lstrip("-# "), 160).rstrip(".") if words.overlap(wanted, words.content(best)) >= 0.5 else ""


# ---- states and fields ---------------------------------------------------------------------------------------


def judge_state(scene: Scene) -> float | None:
    """The value of a state in a search for 24, or None: exact up to three numbers, by nearness beyond."""
    match = re.search(r"(?:left|remaining|state|numbers)\W*:?\s*\(?\[?((?:\d+(?:\.\d+)?[ ,]*){1,4})", scene.ask, re.I)
    if not match or "24" not in f"{scene.instructions}\n{scene.ask}":
        return None
    left = [float(figure) for figure in re.findall(r"\d+(?:\.\d+)?", match[1])]
    return 1.0 if _reaches(left, 24.0) else 0.05 if len(left) <= 3 else 0.4


def _reaches(left: Sequence[float], target: float) -> bool:
    if len(left) == 1:
        return abs(left[0] - target) < 1e-6
    for a, b, *rest in permutations(left):
        results = [a + b, a - b, a * b] + ([a / b] if b else [])
        if any(_reaches([result, *rest], target) for result in results):
            return True
    return False


def extracted(scene: Scene) -> dict[str, object]:
    """Fields that a schema asks for and the text states: names, ages, addresses, dates, amounts, one of a list."""
    if scene.schema is None and not scene.tools:
        return {}
    if scene.role not in ("chat", "extractor") or scene.observations:
        return {}
    schemas = [scene.schema] if scene.schema is not None else [tool.parameters for tool in scene.tools[:1]]
    text = scene.draft or scene.material or scene.goal
    found: dict[str, object] = {}
    for schema in schemas:
        for name, part in _fields(schema).items():
            if (value := _field(name, part, text)) is not None:
                found[name] = value
    return found


def _fields(schema: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    found = schema.get("properties")
    own = {str(name): part for name, part in found.items() if isinstance(part, dict)} if isinstance(found, dict) else {}
    defs = schema.get("$defs")
    return {name: _resolved(part, defs) for name, part in own.items()}


def _resolved(part: Mapping[str, object], defs: object) -> Mapping[str, object]:
    ref = part.get("$ref")
    target = defs.get(str(ref).rsplit("/", 1)[-1]) if isinstance(ref, str) and isinstance(defs, Mapping) else None
    return target if isinstance(target, Mapping) else part


def _field(name: str, schema: Mapping[str, object], text: str) -> object | None:
    if isinstance(choices := schema.get("enum"), list) and choices:
        return classify([str(choice) for choice in choices], text)
    pieces = words.pieces(name)
    if schema.get("type") in ("array", "object", "boolean"):
        return None
    pattern = next((pattern for row, pattern in _FIELDS.items() if any(piece in row.split() for piece in pieces)), None)
    if pattern:
        match = re.search(pattern, text, re.I if "(?:in|from" not in pattern and "(?:at|for" not in pattern else 0)
        value = next((group for group in (*match.groups(), match[0]) if group), None) if match else None
        return _typed(value, schema)
    if "name" in pieces:
        return next(iter(words.proper_names(text)), None)
    return None


def _typed(value: str | None, schema: Mapping[str, object]) -> object | None:
    if value is None or schema.get("type") not in ("integer", "number"):
        return value
    figure = next(iter(words.numbers(value)), None)
    return None if figure is None else int(float(figure)) if schema["type"] == "integer" else float(figure)


def classify(choices: Sequence[str], text: str) -> str | None:
    """The choice that a text speaks of, by its own words or by words that people use for it."""
    said = words.content(text)
    def worth(choice: str) -> float:
        own = words.content(choice)
        meant = words.content(" ".join(_MEANT.get(piece, "") for piece in words.pieces(choice)))
        return 2 * words.overlap(own, said) + sum(word in said for word in meant)
    best = max(choices, key=worth)
    return best if worth(best) > 0 else next((choice for choice in choices if choice.lower() in ("other", "unknown", "neutral", "none", "general")), None)
