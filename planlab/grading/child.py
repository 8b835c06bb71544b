"""One submission's process, as the judge sees it: started, watched, asked, stopped."""

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import TracebackType

import planlab
from planlab.errors import NotAllowed

from . import sandbox
from .link import Frame, Handler, Link, Stopped
from .values import FrameReader, NotAValue, Token, write_frame
from .watch import children_of, measure

CELL_CPU = 2.0  # seconds of processor time that one cell may take
CASE_CPU = 0.5  # and one case of a check
IDLE = 3.0  # seconds in which nothing runs, and nobody is owed an answer
MEMORY = 1 << 29  # bytes of all processes of a submission, beyond what each has from the start
HEARD = 8 << 20  # bytes that it may send during the cells, or during one case
PATIENCE = 20.0  # seconds in all that one cell or one case may take, whatever it does
ANSWER_CPU = 1.0  # seconds of the judge's own processor time that one of its questions may take
_LOOK = 0.1  # seconds between two looks at what a submission uses
_ENDED = "it ended the Python process"
_GARBLED = "it disturbed the line to the grader"


class TookTooLong(BaseException):
    """The judge itself was kept busy. No `Exception`: nothing on the way may take it for one."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises `TookTooLong` after so much processor time, where this is the main thread."""

    def interrupt(number: int, frame: object) -> None:
        raise TookTooLong

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class Stop(Exception):
    """A cell had to be stopped, or ended the process."""

    def __init__(self, cell: int, why: str) -> None:
        super().__init__(why)
        self.cell, self.why = cell, why


class Zygote:
    """The process that forks a child for each submission, as the judge sees it."""

    def __init__(self, withheld: Sequence[str] = (), *, unsafe: bool = False) -> None:
        if sys.platform != "linux":
            raise NotAllowed(
                "Grading needs Linux: its namespaces wall each submission in. A virtual machine or "
                "a container will do, and WSL 2 on Windows."
            )
        lacking = None if unsafe else sandbox.missing()
        if lacking:
            raise NotAllowed(
                f"{lacking} Without a sandbox a submission can read, change and send whatever you "
                "can. With --unsafe it is run all the same: only for code that you trust."
            )
        self._withheld, self._safe = withheld, not unsafe
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> "Zygote":
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        with theirs:
            mode = "safe" if self._safe else "unsafe"
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-s", "-m", "planlab.grading.zygote"),
                *(str(theirs.fileno()), mode, *self._withheld),
                env={"PYTHONHASHSEED": "0", "PATH": os.defpath, "LANG": "C.UTF-8"},
                cwd=Path(planlab.__file__).parents[1],
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the judge's to answer
            )
        await self._hear()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._control.close()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    @asynccontextmanager
    async def child(self) -> AsyncIterator["Child"]:
        """A fresh child; all that it started is gone in the end. Raises `NotAllowed`."""
        ours, theirs = socket.socketpair()
        with theirs:
            async with self._turn:
                socket.send_fds(self._control, [b"child"], [theirs.fileno()])
                answer = await self._hear()
        if not answer.isdigit():
            ours.close()
            raise NotAllowed(f"No sandbox could be made {answer}.")
        child = Child(int(answer), ours, self._safe)
        watching = asyncio.ensure_future(child.watch())
        try:
            yield child
        finally:
            watching.cancel()
            await asyncio.wait([watching])
            await child.close()

    async def _hear(self) -> str:
        message = await asyncio.get_running_loop().sock_recv(self._control, 256)
        if not message:
            raise NotAllowed("The grader's own process has ended: grade again.")
        return message.decode()


