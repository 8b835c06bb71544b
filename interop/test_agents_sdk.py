"""OpenAI's Agents SDK, on its model for Chat Completions."""

from typing import Any

import pytest
from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from openai.types.responses import ResponseTextDeltaEvent
from shop import RIGHT, TASK, Bill, Shop

set_tracing_disabled(True)


@pytest.fixture
def model(client: AsyncOpenAI) -> OpenAIChatCompletionsModel:
    return OpenAIChatCompletionsModel("sim-large", client)


def agent(model: OpenAIChatCompletionsModel, shop: Shop, **options: Any) -> Agent:
    tools = [function_tool(shop.search_price), function_tool(shop.calculate)]
    return Agent(name="buyer", model=model, tools=tools, **options)


async def test_an_agent_solves_the_task(model: OpenAIChatCompletionsModel, shop: Shop) -> None:
    result = await Runner.run(agent(model, shop), TASK)
    shop.check_solved(result.final_output)
    usage = result.context_wrapper.usage
    assert usage.requests == len(result.raw_responses)
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens > 0


async def test_a_stream_holds_the_whole_answer(
    model: OpenAIChatCompletionsModel, shop: Shop
) -> None:
    result = Runner.run_streamed(agent(model, shop), TASK)
    pieces = [
        event.data.delta
        async for event in result.stream_events()
        if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent)
    ]
    assert len(pieces) > 3
    assert "".join(pieces).endswith(result.final_output)
    shop.check_solved(result.final_output)


async def test_an_agent_answers_as_data(model: OpenAIChatCompletionsModel, shop: Shop) -> None:
    result = await Runner.run(agent(model, shop, output_type=Bill), TASK)
    assert result.final_output == RIGHT
    shop.check_calls()


async def test_calls_come_one_at_a_time_where_asked_for(
    model: OpenAIChatCompletionsModel, shop: Shop
) -> None:
    settings = ModelSettings(parallel_tool_calls=False)
    result = await Runner.run(agent(model, shop, model_settings=settings), TASK)
    assert len(result.raw_responses) == 4
    shop.check_solved(result.final_output)


async def test_an_agent_hands_over_to_another(
    model: OpenAIChatCompletionsModel, shop: Shop
) -> None:
    buyer = agent(model, shop, handoff_description="Looks up prices and calculates.")
    front = Agent(name="front desk", model=model, handoffs=[buyer])
    result = await Runner.run(front, TASK)
    assert result.last_agent.name == "buyer"
    shop.check_solved(result.final_output)
