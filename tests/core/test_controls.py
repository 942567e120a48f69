"""What the network is told: shares of styles, an actor's and the user's together, and as text and JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lipsync_addon.core.controls import Controls, styles_of
from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.model_spec import ControlSpec

KNOWN = {
    "filmed": ControlSpec("style", 0.0, 0.0, 1.0, ""),
    "clear": ControlSpec("style", 0.0, 0.0, 1.0, ""),
    "intensity": ControlSpec("intensity", 1.0, 0.4, 1.6, ""),
    "joy": ControlSpec("emotion", 0.0, 0.0, 1.0, ""),
}


def test_neutral_is_what_the_network_says_it_is() -> None:
    assert Controls().rows(KNOWN, 0, 2).tolist() == [[0, 0, 1, 0]] * 2
    assert Controls().is_plain and Controls().to_json() == {}


def test_shares_curves_and_limits() -> None:
    controls = Controls({"filmed": 0.5, "clear": 0.25}, 9.0, {"joy": np.array([0.0, 1.0])})
    np.testing.assert_allclose(controls.rows(KNOWN, -1, 4), [[0.5, 0.25, 1.6, joy] for joy in (0, 0, 1, 1)])
    assert not controls.is_plain and controls.plain.is_plain


@pytest.mark.parametrize(
    ("controls", "told"),
    [
        (Controls({"shy": 1.0}), "no style 'shy'"),
        (Controls({"filmed": 1.5}), "share of the style filmed is 1.5"),
        (Controls({"filmed": 0.8, "clear": 0.5}), "add up to 1.3"),
        (Controls(emotions={"rage": 1.0}), "no emotion 'rage'"),
    ],
)
def test_what_was_not_taught_is_refused(controls: Controls, told: str) -> None:
    with pytest.raises(LipsyncError, match=told):
        controls.rows(KNOWN, 0, 1)


def test_a_users_style_takes_the_place_of_the_actors() -> None:
    actor = Controls({"clear": 0.5}, 1.2)
    assert Controls().over(actor).to_json() == {"styles": {"clear": 0.5}, "intensity": 1.2}
    both = Controls({"filmed": 1.0}, 0.5, {"joy": 1.0}).over(actor).to_json()
    assert both == {"styles": {"filmed": 1.0}, "intensity": pytest.approx(0.6), "emotions": {"joy": 1.0}}


def test_text_and_json_go_there_and_back() -> None:
    assert styles_of("filmed") == {"filmed": 1.0} and styles_of("") == {}
    assert styles_of(" filmed:0.5, clear:.25 ") == {"filmed": 0.5, "clear": 0.25}
    with pytest.raises(LipsyncError, match="'clear:much' is no way of speaking"):
        styles_of("clear:much")
    controls = Controls({"filmed": 0.5}, 1.5, {"joy": 0.25})
    data = json.loads(json.dumps(controls.to_json()))
    assert Controls.from_json(data).to_json() == controls.to_json()
    for wrong in ({"style": "filmed"}, {"intensity": float("nan")}, [], {"styles": {"filmed": "much"}}):
        with pytest.raises((ValueError, TypeError)):
            Controls.from_json(wrong)


def test_emotions_that_the_network_does_not_know_are_left_to_the_face() -> None:
    controls = Controls().with_emotions({"joy": 0.5, "sadness": 0.5, "fear": 0.0}, KNOWN)
    assert controls.emotions == {"joy": 0.5}
