"""`python -m tests.bench.policies`: policy values and learnt policies where the truth is known."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from tests.recsys.evaluation.test_estimators import ESTIMATES, LIFT, VALUE, coverage, many
from tests.training.policy.test_learn import COSTS, learnt, significantly_worse
from tests.training.policy.worlds import stakes, world

console = Console(highlight=False)


def main(
    rows: Annotated[int, typer.Option(min=1_000, help="Rows of each log learnt from.")] = 3_000,
    seeds: Annotated[int, typer.Option(min=1, help="Logs a world and cost.")] = 20,
) -> None:
    """Print coverage and errors of the four estimates, then gains and losses of policies."""
    for rows_a_user in (1, 4):
        show_estimates(rows_a_user)
    show_policies(rows, seeds)


def show_estimates(rows_a_user: int) -> None:
    """Print how often 95 % intervals hold the truth, and the error relative to it."""
    found = list(many(rows_a_user))
    values, lifts = zip(*found, strict=True)
    console.print(
        f"{len(found)} of 800 logs of 1,200 rows, {rows_a_user} rows a user (aim: 93-97 %)"
    )
    table = Table("", "value covered", "difference covered", "relative RMSE", box=None)
    for name in ESTIMATES:
        figures = [getattr(value, name) for value in values]
        error = np.sqrt(np.mean([(figure.value / VALUE - 1) ** 2 for figure in figures]))
        lift = coverage([getattr(lift, name) for lift in lifts], LIFT)
        table.add_row(name, f"{coverage(figures, VALUE):.1%}", f"{lift:.1%}", f"{error:.4f}")
    console.print(table)


def show_policies(rows: int, seeds: int) -> None:
    """Print true gains over the best single arm, and how often a policy lost."""
    console.print(f"{seeds} logs of {rows:,} rows each; judged on another log of that length")
    headings = (
        "differences",
        "cost",
        "by person",
        "gain",
        "possible",
        "significantly worse",
        "harm",
    )
    table = Table(*headings, box=None)
    for personal in (0.0, 0.5, 1.0):
        for cost in COSTS:
            at, facts = stakes(*cost), []
            for seed in range(seeds):
                policy = learnt(rows, seed=seed, personal=personal, at=at)
                fresh = world(rows, seed=1_000 + seed, personal=personal)
                single, value = fresh.best_single(at), fresh.value(policy)
                default = fresh.net(at).mean(axis=0)[policy.scorer.default]
                worse = significantly_worse(fresh, policy, seed=1_000 + seed)
                harm = policy.personal and value < default
                facts.append(
                    (policy.personal, value - single, fresh.best(at) - single, worse, harm)
                )
            shares = np.array(facts, float)
            by_person, gain, possible = shares[:, :3].mean(axis=0)
            told = (f"{by_person:.0%}", f"{gain:+.4f}", f"{possible:.4f}")
            lost = (f"{count:.0f}" for count in shares[:, 3:].sum(axis=0))
            table.add_row(f"{personal}", f"{cost[0]}", *told, *lost)
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
