"""Judging: a draft against its task and data, a revision that follows the feedback, a state of a
search.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

from planlab.simulated import words
from planlab.simulated.marking import HEAVY, Matter, faults, is_marking, is_nothing, matter
from planlab.simulated.pointers import pointed
from planlab.simulated.prompt import sections
from planlab.simulated.rules import is_kept
from planlab.simulated.scene import Scene


@dataclass(frozen=True)
class Verdict:
    """What a critic finds: a score from 0 to 1, what is wrong, what to do."""

    score: float
    approved: bool
    issues: tuple[str, ...]
    suggestions: tuple[str, ...]
    given: Matter = field(default_factory=Matter)

    @property
    def feedback(self) -> str:
        """What is to be said to the writer, about this very text."""
        pairs = zip(self.issues, self.suggestions, strict=True)
        told = " ".join(f"{issue} {mend}" for issue, mend in pairs)
        opening = words.clip(self.given.draft, 80)
        kept = "keeps the rules" if self.given.rules else "says what is asked"
        return told or (f"Nothing is wrong: “{opening}” {kept}." if opening else "")

    @property
    def particulars(self) -> dict[str, object]:
        """Rule by rule and aspect by aspect, by concept."""
        checks = [
            {
                "id": rule.number,
                "number": rule.number,
                "name": rule.text,
                "text": rule.text,
                "approved": is_kept(rule.text, self.given.draft) is not False,
            }
            for rule in self.given.rules
        ]
        about = " ".join(self.issues)
        lower = {
            "correctness": "figure|wrong|agree|source|, not",
            "completeness": "missing|names|does not give|no reason|no answer",
            "relevance": "speak of|no answer",
            "clarity": "placeholder|words|short",
        }
        return {
            "feedback": self.feedback,
            "checks": checks,
            "broken": [each for each in checks if not each["approved"]],
            "kept_rules": [each for each in checks if each["approved"]],
            **{
                aspect: self.score if re.search(signs, about) else max(self.score, 0.9)
                for aspect, signs in lower.items()
                if not is_nothing(self.given.draft)
            },
        }


def review(scene: Scene) -> Verdict:
    """Check the draft: is anything there, are the asked parts in it, are its figures in the data,
    its length.
    """
    given = matter(scene)
    is_result = bool(scene.observations) and not scene.draft and given.draft == scene.material
    scene = replace(scene, draft=given.draft)
    draft = scene.draft
    data = "\n".join(
        [
            scene.goal,
            scene.material,
            given.source,
            *(seen.text for seen in scene.observations if seen.tool),
        ]
    )
    sourced = bool(scene.material or scene.observations or given.source)
    marking = is_marking(scene)
    nothing = marking and is_nothing(draft)
    told = [] if nothing or given.rules else _missing_parts(scene)
    ruled = {text for text, _ in told}
    figures = [] if nothing else _unknown_figures(draft, data, sourced)
    found = [
        *told,
        *figures,
        *(fault for fault in (faults(given) if marking else ()) if fault[0] not in ruled),
        *([] if nothing else _form(scene)),
    ]
    if is_result:
        found = _of_result(scene)
    found = list(dict.fromkeys(found))
    heavy = sum(bool(HEAVY.search(issue)) for issue, _ in found)
    score = max(0.1, round(0.95 - 0.25 * len(found) - 0.3 * heavy, 2))
    score = (0.05 if draft else 0.0) if nothing else score
    score = min(1.0, round(score + (scene.size.overconfidence if found else 0.0), 2))
    bar = _bar(f"{scene.instructions}\n{scene.ask.replace(draft, '')}")
    approved = score >= (bar or (0.9 if not scene.size.overconfidence else 0.7))
    issues = tuple(issue for issue, _ in found)
    return Verdict(score, approved, issues, tuple(mend for _, mend in found), given)


_NOTHING = re.compile(
    r"\b(?:nothing (?:was|is|on|about)|(?:could|can|did) not (?:find|tell|be found)|no data|"
    r"not found|no results?|i (?:do not|don't) know|i know only)\b",
    re.I,
)


def _of_result(scene: Scene) -> list[tuple[str, str]]:
    """What is wrong with the result of a step: it is an error, empty, or tells of nothing found."""
    for seen in scene.observations:
        if seen.error:
            return [("It is an error, not a result.", "Do it in another way.")]
        if seen.value in (None, "", [], {}):  # a table without rows says that there are none
            return [("It is empty.", "Look in another place, or for more.")]
        if path := pointed(seen.text):
            return [(f"It only says where to look: {path}.", f"Look there, in {path}.")]
    if _NOTHING.search(scene.material):
        return [("It says that nothing was found.", "Look in another place.")]
    return []


def _bar(text: str) -> float | None:
    """The score from which a text passes, as a share: `50 or more of 100 is a pass`."""
    figure = r"(\d+(?:\.\d+)?)"
    match = re.search(
        rf"\b{figure}(?: points?| per cent|%)? (?:or (?:more|above|higher|better)|"
        rf"and (?:above|more)|(?:is|are) "
        rf"(?:a |needed to |enough to )?pass)|(?:pass(?:es)? (?:with|from|at)|at "
        rf"least|≥|>=|above|threshold(?: of)?|"
        rf"minimum(?: of)?) {figure}(?= points| is| to pass| per|%|[.,;]|$)|(?:at "
        rf"least|≥|>=|above|threshold(?: of)?|"
        rf"minimum(?: of)?) (0?\.\d+)",
        text,
        re.I,
    )
    if not match:
        return None
    bar = float(next(part for part in match.groups() if part))
    scale = re.search(
        rf"(?:from|between) \d+ (?:to|and) {figure}|out of {figure}|\d ?[-\u2013] ?{figure}", text
    )
    whole = (
        float(next(part for part in scale.groups() if part))
        if scale
        else 100.0
        if bar > 10
        else 10.0
    )
    return bar if bar <= 1 else min(1.0, bar / whole)


_WORDS = (
    ("PASS", "FAIL"),
    ("ACCEPT", "REJECT"),
    ("ACCEPT", "REVISE"),
    ("APPROVE", "REJECT"),
    ("OK", "NOT OK"),
    ("YES", "NO"),
    ("GOOD", "BAD"),
)


def render_verdict(verdict: Verdict, wanted: str) -> str:
    """A verdict in words, the first of them those that the prompt wants."""
    yes, no = next(
        (pair for pair in _WORDS if all(re.search(rf"\b{word}\b", wanted) for word in pair)),
        ("APPROVED", "NOT APPROVED"),
    )
    head = f"{yes if verdict.approved else no}. Score: {verdict.score:g}."
    return head + "".join(
        f"\n- {issue} {mend}"
        for issue, mend in zip(verdict.issues, verdict.suggestions, strict=True)
    )


def asked_parts(text: str) -> list[str]:
    """What a task says that a text must hold: `must include the total, the top intent and a
    recommendation`.
    """
    match = re.search(
        (
            r"\b(?:includ(?:e|es|ing)|mentions?|contains?|states?|must "
            r"(?:have|give|name)|cover(?:s|ing)?)\b:? ((?:an? |the |its "
            r")?[\w' -]+(?:, (?:and )?(?:an? |the |its )?[\w' -]+)*(?:,? "
            r"and (?:an? |the |its )?[\w' -]+)?)"
        ),
        text,
        re.I,
    )
    parts = re.split(r",\s*(?:and\s+)?|\s+and\s+", match[1]) if match else []
    return [
        re.sub(r"^(?:an?|the|its)\s+", "", part.strip(), flags=re.I)
        for part in parts
        if part.strip() and len(part.split()) <= 5
    ]


_SECTION = r"[\"'“\u2018]?#*\s?[A-Z][\w-]*(?: [a-z]+(?=[\"'”\u2019]))*[\"'”\u2019]?"


def asked_sections(text: str) -> list[str]:
    """Names of sections that a text wants: `a section Result`, `the sections "Findings" and "Next
    steps"`.
    """
    runs = re.findall(
        rf"\bsections?:? ((?:called |named |titled )?{_SECTION}(?:(?:,? and |, ){_SECTION})*)", text
    )
    names = [
        re.sub(r"^[\W_]+|\W+$", "", name) for run in runs for name in re.findall(_SECTION, run)
    ]
    return list(dict.fromkeys(names))


def _missing_parts(scene: Scene) -> list[tuple[str, str]]:
    given = sections(scene.ask).get("results", "")  # what was found asks for nothing
    asked = scene.ask.replace(scene.draft, "").replace(given, "")
    rules = "\n".join(text for text in (scene.goal, scene.instructions, asked) if text)
    said = words.content(scene.draft)
    lines = dict.fromkeys(part for line in rules.splitlines() for part in asked_parts(line))
    heads = re.findall(r"^\W*([A-Z][\w ]*?)\W*$|^([A-Z]\w+):", scene.draft, re.M)
    titles = [words.squeeze(" ".join(head)).lower() for head in heads]
    absent = (
        [name for name in asked_sections(rules) if name.lower() not in titles]
        if scene.draft
        else []
    )
    return [(f"The section {name} is missing.", f"Add the section {name}.") for name in absent] + [
        (f"It does not give the {part}.", f"Add the {part}.")
        for part in lines
        if scene.draft
        and words.overlap(words.content(part), said) < 0.5
        and not _is_number_part(part, scene.draft)
    ]


def _is_number_part(part: str, draft: str) -> bool:
    return bool(
        re.search(r"\b(?:figures?|numbers?|prices?|pricing|total|count|amount)\b", part, re.I)
    ) and bool(words.numbers(draft))


def _unknown_figures(draft: str, data: str, has_data: bool) -> list[tuple[str, str]]:
    """Figures of the draft that stand nowhere in the data and are no sum of one of its lines."""
    if not has_data:
        return []
    lines = [
        [float(figure) for figure in words.numbers(line)] for line in (data, *data.splitlines())
    ]
    known, sums = lines[0], [sum(line[at:]) for line in lines[1:] for at in range(len(line))]
    wrong = [
        figure
        for figure in dict.fromkeys(words.numbers(re.sub(r"^\s*\d+[.)] ", "", draft, flags=re.M)))
        if float(figure) not in known and float(figure) not in sums
    ]
    return [
        (
            f"The figure {figure} is not in the data.",
            f"Remove {figure} or replace it by the figure in the data.",
        )
        for figure in wrong[:4]
    ]


def _form(scene: Scene) -> list[tuple[str, str]]:
    draft, found = scene.draft, []
    if not draft.strip() and scene.role in ("critic", "reviser"):
        found.append(("There is no draft.", "Write one."))
    if re.search(r"\bTODO\b|\bTBD\b|lorem ipsum|\[insert|<insert|\bXXX\b", draft, re.I):
        found.append(("It holds a placeholder.", "Replace the placeholder by what is known."))
    if scene.word_limit and len(draft.split()) > scene.word_limit:
        found.append(
            (
                f"It has {len(draft.split())} words, more than {scene.word_limit}.",
                f"Cut it to {scene.word_limit} words.",
            )
        )
    if (
        draft
        and len(draft.split()) < 8
        and re.search(r"report|summary|essay|article|analysis", scene.goal, re.I)
    ):
        found.append(("It is too short to be of use.", "Say what was found, with figures."))
    return found


def better(scene: Scene) -> str | None:
    """The label of the better of several drafts that the prompt shows, or None."""
    found = compared(scene)
    return found[0] if found else None


def compared(scene: Scene) -> tuple[str, str] | None:
    """The label of the better of several drafts, and why; None where the prompt shows no two."""
    label = r"(?:^|(?<=[.!?\"] ))\W*(?:[A-Z]?[a-z]+ )?([A-H]|\d)\W*:\s"
    shown = re.findall(
        rf"{label}\s*(.*?)(?={label}|^[^\n]*\?\s*\Z|[.!] Which\b[^\n]*\?|\n\s*\n(?=[A-Z])|\Z)",
        scene.ask,
        re.S | re.M,
    )
    if len(shown) < 2 or scene.role == "joiner":  # its results are no drafts to choose from
        return None
    rubric = scene.ask
    for _, text, _ in shown:
        rubric = rubric.replace(text, "")
    wanted = words.content(rubric)

    def worth(text: str) -> tuple[float, float, int, str]:
        """The order in which the texts stand plays no part."""
        found = review(replace(scene, draft=text, ask=rubric, goal="", role="critic"))
        shared = words.overlap(wanted, words.content(text))
        return found.score, round(shared, 2), len(text.split()), text

    ranked = sorted(((worth(text.strip()), label) for label, text, _ in shown), reverse=True)
    best, worst = ranked[0], ranked[-1]
    lacks = review(replace(scene, draft=worst[0][3], ask=rubric, goal="", role="critic")).issues
    reason = f"{best[1]} is better: {words.clip(best[0][3], 80)}"
    return best[1], f"{reason} {worst[1]}: {' '.join(lacks)}" if lacks else reason


def revise(scene: Scene, known: str) -> str:
    """The draft as the feedback wants it: wrong figures out, missing parts in, from what is known
    alone.
    """
    text = scene.draft
    for figure in re.findall(
        r"figure (\S+) is not in|\bremove (\d[\d.,]*)|\bwrong (?:figure|number):? (\S+)",
        scene.feedback,
        re.I,
    ):
        wrong = next(part for part in figure if part)
        text = "\n".join(
            line
            for line in (
                " ".join(s for s in words.sentences(line) if wrong not in words.numbers(s))
                for line in text.splitlines()
            )
            if line.strip()
        )
    for old, new in re.findall(
        r"replace ['\"“]?([^'\"”\n]+?)['\"”]? (?:with|by) ['\"“]?([^'\"”\n.]+)",
        scene.feedback,
        re.I,
    ):
        text = text.replace(old, new)
    for right, wrong in re.findall(
        r"(-?[$€£]?\d[\d,.]*\d|\d)\b[^.\n\d]*?,? not (-?[$€£]?\d[\d,.]*\d|\d)\b", scene.feedback
    ):
        text = text.replace(wrong, right)
    for name in re.findall(
        (
            r"section [\"'“#]*\s?([A-Z][\w-]*)[\"'”]* (?:is )?(?:missing|"
            r"absent|not there)|[Aa]dd (?:a |the )?section [\"'“#]*\s?([A-Z][\w-]*)"
        ),
        scene.feedback,
    ):
        head = next(part for part in name if part)
        text += f"\n\n## {head}\n{_known_line(head, known) or 'The data say nothing on this yet.'}"
    said = words.content(text)
    wanted = re.findall(
        (
            r"(?:add|does not (?:give|mention|include|name|state)|missing:|"
            r"lacks?|mention|include|needs?|give|state)(?::| is| are)? "
            r"(?:an? |the )?([\w '-]+)"
        ),
        scene.feedback,
        re.I,
    )
    given = scene.context
    for order in (scene.feedback, scene.goal, *words.sentences(scene.orders)):
        given = given.replace(order, "")  # what asks for a part does not give it
    # Feedback may bring the figure with it: `The total is 5.`
    told = [s for s in words.sentences(scene.feedback) if re.search(r"\b(?:is|are) \$?\d", s)]
    given = "\n".join([*told, known, scene.material, given])
    for part in dict.fromkeys(part.strip() for part in wanted):
        if words.overlap(words.content(part), said) < 0.5:
            line = _known_line(part, given)
            text += f"\n{part[:1].upper() + part[1:]}: {line or 'not stated in the data'}."
    if re.search(r"shorten|too long|cut|concise", scene.feedback, re.I):
        limit = scene.word_limit or max(10, len(text.split()) * 2 // 3)
        text = " ".join(text.split()[:limit])
    return re.sub(r"\b(?:TODO|TBD|XXX)\b:?", "", text).strip() if text.strip() else known


def _known_line(part: str, known: str) -> str:
    wanted = words.content(part)
    best = max(
        words.sentences(known),
        key=lambda line: words.overlap(wanted, words.content(line)),
        default="",
    )
    return (
        words.clip(best.lstrip("-# "), 160).rstrip(".")
        if words.overlap(wanted, words.content(best)) >= 0.5
        else ""
    )


# ---- states
# ---------------------------------------------------------------------------------------


def judge_state(scene: Scene) -> float | None:
    """The value of a state in a search for 24, or None: exact up to three numbers, by nearness
    beyond.
    """
    match = re.search(
        r"(?:left|remaining|state|numbers)\W*:?\s*\(?\[?((?:\d+(?:\.\d+)?[ ,]*){1,4})",
        scene.ask,
        re.I,
    )
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
