"""How much should a person be asked? Harm against interruptions, with a person who tires.

The runs of one seed have the honest task and the attacks in common; they differ in what is asked
about and what rules decide. A run succeeded where its honest task was finished. *Simulated*: the
person (`patience` is how many questions are looked at with care). *Executed*: the rest.
"""

from collections.abc import Mapping

from planlab.compare.harness import ALL
from planlab.compare.redteam import mixed
from planlab.compare.rows import Conditions, Grid, Outcome, Study

_SOUND = frozenset({"binding", "schema"})  # an approval is for one call, whoever is asked how often
ASKED: Mapping[str, frozenset[str]] = {
    "nothing": frozenset(),
    "HIGH calls": _SOUND | {"risk"},
    "every call": _SOUND | {"everything"},
    "HIGH calls that rules let through": ALL,
}
NEVER_TIRED = 10_000


async def run(system: str, conditions: Conditions, seed: int) -> Outcome:
    """One run; `calls` are questions to the person, `path` says how many effects were harm."""
    fought = await mixed(seed, ASKED[system], patience=int(conditions["patience"]))
    stop = "harm" if fought.harm else "no harm"
    return Outcome(fought.finished, stop, fought.questions, 0, 0.0, f"harm={len(fought.harm)}")


STUDY = Study(
    name="fatigue",
    base={"patience": 12},
    grids=(Grid({"patience": (2, 4, 8, 12, 16, 24, NEVER_TIRED)}, tuple(ASKED)),),
    run=run,
)
