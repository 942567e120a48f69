"""A film whose truth is known: the reference head, painted as it speaks a recorded line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lipsync_addon.core.face_layers import FaceSettings, with_face
from lipsync_addon.core.pipeline import animate
from lipsync_addon.core.prosody import prosody_of
from lipsync_addon.core.track import AnimationTrack
from lipsync_addon.inference.predictor import Predictor
from lipsync_addon.speech.sound_file import open_sound
from lipsync_addon.video.media import FilmWriter
from lipsync_addon.video.tracker import MediaPipeTracker
from scripts.paint_head import Camera, Head
from tests.cli.conftest import Command, Ran

FPS = 25.0


@dataclass(frozen=True)
class KnownFilm:
    """A film, the line that is heard in it and the motion that is seen."""

    path: Path
    line: Path
    track: AnimationTrack
    """At FPS"""


@pytest.fixture(scope="session")
def head(shared: Path) -> Head:
    """The ICT-FaceKit head."""
    return Head(shared / "data" / "characters")


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    """The network that ships."""
    return Predictor.load(providers=["CPU"])


@pytest.fixture(scope="session")
def known_film(shared: Path, head: Head, predictor: Predictor, tmp_path_factory: pytest.TempPathFactory) -> KnownFilm:
    """Three seconds at 360 x 360, the head turning a little, blinking and raising its brows."""
    line = min((shared / "bench" / "dev" / "audio").glob("s1_*.flac"))
    sound = open_sound(line, predictor.spec.sample_rate)
    track = animate(sound, predictor).track
    track = with_face(track, prosody_of(sound, track.times), FaceSettings(blinks=2.0, brows=1.0)).resampled(FPS)
    path = tmp_path_factory.mktemp("film") / "spoken.mp4"
    with FilmWriter(path, (360, 360), FPS, line, quality=16) as writer:
        for time, values in zip(track.times, track.values):
            camera = Camera(360, 360, yaw=0.15 * np.sin(time * 2), pitch=0.05 * np.sin(time * 3), x=np.sin(time))
            writer.write(head.paint(dict(zip(track.names, map(float, values))), camera))
    return KnownFilm(path, line, track)


@pytest.fixture(scope="session")
def sample(shared: Path) -> Path:
    """A film of a talker, 360 x 288."""
    return shared / "data" / "faces" / "video_samples" / "bbaf3s.mpg"


@pytest.fixture
def lipsync(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `lipsync ARGUMENTS` with the network that ships."""
    from lipsync_addon.cli import main

    def run(*arguments: object) -> Ran:
        try:
            code = main([*map(str, arguments)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def tracker(shared: Path):
    """MediaPipe with its model."""
    with MediaPipeTracker() as found:
        yield found
