"""The tables of the store, free of any one database's dialect.

What changes here needs a migration in ``migrations/versions``; a test compares the two.
"""

from recsys.storage.database.tables import answers, operation, people
from recsys.storage.database.tables.columns import METADATA

__all__ = ["METADATA", "answers", "operation", "people"]
