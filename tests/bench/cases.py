"""Files that failed once, read again: `python -m tests.bench.cases FOLDER`.

FOLDER holds a folder a case: its files, a ``recsys.toml`` and a README with what is right. Printed
is what became of every file beside it: rows by kind, what was put aside, or the refusal.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from recsys.errors import RecsysError
from recsys.storage.files.config import read_config
from tests.bench.tool import console, run
from training.importing.read import configured, read_file
from training.importing.sniff import EXCEL, JSON, TEXT, suffix_of
from training.importing.validate import counted, validate

KNOWN = (*TEXT, *JSON, *EXCEL, ".parquet")


def outcome(file: Path) -> str:
    """Return what becomes of a file, in one line."""
    settings = file.parent / "recsys.toml"
    config = read_config(settings if settings.exists() else None, {})
    try:
        raw = read_file(file, configured(config.data))
        valid = validate(raw, config, now=time.time_ns() // 1_000)
    except RecsysError as error:
        return f"refused: {error}"
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in counted(valid.events["kind"]).items())
    aside = ", ".join(f"{why} {n:,}" for why, n in counted(valid.quarantine["reason"]).items())
    money = valid.events["value"].drop_nulls().to_list()[:5]
    rows = f"{raw.rows:,} rows: {kinds or 'no event'}; twice {valid.duplicates}"
    return f"{rows}; put aside {aside or 'none'}; values {money}"


def main(folder: Annotated[Path, typer.Argument(help="Of the cases.")]) -> None:
    """Print the table of all cases below a folder."""
    table = Table("case", "file", "what became of it", "what is right", show_lines=True)
    for readme in sorted(folder.glob("*/README*")):
        files = [file for file in sorted(readme.parent.iterdir()) if suffix_of(file) in KNOWN]
        for file in files:
            became, right = outcome(file), readme.read_text().strip()
            table.add_row(readme.parent.name, *map(escape, (file.name, became, right)))
    console.print(table)


if __name__ == "__main__":
    run(main)
