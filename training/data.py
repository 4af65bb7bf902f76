"""What a training run works on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from recsys.channel.messages import Messages
from recsys.data import netting
from recsys.data.catalogue import Catalogue
from recsys.data.interactions import Interactions, joined
from recsys.data.signals import Signals
from recsys.data.times import DAY, FOREVER
from training.randomised_log import Randomised


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Everything that was known up to an instant.

    Attributes
    ----------
    interactions : Interactions
        All of them; its id maps give every row its meaning.
    catalogue : Catalogue
        Aligned with the item rows.
    trait : tuple of str, length n_users
        The configured trait of each user; empty where unknown.
    messages : Messages
        What was sent, and what became of it.
    watermark : int
        Sequence number of the last event of the log that is in here; later ones are *live*.
    fingerprint : str
        SHA-256 over the content of all of the above and the time zones.
    timezone : tuple of str
        IANA zone of each user, empty where unknown; an empty tuple where no user's is known.
    randomised : Randomised or None
        Decisions that might have sent nothing; None where no outcome is configured.
    gross : Interactions or None
        What `interactions` were before orders that were taken back went out of them; None where
        there are none such.
    return_days : float
        Within which something is taken back without naming its order.
    store : str
        Id of the store that it was read from; empty where it was not.
    signals : Signals or None
        What users said, asked of support and did about e-mails; None where nothing is known.
    """

    interactions: Interactions
    catalogue: Catalogue
    trait: tuple[str, ...]
    messages: Messages
    watermark: int
    fingerprint: str
    timezone: tuple[str, ...] = ()
    randomised: Randomised | None = None
    gross: Interactions | None = None
    return_days: float = 0.0
    store: str = ""
    signals: Signals | None = None

    def before(self, cutoff: int) -> TrainingData:
        """Return what was known strictly before `cutoff`, with the same rows.

        An order that was taken back later still stands.
        """
        gross = None if self.gross is None else self.gross.before(cutoff)
        return replace(
            self,
            interactions=self.interactions.before(cutoff) if gross is None else self._net(gross),
            gross=gross,
            messages=self.messages.before(cutoff),
            randomised=self.randomised and self.randomised.before(cutoff),
            signals=self.signals and self.signals.before(cutoff),
        )

    def as_known_now(self) -> TrainingData:
        """Return the same with everything taken as known, however late it arrived.

        For what is fitted as of now: only an earlier instant has events that it did not know.
        """
        return replace(
            self,
            interactions=replace(self.interactions, known_at=None),
            signals=self.signals and self.signals.as_known_now(),
        )

    def seen_from(self, cutoff: int) -> Interactions:
        """Return what was known strictly before `cutoff`, and what then came of it.

        Orders before it stand as they did then, later ones as they are known by now.
        """
        if self.gross is None:
            return self.interactions
        return joined(self.before(cutoff).interactions, self.interactions.between(cutoff, FOREVER))

    def _net(self, gross: Interactions) -> Interactions:
        return netting.net(gross, within=int(self.return_days * DAY))
