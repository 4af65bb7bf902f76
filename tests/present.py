"""Values that may be missing, in tests where they must be there."""

from typing import TypeVar

Value = TypeVar("Value")


def present(value: Value | None) -> Value:
    """Return the value; fail the test where there is none."""
    assert value is not None
    return value
