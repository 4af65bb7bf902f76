"""Everything that can go wrong and is not a bug.

::

    RecsysError
    ├── DataError              the data cannot be used
    │   ├── MissingColumn
    │   ├── UnreadableFile
    │   ├── UnaccountedRows
    │   ├── UnclearColumn
    │   ├── UnknownConnector
    │   ├── NoUsableRow
    │   ├── LeakFound
    │   ├── NothingToLearnFrom
    │   └── NotRandomised
    ├── ConfigError            recsys.toml or the environment is wrong
    │   ├── UnknownKey
    │   ├── BadValue
    │   ├── BadConfigFile
    │   ├── BadConnector
    │   ├── MissingExtra
    │   └── PortInUse
    ├── QueryError             the caller asked for something that cannot be
    │   ├── BadQuery
    │   │   └── BadConsent
    │   ├── BadEvent
    │   ├── BadRule
    │   ├── BodyTooLarge
    │   ├── BodyTooSlow
    │   ├── EndedExport
    │   ├── ErasedUser
    │   ├── ExpiredCursor
    │   ├── ExperimentState
    │   ├── ForeignPage
    │   ├── HeadersTooLarge
    │   ├── KeyWithoutRight
    │   ├── NotMerged
    │   ├── QueryTooLong
    │   ├── TooManyExports
    │   ├── TooManyRequests
    │   ├── UndecidableExperiment
    │   ├── UnknownExperiment
    │   ├── UnknownExport
    │   ├── UnknownHost
    │   ├── UnknownItem
    │   ├── UnknownMessage
    │   ├── UnknownParameter
    │   ├── UnknownPlacement
    │   ├── UnknownSegment
    │   ├── UnknownWebhook
    │   ├── UnprovedHook
    │   └── WrongKey
    ├── StoreError             what was kept cannot be had
    │   ├── NoChampion
    │   ├── NoEarlierChampion
    │   ├── UnknownVersion
    │   ├── CorruptArtifact
    │   ├── IncompatibleArtifact
    │   ├── CannotAnswer
    │   ├── BadBackup
    │   ├── LostPromotion
    │   ├── ModelStoreUnavailable
    │   ├── OtherStore
    │   └── StoreUnavailable
    └── ServiceError           a service did not answer a client
        ├── ServiceRefused
        ├── ServiceTimeout
        └── ServiceUnreachable

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


class MissingColumn(DataError):
    """A file lacks a column that is needed."""

    def __init__(self, column: str, *, found: Iterable[str], accepted: Iterable[str]) -> None:
        self.column = column
        self.found = tuple(found)
        self.accepted = tuple(accepted)
        has = f"no column for {column!r}: the file has"
        if self.found and all(name.isdigit() for name in self.found):
            names = ", ".join(['"user_id"', '"item_id"', '"timestamp"', "…"][: len(self.found)])
            super().__init__(
                f"{has} {len(self.found)} columns and no header; name them in their order in "
                f"recsys.toml: [data] header = [{names}]"
            )
            return
        super().__init__(
            f"{has} {', '.join(self.found) or 'no columns'}; "
            f"recognised spellings are {', '.join(self.accepted)}; "
            f'or name yours in recsys.toml: [data.columns] {column} = "…"'
        )


class UnreadableFile(DataError):
    """A file is missing, empty, of an unknown format or broken."""

    def __init__(self, path: object, why: str) -> None:
        self.path = str(path)
        self.why = why
        super().__init__(f"cannot read {self.path}: {why}")


class UnaccountedRows(DataError):
    """Rows of a file are neither read nor put aside: a fault of the reader, nothing is logged."""

    def __init__(self, rows: int, counts: str) -> None:
        self.rows = rows
        super().__init__(f"of {rows:,} lines or rows some are not accounted for: {counts}")


class UnclearColumn(DataError):
    """What a column says can be read in several ways; none is guessed."""

    def __init__(self, column: str, why: str, setting: str) -> None:
        self.column = column
        self.why = why
        self.setting = setting
        super().__init__(f"column {column!r}: {why}; write in recsys.toml {setting}")


class UnknownConnector(DataError):
    """A file is said to be of a tool of which there is no table."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(f"there is no table of a tool {name!r}; known: {', '.join(self.known)}")


class NoUsableRow(DataError):
    """A file was read, and none of its rows can be used."""

    def __init__(self, path: object, why: str) -> None:
        self.path = str(path)
        self.why = why
        super().__init__(f"no row of {self.path} can be used: {why}")


