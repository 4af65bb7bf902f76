"""The commands on policies: learn one from a log, apply it, evaluate it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recsys.errors import BadQuery

if TYPE_CHECKING:
    from training.policy.evaluate import Found, Judgement
    from training.policy.log import LogColumns
    from training.policy.policy import Policy, Stakes

app = typer.Typer(help="Which arm for whom, learnt from any randomised log, and what it earns.")

LogFile = Annotated[Path, typer.Option("--log", help="Logged choices: CSV, JSON lines or Parquet.")]
Action = Annotated[str, typer.Option(help="Column with the arm that was used.")]
Reward = Annotated[str, typer.Option(help="Column with what came of it: a number, or yes and no.")]
Pscore = Annotated[
    str,
    typer.Option(help="Column with the probability of that arm; none: drawn alike for all."),
]
User = Annotated[str, typer.Option(help="Column with whom it was about; none: a row is a user.")]
PolicyDir = Annotated[Path, typer.Option("--policy", help="Folder that `learn` wrote.")]
Seed = Annotated[int, typer.Option(min=0, help="Same file, options and seed: same result.")]

PIPED_WIDTH = 160


@app.callback(no_args_is_help=True)
def policy() -> None:
    """Learn, apply or evaluate a policy on any randomised log."""


@app.command()
def learn(  # noqa: PLR0913 - the options of a command
    log: LogFile,
    action: Action,
    reward: Reward,
    features: Annotated[str, typer.Option(help="LogColumns known beforehand: a,b,c.")],
    out: Annotated[Path, typer.Option(help="Folder for the policy.")],
    pscore: Pscore = "",
    user: User = "",
    cost: Annotated[
        list[str] | None, typer.Option(help="Cost of using an arm: ARM=0.1,… (others: 0).")
    ] = None,
    value: Annotated[float, typer.Option(help="Money that a reward of 1 is worth.")] = 1.0,
    categorical: Annotated[str, typer.Option(help="Features whose numbers are names: a,b.")] = "",
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the gate.")] = 0.95,
    seed: Seed = 7,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace the policy in --out.")] = False,
) -> None:
    """Learn which arm for whom; where that does not clearly pay, one arm for everybody."""
    from training.policy.folder import refuse_taken, write_policy
    from training.policy.learn import Settings, encode, learn
    from training.policy.log import read_log
    from training.policy.pscore import with_pscores

    refuse_taken(out, force=force)
    names = _names(features, "--features")
    settings = Settings(seed, confidence, _chosen(categorical, names))
    found = read_log(log, _columns(action, reward, pscore, user), names)
    stakes = _stakes(cost or [], value, found.arms)
    found = with_pscores(found, encode(found, categorical=settings.categorical))
    learnt = learn(found, stakes, settings)
    write_policy(out, learnt)
    _tell(learnt)
    _console().print(f"policy written to {escape(str(out))}")


@app.command()
def apply(
    policy: PolicyDir,
    users: Annotated[Path, typer.Option(help="The users, with the columns learnt from.")],
    out: Annotated[Path, typer.Option(help="CSV or Parquet, by its ending.")],
    epsilon: Annotated[
        float, typer.Option(min=0, max=1, help="Share of choices drawn among all arms.")
    ] = 0.0,
    seed: Seed = 7,
) -> None:
    """Write the arm for every row, its propensity, and the propensity of each arm.

    Rows count from 0, in the order of the file.
    """
    from training.policy.apply import assigned, write_table
    from training.policy.folder import read_policy
    from training.policy.log import read_users

    learnt = read_policy(policy)
    frame, rows = read_users(users, learnt.encoding.names)
    write_table(assigned(learnt, frame, rows, epsilon=epsilon, seed=seed), out)
    _console().print(f"{len(frame):,} rows written to {escape(str(out))}: {escape(learnt.verdict)}")


@app.command()
def evaluate(  # noqa: PLR0913 - the options of a command
    log: LogFile,
    action: Action,
    reward: Reward,
    policy: PolicyDir,
    pscore: Pscore = "",
    user: User = "",
    cost: Annotated[
        list[str] | None, typer.Option(help="ARM=0.1,…; left out: what it was learnt for.")
    ] = None,
    value: Annotated[
        float | None, typer.Option(help="Left out: what it was learnt for.", show_default=False)
    ] = None,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of intervals.")] = 0.95,
    seed: Seed = 7,
) -> None:
    """Say what a policy earns on a log it was not learnt from, beside every single arm."""
    from training.policy.evaluate import judge
    from training.policy.folder import read_policy
    from training.policy.log import read_log
    from training.policy.pscore import with_pscores

    learnt = read_policy(policy)
    columns = _columns(action, reward, pscore, user)
    found = read_log(log, columns, learnt.encoding.names, arms=learnt.arms)
    found = with_pscores(found, learnt.encoding)
    stakes = learnt.stakes
    if cost or value is not None:
        stakes = _stakes(cost or [], 1.0 if value is None else value, learnt.arms)
    _show(learnt, judge(learnt, found, stakes=stakes, seed=seed), confidence=confidence)
    for note in found.notes:
        _console().print(f"note: {escape(note)}")


def _columns(action: str, reward: str, pscore: str, user: str) -> LogColumns:
    from training.policy.log import LogColumns

    return LogColumns(action=action, reward=reward, pscore=pscore, user=user)


def _names(said: str, option: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in said.split(",") if name.strip()))
    if not names:
        raise BadQuery(option, said, "one or more columns: a,b,c")
    return names


def _chosen(said: str, names: Sequence[str]) -> tuple[str, ...]:
    chosen = tuple(name.strip() for name in said.split(",") if name.strip())
    if unknown := [name for name in chosen if name not in names]:
        raise BadQuery("--categorical", unknown[0], f"one of --features: {', '.join(names)}")
    return chosen


def _stakes(said: Sequence[str], value: float, arms: Sequence[str]) -> Stakes:
    import numpy as np

    from training.policy.policy import Stakes

    cost = dict.fromkeys(arms, 0.0)
    for pair in (pair.strip() for text in said for pair in text.split(",") if pair.strip()):
        arm, _, amount = pair.rpartition("=")
        if arm not in cost:
            raise BadQuery("--cost", pair, f"ARM=money with an arm of {', '.join(arms)}")
        try:
            cost[arm] = float(amount)
        except ValueError as error:
            raise BadQuery("--cost", pair, "ARM=money, such as email=0.1") from error
    amounts = np.array(list(cost.values()))
    if not (np.isfinite(amounts) & (amounts >= 0)).all():
        raise BadQuery("--cost", ",".join(said), "finite amounts of money, 0 or more")
    if not (np.isfinite(value) and value > 0):
        raise BadQuery("--value", value, "money above 0")
    return Stakes(value, amounts)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPED_WIDTH)


def _tell(learnt: Policy) -> None:
    _console().print(escape(learnt.verdict))
    for note in learnt.notes:
        _console().print(f"note: {escape(note)}")


def _show(learnt: Policy, found: Judgement, *, confidence: float) -> None:
    named = {"policy": found.policy} | {
        f"{arm} for everybody": single
        for arm, single in zip(learnt.arms, found.single, strict=True)
    }
    named[f"policy less {learnt.arms[found.best]}, best in this log"] = found.lift
    named[f"policy less {learnt.arms[learnt.scorer.default]}, best when it was learnt"] = found.over
    table = Table("", "estimate", "value", "interval", "error", "rows", "weight", box=None)
    for name, measured in named.items():
        for line in _lines(measured, confidence=confidence):
            table.add_row(escape(name), *line)
    _console().print(table)
    _console().print(
        f"rows: effective sample; weight: its mean, 1 but for chance; intervals: {confidence:.0%}"
    )


def _lines(found: Found, *, confidence: float) -> Iterator[tuple[str, ...]]:
    """Yield a line an estimate; one that says why where nothing could be measured."""
    if hasattr(found, "why"):
        yield "", "", f"not measured: {found.why}"
        return
    for name in ("ips", "snips", "dr", "sndr"):
        measured = getattr(found, name)
        told = measured.estimate(confidence=confidence)
        bounds = f"[{told.low:.4f}, {told.high:.4f}]"
        rest = (f"{measured.error:.4f}", f"{found.effective:,.0f}", f"{found.mean_weight:.3f}")
        yield name.upper(), f"{told.value:.4f}", bounds, *rest
