"""Options that many commands share, and what they come to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from recsys.config import Config

CONFIG = "RECSYS_CONFIG"

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", envvar=CONFIG, help="TOML file. Default: recsys.toml, if it is here."),
]


def settings_of(config: Path | None) -> Config:
    """Return the configuration of a file, or of the one in the working folder, or all defaults.

    Raises
    ------
    ConfigError, UnreadableFile
        It cannot be used.
    """
    from recsys.storage.files.config import read_config

    return read_config(config, os.environ)
