"""A role in a pattern is a function, plain or async; an adapter makes one of a model."""

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeVar

from planlab.errors import BudgetSpent, LearnerError, NeedsApproval, Refused
from planlab.records import Stop

T = TypeVar("T")


async def perform(role: Callable[..., T | Awaitable[T]], *given: object) -> T:
    """What the role answers, awaited where it has to be."""
    answer = role(*given)
    return await answer if isawaitable(answer) else answer


def stop_of(error: Exception) -> Stop:
    """How a run ends in which something raised: budget, waiting, refused or failed.

    Wrong use is raised again: only whoever called can mend it.
    """
    match error:
        case LearnerError():
            raise error
        case BudgetSpent():
            return Stop.BUDGET
        case NeedsApproval():
            return Stop.WAITING
        case Refused():
            return Stop.REFUSED
        case _:
            return Stop.FAILED
