"""The ranker over all parts: learnt from what was held out, or their plain sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.als import AlsSettings
from recsys.algorithms.trees import Trees
from recsys.config import Config
from training.items.ranker_examples import PartSettings, ShownUsers
from training.items.readings import Figures, Tomorrow, means, robust
from training.items.weights import (
    BOTH,
    FIRST,
    Learned,
    between,
    blended,
    learn_weights,
    plain_sum,
    scaled_sum,
    taste_alone,
)
from training.measurement import clearly_above

OWN_BY = ("weights", FIRST, "taste", "trees", BOTH)
TASTE = "1:1 model alone"
SUMS = {
    f"plain sum, factors at {factors:g}{name}": (1.0, factors, order, order)
    for name, order in {"": 0.0, ", order at 1": 1.0}.items()
    for factors in (0.3, 1.0)
}
"""What the standardised parts weigh, in the order of ``STANDARD``."""
LEARNT = {"learnt": 1.0, "learnt, halfway to the sum": 0.5, "learnt, mostly the sum": 0.25}
"""How much of the weights is learnt; the rest are those of the plain sum on the learnt scale."""


@dataclass(frozen=True, slots=True)
class BlendChoice:
    """The weights that serve.

    Attributes
    ----------
    factors : AlsSettings
        Of the factorisation that the blend listens to.
    on_factors : bool
        Whether the taste stands on it too.
    ranker : str
        What the weights are called in the tables of figures.
    new : tuple of float
        Weights of the item's own signals, then of ``NEW``, for items new to the user.
    own : tuple of float
        Of the item's own signals, then of ``OWN``, for items had before.
    own_by : str
        What ranked items had before best: ``weights``; ``FIRST``, the same above the new ones;
        ``trees``; ``taste``, the 1:1 model, whose order they then keep, above the new ones; or
        ``BOTH``, above the new ones too.
    trees : Trees or None
        Where they did.
    lift : float
        See :class:`recsys.items.ranker.Blend`.
    """

    factors: AlsSettings
    on_factors: bool
    ranker: str
    new: tuple[float, ...]
    own: tuple[float, ...]
    own_by: str
    trees: Trees | None
    lift: float
    tree_share: float = 1.0

    @property
    def learned(self) -> Learned:
        """What was learned, as arrays."""
        return Learned(
            np.array(self.new), np.array(self.own), self.trees, self.lift, self.tree_share
        )


def learn(
    tomorrow: Tomorrow,
    earlier: Sequence[ShownUsers],
    settings: PartSettings,
    config: Config,
    *,
    own_by: Sequence[str] = OWN_BY,
    progress: Callable[[str], None],
) -> tuple[BlendChoice | None, Figures]:
    """Learn the ranker, and judge it against the 1:1 model and the plain sums of its parts.

    Each is judged by the whole procedure: weights learnt on what was held out earlier, parts
    refitted on all but what judges, under every reading of it. What then serves is learnt again
    with `tomorrow` included.

    Parameters
    ----------
    tomorrow : Tomorrow
        What judges; nothing that the choice will be judged on.
    earlier : sequence of Shown
        What is learnt from, the latest first; may be empty: then nothing is learnt.
    settings : PartSettings
        Of the parts.
    config : Config
        The seed, and how intervals are made.
    own_by : sequence of str
        What may rank items had before; see :class:`BlendChoice`.
    progress : callable
        Told in words what is being done.

    Returns
    -------
    BlendChoice or None
        None where the 1:1 model alone serves.
    Figures
        NDCG of each ranker under each reading.
    """
    progress("the ranker: weights")
    seed = config.training.seed
    ordered = tomorrow.seen.fitted.parts.order is not None
    sums = {name: each for name, each in SUMS.items() if ordered or not any(each[2:])}
    tried = {TASTE: taste_alone(), **{name: plain_sum(each) for name, each in sums.items()}}
    by = ""
    if earlier:
        whole = learn_weights(earlier, own_by, seed)
        by = _best(_as_it_is(tomorrow, whole), config)
        total = scaled_sum(earlier)
        tried |= {name: between(whole[by], total, share) for name, share in LEARNT.items()}
    progress("the ranker: judged under every reading")
    rankers = {name: blended(tomorrow.seen.fitted, each) for name, each in tried.items()}
    ndcg = tomorrow.ndcg(rankers)
    figures = means(ndcg)
    best = robust(ndcg, TASTE, list(sums), [name for name in tried if name in LEARNT])
    if best == TASTE:
        return None, figures
    learned = tried[best]
    if best in LEARNT:
        # As many as what was judged was learnt from; one alone is all that there is then.
        latest = [tomorrow.seen, *earlier[: max(len(earlier) - 1, 1)]]
        whole = learn_weights(latest, (by,), seed)
        learned = between(whole[by], scaled_sum(latest), LEARNT[best])
    choice = BlendChoice(
        factors=settings.factors,
        on_factors=settings.on_factors,
        ranker=best,
        new=tuple(learned.new.tolist()),
        own=tuple(learned.own.tolist()),
        own_by=by if best in LEARNT else "taste",
        trees=learned.trees,
        lift=learned.lift,
        tree_share=learned.tree_share,
    )
    return choice, figures


def _as_it_is(tomorrow: Tomorrow, tried: Mapping[str, Learned]) -> dict[str, NDArray[np.float64]]:
    """Return the NDCG of each user by ranker, of all that was held out."""
    first, reading = next(iter(tomorrow.readings.items()))
    rankers = {name: blended(tomorrow.seen.fitted, each) for name, each in tried.items()}
    return replace(tomorrow, readings={first: reading}).ndcg(rankers)[first]


def _best(tried: Mapping[str, NDArray[np.float64]], config: Config) -> str:
    """Return what ranks items had before; trees, which can learn anything, only if clearly best."""
    grown = [name for name in ("trees", BOTH) if name in tried]
    plain = max((name for name in tried if name not in grown), key=lambda name: tried[name].mean())
    if not grown:
        return plain
    best = max(grown, key=lambda name: tried[name].mean())
    return best if clearly_above(tried[best], tried[plain], config.training) else plain
