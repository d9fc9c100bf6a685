"""The curves of a report: SVG by matplotlib that takes its colours from the page around it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.measures import SetFigures

# Drawn in these, shown in what the page's style sheet says: light, dark or printed.
_INK, _MUTED, _LINE, _GOOD, _BAD = "#101112", "#808182", "#d0d1d2", "#2f7d31", "#b33a32"
_SERIES = ("#1a6e8a", "#c7731b", "#7a4fa3", "#4f8a2b", "#a33b6e", "#5a5b5c")
_VARIABLES = {
    _INK: "var(--ink)",
    _MUTED: "var(--muted)",
    _LINE: "var(--line)",
    _GOOD: "var(--good)",
    _BAD: "var(--bad)",
    **{colour: f"var(--s{number})" for number, colour in enumerate(_SERIES, start=1)},
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9.5,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "text.color": _INK,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "path.simplify": True,
}
_PERCENT = "{x:.0%}"


def accuracy_picture(sets: Sequence[SetFigures]) -> str:
    """Accuracy and macro-F1 of every set with 95 % intervals; ticks for keywords alone."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(7.4, 0.75 + 0.52 * len(sets))
        lowest = min(0.5, *(one.accuracy.low for one in sets), *(one.macro_f1.low for one in sets))
        for row, one in enumerate(sets):
            for shift, interval, marker in (
                (-0.13, one.accuracy, "o"),
                (0.15, one.macro_f1, "D"),
            ):
                colour = _colour(row) if marker == "o" else _MUTED
                axes.plot([interval.low, interval.high], [row + shift] * 2, color=colour, lw=2.2)
                axes.plot(interval.value, row + shift, marker, color=colour, ms=5.5)
            if one.keyword_accuracy is not None:
                axes.plot(one.keyword_accuracy, row, "|", color=_BAD, ms=15, mew=1.6)
                lowest = min(lowest, one.keyword_accuracy)
        axes.set_yticks(range(len(sets)), [one.name for one in sets], color=_INK)
        axes.set_ylim(len(sets) - 0.5, -0.5)
        axes.set_xlim(max(0.0, lowest - 0.05), 1.0)
        axes.xaxis.set_major_formatter(_PERCENT)
        axes.grid(axis="y", visible=False)
        return _svg(figure, "accuracy with intervals")


def calibration_picture(sets: Sequence[SetFigures]) -> str:
    """How often the model is right when it is so sure; the diagonal is honesty."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(4.6, 3.9)
        axes.plot([0, 1], [0, 1], color=_MUTED, lw=1, ls=(0, (4, 4)))
        for number, one in enumerate(sets):
            bins = one.calibration
            axes.plot(
                [each.confidence for each in bins],
                [each.accuracy for each in bins],
                color=_colour(number),
                lw=1.8,
                label=f"{one.name} (ECE {one.calibration_error:.3f})",
            )
            sizes = [12 + 160 * each.count / one.count for each in bins]
            points = ([each.confidence for each in bins], [each.accuracy for each in bins])
            axes.scatter(*points, s=sizes, color=_colour(number), alpha=0.75, lw=0)
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="how sure it was", ylabel="how often right")
        _percent(axes)
        axes.legend(loc="upper left")
        return _svg(figure, "calibration")


def coverage_picture(sets: Sequence[SetFigures]) -> str:
    """Accuracy of the surest part of the sentences."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(4.6, 3.9)
        for number, one in enumerate(sets):
            shares = [point.coverage for point in one.coverage]
            accuracies = [point.accuracy for point in one.coverage]
            axes.plot(shares, accuracies, color=_colour(number), lw=1.8, label=one.name)
        lowest = min(point.accuracy for one in sets for point in one.coverage)
        axes.set(
            xlim=(0, 1),
            ylim=(max(0.0, min(0.7, lowest - 0.03)), 1.005),
            xlabel="share of sentences acted on, the surest first",
            ylabel="right among them",
        )
        _percent(axes)
        axes.legend(loc="lower left")
        return _svg(figure, "coverage against accuracy")


def cost_picture(sets: Sequence[SetFigures], chosen: float | None, in_force: float | None) -> str:
    """Cost of a sentence against one probability for all intents; where the thresholds are."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(7.4, 3.0)
        for number, one in enumerate(sets):
            probabilities, costs = zip(*one.cost_curve, strict=True)
            axes.plot(probabilities, costs, color=_colour(number), lw=1.8, label=one.name)
        for at, colour, name in (
            (in_force, _MUTED, "in force"),
            (chosen, _GOOD, "chosen"),
        ):
            if at is not None:
                axes.axvline(at, color=colour, lw=1.2, ls=(0, (4, 3)), label=f"{name}: {at:.2f}")
        axes.set(xlabel="least probability to route", ylabel="cost of a sentence, in questions")
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return _svg(figure, "cost by threshold")


def _figure(width_inches: float, height_inches: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width_inches, height_inches), layout="constrained")
    figure.patch.set_alpha(0.0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0.0)
    return figure, axes


def _colour(number: int) -> str:
    return _SERIES[number % len(_SERIES)]


def _percent(axes: Any) -> None:
    axes.xaxis.set_major_formatter(_PERCENT)
    axes.yaxis.set_major_formatter(_PERCENT)


def _svg(figure: Figure, salt: str) -> str:
    """One inline element, the same for the same figures, that grows with the page."""
    written = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": salt}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = written.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(
        r'(<svg[^>]*?) height="[^"]*"', rf'\1 role="img" aria-label="{salt}"', text, count=1
    )
    # Ids are unique in a file only; several pictures share a page.
    slug = re.sub(r"\W", "-", salt)
    text = re.sub(r'id="', f'id="{slug}-', text)
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>{slug}-", text)
    text = re.sub(r"""'?(DejaVu Sans|sans-serif)'?(, ?'[^']*')*(, ?sans-serif)?""", "inherit", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    return text
