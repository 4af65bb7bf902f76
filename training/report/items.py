"""The item question drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from recsys.ladder import RungName
from training.report.drawing import COLOURS, Drawing, bars_with_intervals, draw, measured


def drawn(metrics: Mapping[str, Any]) -> tuple[Drawing, ...]:
    """Return accuracy by rung, by kind of item and by history; nothing where nobody was judged."""
    if not metrics["users"]:
        return ()
    k = metrics["k"]
    everybody = {**metrics["baselines"], **_lowest_first(metrics["rungs"])}
    after = _lowest_first(metrics["after_live_events"]["rungs"])
    return (
        _compared(everybody, "ndcg", f"NDCG@{k}", f"{metrics['users']:,} users"),
        _compared(everybody, "recall", f"Recall@{k}", f"{metrics['users']:,} users"),
        _compared(
            after,
            "ndcg",
            f"NDCG@{k}",
            "users who came back, their first active day known as live events",
        ),
        _repeats_and_new(everybody, k),
        _by_history(metrics["rungs"], k),
    )


def _lowest_first(rungs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: rungs[name] for name in RungName if name in rungs}


def _compared(figures: Mapping[str, Any], metric: str, label: str, whom: str) -> Drawing:
    known = measured({name: figure[metric] for name, figure in figures.items()})

    def paint(axes: Axes) -> None:
        bars_with_intervals(axes, known, label=label)

    return draw(paint, caption=f"{label}, {whom}.", size=(5, 0.6 + 0.32 * max(len(known), 1)))


def _repeats_and_new(figures: Mapping[str, Any], k: int) -> Drawing:
    known = measured(
        {
            f"{name}: {what.replace('_items', '')}": figure[what]["ndcg"]
            for what in ("repeats", "new_items")
            for name, figure in figures.items()
        }
    )

    def paint(axes: Axes) -> None:
        bars_with_intervals(axes, known, label=f"NDCG@{k}")

    caption = "Items the user had before, and items new to the user."
    return draw(paint, caption=caption, size=(5, 0.6 + 0.28 * max(len(known), 1)))


def _by_history(rungs: Mapping[str, Any], k: int) -> Drawing:
    def paint(axes: Axes) -> None:
        for name, figure in rungs.items():
            slices = [part for part in figure["by_history"] if part["ndcg"]]
            places = range(len(slices))
            axes.errorbar(
                places,
                [part["ndcg"]["value"] for part in slices],
                yerr=_whiskers([part["ndcg"] for part in slices]),
                marker="o",
                capsize=2,
                label=name,
                color=COLOURS[name],
            )
            axes.set_xticks(places, [_bucket(part) for part in slices])
        axes.set_xlabel("items known of the user before")
        axes.set_ylabel(f"NDCG@{k}")
        axes.legend(frameon=False)

    return draw(paint, caption=f"NDCG@{k} by rung and length of history.", size=(5, 3))


def _whiskers(estimates: list[dict[str, float]]) -> list[list[float]]:
    return [
        [figure["value"] - figure["low"] for figure in estimates],
        [figure["high"] - figure["value"] for figure in estimates],
    ]


def _bucket(part: Mapping[str, Any]) -> str:
    first, last = part["from"], part["to"]
    return f"{first}+" if last is None else str(first) if first == last else f"{first}-{last}"
