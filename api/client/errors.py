"""Why a service did not answer a client."""

from __future__ import annotations

from recsys.errors import RecsysError


class ServiceError(RecsysError):
    """A running service did not answer a client as it was asked to."""


class ServiceRefused(ServiceError):
    """A service answered with a problem."""

    def __init__(self, status: int, code: str, why: str) -> None:
        self.status = status
        self.code = code
        self.why = why
        super().__init__(f"the service answered {status} {code}: {why}")


class ServiceTimeout(ServiceError):
    """A service did not answer in time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the service did not answer within {seconds:g} s")


class ServiceUnreachable(ServiceError):
    """A service could not be reached, or what answered was none."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"the service cannot be reached: {why}")
