"""LangChain's ChatOpenAI, and the agent that LangChain makes of it on LangGraph."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_openai import ChatOpenAI
from shop import FACTS, RIGHT, TASK, Bill, Shop


@pytest.fixture
async def model(url: str) -> AsyncIterator[ChatOpenAI]:
    # A connection of its own: the one that ChatOpenAI keeps would outlive the test's event loop.
    async with httpx2.AsyncClient() as http:
        yield ChatOpenAI(model="sim-large", base_url=url, api_key="any", http_async_client=http)


def asked(text: str = TASK) -> dict[str, Any]:
    return {"messages": [("user", text)]}


def agent(model: ChatOpenAI, shop: Shop, **options: Any) -> Any:
    return create_agent(model, [shop.search_price, shop.calculate], **options)


async def test_an_agent_solves_the_task(model: ChatOpenAI, shop: Shop) -> None:
    result = await agent(model, shop).ainvoke(asked())
    shop.check_solved(result["messages"][-1].text)
    said = [message for message in result["messages"] if isinstance(message, AIMessage)]
    usage = [message.usage_metadata for message in said]
    assert all(each and each["total_tokens"] > 0 for each in usage)
    assert said[-1].response_metadata["finish_reason"] == "stop"


async def test_a_stream_holds_the_whole_answer(model: ChatOpenAI, shop: Shop) -> None:
    stream = agent(model, shop).astream(asked(), stream_mode="messages")
    pieces = [piece async for piece, _ in stream if isinstance(piece, AIMessageChunk)]
    answer = [piece.text for piece in pieces if piece.id == pieces[-1].id]
    assert len(answer) > 3
    shop.check_solved("".join(answer))


@pytest.mark.parametrize("strategy", [ToolStrategy, ProviderStrategy])
async def test_an_agent_answers_as_data(model: ChatOpenAI, shop: Shop, strategy: Any) -> None:
    result = await agent(model, shop, response_format=strategy(Bill)).ainvoke(asked())
    assert result["structured_response"] == RIGHT
    shop.check_calls()


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
async def test_a_model_answers_as_data(model: ChatOpenAI, method: Any) -> None:
    assert await model.with_structured_output(Bill, method=method).ainvoke(FACTS) == RIGHT
