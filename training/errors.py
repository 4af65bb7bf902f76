"""Why data cannot be learnt from."""

from __future__ import annotations

from collections.abc import Iterable

from recsys.errors import DataError


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


class NotRandomised(DataError):
    """A log that does not say with which probabilities its actions were chosen."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"no policy can be learnt or judged from this log: {why}; allowed: a column with the "
            "probability of each logged action (--pscore), or actions drawn at random alike for all"
        )
