"""How much a submission and everything that it started uses, read from /proc.

The processor's time counts, not the clock's, so that a slow machine changes no grade.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01
_PAGE = 4096


@dataclass(frozen=True)
class Use:
    """Processor time so far in seconds, memory in bytes, processes; does any want to run?"""

    cpu: float
    memory: int
    processes: int
    runnable: bool


def measure(pid: int) -> Use:
    """What the process `pid` and its descendants use; nothing where it has ended."""
    cpu, memory, runnable = 0.0, 0, False
    family = [pid]
    for member in family:
        with suppress(OSError, ValueError, IndexError):
            family += _children(member)
            fields = _stat(member)
            cpu += sum(map(int, fields[11:15])) * _TICK  # its own, and its dead children's
            memory += _private_memory(member)
            runnable = runnable or fields[0] in ("R", "D")
    return Use(cpu, memory, len(family), runnable)


def children_of(pid: int) -> list[int]:
    """The ids of the processes that `pid` has started, as far as it lives."""
    with suppress(OSError, ValueError):
        return _children(pid)
    return []


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(id) for task in tasks for id in (task / "children").read_text().split()]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on (proc(5)): the name before may hold any."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _private_memory(pid: int) -> int:
    resident, shared = map(int, Path(f"/proc/{pid}/statm").read_text().split()[1:3])
    return (resident - shared) * _PAGE
