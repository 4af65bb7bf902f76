"""Logged decisions as messages to learn from, joined with what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from recsys.channel.decision import Decision
from recsys.channel.terms import NONE
from recsys.data.kinds import MESSAGE_SENT

Columns = Mapping[str, Sequence[Any]]


def with_decisions(columns: Columns, decisions: Iterable[Decision]) -> dict[str, list[Any]]:
    """Return message rows with a row for every decision to send something.

    What was decided counts, with a receipt or without: that was drawn with the logged probability.
    A ``message_sent`` whose ``ref`` is a decision of its user is that decision's receipt and no
    message of its own; outcomes that refer to either belong to the decision, and a
    ``message_failed`` takes it back as it does a message.

    Probabilities are of one kind: those of decisions that no request forced, or those that came
    with messages from outside, whichever are more. Of the others, and of forced ones, none is
    known: the messages count, and no policy is judged by them.

    To send nothing earns nothing by definition and has no row; the probability of an arm is
    therefore that among the arms that send: pscore / (1 - P(none)).
    """
    rows: dict[str, list[Any]] = {name: list(column) for name, column in columns.items()}
    taken = {(d.user_id, d.decision_id): d for d in decisions if d.action != NONE}
    if not taken:
        return rows
    receipts = _receipts(rows, taken)
    rows["ref"] = [
        _key(user, ref) if (user, ref) in taken else receipts.get((user, ref), ref)
        for user, ref in zip(rows["user_id"], rows["ref"], strict=True)
    ]
    names = zip(rows["user_id"], rows["event_id"], strict=True)
    kept = [n for n, name in enumerate(names) if name not in receipts]
    rows = {name: [column[n] for n in kept] for name, column in rows.items()}
    chosen = [decision for decision in taken.values() if not decision.forced]
    outside = sum(pscore is not None for pscore in rows["pscore"])
    if chosen and len(chosen) >= outside:
        rows["pscore"] = [None] * len(rows["pscore"])
    for (user, decision_id), decision in taken.items():
        one = _row(user, decision_id, decision)
        if decision.forced or len(chosen) < outside:
            one["pscore"] = None
        for name, column in rows.items():
            column.append(one[name])
    return rows


def as_one_person(columns: Columns, former: Mapping[str, Sequence[str]]) -> Columns:
    """Return message rows in which a mail goes by the id that its receiver has now.

    What came of a mail names it by its receiver, who may have had another id when it was sent.

    Parameters
    ----------
    columns : mapping of str to sequence
        As the event log has them; users are those that former ids became.
    former : mapping of str to sequence of str
        The ids that each user had before.
    """
    if not former:
        return columns
    renamed = {
        name: [
            _own(event_id, user, former.get(user, ()))
            for event_id, user in zip(columns[name], columns["user_id"], strict=True)
        ]
        for name in ("event_id", "ref")
    }
    return {**columns, **renamed}


def _own(event_id: str | None, user: str, former: Sequence[str]) -> str | None:
    if event_id is not None and event_id.startswith("email:"):
        for previous in former:
            if event_id.endswith(f":{previous}"):
                return event_id.removesuffix(previous) + user
    return event_id


def _receipts(
    rows: Mapping[str, Sequence[Any]], taken: Mapping[tuple[str, str], Decision]
) -> dict[tuple[str, str], str]:
    """Return the key of the decision behind each receipt, by its user and its id."""
    told = zip(rows["event_id"], rows["user_id"], rows["kind"], rows["ref"], strict=True)
    return {
        (user, event_id): _key(user, ref)
        for event_id, user, kind, ref in told
        if kind == MESSAGE_SENT and (user, ref) in taken
    }


def _row(user: str, decision_id: str, decision: Decision) -> dict[str, Any]:
    return {
        "event_id": _key(user, decision_id),
        "user_id": user,
        "kind": MESSAGE_SENT,
        "at": decision.at if decision.send_at is None else decision.send_at,
        "channel": decision.action,
        "ref": None,
        "pscore": decision.pscore / (1 - _none(decision)),
        "simulated": False,
    }


def _key(user: str, decision_id: str) -> str:
    # No event has such an id: a NUL is refused in all of them.
    return f"{user}\0{decision_id}"


def _none(decision: Decision) -> float:
    """Return the probability with which the decision would have been to send nothing."""
    arms = orjson.loads(decision.answer)["ranked"]
    return next((float(arm["propensity"]) for arm in arms if arm["channel"] == NONE), 0.0)
