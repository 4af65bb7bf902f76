"""The protocols from file to figures."""

import csv
import gzip
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from recsys.__main__ import app
from recsys.errors import BadQuery, NothingToLearnFrom
from recsys.evaluation.split import Relevant
from tests.present import present
from tests.training.benchmark.worlds import CLUB, Quiet, club, club_lines
from training.benchmark import leave_one_out, measuring, protocols, topn
from training.benchmark.outcome import Outcome
from training.benchmark.protocol_names import ProtocolName
from training.benchmark.published import table_for, tables
from training.benchmark.request import Request
from training.errors import NoUsableRow


@pytest.fixture(name="train")
def _train(tmp_path: Path) -> Path:
    path = tmp_path / "train.txt"
    path.write_text("\n".join(club_lines()))
    return path


def lists(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    with path.open() as file:
        for row in csv.DictReader(file):
            assert int(row["rank"]) == len(found[row["user"]]) + 1
            found[row["user"]].append(row["item"])
    return found


def test_topn_predicts_for_every_user_of_the_train_file(train: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    outcome = topn.run(Request(train, k=5, predict=out, seed=1), Quiet())
    predicted, taken = lists(out), dict(line.split(maxsplit=1) for line in club_lines())
    assert predicted.keys() == taken.keys()
    for user, items in predicted.items():
        assert len(items) == len(set(items)) == 5
        assert {club(item) for item in items} == {club(user)}
        assert not set(items) & set(taken[user].split())
    assert outcome.measured_on == "held-out items, by which the ranker was chosen"
    assert outcome.figures["NDCG@5"] > 0.4


def test_topn_measures_on_the_test_file(train: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.txt"
    everything = [f"i{item}" for item in range(2 * CLUB)]
    test.write_text("u0 " + " ".join(everything) + "\nu1\nnobody i3 unknown\n")
    outcome = topn.run(Request(train, test, k=5, seed=1), Quiet())
    assert outcome.figures["HR@5"] >= 0.5
    assert outcome.figures["Recall@5"] <= (5 / (2 * CLUB) + 1 / 2) / 2
    assert outcome.counts == {"users": 81, "items": 24, "pairs": 480}


def test_the_test_file_changes_no_choice(train: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.txt"
    test.write_text("u0 i3\n")
    with_test, without = (
        topn.run(Request(train, file, k=5, seed=1), Quiet()).chosen for file in (test, None)
    )
    assert with_test == without


def test_the_same_seed_writes_the_same_lists(train: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    for out in (first, second):
        topn.run(Request(train, k=5, predict=out, seed=1), Quiet())
    assert first.read_bytes() == second.read_bytes()


def test_leave_one_out_tests_the_last_item(train: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    outcome = leave_one_out.run(Request(train, k=12, predict=out, seed=1), Quiet())
    last = {line.split()[0]: line.split()[-1] for line in club_lines()}
    predicted = lists(out)
    found = np.mean([last[user] in predicted[user] for user in last])
    assert outcome.figures["HR@12"] == outcome.figures["Recall@12"] == pytest.approx(found)
    assert found > 0.9
    assert outcome.measured_on == "the last item of 80 sequences"


def test_leave_one_out_removes_the_history(train: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    leave_one_out.run(Request(train, k=24, predict=out, seed=1), Quiet())
    predicted = lists(out)
    for line in club_lines():
        user, *items = line.split()
        assert not set(predicted[user]) & set(items[:-1])


def test_leave_one_out_takes_no_test_file(train: Path) -> None:
    with pytest.raises(BadQuery, match="the last item of each sequence"):
        leave_one_out.run(Request(train, train, k=5, seed=1), Quiet())


@pytest.mark.parametrize("protocol", [topn, leave_one_out])
def test_too_little_data_is_refused(tmp_path: Path, protocol: ModuleType) -> None:
    train = tmp_path / "train.txt"
    train.write_text("a 1\nb 2\n")
    with pytest.raises(NothingToLearnFrom):
        protocol.run(Request(train, k=5, seed=1), Quiet())


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("a 1 2\nb 2 3\n", "a 3\n"),
        ("a 1 2 3\nb 1 2 3\nc 1 2 3\n", "a 1\n"),
        ("a 1\nb 2\nc 1 2 3 4\nd 3\n", "a 2\nz 9\ny\n"),
        ("a\nb 2 2 3 4\n\nc 1 3 4 5\n", "c 2\n"),
    ],
    ids=["two items each", "everything taken", "one item each but one", "no items, repeated items"],
)
def test_odd_little_files_are_ranked(tmp_path: Path, text: str, test: str) -> None:
    (tmp_path / "train.txt.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "test.txt").write_text(test)
    out = tmp_path / "out.csv"
    asked = Request(tmp_path / "train.txt.gz", tmp_path / "test.txt", predict=out)
    figures = topn.run(asked, Quiet()).figures
    assert all(0 <= figure <= 1 for figure in figures.values())
    taken = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    for user, items in lists(out).items():
        assert not set(items) & set(taken.get(user, ()))
        assert len(items) == len(set(items))


def test_figures_are_those_of_the_textbook() -> None:
    lists = np.array([[4, 0, 9], [1, 2, -1], [5, 6, 7]], np.int32)
    wanted = Relevant(
        user_row=np.array([0, 1], np.int32),
        indptr=np.array([0, 2, 6]),
        item_row=np.array([0, 30, 1, 7, 8, 9], np.int32),
    )
    figures = measuring.figures(lists, wanted)
    assert figures["Recall@3"] == pytest.approx((1 / 2 + 1 / 4) / 2)
    second = 1 / np.log2(3)
    assert figures["NDCG@3"] == pytest.approx(
        (second / (1 + second) + 1 / (1 + second + 1 / 2)) / 2
    )
    assert figures["HR@3"] == 1.0
    assert figures["MRR@3"] == pytest.approx((1 / 2 + 1) / 2)


@pytest.mark.parametrize("protocol", ProtocolName)
def test_every_protocol_has_a_module(protocol: ProtocolName) -> None:
    assert protocol in protocols.MODULES


def test_published_tables_name_their_sources() -> None:
    for table in tables("topn"):
        assert table.rows
        for row in table.rows:
            assert row.source
            assert all(0 < figure < 1 for figure in row.figures.values())


def test_a_published_table_is_told_by_its_train_file() -> None:
    counts = {"users": 1435, "items": 1522, "pairs": 31887}
    assert present(table_for("topn", counts)).data == "Amazon-Electronics"
    assert table_for("topn", {**counts, "pairs": 1}) is None


def test_our_figures_stand_beside_the_published_ones() -> None:
    counts = {"users": 1435, "items": 1522, "pairs": 31887}
    outcome = Outcome({"Recall@20": 0.5, "NDCG@20": 0.25}, "a test", "one setting", counts)
    console = Console(width=200)
    with console.capture() as seen:
        protocols.show(console, outcome, table_for("topn", counts))
    text = seen.get()
    assert "SimpleX" in text
    assert "0.0842" in text
    assert "0.2500" in text


def test_the_command_prints_figures_cost_and_choice(train: Path) -> None:
    done = CliRunner().invoke(
        app, ["benchmark", "--protocol", "topn", "--train", str(train), "--k", "5"]
    )
    assert done.exit_code == 0
    for said in (
        "NDCG@5",
        "held-out items",
        "drawn towards the rare",
        "plain sum, factors at 0.3",
        "chosen: ",
        "peak memory",
        "no published",
    ):
        assert said in done.output


@pytest.mark.parametrize("protocol", list(ProtocolName))
def test_lists_never_overwrite_the_train_file(train: Path, protocol: ProtocolName) -> None:
    before = train.read_text()
    with pytest.raises(BadQuery, match="--predict"):
        protocols.benchmark(protocol, Request(train, predict=train))
    assert train.read_text() == before


def test_lists_that_could_not_be_written_are_refused_before_the_search(
    train: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadQuery, match=r"--predict is .*a folder"):
        protocols.benchmark(ProtocolName.TOPN, Request(train, predict=tmp_path))


def test_a_test_file_that_looks_for_nothing_is_refused_rather_than_measured(
    train: Path, tmp_path: Path
) -> None:
    test = tmp_path / "test.txt"
    test.write_text("u0\nu1\n")
    with pytest.raises(NoUsableRow, match="2 users, none with an item to look for"):
        topn.run(Request(train, test), Quiet())
