"""Back-tests of the item question: as tables, and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from rich.table import Table
from rich.text import Text

from recsys.data.times import moment
from training.items.backtest import Backtest
from training.report import items, template
from training.report.drawing import COLOURS, INK, Drawing, draw
from training.report.items import context_told

READINGS = {
    "all_items": "all items",
    "new_items_asked_for": "new to the user (lists with repeats=exclude)",
    "new_items_in_full_lists": "new to the user, in lists that may hold repeats",
}


def tables(test: Backtest) -> Iterator[Table | Text]:
    """Yield one window as tables: against the best simple ranker, and rung by rung."""
    k = test.metrics["k"]
    compared = Table(
        title=f"Window from {day(test.cutoff)}: NDCG@{k}, served against simple", box=None
    )
    for heading in ("reading", "served", "popular", "bought before", "ALS", "gain", "relative"):
        compared.add_column(heading)
    for name, title in READINGS.items():
        part = test.metrics["served_over_simple"][name]
        simple = (part["simple"].get(who) for who in ("popular", "bought_before", "als"))
        means = (f"{each['value']:.4f}" if each else "" for each in simple)
        gain = f"{figure(part['gain'])} over {part['best_simple']}"
        relative = part["relative_gain"]
        compared.add_row(
            title,
            figure(part["served"]),
            *means,
            gain,
            "" if relative is None else f"{relative:+.1%}",
        )
    yield compared
    yield _by_ranker(
        f"{test.metrics['users']:,} users, rung by rung",
        {**test.metrics["baselines"], **test.metrics["rungs"]},
    )
    after = test.metrics["after_live_events"]
    yield _by_ranker(
        f"{after['users']:,} users known by live events: back again, or in the middle of a session",
        after["rungs"],
    )
    yield _by_history(test)
    yield _new_item_places(test.metrics["new_item_places"])
    if "mixed_lists" in test.metrics:
        yield _mixed_lists(test.metrics["mixed_lists"])
    yield Text(context_told(test.metrics["context"], figure=figure))


def _new_item_places(told: Mapping[str, Any]) -> Table:
    table = Table(title="Last places for items that nobody has taken yet", box=None)
    for heading in ("places that may serve", "gain in NDCG", "the same if none of them is taken"):
        table.add_column(heading)
    table.add_row(str(told["places"]), figure(told["gain"]), figure(told["if_none_taken"]))
    return table


def _mixed_lists(told: Mapping[str, Any]) -> Table:
    most = told["places"]
    table = Table(
        title=f"Places kept for what is new to the person: {most} or more earn most", box=None
    )
    for heading in ("places", "share of the money", "gain", "NDCG", "NDCG of new items"):
        table.add_column(heading)
    for heading in ("coverage", "novelty (bits)", "alike"):
        table.add_column(heading)
    for each in told["tried"]:
        shown = ("value", "gain", "ndcg", "new_items_ndcg")
        table.add_row(
            str(each["places"]),
            *(figure(each[name]) for name in shown),
            _share(each["coverage"]),
            *(figure(each[name]) for name in ("novelty_bits", "intra_list_similarity")),
        )
    return table


def _by_ranker(title: str, reports: Mapping[str, Any]) -> Table:
    table = Table(title=title, box=None)
    for heading in ("ranker", "NDCG", "recall", "MRR", "hit rate", "repeats", "new items"):
        table.add_column(heading)
    for heading in ("head", "tail", "coverage", "novelty (bits)", "Gini", "alike"):
        table.add_column(heading)
    for name, report in reports.items():
        table.add_row(
            name,
            *(value(report[m]) for m in ("ndcg", "recall", "reciprocal_rank", "hit_rate")),
            *(value(report[part]["ndcg"]) for part in ("repeats", "new_items", "head", "tail")),
            _share(report["coverage"]),
            value(report["novelty_bits"]),
            _share(report["gini"]),
            value(report["intra_list_similarity"]),
        )
    return table


def _by_history(test: Backtest) -> Table:
    rungs = test.metrics["rungs"]
    buckets = next(iter(rungs.values()))["by_history"]
    table = Table(title="NDCG by items known of the user before", box=None)
    for heading in ("items", "users", *rungs):
        table.add_column(heading)
    for number, bucket in enumerate(buckets):
        figures = (figure(report["by_history"][number]["ndcg"]) for report in rungs.values())
        table.add_row(items.bucket_name(bucket), f"{bucket['users']:,}", *figures)
    return table


def write(tests: Sequence[Backtest], file: Path) -> None:
    """Draw all windows into one HTML file; its folder is made where missing."""
    template.fill(
        "backtest.html.j2",
        file,
        filters={"day": day, "figure": figure},
        values={
            "tests": tests,
            "readings": READINGS,
            "gains": _gains(tests),
            "sections": [items.drawn(test.metrics) for test in tests],
        },
    )


def _gains(tests: Sequence[Backtest]) -> tuple[Drawing, ...]:
    return tuple(_gain(tests, name, title) for name, title in READINGS.items())


def _gain(tests: Sequence[Backtest], name: str, title: str) -> Drawing:
    measurable = [
        (day(test.cutoff), part)
        for test in tests
        if (part := test.metrics["served_over_simple"][name])["gain"]
    ]

    def paint(axes: Axes) -> None:
        axes.axvline(0, color=INK, lw=1)
        for row, (_, part) in enumerate(measurable):
            gain = part["gain"]
            axes.plot([gain["low"], gain["high"]], [row, row], color=COLOURS["one_to_one"])
            axes.plot(gain["value"], row, "o", color=COLOURS["one_to_one"])
        axes.set_yticks(range(len(measurable)), [when for when, _ in measurable])
        axes.set_ylim(len(measurable) - 0.4, -0.6)
        axes.set_xlabel("gain in NDCG over the best simple ranker")

    return draw(paint, caption=f"{title}, by window.", size=(6, 0.8 + 0.4 * len(measurable)))


def day(at: int) -> str:
    """Return the day of an instant (UTC)."""
    return f"{moment(at):%Y-%m-%d}"


def figure(estimate: dict[str, Any] | None) -> str:
    """Return an estimate with its interval."""
    if estimate is None:
        return "not measurable"
    return f"{estimate['value']:.4f} [{estimate['low']:.4f}, {estimate['high']:.4f}]"


def value(estimate: dict[str, Any] | None) -> str:
    """Return an estimate without its interval."""
    return "" if estimate is None else f"{estimate['value']:.4f}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"
