"""How much more an item is taken on an occasion than overall."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.config import Config
from recsys.data.surfaces import UNSAID, Occasions
from recsys.data.times import DAY, HOUR
from recsys.items.context_lift import TIME, cell
from tests.present import present
from tests.training.items.context.occasions import odd, said, shop, visited
from tests.training.items.test_measure import CONFIG, N_ITEMS
from training.data import TrainingData
from training.items.context import table as context_table
from training.items.context.table import ContextTable

ODD = odd(np.arange(N_ITEMS))
TOKYO = CONFIG.model_copy(
    update={"data": CONFIG.data.model_copy(update={"timezone": "Asia/Tokyo"})}
)


def taking(shares: dict[str, list[int]], *, users: int = 300) -> TrainingData:
    """Return a shop in which, on each device, each of `users` takes items in turn, once a day."""
    devices, rows, at, on = tuple(sorted(shares)), [], [], []
    for user in range(users):
        device = devices[user % len(devices)]
        items = shares[device]
        rows.append((user, items[user // len(devices) % len(items)]))
        at.append(DAY + user * 1000)
        on.append(devices.index(device))
    return shop(rows, at, Occasions(devices, (), *said(on)))


def counted(world: TrainingData, config: Config = CONFIG) -> ContextTable:
    return present(context_table.fit(world, config))


def lift_of(table: ContextTable, name: str) -> NDArray[np.float32]:
    lift: NDArray[np.float32] = table.lift[table.cells[name]]
    return lift


def test_what_is_favoured_on_a_device_is_lifted_there_and_lowered_elsewhere() -> None:
    table = counted(visited(device=True))
    assert set(table.cells) == {"device:desktop", "device:mobile"}
    mobile, desktop = lift_of(table, "device:mobile"), lift_of(table, "device:desktop")
    assert mobile[ODD].min() > 0.3 > -0.3 > mobile[~ODD].max()
    assert desktop[~ODD].min() > 0.3 > -0.3 > desktop[ODD].max()


def test_the_time_of_day_is_that_of_the_zone() -> None:
    shop_in_london, shop_in_tokyo = (
        counted(visited(hour=True), config) for config in (CONFIG, TOKYO)
    )
    evening = cell(TIME, "in the evening")
    assert lift_of(shop_in_london, evening)[ODD].min() > 0.3
    # Noon in UTC is evening in Tokyo, and the evening there is the next morning.
    assert lift_of(shop_in_tokyo, evening)[ODD].max() < -0.3


def test_users_have_zones_of_their_own() -> None:
    world = visited(hour=True)
    there = replace(world, timezone=("Asia/Tokyo",) * len(world.trait))
    ours, theirs = counted(there), counted(world, TOKYO)
    assert ours.cells == theirs.cells
    np.testing.assert_array_equal(ours.lift, theirs.lift)


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_where_the_occasion_says_nothing_there_is_hardly_a_table(seed: int) -> None:
    table = context_table.fit(visited(seed=seed), CONFIG)
    assert table is None or np.abs(table.lift).max() < 0.3


def test_the_lift_is_the_shrunk_logarithm_of_taken_over_expected() -> None:
    """Of two items, 150 users on each device: one takes 0 only, the other 0 and 1 in turn."""
    table = counted(taking({"desktop": [0], "mobile": [0, 1]}))
    taken, expected = np.array([[150, 0], [75, 75]]), np.array([[112.5, 37.5]] * 2)
    spread = ((taken - expected) ** 2).sum() - 0.25 * 2 * (225 + 75)
    alike = (expected**2).sum() / spread
    np.testing.assert_allclose(
        table.lift[:, :2], np.log((taken + alike) / (expected + alike)), rtol=1e-5
    )
    assert not table.lift[:, 2:].any()


def test_a_user_counts_once_for_an_item_and_a_device() -> None:
    world = taking({"desktop": [0], "mobile": [0, 1]})
    table = world.interactions
    twice = np.repeat(np.arange(len(table)), 2)
    rows = list(zip(table.user_row[twice].tolist(), table.item_row[twice].tolist(), strict=True))
    again = shop(rows, (table.at[twice] + np.arange(len(twice)) % 2).tolist(),
                 present(table.occasions).where(twice))  # fmt: skip
    ours, theirs = (counted(each) for each in (world, again))
    np.testing.assert_array_equal(ours.lift, theirs.lift)


def test_what_changes_with_the_season_says_nothing_of_the_device() -> None:
    """Everybody comes on desktop and takes 0, half a year later on mobile and takes 1."""
    early, late = [(user, 0) for user in range(150)], [(user, 1) for user in range(150, 300)]
    at = [DAY] * 150 + [180 * DAY] * 150
    on = [0] * 150 + [1] * 150
    world = shop(early + late, at, Occasions(("desktop", "mobile"), (), *said(on)))
    assert context_table.fit(world, CONFIG) is None


def test_a_cell_with_few_takers_has_no_row() -> None:
    world = taking({"desktop": [0], "fridge": [2], "mobile": [0, 1]})
    every = {"device:desktop", "device:fridge", "device:mobile"}
    assert set(counted(world).cells) == every
    occasions = present(world.interactions.occasions)
    device = occasions.device.copy()
    device[np.flatnonzero(device == 1)[0]] = UNSAID
    fewer = replace(world.interactions, occasions=replace(occasions, device=device))
    cells = counted(replace(world, interactions=fewer)).cells
    assert set(cells) == every - {"device:fridge"}


def test_only_the_busiest_cells_have_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_table, "FEWEST", 10)
    shares = {f"d{n:02}": [n] for n in range(10)}
    cells = counted(taking(shares)).cells
    assert len(cells) == context_table.MOST_CELLS["device"]


def test_hours_alone_make_a_table_where_no_event_names_a_device() -> None:
    world = visited(hour=True)
    bare = replace(world, interactions=replace(world.interactions, occasions=None))
    assert all(name.startswith("time:") for name in counted(bare).cells)


def test_nothing_happened_and_nothing_is_counted() -> None:
    world = visited()
    none = replace(world, interactions=world.interactions.before(-HOUR))
    assert context_table.fit(none, CONFIG) is None
