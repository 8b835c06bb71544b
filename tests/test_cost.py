"""Prices, and a budget that cannot be overspent."""

import math
import random

import pytest

from planlab.cost import Budget, Price, parse_price, price_of, prices
from planlab.errors import BadInput, BudgetSpent
from planlab.records import Usage


def test_a_cached_token_costs_its_own_price_and_is_not_counted_twice():
    price = Price(input=2.0, cached=0.5, output=8.0)
    usage = Usage(1, input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000)
    assert price.of(usage) == pytest.approx(0.6 * 2.0 + 0.4 * 0.5 + 0.1 * 8.0)


def test_every_price_has_a_source_and_caching_never_costs_more():
    for name, price in prices().items():
        assert 0 < price.cached <= price.input <= price.output, name


def test_a_dated_snapshot_costs_what_its_family_costs():
    assert price_of("gpt-4.1-2025-04-14") == price_of("gpt-4.1")
    assert price_of("gpt-4.1-mini") != price_of("gpt-4.1")


def test_a_model_without_a_price_says_how_to_give_one():
    with pytest.raises(BadInput, match="PLANLAB_PRICE"):
        price_of("gpt-4.1-nano-turbo")


@pytest.mark.parametrize("text", ["", "1", "1/2", "1/2/x", "1/2/3/4", "-1/0/0", "nan/0/0"])
def test_a_price_that_means_nothing_is_refused(text):
    with pytest.raises(BadInput):
        parse_price(text)


@pytest.mark.parametrize("limit", [-1, math.nan, -math.inf])
def test_a_budget_that_means_nothing_is_refused(limit):
    with pytest.raises(BadInput):
        Budget(dollars=limit)


@pytest.mark.parametrize("amount", [-0.1, math.nan, math.inf])
def test_an_amount_that_means_nothing_cannot_be_reserved(amount):
    with pytest.raises(BadInput):
        Budget(dollars=1).reserve(dollars=amount)


def test_what_is_held_cannot_be_held_again():
    budget = Budget(calls=5)
    held = [budget.reserve(calls=1) for _ in range(5)]
    with pytest.raises(BudgetSpent):
        budget.reserve(calls=1)
    held[0].release()
    budget.reserve(calls=1)


def test_settling_frees_what_was_not_needed():
    budget = Budget(dollars=1.0)
    budget.reserve(dollars=0.9).settle(dollars=0.1)
    assert budget.left.dollars == pytest.approx(0.9)


def test_settling_twice_or_after_release_changes_nothing():
    budget = Budget(dollars=1.0)
    held = budget.reserve(dollars=0.5)
    held.settle(dollars=0.5)
    held.settle(dollars=0.5)
    held.release()
    assert budget.left.dollars == pytest.approx(0.5)
    assert budget.held.dollars == pytest.approx(0)


def test_rounding_never_keeps_the_last_call_out():
    budget = Budget(dollars=0.3)
    for _ in range(3):
        budget.reserve(dollars=0.1).settle(dollars=0.1)
    assert budget.left.dollars == pytest.approx(0)


def test_whatever_is_reserved_settled_and_released_the_limit_holds():
    rng = random.Random(0)
    for _ in range(300):
        budget, held = Budget(tokens=100), []
        for _ in range(40):
            try:
                held.append(budget.reserve(tokens=rng.randint(0, 60)))
            except BudgetSpent:
                for one in held[::2]:
                    one.settle(tokens=rng.uniform(0, one.amount.tokens))
                held = held[1::2]
            assert -1e-6 <= budget.left.tokens <= 100
