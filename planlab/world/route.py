"""A route of discounts: which of Acme's offers to take, and in which order, to meet a price.

The order matters: a percentage is taken of what is left to pay, some offers need another one
first, and some end others for good. Who takes the largest cut first gets stuck. The price is the
price book's; the offers are made up. Money is in whole cents, rounded half up at each step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from planlab.errors import BadArguments, BadInput
from planlab.world.company import World


@dataclass(frozen=True)
class Offer:
    """What it takes off, in percent of the price and then in cents, and the rules it comes with.

    `needs` must have been taken before; after it those in `ends` can be taken no more. A negative
    cut makes the order dearer.
    """

    name: str
    percent: int = 0
    cents: int = 0
    needs: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


class Order(NamedTuple):
    """What is to be paid, in cents, and the offers taken so far, in order."""

    cents: int
    taken: tuple[str, ...]


OFFERS = (
    Offer("yearly billing", percent=15),
    Offer("welcome week", percent=30, ends=("referral", "volume", "case study")),
    Offer("two more seats", percent=-20),
    Offer("volume", percent=25, needs=("two more seats",)),
    Offer("referral", cents=3_000, ends=("welcome week",)),
    Offer("case study", percent=20, needs=("referral",), ends=("yearly billing",)),
    Offer("non-profit", percent=40, ends=("yearly billing", "volume", "referral", "case study")),
)


@dataclass(frozen=True)
class DiscountRoute:
    """Bring an order of `price` cents to `target` cents or less; an action is an offer's name."""

    price: int
    target: int
    offers: tuple[Offer, ...] = OFFERS

    def __post_init__(self) -> None:
        if self.price < 0 or len({offer.name for offer in self.offers}) < len(self.offers):
            raise BadInput("A route needs a price of 0 or more, and offers of different names.")

    @property
    def task(self) -> str:
        return (
            f"An order of {_dollars(self.price)} is to cost {_dollars(self.target)} or less. An "
            "action takes one offer, by its name alone, each at most once. The offers:\n"
            + "\n".join(f"- {_in_words(offer)}" for offer in self.offers)
        )

    @property
    def start(self) -> Order:
        return Order(self.price, ())

    def actions(self, state: Order) -> list[str]:
        """Every offer that can be taken now, in the order of the list."""
        ended = {name for o in self.offers if o.name in state.taken for name in o.ends}
        return [
            offer.name
            for offer in self.offers
            if offer.name not in ended
            and offer.name not in state.taken
            and set(offer.needs) <= set(state.taken)
        ]

    def step(self, state: Order, action: str) -> Order:
        offer = next((offer for offer in self.offers if offer.name == action), None)
        if offer is None or action not in self.actions(state):
            now = ", ".join(self.actions(state)) or "nothing more"
            raise BadArguments(f"{action!r} cannot be taken now; what can: {now}.")
        left = (state.cents * (100 - offer.percent) + 50) // 100 - offer.cents
        return Order(max(0, left), (*state.taken, action))

    def is_goal(self, state: Order) -> bool:
        return state.cents <= self.target

    def is_dead(self, state: Order) -> bool:
        return not self.is_goal(state) and not self.actions(state)

    def key(self, state: Order) -> tuple[int, frozenset[str]]:
        return state.cents, frozenset(state.taken)

    def describe(self, state: Order) -> str:
        return f"{_dollars(state.cents)} to pay, taken: {', '.join(state.taken) or 'nothing'}"

    def value(self, state: Order) -> float:
        """A simple judge of a state: the target's share of what is to be paid, 1.0 at the goal."""
        return 1.0 if self.is_goal(state) else max(0, self.target) / state.cents


def acme_route(world: World, seats: int = 10) -> DiscountRoute:
    """The lesson's route: Acme Desk Team for a month, to the lowest price that can be had."""
    ((price,),) = world.rows(
        "SELECT price_usd FROM price_book WHERE product = 'Acme Desk' AND plan = 'Team'"
    )
    full = DiscountRoute(round(float(str(price)) * 100) * seats, target=-1)
    return DiscountRoute(full.price, min(order.cents for order in every_order(full)))


def every_order(route: DiscountRoute) -> Iterator[Order]:
    """Every state that can be reached, by brute force: what a search is checked against."""
    waiting = [route.start]
    while waiting:
        yield (state := waiting.pop())
        waiting += [route.step(state, action) for action in route.actions(state)]


def _in_words(offer: Offer) -> str:
    parts = [f"{offer.percent} % off" if offer.percent > 0 else f"{-offer.percent} % more"]
    parts = parts if offer.percent else []
    parts += [f"{_dollars(offer.cents)} off"] if offer.cents else []
    parts += [f"only after: {', '.join(offer.needs)}"] if offer.needs else []
    parts += [f"then no more: {', '.join(offer.ends)}"] if offer.ends else []
    return f"{offer.name}: {'; '.join(parts)}"


def _dollars(cents: int) -> str:
    return f"${cents / 100:,.2f}"
