"""A simulated model that is sent to another place looks there."""

import pytest

from planlab import connect
from planlab.patterns.react import run_react
from planlab.world import open_world

GOAL = "Look up the price in offers/heron.txt."


async def price_after(*texts, size="large"):
    """What the model says where each text stands in the place that the one before sends it to."""
    with open_world() as world:
        for path, text in zip(("offers/heron.txt", "old/a.txt", "old/b.txt"), texts, strict=False):
            world.write(path, text)
        ran = await run_react(GOAL, model=connect(size), tools=world.tools.only("read_file"))
        return ran.answer, [call.arguments for turn in ran.detail.turns for call, _ in turn.calls]


@pytest.mark.parametrize("size", ["large", "small"])
async def test_it_follows_and_answers_from_where_it_ends(size):
    answer, asked = await price_after(
        "This offer has moved. Read old/a.txt instead.",
        "Superseded by old/b.txt.",
        "Offer of Heron\nHeron charges $44 a seat.",
        size=size,
    )
    assert answer == "Heron charges $44 a seat."
    assert len(asked) == 3


async def test_a_circle_of_such_texts_ends():
    _, asked = await price_after("See old/a.txt instead.", "See offers/heron.txt instead.")
    assert len(asked) == 2


async def test_a_text_that_says_something_itself_is_the_answer():
    told = "Heron charges $44 a seat. " + "The terms are long. " * 20 + "They stand in old/a.txt."
    answer, asked = await price_after(told, "Heron charges $99 a seat.")
    assert "$44" in answer
    assert len(asked) == 1


async def test_each_of_several_files_side_by_side_is_read():
    with open_world() as world:
        for name, price in (("heron", 44), ("ember", 21), ("maple", 60)):
            world.write(f"offers/{name}.txt", f"{name.capitalize()} charges ${price} a seat.")
        goal = "Look up the price in offers/heron.txt, offers/ember.txt and offers/maple.txt."
        ran = await run_react(goal, model=connect(), tools=world.tools.only("read_file"))
    assert all(f"${price}" in ran.answer for price in (44, 21, 60))
