"""Files of known tools in our words, so that they are checked as any other."""

from __future__ import annotations

from dataclasses import replace

from recsys.config import Config
from recsys.config.data import Columns
from recsys.connectors.translate import translated
from training.importing.read import RawFile


def in_our_words(raw: RawFile, config: Config) -> tuple[RawFile, Config]:
    """Return the file in our words, and the configuration by which it is read then.

    The table of its tool says what its columns mean, no configured name; files of no known tool
    are returned as they are.
    """
    if raw.tool is None:
        return raw, config
    shape = raw.tool.shape
    told = translated(raw.frame, shape, key=config.privacy.email_key)
    own = config.data.zones.get(raw.tool.tool, shape.time.zone if shape.time else "")
    changes = {"columns": Columns(), "timezone": own or config.data.timezone}
    if shape.time is not None and shape.time.unit:
        changes["time_format"] = ""
    data = config.data.model_copy(update=changes)
    note = f"{raw.tool}; `--as none` reads it by usual names"
    file = replace(raw, frame=told.frame, told=told, notes=(note, *raw.notes))
    return file, config.model_copy(update={"data": data})
