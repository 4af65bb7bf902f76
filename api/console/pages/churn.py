"""Churn and value: whom to keep, at what cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from recsys.ladder import Question
from recsys.segments.groups import MIN_USERS
from recsys.storage.access.accounts import Role

BINS = 20


def show(visit: Visit) -> View:
    """Return how many are at which risk, what an offer to some of them earns, and how it proved."""
    models = visit.serving.answering.bundle.churn
    metrics = visit.serving.answering.manifest.metrics.get(Question.CHURN, {})
    p = _risks(visit)
    terms = _terms(visit)
    threshold = visit.number("from", round(100 * models.popular.bands.pays_from), high=100) / 100
    counts = np.bincount(np.minimum((p * BINS).astype(int), BINS - 1), minlength=BINS)
    return View(
        facts={
            "horizon": models.definition.horizon_days,
            "active_days": models.definition.active_days,
            "missing": models.missing,
            "people": len(p),
            "bins": counts.tolist(),
            "marked": int(np.ceil(threshold * BINS - 1e-9)),
            "threshold": threshold,
            "offer": terms,
            "campaign": _campaign(p, threshold, terms),
            "pays_from": models.popular.bands.pays_from,
            "base_rate": models.popular.bands.base_rate,
            "points": metrics.get("reliability") or [],
            "auc": _auc(metrics),
            "worth": _worth(visit),
        },
        tables=(_bins(p, counts), _reliability(metrics), _lift(metrics), _rates(metrics)),
    )


PAGE = Page(
    "churn",
    N_("Churn and value"),
    N_("Whom to keep, at what cost?"),
    Role.VIEWER,
    show,
)


def _risks(visit: Visit) -> NDArray[np.float32]:
    """Return the probabilities of the active people that the model knows, ascending."""
    model = visit.serving.answering.bundle.churn.one_to_one
    return np.empty(0, np.float32) if model is None else model.propensity.among


def _terms(visit: Visit) -> dict[str, float]:
    usual = visit.service.config.churn.offer
    return {
        "worth": visit.number("worth", usual.worth),
        "offer": visit.number("offer", usual.offer),
        "contact": visit.number("contact", usual.contact),
        "stays": visit.number("stays", 100 * usual.stays, high=100),
    }


def _campaign(p: NDArray[np.float32], threshold: float, terms: dict[str, float]) -> dict[str, Any]:
    """Return whom a campaign would reach, and what it is expected to cost and to gain.

    As :func:`recsys.churn.bands.pays_from` says: who would leave stays for the offer with a chance,
    who would have stayed takes it too.
    """
    reached = p[p >= threshold].astype(np.float64)
    leavers = float(reached.sum())
    stayers = len(reached) - leavers
    kept = leavers * terms["stays"] / 100
    cost = len(reached) * terms["contact"] + (kept + stayers) * terms["offer"]
    few = 0 < len(reached) < MIN_USERS
    return {
        "reached": None if few else len(reached),
        "leavers": None if few else leavers,
        "stayers": None if few else stayers,
        "caught": None if few or not len(p) else leavers / float(p.sum()),
        "cost": None if few else cost,
        "gain": None if few else kept * terms["worth"] - cost,
    }


def _auc(metrics: Any) -> dict[str, float] | None:
    models = metrics.get("models", {})
    return next((one["auc"] for one in models.values() if one.get("auc")), None)


def _worth(visit: Visit) -> dict[str, Any]:
    """Return what is expected of everybody together, by horizon."""
    value = visit.serving.answering.bundle.value.value[:-1]
    known = value[~np.isnan(value[:, 0])] if len(value) else value
    proved = visit.serving.answering.manifest.metrics.get(Question.CHURN, {}).get("lifetime_value")
    return {
        "people": len(known),
        "sums": [float(one) for one in known.sum(axis=0)] if len(known) else [],
        "proved": proved or None,
    }


def _bins(p: NDArray[np.float32], counts: NDArray[np.int64]) -> Table:
    return Table(
        "bins",
        N_("How many are at which risk"),
        (
            Column("low", N_("from"), CellKind.SHARE),
            Column("high", N_("to"), CellKind.SHARE),
            Column("people", N_("People"), CellKind.COUNT),
        ),
        [
            {
                "low": place / BINS, "high": (place + 1) / BINS,
                "people": int(count) if not 0 < count < MIN_USERS else None,
            }
            for place, count in enumerate(counts.tolist())
        ]
        if len(p)
        else [],
        note=N_("Active people that the model knows, in 20 equal bins."),
    )  # fmt: skip


def _reliability(metrics: Any) -> Table:
    return Table(
        "reliability",
        N_("Said against happened"),
        (
            Column("said", N_("Said"), CellKind.SHARE),
            Column("seen", N_("Happened"), CellKind.SHARE),
            Column("n", N_("People"), CellKind.COUNT),
        ),
        metrics.get("reliability") or (),
        empty=N_("This version was not measured on later data."),
        note=N_("Tenths of the people by what was said of them; on the line, it came true."),
    )


def _lift(metrics: Any) -> Table:
    return Table(
        "caught",
        N_("How many leavers a campaign would have caught"),
        (
            Column("reached", N_("People reached"), CellKind.SHARE),
            Column("caught", N_("Leavers among them"), CellKind.SHARE),
        ),
        [
            {"reached": reached, "caught": caught}
            for reached, caught in metrics.get("lift_curve") or ()
            if reached > 0
        ],
        empty=N_("This version was not measured on later data."),
        note=N_("On later data that training had not seen, those at the highest risk first."),
    )


def _rates(metrics: Any) -> Table:
    return Table(
        "rates",
        N_("Churn, window by window"),
        (
            Column("at", N_("From"), CellKind.DAY),
            Column("churned", N_("Left"), CellKind.SHARE),
            Column("n_users", N_("Active people"), CellKind.COUNT),
        ),
        (metrics.get("drift") or {}).get("base_rates", ()),
        empty=N_("No window has closed yet."),
    )
