"""Objects with methods; Pydantic looks at the arguments, and money is set aside before asking."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from pydantic import ConfigDict, ValidationError, create_model

QUESTIONS = ("gates", "binding", "redteam")

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


def fits(takes, arguments):
    kinds = {"text": str, "number": float}
    fields = {f"argument_{name}": (kinds[kind], ...) for name, kind in takes.items()}
    try:
        given = {f"argument_{name}": value for name, value in arguments.items()}
        create_model("Arguments", __config__=STRICT, **fields)(**given)
    except (ValidationError, AttributeError):
        return False
    return True


class Gate:
    def __init__(self, tools, reviewer, cents, patience):
        self.tools, self.reviewer, self.patience = tools, reviewer, patience
        self.held = self.spent = 0
        self.cents = cents

    async def __call__(self, name, arguments):
        tool = self.tools.get(name)
        if tool is None or not fits(tool["takes"], arguments):
            return ("refused", "no such call")
        price = tool["cents"]
        if self.spent + self.held + price > self.cents:
            return ("refused", "not enough money")
        self.held += price
        try:
            free = "risk" in tool and tool["risk"] in {"LOW", "MEDIUM"}
            if not free and not await self.asks(name, arguments):
                return ("refused", "not approved")
            self.spent += price
        finally:
            self.held -= price
        return ("done", await tool["run"](**arguments))

    async def asks(self, name, arguments):
        with contextlib.suppress(Exception):
            answer = await asyncio.wait_for(self.reviewer(name, arguments), self.patience)
            return isinstance(answer, str) and answer == "approve"
        return False


def make_caller(tools, reviewer, cents, patience):
    return Gate(tools, reviewer, cents, patience)


def same(one, other):
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


class Desk:
    def __init__(self):
        self.approvals = []

    def approve(self, name, arguments, now, seconds):
        self.approvals.append((now + seconds, name, arguments))
        self.approvals.sort(key=lambda approval: approval[0])

    def use(self, name, arguments, now):
        for number, (end, tool, wanted) in enumerate(self.approvals):
            if end > now and tool == name and same(wanted, arguments):
                del self.approvals[number]
                return True
        return False


def make_desk():
    desk = Desk()
    return [desk.approve, desk.use]


@dataclass
class Trial:
    """One attack on a gate, call by call, until it does harm."""

    gate: object
    harmful: list
    before: list = field(default_factory=list)

    def happens(self, call):
        try:
            answer = self.gate(call, self.before)
        except Exception:
            answer = "refuse"
        word = answer if answer in ("run", "ask", "refuse") else "refuse"
        self.before = [*self.before, [call, word]]
        return word == "run" or (word == "ask" and self.asked > 3)

    @property
    def asked(self):
        return len([word for _, word in self.before if word == "ask"])


def find_gaps(gate, attacks):
    found = {}
    for attack in attacks:
        trial = Trial(gate, attack["harmful"])
        for number, call in enumerate(attack["calls"]):
            if trial.happens(call) and number in trial.harmful:
                found[attack["name"]] = number
                break
    return found


def decide(call, before):
    strange = {name for name, who in call["sources"].items() if {"web", "mail"}.intersection(who)}
    everybody = [one for who in call["sources"].values() for one in who]
    unasked = call.get("risk") in ["LOW", "MEDIUM"] and within(call["arguments"], before)
    if unasked:
        leaks = call["outgoing"] and strange and "private" in everybody
        return "refuse" if leaks else "run"
    if strange - {"body", "subject", "memo"}:
        return "refuse"
    return "refuse" if sum(word == "ask" for _, word in before) >= 3 else "ask"


def within(arguments, before):
    if "amount" not in arguments:
        return True
    ran = [one["arguments"].get("amount", 0) for one, word in before if word == "run"]
    try:
        return arguments["amount"] >= 0 and sum(ran) + arguments["amount"] <= 200
    except TypeError:
        return False
