"""The model that the tools serve."""

from __future__ import annotations

import os
from pathlib import Path

from recsys.bundle import Bundle
from recsys.storage.files.config import read_config
from recsys.storage.models.store import ModelStore


def champion(config: Path) -> Bundle:
    """Return the champion of a configuration; end the program where there is none."""
    store = ModelStore.of(read_config(config, os.environ).storage)
    pointer = store.champion()
    if pointer is None:
        raise SystemExit(f"no champion in {store.models_dir}: train first, or pass --config")
    return store.load(pointer.version, Bundle)[0]
