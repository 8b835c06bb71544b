"""What a call costs: prices, and a budget that is reserved before it is spent.

Prices stand in `prices.toml`, each with its source and date.
"""

import math
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from planlab.errors import BadInput, BudgetSpent
from planlab.records import Usage

MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens of each kind."""

    input: float
    cached: float
    output: float

    def of(self, usage: Usage) -> float:
        """What these tokens cost, in US dollars.

        >>> Price(input=2.0, cached=0.5, output=8.0).of(Usage(input_tokens=1_000_000))
        2.0
        """
        fresh = usage.input_tokens - usage.cached_tokens
        return (
            fresh * self.input
            + usage.cached_tokens * self.cached
            + usage.output_tokens * self.output
        ) / MILLION


FREE = Price(0.0, 0.0, 0.0)


@cache
def known_facts(kind: Literal["price", "shape", "bandwidth", "cache"]) -> dict[str, dict[str, Any]]:
    """What `prices.toml` holds of one kind, by name."""
    table = tomllib.loads(files("planlab").joinpath("prices.toml").read_text(encoding="utf-8"))
    facts: dict[str, dict[str, Any]] = table[kind]
    return facts


def prices() -> dict[str, Price]:
    """The list price of every model that we know, by name."""
    rows = known_facts("price").items()
    return {name: Price(row["input"], row["cached"], row["output"]) for name, row in rows}


def price_of(model: str) -> Price:
    """The list price of `model`; raises `BadInput` where none is known.

    A dated snapshot such as 'gpt-4.1-2025-04-14' costs what its name without the date costs.
    """
    known = [n for n in prices() if model == n or model.startswith(f"{n}-20")]
    if not known:
        raise BadInput(
            f"No price is known for {model!r}, so no spend limit could hold. Set PLANLAB_PRICE to "
            "its dollars for a million input, cached and output tokens, such as '1.25/0.125/10'."
        )
    return prices()[known[0]]


def parse_price(text: str) -> Price:
    """A price written as 'input/cached/output', in US dollars for a million tokens."""
    try:
        price = Price(*(float(part) for part in text.split("/")))
    except (ValueError, TypeError):
        raise BadInput(f"PLANLAB_PRICE is {text!r}; write it like '1.25/0.125/10'.") from None
    if not all(0 <= dollars < math.inf for dollars in (price.input, price.cached, price.output)):
        raise BadInput(f"PLANLAB_PRICE is {text!r}; prices are finite and not negative.")
    return price


class Amount(NamedTuple):
    """Dollars (US), tokens and calls: what a budget counts."""

    dollars: float = 0.0
    tokens: float = 0
    calls: float = 0

    def plus(self, other: "Amount", sign: int = 1) -> "Amount":
        return Amount(*(mine + sign * theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass
class Budget:
    """A limit in dollars, tokens or calls, for models and tools alike; what is not named is free.

    `reserve` holds an amount before a call and `settle` books what it really cost, so that two
    calls at once cannot both take the last dollar. For use within one event loop.

    >>> budget = Budget(dollars=1.0)
    >>> first = budget.reserve(dollars=0.7)
    >>> budget.reserve(dollars=0.7)
    Traceback (most recent call last):
    planlab.errors.BudgetSpent: This call may take $0.7000, and $0.3000 of $1.0000 is left.
    >>> first.settle(dollars=0.2)
    >>> budget.left.dollars
    0.8
    """

    dollars: float = math.inf
    tokens: float = math.inf
    calls: float = math.inf
    spent: Amount = field(default_factory=Amount)
    held: Amount = field(default_factory=Amount)

    def __post_init__(self) -> None:
        for name, limit in self.limit._asdict().items():
            if not limit >= 0:
                raise BadInput(f"A budget of {limit} {name} has no meaning: use 0 or more.")

    @property
    def limit(self) -> Amount:
        return Amount(self.dollars, self.tokens, self.calls)

    @property
    def left(self) -> Amount:
        """What is neither spent nor held."""
        return self.limit.plus(self.spent, -1).plus(self.held, -1)

    def reserve(
        self, *, dollars: float = 0.0, tokens: float = 0, calls: float = 0
    ) -> "Reservation":
        """Hold an amount; raises `BudgetSpent` where it does not fit what is left."""
        wanted = Amount(dollars, tokens, calls)
        if not all(0 <= part < math.inf for part in wanted):
            raise BadInput(f"An amount of {wanted} cannot be reserved.")
        for name, want, left, limit in zip(
            Amount._fields, wanted, self.left, self.limit, strict=True
        ):
            # A billionth is rounding, not spending.
            if want > left + 1e-9:
                unit = "${:.4f}" if name == "dollars" else "{:g} " + name
                raise BudgetSpent(
                    f"This call may take {unit.format(want)}, "
                    f"and {unit.format(max(left, 0))} of {unit.format(limit)} is left."
                )
        self.held = self.held.plus(wanted)
        return Reservation(self, wanted)


@dataclass
class Reservation:
    """An amount held of a budget, until it is settled or released; what comes later is ignored."""

    budget: Budget
    amount: Amount
    open: bool = True

    def settle(self, *, dollars: float = 0.0, tokens: float = 0, calls: float = 1) -> None:
        """Book what was really spent, and free the rest."""
        if self.open:
            self.release()
            self.budget.spent = self.budget.spent.plus(Amount(dollars, tokens, calls))

    def release(self) -> None:
        """Nothing was spent."""
        if self.open:
            self.budget.held = self.budget.held.plus(self.amount, -1)
            self.open = False
