"""Why a model version cannot be had."""

from __future__ import annotations

from collections.abc import Iterable

from recsys.errors import StoreError


class NoChampion(StoreError):
    """No model version has been promoted yet, or none of those promoted can serve."""

    def __init__(self, models_dir: object, *, refused: str = "") -> None:
        self.models_dir = str(models_dir)
        self.refused = refused
        missing = f"no champion in {self.models_dir}: run `recsys train` first"
        super().__init__(f"no model version can serve: {refused}" if refused else missing)


class NoEarlierChampion(StoreError):
    """No model version served before the champion, or none of them is left."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(f"nothing to roll back to: no champion before {version} is left")


class UnknownVersion(StoreError):
    """A model version that the store does not hold."""

    def __init__(self, version: str, *, known: Iterable[str]) -> None:
        self.version = version
        self.known = tuple(known)
        super().__init__(
            f"no model version {version!r}; there are: {', '.join(self.known) or 'none'}"
        )


class CorruptArtifact(StoreError):
    """A file of a model version is not what was registered."""

    def __init__(self, version: str, file: str, why: str) -> None:
        self.version = version
        self.file = file
        self.why = why
        super().__init__(f"model version {version} refused: {file} {why}")


class IncompatibleArtifact(StoreError):
    """A model version written in a format that this code does not read."""

    def __init__(self, version: str, found: int, supported: int) -> None:
        self.version = version
        self.found = found
        self.supported = supported
        super().__init__(
            f"model version {version} has artifact format {found}, this code reads {supported}: "
            "train again with this code, or serve it with the code that made it"
        )


class LostPromotion(StoreError):
    """Another model version became the champion while one was being promoted."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f"model version {version} was not promoted: another became the champion meanwhile; "
            "see `recsys models list`, and promote it again if it is the better one"
        )


class ModelStoreUnavailable(StoreError):
    """Where the model versions lie cannot be used, or is full."""

    def __init__(self, models_dir: object, why: str) -> None:
        self.models_dir = str(models_dir)
        self.why = why
        super().__init__(f"the model store {self.models_dir} is unavailable: {why}")
