"""Answers in words, made of what was observed: an answer, a report, what was done, what is
missing.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from planlab.simulated import measures, qa, words
from planlab.simulated.arguments import title
from planlab.simulated.choice import tool_kind
from planlab.simulated.critic import asked_sections
from planlab.simulated.facts import (
    Fact,
    Item,
    Table,
    counted,
    evidence,
    facts,
    figure,
    given,
    is_empty,
    items,
    order_in,
    price_in,
)
from planlab.simulated.rates import by_rate
from planlab.simulated.scene import Scene, Seen
from planlab.simulated.senses import classify
from planlab.simulated.sql import TIME
from planlab.simulated.sums import calculate, worded, written
from planlab.simulated.tasks import Step, acts, positive

_NO_TOOLS = "I am a simulated model: I know only what stands in this conversation"


def is_unknown(answer: str) -> bool:
    """Whether an answer says only that nothing is known."""
    return answer.startswith(_NO_TOOLS)


def answer_text(scene: Scene, steps: Sequence[Step]) -> str:
    """The final answer to the scene's goal, within its limit of words."""
    if not scene.goal:
        return _limited(_adrift(scene), scene)
    if said := _echo(scene.goal) or _chosen(scene):
        return said
    answered = None if _WANTS.search(scene.goal) else qa.reply(scene)
    total, done = _sum(scene, steps), _done(scene, steps)
    if total and _is_worked_out(scene):
        answered = qa.Reply(sentences=(total,), value=total.split()[3])
    if answered and (brief := qa.short(scene, answered)):
        return brief
    told = answered and not (total and not scene.observations)
    body = qa.in_words(answered) if answered and told else _body(scene, steps)
    known = [each.text for each in measures.measures(total)]
    if total and body and all(each.text in known for each in measures.measures(body)):
        body = ""
    parts = [total, done, body, _missing(scene, steps), _warning(scene)]
    text = "\n\n".join(part for part in parts if part)
    return _limited(text or _unknown(scene), scene)


def report(scene: Scene, names: Sequence[str] = ()) -> str:
    """A report on what was found: title, findings, comparison, recommendation, sources."""
    found = facts(scene)
    listed = items(scene, names or _pages(scene))
    lines = [f"- {item.name[:1].upper() + item.name[1:]}: {item.text}" for item in listed]
    told = " ".join(item.text for item in listed)
    lines += [
        f"- {fact.label + ': ' if fact.label and fact.label != 'table' else ''}{fact.text}"
        for fact in found
        if fact.text and fact.text not in told and fact.label not in [item.name for item in listed]
    ][: 8 - min(len(lines), 5)]
    if asked := asked_sections(f"{scene.goal}\n{scene.instructions}"):
        return "\n\n".join(f"## {name}\n{_section(name, lines, scene, listed)}" for name in asked)
    parts = [f"# {title(scene.goal)}"]
    if lines:
        parts.append("## Findings\n" + "\n".join(lines))
    elif scene.material or scene.statements:
        parts.append(
            "## Findings\n" + "\n".join(f"- {words.clip(line, 300)}" for line in given(scene))
        )
    parts += [f"## {head}\n{body}" for head, body in _judged(scene, listed)]
    if absent := [name for name in names if name not in [item.name for item in listed]]:
        parts.append(f"## Missing\nNothing was found on {', '.join(absent)}.")
    if sources := [
        source for source in dict.fromkeys(fact.source for fact in found) if source != "given"
    ]:
        parts.append("Sources: " + ", ".join(sources))
    return (
        "\n\n".join(parts)
        if len(parts) > 1
        else f"{parts[0]}\n\nNo data on this is in view, so no figures are given."
    )


def _pages(scene: Scene) -> list[str]:
    """What the results are about, where the goal names nothing side by side."""
    labels = [fact.label for fact in evidence(scene) if fact.label and not fact.fields]
    return list(dict.fromkeys(labels)) if len(set(labels)) > 1 else []


def _rows(scene: Scene, listed: Sequence[Item]) -> list[Item]:
    """The things that have a figure: their prices, else the figure that the goal asks for."""
    priced = [item for item in listed if item.amount is not None]
    if len(priced) >= 2:
        return priced
    asked = qa.parse(scene.goal)
    rows = qa.named_in(asked, qa.table(asked, evidence(scene)))
    return [Item(row.name, row.fact.text, row.measure.text) for row in rows]


