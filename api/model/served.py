"""The model version that serves: one reference, read once a request, so no answer mixes two."""

from __future__ import annotations

from dataclasses import dataclass

from api.model.item_facts import FactsByRow
from api.model.reasons import Reasons
from recsys.data.times import SECOND
from recsys.model_version import Answering
from recsys.storage.models.errors import NoChampion


@dataclass(frozen=True, slots=True)
class Serving:
    """A model version, ready to answer.

    Attributes
    ----------
    answering : Answering
        The ladders.
    facts : FactsByRow
        What an answer says of an item.
    reasons : Reasons
        Why an item is in an answer.
    watermark : int
        Sequence number of the last logged event that the models have seen.
    sha256 : str
        Of the manifest.
    """

    answering: Answering
    facts: FactsByRow
    reasons: Reasons
    watermark: int
    sha256: str = ""

    @classmethod
    def of(cls, answering: Answering, *, sha256: str = "") -> Serving:
        """Return a model version with what serving derives from it."""
        facts = FactsByRow(answering.bundle)
        reasons = Reasons.of(answering.bundle, facts)
        return cls(answering, facts, reasons, answering.manifest.watermark, sha256)


class Current:
    """The one mutable reference of the API.

    Attributes
    ----------
    refused : str
        Why the champion is not what serves; empty when it is.
    """

    def __init__(self, models_dir: str) -> None:
        self._models_dir = models_dir
        self._serving: Serving | None = None
        self.refused = ""

    @property
    def serving(self) -> Serving:
        """The version that serves now.

        Raises
        ------
        NoChampion
            There is none yet, and why.
        """
        if self._serving is None:
            raise NoChampion(self._models_dir, refused=self.refused)
        return self._serving

    @property
    def served(self) -> Serving | None:
        """The version that serves now, None before the first."""
        return self._serving

    @property
    def version(self) -> str | None:
        """Name of the version that serves now, None before the first."""
        return self._serving.answering.version if self._serving else None

    @property
    def why_not(self) -> str:
        """Why no version serves, where none does."""
        return self.refused or f"no champion in {self._models_dir}: run `recsys train` first"

    def age_seconds(self, at: int) -> float:
        """Return the time from the end of the training data to `at`; 0 without a version."""
        serving = self._serving
        return 0.0 if serving is None else (at - serving.answering.manifest.data_until) / SECOND

    def withdraw(self) -> None:
        """Serve no version from the next request on."""
        self._serving = None

    def swap(self, serving: Serving) -> None:
        """Serve another version from the next request on."""
        self._serving = serving
