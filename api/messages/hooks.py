"""What is answered to tools, and told of them."""

from __future__ import annotations

from typing import Annotated

from api.messages.message import Count, Instant, Message, told


class HookAnswer(Message):
    """A call is on the disk."""

    taken: bool


class Source(Message):
    """What came of a tool."""

    source: Annotated[str, told("tool and kind of its file, or the name of a file of no tool")]
    by: Annotated[str, told("file or webhook")]
    last: Instant
    rows: Count
    late: Annotated[
        Count | None,
        told("new of the last file, and older than what the file before it ended with"),
    ]
    waiting: Annotated[Count, told("calls that nothing was made of yet")]
    became: Annotated[dict[str, int], told("rows by what they became")]
    unknown: Annotated[dict[str, int], told("names that nobody knows, and how many rows have each")]


class SourcesAnswer(Message):
    """Where data comes from."""

    sources: list[Source]
