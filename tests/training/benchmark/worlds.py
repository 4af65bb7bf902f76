"""Two clubs of users that never touch each other's items."""

import numpy as np

CLUB = 12


def club_lines(n_users: int = 80, taken: int = 6, seed: int = 5) -> list[str]:
    """Each user takes some items of the own club: `user item item …`."""
    rng = np.random.default_rng(seed)
    lines = []
    for user in range(n_users):
        items = rng.permutation(CLUB)[:taken] + CLUB * (user % 2)
        lines.append(" ".join([f"u{user}", *(f"i{item}" for item in items)]))
    return lines


def club(identifier: str) -> int:
    """Return the club of a user or an item."""
    number = int(identifier[1:])
    return number % 2 if identifier[0] == "u" else number // CLUB


class Quiet:
    """Steps that nobody watches."""

    def begin(self, step: str) -> None:
        pass

    def detail(self, text: str) -> None:
        pass