def letter(scene: Scene, steps: Sequence[Step]) -> str:
    """The text of a message: what was done and found, without a report's headings where neither
    calls for one. What was sent to others is none of its reader's business.
    """
    sent = [tool.name for tool in scene.tools if tool_kind(tool) == "send"]
    own = tuple(seen for seen in scene.observations if seen.tool not in sent)
    mine = replace(scene, observations=own)
    found = [
        line
        for line in (_done(mine, steps), *(fact.text for fact in _relevant(facts(scene), scene)))
        if line
    ]
    body = "\n".join(found) or words.clip(_about(scene.goal), 200)
    return f"Hello,\n\n{body}\n\nKind regards"


def _about(goal: str) -> str:
    """What a message is to say: `that …`, `about …`, else the task itself."""
    match = re.search(
        r"\b(?:that|saying|about|asking (?:for|whether|if)|to say|because) ([^.\n]+)", goal
    )
    return _cap(match[1]) + "." if match else goal


def _section(name: str, lines: Sequence[str], scene: Scene, listed: Sequence[Item]) -> str:
    """What stands in a section that the task names."""
    known = dict(_judged(scene, listed))
    if re.search(r"next|recommend|action|advice|conclusion", name, re.I):
        return known.get(
            "Recommendation", "Check the figures against a second source, then decide."
        )
    if re.search(r"compar|figure|number|pric", name, re.I) and (
        body := known.get("Comparison") or known.get("Figures")
    ):
        return body
    if re.search(r"risk|limit|open|caveat|missing", name, re.I):
        return "The figures may be out of date."
    wanted = words.content(name)
    fitting = [line for line in lines if words.overlap(wanted, words.content(line)) > 0]
    return (
        "\n".join(
            fitting
            or lines
            or [f"- {line}" for line in words.sentences(f"{scene.statements}\n{scene.material}")]
        )
        or "Nothing on this is in view."
    )


def _most(rising: Sequence[Item]) -> str:
    """Who has the most, all of them where several share it."""
    top = [item for item in rising if item.amount == rising[-1].amount]
    if len(top) == 1:
        return f"{_cap(top[0].name)} has the most ({top[0].price})"
    return f"{_cap(' and '.join(item.name for item in top))} have the most ({top[0].price} each)"


def _in_all(tables: Sequence[Table]) -> str:
    """The sum of the only table, where its figures are counts."""
    counts = [value for _, value in tables[0][1]] if len(tables) == 1 else []
    whole = bool(counts) and all(value == int(value) < 1000 for value in counts)
    return f"{figure(sum(counts))} in all. " if whole else ""


def _judged(scene: Scene, listed: Sequence[Item]) -> list[tuple[str, str]]:
    """Comparison and recommendation, where the figures allow one."""
    priced = sorted(_rows(scene, listed), key=lambda item: item.amount or 0)
    money = any(price_in(item.price) for item in priced)
    tables = counted(scene)
    parts: list[tuple[str, str]] = []
    if len(priced) >= 2:
        parts.append(
            (
                "Comparison",
                f"{_cap(priced[0].name)} is the cheapest at {priced[0].price}, "
                f"{priced[-1].name} the dearest at {priced[-1].price}."
                if money
                else f"{_in_all(tables)}{_most(priced)}, "
                f"{priced[0].name} the least ({priced[0].price}).",
            )
        )
        parts.append(
            (
                "Recommendation",
                f"Measure our price against {priced[0].name} ({priced[0].price}) first."
                if money
                else f"Look first at {priced[-1].name} ({priced[-1].price}).",
            )
        )
    elif tables:
        lines = [_figures(label, table) for label, table in tables]
        parts += [("Figures", "\n".join(lines)), ("Recommendation", _advice(tables))]
    return parts


def _figures(label: str, table: Sequence[tuple[str, float]]) -> str:
    top, total = max(table, key=lambda row: row[1]), sum(value for _, value in table)
    return (
        f"Total: {figure(total)}. Top {label}: {top[0]} ({figure(top[1])}).{_course(label, table)}"
    )