class LeakFound(DataError):
    """Features look into the window that they are to foretell."""

    def __init__(self, features: tuple[str, ...]) -> None:
        self.features = features
        super().__init__(
            f"{', '.join(features)} change with events after the cut-off; allowed: none"
        )


class NothingToLearnFrom(DataError):
    """There are too few events for the question asked."""

    def __init__(self, what: str, *, found: int, needed: int) -> None:
        self.what = what
        self.found = found
        self.needed = needed
        super().__init__(f"too little data: {found:,} {what}, at least {needed:,} needed")


class NotRandomised(DataError):
    """A log that does not say with which probabilities its actions were chosen."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"no policy can be learnt or judged from this log: {why}; allowed: a column with the "
            "probability of each logged action (--pscore), or actions drawn at random alike for all"
        )


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


class BadConsent(BadQuery):
    """A field of one of many consents outside what is allowed; none of them is recorded."""

    def __init__(self, index: int, channel: object, wrong: BadQuery) -> None:
        super().__init__(wrong.parameter, wrong.value, wrong.allowed)
        self.index = index
        self.channel = channel
        about = f" (channel {shown(channel)})" if channel else ""
        self.args = (f"consents[{index}]{about}: {wrong}",)


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


class BodyTooLarge(QueryError):
    """A request with more bytes than are read."""

    def __init__(self, allowed_bytes: int) -> None:
        self.allowed_bytes = allowed_bytes
        super().__init__(
            f"the body is too large: at most {allowed_bytes:,} bytes; send smaller batches"
        )


class BodyTooSlow(QueryError):
    """A request whose body did not arrive in time."""

    def __init__(self, allowed_seconds: float) -> None:
        self.allowed_seconds = allowed_seconds
        super().__init__(f"the body did not arrive within {allowed_seconds:g} s")


class HeadersTooLarge(QueryError):
    """A request with more headers than are read."""

    def __init__(self, allowed_bytes: int) -> None:
        self.allowed_bytes = allowed_bytes
        super().__init__(f"address and headers are too large: at most {allowed_bytes:,} bytes")


class QueryTooLong(QueryError):
    """A query string longer than is read."""

    def __init__(self, allowed_bytes: int) -> None:
        self.allowed_bytes = allowed_bytes
        super().__init__(
            f"the query string is too long: at most {allowed_bytes:,} bytes; "
            "what has a body takes long lists there"
        )


class TooManyRequests(QueryError):
    """More requests of one key or address than are answered."""

    def __init__(self, allowed_per_minute: int, *, retry_after_seconds: int) -> None:
        self.allowed_per_minute = allowed_per_minute
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            f"too many requests: at most {allowed_per_minute:,} a minute; "
            f"the next in {retry_after_seconds} s"
        )


class ErasedUser(QueryError):
    """A user of whom nothing may be kept any more."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        super().__init__(
            f"user {shown(user_id)} was erased: nothing is kept about this id any more; "
            "who comes back needs another id"
        )


