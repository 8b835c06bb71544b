"""The one place where tools run.

Every call of every pattern goes through `Toolbox.call`, always in this order: resolve references,
validate against the signature, gates (taint policies first), reserve the budget, journal the
intent, run, journal the outcome, settle the budget. No pattern knows which guards are there.
"""

import asyncio
import inspect
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from planlab.errors import (
    BadArguments,
    BadInput,
    NeedsApproval,
    PlanlabError,
    Refused,
    ToolError,
    ToolFailed,
    Transient,
    UnknownTool,
)
from planlab.records import Argument, Observation, Ref, as_text
from planlab.tools import NO_TAINT, Call, Tool, digest
from planlab.trace import span


class Gate(Protocol):
    """Lets a call pass by returning; raises `Refused`, or `NeedsApproval` to ask a person."""

    async def __call__(self, call: Call) -> None: ...


class Reviewer(Protocol):
    """A person's decision: returns the call as it may run (perhaps edited), or raises `Refused`."""

    async def __call__(self, call: Call, /) -> Call: ...


class Reservation(Protocol):
    """Money that is held for one call."""

    def settle(self, *, dollars: float = ...) -> None: ...
    def release(self) -> None: ...


class Purse(Protocol):
    """Where money is held before it is spent; `reserve` raises `BudgetSpent`."""

    def reserve(self, *, dollars: float = ..., calls: int = ...) -> Reservation: ...


class Journal(Protocol):
    """Writes down what is about to be done, and what came of it.

    `intent` returns the call to make: the recorded one, where this key was begun before.
    """

    def intent(self, call: Call) -> Call: ...
    def outcome(self, call: Call, observation: Observation) -> None: ...


@runtime_checkable
class Memory(Protocol):
    """A journal that outlives its process. `recall` is asked first, so that gates judge what will
    be sent: the call that a step began before, or what came of it; else the call itself.
    """

    run_id: str

    def recall(self, call: Call) -> Call | Observation: ...


