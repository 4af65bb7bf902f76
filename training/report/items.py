"""The item question drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.axes import Axes

from recsys.ladder import RungName
from training.report.drawing import COLOURS, INK, Drawing, bars, draw


def drawn(metrics: Mapping[str, Any]) -> tuple[Drawing, ...]:
    """Return accuracy by rung, by kind of item and by history; nothing where nobody was judged."""
    if not metrics["users"]:
        return ()
    k = metrics["k"]
    everybody = {**metrics["baselines"], **_lowest_first(metrics["rungs"])}
    after = _lowest_first(metrics["after_live_events"]["rungs"])
    drawn_of = metrics.get("of_users", metrics["users"])
    few = f", drawn of {drawn_of:,}" if drawn_of > metrics["users"] else ""
    whom = f"{metrics['users']:,} users{few}"
    return (
        _compared(everybody, "ndcg", f"NDCG@{k}", whom),
        _compared(everybody, "recall", f"Recall@{k}", whom),
        _compared(after, "ndcg", f"NDCG@{k}", AFTER_LIVE_EVENTS),
        _parted(everybody, k, REPEATS_AND_NEW),
        _parted(everybody, k, HEAD_AND_TAIL),
        _spread(everybody),
        _by_history(metrics["rungs"], k),
    )


GAINS = {"at the begin of a visit": "gain", "in the middle of a session": "session_gain"}


def bucket_name(part: Mapping[str, Any]) -> str:
    """Return from how many items to how many."""
    first, last = part["from"], part["to"]
    return f"{first}+" if last is None else str(first) if first == last else f"{first}-{last}"


def context_told(context: Mapping[str, Any], *, figure: Callable[[Any], str]) -> str:
    """Return in a sentence whether the context of a request counts, and what it gained."""
    chosen = context["chosen"]
    if chosen is None:
        return "Device, placement and hour say nothing of what is taken: no answer listens to them."
    gained = {moment: chosen[name] for moment, name in GAINS.items() if chosen[name]}
    gains = " and ".join(f"{figure(gain)} {moment}" for moment, gain in gained.items())
    tried = f"On validation data, listening to the occasion gained {gains or 'nothing measurable'}"
    if not context["cells"]:
        return f"{tried}: not clearly, so no answer listens to it."
    cells = ", ".join(context["cells"])
    return f"{tried}; on the test window {figure(context['gain'])}. It knows {cells}."


def item_side_told(of: Mapping[str, Any], *, figure: Callable[[Any], str]) -> str:
    """Return in a sentence whose histories the item side was learnt from, and if more mattered."""
    share = of["pairs"] / of["of_pairs"]
    return (
        f"How items go together was learnt from {of['users']:,} of {of['of_users']:,} users, drawn "
        f"({share:.0%} of all pairs). From half of those the lists would have changed by "
        f"{figure(of['half'])} on validation data."
    )


def _lowest_first(rungs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: rungs[name] for name in RungName if name in rungs}


def _compared(figures: Mapping[str, Any], metric: str, label: str, whom: str) -> Drawing:
    named = {name: figure[metric] for name, figure in figures.items()}
    return bars(named, label=label, caption=f"{label}, {whom}.")


AFTER_LIVE_EVENTS = "users known by live events: back again, or in the middle of a session"
REPEATS_AND_NEW = ("repeats", "new_items"), "Items the user had before, and items new to the user."
HEAD_AND_TAIL = (
    ("head", "tail"),
    "The few items that hold a third of what was taken before (head), and all others (tail).",
)


def _parted(figures: Mapping[str, Any], k: int, parting: tuple[tuple[str, ...], str]) -> Drawing:
    parts, caption = parting
    named = {
        f"{name}: {what.replace('_items', '')}": figure[what]["ndcg"]
        for what in parts
        for name, figure in figures.items()
    }
    return bars(named, label=f"NDCG@{k}", caption=caption)


def _spread(figures: Mapping[str, Any]) -> Drawing:
    """Draw how much of the catalogue is shown against how alike a list's items are."""
    measurable = {
        name: figure
        for name, figure in figures.items()
        if figure["intra_list_similarity"] and figure["coverage"] is not None
    }

    def paint(axes: Axes) -> None:
        for name, figure in measurable.items():
            point = figure["coverage"], figure["intra_list_similarity"]["value"]
            axes.plot(*point, "o", color=COLOURS.get(name, INK))
            axes.annotate(name, point, xytext=(5, 4), textcoords="offset points")
        axes.margins(0.25)
        axes.set_xlabel("share of the items that are in any list")
        axes.set_ylabel("how alike the items of a list are")

    return draw(paint, caption="Coverage against similarity within the lists.", size=(5, 3))


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
            axes.set_xticks(places, [bucket_name(part) for part in slices])
        axes.set_xlabel("items known of the user before")
        axes.set_ylabel(f"NDCG@{k}")
        axes.legend(frameon=False)

    return draw(paint, caption=f"NDCG@{k} by rung and length of history.", size=(5, 3))


def _whiskers(estimates: list[dict[str, float]]) -> list[list[float]]:
    return [
        [figure["value"] - figure["low"] for figure in estimates],
        [figure["high"] - figure["value"] for figure in estimates],
    ]
