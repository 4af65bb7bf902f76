"""The one currency of a store: without what others are worth, no amounts of two are added up."""

from __future__ import annotations

from recsys.storage.database.interface import Database

_READ = "SELECT value FROM store WHERE name = 'currency'"
_CLAIM = "INSERT INTO store (name, value) VALUES ('currency', ?) ON CONFLICT DO NOTHING"


class OneCurrency:
    """The currency of the amounts of a store, as the first event that named one did.

    Parameters
    ----------
    database : Database
        The store; whoever opens it finds the same.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = ""

    def beside(self, code: str) -> str:
        """Return the currency of the store, which is `code` where none was named before.

        Raises
        ------
        StoreUnavailable
            It is not known.
        """
        if not self._known:
            rows = self._database.read(_READ) or self._claimed(code)
            self._known = str(rows[0][0])
        return self._known

    def _claimed(self, code: str) -> list[tuple[str]]:
        with self._database.writing() as writing:
            writing.execute(_CLAIM, (code,))
        return self._database.read(_READ)
