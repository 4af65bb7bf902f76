"""Shops call: whatever the order in which their calls come, the same is left of each order."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from recsys.connectors.pseudonym import pseudonym
from recsys.data.netting import net
from recsys.data.times import DAY, SECOND
from tests.api.conftest import NOON, Api, running
from tests.recsys.connectors.samples import ADDRESS
from tests.recsys.connectors.shops import (
    charge,
    checkout,
    invoice,
    shopify_customer,
    shopify_order,
    shopify_refund,
    stripe_event,
    woo_order,
)
from tests.worlds import World
from training.load import load

KEY = "a key of the shop, not shorter than 32"
SECRET, NEXT = "a-secret-of-the-shop", "the-secret-after-it"
SECRETS = tuple(f"{tool}:{one}" for tool in ("shopify", "woocommerce", "stripe")
                for one in (SECRET, NEXT))  # fmt: skip
ANN = pseudonym(ADDRESS, KEY)


def orders(calls: list[Any]) -> list[tuple[Any, ...]]:
    """Return every order in which calls can come."""
    return list(permutations(calls))


@pytest.fixture
def shops(world: World) -> Iterator[Api]:
    config = world.config
    privacy = config.privacy.model_copy(update={"email_key": KEY})
    serving = config.serving.model_copy(update={"hook_secrets": SECRETS, "poll_seconds": 60.0})
    changed = config.model_copy(update={"privacy": privacy, "serving": serving})
    yield from running(replace(world, config=changed))


def signed(tool: str, body: bytes, secret: str = SECRET, at: int = NOON) -> dict[str, str]:
    if tool == "stripe":
        seconds = at // SECOND
        made = hmac.digest(secret.encode(), f"{seconds}.".encode() + body, "sha256").hex()
        return {"Stripe-Signature": f"t={seconds},v1={'0' * 64},v1={made},v0=old"}
    header = {"shopify": "X-Shopify-Hmac-Sha256", "woocommerce": "X-WC-Webhook-Signature"}[tool]
    return {header: b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()}


def called(api: Api, tool: str, payload: Any, **more: Any) -> int:
    body = json.dumps(payload).encode()
    headers = signed(tool, body, **more)
    return int(api.client.post(f"/v1/hooks/{tool}", content=body, headers=headers).status_code)


def told(api: Api, tool: str, *payloads: Any) -> None:
    for payload in payloads:
        assert called(api, tool, payload) == 200
        api.service.hooks.work()


def left(api: Api, user: str) -> dict[str, tuple[float, float]]:
    """Return units and money that are left of what a user bought, by item."""
    config = api.service.config
    within = round(config.data.return_days * DAY)
    table = net(load(api.service.log, config).interactions, within=within)
    row = table.users.row(user)
    if row is None:
        return {}
    of_user = table.of_user(row)
    items = ["" if item < 0 else table.items[item] for item in of_user.item_row]
    found = zip(items, of_user.quantity.tolist(), of_user.value.tolist(), strict=True)
    return {item: (quantity, round(value, 6)) for item, quantity, value in found}


REFUNDED = shopify_order(refunds=[shopify_refund()], updated_at="2023-10-03T10:00:00+02:00")
CANCELLED = shopify_order(cancelled_at="2023-10-04T10:00:00+02:00", refunds=[shopify_refund()])
OTHER = shopify_order(2, created_at="2023-09-30T09:00:00+02:00")
OF_OTHER = {"11": (1.0, 17.0), "12": (3.0, 30.0)}


@pytest.mark.parametrize("calls", orders([shopify_order(), REFUNDED, shopify_refund()]))
def test_what_is_left_of_an_order_does_not_hang_on_the_order_of_its_calls(
    shops: Api, calls: Any
) -> None:
    told(shops, "shopify", *calls, calls[0])
    assert left(shops, "77") == {"11": (1.0, 17.0), "12": (2.0, 20.0)}


@pytest.mark.parametrize("calls", orders([shopify_order(), REFUNDED, CANCELLED]))
def test_nothing_is_left_of_a_cancelled_order_and_all_of_another(shops: Api, calls: Any) -> None:
    told(shops, "shopify", OTHER, *calls)
    assert left(shops, "77") == OF_OTHER


@pytest.mark.parametrize(
    "calls",
    orders([woo_order(status="pending"), woo_order(), woo_order(status="refunded", refunds=[
        {"id": 5, "total": "-47.00"}])]),
)  # fmt: skip
def test_an_order_of_woocommerce_counts_from_when_it_is_paid_until_it_is_refunded(
    shops: Api, calls: Any
) -> None:
    told(shops, "woocommerce", calls[0])
    told(shops, "woocommerce", woo_order(2), *calls[1:])
    assert left(shops, "77") == OF_OTHER


def test_a_guest_of_woocommerce_is_known_by_the_address(shops: Api) -> None:
    told(shops, "woocommerce", woo_order(customer_id=0))
    assert (left(shops, "0"), left(shops, ANN)) == ({}, OF_OTHER)


def test_the_ping_of_woocommerce_is_answered_and_nothing_else_that_is_unsigned(shops: Api) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    post = shops.client.post
    answer = post("/v1/hooks/woocommerce", content=b"webhook_id=7", headers=form)
    assert (answer.status_code, answer.json()) == (200, {"taken": False})
    for tool, body in (("woocommerce", b"webhook_id=7&x=1"), ("woocommerce", b"{}"),
                       ("shopify", b"webhook_id=7")):  # fmt: skip
        assert post(f"/v1/hooks/{tool}", content=body, headers=form).status_code == 401
    assert shops.service.log.database.read("SELECT * FROM hooks") == []


@pytest.mark.parametrize("calls", orders([charge(300), charge(500, 300), charge(500, 300)]))
def test_each_refund_of_a_charge_counts_once(shops: Api, calls: Any) -> None:
    told(shops, "stripe", *calls[:2], stripe_event("invoice.paid", invoice(None) | {
        "customer": "cus_1"}), calls[2])  # fmt: skip
    assert left(shops, "stripe:cus_1") == {"prod_1": (1.0, 5.0)}


def test_a_checkout_says_who_a_customer_of_stripe_is(shops: Api) -> None:
    told(shops, "stripe", stripe_event("invoice.paid", invoice()))
    told(shops, "stripe", stripe_event("checkout.session.completed", checkout()))
    assert left(shops, "u1") == {"prod_1": (1.0, 10.0), "": (1.0, 15.0)}


@pytest.mark.parametrize(("currency", "worth"), [("jpy", 1500), ("eur", 15), ("kwd", 1.5)])
def test_money_of_stripe_is_in_the_smallest_unit(shops: Api, currency: str, worth: float) -> None:
    told(shops, "stripe", stripe_event("checkout.session.completed", checkout(currency=currency)))
    assert left(shops, "u1") == {"": (1.0, worth)}


def test_a_signature_of_stripe_holds_five_minutes(shops: Api) -> None:
    event = stripe_event("invoice.paid", invoice())
    assert called(shops, "stripe", event, at=NOON - 299 * SECOND) == 200
    assert called(shops, "stripe", event, at=NOON - 301 * SECOND) == 401
    assert called(shops, "stripe", event, at=NOON + 301 * SECOND) == 401


@pytest.mark.parametrize("tool", ["shopify", "woocommerce", "stripe"])
def test_a_secret_that_is_changed_holds_beside_the_next(shops: Api, tool: str) -> None:
    assert [called(shops, tool, {}, secret=one) for one in (SECRET, NEXT, "none of them")] == [
        200, 200, 401,
    ]  # fmt: skip


@pytest.mark.parametrize("header", ["é", "=", "t=1,v1=é", ""])
@pytest.mark.parametrize("tool", ["shopify", "stripe"])
def test_a_signature_that_is_no_text_proves_nothing(shops: Api, tool: str, header: str) -> None:
    (name,) = signed(tool, b"{}")
    headers = {name.encode(): header.encode("latin-1")}
    assert shops.client.post(f"/v1/hooks/{tool}", content=b"{}", headers=headers).status_code == 401


def test_a_consent_counts_from_when_it_was_given_not_from_when_the_customer_changed(
    shops: Api,
) -> None:
    granted_at = "2025-12-29T00:00:00Z"
    consent = {"state": "subscribed", "consent_updated_at": granted_at}
    told(shops, "shopify", shopify_customer(email_marketing_consent=consent))
    address = "/v1/users/77/consent"
    said = {"purpose": "marketing", "channel": "email", "state": "denied"}
    shops.client.put(address, json=said).raise_for_status()
    changed = shopify_customer(email_marketing_consent=consent, updated_at="2025-12-31T11:59:00Z")
    told(shops, "shopify", changed)
    answer = shops.client.get(address).json()
    assert [line["state"] for line in answer["ledger"]] == ["granted", "denied"]


@pytest.mark.parametrize("early", [0, 1, 2])
def test_who_is_redacted_is_erased_whatever_comes_before_and_after(shops: Api, early: int) -> None:
    calls = [shopify_order(), shopify_customer()]
    asked = {"shop_id": 1, "shop_domain": "x.example", "orders_to_redact": [1],
             "customer": {"id": 77, "email": ADDRESS, "phone": "1"}}  # fmt: skip
    calls.insert(early, asked)
    told(shops, "shopify", *calls)
    database = shops.service.log.database
    erased = {user for (user,) in database.read("SELECT user_id FROM erasures")}
    assert erased == {"77", ANN}
    assert database.read("SELECT * FROM events WHERE user_id IN ('77', ?)", (ANN,)) == []
    assert database.read("SELECT * FROM statements") == []
    assert database.read("SELECT tool FROM hooks") == []
    assert {by for (by,) in database.read("SELECT actor FROM audit")} == {"hook:shopify"}


def test_what_people_have_to_answer_is_put_aside_and_told(shops: Api) -> None:
    asked = {"shop_id": 1, "shop_domain": "x.example"}
    told(shops, "shopify", asked, asked | {"customer": {"id": 77}, "data_request": {"id": 9}})
    (source,) = shops.client.get("/v1/sources").json()["sources"]
    assert source["became"] == {"left_out": 2}


def test_a_file_erases_nobody(shops: Api) -> None:
    asked = {"type": "erase", "userId": "77", "event": "erase", "messageId": "m"}
    answer = shops.client.post("/v1/batch", json={"batch": [asked]})
    assert answer.json()["rejected"] == 1
