"""The limits that the simulated mind reads out of a goal."""

import pytest

from planlab import Goal, connect
from planlab.simulated.limits import limits, unlimited
from planlab.simulated.scene import Tool
from planlab.world import open_world

TOOLS = (
    Tool("send_email", "Send an e-mail to one address.", {}),
    Tool("search_web", "Search the web.", {}),
)


def read(goal):
    return [(limit.kind, limit.tool, limit.limit) for limit in limits(goal, TOOLS)]


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("Paint the fence. Spend no more than $120.", [("budget", None, 120.0)]),
        ("Compare three vans with at most four calls.", [("budget", None, 4.0)]),
        ("Book a hall. Do not use send_email.", [("permission", "send_email", None)]),
        ("Book a hall. Every price must come from search_web.", [("policy", "search_web", None)]),
        ("Book a hall for 40 guests on 3 May.", []),
        (
            "Write the minutes. At most 2 calls, and nothing may be printed.",
            [("budget", None, 2.0), ("permission", None, None)],
        ),
    ],
)
def test_a_limit_is_read_with_its_kind_its_tool_and_its_number(goal, expected):
    assert read(goal) == expected


def test_a_goal_without_its_limits_is_what_is_to_be_made():
    assert unlimited("Write the minutes. At most 2 calls, and send no mail.") == "Write the minutes"


async def test_a_goal_is_analysed_into_outputs_and_constraints():
    with open_world() as world:
        text = "Write a sales summary. At most 3 tool calls. Never use delete_record."
        goal = await connect().fill(f"{text}\n\nTools:\n{world.tools.menu}", Goal)
    assert goal.outputs == ("sales summary",)
    assert [(c.kind, c.tool, c.limit) for c in goal.constraints] == [
        ("budget", None, 3.0),
        ("permission", "delete_record", None),
    ]
