"""The task that every client has to solve: two tools, and an answer that can be checked."""

import re
from dataclasses import dataclass, field

from pydantic import BaseModel

from planlab.world.calculator import calculate

PRICES = {"Nimbus": 347.25, "Aurora": 58.5}
TOTAL = 405.75
TASK = "Look up the prices of Nimbus and Aurora, then calculate what both cost together."


class Bill(BaseModel):
    """The answer to the task as data."""

    nimbus: float
    aurora: float
    total: float


RIGHT = Bill(nimbus=PRICES["Nimbus"], aurora=PRICES["Aurora"], total=TOTAL)
FACTS = "nimbus 347.25, aurora 58.5, total 405.75"


@dataclass
class Shop:
    """The two tools, and the calls that reached them."""

    calls: list[tuple[str, str]] = field(default_factory=list)

    def search_price(self, product: str) -> dict[str, object]:
        """Look up a product's price in US dollars."""
        self.calls.append(("search_price", product))
        return {"product": product, "price_usd": PRICES[product]}

    def calculate(self, expression: str) -> float:
        """Compute an arithmetic expression exactly, such as '3 * 4'."""
        self.calls.append(("calculate", expression))
        return float(calculate(expression))

    def check_calls(self) -> None:
        """Both prices were looked up, once each, and then the sum was calculated from them."""
        *searches, (tool, expression) = self.calls
        assert sorted(searches) == [("search_price", product) for product in sorted(PRICES)]
        assert (tool, calculate(expression)) == ("calculate", TOTAL)

    def check_solved(self, answer: str) -> None:
        """The tools were used as they must be, and the answer holds what they gave."""
        self.check_calls()
        assert TOTAL in [float(number) for number in re.findall(r"\d+(?:\.\d+)?", answer)]
