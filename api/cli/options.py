"""Which configuration a command that answers is given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from recsys.config import Config
from recsys.storage.files.config import read_config

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Default: RECSYS_CONFIG, else ./recsys.toml.")
]


def settings_of(config: Path | None) -> Config:
    """Return the configuration in a file, else in the one that the environment names, else here.

    Raises
    ------
    ConfigError, UnreadableFile
        It cannot be used.
    """
    named = config or (Path(env) if (env := os.environ.get("RECSYS_CONFIG")) else None)
    if config is not None:
        # The workers read it too.
        os.environ["RECSYS_CONFIG"] = str(config)
    return read_config(named, os.environ)
