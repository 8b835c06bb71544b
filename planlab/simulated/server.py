"""The simulated endpoint over HTTP, for every client that speaks OpenAI's protocol.

h11, the parser that the official client stands on, reads and writes HTTP; asyncio moves the bytes,
one task a connection; `respond` makes each answer in a thread. So whoever is slow, stalls or asks
for much holds up nobody else. Whatever is wrong with a request is answered as JSON.
"""

import asyncio
import ipaddress
import re
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from threading import Thread
from urllib.parse import unquote

import h11

from planlab.errors import BadInput

from .request import Rejected
from .simulator import Simulator
from .wire import Response, render_error, respond

MAX_BODY = 16 * 2**20  # bytes of one request
_CHUNK = 2**16  # bytes read at once
_ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^\s/?#]+", re.ASCII | re.IGNORECASE)


@dataclass
class Server:
    """One simulator behind one port, from `run` until `stop`.

    `cors` is the origin (or "*") whose web pages may read the answers; None: no page may.
    `patience` is how long a client may keep the server waiting, for a request or with a response;
    `grace` how long running answers may go on after `stop`, both in seconds.
    Raises BadInput for an origin that is none.
    """

    simulator: Simulator
    cors: str | None = None
    patience: float = 30.0
    grace: float = 0.0
    _stopped: "Future[None]" = field(default_factory=Future, init=False)
    _visits: "dict[asyncio.Task[None], _Visit]" = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.cors is not None and not _ORIGIN.fullmatch(self.cors):
            raise BadInput(
                f"{self.cors!r} is not an origin. Write a scheme and a host, without a path, such "
                "as http://localhost:3000, or * for all pages."
            )

    async def run(self, listener: socket.socket) -> None:
        """Answers whoever connects until it is stopped; then no connection is left."""
        server = await asyncio.start_server(self._welcome, sock=listener, backlog=128)
        await asyncio.wrap_future(self._stopped)
        server.close()
        for task, visit in self._visits.items():
            if visit.is_idle:
                task.cancel()
        await self._leave(self.grace)
        for task in self._visits:
            task.cancel()
        await self._leave(None)

    def stop(self) -> None:
        """Ends `run`. Any thread and any signal handler may call it, and more than once."""
        if not self._stopped.done():
            self._stopped.set_result(None)

    @property
    def is_stopping(self) -> bool:
        """Whether this answer is a connection's last."""
        return self._stopped.done()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit, task = _Visit(self, reader, writer), asyncio.current_task()
        assert task is not None  # asyncio runs this in a task of its own
        self._visits[task] = visit
        try:
            await visit.run()
        except asyncio.CancelledError:
            pass  # by `run` alone; asyncio's streams of Python 3.11 complain of a cancelled task
        finally:
            del self._visits[task]

    async def _leave(self, seconds: float | None) -> None:
        if self._visits:
            await asyncio.wait(tuple(self._visits), timeout=seconds)


