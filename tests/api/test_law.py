"""The law of live answers, over two processes and one store of each kind.

For every user and event sequence, whichever process took an event and whichever is asked, the next
answer is what a batch computation over the same events gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys.bundle import Bundle
from recsys.churn.risk import ChurnQuery
from recsys.data.person import LiveEvent, Remembered
from recsys.data.times import HOUR, SECOND, micros
from recsys.model_version import Answering
from recsys.storage.models.store import ModelStore
from tests import stores
from tests.api.test_serve import Server, served
from tests.present import present
from tests.worlds import END, ITEMS, USERS, World

pytestmark = pytest.mark.slow
_NUMBERS = count()


class Shop:
    """Two servers over one store, and the same model at hand."""

    def __init__(self, servers: list[Server], world: World) -> None:
        self.servers = servers
        store = ModelStore.of(world.config.storage)
        bundle, manifest = store.load(world.version, Bundle)
        self.answering = Answering.of(
            world.version, bundle, manifest, profiling_default=True, trait="country"
        )

    def batch(self, user: str, live: list[LiveEvent], *, at: int) -> tuple[Any, Any, Any]:
        """Return item ids, scores and the churn propensity, computed from all events at once."""
        traits = {"country": ("France", "Germany")[USERS.index(user) % 2]} if user in USERS else {}
        remembered = Remembered(live=tuple(live), traits=traits)
        person = self.answering.person(user, remembered, at=at)
        climb = self.answering.recommend(person, self.answering.query(10), on_failure=_never)
        risk = self.answering.churn.climb(person, ChurnQuery(), on_failure=_never, force=None)
        items = self.answering.bundle.interactions.items
        found = present(climb.answer).items
        return [items[one[0]] for one in found], [one[2] for one in found], present(risk.answer).p


def _never(rung: object, error: Exception) -> None:
    raise error


@pytest.fixture(scope="module", params=stores.KINDS)
def shop(
    request: pytest.FixtureRequest, built_world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    world = built_world.copy(tmp_path_factory.mktemp("law"))
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
        stores.fill(url, world.folder / "events.db")
        world = world.on(url)
    with ExitStack() as stack:
        servers = [stack.enter_context(served(world)) for _ in range(2)]
        yield Shop(servers, world)


ACT = st.tuples(
    st.sampled_from(ITEMS),
    st.sampled_from(["view", "cart", "purchase", "return"]),
    st.integers(0, 48),
    st.integers(1, 3),
    st.booleans(),
)


@given(
    user=st.sampled_from(["", *USERS[:12]]),
    acts=st.lists(ACT, min_size=1, max_size=6),
    asked=st.lists(st.booleans(), min_size=6, max_size=6),
)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_next_answer_is_that_of_a_batch_over_the_same_events(
    shop: Shop, user: str, acts: list[tuple[str, str, int, int, bool]], asked: list[bool]
) -> None:
    number = next(_NUMBERS)
    user = user or f"new{number}"
    live = _LIVE.setdefault((id(shop), user), [])
    for place, (item, kind, hours, quantity, taker) in enumerate(acts):
        at = END + (11 * HOUR) - hours * HOUR + number * SECOND
        event = {
            "user_id": user,
            "event": kind,
            "item_id": item,
            "timestamp": at / SECOND,
            "quantity": quantity,
            "price": 2.0,
        }
        status, told = shop.servers[taker].call("/v1/events", event)
        assert (status, told["accepted"]) == (200, 1)
        live.append(LiveEvent(item, kind, at, float(quantity), 2.0 * quantity))
        _, answer = shop.servers[asked[place]].call(f"/v1/users/{user}")
        generated = micros(datetime.fromisoformat(answer["generated_at"]))
        items, scores, churn = shop.batch(user, live, at=generated)
        assert [one["item_id"] for one in answer["items"]] == items
        np.testing.assert_allclose([one["score"] for one in answer["items"]], scores, rtol=1e-5)
        assert answer["churn"]["p"] == pytest.approx(churn, rel=1e-5)


_LIVE: dict[tuple[int, str], list[LiveEvent]] = {}


def test_a_replay_at_the_other_process_is_a_duplicate(shop: Shop) -> None:
    event = {"user_id": "twice", "item_id": "i03", "event": "view", "message_id": "only-once"}
    verdicts = [server.call("/v1/events", event)[1]["events"][0] for server in shop.servers]
    assert [one["verdict"] for one in verdicts] == ["accepted", "duplicate"]


def test_an_alias_at_one_process_holds_at_the_other(shop: Shop) -> None:
    event = {"anonymousId": "phone", "item_id": "i03", "event": "view"}
    assert shop.servers[0].call("/v1/events", event)[1]["accepted"] == 1
    joined = {"previousId": "phone", "userId": "joined"}
    assert shop.servers[1].call("/v1/alias", joined)[1]["success"]
    for server in shop.servers:
        assert server.call("/v1/users/joined/recommendations")[1]["rung"] == "hyper"
