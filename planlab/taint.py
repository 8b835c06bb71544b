"""What may flow where: strangers decide nothing, and nothing private leaves.

A tool's result carries where it came from (`source`), and so does every argument made of it. These
gates look at *which* argument is tainted: a mail may quote a web page, its recipient may not come
from one. (Information flow: Denning, Communications of the ACM 19(5), 1976; for agents, Design
Patterns for Securing LLM Agents, arXiv:2506.08837.)
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from planlab.errors import NeedsApproval, Refused
from planlab.toolbox import Toolbox
from planlab.tools import NO_TAINT, Call, Risk, Tool

STRANGERS = frozenset({"web", "mail"})


@dataclass(frozen=True)
class Tainted:
    """No stranger decides what cannot be taken back: to whom, how much, which record.

    A HIGH call, and of any tool in `also`, is refused (with `ask`, asked about) where an argument
    comes from `untrusted` sources. Let through are the arguments in `free`, such as the text of a
    mail, and values that `vouched` knows from elsewhere: the goal, the company's own records.
    """

    untrusted: frozenset[str] = STRANGERS
    free: Collection[str] = ("body", "subject", "memo", "content")
    vouched: Callable[[object], bool] = lambda value: False
    also: Collection[str] = ()
    ask: bool = False

    async def __call__(self, call: Call) -> None:
        if call.risk in (Risk.LOW, Risk.MEDIUM) and call.tool not in self.also:
            return
        for name, value in call.arguments.items():
            sources = call.taint.get(name, NO_TAINT) & self.untrusted
            if sources and name not in self.free and not self.vouched(value):
                why = f"{call.tool}: {name} {value!r:.80} may come from {_listed(sources)}"
                raise NeedsApproval(f"{why}.", call) if self.ask else Refused(f"{why}: not allowed")


@dataclass(frozen=True)
class Leaking:
    """Nothing private goes out by a tool that only looks: a query is read by whoever answers it.

    A call of an `outgoing` tool is refused (with `ask`, asked about) where it may be made of
    `private` data and an `untrusted` source may have asked for it, however it is encoded; and where
    it holds one of the `secrets`, whoever asked.
    """

    outgoing: Collection[str]
    private: frozenset[str] = frozenset({"private"})
    untrusted: frozenset[str] = STRANGERS
    secrets: Collection[str] = ()
    ask: bool = False

    async def __call__(self, call: Call) -> None:
        if call.tool not in self.outgoing:
            return
        read = NO_TAINT.union(*call.taint.values())
        text = " ".join(map(str, call.arguments.values())).casefold()
        if any(secret.casefold() in text for secret in self.secrets):
            raise Refused(f"{call.tool} would send out what is secret: not allowed.")
        if read & self.private and read & self.untrusted:
            why = f"{call.tool} may send out private data, as {_listed(read & self.untrusted)} asks"
            raise NeedsApproval(f"{why}.", call) if self.ask else Refused(f"{why}: not allowed.")


def marked(toolbox: Toolbox, source: str, *names: str) -> Toolbox:
    """The same tools, where what these ones return also carries the taint `source`."""

    def mark(tool: Tool) -> Tool:
        return replace(tool, source=lambda arguments: tool.source(arguments) | {source})

    for name in names:
        toolbox[name]  # raises for one that is not there
    return replace(toolbox, tools=[mark(t) if t.name in names else t for t in toolbox.tools])


def _listed(sources: Iterable[str]) -> str:
    return " and ".join(sorted(sources))