class _Visit:
    """One client's connection: request after request, each answered before the next is read."""

    def __init__(
        self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)
        self.is_idle = True  # no request has begun that has no answer yet
        writer.transport.set_write_buffer_limits(0)  # what is written has left, or we wait

    async def run(self) -> None:
        """Serves the client until one of both closes. Clients hang up and stall as they like."""
        try:
            with suppress(OSError, h11.LocalProtocolError):  # TimeoutError is an OSError
                while await self._begins():
                    await self._exchange()
                    if self._http.our_state is not h11.DONE:
                        await self._linger()
                        return
                    self._http.start_next_cycle()
        finally:
            self._writer.transport.abort()

    async def _begins(self) -> bool:
        """Whether a request begins before patience ends."""
        if not self._http.trailing_data[0]:
            self.is_idle = True
            async with asyncio.timeout(self._server.patience):
                data = await self._reader.read(_CHUNK)
            if not data:
                return False
            self._http.receive_data(data)
        self.is_idle = False
        return True

    async def _exchange(self) -> None:
        request = None
        try:
            async with asyncio.timeout(self._server.patience):
                request = await self._read_head()
                body = await self._read_body(request)
        except TimeoutError:
            limit = f"{self._server.patience:g} seconds"
            response = render_error(Rejected(f"The request was not whole in {limit}.", status=408))
        except h11.RemoteProtocolError as error:
            status = error.error_status_hint
            response = render_error(Rejected(f"This is not HTTP: {error}.", status=status))
        except Rejected as error:
            response = render_error(error)
        else:
            response = await self._answer(request, body)
        await self._send(response, request)

    async def _read_head(self) -> h11.Request:
        event = await self._next_event()
        if not isinstance(event, h11.Request):
            raise ConnectionResetError("the client hung up in the middle of a head")
        if event.http_version not in (b"1.0", b"1.1"):
            version = event.http_version.decode()
            raise Rejected(f"HTTP {version} is not spoken here, but 1.1 and 1.0.", status=505)
        length = dict(event.headers).get(b"content-length", b"0")
        if int(length) > MAX_BODY:
            raise _too_large()
        return event

    async def _read_body(self, request: h11.Request) -> bytes:
        body = bytearray()
        while isinstance(event := await self._next_event(), h11.Data):
            body += event.data
            if len(body) > MAX_BODY:
                raise _too_large()
        return bytes(body)

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(_CHUNK))
        return event

    async def _answer(self, request: h11.Request, body: bytes) -> Response:
        method, target = request.method.decode(), request.target.decode()
        asked = dict(request.headers)
        if self._server.cors and method == "OPTIONS" and b"access-control-request-method" in asked:
            allowed = {
                "access-control-allow-methods": "GET, POST",
                "access-control-allow-headers": asked.get(
                    b"access-control-request-headers", b"*"
                ).decode("latin-1"),
            }
            return Response(200, {"content-type": "application/json"} | allowed, (b"{}",))
        if "://" in target:  # the form that proxies are sent
            target = "/" + target.partition("://")[2].partition("/")[2]
        path = unquote(target.partition("?")[0])
        response = await asyncio.to_thread(
            respond, method, path, body, simulator=self._server.simulator
        )
        await self._wait(response.delay)
        return response

    async def _send(self, response: Response, request: h11.Request | None) -> None:
        await self._write(
            h11.Response(status_code=response.status, headers=[*self._headers(response)])
        )
        start = asyncio.get_running_loop().time()
        if request is None or request.method != b"HEAD":
            for index, chunk in enumerate(response.chunks):
                due = start + index * response.pace
                await self._wait(due - asyncio.get_running_loop().time())
                await self._write(h11.Data(data=chunk))
        if not response.breaks:
            await self._write(h11.EndOfMessage())

    def _headers(self, response: Response) -> Iterator[tuple[str, str]]:
        yield from response.headers.items()
        yield "server", "planlab-simulated"
        yield "date", formatdate(usegmt=True)
        if not response.is_stream:
            yield "content-length", str(sum(map(len, response.chunks)) + response.breaks)
        if self._http.their_state is not h11.DONE or self._server.is_stopping:
            yield "connection", "close"
        if self._server.cors:
            yield "access-control-allow-origin", self._server.cors
            yield "access-control-expose-headers", "*"

    async def _write(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")
        async with asyncio.timeout(self._server.patience):
            await self._writer.drain()

    async def _wait(self, seconds: float) -> None:
        """Waits, or raises ConnectionError as soon as the client hangs up."""
        if seconds <= 0:
            return
        end = asyncio.get_running_loop().time() + seconds
        with suppress(TimeoutError):
            async with asyncio.timeout_at(end):
                data = await self._reader.read(_CHUNK)
                if not data:
                    raise ConnectionResetError("the client hung up")
                self._http.receive_data(data)  # its next request, early
                await asyncio.sleep(seconds)

    async def _linger(self) -> None:
        """Reads on for a while: a client that is still sending does not see an answer."""
        if self._http.our_state is h11.SEND_BODY:
            return  # a body that breaks
        self._writer.write_eof()
        async with asyncio.timeout(self._server.patience):
            while await self._reader.read(_CHUNK):
                pass


def _too_large() -> Rejected:
    return Rejected(f"The body of the request has more than {MAX_BODY} bytes.", status=413)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises BadInput where there can be none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        if not 0 <= port < 2**16:
            raise OverflowError("ports are numbers from 0 to 65535")
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError, UnicodeError) as error:
        raise BadInput(
            f"Cannot listen on host {host!r}, port {port}: {error}. Choose another port, or 0 for "
            "any that is free."
        ) from error


def _address(listener: socket.socket) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(listener.getsockname()[0])


def _url(listener: socket.socket) -> str:
    """The base URL for a client on this machine."""
    address, port = _address(listener), listener.getsockname()[1]
    if address.is_unspecified:  # all of this machine's addresses: one is enough
        address = ipaddress.ip_address("::1" if address.version == 6 else "127.0.0.1")
    name = f"[{address}]" if address.version == 6 else address
    return f"http://{name}:{port}/v1"


@contextmanager
def serving(
    simulator: Simulator,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    cors: str | None = None,
    patience: float = 30.0,
    grace: float = 0.0,
) -> Iterator[str]:
    """Serves over HTTP while the block runs; gives the base URL that a client needs.

    The options are a Server's. Raises BadInput where it cannot listen.
    """
    server = Server(simulator, cors, patience, grace)
    with listen(host, port) as listener:
        thread = Thread(target=lambda: asyncio.run(server.run(listener)))
        thread.start()
        try:
            yield _url(listener)
        finally:
            server.stop()
            thread.join()


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    simulator: Simulator | None = None,
    cors: str | None = None,
) -> None:
    """Serves over HTTP until SIGINT or SIGTERM. Raises BadInput where it cannot listen."""
    server = Server(simulator or Simulator(), cors, grace=3.0)
    with listen(host, port) as listener:
        url = _url(listener)
        if not _address(listener).is_loopback:
            print(
                f"Warning: with --host {host}, every machine that reaches this one is answered. "
                "No key is asked for, and nothing is encrypted.",
                file=sys.stderr,
            )
        print(f"A simulated model answers at {url} (Ctrl-C stops it). Point a client to it:")
        print(f"  OPENAI_BASE_URL={url} OPENAI_API_KEY=simulated", flush=True)
        with _stopping(server):
            asyncio.run(server.run(listener))
        print("Stopped.")


@contextmanager
def _stopping(server: Server) -> Iterator[None]:
    """While the block runs, the signals that end a process end the server instead."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(name, lambda *_: server.stop()) for name in signals]
    try:
        yield
    finally:
        for name, handler in zip(signals, before, strict=True):
            signal.signal(name, handler)
