"""What finds faces in a picture: a small protocol, and MediaPipe's Face Landmarker as the tracker that comes along."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.errors import LipsyncError

LANDMARKS = 478
"""Points of MediaPipe's face mesh with the irises; what another tracker has to give, too."""
MODEL_NAME = "face_landmarker_v2_with_blendshapes.task"
MODEL_VARIABLE = "LIPSYNC_FACE_MODEL"
MODEL_PLACES = (
    Path(__file__).resolve().parents[1] / "data" / "models",
    Path(__file__).resolve().parents[3] / "shared" / "data" / "models",
)
MOST_FACES = 4


@dataclass(frozen=True, slots=True, eq=False)
class SeenFace:
    """One face in one picture."""

    points: NDArray[np.float32]
    """[LANDMARKS, 3] x right and y down in pixels of the picture; z in pixels too, smaller is nearer."""


class FaceTracker(Protocol):
    """Finds faces. Used as a context manager, so that it can let go of what it holds."""

    def faces(self, picture: NDArray[np.uint8], seconds: float) -> list[SeenFace]:
        """All faces of an RGB picture [H, W, 3]; `seconds` ascend from call to call."""
        ...

    def __enter__(self) -> FaceTracker: ...
    def __exit__(self, *exception: object) -> None: ...


class MediaPipeTracker:
    """MediaPipe Face Landmarker on the CPU."""

    def __init__(self, model: Path | None = None, *, most: int = MOST_FACES, still: bool = False) -> None:
        """`still`: every picture on its own, more slowly. Raises LipsyncError if the model's file is missing."""
        with _quiet_start():
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision

            self._image = lambda data: mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=data)
            self._still = still
            mode = vision.RunningMode.IMAGE if still else vision.RunningMode.VIDEO
            self._landmarker = vision.FaceLandmarker.create_from_options(
                vision.FaceLandmarkerOptions(
                    # The file's bytes: its path may hold letters that MediaPipe cannot open on Windows.
                    base_options=BaseOptions(model_asset_buffer=model_file(model).read_bytes()),
                    running_mode=mode,
                    num_faces=most,
                )
            )
        self._last = -1

    def faces(self, picture: NDArray[np.uint8], seconds: float) -> list[SeenFace]:
        """All faces of an RGB picture [H, W, 3]."""
        image = self._image(np.ascontiguousarray(picture))
        if self._still:
            result = self._landmarker.detect(image)
        else:
            self._last = max(self._last + 1, round(seconds * 1000))  # it wants time to go on
            result = self._landmarker.detect_for_video(image, self._last)
        height, width = picture.shape[:2]
        scale = np.array([width, height, width], np.float32)
        return [
            SeenFace(np.array([(p.x, p.y, p.z) for p in landmarks], np.float32) * scale)
            for landmarks in result.face_landmarks
        ]

    def __enter__(self) -> MediaPipeTracker:
        return self

    def __exit__(self, *exception: object) -> None:
        self._landmarker.close()


def open_tracker(name: str | None = None, model: Path | None = None) -> FaceTracker:
    """MediaPipe's, or the class "package.module:Class" of another, which is called without arguments."""
    if not name:
        return MediaPipeTracker(model)
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError, ValueError) as error:
        raise LipsyncError(
            f"The tracker {name} cannot be loaded: {error}.", "Write it as package.module:Class."
        ) from error


def model_file(given: Path | None = None) -> Path:
    """MediaPipe's model: as given, as the variable LIPSYNC_FACE_MODEL says, or where it usually lies."""
    if given or os.environ.get(MODEL_VARIABLE):
        path = Path(given or os.environ[MODEL_VARIABLE])
        if not path.is_file():
            raise LipsyncError(f"The face model {path} does not exist.", f"Give the path of {MODEL_NAME}.")
        return path
    for folder in MODEL_PLACES:
        if (folder / MODEL_NAME).is_file():
            return folder / MODEL_NAME
    raise LipsyncError(
        f"The face model {MODEL_NAME} was not found.",
        f"Download MediaPipe's Face Landmarker once and name it with --face-model or the variable {MODEL_VARIABLE}.",
    )


def mesh_triangles() -> NDArray[np.int64]:
    """[T, 3] the triangles of MediaPipe's mesh, from the edges that it publishes."""
    from mediapipe.tasks.python import vision

    edges = [(edge.start, edge.end) for edge in vision.FaceLandmarksConnections.FACE_LANDMARKS_TESSELATION]
    return np.array([[a, b, c] for (a, b), (_, c), _ in zip(edges[::3], edges[1::3], edges[2::3], strict=True)])


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Keeps what TensorFlow Lite says about itself off standard error, where users look for our one sentence."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
