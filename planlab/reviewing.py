"""Who decides: a reviewer looks at a call, or at a plan, before it goes on.

    guarded(toolbox, gates=[by_risk()], reviewer=ConsoleReviewer())          # calls
    run_plan_execute(goal, review=ScriptedReviewer([Approve()]), ...)        # plans

A reviewer returns what it was asked about, perhaps edited, or raises `Refused`. It fails closed:
whoever raises, is late or answers anything but a decision has not approved.
"""

import asyncio
import json
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TextIO, TypeVar, cast

from pydantic import ValidationError

from planlab.errors import BadInput, PlanlabError, Refused
from planlab.records import Plan
from planlab.tools import Call, in_words

Asked = TypeVar("Asked", Call, Plan)


@dataclass(frozen=True)
class Approve:
    """Go on with exactly this."""


@dataclass(frozen=True)
class Edit:
    """Go on with this instead: the arguments of a call that change, or a whole plan."""

    to: Mapping[str, object] | Plan


@dataclass(frozen=True)
class Reject:
    """Do not go on, and why."""

    reason: str


Decision = Approve | Edit | Reject


class Person(ABC):
    """A reviewer for calls and plans alike: a subclass says only how a decision is come by.

    `seconds` is the time to decide in; None is for ever.
    """

    seconds: float | None = None

    @abstractmethod
    async def decide(self, asked: Call | Plan) -> Decision:
        """What is to become of it. May raise `NeedsApproval`: let it wait for somebody else."""

    async def __call__(self, asked: Asked) -> Asked:
        """What may go on; raises `Refused`."""
        name = name_of(asked)
        try:
            async with asyncio.timeout(self.seconds) as limit:
                decision = await self.decide(asked)
        except TimeoutError:
            raise Refused(f"{name}: nobody decided in time; not approved.") from None
        except PlanlabError:
            raise
        except Exception as error:
            raise Refused(f"{name}: the reviewer failed ({error!r}); not approved.") from None
        # Whoever swallowed the cancellation comes back late, without an error.
        if limit.expired():
            raise Refused(f"{name}: the decision came too late; not approved.")
        return cast(Asked, apply_decision(asked, decision))


def apply_decision(asked: Call | Plan, decision: object) -> Call | Plan:
    """What goes on by this decision; raises `Refused` where it is none about `asked`."""
    if isinstance(decision, Approve):
        return asked
    if isinstance(decision, Reject):
        raise Refused(f"{name_of(asked)} was rejected: {decision.reason or 'no reason was given'}")
    if isinstance(decision, Edit):
        if isinstance(asked, Call) and isinstance(decision.to, Mapping):
            return replace(asked, arguments={**asked.arguments, **decision.to})
        if isinstance(asked, Plan) and isinstance(decision.to, Plan):
            return decision.to.model_copy(update={"goal": asked.goal, "version": asked.version})
    raise Refused(f"{name_of(asked)}: {decision!r:.80} is no decision about it; not approved.")


def name_of(asked: Call | Plan) -> str:
    """What an error calls it."""
    return asked.tool if isinstance(asked, Call) else "The plan"


class ScriptedReviewer(Person):
    """Decides by a list, in turn, or by a rule; `asked` holds what it was asked about.

    A list that is used up rejects.
    """

    def __init__(self, script: Iterable[Decision] | Callable[[Call | Plan], Decision]) -> None:
        self.asked: list[Call | Plan] = []
        self._rule = script if callable(script) else _in_turn(script)

    async def decide(self, asked: Call | Plan) -> Decision:
        self.asked.append(asked)
        return self._rule(asked)


def _in_turn(script: Iterable[Decision]) -> Callable[[Call | Plan], Decision]:
    decisions = tuple(script)
    left = iter(decisions)
    over = Reject(f"the script held {len(decisions)} decisions, and all are used up")
    return lambda asked: next(left, over)


class ConsoleReviewer(Person):
    """Asks at a terminal, one question at a time; an answer that is none is asked for again.

    Reads lines from `stream` and writes to `out`. Raises `BadInput` where neither a stream is given
    nor anybody sits at a terminal.
    """

    TRIES = 3

    def __init__(
        self,
        stream: TextIO | None = None,
        out: TextIO | None = None,
        *,
        seconds: float | None = None,
    ) -> None:
        if stream is None and not (sys.stdin and sys.stdin.isatty()):
            raise BadInput(
                "Nobody can answer here: there is no terminal. Use ScriptedReviewer(...), or no "
                "reviewer at all, and approve what waits later."
            )
        self.stream, self.out, self.seconds = stream or sys.stdin, out or sys.stdout, seconds
        self._one_at_a_time = asyncio.Lock()

    async def decide(self, asked: Call | Plan) -> Decision:
        async with self._one_at_a_time:
            self._say(render_question(asked))
            for _ in range(self.TRIES):
                self._say("approve, edit {...} or reject <why>? ")
                line = await _read_line(self.stream)
                if not line:
                    return Reject("the input ended before a decision")
                try:
                    return parse_decision(line, asked)
                except BadInput as error:
                    self._say(f"{error.message}\n")
            return Reject(f"there was no decision in {self.TRIES} answers")

    def _say(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()


def render_question(asked: Call | Plan) -> str:
    """What is to be decided, in plain lines.

    Values are written as Python does, so that none can move the cursor or look like a line of ours.
    """
    if isinstance(asked, Call):
        lines = [f"{asked.risk.name} {asked.tool}" + (f", step {asked.step!r}" * bool(asked.step))]
        for name, value in asked.arguments.items():
            sources = ", ".join(sorted(asked.taint.get(name, ())))
            lines.append(f"  {name}: {value!r}" + f"   (may come from: {sources})" * bool(sources))
    else:
        lines = [f"Plan, version {asked.version}, for {asked.goal!r}"]
        for step in asked.steps:
            needs = f", after {', '.join(step.needs)}" if step.needs else ""
            lines.append(f"  {step.id!r}: {step.description!r} by {step.tool!r}{needs}")
    return "\n".join(lines) + "\n"


def parse_decision(text: str, asked: Call | Plan) -> Decision:
    """The decision that a person wrote; raises `BadInput` for what is none.

    'approve' alone approves; 'edit' is followed by JSON: a call's arguments that change, or a plan.
    """
    word, _, rest = text.strip().partition(" ")
    if word == "approve" and not rest:
        return Approve()
    if word == "reject":
        return Reject(rest.strip())
    if word == "edit" and isinstance(asked, Plan):
        try:
            return Edit(Plan.model_validate_json(rest))
        except ValidationError as error:
            raise BadInput(f"That is no plan: {in_words(error)}.") from None
    if word == "edit":
        with suppress(ValueError):
            if isinstance(changes := json.loads(rest), dict):
                return Edit(changes)
        raise BadInput('After "edit" write the arguments that change: edit {"amount": 5}.')
    raise BadInput(f"{text.strip()!r:.80} is no decision: write approve, edit {{...}} or reject.")


async def _read_line(stream: TextIO) -> str:
    """The next line, '' at the end of the input.

    A thread of its own waits for it, and nobody waits for the thread: who is late or interrupts
    need not press Enter first. What is typed too late is for a question that is over.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def settle(text: str) -> None:
        if not line.done():
            line.set_result(text)

    def read() -> None:
        text = ""
        with suppress(OSError, ValueError):  # a stream that is gone has ended
            text = stream.readline()
        with suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(settle, text)

    threading.Thread(target=read, daemon=True).start()
    return await line
