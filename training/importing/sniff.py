"""What a file is: unpacked, told apart by its first bytes, and its text as UTF-8."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from charset_normalizer import from_bytes

from recsys.errors import UnreadableFile, shown

PACKED = (".gz", ".zip", ".bz2", ".xz")
TEXT = (".csv", ".tsv", ".tab", ".psv", ".txt", ".dat", ".data", ".inter", ".item", ".user")
JSON = (".json", ".jsonl", ".ndjson")
XML = (".xml", ".rss", ".atom")
EXCEL = (".xlsx", ".xlsm", ".xls", ".ods")
FORMATS = (
    "csv, tsv, txt, dat, json, jsonl, ndjson, xml (each also .gz, .zip, .bz2, .xz), parquet, xlsx, "
    "xls"
)
REPLACED = "\ufffd"

_DEEPEST = 3
_SAMPLE = 65_536
_SOME = 20
_FEW_BAD = 0.01
_WIDE_ZEROS = 0.2
_ENOUGH = 12
_WIDE = ["utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "utf_7"]
_UNPACK: Mapping[bytes, tuple[str, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": ("gzip", gzip.decompress),
    b"BZh": ("bzip2", bz2.decompress),
    b"\xfd7zXZ\x00": ("xz", lzma.decompress),
}
_SHEETS = (b"\xd0\xcf\x11\xe0", b"PK\x03\x04")
_OTHERS = {
    b"\x28\xb5\x2f\xfd": "it is packed with zstd: unpack it first",
    b"Obj\x01": "it is Avro: write it as Parquet or JSON lines",
    b"ARROW1": "it is Arrow or Feather: write it as Parquet",
    b"ORC": "it is ORC: write it as Parquet",
    b"SQLite format 3": "it is a SQLite database: write the table as CSV",
    b"%PDF": "it is a PDF",
    b"version https://git-lfs": "it is a pointer of Git LFS, not the file: run `git lfs pull`",
}
_WEB_PAGE = rb"(?is)[\xef\xbb\xbf\s]*(<!doctype html|<html|<table)"
_MARK = b"\xef\xbb\xbf\xff\xfe"
_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\x00\x00\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}


class Form(StrEnum):
    """How the rows of a file are written."""

    DELIMITED = "delimited text"
    JSON = "JSON"
    PARQUET = "Parquet"
    SHEET = "a workbook"
    XML = "XML"


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file holds.

    Attributes
    ----------
    form : Form
        How its rows are written.
    content : bytes
        Unpacked; text as UTF-8 without a byte order mark.
    encoding : str
        Of its text, in words; empty where it is none.
    replaced : int
        Bytes that are not of that encoding, each now ``U+FFFD``.
    """

    form: Form
    content: bytes
    encoding: str = ""
    replaced: int = 0


def refuse_unreadable(path: Path) -> None:
    """Refuse what the name alone shows to be unreadable, before anything else is done.

    Raises
    ------
    UnreadableFile
        It does not exist, is a folder, or is of an unknown format.
    """
    if path.is_dir():
        raise UnreadableFile(path, "it is a folder; name a file in it")
    if not path.exists():
        raise UnreadableFile(path, "there is no such file")
    if path.suffix.lower() == ".zip" and not zipfile.is_zipfile(path):
        raise UnreadableFile(path, "broken zip: it has no list of its files, so it was cut short")
    if (suffix := suffix_of(path)) in PACKED:
        like = f"{path.stem}.csv{path.suffix}"
        raise UnreadableFile(path, f"its name does not say what is packed; call it as {like}")
    if suffix not in (*TEXT, *JSON, *EXCEL, *XML, ".parquet", ".pq"):
        ending = f"unknown format {shown(path.suffix)}" if path.suffix else "its name has no ending"
        raise UnreadableFile(path, f"{ending}; known: {FORMATS}")


def suffix_of(path: Path) -> str:
    """Return what the name says of the format, in lower case and without how it is packed."""
    bare = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return (bare.suffix or path.suffix).lower()


def sniff(path: Path, content: bytes, *, encoding: str = "") -> Sniffed:
    """Tell what the bytes of a file are: by themselves, not by its name.

    Parameters
    ----------
    path : Path
        Its name, for messages.
    content : bytes
        All of it.
    encoding : str
        Of its text; empty: UTF-8, or what a byte order mark says.

    Raises
    ------
    UnreadableFile
        It is packed and broken or holds several files, is no table, or its encoding cannot be told.
    """
    content = _unpacked(path, content)
    if not content:
        raise UnreadableFile(path, "it is empty")
    if suffix_of(path) not in XML and re.match(_WEB_PAGE, content[:_SAMPLE]):
        why = "it is a web page (HTML), of a login perhaps: export the table as CSV"
        raise UnreadableFile(path, why)
    for mark, why in _OTHERS.items():
        if content.startswith(mark):
            raise UnreadableFile(path, why)
    if form := _bare_form(path, content):
        return Sniffed(form, content)
    text, name, replaced = _as_utf8(path, content, encoding)
    text = _with_line_feeds(text)
    form = Form.JSON if _is_json(text, path) else Form.DELIMITED
    return Sniffed(form, text, name, replaced)


