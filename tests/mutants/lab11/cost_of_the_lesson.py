"""Everything on the large model."""

QUESTIONS = ("cost",)


def make_asker(small, large, is_good, most: int):
    """The best model for everything."""
    return large
