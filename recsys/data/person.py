"""The person at hand: all that a rung may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec import field as member

from recsys.data.interactions import NO_EVENTS, UserEvents
from recsys.data.signals import NO_SIGNALS, Signal, UserSignals
from recsys.data.times import FOREVER

NO_SEGMENT = -1

THIN_BELOW = 5
"""Past events of a person of whom little is known: fewer."""


class PersonKind(StrEnum):
    """How much is known of a person: whom a rung serves better, and whom not, differs by it."""

    HISTORY = "history"
    THIN = "thin"
    NEW_LIVE = "new_with_events"
    NEW = "new"


def kind_of(past: int, live: int) -> PersonKind:
    """Return what so many past and live events tell: ``THIN_BELOW`` or more, less, some, none."""
    if past:
        return PersonKind.THIN if past < THIN_BELOW else PersonKind.HISTORY
    return PersonKind.NEW_LIVE if live else PersonKind.NEW


class Context(Struct, frozen=True):
    """What the request says about the moment.

    Attributes
    ----------
    placement : str
        Where the answer will be shown (``home``, ``cart``, ``email``…).
    trait : str
        Value of the configured context trait (for example the country); empty when not said.
    timezone : str
        IANA name; empty when not said, then the configured zone stands in.
    cart : tuple of str
        Items in the cart right now.
    device : str
        What the answer will be shown on (``mobile``, ``desktop``…); empty when not said.
    """

    placement: str = ""
    trait: str = ""
    timezone: str = ""
    cart: tuple[str, ...] = ()
    device: str = ""


NO_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One interaction since the serving model was trained, as the event log gives it.

    `at` is in microseconds since the epoch, `value` is money of the whole event, `order` the
    number of the order that it names (:func:`recsys.data.netting.order_number`).
    """

    item_id: str | None
    kind: str
    at: int
    quantity: float
    value: float
    order: int = 0


class Reaction(NamedTuple):
    """What a person, not a machine, did at `at` about a message of lately.

    `sent_at` is one of the instants at which something was sent through `channel`; `opened` is
    whether the message was opened and no more. Times are in microseconds since the epoch.
    """

    channel: str
    sent_at: int
    at: int
    opened: bool


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the event store knows of one user beyond the serving model.

    Attributes
    ----------
    live : tuple of LiveEvent
        Interactions since the model was trained, in the order they were stored.
    profiling : bool or None
        Whether the user allowed being profiled; None when nothing was said.
    channels : frozenset of str
        Channels with a granted marketing consent.
    messages : mapping of str to tuple of int
        Per channel, when this user was sent something lately (microseconds, ascending).
    reactions : tuple of Reaction
        To those messages.
    signals : tuple of Signal
        What the user said, asked of support and did about e-mails, whenever the model was trained.
    traits : mapping of str to str
        The user's traits (country, timezone…), as imported or identified.
    known_as : str
        The user that the id asked for became; empty when it is its own.
    former_ids : tuple of str
        Ids that became this user: the model may have learnt their events under them.
    modelled : bool
        False where the model holds one row for two users, because they were one when it was
        trained: then it is not asked, and `live` holds all of the user's events.
    erased : bool
        Whether the user was erased: then the serving model is not asked either.
    readable : bool
        False when the store could not be read: then what is missing here is not known.
    until : int
        From this instant on the store tells something else though nothing was written.
    """

    live: tuple[LiveEvent, ...] = ()
    profiling: bool | None = None
    channels: frozenset[str] = frozenset()
    messages: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    reactions: tuple[Reaction, ...] = ()
    signals: tuple[Signal, ...] = ()
    traits: Mapping[str, str] = field(default_factory=dict)
    known_as: str = ""
    former_ids: tuple[str, ...] = ()
    modelled: bool = True
    erased: bool = False
    readable: bool = True
    until: int = field(default=FOREVER, compare=False)


NOTHING_REMEMBERED = Remembered()
ERASED = Remembered(erased=True)


class Person(Struct, frozen=True):
    """One user at one instant. A struct: each request makes one, and a dataclass costs ten.

    Whoever denied profiling is gathered without past, live events, reactions, signals and row, so
    that no rung can look at them by mistake.

    Attributes
    ----------
    user_id : str
        As the caller wrote it.
    at : int
        The instant of the question, microseconds since the epoch.
    user_row : int or None
        Row in the serving model; None when the model does not know the user.
    segment_row : int
        Row in the segment table; ``NO_SEGMENT`` when in none.
    profiling : bool
        False when the user denied being profiled.
    channels : frozenset of str
        Channels with a granted marketing consent. Unknown is denied.
    past : UserEvents
        Interactions that the model was trained on.
    live : UserEvents
        Interactions since then, up to `at`; both without what was taken back.
    given_back : UserEvents
        Returns since then that took back what was bought: their items rest.
    messages : mapping of str to tuple of int
        Per channel, when this user was sent something lately (microseconds, ascending).
    reactions : tuple of Reaction
        To those messages.
    readable : bool
        False when the store could not be read, so that the consent is not known.
    traits : mapping of str to str
        What the user said: country, time zone…
    signals : UserSignals
        What the user said, asked of support and did about e-mails.
    known_as : str
        The user that the id became; empty when it is its own.
    merged : bool
        Whether several ids are this person: an experiment may know it by another one.
    """

    user_id: str
    at: int
    user_row: int | None = None
    segment_row: int = NO_SEGMENT
    profiling: bool = True
    channels: frozenset[str] = frozenset()
    past: UserEvents = NO_EVENTS
    live: UserEvents = NO_EVENTS
    messages: Mapping[str, tuple[int, ...]] = member(default_factory=dict)
    reactions: tuple[Reaction, ...] = ()
    context: Context = NO_CONTEXT
    readable: bool = True
    traits: Mapping[str, str] = member(default_factory=dict)
    given_back: UserEvents = NO_EVENTS
    known_as: str = ""
    merged: bool = False
    signals: UserSignals = NO_SIGNALS

    @property
    def unit(self) -> str:
        """The id that experiments draw by: that of the person, whichever was asked for."""
        return self.known_as or self.user_id

    @property
    def kind(self) -> PersonKind:
        """How much is known of the person."""
        return kind_of(self.past.at.size, self.live.at.size)

    @property
    def events(self) -> UserEvents:
        """Past and live events, oldest first."""
        return self.past.followed_by(self.live)
