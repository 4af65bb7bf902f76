"""Arms for the rows of a file, and with which probability each was chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys.errors import BadQuery
from training.policy.policy import Policy


def assigned(
    policy: Policy, features: pl.DataFrame, row: NDArray[np.int64], *, epsilon: float, seed: int
) -> pl.DataFrame:
    """Return ``row,action,propensity`` and one column ``propensity_ARM`` an arm.

    With `epsilon` above 0 the action is drawn from the propensities, by `seed` and the row's place;
    else it is the greedy one, with propensity 1.
    """
    chosen, propensity = policy.propensities(features, epsilon=epsilon)
    if epsilon:
        drawn = np.random.default_rng(seed).random(len(chosen))[:, None]
        chosen = (drawn >= propensity.cumsum(axis=1)[:, :-1]).sum(axis=1).astype(np.int8)
    names = np.array(policy.arms)
    whole = {f"propensity_{arm}": propensity[:, n] for n, arm in enumerate(policy.arms)}
    own = propensity[np.arange(len(chosen)), chosen]
    return pl.DataFrame({"row": row, "action": names[chosen], "propensity": own} | whole)


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV or Parquet.

    Raises
    ------
    BadQuery
        The ending of the name is neither, or the file cannot be written.
    """
    writers = {".csv": table.write_csv, ".parquet": table.write_parquet}
    if path.suffix not in writers:
        raise BadQuery("--out", str(path), f"a file that ends in {' or '.join(writers)}")
    try:
        writers[path.suffix](path)  # type: ignore[operator]
    except OSError as error:
        why = error.strerror or str(error)
        raise BadQuery("--out", str(path), f"a file that can be written ({why})") from error
