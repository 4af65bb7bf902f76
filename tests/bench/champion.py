"""The model that the benches serve."""

from __future__ import annotations

import os
from pathlib import Path

import typer
from rich.console import Console

from recsys.bundle import Bundle
from recsys.storage.files.config import read_config
from recsys.storage.models.store import ModelStore


def champion(config: Path, console: Console) -> Bundle:
    """Return the champion of a configuration; end the program where there is none."""
    store = ModelStore(Path(read_config(config, os.environ).storage.models_dir))
    pointer = store.champion()
    if pointer is None:
        console.print(f"no champion in {store.models_dir}: train first, or pass --config of yours")
        raise typer.Exit(1)
    bundle, _ = store.load(pointer.version, Bundle)
    return bundle
