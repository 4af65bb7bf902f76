"""Everything that can go wrong and is not a bug.

::

    RecsysError
    ├── DataError              the data cannot be used
    │   ├── UnreadableFile
    │   ├── UnknownConnector
    │   └── NothingToLearnFrom
    ├── ConfigError            recsys.toml or the environment is wrong
    │   ├── UnknownKey
    │   ├── BadValue
    │   ├── BadConfigFile
    │   ├── BadConnector
    │   ├── MissingExtra
    │   └── PortInUse
    ├── QueryError             the caller asked for something that cannot be
    │   ├── BadQuery
    │   ├── BadEvent
    │   ├── BadRule
    │   ├── ErasedUser
    │   ├── ExperimentState
    │   ├── NotMerged
    │   ├── TooManyExports
    │   ├── UndecidableExperiment
    │   ├── UnknownExperiment
    │   ├── UnknownExport
    │   ├── UnknownItem
    │   ├── UnknownMessage
    │   ├── UnknownPlacement
    │   ├── UnknownSegment
    │   └── UnknownWebhook
    └── StoreError             what was kept cannot be had
        ├── BadBackup
        └── StoreUnavailable

What only one room raises stands there: `training.errors` (of files), `api.errors` (of requests),
`api.client.errors` (of a service that was called), `recsys.storage.models.errors` (of versions).

Each class takes the facts, keeps them as attributes and words its own message:
what happened, which value, what was allowed. Expected outcomes (nothing to recommend,
a refused promotion, too little data) are values, not errors.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches

SHOWN_CHARACTERS = 200


def cut(text: str) -> str:
    """Return the start of a long text: what was sent is named, not sent back."""
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def shown(value: object) -> str:
    """Return a value as messages show it: as JSON spells it, a text in single quotes.

    Examples
    --------
    >>> [shown(one) for one in ("vip", "", None, True, [1, "a"])]
    ["'vip'", 'empty', 'missing', 'true', '[1, "a"]']
    """
    if isinstance(value, str):
        return cut(repr(value)) if value else "empty"
    if value is None:
        return "missing"
    try:
        return cut(json.dumps(_plain(value), ensure_ascii=False, default=str))
    except (RecursionError, ValueError, TypeError):
        return "something nested very deeply"


def _plain(value: object) -> object:
    """Return lists for what is one to a reader: sets in order of their texts."""
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return value


class RecsysError(Exception):
    """Whatever this project raises on purpose."""


class DataError(RecsysError):
    """The data cannot be used."""


class UnreadableFile(DataError):
    """A file is missing, empty, of an unknown format or broken."""

    def __init__(self, path: object, why: str) -> None:
        self.path = str(path)
        self.why = why
        super().__init__(f"cannot read {self.path}: {why}")


class UnknownConnector(DataError):
    """A file is said to be of a tool of which there is no table."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(f"there is no table of a tool {name!r}; known: {', '.join(self.known)}")


class NothingToLearnFrom(DataError):
    """There are too few events for the question asked."""

    def __init__(self, what: str, *, found: int, needed: int) -> None:
        self.what = what
        self.found = found
        self.needed = needed
        super().__init__(f"too little data: {found:,} {what}, at least {needed:,} needed")


class ConfigError(RecsysError):
    """The configuration is wrong."""


class UnknownKey(ConfigError):
    """A configuration key that nothing reads."""

    def __init__(self, key: str, *, known: Iterable[str]) -> None:
        self.key = key
        self.known = tuple(known)
        nearest = get_close_matches(key, self.known, n=1, cutoff=0.5)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(self.known)}"
        super().__init__(f"unknown configuration key {key!r}; {hint}")


class BadValue(ConfigError):
    """A configuration value outside what is allowed."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        self.key = key
        self.value = value
        self.allowed = allowed
        super().__init__(f"configuration key {key!r} is {shown(value)}; allowed: {allowed}")


class BadConfigFile(ConfigError):
    """A configuration file with a mistake in it."""

    def __init__(self, path: object, line: int | None, mistake: Exception) -> None:
        self.path = str(path)
        self.line = line
        self.mistake = mistake
        place = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{place}: {mistake}")


class BadConnector(ConfigError):
    """A file is no table of a tool."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = str(path), reason
        super().__init__(f"{path} is no table of a tool: {reason}")


class MissingExtra(ConfigError):
    """Something is asked for that needs libraries which are not installed."""

    def __init__(self, what: str, extra: str) -> None:
        self.what = what
        self.extra = extra
        super().__init__(f"{what} needs more libraries: pip install 'recsys[{extra}]'")


class PortInUse(ConfigError):
    """An address that the API cannot listen on."""

    def __init__(self, host: str, port: int, why: str) -> None:
        self.host = host
        self.port = port
        self.why = why
        super().__init__(
            f"cannot listen on {host}:{port}: {why}; choose another port with --port, "
            "or see what listens there"
        )