def _with_line_feeds(text: bytes) -> bytes:
    """Return text whose lines end alike; what a field in quotes holds stays as it is."""
    if b"\r" not in text:
        return text
    if b"\r\r\n" in text:
        text = text.replace(b"\r\r\n", b"\n")
    if b"\n" not in text or text.count(b"\r") > text.count(b"\r\n"):
        text = text if b'"' in text and b"\n" in text else re.sub(rb"\r\n?", b"\n", text)
    return text


def _bare_form(path: Path, content: bytes) -> Form | None:
    """Return the form of what its own reader decodes; None for other text."""
    suffix, head = suffix_of(path), content[:18].replace(b"\0", b"").lstrip(_MARK)
    if content.startswith(b"PAR1") or suffix in (".parquet", ".pq"):
        return Form.PARQUET
    if content.startswith(_SHEETS):
        return Form.SHEET
    if suffix in XML or head.startswith(b"<?xml"):
        return Form.XML
    if suffix in EXCEL:
        raise UnreadableFile(path, "it is no workbook")
    return None


def _unpacked(path: Path, content: bytes) -> bytes:
    for _ in range(_DEEPEST):
        magic = next((mark for mark in _UNPACK if content.startswith(mark)), None)
        if magic is not None:
            name, unpack = _UNPACK[magic]
            try:
                content = unpack(content)
            except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
                raise UnreadableFile(path, f"broken {name}: {error}") from error
        elif content.startswith(b"PK\x03\x04"):
            inner = _of_zip(path, content)
            if inner is None:
                return content
            content = inner
        elif path.suffix.lower() == ".gz" and content.strip():
            raise UnreadableFile(path, "broken gzip: it is not packed")
        else:
            return content
        path = path.with_suffix("")
    return content


def _of_zip(path: Path, content: bytes) -> bytes | None:
    """Return the one file of an archive; None where the archive is a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [
                name
                for name in archive.namelist()
                if not name.endswith("/") and not name.startswith("__MACOSX")
            ]
            if {"[Content_Types].xml", "mimetype"} & set(names):
                return None
            if len(names) != 1:
                held = f"{len(names)} files ({', '.join(names[:3])}…): unpack it and import each"
                raise UnreadableFile(path, f"the archive holds {held}")
            return archive.read(names[0])
    except (zipfile.BadZipFile, RuntimeError, OSError, zlib.error) as error:
        raise UnreadableFile(path, f"broken zip: {error}") from error


def _as_utf8(path: Path, content: bytes, encoding: str) -> tuple[bytes, str, int]:
    """Return text as UTF-8, what its encoding was, and how many bytes were not of it."""
    for mark, name in _MARKS.items():
        if content.startswith(mark) and encoding in ("", name):
            said = "UTF-8" if name == "utf-8" else f"{name.upper()} with a byte order mark"
            return _decoded(content[len(mark) :], name, said)
    if encoding:
        return _decoded(content, encoding, f"{encoding}, as configured")
    if wide := _wide(content):
        return _decoded(content, wide, f"{wide.upper()} without a byte order mark")
    return _unmarked(path, content)


def _unmarked(path: Path, content: bytes) -> tuple[bytes, str, int]:
    if content.isascii():
        return content, "ASCII", 0
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("utf-8", errors="replace")
    else:
        return content, "UTF-8", 0
    if b"\x00" in content[:_SAMPLE]:
        raise UnreadableFile(path, "it is neither text nor a known format")
    bad = text.count(REPLACED)
    good = sum(1 for one in text if one > "\x7f") - bad
    if good > bad:
        return text.encode(), "UTF-8", bad
    return _legacy(path, content)


def _decoded(content: bytes, encoding: str, said: str) -> tuple[bytes, str, int]:
    text = content.decode(encoding, errors="replace")
    return text.removeprefix("\ufeff").encode(), said, text.count(REPLACED)


def _wide(content: bytes) -> str:
    """Return the encoding of text whose every other byte is zero; empty for other text."""
    sample = content[: _SAMPLE // 2 * 2]
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = sample[first::2], sample[1 - first :: 2]
        if zeros.count(0) > _WIDE_ZEROS * len(zeros) and others.count(0) == 0 and len(zeros) > 1:
            return name
    return ""


def _legacy(path: Path, content: bytes) -> tuple[bytes, str, int]:
    """Return text of a code page: Windows-1252 unless it looks like another one."""
    lines = [line for line in content.splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:_SAMPLE]
    western = sample.decode("cp1252", errors="replace")
    best = from_bytes(sample, cp_exclusion=_WIDE).best()
    told = sum(1 for one in sample if one > 127) >= _ENOUGH
    example = next(word for word in western.split() if not word.isascii())[:_SOME]
    if told and best is not None and str(best) != western:
        if len(lines) < _FEW_BAD * content.count(b"\n"):
            return _decoded(content, "utf-8", "UTF-8")
        raise UnreadableFile(
            path,
            f"it is not UTF-8 and may be {best.encoding}: write in recsys.toml under [data] "
            f'encoding = "{best.encoding}", or "cp1252" (Western Europe: {example!r}), '
            '"cp1250" (Central Europe), "cp1251" (Cyrillic)…',
        )
    return _decoded(content, "cp1252", f"not UTF-8: read as Windows-1252 ({example!r})")


def _is_json(text: bytes, path: Path) -> bool:
    start = text[:_SAMPLE].lstrip()[:1]
    return start == b"{" or start == b"[" or suffix_of(path) in JSON
