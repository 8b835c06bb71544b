"""A place for a stranger's code: Linux namespaces, without root.

Inside there is no network, no other process, no file of the machine but Python and the installed
packages (read-only), a small folder in memory to write to, no capability and no descriptor but one
socket. Killing the first process kills everything in it. See namespaces(7), user_namespaces(7).
"""

import ctypes
import os
import platform
import resource
import shutil
import signal
import socket
import sys
import sysconfig
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import planlab

HOME = "/submission"  # where the submission runs, and may write

MEMORY = 2 << 30  # bytes that a process may map; Python and the libraries take some 400 MB
FILE = 32 << 20  # bytes of one file
DISK = 64 << 20  # bytes of all files
FILES = 10_000  # and how many there may be
PROCESSES = 32
DESCRIPTORS = 256
CPU = 60  # seconds a process; the judge is stricter, this holds where the judge has died

_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
_CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_APART = (
    _CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS
)
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "arm64": 41, "riscv64": 41}
_NOBODY = 65534

_libc = ctypes.CDLL(None, use_errno=True)


def needed_paths() -> list[Path]:
    """What Python and its packages need to run, and nothing else of the machine."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    found = [sysconfig.get_path(name) for name in names]
    found += [sysconfig.get_path(name, vars=base) for name in names]  # of a venv's own Python
    found += [sysconfig.get_config_var("LIBDIR")]
    found += ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo"]
    return sorted({Path(path) for path in found if path and Path(path).is_dir()})


def missing() -> str | None:
    """What this system lacks for a sandbox, in words; None where nothing is."""
    if sys.platform != "linux" or platform.machine() not in _PIVOT_ROOT:
        return "This is no Linux on x86-64, ARM64 or RISC-V."
    pid = os.fork()
    if pid == 0:
        _try_out()
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        return (
            "This system does not let us make namespaces, or they cannot read this Python. In a "
            "container, `unshare` must be allowed; on Ubuntu, set "
            "kernel.apparmor_restrict_unprivileged_userns=0."
        )
    return None


def _try_out() -> NoReturn:
    try:
        enter(prepare(), report=lambda pid: None)
        (Path(planlab.__file__).parent / "records.py").read_bytes()
        os._exit(0)
    except Exception:
        os._exit(1)


def prepare(withheld: Iterable[str] = ()) -> int:
    """Leave the machine's files for a root with Python alone, once for many sandboxes.

    `withheld` modules are not there. Returns what `enter` needs: a descriptor of /proc. Root
    becomes nobody. Raises `OSError`.
    """
    paths = needed_paths()
    withheld = tuple(withheld)
    proc = os.open("/proc", os.O_PATH)
    if _is_privileged():
        _change_root(paths, withheld)
        _become(_NOBODY)
    else:
        uid, gid = os.getuid(), os.getgid()
        _unshare(_CLONE_NEWUSER | _CLONE_NEWNS)
        _map_ids(proc, uid, gid)
        _change_root(paths, withheld)
    return proc


def enter(proc: int, *, report: Callable[[int], None], keep: Collection[int] = ()) -> None:
    """Returns as the first process of a new sandbox, in its empty `HOME`.

    The calling process never returns: it calls `report` with the new process's id, as the machine
    counts, stays as its parent and dies with it. `keep` are descriptors to take along. Raises
    `OSError`.
    """
    uid, gid = os.getuid(), os.getgid()
    _unshare(_APART)
    _map_ids(proc, uid, gid)
    # In a user namespace of its own it would be root again, and could fill the memory with mounts.
    with suppress(OSError):  # some containers cannot write here; what is covered stays covered
        _write(proc, "sys/user/max_user_namespaces", "0")
    options = f"size={DISK},nr_inodes={FILES},mode=700,uid={uid},gid={gid}"
    _mount("tmpfs", HOME, "tmpfs", _MS_NOSUID | _MS_NODEV, options)
    pid = os.fork()
    if pid:
        # The new process could ask to outlive its parent; so the parent does not just die.
        signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGKILL))
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        report(pid)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xFF)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()  # a signal to its process group must not reach ours
    _close_others(keep)
    socket.sethostname("submission")
    _drop_capabilities()
    _limit()
    os.chdir(HOME)


def _is_privileged() -> bool:
    """Are we root, and in a mount namespace of our own now? A container's root may not make one."""
    try:
        if os.getuid() == 0:
            _unshare(_CLONE_NEWNS)
            return True
    except PermissionError:
        pass
    return False


