"""What an import found, kept and put aside; as a value and as tables to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from recsys.data.times import moment
from training.importing import profiles
from training.importing.profiles import ProfileReport
from training.importing.validate import REASONS


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file of events.

    ``rows == logged + known + erased + people + duplicates + sum(quarantined.values())``, always.

    Attributes
    ----------
    file : str
        Its name.
    sha256 : str
        Of its bytes.
    rows, logged, known, erased, people, duplicates : int
        Rows in the file; new events; events the log had already; those of erased users, which are
        left out; rows that say who somebody is; repetitions within the file.
    quarantined : mapping of str to int
        Rows put aside, by reason, most frequent first.
    quarantine_file : str
        Where they are; empty when there are none.
    kinds : mapping of str to int
        Valid events by kind, most frequent first.
    users, items : int
        Distinct ones among the valid events.
    first, last : int or None
        Their span, microseconds since the epoch; None without events.
    times : str
        How times were spelled.
    bots : tuple of (user, events)
        Users with more events on one day than ``data.bot_events_per_day``, and their highest
        daily count. They are reported, not dropped.
    read_as, ignored : tuple of str
        Columns that were understood (``ours ← theirs``), and those that were not used.
    notes : tuple of str
        What else was noticed.
    tool : str
        The tool whose file it is, and the kind; empty: read by usual names.
    unknown : mapping of str to int
        Names that were not understood, and how many rows have each.
    late : int or None
        New events that are older than what the last file of this source ended with; None: it is
        the first.
    refunded : int
        Orders in the log already of which something was paid back since: each a return.
    traits, consents, outcomes : int
        New of what the rows say of their people.
    checked_per_second, rows_per_second : float
        Rows read, validated and deduplicated a second; the same including the durable log.
    """

    file: str
    sha256: str
    rows: int
    logged: int
    known: int
    erased: int
    people: int
    duplicates: int
    quarantined: Mapping[str, int]
    quarantine_file: str
    kinds: Mapping[str, int]
    users: int
    items: int
    first: int | None
    last: int | None
    times: str
    bots: tuple[tuple[str, int], ...]
    read_as: tuple[str, ...]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    checked_per_second: float
    rows_per_second: float
    tool: str = ""
    unknown: Mapping[str, int] = field(default_factory=dict)
    late: int | None = None
    refunded: int = 0
    traits: int = 0
    consents: int = 0
    outcomes: int = 0


def rendered(report: ImportReport | ProfileReport) -> RenderableType:
    """Return the report as tables for a terminal."""
    facts = Table(title=Text(f"Import of {report.file}"), title_justify="left", show_header=False)
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    lines = _facts(report) if isinstance(report, ImportReport) else _profile_facts(report)
    for name, value in lines:
        facts.add_row(name, Text(value))
    if not report.quarantined:
        return facts
    meanings = REASONS if isinstance(report, ImportReport) else profiles.REASONS
    return Group(facts, _aside(report, meanings))


def _aside(report: ImportReport | ProfileReport, meanings: Mapping[str, str]) -> Table:
    title = Text(f"Put aside in {report.quarantine_file}")
    table = Table(title=title, title_justify="left")
    table.add_column("reason")
    table.add_column("rows", justify="right")
    table.add_column("meaning", overflow="fold")
    for reason, count in report.quarantined.items():
        table.add_row(reason, f"{count:,}", Text(meanings[reason]))
    return table


def _profile_facts(report: ProfileReport) -> Iterator[tuple[str, str]]:
    yield "rows in the file", f"{report.rows:,}"
    yield f"{report.what} written", f"{report.written:,}"
    if report.what == "consents":
        yield "in the ledger already, or of erased users", f"{report.known:,}"
    elif report.known:
        yield "of erased users, left out", f"{report.known:,}"
    yield "put aside", f"{sum(report.quarantined.values()):,}"
    if report.attributes:
        yield "attributes", ", ".join(report.attributes)
    yield from (("note", note) for note in report.notes)
    yield "columns not used", ", ".join(report.ignored) or "none"


def _facts(report: ImportReport) -> Iterator[tuple[str, str]]:
    yield "rows in the file", f"{report.rows:,}"
    yield "new events", f"{report.logged:,}"
    yield "in the log already", f"{report.known:,}{' (kept as logged first)' * (report.known > 0)}"
    if report.refunded:
        yield "paid back since", f"{report.refunded:,} orders in the log, each now with a return"
    if report.erased:
        yield "of erased users, left out", f"{report.erased:,}"
    if report.people:
        yield "sign-ins and merged ids kept", f"{report.people:,}"
    new = {"traits": report.traits, "consents": report.consents, "outcomes": report.outcomes}
    if report.late:
        yield "late", f"{report.late:,} new events are older than the end of the last file"
    if any(new.values()):
        yield "new of people", _counts({name: count for name, count in new.items() if count})
    yield "duplicates in the file", f"{report.duplicates:,}"
    yield "put aside", f"{sum(report.quarantined.values()):,}"
    yield "kinds", _counts(report.kinds)
    yield "users, items", f"{report.users:,} users, {report.items:,} items"
    if report.first is not None and report.last is not None:
        first, last = (f"{moment(at):%Y-%m-%d %H:%M}" for at in (report.first, report.last))
        yield "span (UTC)", f"{first} to {last}"
    yield "times", report.times
    yield "future times", f"{report.quarantined.get('future_time', 0):,}"
    shown = ", ".join(f"{user} ({most:,} in one day)" for user, most in report.bots[:5])
    more = f" and {len(report.bots) - 5:,} more" if len(report.bots) > 5 else ""
    yield "bot-like users", f"{shown}{more}" or "none"
    yield "columns", ", ".join(report.read_as)
    yield "columns not used", ", ".join(report.ignored) or "none"
    yield from (("note", note) for note in report.notes)
    yield (
        "speed",
        f"{report.checked_per_second:,.0f} rows/s read and checked, "
        f"{report.rows_per_second:,.0f} rows/s with the durable log",
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