class QueryError(RecsysError):
    """The caller asked for something that cannot be."""


class BadQuery(QueryError):
    """A parameter outside what is allowed."""

    def __init__(self, parameter: str, value: object, allowed: str) -> None:
        self.parameter = parameter
        self.value = value
        self.allowed = allowed
        super().__init__(f"{cut(parameter)} is {shown(value)}; allowed: {allowed}")


class BadEvent(QueryError):
    """An event that cannot be logged; the others of its batch can."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class BadRule(QueryError):
    """A rule, of a cohort or a placement, that cannot be used, and where in its JSON."""

    def __init__(self, path: str, value: object, allowed: str) -> None:
        self.path = path
        self.value = value
        self.allowed = allowed
        super().__init__(f"{cut(path)} is {shown(value)}; allowed: {allowed}")


class ErasedUser(QueryError):
    """A user of whom nothing may be kept any more."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        super().__init__(
            f"user {shown(user_id)} was erased: nothing is kept about this id any more; "
            "who comes back needs another id"
        )


class NotMerged(QueryError):
    """An id of which no merge can be undone."""

    def __init__(self, user_id: str, *, merged: bool) -> None:
        self.user_id = user_id
        self.merged = merged
        why = (
            "was merged before the store kept what undoing takes"
            if merged
            else "is a user of its own: name the id that became another user"
        )
        super().__init__(f"no merge of {shown(user_id)} can be undone: it {why}")


class UnknownItem(QueryError):
    """An item that the serving model has never seen."""

    def __init__(self, item_id: str) -> None:
        self.item_id = item_id
        super().__init__(f"item {shown(item_id)} is not in the serving model")


class TooManyExports(QueryError):
    """As many exports wait as may."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.retry_after_seconds = 60
        super().__init__(f"{most} exports wait already; allowed: ask again when one has ended")


class UnknownExport(QueryError):
    """An export that nobody asked for."""

    def __init__(self, export_id: str) -> None:
        self.export_id = export_id
        super().__init__(f"there is no export {shown(export_id)}; /v1/exports lists them")


class UnknownExperiment(QueryError):
    """An experiment that nobody saved."""

    def __init__(self, experiment_id: str, *, known: Iterable[str]) -> None:
        self.experiment_id = experiment_id
        self.known = tuple(known)
        there = ", ".join(self.known) or "none"
        super().__init__(f"there is no experiment {shown(experiment_id)}; there are: {there}")


class ExperimentState(QueryError):
    """An experiment that cannot become what was asked, from where it is."""

    def __init__(self, experiment_id: str, status: str, wanted: str) -> None:
        self.experiment_id = experiment_id
        self.status = status
        self.wanted = wanted
        super().__init__(f"experiment {experiment_id} is {status}: it cannot be {wanted}")


class UndecidableExperiment(QueryError):
    """An experiment that would not be decided in eight weeks."""

    def __init__(self, experiment_id: str, why: str) -> None:
        self.experiment_id = experiment_id
        self.why = why
        super().__init__(f"experiment {experiment_id} was not started: {why}")


class UnknownPlacement(QueryError):
    """A placement that was never saved."""

    def __init__(self, placement_id: str, *, known: Iterable[str]) -> None:
        self.placement_id = placement_id
        self.known = tuple(known)
        nearest = get_close_matches(placement_id, self.known, n=1)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        super().__init__(
            f"placement {shown(placement_id)} does not exist; {hint}known: {', '.join(self.known)}"
        )


class UnknownSegment(QueryError):
    """A segment that the serving model does not have."""

    def __init__(self, name: str, *, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"segment {shown(name)} does not exist; known: {', '.join(self.known)}")


class UnknownWebhook(QueryError):
    """An address to be called that nobody gave."""

    def __init__(self, webhook_id: str) -> None:
        self.webhook_id = webhook_id
        super().__init__(f"there is no webhook {shown(webhook_id)}; /v1/webhooks lists them")


class UnknownMessage(QueryError):
    """A message that an address was never to be told."""

    def __init__(self, message_id: str, *, webhook_id: str) -> None:
        self.message_id = message_id
        self.webhook_id = webhook_id
        super().__init__(
            f"webhook {shown(webhook_id)} has no message {shown(message_id)}; "
            "/v1/webhooks/{id}/messages lists the latest"
        )


class StoreError(RecsysError):
    """What was kept cannot be had."""


class BadBackup(StoreError):
    """A backup that cannot be made, or not be restored."""

    def __init__(self, file: object, why: str) -> None:
        self.file = file
        self.why = why
        super().__init__(f"{file} {why}")


class StoreUnavailable(StoreError):
    """The event store cannot be reached, is locked or is full."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"the event store is unavailable: {why}")
