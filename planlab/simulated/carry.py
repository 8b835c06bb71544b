"""How a response travels: straight into the client as its transport, or over HTTP.

The waits of a response are real, so that parallel calls overlap, and a client's time-out holds.
"""

import asyncio
import math
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote

import httpx2

from planlab.errors import BadInput

from .request import Rejected
from .simulator import Simulator
from .wire import Response, render_error, respond

MAX_BODY = 16 * 2**20  # bytes of one request
_IDLE = 60.0  # seconds after which a silent connection is closed

Endpoint = Callable[[str, str, bytes], Response]  # method, path and body to what is sent back


class SimulatedTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """The simulated endpoint as the transport of an `httpx2` client, sync or async."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response, once its first chunk is due. Raises ReadTimeout where that is too late."""
        request.read()
        delivery = self._deliver(request, time.monotonic)
        delivery.sleep(0)
        return delivery.open()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The same, while other calls run."""
        await request.aread()
        # The loop's own clock: it is a virtual one where time is only reckoned.
        delivery = self._deliver(request, asyncio.get_running_loop().time)
        await delivery.async_sleep(0)
        return delivery.open()

    def _deliver(self, request: httpx2.Request, clock: Callable[[], float]) -> "_Delivery":
        response = self._endpoint(request.method, request.url.path, request.content)
        return _Delivery(response, request, clock)


class _Delivery(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A response's chunks, each when it is due, as far as the client's patience goes."""

    def __init__(
        self, response: Response, request: httpx2.Request, clock: Callable[[], float]
    ) -> None:
        self._response = response
        self._request = request
        self._clock = clock
        self._start = clock()
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
        return max(0.0, due - self._clock())

    def _check_patience(self, seconds: float) -> None:
        if seconds > self._patience:
            message = f"The simulated model did not answer within {self._patience:g} s."
            raise httpx2.ReadTimeout(message, request=self._request)

    def _check_whole(self) -> None:
        if self._response.breaks:
            message = "The connection broke in the middle of the body (simulated)."
            raise httpx2.RemoteProtocolError(message, request=self._request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "planlab-simulated"
    sys_version = ""
    disable_nagle_algorithm = True  # else each small event waits for the last one's receipt
    default_request_version = "HTTP/1.0"  # for what cannot be parsed: 0.9 would get no headers
    timeout = _IDLE
    server: "_Server"

    def handle(self) -> None:
        with suppress(ConnectionError, TimeoutError):  # clients hang up as they like
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a terminal full of requests helps nobody."""

    def answer(self) -> None:
        """Reads one request whole and sends its response."""
        try:
            body = self._read_body()
        except Rejected as error:
            self.close_connection = True
            self._send(render_error(error))
            return
        path = unquote(self.path.partition("?")[0])
        response = respond(self.command, path, body, simulator=self.server.simulator)
        self._wait(response.delay)
        self._send(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = answer

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library finds wrong in a request, as JSON like all other errors."""
        self.close_connection = True
        self._send(render_error(Rejected(message or f"HTTP error {code}", status=code)))

    def _read_body(self) -> bytes:
        if "transfer-encoding" in self.headers:
            raise Rejected("Send the body with a Content-Length, not in chunks.", status=411)
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise Rejected(f"Content-Length {length!r} is not a number of bytes.")
        if int(length) > MAX_BODY:
            self._drop(int(length))
            raise Rejected(f"The body has more than {MAX_BODY} bytes.", status=413)
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionResetError("the client hung up in the middle of its request")
        return body

    def _drop(self, length: int) -> None:
        """Reads on for a while: a client that is still sending does not see an answer."""
        for _ in range(min(length, 8 * MAX_BODY) // 2**16):
            if not self.rfile.read(2**16):
                return

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        chunked = response.is_stream and self.request_version == "HTTP/1.1"
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        elif response.is_stream:
            self.close_connection = True  # the only way to end a body in HTTP/1.0
        else:
            length = sum(map(len, response.chunks)) + response.breaks
            self.send_header("content-length", str(length))
        if self.close_connection or response.breaks:
            self.send_header("connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command == "HEAD":
            return
        self._send_chunks(response, chunked)

    def _send_chunks(self, response: Response, chunked: bool) -> None:
        start = time.monotonic()
        for index, chunk in enumerate(response.chunks):
            self._wait(start + index * response.pace - time.monotonic())
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _wait(self, seconds: float) -> None:
        """Waits, or raises ConnectionError as soon as the client hangs up or the server closes."""
        if seconds <= 0:
            return
        end = time.monotonic() + seconds
        self.connection.settimeout(None if seconds == math.inf else seconds)
        try:
            if not self.connection.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError("the client hung up")
            time.sleep(
                max(0.0, min(end - time.monotonic(), _IDLE))
            )  # it sends its next request early
        except TimeoutError:
            pass
        finally:
            self.connection.settimeout(self.timeout)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them: no thread outlives the server
    request_queue_size = 128  # with the default of 5 a crowd of clients waits for a second

    def __init__(self, host: str, port: int, simulator: Simulator) -> None:
        self.simulator = simulator
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._connections: set[socket.socket] = set()
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise BadInput(
                f"Cannot listen on host {host!r}, port {port}: {error}. Choose another port, or 0 "
                "for any that is free."
            ) from error
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self.server_address[1]}/v1"

    def server_bind(self) -> None:
        TCPServer.server_bind(
            self
        )  # HTTPServer's own looks the host's name up, perhaps for seconds

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Hangs up on every client, then waits until the last thread has ended."""
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()


@contextmanager
def serving(simulator: Simulator, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serves over HTTP while the block runs; gives the base URL that a client needs."""
    with _Server(host, port, simulator) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


def serve(*, host: str = "127.0.0.1", port: int = 8000, simulator: Simulator | None = None) -> None:
    """Serves over HTTP until it is interrupted. Raises BadInput where it cannot listen."""
    with _Server(host, port, simulator or Simulator()) as server:
        print(f"A simulated model answers at {server.url} (Ctrl-C stops it). Point a client to it:")
        print(f"  OPENAI_BASE_URL={server.url} OPENAI_API_KEY=simulated", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
        print("Stopped.")
