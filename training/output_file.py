"""Where a command writes its result, refused before the work rather than after it."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from recsys.errors import BadQuery


def refuse_unwritable(
    option: str, out: Path, *, inputs: Collection[Path] = (), endings: Collection[str] = ()
) -> None:
    """Refuse a file that could not be written in the end, or that is read; make its folder.

    Parameters
    ----------
    option : str
        What the user calls it.
    out : Path
        Where the result goes.
    inputs : collection of Path
        Files that the result must not overwrite.
    endings : collection of str
        Of the names allowed, any case; a name without an ending is always allowed, and empty
        allows every name.

    Raises
    ------
    BadQuery
        It is a folder, one of the inputs, of another ending, or cannot be written.
    """
    if out.is_dir():
        raise BadQuery(option, str(out), "a file; this is a folder")
    if out.exists() and any(path.exists() and path.samefile(out) for path in inputs):
        raise BadQuery(option, str(out), "another file than the one that is read")
    if endings and out.suffix and not out.name.lower().endswith(tuple(endings)):
        raise BadQuery(option, str(out), f"a file ending in {', '.join(endings)}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadQuery(option, str(out), f"a file in a folder: {error.strerror}") from error
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise BadQuery(option, str(out), "a file that may be written")
