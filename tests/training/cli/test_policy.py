"""`recsys policy …` on files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from recsys.errors import BadQuery
from tests.training.policy.worlds import ARMS, FEATURES, world
from training.cli.policy import app
from training.errors import NotRandomised

COLUMNS = ("--action", "arm", "--reward", "bought")
WITH_PSCORE = (*COLUMNS, "--pscore", "p")
FEATURES_ASKED = ("--features", ",".join(FEATURES))


def run(*command: object) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in command])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def frame(n: int, *, seed: int) -> pl.DataFrame:
    people = world(n, seed=seed, personal=1.0)
    logged = people.log(seed=seed).logged
    return people.features.with_columns(
        arm=np.array(ARMS)[logged.action], bought=logged.reward.astype(int), p=logged.pscore
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("policy")
    frame(8_000, seed=1).write_csv(place / "log.csv")
    frame(8_000, seed=1).write_parquet(place / "log.parquet")
    frame(8_000, seed=2).write_csv(place / "later.csv")
    learn = ("learn", "--log", place / "log.csv", *WITH_PSCORE, *FEATURES_ASKED)
    run(*learn, "--cost", "call=0.03,mail=0.03", "--out", place / "policy")
    return place


def test_learning_says_what_held_out_rows_said(folder: Path) -> None:
    learn = ("learn", "--log", folder / "log.csv", *WITH_PSCORE, *FEATURES_ASKED)
    result = run(*learn, "--cost", "call=0.03", "--cost", "mail=0.03", "--out", folder / "again")
    assert result.exit_code == 0
    assert "chooses by person: earns 0.0" in result.output
    assert "a decision more than" in result.output


def test_a_policy_is_replaced_only_by_force(folder: Path) -> None:
    learn = ("learn", "--log", folder / "log.csv", *WITH_PSCORE, *FEATURES_ASKED)
    run(*learn, "--out", folder / "kept")
    before = (folder / "kept" / "manifest.json").read_bytes()
    with pytest.raises(BadQuery, match="--force replaces"):
        run(*learn, "--cost", "call=9,mail=9", "--out", folder / "kept")
    assert (folder / "kept" / "manifest.json").read_bytes() == before
    run(*learn, "--cost", "call=9,mail=9", "--out", folder / "kept", "--force")
    assert (folder / "kept" / "manifest.json").read_bytes() != before


def test_every_row_gets_an_arm_and_propensities(folder: Path) -> None:
    out = folder / "arms.csv"
    run("apply", "--policy", folder / "policy", "--users", folder / "later.csv", "--out", out)
    table = pl.read_csv(out)
    assert table.columns == ["row", "action", "propensity", *(f"propensity_{a}" for a in ARMS)]
    assert table["row"].to_list() == list(range(8_000))
    assert set(table["action"].unique()) == set(ARMS)
    assert (table["propensity"] == 1).all()
    assert table.select(pl.sum_horizontal(pl.col("^propensity_.*$")))["propensity_call"].eq(1).all()


def test_parquet_gives_what_csv_gives(folder: Path) -> None:
    learn = ("learn", "--log", folder / "log.parquet", *WITH_PSCORE, *FEATURES_ASKED)
    run(*learn, "--cost", "call=0.03,mail=0.03", "--out", folder / "from_parquet")
    for name in ("policy", "from_parquet"):
        users, out = folder / "log.parquet", folder / f"{name}.parquet"
        run("apply", "--policy", folder / name, "--users", users, "--out", out)
    assert pl.read_parquet(folder / "policy.parquet").equals(
        pl.read_parquet(folder / "from_parquet.parquet")
    )


def test_drawn_arms_follow_their_propensities(folder: Path) -> None:
    out = folder / "drawn.parquet"
    apply = ("apply", "--policy", folder / "policy", "--users", folder / "later.csv", "--out", out)
    run(*apply, "--epsilon", 0.3)
    table = pl.read_parquet(out)
    explored = (table["propensity"] < 0.5).mean()
    assert explored == pytest.approx(0.2, abs=0.015)  # a third of the draws meets the greedy arm
    assert table["propensity"].unique().sort().to_list() == pytest.approx([0.1, 0.8])


def test_evaluating_shows_four_estimates_of_the_policy_and_of_every_arm(folder: Path) -> None:
    log = ("--log", folder / "later.csv", *WITH_PSCORE)
    result = run("evaluate", *log, "--policy", folder / "policy")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert [line[1] for line in lines[1:5]] == ["IPS", "SNIPS", "DR", "SNDR"]
    for arm in ARMS:
        assert f"{arm} for everybody" in result.output
    values = [float(line[2]) for line in lines[1:5]]
    assert values == pytest.approx([values[0]] * 4, abs=0.01)
    assert "best in this log" in result.output
    assert "best when it was learnt" in result.output


def test_evaluating_on_too_few_rows_says_why(folder: Path, tmp_path: Path) -> None:
    frame(500, seed=3).write_csv(tmp_path / "few.csv")
    log = ("--log", tmp_path / "few.csv", *WITH_PSCORE)
    result = run("evaluate", *log, "--policy", folder / "policy", "--cost", "call=1")
    assert "not measured: 500 held-out decisions, at least 1,000 needed" in result.output


def test_without_pscores_a_uniform_draw_is_used_and_told(folder: Path) -> None:
    learn = ("learn", "--log", folder / "log.csv", *COLUMNS, *FEATURES_ASKED)
    result = run(*learn, "--out", folder / "shares")
    assert "note: no pscores: the share of each arm is taken for it" in result.output


def test_a_log_in_which_somebody_chose_is_refused_and_nothing_written(tmp_path: Path) -> None:
    people = frame(3_000, seed=1)
    by_region = pl.when(pl.col("region") == "south").then(pl.lit("mail")).otherwise(pl.col("arm"))
    people.with_columns(arm=by_region).write_csv(tmp_path / "log.csv")
    learn = ("learn", "--log", tmp_path / "log.csv", *COLUMNS, *FEATURES_ASKED)
    with pytest.raises(NotRandomised, match="pscores are missing"):
        run(*learn, "--out", tmp_path / "policy")
    assert not (tmp_path / "policy").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--features", "age,nope"), "--features is 'nope'; allowed: a column of the file: age"),
        (("--features", "age,bought"), "--features is 'bought'; allowed: columns known before"),
        (("--features", "age,arm"), "--features is 'arm'; allowed: columns known before"),
        (("--features", ","), "--features is ','; allowed: one or more columns"),
        (("--cost", "fax=1"), "--cost is 'fax=1'; allowed: ARM=money with an arm of call, mail"),
        (("--cost", "call=dear"), "--cost is 'call=dear'; allowed: ARM=money"),
        (("--cost", "call=nan"), "--cost is 'call=nan'; allowed: finite amounts"),
        (
            ("--cost", "mail=-1,call=1"),
            "--cost is 'mail=-1,call=1'; allowed: finite amounts of money, 0 or more",
        ),
        (("--value", "0"), "--value is 0.0; allowed: money above 0"),
        (("--categorical", "job"), "--categorical is 'job'; allowed: one of --features"),
        (("--action", "nope"), "--action is 'nope'; allowed: a column of the file"),
        (("--action", "spent"), "--action is 'spent'; allowed: 2 to 100 different arms"),
        (("--reward", "region"), "--reward is 'region'; allowed: a column of numbers"),
        (("--pscore", "region"), "--pscore is 'region'; allowed: a column of numbers in"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, wrong: tuple[str, str], said: str) -> None:
    learn = ("learn", "--log", folder / "log.csv", *WITH_PSCORE, *FEATURES_ASKED)
    with pytest.raises(BadQuery) as error:
        run(*learn, "--out", folder / "never", *wrong)
    assert str(error.value).startswith(said)


def test_pscores_that_are_none_are_refused(folder: Path, tmp_path: Path) -> None:
    frame(2_000, seed=1).with_columns(p=0.0).write_csv(tmp_path / "log.csv")
    learn = ("learn", "--log", tmp_path / "log.csv", *WITH_PSCORE, *FEATURES_ASKED)
    with pytest.raises(NotRandomised, match="2,000 of 2,000 rows have no pscore"):
        run(*learn, "--out", tmp_path / "policy")


def test_rewards_may_be_words_and_rows_without_one_are_left_out(tmp_path: Path) -> None:
    said = pl.when(pl.col("bought") == 1).then(pl.lit("yes")).otherwise(pl.lit("no"))
    missing = pl.int_range(pl.len()) < 10
    words = frame(2_000, seed=1).with_columns(bought=pl.when(~missing).then(said))
    words.write_csv(tmp_path / "log.csv")
    learn = ("learn", "--log", tmp_path / "log.csv", *WITH_PSCORE, *FEATURES_ASKED)
    result = run(*learn, "--out", tmp_path / "policy")
    assert "note: 10 of 2,000 rows without an action or a reward were left out" in result.output


def test_a_log_with_arms_that_the_policy_does_not_know_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    frame(2_000, seed=1).with_columns(arm=pl.lit("fax")).write_csv(tmp_path / "log.csv")
    log = ("--log", tmp_path / "log.csv", *WITH_PSCORE)
    with pytest.raises(BadQuery, match="the arms call, mail, none; the file has 1: fax"):
        run("evaluate", *log, "--policy", folder / "policy")


def test_a_log_of_one_arm_is_refused_and_it_says_which(tmp_path: Path) -> None:
    frame(2_000, seed=1).with_columns(arm=pl.lit("fax")).write_csv(tmp_path / "log.csv")
    learn = ("learn", "--log", tmp_path / "log.csv", *WITH_PSCORE, *FEATURES_ASKED)
    with pytest.raises(BadQuery, match="2 to 100 different arms; the file has 1: fax"):
        run(*learn, "--out", tmp_path / "policy")


def test_results_go_to_files_whose_ending_is_known(folder: Path) -> None:
    apply = ("apply", "--policy", folder / "policy", "--users", folder / "later.csv", "--out")
    with pytest.raises(BadQuery, match=r"\.csv or \.parquet"):
        run(*apply, folder / "arms.txt")
    with pytest.raises(BadQuery, match="allowed: a file that can be written"):
        run(*apply, folder / "no" / "arms.csv")


def test_users_without_the_features_are_refused(folder: Path, tmp_path: Path) -> None:
    frame(10, seed=1).select("age").write_csv(tmp_path / "users.csv")
    apply = ("apply", "--policy", folder / "policy", "--users", tmp_path / "users.csv", "--out")
    with pytest.raises(BadQuery, match="--users is 'region'"):
        run(*apply, tmp_path / "arms.csv")


def test_a_word_among_numbers_is_told(tmp_path: Path) -> None:
    age = pl.when(pl.int_range(pl.len()) == 3).then(pl.lit("forty")).otherwise(pl.col("age"))
    frame(2_000, seed=1).with_columns(age=age).write_csv(tmp_path / "log.csv")
    learn = ("learn", "--log", tmp_path / "log.csv", *WITH_PSCORE, *FEATURES_ASKED)
    result = run(*learn, "--out", tmp_path / "policy")
    assert "age holds 1 values that are no numbers, such as 'forty'" in result.output
