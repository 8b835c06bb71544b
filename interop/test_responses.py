"""Clients that speak the Responses API, which current SDKs do unless they are told otherwise."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from agents import Agent, OpenAIResponsesModel, Runner, function_tool, set_tracing_disabled
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from openai.types.responses import ResponseTextDeltaEvent
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import (
    AgentRunResultEvent,
    NativeOutput,
    PartDeltaEvent,
    PartStartEvent,
    PromptedOutput,
    TextPart,
    TextPartDelta,
    ToolOutput,
)
from pydantic_ai.models.openai import OpenAIResponsesModel as PydanticResponsesModel
from pydantic_ai.models.openai import OpenAIResponsesModelSettings
from pydantic_ai.providers.openai import OpenAIProvider
from shop import RIGHT, TASK, Bill, Shop

set_tracing_disabled(True)


# OpenAI's Agents SDK: this is its default model.


def buyer(client: AsyncOpenAI, shop: Shop, **options: Any) -> Agent:
    tools = [function_tool(shop.search_price), function_tool(shop.calculate)]
    model = OpenAIResponsesModel("sim-large", client)
    return Agent(name="buyer", instructions="Be exact.", model=model, tools=tools, **options)


async def test_agents_sdk_solves_the_task(client: AsyncOpenAI, shop: Shop) -> None:
    result = await Runner.run(buyer(client, shop), TASK)
    shop.check_solved(result.final_output)
    usage = result.context_wrapper.usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens > 0


async def test_agents_sdk_continues_from_the_previous_response(
    client: AsyncOpenAI, shop: Shop
) -> None:
    result = await Runner.run(buyer(client, shop), TASK, auto_previous_response_id=True)
    shop.check_solved(result.final_output)


async def test_agents_sdk_answers_as_data(client: AsyncOpenAI, shop: Shop) -> None:
    result = await Runner.run(buyer(client, shop, output_type=Bill), TASK)
    assert result.final_output == RIGHT
    shop.check_calls()


async def test_agents_sdk_streams_the_whole_answer(client: AsyncOpenAI, shop: Shop) -> None:
    result = Runner.run_streamed(buyer(client, shop), TASK)
    pieces = [
        event.data.delta
        async for event in result.stream_events()
        if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent)
    ]
    assert len(pieces) > 3
    assert "".join(pieces).endswith(result.final_output)
    shop.check_solved(result.final_output)


# Pydantic AI.


def assistant(client: AsyncOpenAI, shop: Shop, **options: Any) -> PydanticAgent[None, Any]:
    model = PydanticResponsesModel("sim-large", provider=OpenAIProvider(openai_client=client))
    return PydanticAgent(model, tools=[shop.search_price, shop.calculate], **options)


async def test_pydantic_ai_solves_the_task(client: AsyncOpenAI, shop: Shop) -> None:
    result = await assistant(client, shop).run(TASK)
    shop.check_solved(result.output)
    assert result.usage.output_tokens > 0


async def test_pydantic_ai_continues_from_the_previous_response(
    client: AsyncOpenAI, shop: Shop
) -> None:
    settings = OpenAIResponsesModelSettings(openai_previous_response_id="auto")
    result = await assistant(client, shop, model_settings=settings).run(TASK)
    shop.check_solved(result.output)


@pytest.mark.parametrize("output", [ToolOutput, NativeOutput, PromptedOutput])
async def test_pydantic_ai_answers_as_data(client: AsyncOpenAI, shop: Shop, output: Any) -> None:
    result = await assistant(client, shop, output_type=output(Bill)).run(TASK)
    assert result.output == RIGHT
    shop.check_calls()


async def test_pydantic_ai_streams_the_whole_answer(client: AsyncOpenAI, shop: Shop) -> None:
    text = ""
    async with assistant(client, shop).run_stream_events(TASK) as stream:
        async for event in stream:
            match event:
                case PartStartEvent(part=TextPart(content=begun)):
                    text = begun  # what stood before a call was not the answer
                case PartDeltaEvent(delta=TextPartDelta(content_delta=piece)):
                    text += piece
    assert isinstance(event, AgentRunResultEvent)
    assert text == event.result.output
    shop.check_solved(text)


# LangChain's ChatOpenAI, in an agent on LangGraph.


@pytest.fixture(params=[None, "responses/v1"])
async def model(url: str, request: pytest.FixtureRequest) -> AsyncIterator[ChatOpenAI]:
    # A connection of its own: the one that ChatOpenAI keeps would outlive the test's event loop.
    async with httpx2.AsyncClient() as http:
        yield ChatOpenAI(
            model="sim-large",
            base_url=url,
            api_key="any",
            http_async_client=http,
            use_responses_api=True,
            output_version=request.param,
        )


def graph(model: ChatOpenAI, shop: Shop, **options: Any) -> Any:
    return create_agent(model, [shop.search_price, shop.calculate], **options)


async def test_langchain_solves_the_task(model: ChatOpenAI, shop: Shop) -> None:
    result = await graph(model, shop).ainvoke({"messages": [("user", TASK)]})
    shop.check_solved(result["messages"][-1].text)
    assert result["messages"][-1].response_metadata["object"] == "response"


async def test_langchain_streams_the_whole_answer(model: ChatOpenAI, shop: Shop) -> None:
    asked = {"messages": [("user", TASK)]}
    stream = graph(model, shop).astream(asked, stream_mode="messages")
    pieces = [piece async for piece, _ in stream if isinstance(piece, AIMessageChunk)]
    answer = [piece.text for piece in pieces if piece.id == pieces[-1].id]
    assert len(answer) > 3
    shop.check_solved("".join(answer))


@pytest.mark.parametrize("strategy", [ToolStrategy, ProviderStrategy])
async def test_langchain_answers_as_data(model: ChatOpenAI, shop: Shop, strategy: Any) -> None:
    agent = graph(model, shop, response_format=strategy(Bill))
    result = await agent.ainvoke({"messages": [("user", TASK)]})
    assert result["structured_response"] == RIGHT
    shop.check_calls()
