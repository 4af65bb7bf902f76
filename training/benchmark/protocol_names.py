"""The names of the protocols: light, so that the command line starts fast."""

from enum import StrEnum


class ProtocolName(StrEnum):
    """The protocols there are."""

    TOPN = "topn"
    LEAVE_ONE_OUT = "leave-one-out"
    SESSIONS = "sessions"
