"""Which tools are known, and which of them a file is of."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

from recsys.connectors.tool import Recognised, Tool
from recsys.errors import BadConnector, UnknownConnector

SHIPPED = Path(__file__).parent / "tools"

Tools = Mapping[str, Tool]
Columns = Mapping[str, Collection[str]]
"""The fields of a file, and some of the values of each."""


def tools(folder: str = "") -> Tools:
    """Return the tools that are known by name: shipped ones, and those of a folder, which win.

    Parameters
    ----------
    folder : str
        Of further TOML files, one a tool; empty: none.

    Raises
    ------
    BadConnector
        A file is no table of a tool.
    """
    return {**_shipped(), **(_in(Path(folder)) if folder else {})}


def file_of(name: str, folder: str = "") -> Path:
    """Return the file of the table of a tool.

    Raises
    ------
    UnknownConnector
        There is none.
    """
    places = [SHIPPED / f"{name}.toml"]
    if folder:
        places.insert(0, Path(folder) / f"{name}.toml")
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise UnknownConnector(name, sorted(tools(folder)))
    return found


def recognised(tools: Tools, columns: Columns, *, wanted: str = "") -> Recognised | None:
    """Return what a file is: the kind of which all proofs hold, the most of them; None without.

    Parameters
    ----------
    tools : mapping of str to Tool
        Those there are.
    columns : mapping of str to collection of str
        The fields of the file and some values.
    wanted : str
        ``tool`` or ``tool.kind`` that it is, whatever the proofs say; ``none``: of no tool.

    Raises
    ------
    UnknownConnector
        The wanted one is none.
    """
    if wanted == "none":
        return None
    found = judged(tools, columns)
    if wanted:
        found = [one for one in found if wanted in (one.tool, one.name)]
        if not found:
            raise UnknownConnector(wanted, sorted(tools))
        return found[0]
    return found[0] if found and found[0].held and not found[0].lacking else None


def judged(tools: Tools, columns: Columns) -> list[Recognised]:
    """Return every kind of file, those of which all proofs hold first, then by how many hold."""
    said = {name.lower(): set(values) for name, values in columns.items()}
    every = [one for name, tool in tools.items() for one in _kinds(name, tool, said)]
    return sorted(every, key=lambda one: (bool(one.lacking), -one.held, one.name))


def _kinds(name: str, tool: Tool, said: Mapping[str, set[str]]) -> Iterator[Recognised]:
    for kind, shape in tool.files.items():
        lacking = tuple(proof for proof in shape.match if not _holds(proof, said))
        held = len(shape.match) - len(lacking)
        yield Recognised(name, tool.title, kind, shape, held, lacking)


def _holds(proof: str, said: Mapping[str, set[str]]) -> bool:
    name, _, values = proof.partition("=")
    found = said.get(name.lower())
    if found is None:
        return False
    return not values or bool({one.lower() for one in found} & set(values.lower().split("|")))


@cache
def _shipped() -> Tools:
    return _in(SHIPPED)


def _in(folder: Path) -> Tools:
    if not folder.is_dir():
        raise BadConnector(folder, "there is no such folder")
    return {file.stem: _read(file) for file in sorted(folder.glob("*.toml"))}


def _read(file: Path) -> Tool:
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
        return msgspec.convert(said, Tool)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, OSError, UnicodeError) as error:
        raise BadConnector(file, str(error)) from error
