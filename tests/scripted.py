"""A Model that answers from a list: for tests of loops, not of what a model would say."""

from planlab.cost import price_of
from planlab.model import Model
from planlab.simulated import Simulator, simulated_client
from planlab.simulated.act import Answer
from planlab.simulated.scripted import Script, calls, says

__all__ = ["calls", "says", "scripted"]


def scripted(*answers: Answer, **settings: object) -> tuple[Model, Script]:
    """A Model on the real client that gives `answers`, and the script to look at afterwards."""
    script = Script(answers)
    simulator = Simulator(answer=script, **settings)
    return Model(simulated_client(simulator), "sim-large", price_of("sim-large")), script
