"""The 1:1 model and the ranker over its parts, chosen by what was held out, in whatever way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.als import AlsSettings
from recsys.config import Config
from training.items.choice import ItemChoice, event_weights
from training.items.held_out import Held
from training.items.ranker import OWN_BY, learn
from training.items.ranker_examples import Fitted, PartSettings, fit_parts, shown
from training.items.readings import Tomorrow
from training.items.trials import FACTORS, Ground, by_ndcg, factor_trials, graph_trials, of_drawn

WON = "the 1:1 model alone is as good as any ranker over its parts"


@dataclass(frozen=True, slots=True)
class HeldOutParts:
    """What judges and what is learnt from.

    Attributes
    ----------
    name : str
        What the reports call the part that judges.
    judging : Held
        What judges, and by what settings are chosen.
    learnt : sequence of Held
        What weights are learnt from, the latest first.
    repeats : bool
        Whether the lists may hold items that the user had before.
    most_users : int
        Of each part, drawn by the seed.
    """

    name: str
    judging: Held
    learnt: Sequence[Held]
    repeats: bool
    most_users: int = 500


@dataclass(frozen=True, slots=True)
class Personal:
    """What was chosen, and the parts fitted without what judged first."""

    choice: ItemChoice
    fitted: Fitted


def choose_personal(
    parts: HeldOutParts,
    available: NDArray[np.bool_],
    config: Config,
    *,
    progress: Callable[[str], None],
) -> Personal:
    """Try graphs and factorisations, then the rankers over the best of both.

    Where nobody with a history wanted anything that was held out, the choice is the defaults.

    Parameters
    ----------
    parts : HeldOutParts
        Must not hold what the choice will be judged on.
    available : bool, shape (n_items,)
        What may be recommended.
    config : Config
        Its `items` and `training` sections, and the weights of the kinds.
    progress : callable
        Told in words what is being tried.
    """
    held = parts.judging
    ground = Ground.of(held, available, config, repeats=parts.repeats)
    nobody = "nobody known before what judges took anything that was held out"
    choice = _best_parts(ground, progress) if len(ground.wanted) else ItemChoice(no_blend=nobody)
    settings = part_settings(choice, held.before.kinds, config)
    progress("the parts without what judges")
    fitted = fit_parts(held.before, available, settings, config, at=held.cutoff)
    most = parts.most_users
    judging = shown(held, fitted, config, most=most) if len(ground.wanted) else None
    if judging is None:
        few = f"fewer than two users with {config.items.min_history} items are known to judge by"
        return Personal(replace(choice, no_blend=choice.no_blend or few), fitted)
    learnt = []
    for part in parts.learnt:
        progress("the ranker: its parts without what it learns from")
        own = fit_parts(part.before, available, settings, config, at=part.cutoff)
        learnt += [seen] if (seen := shown(part, own, config, most=most)) else []
    tomorrow = Tomorrow.of(parts.name, judging, repeats=parts.repeats, seed=config.training.seed)
    own_by = OWN_BY if parts.repeats else ("taste",)
    blend, figures = learn(tomorrow, learnt, settings, config, own_by=own_by, progress=progress)
    why = "" if blend else WON if learnt else f"{WON}; the data begin too late to learn one"
    return Personal(replace(choice, blend=blend, no_blend=why, tomorrows=figures), fitted)


def part_settings(choice: ItemChoice, kinds: tuple[str, ...], config: Config) -> PartSettings:
    """Return how the parts of a choice are fitted."""
    tried = (t.settings for t in choice.trials if isinstance(t.settings, AlsSettings))
    return PartSettings(
        graph=choice.graph,
        factors=choice.to_factorise or next(tried, FACTORS[0]),
        on_factors=choice.factors is not None,
        demand=choice.demand,
        weights=event_weights(choice, kinds, config),
    )


def _best_parts(ground: Ground, progress: Callable[[str], None]) -> ItemChoice:
    """Return the 1:1 model that wins, of all that are tried."""
    graphs = graph_trials(ground, progress)
    graph = max(graphs, key=by_ndcg)
    factors = factor_trials(ground, graph.half_life_days, progress)
    factor = max(factors, key=by_ndcg)
    wins = factor.ndcg > graph.ndcg
    best = factor if wins else graph
    choice = ItemChoice(
        graph=graph.settings,
        factors=factor.settings if wins else None,
        half_life_days=best.half_life_days,
        own=best.own,
        live_own=best.own,
        demand=best.demand,
        trials=tuple(sorted([*graphs, *factors], key=by_ndcg, reverse=True)),
    )
    return replace(choice, drawn=of_drawn(ground, choice, progress))
