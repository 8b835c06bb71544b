"""Everything on the small model."""

QUESTIONS = ("cost",)


def make_asker(small, large, is_good, most: int):
    """The cheapest model for everything."""
    return small
