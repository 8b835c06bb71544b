"""Gates: what an agent may do by itself, what a person must allow, and what nobody may.

A call that can only be read about goes through (LOW), one that can be taken back is written down
first (MEDIUM), one that cannot is asked about (HIGH), and so is one that nobody knows. A gate reads
the risk from the Toolbox, never from what a plan or a model says of it. Around a Toolbox it guards
every pattern, and no pattern knows of it. (Against injected orders: AgentDojo, arXiv:2406.13352;
Design Patterns for Securing LLM Agents, arXiv:2506.08837.)
"""

import math
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from planlab.audit import EveryCall
from planlab.calibration import Calibration, is_share
from planlab.errors import (
    BadInput,
    BudgetSpent,
    NeedsApproval,
    Refused,
    ToolError,
)
from planlab.ledger import Ledger
from planlab.records import Plan
from planlab.toolbox import (
    Gate,
    Purse,
    Reviewer,
    Toolbox,
    ask_gates,
    check_decision,
    guarded,
)
from planlab.tools import Call, Risk

Review = Callable[[Plan], Awaitable[Plan]]
Rule = Callable[[Call], str | None]
"""Why a call is as bad as HIGH, whatever its tool is; None where it is not."""


# By risk


def by_risk(*rules: Rule) -> Gate:
    """LOW and MEDIUM go through, unless a rule knows better; HIGH and what is neither is asked."""
    return ask_if(irreversible, *rules)


def ask_if(*rules: Rule) -> Gate:
    """Asks a person about a call where any of the rules has a reason."""

    async def gate(call: Call) -> None:
        reasons = [reason for rule in rules if (reason := rule(call)) is not None]
        if reasons:
            raise NeedsApproval(f"{call.tool} needs a person: {'; '.join(reasons)}.", call)

    return gate


def irreversible(call: Call) -> str | None:
    """A rule: the Toolbox does not know the call as one that can be taken back."""
    return None if call.risk in (Risk.LOW, Risk.MEDIUM) else "it cannot be taken back"


def leaves(argument: str, *domains: str) -> Rule:
    """A rule: `argument` is not one plain address in one of the company's `domains`."""
    inside = {domain.casefold() for domain in domains}

    def rule(call: Call) -> str | None:
        if argument not in call.arguments:
            return None
        value = str(call.arguments[argument])
        address = re.fullmatch(r"[^\s@,;<>]+@([^\s@,;<>]+)", value)
        if address is not None and address[1].casefold() in inside:
            return None
        return f"{argument} {value!r:.80} is outside {', '.join(domains)}"

    return rule


@dataclass
class Above:
    """A rule: what goes through without a person may come to `most` in all, however it is split.

    Counts `argument` of the calls of `tool`, each call once by its key. `before` are calls of
    earlier processes, such as the calls of a ledger's intents.
    """

    tool: str
    argument: str
    most: float
    before: Iterable[Call] = ()
    passed: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.most < math.inf:
            raise BadInput(f"most is {self.most}: a limit is finite and not negative.")
        for call in self.before:
            self(call)

    def __call__(self, call: Call) -> str | None:
        """Why not; what is let through is counted at once, so that two cannot both fit."""
        if call.tool != self.tool:
            return None
        amount = call.arguments.get(self.argument)
        if not isinstance(amount, int | float) or not 0 <= amount < math.inf:
            return f"{self.argument} is {amount!r:.80}, which is no amount"
        total = amount + math.fsum(v for key, v in self.passed.items() if key != call.key)
        if total > self.most:
            return f"{self.argument} comes to {total:g} in this run; {self.most:g} go unasked"
        self.passed[call.key] = amount
        return None


# By confidence


