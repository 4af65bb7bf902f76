"""One person: what does this one get, and why."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.console.table import CellKind, Column, Table
from api.console.visit import Page, View, Visit
from api.console.words import N_
from api.messages.users import ItemsAnswer, UserAnswer
from api.requests.query import identifier
from recsys.data.ids import MAX_ID_LENGTH
from recsys.data.times import instant_of, zone
from recsys.errors import BadEvent, BadQuery
from recsys.ladder import RungName
from recsys.storage.access.accounts import Role
from recsys.storage.access.audit import Action
from recsys.storage.figures import person as lately
from recsys.storage.privacy import erasure, vault
from recsys.storage.users import aliases, sensitive
from recsys.storage.users.aliases import NOBODY

FORCE = ("", *map(str, RungName))


def show(visit: Visit) -> View:
    """Return all that is answered about a person, and what it stands on."""
    user_id = visit.get("id")
    placements = visit.service.placing.current.placements.names
    if not user_id:
        return View({"user_id": "", "asked": visit.get("asked"), "placements": placements})
    identifier("id", user_id)
    owner = aliases.became(visit.database, {user_id}).get(user_id, user_id)
    visit.note(Action.LOOKED_AT, owner or user_id)
    at, query = _at(visit), _query(visit)
    desk, serving = visit.service.desk.unseen(), visit.serving
    answer = desk.everything(serving, owner or user_id, query, at=at)
    value = desk.value(serving, owner or user_id, query, at=at).value
    listed = _placed(visit, owner or user_id, at) if visit.get("placement") else answer
    gone = erasure.receipt_of(visit.database, user_id) if owner == NOBODY else None
    return View(
        facts={
            "user_id": user_id,
            "owner": owner,
            "erased": gone,
            "answer": answer,
            "listed": listed,
            "value": value,
            "placements": placements,
            "rungs": FORCE[1:],
            "moment": visit.get("at"),
        },
        tables=(
            _items(listed),
            _channels(answer),
            _reasons(answer),
            _forecasts(value),
            _consents(visit, owner or user_id),
            _events(visit, owner or user_id),
            _decisions(visit, owner or user_id),
            _lists(visit, owner or user_id),
        ),
    )


def find(visit: Visit) -> Response:
    """Lead to the person with an id, an e-mail address or the id of a device."""
    said = visit.form.get("id", "").strip()
    if not said or len(said) > MAX_ID_LENGTH:
        raise BadQuery("id", said, f"1 to {MAX_ID_LENGTH} characters")
    found = [said]
    if "@" in said and not _is_known(visit, said):
        found = _by_email(visit, said) or found
    return visit.lead_to("person", id=found[0])


PAGE = Page(
    "person",
    N_("Person"),
    N_("What does this one get, and why?"),
    Role.ANALYST,
    show,
    acts={"find": (Role.ANALYST, find)},
)


def _is_known(visit: Visit, user_id: str) -> bool:
    row = visit.database.read("SELECT 1 FROM users WHERE user_id = ?", (user_id,))
    return bool(row) or bool(aliases.became(visit.database, {user_id}))


def _by_email(visit: Visit, email: str) -> list[str]:
    """Return who has an e-mail address, where addresses are kept, sealed, in this store."""
    config = visit.service.config
    sealing = vault.of(config.storage.encryption_keys)
    if sealing is None or "email" not in config.privacy.sensitive_traits:
        return []
    return sensitive.find(visit.database, sealing, "email", email)


def _at(visit: Visit) -> int:
    said = visit.get("at")
    if not said:
        return visit.at
    try:
        return instant_of(said, zone(visit.service.config.data.timezone))
    except BadEvent as error:
        raise BadQuery("at", said, "a time such as 2026-01-31T18:00") from error


def _query(visit: Visit) -> Any:
    rung = visit.one_of("rung", FORCE)
    said = {"force_rung": rung} if rung else {}
    place = visit.get("placement")
    return visit.service.reader.said({"placement": place, "lang": visit.language, **said})


def _placed(visit: Visit, user_id: str, at: int) -> Any:
    """Return what a placement shows to a person."""
    name = visit.get("placement")
    said: dict[str, Any] = {"user_id": user_id, "placement": name, "lang": visit.language}
    if rung := visit.get("rung"):
        said["force_rung"] = rung
    query = visit.service.reader.said(said)
    return visit.service.placing.desk.unseen().shown(visit.serving, name, query, at=at)


def _items(answer: ItemsAnswer) -> Table:
    return Table(
        "items",
        N_("Items"),
        (
            Column("rank", "#", CellKind.COUNT),
            Column("title", N_("Item"), href="/console/item?id={item_id}"),
            Column("price", N_("Price"), CellKind.MONEY),
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("reasons", N_("Because"), CellKind.PARTS),
            Column("item_id", N_("Id"), CellKind.CODE),
        ),
        [
            {
                "rank": item.rank,
                "item_id": item.item_id,
                "title": item.title or item.item_id,
                "price": item.price,
                "rung": str(item.rung),
                "reasons": item.reasons,
            }
            for item in answer.items
        ],
        empty=N_("Nothing may be shown."),
    )


def _channels(answer: UserAnswer) -> Table:
    return Table(
        "channels",
        N_("Channels"),
        (
            Column("channel", N_("Channel"), CellKind.WORD, words="channel"),
            Column("p", N_("Responds"), CellKind.SHARE),
            Column("low", N_("from"), CellKind.SHARE),
            Column("high", N_("to"), CellKind.SHARE),
            Column("expected_value", N_("Expected value"), CellKind.MONEY),
            Column("eligible", N_("May be used"), CellKind.WORD, words="state"),
            Column("reason", N_("Because")),
        ),
        [
            {
                "channel": arm.channel,
                "p": arm.p,
                "low": arm.low,
                "high": arm.high,
                "expected_value": arm.expected_value,
                "eligible": "yes" if arm.eligible else "no",
                "reason": arm.why.text if arm.why else arm.reason,
            }
            for arm in answer.channel.ranked
        ],
    )


def _reasons(answer: UserAnswer) -> Table:
    return Table(
        "churn",
        N_("What moves the risk"),
        (
            Column("words", N_("Because")),
            Column("contribution", N_("Log odds"), CellKind.NUMBER),
            Column("group", N_("Group"), CellKind.WORD, words="driver"),
        ),
        [
            {
                "words": one.why.text if one.why else one.words,
                "contribution": one.contribution,
                "group": one.group,
            }
            for one in answer.churn.reasons
        ],
        empty=N_("No reason of this person's own: the rung says the same of others."),
    )


def _forecasts(value: Any) -> Table:
    return Table(
        "value",
        N_("What is expected"),
        (
            Column("days", N_("Days ahead"), CellKind.COUNT),
            Column("orders", N_("Days with an order"), CellKind.NUMBER),
            Column("value", N_("Money"), CellKind.MONEY),
            Column("low", N_("from"), CellKind.MONEY),
            Column("high", N_("to"), CellKind.MONEY),
        ),
        [
            {
                "days": one.days,
                "orders": one.predicted_number_of_orders,
                "value": one.predicted_clv,
                "low": one.low,
                "high": one.high,
            }
            for one in value.forecasts
        ],
        empty=N_("No order so far: nothing to say."),
    )


def _consents(visit: Visit, user_id: str) -> Table:
    lines = visit.service.consents.ledger_of(user_id)
    return Table(
        "consents",
        N_("Consents"),
        (
            Column("at", N_("When"), CellKind.TIME),
            Column("purpose", N_("For"), CellKind.WORD, words="state"),
            Column("channel", N_("Channel")),
            Column("state", N_("Said"), CellKind.WORD, words="state"),
            Column("basis", N_("Basis")),
            Column("source", N_("Source")),
        ),
        [
            {
                "at": line.at, "purpose": line.purpose, "channel": line.channel,
                "state": line.state, "basis": line.basis, "source": line.source,
            }
            for line in reversed(lines)
        ],
        empty=N_("This person never said anything. Silence is no consent to messages."),
    )  # fmt: skip


def _events(visit: Visit, user_id: str) -> Table:
    return Table(
        "events",
        N_("Last events"),
        (
            Column("at", N_("When"), CellKind.TIME),
            Column("kind", N_("What"), CellKind.WORD, words="kind"),
            Column("item_id", N_("Item"), href="/console/item?id={item_id}"),
            Column("quantity", N_("Pieces"), CellKind.COUNT),
            Column("value", N_("Money"), CellKind.MONEY),
            Column("channel", N_("Channel")),
            Column("source", N_("Source")),
        ),
        lately.events(visit.database, user_id),
        empty=N_("Nothing is stored about this person."),
        note=N_("The last 50 to arrive."),
    )


def _decisions(visit: Visit, user_id: str) -> Table:
    return Table(
        "decisions",
        N_("Decisions, and what came of them"),
        (
            Column("at", N_("When"), CellKind.TIME),
            Column("action", N_("Channel"), CellKind.WORD, words="channel"),
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("outcome", N_("Came of it"), CellKind.WORD, words="kind"),
            Column("send_at", N_("Sent at"), CellKind.TIME),
            Column("decision_id", N_("Id")),
        ),
        lately.decisions(visit.database, user_id),
        empty=N_("No decision was logged about this person."),
    )


def _lists(visit: Visit, user_id: str) -> Table:
    return Table(
        "lists",
        N_("Lists shown"),
        (
            Column("at", N_("When"), CellKind.TIME),
            Column("placement", N_("Placement")),
            Column("rung", N_("Rung"), CellKind.WORD, words="rung"),
            Column("seen", N_("Seen"), CellKind.COUNT),
            Column("clicked", N_("Clicked"), CellKind.COUNT),
            Column("model_version", N_("Version")),
        ),
        lately.lists(visit.database, user_id),
        empty=N_("No placement has shown a list to this person."),
    )
