"""Pydantic AI, on its model for Chat Completions."""

from typing import Any

import pytest
from openai import AsyncOpenAI
from pydantic_ai import (
    Agent,
    AgentRunResultEvent,
    NativeOutput,
    PartDeltaEvent,
    PartStartEvent,
    PromptedOutput,
    TextPart,
    TextPartDelta,
    ToolOutput,
)
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from shop import RIGHT, TASK, Bill, Shop


@pytest.fixture
def model(client: AsyncOpenAI) -> OpenAIChatModel:
    return OpenAIChatModel("sim-large", provider=OpenAIProvider(openai_client=client))


def agent(model: OpenAIChatModel, shop: Shop, **options: Any) -> Agent[None, Any]:
    return Agent(model, tools=[shop.search_price, shop.calculate], **options)


def text_of(event: object) -> str | None:
    """The piece of text that an event brings, if it brings one."""
    match event:
        case PartStartEvent(part=TextPart(content=str(text))):
            return text
        case PartDeltaEvent(delta=TextPartDelta(content_delta=str(text))):
            return text
    return None


async def test_an_agent_solves_the_task(model: OpenAIChatModel, shop: Shop) -> None:
    result = await agent(model, shop).run(TASK)
    shop.check_solved(result.output)
    assert result.usage.tool_calls == len(shop.calls)
    assert result.usage.output_tokens > 0


async def test_a_stream_holds_the_whole_answer(model: OpenAIChatModel, shop: Shop) -> None:
    # Not run_stream: that takes the first text for the answer, even where it stands beside calls.
    async with agent(model, shop).run_stream_events(TASK) as stream:
        events = [event async for event in stream]
    begun = max(at for at, event in enumerate(events) if isinstance(event, PartStartEvent))
    pieces = [piece for event in events[begun:] if (piece := text_of(event))]
    assert len(pieces) > 2
    assert isinstance(events[-1], AgentRunResultEvent)
    assert "".join(pieces) == events[-1].result.output
    shop.check_solved(events[-1].result.output)


@pytest.mark.parametrize("output", [ToolOutput, NativeOutput, PromptedOutput])
async def test_an_agent_answers_as_data(model: OpenAIChatModel, shop: Shop, output: Any) -> None:
    result = await agent(model, shop, output_type=output(Bill)).run(TASK)
    assert result.output == RIGHT
    shop.check_calls()


@pytest.mark.parametrize("output", [ToolOutput, NativeOutput, PromptedOutput])
async def test_data_can_be_streamed(model: OpenAIChatModel, shop: Shop, output: Any) -> None:
    async with agent(model, shop, output_type=output(Bill)).run_stream(TASK) as result:
        seen = [bill async for bill in result.stream_output(debounce_by=None)]
    assert seen[-1] == RIGHT
    shop.check_calls()