@dataclass(frozen=True)
class Toolbox:
    """The tools on offer, with whatever guards their calls.

    `run_id` goes into the idempotency keys: two runs that do the same thing do it twice. With a
    journal that outlives its process it is the journal's.
    """

    tools: Sequence[Tool]
    gates: tuple[Gate, ...] = ()
    budget: Purse | None = None
    journal: Journal | None = None
    reviewer: Reviewer | None = None
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tools", tuple(self.tools))
        wrong = [repr(t) for t in self.tools if not isinstance(t, Tool)]
        if wrong:
            raise BadInput(f"Not a tool: {', '.join(wrong)}. Put @tool(risk=...) on the function.")
        names = [t.name for t in self.tools]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise BadInput(f"Two tools have the name {', '.join(twice)}: rename one.")
        if isinstance(self.journal, Memory) and self.journal.run_id != self.run_id:
            raise BadInput(
                f"The journal is of run {self.journal.run_id!r}, the toolbox of {self.run_id!r}: "
                "nothing that was begun would be found again. Make it Toolbox(tools, "
                "run_id=journal.run_id), or open the ledger with run_id=toolbox.run_id."
            )

    def __iter__(self) -> Iterator[Tool]:
        return iter(self.tools)

    def __contains__(self, name: object) -> bool:
        return any(t.name == name for t in self.tools)

    def __getitem__(self, name: str) -> Tool:
        for candidate in self.tools:
            if candidate.name == name:
                return candidate
        offer = ", ".join(t.name for t in self.tools) or "none at all"
        raise UnknownTool(f"There is no tool {name!r}. The tools on offer: {offer}.")

    @property
    def menu(self) -> str:
        """The tools as text, one a line, for a planner that is told of them but calls none."""
        return "\n".join(f"- {t.signature}: {' '.join(t.description.split())}" for t in self.tools)

    def only(self, *names: str) -> "Toolbox":
        """The same box, offering these tools only; raises `UnknownTool`."""
        return replace(self, tools=tuple(self[name] for name in names))

    async def call(
        self,
        name: str,
        arguments: Mapping[str, object] | Iterable[Argument],
        *,
        known: Mapping[str, object] | None = None,
        taint: frozenset[str] = NO_TAINT,
        step: str = "",
    ) -> Observation:
        """Run one tool. Whatever the tool or a refusal raises becomes the observation's error.

        `known` holds the results that references name; `taint` is what the caller has read;
        `step` is the plan's step or the turn, part of the idempotency key. Raises only what no
        model can mend: `NeedsApproval` (nobody there to ask) and `BudgetSpent`.
        """
        if not isinstance(arguments, Mapping):
            arguments = {argument.name: argument.value for argument in arguments}
        with span("tool", name) as record:
            record.data["arguments"] = dict(arguments)
            try:
                call = self._prepare(name, arguments, known or {}, taint, step)
                record.data["arguments"] = call.arguments
                begun = self._recall(call)
                if isinstance(begun, Call):
                    call = await self._cleared(begun)
                    record.data["arguments"] = call.arguments
                    observation = await self._run(call)
                else:
                    record.data["recalled"] = True
                    observation = begun
            except ToolError as error:
                # The message may quote what the arguments refer to.
                sources = (_taint(value, known or {}) for value in arguments.values())
                observation = Observation(error=error, taint=taint.union(*sources))
            record.data["observation"] = observation.text
            if observation.error is not None:
                record.error = f"{type(observation.error).__name__}: {observation.error}"
        return observation

    def _prepare(
        self,
        name: str,
        arguments: Mapping[str, object],
        known: Mapping[str, object],
        taint: frozenset[str],
        step: str,
    ) -> Call:
        """The call with references resolved and arguments checked; raises `ToolError`."""
        tool = self[name]
        resolved = {n: _resolve(tool, n, value, known) for n, value in arguments.items()}
        checked = tool.check(resolved)
        sources = {n: taint | _taint(arguments.get(n), known) for n in checked}
        key = digest(self.run_id, step, name, checked)
        return Call(name, checked, key, tool.risk, step, sources, tool.repeatable)

    def _recall(self, call: Call) -> Call | Observation:
        """What was begun before in place of this call, or what came of it; else the call."""
        if not isinstance(self.journal, Memory):
            return call
        begun = self.journal.recall(call)
        if begun is call or isinstance(begun, Observation):
            return begun
        arguments = self[call.tool].check(begun.arguments)
        return replace(begun, arguments=arguments, risk=call.risk, repeatable=call.repeatable)

    async def _cleared(self, call: Call) -> Call:
        """The call that may run. An edit can be refused again; what a person saw is answered."""
        question = await ask_gates(self.gates, call)
        if question is None:
            return call
        if self.reviewer is None:
            raise question
        decided = await self._review(self.reviewer, call)
        if self._recall(decided) != decided:
            raise Refused(f"{call.tool} was begun before as it stood, and cannot be edited now.")
        await ask_gates(self.gates, decided)
        return decided

    async def _review(self, reviewer: Reviewer, call: Call) -> Call:
        """Ask the person. Anything but a decision about this call is a refusal."""
        try:
            decided = await reviewer(call)
        except PlanlabError:
            raise
        except Exception as error:
            raise Refused(f"{call.tool}: the reviewer failed ({error!r}); not approved.") from None
        return check_decision(call, decided, self[call.tool])

    async def _run(self, call: Call) -> Observation:
        tool = self[call.tool]
        held = None
        if self.budget is not None:
            held = self.budget.reserve(dollars=tool.price, calls=1)
        begun = False
        try:
            if self.journal is not None:
                call = self.journal.intent(call)
            begun = True
            observation = await _attempt(tool, call)
            if self.journal is not None:
                self.journal.outcome(call, observation)
        finally:
            # What was begun is paid for, even where it raised or was cancelled.
            if held is not None:
                held.settle(dollars=tool.price) if begun else held.release()
        return observation


def guarded(
    toolbox: Toolbox,
    *,
    gates: Iterable[Gate] = (),
    budget: Purse | None = None,
    journal: Journal | None = None,
    reviewer: Reviewer | None = None,
) -> Toolbox:
    """The same tools behind more guards; gates that are already there stay, and come first."""
    return replace(
        toolbox,
        gates=(*toolbox.gates, *gates),
        # Not `or`: an empty journal is falsy.
        budget=toolbox.budget if budget is None else budget,
        journal=toolbox.journal if journal is None else journal,
        reviewer=toolbox.reviewer if reviewer is None else reviewer,
    )


