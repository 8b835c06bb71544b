"""Without tickets there is no largest count."""

# ruff: noqa: F821 (the lab's own: make_step, ALL)

from collections import Counter

from planlab import Plan, Ref, Risk, Toolbox, tool

QUESTIONS = ("retarget",)


def retarget(tickets: list[list[str]], articles: dict[str, str]) -> tuple[Plan, Toolbox]:
    """A plan, and its tools, for: which articles answer what people ask most?"""

    @tool(risk=Risk.LOW)
    async def load_tickets() -> list:
        """This week's tickets: number and intent."""
        return tickets

    @tool(risk=Risk.LOW)
    async def most_frequent(tickets: list[list[str]]) -> list:
        """The most frequent intents with their counts, in the order of the alphabet."""
        counts = Counter(intent for _, intent in tickets)
        most = max(counts.values())
        return [[intent, n] for intent, n in sorted(counts.items()) if n == most]

    @tool(risk=Risk.LOW)
    async def find_articles(asked: list[list[str | int]]) -> list:
        """Each intent with its count and its article, or None."""
        return [[intent, n, articles.get(intent)] for intent, n in asked]

    top = Ref(step="s2", path="")
    steps = (
        make_step("s1", "Load the tickets", "load_tickets", output="tickets"),
        make_step("s2", "Find what is asked most", "most_frequent", output="asked", tickets=ALL),
        make_step("s3", "Find its articles", "find_articles", output="answers", asked=top),
    )
    goal = "Find the articles that answer what people ask most"
    plan = Plan(goal=goal, reasoning="", steps=steps, version=1)
    return plan, Toolbox([load_tickets, most_frequent, find_articles])