def _change_root(paths: Iterable[Path], withheld: Iterable[str]) -> None:
    """A root of our own in memory, with `paths` bound into it where they stood."""
    _mount(None, "/", flags=_MS_REC | _MS_PRIVATE)
    scaffold = _free_folder(paths)
    _mount("tmpfs", scaffold, "tmpfs", _MS_NOSUID, f"size={DISK},mode=755")
    for path in paths:
        _bind(path, scaffold)
    for device in ("null", "zero", "random", "urandom"):
        _bind(Path("/dev", device), scaffold, extra=0)
    _copy_package(scaffold, withheld)
    os.mkdir(scaffold + HOME)
    os.chdir(scaffold)
    _check(_libc.syscall(_PIVOT_ROOT[platform.machine()], b".", b"."))
    _check(_libc.umount2(b".", _MNT_DETACH))
    os.chdir("/")
    _mount(None, "/", flags=_MS_REMOUNT | _MS_RDONLY | _MS_NOSUID)


def _copy_package(scaffold: str, withheld: Iterable[str]) -> None:
    """A copy of planlab without the `withheld` modules.

    A copy, since what covers a file of ours is gone as soon as that file is written anew.
    """
    package = Path(planlab.__file__).parent.resolve()
    target = Path(scaffold + str(package))
    target.mkdir(parents=True, exist_ok=True)
    _mount("tmpfs", str(target), "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={DISK},mode=755")
    gone = [package.joinpath(*name.split(".")[1:]) for name in withheld]

    def left_out(folder: str, names: list[str]) -> list[str]:
        here = Path(folder).parent if Path(folder).name == "__pycache__" else Path(folder)
        return [name for name in names if here / name.partition(".")[0] in gone]

    shutil.copytree(package, target, ignore=left_out, dirs_exist_ok=True)
    for path in gone:
        cover = Path(f"{scaffold}{path}.py")
        cover.write_text('raise ImportError("This lab builds it itself: it is not there.")\n')
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    _mount(None, str(target), flags=_MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def _free_folder(paths: Iterable[Path]) -> str:
    """A folder to build in that hides none of `paths`."""
    taken = {parent for path in paths for parent in (path, *path.parents, path.resolve())}
    taken |= {parent for path in paths for parent in path.resolve().parents}
    for folder in ("/mnt", "/media", "/srv", "/opt", "/sys"):
        if os.path.isdir(folder) and Path(folder) not in taken:
            return folder
    raise OSError("no folder to mount on")


def _bind(path: Path, scaffold: str, extra: int = _MS_NODEV) -> None:
    """Show `path` inside, read-only, under the name it has here."""
    real = path.resolve()
    target = Path(scaffold + str(real))
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.mkdir() if real.is_dir() else target.touch()
        _mount(str(real), str(target), flags=_MS_BIND)
        # What was locked when the source was mounted must stay so, or the kernel refuses.
        locked = os.statvfs(target).f_flag & (_MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
        flags = _MS_BIND | _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | locked | extra
        _mount(None, str(target), flags=flags | _access_time(target))
    link = Path(scaffold + str(path))
    if real != path and not os.path.lexists(link):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(real)


def _access_time(target: Path) -> int:
    """The source's setting for access times, which is locked as well: MS_NOATIME and the like."""
    return os.statvfs(target).f_flag & (os.ST_NOATIME | os.ST_NODIRATIME | os.ST_RELATIME)


def _become(id: int) -> None:
    os.setgroups([])
    os.setresgid(id, id, id)
    os.setresuid(id, id, id)
    _libc.prctl(_PR_SET_DUMPABLE, 1)  # else /proc/self is root's, and no id can be mapped


def _map_ids(proc: int, uid: int, gid: int) -> None:
    texts = {"setgroups": "deny", "uid_map": f"{uid} {uid} 1", "gid_map": f"{gid} {gid} 1"}
    for name, text in texts.items():
        _write(proc, f"self/{name}", text)


def _write(proc: int, name: str, text: str) -> None:
    descriptor = os.open(name, os.O_WRONLY, dir_fd=proc)
    os.write(descriptor, text.encode())
    os.close(descriptor)


def _close_others(keep: Collection[int]) -> None:
    """Keep only these descriptors; input and output lead nowhere."""
    last = -1
    for descriptor in sorted(keep):
        os.closerange(last + 1, descriptor)
        last = descriptor
    os.closerange(last + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    nowhere = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        if standard not in keep:
            os.dup2(nowhere, standard)
    if nowhere > 2:
        os.close(nowhere)


def _drop_capabilities() -> None:
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # those that do not exist say so
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _check(_libc.capset(header, nothing))


def _limit() -> None:
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: CPU,
        resource.RLIMIT_FSIZE: FILE,
        resource.RLIMIT_NOFILE: DESCRIPTORS,
        resource.RLIMIT_NPROC: PROCESSES,
    }
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def _unshare(flags: int) -> None:
    _check(_libc.unshare(flags))


def _mount(
    source: str | None, target: str, kind: str | None = None, flags: int = 0, options: str = ""
) -> None:
    parts = [part.encode() if part else None for part in (source, target, kind, options)]
    _check(_libc.mount(parts[0], parts[1], parts[2], ctypes.c_ulong(flags), parts[3]))


def _check(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
