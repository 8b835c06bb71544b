"""The model's own earlier text, mended as the user's newest message says."""

import re
from collections.abc import Mapping, Sequence
from functools import partial

from planlab.simulated import words

_ITEM = r"[\w'&€$£%.-]*\w"
_RUN = rf"(?:{_ITEM} ){{0,5}}{_ITEM}"
# Ways to say that `new` takes the place of `old`.
_INSTEAD = (
    rf"(?P<new>{_RUN}),? (?:instead of|rather than|in place of) (?P<old>{_RUN})",
    rf"\b(?:replace|swap|exchange) (?P<old>{_RUN}?) (?:with|by|for) (?P<new>{_RUN})",
    rf"\b(?:change|turn|move) (?P<old>{_RUN}?) (?:in)?to (?P<new>{_RUN})",
    rf"\binstead of (?P<old>{_RUN}?),? (?:use|take|do|make it|have|put|choose|write) "
    rf"(?P<new>{_RUN})",
    rf"\bnot (?P<old>{_RUN}?),? but (?P<new>{_RUN})",
    rf"(?P<new>{_RUN}),? (?:and )?not (?P<old>{_RUN})",
)
_LEADS = frozenset(
    [
        "use",
        "make",
        "take",
        "have",
        "do",
        "put",
        "choose",
        "want",
        "need",
        "plan",
        "write",
        "correction",
        "sorry",
        "now",
        "better",
        "rather",
        "plan",
        "plans",
    ]
)
_NUMBERED = re.compile(r"^\s*\d+[.)] (.+)$", re.M)


def corrected(messages: Sequence[Mapping[str, object]]) -> str | None:
    """The model's last text with the replacement that the newest message orders; None where it
    orders none, or where the text does not have what is to be replaced.
    """
    if len(messages) < 2 or messages[-1].get("role") != "user":
        return None
    said, order = messages[-2].get("content"), messages[-1].get("content")
    if messages[-2].get("role") != "assistant" or not (
        isinstance(said, str) and isinstance(order, str)
    ):
        return None
    return _replaced(said, order) or _shortened(said, order) or _recounted(said, order)


def _replaced(said: str, order: str) -> str | None:
    for form in _INSTEAD:
        for match in re.finditer(form, order, re.I):
            old, new = _present(match["old"], said), _own(match["new"])
            if old.isdigit() and (count := re.match(r"\d+", new)):
                new = count[0]
            if old and new:
                return re.sub(_form(old), partial(_like, new), said, flags=re.I)
    return None


def _present(run: str, said: str) -> str:
    """The longest row of words that the text has, from the first weighty word of `run`."""
    listed = run.split()
    while listed and listed[0].lower() in words.STOP:
        listed = listed[1:]
    rows = (" ".join(listed[:end]) for end in range(len(listed), 0, -1))
    return next((row for row in rows if re.search(_form(row), said, re.I)), "")


def _form(row: str) -> str:
    """`ten weeks` stands in a text as `ten-week` too."""
    parts = [re.escape(re.sub(r"(?<=\w\w\w)s$", "", part)) + "s?" for part in row.split()]
    return rf"(?<!\w){'[ -]'.join(parts)}(?!\w)"


def _own(run: str) -> str:
    """The weighty words at the end of `run`, without the order that leads to them."""
    kept: list[str] = []
    for word in reversed(run.split()):
        if word in words.STOP or word.lower() in _LEADS:
            if kept and word.lower() not in ("of", "and"):
                break
            continue
        kept.insert(0, word)
    return " ".join(kept)


def _like(new: str, found: re.Match[str]) -> str:
    """`new` written as what was found was: with its capital, and with its hyphens."""
    old = found[0]
    if "-" in old and " " in new:
        new = re.sub(r"s$", "", new).replace(" ", "-")
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def _shortened(said: str, order: str) -> str | None:
    """A numbered list without the step that is to be left out, or with one more at its end."""
    steps = _NUMBERED.findall(said)
    if len(steps) < 2:
        return None
    out = re.search(
        r"\b(?:drop|remove|delete|leave out|skip|cut)\b (?:the )?(?:step (\d+)|(first|last) step)",
        order,
        re.I,
    )
    more = re.search(
        r"\badd (?:a |another |one more |this )?step(?: to|:| that says)? (.+?)\.?$", order, re.I
    )
    if out:
        place = int(out[1]) - 1 if out[1] else 0 if out[2].lower() == "first" else len(steps) - 1
        steps = steps[:place] + steps[place + 1 :]
    elif more:
        steps = [*steps, more[1][:1].upper() + more[1][1:]]
    else:
        return None
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _recounted(said: str, order: str) -> str | None:
    """`It is for 30 guests` where the text says `20 guests`."""
    if not re.match(r"(?:no|sorry|correction|actually|revise|change|make it|wait)\b", order, re.I):
        return None
    for count, noun in re.findall(r"\b(\d+) ([a-z]{3,})", order):
        form = rf"\b\d+(?= {re.escape(noun)}\b)"
        if re.search(form, said):
            return re.sub(form, count, said)
    return None
