"""The ladder drawn: how much each rung adds over the one below."""

from __future__ import annotations

from matplotlib.axes import Axes

from recsys.bundle import Manifest
from recsys.ladder import Question, RungName, Verdict
from training.report.drawing import COLOURS, DASHED, Drawing, draw


def drawn(manifest: Manifest) -> tuple[Drawing, ...]:
    """Return one drawing a question that could be measured."""
    measured = {
        question: [
            manifest.verdicts[question][rung]
            for rung in reversed(RungName)
            if rung in manifest.verdicts[question] and manifest.verdicts[question][rung].lift
        ]
        for question in Question
    }
    return tuple(_lifts(question, lifts) for question, lifts in measured.items() if lifts)


def _lifts(question: Question, verdicts: list[Verdict]) -> Drawing:
    def paint(axes: Axes) -> None:
        axes.axvline(0, color=DASHED, lw=1)
        for row, verdict in enumerate(verdicts):
            if (lift := verdict.lift) is None:
                continue
            colour = COLOURS[verdict.rung] if verdict.shipped else DASHED
            axes.plot([lift.low, lift.high], [row, row], color=colour, lw=3)
            axes.plot(lift.value, row, "o", color=colour)
        axes.set_yticks(
            range(len(verdicts)), [f"{verdict.rung} over {verdict.below}" for verdict in verdicts]
        )
        axes.set_ylim(len(verdicts) - 0.4, -0.6)
        axes.set_xlabel(f"lift in {verdicts[0].metric}")

    shipped = [verdict.rung for verdict in reversed(verdicts) if verdict.shipped]
    caption = f"{question}: served are {', '.join(('popular', *shipped))}. Grey crosses zero."
    return draw(paint, caption=caption, size=(6, 0.5 + 0.5 * len(verdicts)))
