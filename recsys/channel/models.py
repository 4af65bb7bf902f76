"""All that was fitted for the channel question, and the ladder built of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recsys.channel.activity_hours import Rhythm
from recsys.channel.choice import ChannelChoice
from recsys.channel.decide import Posterior
from recsys.channel.eligibility import ChannelQuery
from recsys.channel.hyper import HyperChannel, MomentEffects
from recsys.channel.one_to_one import OneToOneChannel, PersonalResponse
from recsys.channel.popular import GlobalResponse, PopularChannel
from recsys.channel.response_hours import ChannelHours
from recsys.channel.segment import SegmentChannel, SegmentResponse
from recsys.channel.terms import Terms
from recsys.channel.uplift import Uplift
from recsys.ladder import Ladder, Question, RungName, Verdict

__all__ = ["ChannelModels", "ChannelQuery"]


@dataclass(frozen=True, slots=True)
class ChannelModels:
    """The fitted parts of the channel question.

    Attributes
    ----------
    terms : Terms
        On what terms channels may be used.
    popular : GlobalResponse
        Everybody's response; priors where nothing was logged.
    segment, personal, moment : SegmentResponse, PersonalResponse, MomentEffects or None
        None, all of them, where there were no messages to learn from.
    simulated : bool
        Whether the messages behind them were simulated.
    rhythm : Rhythm or None
        When everybody is active; None where no events were logged.
    hours : ChannelHours or None
        At which hours people respond to each channel; None where no channel is known to differ.
    uplift : Uplift or None
        What messages add over sending nothing; None where deciding by it did not clearly earn more.
    """

    terms: Terms
    popular: GlobalResponse
    segment: SegmentResponse | None
    personal: PersonalResponse | None
    moment: MomentEffects | None
    simulated: bool
    rhythm: Rhythm | None = None
    hours: ChannelHours | None = None
    uplift: Uplift | None = None

    def ladder(self, verdicts: Mapping[RungName, Verdict]) -> Ladder[ChannelQuery, ChannelChoice]:
        """Return the ladder; each rung must beat the choice of the highest *shipped* one below.

        Where uplift serves there are two rungs: it is known of everybody and of segments.
        """
        popular = PopularChannel.of(self.terms, self.popular, simulated=self.simulated)
        if self.uplift is not None:
            return Ladder(Question.CHANNEL, self.uplift.rungs(popular), verdicts)
        if self.segment is None or self.personal is None or self.moment is None:
            return Ladder(Question.CHANNEL, (popular,), verdicts)
        below: Posterior = popular
        segment = SegmentChannel.of(popular, self.segment, below=below)
        below = segment if _ships(segment.name, verdicts) else below
        personal = OneToOneChannel(popular, segment, below, self.personal)
        below = personal if _ships(personal.name, verdicts) else below
        hyper = HyperChannel(personal, below, self.moment)
        return Ladder(Question.CHANNEL, (hyper, personal, segment, popular), verdicts)


def _ships(rung: RungName, verdicts: Mapping[RungName, Verdict]) -> bool:
    return rung not in verdicts or verdicts[rung].shipped