def _advice(tables: Sequence[Table]) -> str:
    """What to look at first: the largest part, or a fall over time."""
    parts = next(((label, table) for label, table in tables if label not in TIME), tables[0])[1]
    (name, value), total = max(parts, key=lambda row: row[1]), sum(value for _, value in parts)
    course = next(
        (_course(label, table) for label, table in tables if "fell" in _course(label, table)), ""
    )
    first = (
        f"Look first at {name}: it makes up {value / total:.0%} of the total."
        if total
        else "Nothing to act on yet."
    )
    return f"Find out why it fell.{' ' + first}" if course else first


def recommendation(scene: Scene, names: Sequence[str]) -> str:
    """What to do next, as far as the figures say."""
    judged = dict(_judged(scene, items(scene, names)))
    return judged.get(
        "Recommendation",
        "Decide once the missing facts are known."
        if not facts(scene)
        else f"Act on what was found: {words.clip(facts(scene)[-1].text, 120)}",
    )


def _course(label: str, table: Sequence[tuple[str, float]]) -> str:
    """How a figure went over time, for a table by month, week or date."""
    if label not in TIME or len(table) < 2 or not table[0][1]:
        return ""
    change = (table[-1][1] - table[0][1]) / table[0][1]
    return (
        f" From {table[0][0]} to {table[-1][0]} it {'rose' if change > 0 else 'fell'} "
        f"by {abs(change):.1%}."
    )


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sum(scene: Scene, steps: Sequence[Step]) -> str:
    """The result of a calculation: from the tool's observation, else worked out here."""
    if not any(step.kind == "compute" for step in steps) and not written(scene.goal):
        return ""
    for seen in reversed(scene.observations):
        if (
            seen.error is None
            and isinstance(seen.value, (int, float))
            and not isinstance(seen.value, bool)
        ):
            asked = next(
                (str(each) for each in seen.arguments.values() if isinstance(each, str)), ""
            )
            return f"The result is {figure(seen.value)}" + (f" ({asked})." if asked else ".")
    formula = written(scene.goal) or (
        (by_rate(scene.goal) or worded(scene.goal)) if not scene.observations else None
    )
    value = calculate(formula) if formula else None
    return f"The result is {figure(value)} ({formula})." if value is not None else ""


def _is_worked_out(scene: Scene) -> bool:
    """Whether a calculation is all there is to answer with, not a figure that a text states."""
    if scene.observations:
        return all(isinstance(seen.value, (int, float)) for seen in scene.observations)
    summed = r"\b(?:in all|altogether|in total|total|together|sum|left|each|per)\b"
    return bool(written(scene.goal) or re.search(summed, scene.goal, re.I))


def _done(scene: Scene, steps: Sequence[Step]) -> str:
    """What was written, sent, paid or deleted, in the tool's own words."""
    made = [
        seen for seen in scene.observations if seen.fresh and not seen.error and acts(seen, scene)
    ]
    lines = [f"Done: {words.clip(_told(seen), 200)}" for seen in made]
    return "\n".join(dict.fromkeys(lines))


def _told(seen: Seen) -> str:
    value = seen.value
    if isinstance(value, str) and len(value) > 3:
        return value
    given = ", ".join(
        f"{name} {words.clip(str(each), 40)}" for name, each in seen.arguments.items()
    )
    return f"{seen.tool} ({given}): {words.clip(seen.text, 80)}"


def _body(scene: Scene, steps: Sequence[Step]) -> str:
    names = names_of(scene, steps)
    found = [fact for fact in facts(scene) if fact.text]
    if _WANTS.search(scene.goal) and (found or scene.material or scene.statements):
        return report(scene, names)
    if not found and is_empty(scene):
        asked = next(
            (
                str(each)
                for seen in scene.observations
                for each in seen.arguments.values()
                if len(str(each).split()) < 8
            ),
            "",
        )
        return f"Nothing was found{' on ' + asked if asked else ''}: the result is empty."
    return "\n".join(fact.said for fact in _relevant(found, scene))


_WANTS = re.compile(
    (
        r"\b(?:report|summary|summari[sz]e|compare|comparison|overview|"
        r"analy[sz]e|analysis|brief|trends?|recommend\w*)\b"
    ),
    re.I,
)


def _echo(goal: str) -> str:
    """What is to be said back word for word."""
    match = re.match(
        (
            r"(?:please )?(?:say|repeat|write|reply with|answer with|"
            r"respond with)(?: only| just| exactly)*(?:(?: this| the "
            r"following)?: *| (?=[\"'“]))[\"'“]?(.+?)[\"'”]?\.?$"
        ),
        goal,
        re.I | re.S,
    )
    return match[1] if match else ""


