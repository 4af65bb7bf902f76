"""Whether the context is listened to: only where held-out data show that it gains."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs

from recsys.config import Config
from recsys.data.person import Context
from recsys.items.hyper import HyperItems
from recsys.items.models import ItemModels
from recsys.items.slate import ItemQuery
from recsys.ladder import RungName
from tests.present import present
from tests.training.items.context.occasions import odd, visited
from tests.training.items.test_measure import CONFIG, N_ITEMS, silent
from training import items
from training.data import TrainingData
from training.items.choice import ItemChoice
from training.items.context import choice as context_choice
from training.items.context import table as context_table
from training.items.context.choice import at_visits, crossed
from training.items.context.table import ContextTable
from training.items.context.visits import visits
from training.items.windows import window
from training.measurement import Measurement
from training.segments import fit_table

Measured = tuple[ItemChoice, Measurement]


@pytest.fixture(scope="module", name="world")
def _world() -> TrainingData:
    return visited(device=True)


@pytest.fixture(scope="module", name="measured")
def _measured(world: TrainingData) -> Measured:
    return items.measure(world, CONFIG, progress=silent)


def test_where_the_device_matters_it_is_listened_to(measured: Measured) -> None:
    choice, measurement = measured
    context = present(choice.context)
    assert context.weight > 0
    assert present(context.gain).low > 0.1
    told = measurement.metrics["context"]
    assert told["cells"] == ["device:desktop", "device:mobile"]
    assert told["gain"].low > 0.1
    assert measurement.verdicts[RungName.HYPER].shipped


def test_the_rung_puts_first_what_is_taken_on_the_device_at_hand(
    world: TrainingData, measured: Measured
) -> None:
    rung = fitted(world, measured[0]).ladder({}).rungs[0]
    held = window(world, CONFIG)
    asked = at_visits(world, held, CONFIG).people[:50]
    for device, wanted in (("mobile", True), ("desktop", False)):
        people = [structs.replace(person, context=Context(device=device)) for person in asked]
        answers = [present(rung.answer(who, context_query(3))) for who in people]
        heads = np.concatenate([answer.item_row for answer in answers])
        assert np.mean(odd(heads) == wanted) > 0.9
        notes = {note for answer in answers for note in answer.notes}
        assert notes == {"", f"popular on {device}"}


def context_query(limit: int) -> ItemQuery:
    return ItemQuery(limit, np.ones(N_ITEMS, bool))


def fitted(world: TrainingData, choice: ItemChoice) -> ItemModels:
    at = world.interactions.end
    return items.fit(world, fit_table(world, CONFIG, at=at), choice, CONFIG, at=at)


@pytest.mark.parametrize("seed", [5, 6])
def test_where_no_occasion_matters_none_is_listened_to(seed: int) -> None:
    world = visited(seed=seed)
    choice, measurement = items.measure(world, CONFIG, progress=silent)
    assert choice.context is None or not choice.context.used
    assert measurement.metrics["context"]["cells"] == []
    assert fitted(world, choice).context is None


def test_the_table_that_chooses_has_not_seen_the_window(
    world: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, seen = window(world, CONFIG), []
    counted = context_table.fit

    def spied(data: TrainingData, config: Config) -> ContextTable | None:
        seen.append(data)
        return counted(data, config)

    monkeypatch.setattr(context_table, "fit", spied)
    rung = fitted(world.before(held.cutoff), ItemChoice()).ladder({}).rungs[0]
    assert isinstance(rung, HyperItems)
    context_choice.choose_context(world, held, rung, CONFIG, progress=silent)
    assert [int(data.interactions.at.max()) < held.cutoff for data in seen] == [True]


def test_a_visit_is_asked_at_its_first_event_with_its_device(world: TrainingData) -> None:
    held = window(world, CONFIG)
    asked = at_visits(world, held, CONFIG)
    table, occasions = world.interactions, present(world.interactions.occasions)
    for person, wanted in zip(asked.people, asked.wanted.indptr[:-1], strict=True):
        own = np.flatnonzero((table.user_row == person.user_row) & (table.at == person.at))
        assert person.context.device == occasions.names(own[0])[0]
        assert asked.wanted.item_row[wanted] in table.item_row[own]
        assert (person.live.at < person.at).all()
        assert (person.past.at < held.cutoff).all()


def test_whoever_came_once_is_asked_then_without_live_events(world: TrainingData) -> None:
    held = window(world, CONFIG)
    found = visits(held, CONFIG)
    once = np.flatnonzero(held.asked_at[found.wanted.user_row] == 0)
    assert len(once)
    for user in found.wanted.user_row[once].tolist():
        assert not len(found.live.of_user(user))
        assert found.asked_at[user] == held.held_out.of_user(user).at[0]


def test_a_gain_is_that_of_the_weight_which_the_others_choose() -> None:
    """Each half looks best with a weight of its own, by chance; the other half says so."""
    gains = np.array([[1.0, -1.0] * 5, [-1.0, 1.0] * 5, [0.1, 0.1] * 5])
    assert crossed(gains).tolist() == [-1.0] * 10
    assert crossed(gains[2:]).tolist() == [0.1] * 10