async def ask_gates(gates: Iterable[Gate], call: Call) -> NeedsApproval | None:
    """The first question that a gate has for a person; any refusal outweighs it."""
    question = None
    for gate in gates:
        try:
            await gate(call)
        except NeedsApproval as error:
            question = question or error
        except PlanlabError:
            raise
        except Exception as error:
            raise Refused(f"{call.tool}: a gate failed ({error!r}); not allowed.") from None
    return question


def check_decision(call: Call, decided: object, tool: Tool) -> Call:
    """What a reviewer decided about `call`: its arguments may differ, and are valid.

    Raises `Refused` for anything else than that call, and `BadArguments`.
    """
    if (
        not isinstance(decided, Call)
        or not isinstance(decided.arguments, Mapping)
        or replace(decided, arguments=call.arguments) != call
    ):
        raise Refused(f"{call.tool}: the reviewer answered with another call; not approved.")
    return replace(call, arguments=tool.check(decided.arguments))


async def _attempt(tool: Tool, call: Call) -> Observation:
    """Run the function; every `Exception` of its own becomes an error that a model can read."""
    taint = NO_TAINT.union(*call.taint.values())
    arguments = dict(call.arguments)
    if tool.call_parameter:
        arguments[tool.call_parameter] = call
    try:
        taint |= tool.source(call.arguments)
        return Observation(await _invoke(tool.run, arguments), None, taint, call.key)
    except ToolError as error:
        failure = error
    except PlanlabError:
        raise
    except (TimeoutError, ConnectionError) as error:
        failure = Transient(f"{tool.name}: {error or type(error).__name__}; it may work again.")
    except Exception as error:
        failure = ToolFailed(f"{tool.name} raised {type(error).__name__}: {error}")
    if isinstance(failure, Transient) and not tool.repeatable:
        failure = ToolFailed(f"{failure} It may have happened all the same: do not repeat it.")
    return Observation(None, failure, taint, call.key)


async def _invoke(run: Callable[..., object], arguments: dict[str, object]) -> object:
    if inspect.iscoroutinefunction(run):
        return await run(**arguments)
    thread = asyncio.ensure_future(asyncio.to_thread(_run_plain, run, arguments))
    try:
        value = await asyncio.shield(thread)
    except asyncio.CancelledError:
        # A thread cannot be stopped: whoever cancels must see that it still runs.
        await asyncio.wait({thread})
        raise
    return await value if isinstance(value, Awaitable) else value


def _run_plain(run: Callable[..., object], arguments: dict[str, object]) -> object:
    """The result; no future can hold a StopIteration: whoever awaits it would wait for ever."""
    try:
        return run(**arguments)
    except StopIteration as error:
        raise RuntimeError("the function let a StopIteration out") from error


def _resolve(tool: Tool, name: str, value: object, known: Mapping[str, object]) -> object:
    """The value itself, or what a reference names; as text where the parameter takes text."""
    if not isinstance(value, Ref):
        return list(value) if isinstance(value, tuple) else value
    if value.step not in known:
        raise BadArguments(f"{tool.name}: {name} refers to {value.step!r}, which has no result.")
    found = known[value.step]
    found = follow(found.unwrap() if isinstance(found, Observation) else found, value)
    info = tool.parameters.model_fields.get(name)
    return as_text(found) if info is not None and info.annotation is str else found


def follow(value: object, ref: Ref) -> object:
    """The part of `value` that `ref.path` names; raises `BadArguments`.

    >>> follow({"rows": [["refund", 3]]}, Ref(step="s1", path="rows.0.1"))
    3
    """
    for part in ref.path.replace("[", ".").replace("]", "").split("."):
        if not part:
            continue
        try:
            value = value[part] if isinstance(value, Mapping) else value[int(part)]  # type: ignore[index]
        except (KeyError, IndexError, TypeError, ValueError):
            raise BadArguments(
                f"The result of {ref.step!r} has no {ref.path!r}: {part!r} is not in "
                f"{as_text(value)[:200]}"
            ) from None
    return value


def _taint(value: object, known: Mapping[str, object]) -> frozenset[str]:
    source = known.get(value.step) if isinstance(value, Ref) else None
    return source.taint if isinstance(source, Observation) else NO_TAINT
