"""`python -m tests.bench.structure [FOLDER]`: how a checkout is built, and two ways through it.

Files and lines of each package, imports that run back up from `recsys`, the longest chain of
imports, modules that one other imports, class names used twice; then how many modules a user id
passes on its way from the route to the answer, and an event from the body of a request to its row.

The ways are those of real requests to the API on the small shop of the tests, seen by the
profiler. A module is passed where one of its functions is given the thing itself: the user id; the
event, as bytes, as text or as a value that has its id in it.
"""

from __future__ import annotations

import ast
import asyncio
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import httpx2
import orjson
import typer
from rich.console import Console
from rich.table import Table

PACKAGES = ("recsys", "api", "training")
SHELLS = ("api", "training")
USER, EVENT = "u00", "an-event-of-its-own"
NOON = 1_767_268_800_000_000

console = Console(highlight=False)

Imports = Mapping[str, frozenset[str]]


def main(
    folder: Annotated[Path, typer.Argument(help="The checkout to look at.")] = Path(),
    *,
    trace: Annotated[bool, typer.Option(help="Follow a user id and an event.")] = True,
) -> None:
    """Print the figures of a checkout."""
    sources = {_name(path, folder): path for path in _files(folder)}
    trees = {name: ast.parse(path.read_text()) for name, path in sources.items()}
    imports = {name: _imported(name, tree, trees) for name, tree in trees.items()}
    _print_sizes(sources)
    back = [(a, b) for a in imports for b in imports[a] if a[:6] == "recsys" and _top(b) in SHELLS]
    console.print(f"imports from recsys back up: {len(back)}{_listed(map('→'.join, back))}")
    chain = longest_chain(imports)
    console.print(f"longest chain of imports: {len(chain)} modules: {' → '.join(chain)}")
    importers = Counter(name for own in imports.values() for name in own)
    console.print(f"modules that one other imports: {sum(n == 1 for n in importers.values())}")
    twice = class_names_used_twice(trees)
    console.print(f"class names used twice: {len(twice)}{_listed(sorted(twice))}")
    if trace:
        told = subprocess.run(
            [sys.executable, "-P", str(Path(__file__).resolve()), "follow"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder.resolve())},
            check=True,
            capture_output=True,
        )
        for what, modules in orjson.loads(told.stdout).items():
            console.print(f"{what}: {len(modules)} modules{_listed(modules)}")


def longest_chain(imports: Imports) -> tuple[str, ...]:
    """Return the most modules of which each imports the next; where imports turn back, it ends."""
    open_: set[str] = set()

    @cache
    def below(name: str) -> tuple[str, ...]:
        open_.add(name)
        chains = (below(each) for each in sorted(imports[name]) if each not in open_)
        longest: tuple[str, ...] = max(chains, key=len, default=())
        open_.discard(name)
        return (name, *longest)

    return max(map(below, sorted(imports)), key=len)


def class_names_used_twice(trees: Mapping[str, ast.Module]) -> list[str]:
    """Return the names that more than one class of the product has."""
    names = Counter(
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )
    return [name for name, uses in names.items() if uses > 1]


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for package in PACKAGES for path in (folder / package).rglob("*.py"))


def _name(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _top(name: str) -> str:
    return name.partition(".")[0]


def _imported(name: str, tree: ast.Module, known: Mapping[str, object]) -> frozenset[str]:
    """Return the modules of the product that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & known.keys()) or {node.module}
    return frozenset((found & known.keys()) - {name})


def _listed(names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f": {listed}" if listed else ""


def _print_sizes(sources: Mapping[str, Path]) -> None:
    rooms: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for name, path in sources.items():
        is_room = path.name == "__init__.py"
        room = name if is_room else name.rpartition(".")[0]
        for each in {_top(name), room}:
            rooms[each] += 1
            lines[each] += len(path.read_text().splitlines())
    table = Table("package", "files", "lines", box=None)
    for room in sorted(rooms):
        table.add_row(room, f"{rooms[room]}", f"{lines[room]:,}")
    console.print(table)
    console.print(f"in all {len(sources)} files, {sum(lines[top] for top in PACKAGES):,} lines")


def follow() -> None:
    """Print, as JSON, the modules that a user id and an event pass; run in the checkout."""
    from api.app import create_app
    from tests.worlds import build

    with tempfile.TemporaryDirectory() as folder:
        app = create_app(build(Path(folder)).config, clock=lambda: NOON)
        passed = asyncio.run(_passed(app))
    sys.stdout.buffer.write(orjson.dumps(passed))


async def _passed(app: Any) -> dict[str, list[str]]:
    user, event = _Passing(_is_user), _Passing(_has_event)
    one = {"message_id": EVENT, "user_id": USER, "event": "view", "item_id": "i01"}
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost")
    async with app.router.lifespan_context(app), client:
        for _ in range(2):  # the first request of a kind makes what the later ones find
            with user.noted():
                answer = await client.get(f"/v1/users/{USER}/recommendations")
            with event.noted():
                taken = await client.post("/v1/events", json={"batch": [one]})
            answer.raise_for_status(), taken.raise_for_status()
    return {
        "a user id from the route to the answer": sorted(user.modules),
        "an event from the body to its row": sorted(event.modules),
    }


class _Passing:
    """A profiler that notes the modules of the product that are given what it looks for."""

    def __init__(self, is_it: Callable[[Any], bool]) -> None:
        self._is_it = is_it
        self.modules: set[str] = set()

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what happens in the block, forgetting what was before."""
        self.modules.clear()
        threading.setprofile(self)
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        name = frame.f_globals.get("__name__", "")
        if event != "call" or _top(name) not in PACKAGES or name in self.modules:
            return
        code = frame.f_code
        given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if any(self._is_it(frame.f_locals.get(each)) for each in given):
            self.modules.add(name)


def _is_user(value: Any) -> bool:
    return isinstance(value, str) and value == USER


def _has_event(value: Any, depth: int = 3) -> bool:
    if isinstance(value, (bytes, bytearray)):
        return EVENT.encode() in value
    if isinstance(value, str):
        return EVENT in value
    if not depth:
        return False
    if isinstance(value, Mapping):
        return any(_has_event(each, depth - 1) for each in list(value.values())[:50])
    if isinstance(value, (list, tuple)):
        return any(_has_event(each, depth - 1) for each in value[:50])
    kind = type(value)
    fields = (*getattr(kind, "__dataclass_fields__", ()), *getattr(kind, "__struct_fields__", ()))
    return any(_has_event(getattr(value, name, None), depth - 1) for name in fields)


if __name__ == "__main__":
    if sys.argv[1:] == ["follow"]:
        follow()
    else:
        typer.run(main)
