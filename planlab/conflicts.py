"""Two steps that touch one thing, and nobody said which comes first.

They look independent, so a parallel run would start both: whether the file holds the one text or
the other is then an accident. As in a processor (write after write, read after write, write after
read) the later step waits for the earlier one. What a tool reads and writes, the tool says itself.
"""

import posixpath

from planlab.records import Ref, Step
from planlab.toolbox import Toolbox

ANYTHING = None  # a thing that is known only once an earlier step has ended


class InOrder:
    """Takes steps one by one, each after those that it needs, and makes conflicting ones wait.

    Called with a step, it returns the step with what it must wait for besides: each earlier step
    that touches the same thing, where one of the two writes it and no way leads there already.
    Paths are compared as the same folder would: `./a.md` is `A.md`, and a folder holds its files.
    """

    def __init__(self, tools: Toolbox) -> None:
        self.tools = tools
        self.touched: list[tuple[str, bool, list[str | None]]] = []
        self.upstream: dict[str, set[str]] = {}

    def __call__(self, step: Step) -> Step:
        before = set(step.needs).union(*(self.upstream.get(id, ()) for id in step.needs))
        writes, things = self._touches(step)
        waits = []
        for id, other_writes, others in reversed(self.touched):
            if (writes or other_writes) and id not in before and _meet(things, others):
                waits.append(id)
                before |= {id, *self.upstream[id]}
        if things:
            self.touched.append((step.id, writes, things))
        self.upstream[step.id] = before
        if not waits:
            return step
        return step.model_copy(update={"depends_on": (*step.depends_on, *reversed(waits))})

    def _touches(self, step: Step) -> tuple[bool, list[str | None]]:
        """Whether the step writes, and which things it reads or writes."""
        if step.tool is None or step.tool not in self.tools:
            return False, []
        tool = self.tools[step.tool]
        values = [a.value for a in step.arguments if a.name in (tool.reads, tool.writes)]
        return tool.writes is not None, [thing for value in values for thing in _things(value)]


def _things(value: object) -> list[str | None]:
    if isinstance(value, Ref):
        return [ANYTHING]
    if isinstance(value, tuple):
        return [thing for part in value for thing in _things(part)]
    return [posixpath.normpath(str(value).replace("\\", "/")).casefold()]


def _meet(mine: list[str | None], theirs: list[str | None]) -> bool:
    return any(_same(one, other) for one in mine for other in theirs)


def _same(one: str | None, other: str | None) -> bool:
    if one is ANYTHING or other is ANYTHING:
        return True
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
