"""Which of these files are asked for by which word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from recsys.connectors.formats import (
    adobe,
    answers,
    ga4,
    hubspot,
    marketo,
    mparticle,
    qualtrics,
    salesforce,
    shop_orders,
    stripe,
    tealium,
)

OF_RECORDS: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    "answers": answers.record,
    "ga4": ga4.record,
    "hubspot": hubspot.record,
    "mparticle": mparticle.record,
    "shopify": shop_orders.shopify,
    "shopify_customer": shop_orders.customer,
    "stripe": stripe.record,
    "tealium": tealium.record,
    "woocommerce": shop_orders.woocommerce,
}
"""Each takes a record apart before it becomes rows."""

OF_FRAMES: Mapping[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "adobe": adobe.frame,
    "marketo": marketo.frame,
    "qualtrics": qualtrics.frame,
    "salesforce": salesforce.frame,
}
r"""Each takes rows apart; those that it repeats say their place in a column ``\x00place``."""
