"""Tables, figures and the picture of the hearing benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import jiwer
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from rich.table import Table

from benchmarks.hearing_trials import Condition, Heard
from ivr.steering.intents import OUT_OF_SCOPE

mpl.use("Agg")
import matplotlib.pyplot as plt

ALL_VOICES = "all"
SHIPPED_MARGIN = 0.20
THRESHOLDS = ((0.55, 0.20), (0.40, 0.10), (0.30, 0.10), (0.25, 0.05))
"""Probability and margin; the first are the shipped policy's for topics without their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one group of utterances, in percent; None where it means nothing (no words were written).

    `refused_percent`: the dialogue would not route. `wrong_percent`: it would, to a wrong intent.
    `core_percent`: of a core, while speech passes the gate; `final_ms`: median of the wait for the
    last words.
    """

    utterances: int
    word_error_percent: float | None
    intents_right_percent: float | None
    refused_percent: float
    wrong_percent: float
    core_percent: float
    final_ms: float


def figures(heard: Sequence[Heard]) -> Figures:
    """Figures of one group."""
    written = [one for one in heard if one.trial.words]
    inside = heard[0].trial.in_scope
    routed_wrong = [not one.refused and not one.intent_right for one in heard]
    return Figures(
        utterances=len(heard),
        word_error_percent=_word_errors(written) if written else None,
        intents_right_percent=_percent([one.intent_right for one in heard]) if inside else None,
        refused_percent=_percent([one.refused for one in heard]),
        wrong_percent=_percent(routed_wrong),
        core_percent=100
        * sum(one.core_seconds for one in heard)
        / max(sum(one.gated_seconds for one in heard), 0.02),
        final_ms=float(1000 * np.median([one.final_seconds for one in heard])),
    )


def _word_errors(heard: Sequence[Heard]) -> float:
    return 100 * float(jiwer.wer([o.trial.words for o in heard], [o.words for o in heard]))


def _percent(values: Sequence[bool]) -> float:
    return 100 * float(np.mean(values))


def groups(heard: Sequence[Heard]) -> Iterator[tuple[str, str, str, list[list[Heard]]]]:
    """Model, material, voice and the utterances by condition (in the order of `Condition`)."""
    for model, material in dict.fromkeys((o.trial.model, o.trial.material) for o in heard):
        of_it = [o for o in heard if (o.trial.model, o.trial.material) == (model, material)]
        voices = list(dict.fromkeys(o.trial.voice for o in of_it))
        shown = (
            [*voices, ALL_VOICES] if of_it[0].trial.in_scope and len(voices) > 1 else [ALL_VOICES]
        )
        for voice in shown:
            chosen = [o for o in of_it if voice in {ALL_VOICES, o.trial.voice}]
            yield (
                model,
                material,
                voice,
                [[o for o in chosen if o.trial.condition is c] for c in Condition],
            )


def figures_by_group(heard: Sequence[Heard]) -> list[dict[str, object]]:
    """What the tables show, for JSON."""
    return [
        {"model": model, "material": material, "voice": voice, "condition": condition}
        | asdict(figures(group))
        for model, material, voice, by_condition in groups(heard)
        for condition, group in zip(Condition, by_condition, strict=True)
        if group
    ]


def table(heard: Sequence[Heard]) -> Table:
    """All groups side by side: each figure clean / at 20 dB / at 10 dB."""
    result = Table(title=f"{len(heard)} utterances; figures are clean / noise at 20 dB / at 10 dB")
    for column in ("model", "material", "voice"):
        result.add_column(column)
    for column in ("n", "words wrong %", "intents right %", "refused %", "routed wrong %"):
        result.add_column(column, justify="right")
    result.add_column("core %", justify="right")
    before = ""
    for model, material, voice, by_condition in groups(heard):
        if before and before != model + material:
            result.add_section()
        before = model + material
        found = [figures(group) if group else None for group in by_condition]
        result.add_row(
            model,
            material,
            voice,
            str(max(len(group) for group in by_condition)),
            _side_by_side(found, lambda one: one.word_error_percent),
            _side_by_side(found, lambda one: one.intents_right_percent),
            _side_by_side(found, lambda one: one.refused_percent),
            _side_by_side(found, lambda one: one.wrong_percent),
            _side_by_side(found, lambda one: one.core_percent),
        )
    return result


def _side_by_side(found: Sequence[Figures | None], value: Callable[[Figures], float | None]) -> str:
    numbers = [None if one is None else value(one) for one in found]
    return " / ".join("-" if number is None else f"{number:.1f}" for number in numbers)


def threshold_table(heard: Sequence[Heard]) -> Table:
    """What other thresholds would refuse on a clean line, and what they would route wrongly."""
    clean = [one for one in heard if one.trial.condition is Condition.CLEAN]
    result = Table(title="Other thresholds, clean: refused % (routed wrong %)")
    result.add_column("model")
    result.add_column("probability, margin")
    materials = list(dict.fromkeys(one.trial.material for one in clean))
    for material in materials:
        result.add_column(material, justify="right")
    for model in dict.fromkeys(one.trial.model for one in clean):
        of_model = [one for one in clean if one.trial.model == model]
        for probability, margin in THRESHOLDS:
            cells = [
                _at_thresholds([o for o in of_model if o.trial.material == m], probability, margin)
                for m in materials
            ]
            result.add_row(model, f"{probability:.2f}, {margin:.2f}", *cells)
    return result


def _at_thresholds(heard: Sequence[Heard], probability: float, margin: float) -> str:
    if not heard:
        return "-"
    refused = [refused_at(one, probability, margin) for one in heard]
    wrong = [not no and not one.intent_right for no, one in zip(refused, heard, strict=True)]
    return f"{_percent(refused):.1f} ({_percent(wrong):.1f})"


def draw(heard: Sequence[Heard], destination: Path) -> None:
    """Left: words wrong by voice and condition. Right: what each threshold refuses."""
    models = list(dict.fromkeys(one.trial.model for one in heard))
    figure, axes = plt.subplots(
        len(models), 2, figsize=(12, 4.5 * len(models)), layout="constrained", squeeze=False
    )
    for model, (errors, refusals) in zip(models, axes, strict=True):
        of_model = [one for one in heard if one.trial.model == model]
        _draw_errors(errors, [one for one in of_model if one.trial.in_scope], model)
        _draw_refusals(refusals, of_model, model)
    figure.savefig(destination)
    plt.close(figure)


def _draw_errors(axes: Axes, heard: Sequence[Heard], model: str) -> None:
    voices = list(dict.fromkeys(one.trial.voice for one in heard))
    for number, condition in enumerate(Condition):
        chosen = [one for one in heard if one.trial.condition is condition]
        if not chosen:
            continue
        heights = [_word_errors([o for o in chosen if o.trial.voice == v]) for v in voices]
        heights.append(_word_errors(chosen))
        places = np.arange(len(heights)) + 0.27 * (number - 1)
        bars = axes.bar(places, heights, 0.26, label=condition)
        axes.bar_label(bars, fmt="%.0f", fontsize=8)
    axes.set_xticks(range(len(voices) + 1), [*voices, ALL_VOICES])
    axes.set(ylabel="words wrong, %", title=f"Words wrong, model {model}")
    axes.legend()


def _draw_refusals(axes: Axes, heard: Sequence[Heard], model: str) -> None:
    """One curve a condition, along the threshold of probability at the shipped margin."""
    for condition in Condition:
        chosen = [one for one in heard if one.trial.condition is condition]
        inside = [one for one in chosen if one.trial.in_scope]
        outside = [one for one in chosen if not one.trial.in_scope]
        if not inside or not outside:
            continue
        thresholds = np.linspace(0, 1, 101)
        x = [_percent([refused_at(o, t) for o in inside]) for t in thresholds]
        y = [_percent([refused_at(o, t) for o in outside]) for t in thresholds]
        (line,) = axes.plot(x, y, label=f"{condition} (n = {len(inside)}, {len(outside)})")
        axes.plot(
            _percent([one.refused for one in inside]),
            _percent([one.refused for one in outside]),
            "o",
            color=line.get_color(),
        )
    axes.axhline(80, color="grey", linestyle="--", linewidth=0.8)
    axes.axvline(5, color="grey", linestyle="--", linewidth=0.8)
    axes.set(xlabel="in scope refused, %", ylabel="out of scope refused, %", xlim=(0, 60))
    axes.set_title(f"Refused by threshold, model {model} (dots: the policy's)")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")


def refused_at(heard: Heard, probability: float, margin: float = SHIPPED_MARGIN) -> bool:
    """Whether it would be refused with these thresholds, the same ones for all topics."""
    return (
        heard.badly_heard
        or heard.best_intent == OUT_OF_SCOPE
        or heard.probability < probability
        or heard.margin < margin
    )
