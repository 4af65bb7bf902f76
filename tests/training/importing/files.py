"""Small files for the tests of data_in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recsys.config import Config, parse

NOW = 1_600_000_000_000_000  # 2020-09-13
HEADER = "user_id,item_id,timestamp,quantity,price\n"


def written(folder: Path, text: str, name: str = "events.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def configured(folder: Path, **data: Any) -> Config:
    storage = {"url": f"sqlite:///{folder}/store.db", "quarantine_dir": str(folder / "quarantine")}
    return parse({"storage": storage, "data": data}, {})
