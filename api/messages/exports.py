"""Exports: what is asked for, how far they are."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from api.messages.groups import AudienceBody, LikelyBody
from api.messages.message import Count, Instant, Message, instant_or_none, told
from recsys.storage.exports.log import Export, ExportState

ExportId = Annotated[str, Meta(examples=["0199c2d4-7a50-7c11-9d3e-5f0f6a1b2c3d"])]


class ExportBody(AudienceBody):
    """Of whom, and how it is written; without a rule, a segment or `likely`: of all known users."""

    likely: Annotated[
        LikelyBody | None,
        told("as `/v1/audiences:likely` names them, likeliest first; `channel` stands outside"),
    ] = None
    format: Literal["csv", "jsonl", "parquet"] = "csv"
    limit: Annotated[int | None, told("items of each; see serving.default_limit")] = None
    exclude: Annotated[tuple[str, ...], told("items to leave out")] = ()
    email: Annotated[bool, told("a column `email`, of those whose address is kept")] = False
    tool: Annotated[
        str | None, told("as a tool imports it, changed rows only", examples=["klaviyo"])
    ] = None
    everything: Annotated[bool, told("with tool: rows that did not change, too")] = False
    force: Annotated[bool, told("with tool: clear more than 30 % of what it has")] = False


class ExportPart(Message):
    """A file that is whole."""

    part: Annotated[int, Meta(ge=1)]
    name: str
    rows: Count
    bytes: Count
    sha256: str


class ExportMessage(Message, kw_only=True):
    """An export as it stands."""

    export_id: ExportId
    state: ExportState
    why: Annotated[str | None, told("it failed, or has no files any more")]
    format: str
    tool: str | None
    model_version: Annotated[str | None, told("null: not begun")]
    users: Annotated[Count, told("there are to look at")]
    looked_at: Annotated[Count, told("for the parts that are whole")]
    rows: Count
    bytes: Count
    parts: list[ExportPart]
    created_at: Instant
    ended_at: Instant | None
    expires_at: Annotated[Instant | None, told("when the files go")]

    @classmethod
    def said(cls, one: Export) -> ExportMessage:
        """Return what is told of an export."""
        return cls(
            export_id=one.export_id,
            state=one.state,
            why=one.why or None,
            format=one.asked["format"],
            tool=one.asked["tool"],
            model_version=one.version or None,
            users=one.users,
            looked_at=one.looked_at,
            rows=one.rows,
            bytes=sum(part.bytes for part in one.parts),
            parts=[
                ExportPart(number, part.name, part.rows, part.bytes, part.sha256)
                for number, part in enumerate(one.parts, start=1)
            ],
            created_at=str(instant_or_none(one.created_at)),
            ended_at=instant_or_none(one.ended_at),
            expires_at=instant_or_none(one.expires_at),
        )


class ExportsAnswer(Message):
    """The latest exports, newest first."""

    exports: list[ExportMessage]
