"""Where results are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 200


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal; wide where there is none, so that grep works."""
    # Here and nowhere at the top of a command: Rich loads longer than most commands look around.
    from rich.console import Console

    terminal = Console(highlight=False, stderr=stderr)
    if terminal.is_terminal:
        return terminal
    return Console(highlight=False, stderr=stderr, width=PIPED_WIDTH)
