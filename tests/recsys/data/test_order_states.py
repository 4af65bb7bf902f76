"""States that say that an order is none."""

from __future__ import annotations

import pytest

from recsys.data.order_states import is_void


@pytest.mark.parametrize(
    "state",
    [
        *("cancelled", "Canceled", "REFUNDED", "wc-failed", "payment_failed", " Voided "),
        *("Order Cancelled", "CANCELLED_BY_BUYER", "PaymentFailed", "checkout-draft", "abandoned"),
        *("storniert", "Rückerstattet", "Remboursé", "reembolsado", "anulowane", "unavailable"),
    ],
)
def test_a_state_that_ends_an_order_is_void(state: str) -> None:
    assert is_void(state)


@pytest.mark.parametrize(
    "state",
    [
        *("paid", "completed", "partially_refunded", "processing", "", "not cancelled", "CA"),
        *("Return requested", "refund failed", "Canceled_Reversal", "cancellation pending"),
        *(
            "teilweise erstattet",
            "remboursement partiel",
            "non-refundable",
            "delivery attempt failed",
        ),
    ],
)
def test_any_other_state_is_not(state: str) -> None:
    assert not is_void(state)
