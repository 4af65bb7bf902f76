"""What the table of a tool says: how its files are known, and which of its fields say what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct, field

ERASE = "erase"
"""A call of a tool that asks to forget a person; files do not."""

Fields = tuple[str, ...]
"""Names of fields, dots part what is nested; the first that is filled counts."""


class Time(Struct, frozen=True, forbid_unknown_fields=True):
    """When it happened.

    Attributes
    ----------
    field : tuple of str
        Where it stands.
    unit : str
        Of a number since 1970; empty: text, or what its size shows.
    zone : str
        IANA zone of times that name none; empty: that of the configuration.
    """

    field: Fields
    unit: Literal["", "s", "ms", "us"] = ""
    zone: str = ""


class ConsentRule(Struct, frozen=True, forbid_unknown_fields=True):
    """What a row says of the consent to one channel.

    Attributes
    ----------
    when : mapping of str to tuple of str
        Values by field, of all of which it has one; ``*``: any.
    channel : str
        Of messages; ``profiling``: consent to profiling.
    state : str
        What holds then.
    basis : str
        On what ground, for the ledger.
    """

    when: Mapping[str, Fields]
    channel: str
    state: Literal["granted", "denied"] = "denied"
    basis: str = ""


class OutcomeRule(Struct, frozen=True, forbid_unknown_fields=True):
    """What a row says of how a person fared with the shop.

    Attributes
    ----------
    name : str
        ``nps`` (0 to 10), ``csat`` (0 to 1) or ``ticket`` (1: one was opened).
    field : tuple of str
        Where the number stands; what is none says nothing.
    values : mapping of str to float
        Numbers for words, in lower case (``*``: any other); where given, nothing else counts.
    id : tuple of str
        The survey's answer or the ticket: said again at another time, the newest counts.
    """

    name: Literal["nps", "csat", "ticket"]
    field: Fields
    values: Mapping[str, float] = {}
    id: Fields = ()


class Shape(Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of file, or of webhook, of a tool.

    Attributes
    ----------
    match : tuple of str
        Proofs, all of which hold: a field (``name``), or values of one (``name=a|b``).
    generic : bool
        Whether its fields are read by their usual names, and the table only says who it is.
    code : str
        The module of this package that takes apart what no table can; empty: none.
    rows : str
        A list within a record: one row for each of its parts.
    user, device, email : tuple of str
        Ids of a person, of a device, and addresses. An address never stands as an id: its keyed
        hash does.
    prefix : str
        Goes before ids of devices that are the tool's own numbers of people.
    previous : tuple of str
        The id that became the user, of rows that are an ``alias``.
    time : Time or None
        When.
    id : tuple of str
        Fields that together name the row, so that it counts once.
    kind : tuple of str
        Where the name of what happened stands.
    message : tuple of str
        Fields that together name the message that a row is about: its sending has that id, what
        came of it refers to it.
    map : mapping of str to str
        What such names mean: a name of :mod:`recsys.data.kinds`, ``identify``, ``alias``,
        ``erase`` (of webhooks only), or nothing for what is not used. Others are looked for there
        as they are.
    always : str
        What every row is, where no field says it.
    channel : str
        Of messages, where no field says it.
    props : mapping of str to tuple of str
        Further fields of an event, ours to theirs.
    machine : mapping of str to tuple of str
        Values by field of what a machine did.
    drop : mapping of str to tuple of str
        Values by field of rows that are left out: tests, previews, no consent.
    traits : mapping of str to tuple of str
        Of the person, ours to theirs.
    consent : tuple of ConsentRule
        Of the person.
    grants : bool
        Whether it is an export of consents: others withdraw, and never grant.
    outcomes : tuple of OutcomeRule
        Of the person.
    """

    match: Fields
    generic: bool = False
    code: str = ""
    rows: str = ""
    user: Fields = ()
    device: Fields = ()
    email: Fields = ()
    prefix: str = ""
    previous: Fields = ()
    time: Time | None = None
    id: Fields = ()
    kind: Fields = ()
    message: Fields = ()
    map: Mapping[str, str] = {}
    always: str = ""
    channel: str = ""
    props: Mapping[str, Fields] = {}
    machine: Mapping[str, Fields] = {}
    drop: Mapping[str, Fields] = {}
    traits: Mapping[str, Fields] = {}
    consent: tuple[ConsentRule, ...] = ()
    grants: bool = False
    outcomes: tuple[OutcomeRule, ...] = ()


class Signature(Struct, frozen=True, forbid_unknown_fields=True):
    """How a tool signs its webhooks by a shared secret.

    Attributes
    ----------
    header : str
        Which holds the signature, in lower case.
    hash : str
        By which HMAC; ``ecdsa``: by a key pair, SHA-256, and the secret is the public key.
    encoding : str
        Of the signature.
    before : str
        What is signed before the body; ``{name}`` stands for that header, or for that part of a
        signature of parts (``t=1,v1=…``).
    field : str
        The part that is the signature; empty: all of it is.
    time : str
        The header or part that says when it was signed, in seconds; empty: none is looked at.
    seconds : float
        By how much that may be off.
    ping : str
        Pattern of bodies that are no calls: whether anybody is there is asked without a signature.
    """

    header: str
    hash: Literal["sha1", "sha256", "sha512", "ecdsa"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    before: str = ""
    field: str = ""
    time: str = ""
    seconds: float = 300.0
    ping: str = ""


class Out(Struct, frozen=True, forbid_unknown_fields=True):
    """How the import of a tool wants what is written back.

    Attributes
    ----------
    key : str
        What it calls the column that names the person.
    key_is : str
        ``user_id`` or ``email``.
    case : str
        How it spells other columns: ``snake``, ``capitals`` (at most 10, as merge tags) or
        ``salesforce`` (``…__c``).
    batch : int
        Most rows in one call or file.
    ending : str
        Of lines.
    clears : str
        What empties a field there; nothing would leave it as it was.
    format : str
        ``csv`` or ``jsonl``.
    """

    key: str
    key_is: Literal["user_id", "email"] = "email"
    case: Literal["snake", "capitals", "salesforce"] = "snake"
    batch: int = 1_000
    ending: Literal["\n", "\r\n"] = "\n"
    clears: str = ""
    format: Literal["csv", "jsonl"] = "csv"


class Tool(Struct, frozen=True, forbid_unknown_fields=True):
    """The table of a tool.

    Attributes
    ----------
    title : str
        Its name.
    verified : str
        What of this was read in its own documents; empty: nothing was.
    files : mapping of str to Shape
        Its files and webhooks.
    signature : Signature or None
        How it signs webhooks; None: it does not, and a secret in the address stands for it.
    out : Out or None
        How it takes scores and lists back; None: it does not.
    """

    title: str
    verified: str = ""
    files: Mapping[str, Shape] = field(default_factory=dict)
    signature: Signature | None = None
    out: Out | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is: of which tool, which kind, and how many proofs held of how many."""

    tool: str
    title: str
    kind: str
    shape: Shape
    held: int
    lacking: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """By which it is asked for: ``klaviyo.events``."""
        return f"{self.tool}.{self.kind}"

    def __str__(self) -> str:
        """Say it in words."""
        whole = len(self.shape.match)
        return f"{self.title} {self.kind}, {self.held} of {whole} proofs"