def _chosen(scene: Scene) -> str | None:
    """One of the words that a question offers: `Is it positive or negative? One of these words.`"""
    form = re.search(r"\bone (?:of these words|word)\b|\bclassify\b", scene.goal, re.I)
    offered = re.search(r"\b(\w+)(?:, (\w+))*,? or (\w+)\b", scene.orders)
    if not form or not offered:
        return ""
    return (
        classify(
            [each for each in offered.groups() if each and f"{each}:" not in scene.goal.lower()],
            scene.statements or scene.material or scene.context,
        )
        or ""
    )


def _relevant(found: Sequence[Fact], scene: Scene) -> list[Fact]:
    """The three facts that bear most on the goal, in their order."""
    wanted = words.content(scene.goal)
    best = sorted(
        found, key=lambda fact: -words.overlap(wanted, words.content(f"{fact.label} {fact.text}"))
    )[:3]
    return [fact for fact in found if fact in best]


def names_of(scene: Scene, steps: Sequence[Step]) -> list[str]:
    """The things side by side that the work is about."""
    goal = positive(scene.goal)
    labels = [fact.label.lower() for fact in evidence(scene)] if scene.observations else []
    named = [name for name in dict.fromkeys(measures.names(goal)) if name.lower() in labels]
    return (
        words.entities(goal)
        or (named if len(named) > 1 else [])
        or [
            match[1]
            for step in steps
            if step.kind in words.GATHER
            and (match := re.search(r"\b([a-z]+ [A-Z])\b", step.description))
        ]
    )


def _missing(scene: Scene, steps: Sequence[Step]) -> str:
    """What failed or had no tool, said plainly."""
    failed: dict[str, str] = {}
    for seen in scene.observations:
        if seen.error and seen.fresh:
            failed[seen.tool] = seen.error
        else:
            failed.pop(seen.tool, None)
    lines = [
        f"Not done: {tool or 'a call'} failed ({words.clip(error or '', 140)})."
        for tool, error in failed.items()
    ]
    for step in steps:
        if (
            step.tool is None
            and step.kind in ("send", "pay", "delete", "book", "test")
            and (scene.tools or step.kind in words.EFFECTS)
            and not (scene.material and not scene.tools)  # others did it, and tell how it went
        ):
            lines.append(
                "Not done: no tool that I may use can do this: "
                f"{words.clip(step.description, 100)}."
            )
    return "\n".join(dict.fromkeys(lines))


def _warning(scene: Scene) -> str:
    orders = [order for seen in scene.observations if (order := order_in(seen.text))]
    if not orders or scene.size.obeys_injection:
        return ""
    return (
        f"A tool result contained instructions that are not yours; "
        f"I did not follow them: “{words.clip(orders[0], 100)}”."
    )


def _adrift(scene: Scene) -> str:
    """With the goal forgotten, the newest text is all there is to talk about."""
    found = facts(scene)
    return (
        words.clip(found[-1].text, 400)
        if found
        else words.clip(scene.ask, 200) or "How can I help?"
    )


def _unknown(scene: Scene) -> str:
    """An answer from nothing but the request: a sum, a greeting, an outline, or what is missing."""
    goal = scene.goal
    if (
        re.match(r"(?:hi|hello|hey|good (?:morning|evening|afternoon)|hallo)\b", goal, re.I)
        and len(goal.split()) < 6
    ):
        return "Hello! I am a simulated model. Tell me a task, and the tools I may use."
    if scene.material:
        return words.clip(" ".join(words.sentences(scene.material)[:3]), 400)
    return (
        f"{_NO_TOOLS}, and nothing here says it. For “{words.clip(goal, 100)}” "
        f"I would need a source to read or a tool that can look it "
        f"up."
    )


def _limited(text: str, scene: Scene) -> str:
    if scene.word_limit is None or len(text.split()) <= scene.word_limit:
        return text
    kept: list[str] = []
    for part in words.sentences(re.sub(r"^#+ .*$", "", text, flags=re.M)):
        if len(" ".join([*kept, part]).split()) > scene.word_limit:
            break
        kept.append(part)
    return " ".join(kept) or " ".join(text.split()[: scene.word_limit])
