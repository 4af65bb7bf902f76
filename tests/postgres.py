"""A PostgreSQL server of the tests' own: started where its programs are installed, else skipped.

``RECSYS_TEST_POSTGRES`` names a server to use instead; tests that stop a server need their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tests.bench.servers import free_port

PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt")
QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


class NoPostgres(RuntimeError):
    """No programs of PostgreSQL on this machine."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server that can be stopped and started."""

    folder: Path
    programs: Path
    port: int
    settings: str

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -k '' -c listen_addresses=127.0.0.1 {self.settings}"
        log = str(self.folder / "log")
        data = str(self.folder / "data")
        self._run("pg_ctl", "-D", data, "-l", log, "-w", "-t", "30", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` loses all that is not on the disk, as a crash would."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def make(self) -> None:
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if os.getuid() == 0:
            # The server refuses to run as root.
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )


def programs() -> Path:
    """Return the folder of ``initdb`` and ``pg_ctl``.

    Raises
    ------
    NoPostgres
        There is none.
    """
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    for place in PLACES:
        for program in sorted(Path(place).glob("*/bin/initdb"), reverse=True):
            return program.parent
    raise NoPostgres("PostgreSQL is not installed here, and RECSYS_TEST_POSTGRES names no server")


@contextmanager
def cluster(settings: str = QUICK) -> Iterator[Cluster]:
    """Run a server of one's own until the end of the block.

    Raises
    ------
    NoPostgres
        It is not installed.
    """
    found = programs()
    folder = Path(mkdtemp(prefix="recsys-postgres-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    made = Cluster(folder, found, free_port(), settings)
    try:
        made.make()
        made.start()
        yield made
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)
