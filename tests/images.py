"""A Dockerfile built and run where no container engine is: its own steps, in bare Debian roots.

Every stage gets a root of its own, made by debootstrap as the base image is, and every step runs
in it by chroot, with namespaces of its own and nothing inherited but the machine's way to the
network. What an engine adds on top (layers, a registry, limits of its runtime) is not tried here.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

# What an engine hands to a container too: how names are found, which authorities are trusted.
NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs")
PROGRAMS = ("debootstrap", "unshare", "chroot", "mount", "apt-get")


class NoRoot(RuntimeError):
    """This machine cannot make a bare Debian root."""


@dataclass(frozen=True)
class Image:
    """A root folder, and how what runs in it is started."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()

    def step(self, *words: str) -> None:
        """Run a step of the build, which may write anywhere.

        Raises
        ------
        RuntimeError
            It failed; with what it printed.
        """
        done = subprocess.run(
            _enter(self, words, _mounts(self.root)), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{shlex.join(words)} failed:\n{done.stdout}\n{done.stderr}")

    def run(
        self, volume: Path, *words: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in a container: only its volume and /tmp can be written to."""
        command = self._contained(volume, words, environment)
        return subprocess.run(command, capture_output=True, text=True, check=False)

    @contextmanager
    def started(
        self, volume: Path, *words: str, **environment: str
    ) -> Iterator[subprocess.Popen[str]]:
        """Start a command in a container, which is gone at the end of the block."""
        process = subprocess.Popen(
            self._contained(volume, words, environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            # With the first process of its namespace the others end too.
            for first in _first(process):
                os.kill(first, signal.SIGKILL)
            process.communicate()

    def _contained(
        self, volume: Path, words: Sequence[str], environment: dict[str, str]
    ) -> list[str]:
        (place,) = self.volumes
        mounts = [
            f"mount --bind {self.root} {self.root}",
            f"mount --options remount,bind,ro {self.root}",
            f"mount --bind {volume} {self.root}{place}",
            f"mount -t tmpfs tmpfs {_inside(self.root, '/tmp')}",  # noqa: S108 - the root's own
            *_devices(self.root),
        ]
        given = replace(self, environment={**self.environment, **environment})
        return _enter(given, (*self.entrypoint, *(words or self.cmd)), mounts)


def stop(process: subprocess.Popen[str]) -> int:
    """Stop what was started as ``docker stop`` does, and return its exit code."""
    (first,) = _first(process)
    os.kill(first, signal.SIGTERM)
    return process.wait(timeout=20)


def _first(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def build(dockerfile: str, context: Path, place: Path) -> Image:
    """Take every step of ``dockerfile`` on the files of ``context``, with all roots in ``place``.

    Raises
    ------
    NoRoot
        This machine cannot: not root, no debootstrap, no archive.
    ValueError
        An instruction that this builder does not know.
    """
    stages: dict[str, Image] = {}
    name = ""
    for word, rest in instructions(dockerfile):
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages[name] = _from(base, stages, place / f"stage-{name or 'last'}")
        else:
            stages[name] = _taken(word, rest, stages[name], stages, context)
    return stages[name]


def context(folder: Path) -> list[str]:
    """Return what the .dockerignore of ``folder`` lets into a build."""
    lines = (folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def copy_context(folder: Path, goal: Path) -> None:
    """Copy to ``goal`` what an engine sends to a build."""
    for name in context(folder):
        if (folder / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(folder / name, goal / name, ignore=ignored)
        else:
            shutil.copy(folder / name, goal / name)


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile in order: the first word, and the rest of it."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [
        (word, rest)
        for word, _, rest in (line.partition(" ") for line in whole.splitlines() if line)
    ]


def _from(base: str, stages: dict[str, Image], root: Path) -> Image:
    if base in stages:
        subprocess.run(
            ["cp", "-a", "--reflink=auto", str(stages[base].root), str(root)], check=True
        )
        return replace(stages[base], root=root)
    suite = re.fullmatch(r"debian:([a-z]+)-slim", base)
    if suite is None:
        raise ValueError(f"{base} is no Debian that debootstrap makes")
    _debootstrap(suite[1], root)
    return Image(root, {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})


def _debootstrap(suite: str, root: Path) -> None:
    lacking = [program for program in PROGRAMS if shutil.which(program) is None]
    if os.getuid() != 0 or lacking:
        raise NoRoot(f"a bare root takes the rights of root and {', '.join(lacking or PROGRAMS)}")
    command = ["debootstrap", "--variant=minbase", suite, str(root), _mirror()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoRoot(f"debootstrap says: {done.stdout.strip().splitlines()[-1:]}")


def _mirror() -> str:
    """Return where this machine takes Debian from."""
    asked = [
        "apt-get",
        "indextargets",
        "--format",
        "$(REPO_URI)",
        "Identifier: Packages",
        "Label: Debian",
    ]
    found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    if not found:
        raise NoRoot("apt knows no archive of Debian: apt-get update comes first")
    return found[0]


def _taken(word: str, rest: str, image: Image, stages: dict[str, Image], context: Path) -> Image:
    if word == "RUN":
        image.step("/bin/sh", "-c", rest)
        return image
    if word == "COPY":
        _copy(shlex.split(rest), image, stages, context)
        return image
    if word == "WORKDIR":
        _inside(image.root, rest).mkdir(parents=True, exist_ok=True)
    return replace(image, **_noted(word, rest, image))


def _noted(word: str, rest: str, image: Image) -> dict[str, Any]:
    match word:
        case "ENV":
            pairs = dict(pair.split("=", 1) for pair in shlex.split(rest))
            return {"environment": {**image.environment, **pairs}}
        case "WORKDIR" | "USER":
            return {word.lower(): rest}
        case "VOLUME":
            return {"volumes": (*image.volumes, rest)}
        case "ENTRYPOINT" | "CMD":
            return {word.lower(): tuple(json.loads(rest))}
        case "HEALTHCHECK":
            return {"health": tuple(json.loads(rest.partition("CMD ")[2]))}
        case "EXPOSE":
            return {}
    raise ValueError(f"this builder does not know {word}")


def _copy(words: list[str], image: Image, stages: dict[str, Image], context: Path) -> None:
    *sources, goal = words
    origin, how = context, ["cp", "-a", "-T"]
    if sources[0].startswith("--from="):
        # A stage is done with when another takes from it, so its files can be shared.
        origin, how = stages[sources.pop(0).removeprefix("--from=")].root, [*how, "--link"]
    for source in sources:
        target = _inside(image.root, str(Path(image.workdir) / goal))
        if goal.endswith("/"):
            target = target / Path(source).name
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([*how, str(_inside(origin, source)), str(target)], check=True)


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _mounts(root: Path) -> list[str]:
    mounts = _devices(root)
    for given in NETWORK:
        if not Path(given).exists():
            continue
        inside = _inside(root, given)
        make = "mkdir -p" if Path(given).is_dir() else "touch"
        mounts += [
            f"mkdir -p {inside.parent}",
            f"{make} {inside}",
            f"mount --bind {given} {inside}",
        ]
    return mounts


def _devices(root: Path) -> list[str]:
    return [f"mount -t proc proc {root}/proc", f"mount --rbind /dev {root}/dev"]


def _enter(image: Image, words: Sequence[str], mounts: Sequence[str]) -> list[str]:
    """Return the command that runs ``words`` as the first process of a container."""
    environment = [f"{name}={value}" for name, value in image.environment.items()]
    inside = f"cd {shlex.quote(image.workdir)} && exec {shlex.join(words)}"
    chroot = ["chroot", f"--userspec={image.user}", "--groups=", str(image.root)]
    run = [*chroot, "/usr/bin/env", "-i", *environment, "/bin/sh", "-c", inside]
    script = " && ".join([*mounts, f"exec {shlex.join(run)}"])
    return ["unshare", "--mount", "--pid", "--fork", "/bin/sh", "-c", script]
