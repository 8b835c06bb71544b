"""`python -m planlab serve` as a citizen: many clients, slow ones, rude ones, and its own end."""

import asyncio
import json
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from select import select
from typing import Any

import httpx2
import pytest
from stub_model import stub_answer

from planlab.__main__ import main
from planlab.errors import BadInput
from planlab.simulated import Simulator, serving, wire
from planlab.simulated.server import MAX_BODY, Server

USER = {"role": "user", "content": "one two three four five six seven"}
ASK: dict[str, Any] = {"model": "sim-large", "messages": [USER]}
BODY = json.dumps(ASK).encode()
CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
MODELS = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = MODELS.replace(b"Host", b"Connection: close\r\nHost")


def simulator(**settings: Any) -> Simulator:
    return Simulator(answer=stub_answer, **settings)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(simulator(), patience=0.5) as url:
        yield url


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    at = httpx2.URL(url)
    with socket.create_connection((at.host, at.port), timeout=10) as connection:
        yield connection


def talk(url: str, request: bytes) -> bytes:
    """What a server answers to these very bytes, until it hangs up."""
    with connected(url) as connection:
        connection.sendall(request)
        return received(connection)


def received(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def parts(response: bytes) -> tuple[int, bytes, bytes]:
    """Status, head and body of one response."""
    head, _, body = response.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.lower(), body


def chat(body: bytes) -> bytes:
    return CHAT + b"Content-Length: %d\r\n\r\n" % len(body) + body


def message(content: str) -> bytes:
    """A request whose user says `content`, which is spelled as in JSON."""
    return b'{"model": "sim-large", "messages": [{"role": "user", "content": "%b"}]}' % (
        content.encode()
    )


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"rubbish\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),  # somebody speaks TLS
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505),
        (b"GET /v1/models HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET /v1/models HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /v1/models HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400),
        (b"GET /v1/\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (CHAT + b"Content-Length: x\r\n\r\n", 400),
        (CHAT + b"Content-Length: -1\r\n\r\n", 400),
        (CHAT + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400),
        (CHAT + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (CHAT + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (CHAT + b"Content-Length: 99999999999\r\n\r\n{", 413),
        (CHAT + b"Content-Length: 5\r\n\r\n{", 408),  # and then silence
        (CHAT + b"X: ", 408),
    ],
)
def test_what_is_no_http_gets_an_error_in_json_and_the_door(
    url: str, request_: bytes, status: int
) -> None:
    found, head, body = parts(talk(url, request_))
    assert found == status
    assert b"connection: close" in head
    assert json.loads(body)["error"]["message"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (MODELS, 200),
        (b"GET http://x/v1/models HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /v1/model%73?a=b HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /v1/%FF%00 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"OPTIONS /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"BREW /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"DELETE /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (CHAT + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
        (chat(b""), 400),
        (chat(b"null"), 400),
        (chat(message("\\ud800")), 400),
        (chat(message("x").replace(b'"x"', b'"\xff"')), 400),
        (chat(BODY.replace(b'"model"', b'"model": "sim-small", "model"')), 400),
        (chat(BODY.replace(b"{", b'{"temperature": NaN, ', 1)), 400),
        (chat(BODY.replace(b"{", b'{"temperature": 1e999, ', 1)), 400),
        (chat(BODY.replace(b"{", b'{"seed": 1%b, ' % (b"0" * 5000), 1)), 400),
        (chat(BODY.replace(b"{", b'{"x": %b1%b, ' % (b"[" * 99, b"]" * 99), 1)), 400),
        (chat(b"[" * 100_000), 400),
        (chat(BODY), 200),
        (chat(message("\\ud83d\\ude00 \\u0000")), 200),
    ],
)
def test_a_request_gets_its_answer_in_json_and_the_next_one_is_awaited(
    url: str, request_: bytes, status: int
) -> None:
    with connected(url) as connection:
        connection.sendall(request_ + LAST)
        first, second = received(connection).split(b"HTTP/1.1 ")[1:]
    head, _, body = first.partition(b"\r\n\r\n")
    assert head[:3] == str(status).encode()
    assert ("error" in json.loads(body)) == (status != 200)
    assert second.startswith(b"200")


def test_a_head_request_gets_no_body(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(MODELS.replace(b"GET", b"HEAD") + LAST)
        first, second = received(connection).split(b"HTTP/1.1 ")[1:]
    assert first.startswith(b"405")
    assert first.endswith(b"\r\n\r\n")
    assert second.startswith(b"200")


def test_a_method_that_is_not_taken_is_told_which_is(url: str) -> None:
    assert httpx2.put(f"{url}/models").headers["allow"] == "GET"


def test_a_body_may_come_in_chunks(url: str) -> None:
    response = httpx2.post(f"{url}/chat/completions", content=iter([BODY[:9], BODY[9:]]))
    assert response.request.headers["transfer-encoding"] == "chunked"
    assert response.json()["choices"][0]["message"]["content"] == f"I heard: {USER['content']}"


def test_a_client_that_asks_first_is_told_to_go_on(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(CHAT + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY)
        assert parts(received(connection))[0] == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_in_json(chunked: bool) -> None:
    piece = b" " * 2**20
    content = (piece for _ in range(MAX_BODY // len(piece) + 1))
    with serving(simulator()) as url:
        response = httpx2.post(
            f"{url}/chat/completions",
            content=content if chunked else b"".join(content),
            timeout=20,
        )
    assert response.status_code == 413
    assert str(MAX_BODY) in response.json()["error"]["message"]


def test_a_body_of_the_largest_size_is_read(url: str) -> None:
    with serving(simulator()) as url:
        response = httpx2.post(f"{url}/chat/completions", content=BODY.ljust(MAX_BODY), timeout=20)
    assert response.status_code == 200


def test_a_stream_for_http_1_0_is_not_chunked(url: str) -> None:
    body = json.dumps(ASK | {"stream": True}).encode()
    status, head, sent = parts(talk(url, chat(body).replace(b"/1.1", b"/1.0")))
    assert status == 200
    assert b"chunked" not in head
    assert sent.startswith(b"data: {")
    assert sent.endswith(b"data: [DONE]\n\n")


def test_slow_and_silent_clients_hold_up_nobody_and_are_sent_away() -> None:
    begun = [b"", b"POST /v1", CHAT + b"Content-Length: 99\r\n\r\n{"]
    with serving(simulator(), patience=3.0) as url, ExitStack() as stack:
        slow = [stack.enter_context(connected(url)) for _ in range(30)]
        for k, connection in enumerate(slow):
            connection.sendall(begun[k % 3])
        assert httpx2.get(f"{url}/models").status_code == 200
        assert select(slow, [], [], 0)[0] == []  # the others are still waited for
        answers = [received(connection)[9:12] for connection in slow]
    assert answers == [b"", b"408", b"408"] * 10


def test_a_client_that_dribbles_is_no_faster_than_a_silent_one() -> None:
    with serving(simulator(), patience=0.5) as url, connected(url) as connection:
        start = time.perf_counter()
        with suppress(ConnectionError):
            while time.perf_counter() - start < 5:
                connection.sendall(b"a")
                time.sleep(0.02)
        assert time.perf_counter() - start < 3


def test_a_client_that_does_not_read_its_stream_is_cut_off_and_others_are_answered() -> None:
    body = json.dumps(ASK | {"messages": [USER | {"content": "word " * 40_000}], "stream": True})
    with serving(simulator(), patience=0.5) as url, connected(url) as lazy:
        lazy.sendall(chat(body.encode()))
        assert lazy.recv(4) == b"HTTP"
        assert httpx2.get(f"{url}/models").status_code == 200
        time.sleep(1.5)
        sent = bytearray()
        with suppress(ConnectionError):
            while piece := lazy.recv(2**20):
                sent += piece
    assert not sent.endswith(b"\r\n0\r\n\r\n")


async def test_a_hundred_streams_at_once_are_whole() -> None:
    async def read(client: httpx2.AsyncClient, k: int) -> tuple[str, str]:
        ask = ASK | {"messages": [{"role": "user", "content": f"{k} " * 50}]}
        whole = (await client.post("chat/completions", json=ask)).json()["choices"][0]
        async with client.stream("POST", "chat/completions", json=ask | {"stream": True}) as sent:
            *events, done = [line[6:] async for line in sent.aiter_lines() if line]
        assert done == "[DONE]"
        choices = [json.loads(event)["choices"][0] for event in events]
        assert [c["finish_reason"] for c in choices][-1] == whole["finish_reason"]
        text = "".join(choice["delta"].get("content") or "" for choice in choices)
        return text, whole["message"]["content"]

    limits = httpx2.Limits(max_connections=100)
    with serving(simulator(latency=0.2)) as url:
        async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=50) as client:
            pairs = await asyncio.gather(*(read(client, k) for k in range(100)))
    assert all(streamed == whole for streamed, whole in pairs)
    assert all(whole.count(f"{k} ") >= 49 for k, (_, whole) in enumerate(pairs))


ANSWERS = re.compile(r"answers at (http://\S+)/v1 ")


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m planlab serve` as a process of its own, and its address."""
    command = [sys.executable, "-m", "planlab", "serve", "--port", "0", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout
            found = ANSWERS.search(process.stdout.readline())
            assert found
            yield process, found[1]
        finally:
            process.kill()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_lets_running_streams_end_and_frees_the_port(name: str) -> None:
    with served("--latency", "1") as (process, address), httpx2.Client() as idle:
        idle.get(f"{address}/v1/models")  # its connection stays open
        with httpx2.stream(
            "POST", f"{address}/v1/chat/completions", json=ASK | {"stream": True}, timeout=20
        ) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("data: {")
            process.send_signal(getattr(signal, name))
            assert [line for line in lines if line][-1] == "data: [DONE]"
        out, err = process.communicate(timeout=30)
        assert (process.returncode, err, out.splitlines()[-1]) == (0, "", "Stopped.")
        port = httpx2.URL(address).port or 0
        with serving(simulator(), port=port) as url:
            assert httpx2.get(f"{url}/models").status_code == 200


def test_a_signal_cuts_off_what_does_not_end() -> None:
    with served("--faults", "timeout") as (process, address), connected(address) as waiting:
        waiting.sendall(chat(BODY))
        time.sleep(0.3)
        start = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)  # an impatient one
        _, err = process.communicate(timeout=30)
        assert 2 < time.perf_counter() - start < 10
        assert (process.returncode, err) == (0, "")


def test_it_listens_on_loopback_and_warns_where_it_is_told_otherwise() -> None:
    with served() as (process, address):
        assert httpx2.URL(address).host == "127.0.0.1"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30)[1] == ""
    with served("--host", "0.0.0.0") as (process, address):
        assert httpx2.get(f"{address}/v1/models").status_code == 200
        process.send_signal(signal.SIGTERM)
        warning = process.communicate(timeout=30)[1]
    assert warning.startswith("Warning: ")
    assert "--host 0.0.0.0" in warning


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 99_999), ("256.1.1.1", 0)])
def test_where_the_server_cannot_listen_it_says_so(host: str, port: int) -> None:
    with pytest.raises(BadInput, match="Cannot listen"), serving(simulator(), host=host, port=port):
        pass


def test_a_port_in_use_is_said_in_one_line(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    port = httpx2.URL(url).port or 0
    with pytest.raises(BadInput, match="another port"), serving(simulator(), port=port):
        pass
    assert main(["serve", "--port", str(port)]) == 1
    assert capsys.readouterr().err.startswith("Cannot listen")


PAGE = {"origin": "http://page.example"}
PREFLIGHT = PAGE | {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}


def test_no_web_page_may_ask_unless_it_is_let(url: str) -> None:
    response = httpx2.options(f"{url}/chat/completions", headers=PREFLIGHT)
    assert response.status_code == 405
    responses = [response, httpx2.get(f"{url}/models", headers=PAGE)]
    assert not any("access-control" in name for r in responses for name in r.headers)


def test_the_pages_of_one_origin_may_ask_where_they_are_let() -> None:
    with serving(simulator(), cors=PAGE["origin"]) as url:
        asked = httpx2.options(f"{url}/chat/completions", headers=PREFLIGHT)
        answers = [
            httpx2.post(f"{url}/chat/completions", json=ASK | extra, headers=PAGE)
            for extra in ({}, {"stream": True}, {"model": "none"})
        ]
    assert asked.is_success
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "authorization" in asked.headers["access-control-allow-headers"]
    for response in (asked, *answers):
        assert response.headers["access-control-allow-origin"] == PAGE["origin"]


@pytest.mark.parametrize("origin", ["", "page.example", "http://page.example/", "http://a b"])
def test_an_origin_that_is_none_is_refused(origin: str) -> None:
    with pytest.raises(BadInput, match="origin"):
        Server(simulator(), cors=origin)


def test_a_mistake_of_ours_is_a_500_that_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_count_prompt", lambda *_: 1 // 0)
    with serving(simulator()) as url:
        response = httpx2.post(f"{url}/chat/completions", json=ASK)
        assert httpx2.get(f"{url}/models").status_code == 200
    assert response.status_code == 500
    assert "test_serve.py" in response.json()["error"]["message"]


def test_whatever_bytes_arrive_each_answer_is_http_and_none_is_a_500(
    url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    rng, statuses = random.Random(5), set()
    for _ in range(400):
        raw = bytearray(chat(BODY) if rng.random() < 0.7 else MODELS)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(raw) + 1)
            raw[at : at + rng.choice([0, 0, 1, 1, 30])] = rng.choice(
                [b"", b"\r\n", b"\0", b"\xff", b" ", b"{", b'"', b"9", b"chunked", raw[:at]]
            )
        with connected(url) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            answers = received(connection).split(b"HTTP/1.1 ")
        assert answers[0] == b""
        statuses |= {int(answer[:3]) for answer in answers[1:]}
    assert {200, 400} <= statuses
    assert not any(status >= 500 for status in statuses - {501, 505})
    assert capfd.readouterr().err == ""