def by_confidence(
    stated: Callable[[Call], Awaitable[float]], calibration: Calibration, *, least: float
) -> Gate:
    """Asks a person about a call that changes something, unless its confidence is worth `least`.

    `stated` says how sure the agent is of a call, and is asked once; whatever it raises counts as
    not at all.
    """
    if not is_share(least):
        raise BadInput(f"least is {least!r}: a share of right answers, from 0 to 1.")

    known: dict[tuple[str, str], float] = {}

    async def gate(call: Call) -> None:
        if call.risk == Risk.LOW:
            return
        this = call.key, call.digest
        if this not in known:
            known[this] = calibration(await _sure(stated, call))
        worth = known[this]
        if not worth >= least:
            raise NeedsApproval(f"{call.tool}: right in {worth:.0%}, {least:.0%} needed.", call)

    return gate


async def _sure(stated: Callable[[Call], Awaitable[float]], call: Call) -> float:
    try:
        return await stated(call)
    except BudgetSpent:
        raise
    except Exception:
        return math.nan


# Together


@dataclass
class Checkpoint:
    """All gates as one that keeps a record, and knows what was approved.

    A question is answered by an approval in the ledger for exactly this call, once; no approval
    answers a refusal. At most `most` calls of a run are asked about: who is asked too much stops
    looking, so further ones are refused.
    """

    ledger: Ledger
    gates: Sequence[Gate]
    most: int = 10
    asked: set[str] = field(default_factory=set)

    async def __call__(self, call: Call) -> None:
        try:
            question = await ask_gates(self.gates, call)
            approved = self.ledger.use_approval(call)
            if question is None or approved:
                return
            if len(self.asked | {call.key}) > self.most:
                raise Refused(
                    f"{call.tool}: {self.most} questions were asked; no more in this run."
                )
        except ToolError as error:
            self.ledger.record("refused", call, why=error.message)
            raise
        self.asked.add(call.key)
        self.ledger.record("asked", call, why=question.message)
        raise question


def gated(
    toolbox: Toolbox,
    ledger: Ledger,
    *gates: Gate,
    reviewer: Reviewer | None = None,
    by: str = "the reviewer",
    seconds: float = math.inf,
    most: int = 10,
    budget: Purse | None = None,
    every_call: bool = False,
) -> Toolbox:
    """The same tools behind these gates, with every decision, intent and outcome in `ledger`.

    The gates and the reviewer that are there already stay, and are recorded like these.
    Without a `reviewer` a call that needs a person waits: look at `request`, call
    `ledger.approve(request, by=...)`, and run again. A reviewer's approval is recorded as `by`'s
    and holds for `seconds`. With `every_call` LOW calls are recorded too.
    """
    person = toolbox.reviewer if reviewer is None else reviewer
    return guarded(
        replace(toolbox, gates=()),
        gates=[Checkpoint(ledger, (*toolbox.gates, *gates), most)],
        journal=EveryCall(ledger) if every_call else ledger,
        budget=budget,
        reviewer=None if person is None else _recorded(person, toolbox, ledger, by, seconds),
    )


def recorded_review(review: Review, ledger: Ledger, *, by: str = "the reviewer") -> Review:
    """The same review of plans, with what was decided in `ledger`.

    Where nobody is there the run stops waiting: `result.detail.error.request` is the plan, and
    `done[PLAN] = plan` approves it.
    """

    async def look(plan: Plan) -> Plan:
        try:
            decided = await review(plan)
        except Refused as error:
            ledger.record("plan rejected", by=by, why=error.message, version=plan.version)
            raise
        text, edited = decided.model_dump_json(), decided != plan
        ledger.record("plan approved", by=by, plan=text, edited=edited, version=plan.version)
        return decided

    return look


def _recorded(
    reviewer: Reviewer, toolbox: Toolbox, ledger: Ledger, by: str, seconds: float
) -> Reviewer:
    """The reviewer, with what was decided in the ledger, where the checkpoint looks it up."""

    async def review(call: Call) -> Call:
        try:
            decided = check_decision(call, await reviewer(call), toolbox[call.tool])
        except NeedsApproval:
            raise
        except Exception as error:
            ledger.record("rejected", call, by=by, why=str(error))
            raise
        ledger.approve(decided, by=by, seconds=seconds)
        return decided

    return review