class ExpiredCursor(QueryError):
    """A cursor of a list that is not kept any more."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        super().__init__(
            f"the list of this cursor is not kept any more: it ends {minutes} minutes after a page "
            "of it was last asked for; ask for the first page again"
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


class UnknownParameter(QueryError):
    """A parameter that nothing reads: the answer would not be to what was asked."""

    def __init__(self, parameter: str, *, allowed: Iterable[str]) -> None:
        self.parameter = parameter
        self.allowed = tuple(sorted(allowed))
        self.nearest = next(iter(get_close_matches(parameter, self.allowed, n=1)), None)
        hint = f" did you mean {self.nearest!r}?" if self.nearest else ""
        known = ", ".join(self.allowed) or "none"
        super().__init__(f"unknown parameter {shown(parameter)};{hint} allowed: {known}")


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


class EndedExport(QueryError):
    """An export without files: not yet, or not any more."""

    def __init__(self, export_id: str, state: str, *, why: str = "") -> None:
        self.export_id = export_id
        self.state = state
        self.why = why
        because = f" ({why})" if why else ""
        super().__init__(
            f"export {shown(export_id)} is {state}{because}; allowed: one that is done"
        )


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


class UnprovedHook(QueryError):
    """A call in the name of a tool that does not prove it."""

    def __init__(self, tool: str) -> None:
        self.tool = tool
        super().__init__(
            f"nothing proves that this is a call of {shown(tool)}: allowed are tools of "
            "serving.hook_secrets with their signature, or their secret in the address"
        )


class WrongKey(QueryError):
    """A request without a key that is accepted."""

    def __init__(self, needed: str, *, missing: bool) -> None:
        self.needed = needed
        self.missing = missing
        found = "no key" if missing else "the key is not known"
        super().__init__(
            f"{found}; allowed: a key that opens {needed}, as user name of HTTP Basic, as "
            "Bearer token or in X-API-Key"
        )


class KeyWithoutRight(QueryError):
    """A request with a key that opens something else."""

    def __init__(self, needed: str, *, has: Iterable[str]) -> None:
        self.needed = needed
        self.has = tuple(has)
        super().__init__(
            f"the key opens {' and '.join(self.has)}; needed: {needed}, "
            "see `recsys keys create --help`"
        )


class UnknownHost(QueryError):
    """A request under a name that whoever owns it can let lead here."""

    def __init__(self, host: str, *, allowed: Iterable[str]) -> None:
        self.host = host
        self.allowed = tuple(allowed)
        super().__init__(
            f"host is {shown(host)}; allowed without keys: addresses, names without a dot, "
            f"{', '.join(self.allowed)}; see serving.allowed_hosts, or make a key"
        )


class ForeignPage(QueryError):
    """A request of a web page that may not make it."""

    def __init__(self, origin: str, *, allowed: Iterable[str]) -> None:
        self.origin = origin
        self.allowed = tuple(allowed)
        may = ", ".join(self.allowed) or "pages of this service, and keys for browsers"
        super().__init__(f"a page of {shown(origin)} may not ask for this; allowed: {may}")


class StoreError(RecsysError):
    """What was kept cannot be had."""


class NoChampion(StoreError):
    """No model version has been promoted yet, or none of those promoted can serve."""

    def __init__(self, models_dir: object, *, refused: str = "") -> None:
        self.models_dir = str(models_dir)
        self.refused = refused
        missing = f"no champion in {self.models_dir}: run `recsys train` first"
        super().__init__(f"no model version can serve: {refused}" if refused else missing)


class NoEarlierChampion(StoreError):
    """No model version served before the champion, or none of them is left."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(f"nothing to roll back to: no champion before {version} is left")


class UnknownVersion(StoreError):
    """A model version that the store does not hold."""

    def __init__(self, version: str, *, known: Iterable[str]) -> None:
        self.version = version
        self.known = tuple(known)
        super().__init__(
            f"no model version {version!r}; there are: {', '.join(self.known) or 'none'}"
        )


class CorruptArtifact(StoreError):
    """A file of a model version is not what was registered."""

    def __init__(self, version: str, file: str, why: str) -> None:
        self.version = version
        self.file = file
        self.why = why
        super().__init__(f"model version {version} refused: {file} {why}")


class IncompatibleArtifact(StoreError):
    """A model version written in a format that this code does not read."""

    def __init__(self, version: str, found: int, supported: int) -> None:
        self.version = version
        self.found = found
        self.supported = supported
        super().__init__(
            f"model version {version} has artifact format {found}, this code reads {supported}: "
            "train again with this code, or serve it with the code that made it"
        )


class CannotAnswer(StoreError):
    """A model version whose lowest rung fails."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f"model version {version} refused: its lowest rung fails, which has to serve anybody"
        )


class OtherStore(StoreError):
    """A model version that was trained on another store, or on more than this one holds."""

    def __init__(self, version: str, why: str) -> None:
        self.version = version
        self.why = why
        super().__init__(
            f"model version {version} and the store do not belong together: {why}; train on this "
            "store, or set serving.accept_other_store"
        )


class LostPromotion(StoreError):
    """Another model version became the champion while one was being promoted."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f"model version {version} was not promoted: another became the champion meanwhile; "
            "see `recsys models list`, and promote it again if it is the better one"
        )


class ModelStoreUnavailable(StoreError):
    """Where the model versions lie cannot be used, or is full."""

    def __init__(self, models_dir: object, why: str) -> None:
        self.models_dir = str(models_dir)
        self.why = why
        super().__init__(f"the model store {self.models_dir} is unavailable: {why}")


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


class ServiceError(RecsysError):
    """A running service did not answer a client as it was asked to."""


class ServiceRefused(ServiceError):
    """A service answered with a problem."""

    def __init__(self, status: int, code: str, why: str) -> None:
        self.status = status
        self.code = code
        self.why = why
        super().__init__(f"the service answered {status} {code}: {why}")


class ServiceTimeout(ServiceError):
    """A service did not answer in time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the service did not answer within {seconds:g} s")


class ServiceUnreachable(ServiceError):
    """A service could not be reached, or what answered was none."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"the service cannot be reached: {why}")
