"""Where submissions run: a process that has imported everything, and forks for each of them.

It is started apart from the judge and knows nothing of labs, tests or grades. `python -m
planlab.grading.zygote SOCKET safe|unsafe MODULE…` waits for sockets and gives each a fresh child:
the child runs the notebook's cells with IPython, then forks again for each probe, so that what a
probe breaks is broken for that probe alone.
"""

import asyncio
import contextlib
import gc
import io
import json
import os
import random
import select
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from IPython.core.async_helpers import get_asyncio_loop
from IPython.core.interactiveshell import InteractiveShell

from . import sandbox
from .cells import make_shell, run_cell
from .host import Host
from .link import Broken, Frame
from .slicing import needed_cells
from .values import FrameReader, write_frame

_PRINTED = 64 * 1024  # characters that a submission may print; the rest goes nowhere


def main(arguments: list[str]) -> None:
    """Fork a child for every socket that arrives, until the judge is gone."""
    control = socket.socket(fileno=int(arguments[0]))
    safe = arguments[1] == "safe"
    shell = _warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    proc = sandbox.prepare(arguments[2:]) if safe else -1
    control.send(b"ready")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        if not message:
            return
        if os.fork() == 0:
            _become_child(control, descriptors[0], proc, shell)
        os.close(descriptors[0])


def _warm_up() -> InteractiveShell:
    """Import what labs use and make the shell, once for all children."""
    with contextlib.redirect_stdout(io.StringIO()):
        shell = make_shell()
        asyncio.run(_use_everything())  # in a loop of its own: the children make theirs
    gc.collect()
    gc.freeze()
    return shell


async def _use_everything() -> None:
    """A short run with the simulated model, since much is imported and compiled at first use."""
    from planlab.model import connect
    from planlab.show import show_table
    from planlab.tokens import count_tokens
    from planlab.world import open_world

    with open_world() as world:
        model, tools = connect(), world.tools
        context: list[dict[str, object]] = [
            {"role": "user", "content": "Which is cheaper, Competitor A or Competitor B?"}
        ]
        for _ in range(2):
            reply = await model.ask(context, tools=tools)
            context.append(reply.message)
            for call in reply.calls:
                observation = await tools.call(call.name, json.loads(call.arguments))
                said = {"tool_call_id": call.id, "content": observation.text}
                context.append({"role": "tool", **said})
        show_table([{"tokens": count_tokens("a table")}])
        await model.client.close()


def _become_child(
    control: socket.socket, descriptor: int, proc: int, shell: InteractiveShell
) -> None:
    """In the forked process: go behind the walls, run the submission, never return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def report(pid: int) -> None:
        control.send(str(pid).encode())

    code = 1
    try:
        if proc >= 0:
            sandbox.enter(proc, report=report, keep=[descriptor])
        else:
            os.setsid()
            report(os.getpid())
            os.chdir(tempfile.mkdtemp(prefix="submission-"))
            control.close()
        _run(socket.socket(fileno=descriptor), shell)
        code = 0
    except OSError as error:
        with contextlib.suppress(OSError):
            control.send(f"! {error}".encode()[:200])
    finally:
        os._exit(code)


def _run(wire: socket.socket, shell: InteractiveShell) -> None:
    """Run the cells as the judge sends them, then a probe for each socket that comes."""
    _settle_in()
    me = os.getpid()
    start = _receive_one(wire)
    for name, text in cast(Mapping[str, str], start["files"]).items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    for number, source in needed_cells(start["cells"], start["examples"]):
        wire.sendall(write_frame({"cell": number}))
        failure = _run_cell(shell, source)
        if os.getpid() != me:  # the cell forked, and this is not the notebook
            os._exit(0)
        wire.sendall(write_frame({"ran": number, "error": failure}))
    wire.sendall(write_frame({"ready": True}))
    while True:
        message, descriptors, _, _ = socket.recv_fds(wire, 16, 1)
        if not message:
            return
        _sweep()
        pid = os.fork()
        if pid == 0:
            _probe(socket.socket(fileno=descriptors[0]), shell)
        os.close(descriptors[0])
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _run_cell(shell: InteractiveShell, source: str) -> str | None:
    """What went wrong in one cell, or None."""
    try:
        failure: str | None = get_asyncio_loop().run_until_complete(run_cell(shell, source))
    except BaseException as error:  # it may have broken IPython itself, or the loop
        return type(error).__name__
    return failure


def _sweep() -> None:
    """End what the submission has started, so that there is room for a probe."""
    if os.getpid() == 1:  # in a sandbox -1 means everybody else in it, else it means the machine
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG if os.getpid() != 1 else 0)[0]:
            pass


def _settle_in() -> None:
    """The same start for every submission: nothing of the machine, no clock, no chance."""
    here = os.getcwd()
    os.environ.clear()
    os.environ |= {"HOME": here, "TMPDIR": f"{here}/tmp", "LANG": "C.UTF-8", "MPLBACKEND": "agg"}
    os.mkdir("tmp")
    tempfile.tempdir = None
    sys.path.insert(0, here)
    sys.argv = ["submission"]
    sys.stdin = io.StringIO()
    sys.stdout = sys.stderr = Printed()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # some shells ignore it
    random.seed(0)
    warnings.simplefilter("ignore")


class Printed(io.StringIO):
    """What a submission prints, up to a bound."""

    def write(self, text: str) -> int:
        if self.tell() < _PRINTED:
            super().write(text[:_PRINTED])
        return len(text)


def _probe(wire: socket.socket, shell: InteractiveShell) -> None:
    """Answer the judge's questions about the shell's names, until it hangs up; never returns."""
    try:
        random.seed(0)
        loop = get_asyncio_loop()
        loop.set_default_executor(ThreadPoolExecutor())  # the old one's threads did not come along
        _answer(wire, loop, shell.user_ns)
    finally:
        os._exit(0)


def _answer(
    wire: socket.socket, loop: asyncio.AbstractEventLoop, namespace: Mapping[str, object]
) -> None:
    reader, me = FrameReader(), os.getpid()
    over = loop.create_future()

    def read() -> None:
        data = read_ready(wire)
        if data is None:
            return
        if not data:
            host.link.close(Broken("the judge has gone"))
            if not over.done():
                over.set_result(None)
        for frame in reader.feed(data):
            host.link.receive(frame)

    def wait(ready: Callable[[], bool]) -> None:
        while not ready():
            select.select([wire], [], [])
            read()

    def send(frame: Frame) -> None:
        if os.getpid() != me:  # the function forked, and this is not the one that was asked
            os._exit(0)
        wire.sendall(write_frame(frame))

    host = Host(namespace, send, wait)
    loop.add_reader(wire, read)
    loop.run_until_complete(over)


def read_ready(wire: socket.socket) -> bytes | None:
    """What has arrived, b"" at the end; None where somebody else has read it already.

    A function that asks the judge and waits reads all there is, also what the event loop had seen
    coming: whoever then waits for it waits for ever.
    """
    try:
        return wire.recv(65536, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None


def _receive_one(wire: socket.socket) -> Mapping[str, Any]:
    reader = FrameReader()
    while True:
        data = wire.recv(65536)
        if not data:
            raise OSError("the judge has gone")
        for frame in reader.feed(data):
            return frame


if __name__ == "__main__":
    main(sys.argv[1:])
