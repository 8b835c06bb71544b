"""Texts that only say where to look: `This page has moved. Read archive/plan.md instead.`"""

import re
from dataclasses import replace

from planlab.simulated.scene import Scene, Seen
from planlab.simulated.spans import spans

_MOVED = re.compile(
    r"\b(?:moved|instead|superseded|replaced|relocated|now (?:\w+ )?(?:in|at|under)|see)\b", re.I
)
_LONGEST = 300  # characters: a longer text says something itself


def pointed(text: str) -> str:
    """The path that a text sends its reader to, or "".

    >>> pointed("This offer has moved. Read archive/ember.txt instead.")
    'archive/ember.txt'
    >>> pointed("Ember charges $28; see terms.txt." + " It is open at noon." * 20)
    ''
    """
    if len(text) > _LONGEST or not _MOVED.search(text):
        return ""
    paths = [span.text for span in spans(text) if span.kind == "path"]
    return paths[-1] if paths else ""


def unfollowed(scene: Scene) -> tuple[str, str] | None:
    """The tool that found the first such text, and the path, where nobody has looked yet."""
    looked = {_place(seen) for seen in scene.observations}
    for seen in scene.observations:
        path = pointed(seen.text)
        if seen.tool and seen.fresh and path and path not in looked:
            return seen.tool, path
    return None


def followed(scene: Scene) -> Scene:
    """The scene as if whatever was found by following such texts had stood in the first place."""
    told = {pointed(seen.text): seen for seen in scene.observations if seen.tool}
    looked = {_place(seen) for seen in scene.observations}
    kept = []
    for seen in scene.observations:
        if seen.tool and pointed(seen.text) in looked:
            continue
        asked = seen
        for _ in told:  # a circle of such texts has an end too
            asked = told.get(_place(asked), asked)
        kept.append(replace(seen, arguments=asked.arguments))
    return replace(scene, observations=tuple(kept))


def _place(seen: Seen) -> str:
    return str(next(iter(seen.arguments.values()), "-")) if seen.tool else "-"