class Child:
    """A process that runs one notebook, and answers probes about its names."""

    def __init__(self, pid: int, wire: socket.socket, safe: bool) -> None:
        self._pid, self._safe = pid, safe
        self._pidfd = os.pidfd_open(pid)
        self._wire = wire
        self._wire.setblocking(False)
        self._probe: Probed | None = None
        self._stopped = ""
        self._cell = 0
        self._most_cpu, self._granted = CELL_CPU, 0.0
        self._base = measure(pid).memory
        self._taken = 0.0  # seconds of looks, since it was last given time
        self.stops = 0

    async def run_cells(
        self,
        files: Mapping[str, str],
        cells: Sequence[tuple[int, str]],
        examples: Sequence[int] = (),
    ) -> dict[int, str]:
        """Run the cells in order; returns those that failed, and why. Raises `Stop`.

        Cells that are `examples` may be passed over where nothing uses their names.
        """
        await self._send_cells(files, cells, examples)
        failed: dict[int, str] = {}
        reader = FrameReader(HEARD)
        left = [number for number, _ in cells]
        self._cell = left[0] if left else 0
        while data := await self._receive():
            try:
                frames = reader.feed(data)
            except NotAValue:
                raise Stop(self._cell, _GARBLED) from None
            for frame in frames:
                match frame:
                    # Once each and in order: a cell that could call itself new would never end.
                    case {"cell": int(number)} if number in left:
                        left = left[left.index(number) + 1 :]
                        self._cell = number
                        self._allow(CELL_CPU)
                    case {"ran": int(number), "error": str(why)} if number == self._cell:
                        failed[number] = why[:500]
                    case {"ready": True}:
                        return failed
        raise Stop(self._cell, self._stopped or _ENDED)

    async def _send_cells(
        self,
        files: Mapping[str, str],
        cells: Sequence[tuple[int, str]],
        examples: Sequence[int],
    ) -> None:
        try:
            start = write_frame({"files": dict(files), "cells": cells, "examples": examples})
        except NotAValue as error:
            largest, _ = max(cells, key=lambda cell: len(cell[1]))
            raise Stop(largest, f"with it the notebook's code is too large ({error})") from None
        await asyncio.get_running_loop().sock_sendall(self._wire, start)

    async def _receive(self) -> bytes:
        try:
            return await asyncio.get_running_loop().sock_recv(self._wire, 65536)
        except ConnectionError:
            return b""

    @asynccontextmanager
    async def connect(
        self, handle: Handler, hold: Callable[[object], Token]
    ) -> AsyncIterator[Link]:
        """A link for one case of a check. Where the case ends cleanly, the next has the same."""
        if self._probe is not None and self._probe.ended:
            await self._discard(self._probe)
        if self._probe is None:
            self._probe = await self._open_probe()
        probe = self._probe
        probe.frames.renew()
        link = probe.link = Link(probe.send, handle, hold)
        self._stopped = ""
        self._allow(CASE_CPU)
        try:
            yield link
        finally:
            probe.link = None
            self.stops += bool(self._stopped)
            if self._stopped or link.waits or link.owes or probe.ended or self._has_started_more:
                await self._discard(probe)
            link.close(Stopped("the check is over"))

    async def _open_probe(self) -> "Probed":
        ours, theirs = socket.socketpair()
        with theirs, suppress(OSError):  # a child that is gone is noticed at the other end
            socket.send_fds(self._wire, [b"probe"], [theirs.fileno()])
        reader, writer = await asyncio.open_connection(sock=ours)
        probe = Probed(reader, writer, self._stop)
        probe.reading = asyncio.ensure_future(probe.read())
        return probe

    async def _discard(self, probe: "Probed") -> None:
        """End the probe's process with whatever it still runs."""
        self._probe = None
        for pid in children_of(self._pid):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        probe.writer.close()
        probe.reading.cancel()
        await asyncio.wait([probe.reading])

    async def watch(self) -> None:
        """Stop whatever uses too much, until cancelled."""
        idle, before = 0.0, -1.0
        while True:
            await asyncio.sleep(_LOOK)
            use = measure(self._pid)
            if self._granted:
                self._most_cpu, self._granted = use.cpu + self._granted, 0.0
            # Looks, not seconds: while the judge itself is slow, nobody else is idle or late.
            busy = use.runnable or use.cpu > before or self._owes
            idle = 0.0 if busy else idle + _LOOK
            self._taken += _LOOK
            before = use.cpu
            # Processor time can be hidden, by children that nobody waits for.
            if use.cpu > self._most_cpu or self._taken > PATIENCE:
                self._stop("it ran on and on (an endless loop?)")
            elif use.memory > MEMORY + use.processes * self._base:
                self._stop("it took too much memory")
            elif use.processes > sandbox.PROCESSES + 2:
                self._stop("it started too many processes")
            elif idle > IDLE:
                self._stop("it waited for something that never came")
                idle = 0.0

    @property
    def _owes(self) -> bool:
        probe = self._probe
        return probe is not None and (probe.link is None or probe.link.owes)

    @property
    def _has_started_more(self) -> bool:
        """Has the probe started processes of its own? They would be in the next one's way."""
        started = children_of(self._pid)
        return len(started) > 1 or any(map(children_of, started))

    def _allow(self, seconds: float) -> None:
        # It begins with the next look: what was used since the last one is not to be paid for.
        self._granted = seconds
        self._taken = 0.0

    def _stop(self, why: str) -> None:
        """Say why, and end it: the probe alone, or all where the cells still run."""
        if self._stopped:
            return
        self._stopped = why
        if self._probe is None:
            self.kill()
        elif self._probe.link is not None:
            self._probe.link.close(Stopped(why))

    async def close(self) -> None:
        """End every process of the submission, and let go of it."""
        self.kill()
        if self._probe is not None:
            await self._discard(self._probe)
        self._wire.close()
        os.close(self._pidfd)

    def kill(self) -> None:
        """End every process of the submission."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        if not self._safe:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)


class Probed:
    """The wire to a process that answers for the submission's names."""

    reading: asyncio.Future[None]

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        stop: Callable[[str], None],
    ) -> None:
        self.reader, self.writer, self._stop = reader, writer, stop
        self.frames = FrameReader(HEARD)
        self.link: Link | None = None
        self.ended = False

    def send(self, frame: Frame) -> None:
        """Take a frame away."""
        self.writer.write(write_frame(frame))

    async def read(self) -> None:
        """Hand on what the submission says, until it hangs up."""
        try:
            while data := await self.reader.read(65536):
                for frame in self.frames.feed(data):
                    if self.link is not None:
                        with at_most(ANSWER_CPU):
                            self.link.receive(frame)
            self._stop(_ENDED)
        except ConnectionError:
            self._stop(_ENDED)
        except TookTooLong:
            self._stop("it asked the grader for something that takes too long")
        except Exception:  # whatever it sent, it was none of our protocol
            self._stop(_GARBLED)
        finally:
            self.ended = True
