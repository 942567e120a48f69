"""Pictures and sounds of the report as data URIs, so that one HTML file holds everything."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np
import soundfile
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lipsync_addon.core.channels import VISEMES_15

from .performance import SAMPLE_RATE

INK, FAINT, OURS, FACE, EARLIER = "#1d2733", "#8a97a6", "#1668c7", "#1d2733", "#7fb2e8"
PEERS = ("#e08a1e", "#7a5bb5", "#b5884f", "#3d9a8b", "#9aa3ad")
CLOSED = "#d9485f"
STYLE = {
    "font.size": 9, "axes.edgecolor": FAINT, "axes.labelcolor": INK, "text.color": INK, "xtick.color": FAINT,
    "ytick.color": FAINT, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
}  # fmt: skip

Curve = tuple[NDArray[np.float64], NDArray[np.float32]]
"""(times s, values)"""
Labels = Sequence[tuple[float, float, str]]


def mp3(samples: NDArray[np.float32]) -> str:
    """[N] at 16 kHz as a data URI that every browser plays; raised to a peak of -3 dB."""
    loud = samples * (10 ** (-3 / 20) / max(float(np.abs(samples).max(initial=0.0)), 1e-4))
    file = io.BytesIO()
    soundfile.write(file, loud, SAMPLE_RATE, format="MP3")
    return "data:audio/mpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _svg(figure: Figure) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="svg", bbox_inches="tight", pad_inches=0.03, metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode()


def clip_picture(
    samples: NDArray[np.float32],
    face: Curve | None,
    curves: Mapping[str, Curve],
    said: Labels,
    closures: Labels,
    window: tuple[float, float],
) -> str:
    """Waveform with what is said over it, and below the tracked lip opening with `curves`; `closures` are shaded.
    Without a face the curves alone."""
    with rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.1))
        wave, mouth = figure.subplots(2, sharex=True, height_ratios=(1, 2.6), gridspec_kw={"hspace": 0.06})
        _waveform(wave, samples, window)
        for start, end, word in said:
            if start < window[1] and end > window[0]:
                wave.text((start + end) / 2, 1.12, word, ha="center", fontsize=8, clip_on=False)
                wave.axvline(start, color=FAINT, linewidth=0.4)
        for start, end, _ in closures:
            mouth.axvspan(start, end, color=CLOSED, alpha=0.13, linewidth=0)
        if face:
            mouth.fill_between(*face, color=FACE, alpha=0.10, linewidth=0)
            mouth.plot(*face, color=FACE, linewidth=1.6, label="tracked face")
        colours = {"this network": OURS, "our previous release": EARLIER}
        for label, curve in curves.items():
            wide = (
                {"linewidth": 1.8, "zorder": 4}
                if colours.get(label) == OURS
                else {"linewidth": 1.8 if label in colours else 0.9}
            )
            peer = PEERS[[name for name in curves if name not in colours].index(label)] if label not in colours else ""
            mouth.plot(*curve, label=label, color=colours.get(label, peer), **wide)
        mouth.set(xlim=window, ylim=(0, None), ylabel="lip opening")
        mouth.legend(loc="upper right", bbox_to_anchor=(1, -0.12), borderaxespad=0, fontsize=7.5, ncols=4)
        return _svg(figure)


def closure_picture(
    samples: NDArray[np.float32], face: Curve, curve: Curve, closure: tuple[float, float], window: tuple[float, float]
) -> str:
    """A fraction of a second: the tracked mouth and the curve, each over its own level; the closure is shaded."""
    with rc_context(STYLE):
        figure = Figure(figsize=(2.5, 1.45))
        wave, mouth = figure.subplots(2, sharex=True, height_ratios=(1, 2.6), gridspec_kw={"hspace": 0.06})
        _waveform(wave, samples, window)
        mouth.axvspan(*closure, color=CLOSED, alpha=0.18, linewidth=0)
        mouth.plot(*face, color=FACE, linewidth=1.3)
        mouth.plot(*curve, color=OURS, linewidth=1.6)
        mouth.axhline(0.25, color=FAINT, linewidth=0.6, linestyle=":")
        mouth.set(xlim=window, ylim=(0, 1.2), yticks=(0, 1))
        mouth.tick_params(labelsize=6.5, length=2)
        return _svg(figure)


def _waveform(axes: Axes, samples: NDArray[np.float32], window: tuple[float, float], columns: int = 500) -> None:
    """Smallest and largest sample of each column, scaled to the loudest."""
    part = samples[max(int(window[0] * SAMPLE_RATE), 0) : int(window[1] * SAMPLE_RATE)]
    pieces = np.array_split(part / max(float(np.abs(part).max(initial=0.0)), 1e-4), columns)
    times = window[0] + (np.arange(columns) + 0.5) / columns * len(part) / SAMPLE_RATE
    axes.fill_between(times, [p.min() for p in pieces], [p.max() for p in pieces], color=FAINT, linewidth=0)
    axes.set(ylim=(-1, 1), yticks=())
    axes.spines[:].set_visible(False)
    axes.tick_params(bottom=False)


def confusion_picture(confusion: NDArray[np.intp]) -> str:
    """[15, 15] frames, row said, column heard: shares of each row."""
    shares = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    names = [name.removeprefix("viseme_") for name in VISEMES_15]
    with rc_context(STYLE):
        figure = Figure(figsize=(4.3, 4.1))
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
        for row, column in np.argwhere(shares >= 0.095):
            colour = "white" if shares[row, column] > 0.55 else INK
            text = f"{shares[row, column] * 100:.0f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color=colour)
        axes.set_xticks(range(len(names)), names, fontsize=7.5)
        axes.set_yticks(range(len(names)), names, fontsize=7.5)
        axes.set(xlabel="heard", ylabel="said")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        return _svg(figure)


def bars_picture(bars: Sequence[tuple[str, float, float]], title: str, goal: float, colours: Sequence[str]) -> str:
    """Horizontal bars (label, value, error), the first on top; `goal` is a dashed line."""
    with rc_context(STYLE):
        figure = Figure(figsize=(4.7, 0.24 * len(bars) + 0.75))
        axes = figure.subplots()
        places, values = -np.arange(len(bars)), [value for _, value, _ in bars]
        errors = [np.nan_to_num(error) for _, _, error in bars]
        axes.barh(places, values, 0.7, xerr=errors, color=colours, error_kw={"ecolor": INK, "elinewidth": 0.8})
        axes.set_yticks(places, [label for label, _, _ in bars], fontsize=8)
        for place, value, error in zip(places, values, errors):
            axes.text(max(value, 0) + error + 0.015, place, f"{value:.2f}", va="center", fontsize=7.5)
        axes.axvline(goal, color=CLOSED, linewidth=1, linestyle="--")
        axes.set(xlim=(min(0, *values), 1.12))
        axes.set_title(title, fontsize=9.5, loc="left")
        axes.tick_params(length=0)
        return _svg(figure)


def languages_picture(shares: Mapping[str, float], goal: float) -> str:
    """A bar a language, best first."""
    order = sorted(shares, key=shares.get, reverse=True)
    with rc_context(STYLE):
        figure = Figure(figsize=(9.6, 1.9))
        axes = figure.subplots()
        axes.bar(range(len(order)), [shares[name] for name in order], 0.75, color=OURS)
        axes.axhline(goal, color=CLOSED, linewidth=1, linestyle="--")
        axes.set_xticks(range(len(order)), order, rotation=90, fontsize=7.5)
        axes.set(ylim=(0, 1), xlim=(-0.7, len(order) - 0.3), ylabel="visemes right")
        axes.tick_params(length=0)
        return _svg(figure)
