"""Files into frames: every row of the file is in the frame, or put aside with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import polars as pl

from recsys.config import Data
from recsys.connectors.registry import Tools, tools
from recsys.connectors.tool import Recognised
from recsys.connectors.translate import Translated
from recsys.errors import UnreadableFile
from training.importing import tool_rows
from training.importing.delimited import read_delimited
from training.importing.json_rows import with_products
from training.importing.layout import layout
from training.importing.rows import Rows
from training.importing.sniff import Form, Sniffed, refuse_unreadable, sniff
from training.importing.tables import read_parquet, read_sheet
from training.importing.xml_rows import read_xml

__all__ = ["AS_IT_IS", "RawFile", "ReadAs", "configured", "read_file", "refuse_unreadable"]


@dataclass(frozen=True, slots=True)
class ReadAs:
    """What a configuration says of files; empty: what they show themselves.

    Attributes
    ----------
    encoding : str
        Of text.
    separator : str
        Between the fields of a row.
    header : sequence of str
        What the columns are called in a file that does not say it.
    tools : mapping of str to Tool
        Tools whose files are known by themselves; empty: all are read by usual names.
    wanted : str
        The tool, or ``tool.kind``, of which a file is, whatever it shows; ``none``: of none.
    """

    encoding: str = ""
    separator: str = ""
    header: Sequence[str] = ()
    tools: Tools = field(default_factory=dict)
    wanted: str = ""


AS_IT_IS = ReadAs()


def configured(data: Data) -> ReadAs:
    """Return what the configuration says of files."""
    return ReadAs(data.encoding, data.separator, data.header)


def of_tools(data: Data) -> ReadAs:
    """Return the same, of files that may be those of a tool.

    Raises
    ------
    BadConnector
        A table of a tool in the configured folder is none.
    """
    known = {} if data.tool == "none" else tools(data.connectors)
    return replace(configured(data), tools=known, wanted=data.tool)


@dataclass(frozen=True, slots=True)
class RawFile:
    """The rows of a file as they stand, and those that could not even be split into columns.

    Attributes
    ----------
    path : Path
        Where it is.
    sha256 : str
        Of its bytes.
    frame, row, broken, notes, place, tool
        As in :class:`training.importing.rows.Rows`.
    told : Translated or None
        The rows in our words, where a tool is known; they are those of `frame`.
    """

    path: Path
    sha256: str
    frame: pl.DataFrame
    row: pl.Series
    broken: pl.DataFrame
    notes: tuple[str, ...] = ()
    place: pl.Series | None = None
    tool: Recognised | None = None
    told: Translated | None = None

    @property
    def theirs(self) -> pl.DataFrame:
        """The rows as they stand in the file; no address as an id where a tool is known."""
        return self.frame if self.told is None else self.told.theirs

    @property
    def rows(self) -> int:
        """Rows in the file; an order of several products in one line counts for each of them."""
        return len(self.frame) + len(self.broken)


def read_file(path: Path, how: ReadAs = AS_IT_IS) -> RawFile:
    """Read a file, whatever its bytes show that it is.

    Raises
    ------
    UnreadableFile
        It does not exist, is a folder, empty, of an unknown format, or broken as a whole.
    UnaccountedRows
        A line of it is neither a row nor put aside.
    """
    refuse_unreadable(path)
    content = _content(path)
    sniffed = sniff(path, content, encoding=how.encoding)
    try:
        rows = _rows(path, sniffed, how)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableFile(path, str(error).splitlines()[0]) from error
    if not len(rows.frame) and not len(rows.broken):
        raise UnreadableFile(path, "it has no rows")
    if not len(rows.frame):
        raise UnreadableFile(path, f"no row of it can be read: {rows.broken['reason'][0]}")
    notes = (*_of_text(sniffed), *rows.notes)
    return RawFile(path, sha256(content).hexdigest(), *rows._replace(notes=notes))


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(path, error.strerror or str(error)) from error
    if not content:
        raise UnreadableFile(path, "it is empty")
    return content


def _rows(path: Path, sniffed: Sniffed, how: ReadAs) -> Rows:
    of_tool = partial(tool_rows.of_frame, how.tools, how.wanted)
    match sniffed.form:
        case Form.PARQUET:
            nested = tool_rows.of_parquet(how.tools, how.wanted, sniffed.content)
            return of_tool(read_parquet(sniffed.content)) if nested is None else nested
        case Form.SHEET:
            return of_tool(read_sheet(path, sniffed.content))
        case Form.XML:
            return read_xml(path, sniffed.content)
        case Form.JSON:
            return tool_rows.of_json(how.tools, how.wanted, path, sniffed.content)
    header = how.header or tool_rows.header_beside(path)
    laid = layout(path, sniffed.content, separator=how.separator, header=header)
    return with_products(of_tool(read_delimited(sniffed.content, laid)))


def _of_text(sniffed: Sniffed) -> tuple[str, ...]:
    notes = []
    if sniffed.encoding not in ("", "ASCII", "UTF-8"):
        notes.append(f"encoding: {sniffed.encoding}")
    if sniffed.replaced:
        notes.append(f"{sniffed.replaced:,} bytes are not {sniffed.encoding}: replaced by U+FFFD")
    return tuple(notes)
