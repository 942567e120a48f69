"""An evaluation as one HTML page that needs nothing else to be read."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from ..core.phones import BILABIALS
from .evaluation import Evaluation

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  after the choice of a back end without a window

THUMB_HEIGHT = 110
MOST_THUMBS = 24


class Thumbnails:
    """Collects small pictures of a film, evenly over its length, in bounded memory."""

    def __init__(self) -> None:
        self.pictures: list[tuple[int, NDArray[np.uint8]]] = []
        self._every = 4

    def __call__(self, number: int, picture: NDArray[np.uint8]) -> None:
        """To be called with every frame."""
        if number % self._every == 0:
            size = (round(picture.shape[1] * THUMB_HEIGHT / picture.shape[0]), THUMB_HEIGHT)
            self.pictures.append((number, cv2.resize(picture, size, interpolation=cv2.INTER_AREA)))
            if len(self.pictures) > MOST_THUMBS:
                self._every *= 2
                self.pictures = [each for each in self.pictures if each[0] % self._every == 0]

    def uris(self, times: NDArray[np.float64]) -> list[tuple[str, str]]:
        """[(seconds as text, data URI)]"""
        found = []
        for number, picture in self.pictures:
            coded = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
            found.append((f"{times[number]:.2f} s", f"data:image/jpeg;base64,{base64.b64encode(coded).decode()}"))
        return found


def page(title: str, evaluation: Evaluation, thumbnails: list[tuple[str, str]]) -> str:
    """HTML"""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.jinja").render(
        title=title,
        e=evaluation,
        a=evaluation.agreement,
        thumbnails=thumbnails,
        curves=_curves(evaluation),
        lags=_lags(evaluation),
    )


def _curves(evaluation: Evaluation) -> str:
    """Seen and expected opening over the phones, at most the first 12 s."""
    shown = evaluation.times <= evaluation.times[0] + 12
    figure, axes = pyplot.subplots(figsize=(11, 3.4), layout="constrained")
    level = lambda curve: curve[shown] / max(np.quantile(curve, 0.95), 1e-6)  # noqa: E731
    axes.plot(
        evaluation.times[shown], level(evaluation.expected), label="expected from the sound", lw=1.2, color="0.55"
    )
    axes.plot(evaluation.times[shown], level(evaluation.seen), label="seen", lw=1.6, color="tab:blue")
    top = axes.get_ylim()[1]
    for phone in evaluation.timeline.phones:
        if phone.unit != "sil" and phone.start < evaluation.times[shown][-1]:
            if phone.unit in BILABIALS:
                axes.axvspan(phone.start, phone.end, color="tab:red", alpha=0.15, lw=0)
            axes.text((phone.start + phone.end) / 2, top, phone.unit, ha="center", va="bottom", fontsize=8)
    axes.set(xlabel="seconds", ylabel="lip opening / own 95 %", ylim=(0, top))
    axes.legend(loc="upper right", fontsize=8)
    return _uri(figure)


def _lags(evaluation: Evaluation) -> str:
    figure, axes = pyplot.subplots(figsize=(5, 2.6), layout="constrained")
    axes.plot(evaluation.agreement.lags * 1000, evaluation.agreement.by_lag, color="tab:blue")
    axes.axvline(evaluation.agreement.offset * 1000, color="tab:red", lw=1)
    axes.set(xlabel="mouth after sound, ms", ylabel="r")
    return _uri(figure)


def _uri(figure: pyplot.Figure) -> str:
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    pyplot.close(figure)
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"
