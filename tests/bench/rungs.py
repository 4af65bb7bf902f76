"""Whether small shops get the rungs that are truly better: `python -m tests.bench.rungs`.

Shops of which the truth is known: how far tastes differ, and whether the country tells of them, is
drawn by the seed. Each is judged by `recsys train`'s own measurement, and what its ladder then
serves is held against what would truly be best, for each kind of person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer
from msgspec import structs
from numpy.typing import NDArray

from recsys.config import Config, Items
from recsys.config import Training as TrainingSection
from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.person import Person
from recsys.data.times import DAY, SECOND
from recsys.items import slate
from recsys.items.filters import Rests
from recsys.items.models import ItemModels
from recsys.items.slate import ItemQuery
from recsys.ladder import HEIGHT, Ladder, Question, RungName, Standing, Verdict
from recsys.segments.table import SegmentTable
from tests.bench.tool import console, run
from tests.recsys.items.shop import raised
from tests.training.messages import no_messages
from training import items, segments
from training.data import TrainingData

DAYS, VISITS, VIEWS = 240, 4.0, 3
TASTES, N_ITEMS, COUNTRIES, K = 6, 120, 4, 20
ASKED = 150
KINDS = ("view", "purchase")
CONFIG = Config(
    items=Items(relevant_kind="purchase", at_k=K, segment_shrinkage=20.0),
    training=TrainingSection(resamples=1_000),
)
Floats = NDArray[np.float64]
ABOVE = (RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is drawn from.

    Attributes
    ----------
    chance : float64, shape (n_tastes, n_items)
        Of each item for whoever has a taste.
    taste : int, shape (n_users,)
        Of each user.
    country : int, shape (n_users,)
    """

    chance: Floats
    taste: NDArray[np.int64]
    country: NDArray[np.int64]

    @classmethod
    def of(cls, n_users: int, rng: np.random.Generator) -> Truth:
        """Draw how far tastes differ, who has which, and how far the country tells."""
        differs, tells = rng.choice([0.0, 0.3, 0.6, 0.9]), rng.choice([0.0, 0.7])
        popular = rng.permutation(1 / np.arange(3, N_ITEMS + 3))
        popular /= popular.sum()
        own = np.array([np.where(np.arange(N_ITEMS) % TASTES == t, popular, 0)
                        for t in range(TASTES)])  # fmt: skip
        chance = differs * own / own.sum(1, keepdims=True) + (1 - differs) * popular
        taste = rng.integers(TASTES, size=n_users)
        told = rng.random(n_users) < tells
        country = np.where(told, taste % COUNTRIES, rng.integers(COUNTRIES, size=n_users))
        return cls(chance, taste, country)

    def visit(self, taste: int, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return what somebody of a taste looks at, and takes."""
        return rng.choice(N_ITEMS, size=n, p=self.chance[taste])


def shop(truth: Truth, rng: np.random.Generator) -> TrainingData:
    """Return eight months of visits: some views, and every other time a purchase."""
    rows: list[tuple[int, int, int, int]] = []
    for user, taste in enumerate(truth.taste.tolist()):
        begin = rng.uniform(0, DAYS)
        for day in np.sort(rng.uniform(begin, DAYS, size=1 + rng.poisson(VISITS))):
            at, seen = int(day * DAY), truth.visit(taste, VIEWS + 1, rng).tolist()
            rows += [(user, item, 0, at + n * 40 * SECOND) for n, item in enumerate(seen[:-1])]
            if rng.random() < 0.5:
                rows.append((user, seen[-1], 1, at + 300 * SECOND))
    user, item, kind, at = np.array(rows, np.int64).T
    unknown = ("",) * N_ITEMS
    return TrainingData(
        interactions=Interactions.of(
            IdMap.of(f"u{row:05}" for row in range(len(truth.taste))),
            IdMap.of(f"i{row:03}" for row in range(N_ITEMS)),
            KINDS,
            user_row=user.astype(np.int32),
            events=_events(item, kind, at),
        ),
        catalogue=Catalogue(
            unknown, unknown, unknown, unknown, np.full(N_ITEMS, np.nan, np.float32),
            np.ones(N_ITEMS, bool),
        ),
        trait=tuple(f"c{row}" for row in truth.country),
        messages=no_messages(),
        watermark=0,
        fingerprint="",
    )  # fmt: skip


def people(
    truth: Truth, data: TrainingData, table: SegmentTable, rng: np.random.Generator
) -> Iterator[tuple[str, Person, int]]:
    """Yield known and new people, before and in a visit, with their taste."""
    end = data.interactions.end
    known = rng.choice(len(truth.taste), size=min(ASKED, len(truth.taste)), replace=False)
    for user in known.tolist():
        taste = int(truth.taste[user])
        past = data.interactions.of_user(user)
        row = table.of_user(user)
        person = Person(f"u{user}", end, user_row=user, segment_row=row, past=past)
        yield "known", person, taste
        yield (
            "known, in a visit",
            structs.replace(person, live=_seen(truth, taste, end, rng)),
            taste,
        )
    for number in range(ASKED):
        # From where the users come, so that who is new is as they are.
        like = int(rng.integers(len(truth.taste)))
        taste = int(truth.taste[like])
        row = table.of_user(None, table.row(f"country:c{truth.country[like]}"))
        person = Person(f"n{number}", end + 200 * SECOND, segment_row=row)
        yield "new", person, taste
        yield "new, in a visit", structs.replace(person, live=_seen(truth, taste, end, rng)), taste


@dataclass(frozen=True, slots=True)
class Judged:
    """What a shop truly gets of its ladder in one situation, NDCG."""

    served: float
    best: float
    popular: float
    right_rung: bool
    worse_shipped: bool


def judge(
    truth: Truth, data: TrainingData, verdicts: Mapping[RungName, Verdict],
    models: ItemModels, table: SegmentTable, rng: np.random.Generator,
) -> dict[str, Judged]:  # fmt: skip
    """Return, for each situation, what is served, against the best that the rungs could do."""
    query = ItemQuery(K, np.ones(N_ITEMS, bool), kind=1, rest=Rests.of_kinds(KINDS, {}))
    ladder = models.ladder({})
    gained: dict[str, list[tuple[Person, dict[RungName, float]]]] = {}
    for situation, person, taste in people(truth, data, table, rng):
        figures: dict[RungName, float] = {}
        for place, rung in enumerate(ladder.rungs):
            if rung.declines(person) is not None:
                continue
            only = Ladder(Question.ITEMS, (rung, *ladder.rungs[place + 1 :][-1:]), {})
            answer = slate.fill(only, person, query, on_failure=raised).answer
            rows = [item.item_row for item in answer.items] if answer else []
            discount = 1 / np.log2(np.arange(len(rows)) + 2)
            figures[rung.name] = float(truth.chance[taste][rows] @ discount)
        gained.setdefault(situation, []).append((person, figures))
    return {name: _judged(of, verdicts) for name, of in gained.items()}


def _judged(
    of: list[tuple[Person, dict[RungName, float]]], verdicts: Mapping[RungName, Verdict]
) -> Judged:
    served, shipped, best = [], [], []
    mean = {
        rung: np.mean([figures.get(rung, figures[_below(rung, figures)]) for _, figures in of])
        for rung in RungName
    }
    best_rung = max(RungName, key=lambda rung: mean[rung])
    for person, figures in of:
        by = {rung: verdicts[rung].standing(person.kind) for rung in figures if rung in verdicts}
        sure = [r for r in figures if by.get(r, Standing.SHIPPED) is Standing.SHIPPED]
        top = max(sure, key=HEIGHT.__getitem__)
        tried = [r for r, s in by.items() if s is Standing.TRIAL and HEIGHT[r] > HEIGHT[top]]
        own = figures[top]
        if tried:
            own = (own + figures[max(tried, key=HEIGHT.__getitem__)]) / 2
        served.append(own)
        shipped.append(top)
        best.append(figures.get(best_rung, figures[_below(best_rung, figures)]))
    most = max(set(shipped), key=shipped.count)
    return Judged(
        served=float(np.mean(served)),
        best=float(np.mean(best)),
        popular=float(mean[RungName.POPULAR]),
        right_rung=most is best_rung or mean[best_rung] - mean[most] < 0.01 * mean[best_rung],
        worse_shipped=mean[most] < 0.99 * mean[RungName.POPULAR],
    )


def _below(rung: RungName, figures: dict[RungName, float]) -> RungName:
    return max((r for r in figures if HEIGHT[r] < HEIGHT[rung]), key=HEIGHT.__getitem__,
               default=RungName.POPULAR)  # fmt: skip


def _seen(truth: Truth, taste: int, end: int, rng: np.random.Generator) -> UserEvents:
    looked = truth.visit(taste, VIEWS, rng)
    return _events(looked, np.zeros(VIEWS, np.int64), end + np.arange(VIEWS) * 40 * SECOND)


def _events(item: NDArray[np.int64], kind: NDArray[np.int64], at: NDArray[np.int64]) -> UserEvents:
    return UserEvents(
        item_row=item.astype(np.int32),
        kind=kind.astype(np.int8),
        at=at,
        quantity=np.ones(len(item), np.float32),
        value=np.ones(len(item)),
    )


def main(
    users: Annotated[int, typer.Option(help="Users of each shop.")] = 400,
    shops: Annotated[int, typer.Option(help="Shops, by ascending seeds.")] = 10,
    seed: Annotated[int, typer.Option(help="Of the first.")] = 1,
) -> None:
    """Print each shop's standings and regret, then the sums over the shops."""
    found: list[dict[str, Judged]] = []
    for number in range(seed, seed + shops):
        rng = np.random.default_rng(number)
        truth = Truth.of(users, rng)
        data = shop(truth, rng)
        choice, measured = items.measure(data, CONFIG, progress=lambda text: None)
        at = data.interactions.end
        table = segments.fit_table(data, CONFIG, at=at)
        models = items.fit(data, table, choice, CONFIG, at=at)
        found.append(judge(truth, data, measured.verdicts, models, table, rng))
        console.print(f"shop {number}: {len(data.interactions):,} events", _said(found[-1]))
        for rung, verdict in measured.verdicts.items():
            of = {str(kind): str(each.standing) for kind, each in verdict.by_kind.items()}
            console.print(f"  {rung}: {of}")
    for name in found[0]:
        each = [shop[name] for shop in found]
        regret = np.array([1 - one.served / one.best for one in each])
        console.print(
            f"{name}: regret {regret.mean():.1%}, at most 2 % in {(regret <= 0.02).mean():.0%}, "
            f"{regret.max():.1%} at the worst; popular alone "
            f"{np.mean([1 - one.popular / one.best for one in each]):.1%}; the right rung in "
            f"{np.mean([one.right_rung for one in each]):.0%} of {len(each)} shops, a worse one in "
            f"{np.mean([one.worse_shipped for one in each]):.0%}"
        )


def _said(of: dict[str, Judged]) -> str:
    return ", ".join(f"{name} {1 - one.served / one.best:+.1%}" for name, one in of.items())


if __name__ == "__main__":
    run(main)
