"""How a response travels straight into the client, as its transport (over HTTP: see `server`).

The waits of a response are real, so that parallel calls overlap, and a client's time-out holds.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator

import httpx2

from .wire import Response

Endpoint = Callable[[str, str, bytes], Response]  # method, path and body to what is sent back


class SimulatedTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """The simulated endpoint as the transport of an `httpx2` client, sync or async."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response, once its first chunk is due. Raises ReadTimeout where that is too late."""
        request.read()
        delivery = self._deliver(request)
        delivery.sleep(0)
        return delivery.open()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The same, while other calls run."""
        await request.aread()
        delivery = self._deliver(request)
        await delivery.async_sleep(0)
        return delivery.open()

    def _deliver(self, request: httpx2.Request) -> "_Delivery":
        response = self._endpoint(request.method, request.url.path, request.content)
        return _Delivery(response, request)


class _Delivery(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A response's chunks, each when it is due, as far as the client's patience goes."""

    def __init__(self, response: Response, request: httpx2.Request) -> None:
        self._response = response
        self._request = request
        self._start = time.monotonic()
        patience = request.extensions.get("timeout", {}).get("read")
        self._patience = math.inf if patience is None else patience

    def open(self) -> httpx2.Response:
        """The response with this as its body."""
        return httpx2.Response(self._response.status, headers=self._response.headers, stream=self)

    def sleep(self, index: int) -> None:
        """Waits until chunk `index` is due."""
        seconds = self._seconds_to(index)
        time.sleep(min(seconds, self._patience))
        self._check_patience(seconds)

    async def async_sleep(self, index: int) -> None:
        """The same, while other calls run."""
        seconds = self._seconds_to(index)
        await asyncio.sleep(min(seconds, self._patience))
        self._check_patience(seconds)

    def __iter__(self) -> Iterator[bytes]:
        for index, chunk in enumerate(self._response.chunks):
            self.sleep(index)
            yield chunk
        self._check_whole()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for index, chunk in enumerate(self._response.chunks):
            await self.async_sleep(index)
            yield chunk
        self._check_whole()

    def _seconds_to(self, index: int) -> float:
        # Counted from the start, so that timers which come a little late do not add up.
        due = self._start + self._response.delay + index * self._response.pace
        return max(0.0, due - time.monotonic())

    def _check_patience(self, seconds: float) -> None:
        if seconds > self._patience:
            message = f"The simulated model did not answer within {self._patience:g} s."
            raise httpx2.ReadTimeout(message, request=self._request)

    def _check_whole(self) -> None:
        if self._response.breaks:
            message = "The connection broke in the middle of the body (simulated)."
            raise httpx2.RemoteProtocolError(message, request=self._request)
