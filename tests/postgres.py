"""A PostgreSQL server for the tests: a cluster of its own, on loopback, gone when they end.

Its programs come from the system's package (Debian's: `postgresql`); the system's own server, if
one runs, is left alone. PostgreSQL refuses to run as root, who runs it as the user postgres.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


def find_programs() -> Path | None:
    """The folder with initdb and pg_ctl: that of the newest version, where none is on the path."""
    if os.name != "posix":
        return None  # users and signals are of another kind there
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else []
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


@dataclass(frozen=True)
class Server:
    """A cluster in `folder`, on 127.0.0.1:`port`; its data is not safe from a loss of power."""

    programs: Path
    folder: Path
    port: int
    password: str

    def url(self, database: str = "postgres") -> str:
        """Where its only user finds a database; "postgres" is there from the start."""
        return f"postgresql://planlab:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        """Make the cluster; only who has the password gets in."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            for path in (self.folder, secret):
                shutil.chown(path, "postgres", "postgres")
        options = ["--username=planlab", f"--pwfile={secret}", "--auth=scram-sha-256"]
        options += ["--encoding=UTF8", "--no-locale", "--no-sync"]
        self._call("initdb", f"--pgdata={self.folder / 'data'}", *options)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-h 127.0.0.1 -p {self.port} -k '' -c fsync=off"
        log = f"--log={self.folder / 'log'}"
        self._call("pg_ctl", "start", "-w", "-D", str(self.folder / "data"), log, "-o", options)

    def stop(self) -> None:
        """Stop it, and cut off who is connected."""
        self._call("pg_ctl", "stop", "-w", "-D", str(self.folder / "data"), "--mode=fast")

    def remove(self) -> None:
        """Stop it, and leave nothing behind."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder)

    def _call(self, program: str, *arguments: str) -> None:
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=50,
            **(user if os.geteuid() == 0 else {}),
        )


def start_server(programs: Path) -> Server:
    """A server that runs, on a port that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="planlab-postgres-"))
    server = Server(programs, folder, port, secrets.token_hex(16))
    try:
        server.create()
        server.start()
    except BaseException:
        shutil.rmtree(folder)
        raise
    return server
