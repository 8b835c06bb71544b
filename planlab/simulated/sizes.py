"""The two simulated models: what each can hold in view and how well it plans."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """One simulated model. Lengths are in tokens as `planlab.tokens.count_tokens` counts them."""

    name: str  # the model's name on the wire
    window: int  # tokens it can read: what is further back is gone
    reach: int  # tokens of competing text after which something in the window is half forgotten
    granularity: float  # 1.0: plans as asked; smaller: vaguer or over-granular plans
    obeys_injection: bool  # follows orders that stand inside tool results
    overconfidence: float  # added to honest confidence


LARGE = Size("sim-large", 32_000, 12_000, 1.0, obeys_injection=False, overconfidence=0.0)
SMALL = Size("sim-small", 4_000, 1_200, 0.5, obeys_injection=True, overconfidence=0.25)
SIZES = {size.name: size for size in (LARGE, SMALL)}
