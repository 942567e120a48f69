"""Packs prepared sources into small files and unpacks them on another machine, one with a GPU say.

    python -m model.pack to FOLDER [SOURCE …]      runs/data -> FOLDER, about 8 MB an hour: sound as Ogg Opus, the rest in 8 bits
    python -m model.pack from FOLDER               and back

Opus takes away a little of the sound, and curves are rounded to 1/254 (units) and 1/400 (opening).
"""

from __future__ import annotations

import io
import lzma
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from .network import SAMPLE_RATE
from .paths import PREPARED

CHUNK = 600 * SAMPLE_RATE
"""Samples of one sound file."""
COMPRESSION = {"espeak": 0.965, "flite": 0.965, "grid_s1_voices": 0.96, "facegood_voices": 0.96, "speechocean762_en": 0.96}
"""libsndfile's compression level of Opus; 0.95 where not named, about 18 kbit/s."""
UNKNOWN = 255
SCALES = {"opening": 400.0, "units": 254.0}


def packed(curves: NDArray[np.floating], scale: float) -> NDArray[np.uint8]:
    """[F] or [F, U] curves as steps in time of 8-bit values, a curve after the other; nan becomes UNKNOWN."""
    values = np.where(np.isnan(curves), UNKNOWN, np.clip(np.round(curves * scale), 0, UNKNOWN - 1)).astype(np.uint8)
    values = np.ascontiguousarray(values.T)
    return np.diff(values, axis=-1, prepend=np.uint8(0))


def unpacked(steps: NDArray[np.uint8], scale: float) -> NDArray[np.float16]:
    """What `packed` was given, rounded."""
    values = np.cumsum(steps, axis=-1, dtype=np.uint8).T
    return np.where(values == UNKNOWN, np.nan, values / scale).astype(np.float16)


def pack(source: str, folder: Path) -> None:
    """One prepared source into files of a folder."""
    prepared = PREPARED / source
    load = lambda part: np.load(prepared / f"{part}.npy", mmap_mode="r")  # noqa: E731
    audio = load("audio")
    for index, start in enumerate(range(0, len(audio), CHUNK)):
        soundfile.write(
            folder / f"{source}.{index:03d}.ogg", audio[start : start + CHUNK], SAMPLE_RATE,
            format="OGG", subtype="OPUS", compression_level=COMPRESSION.get(source, 0.95),
        )  # fmt: skip
    held = io.BytesIO()
    np.savez(
        held, starts=load("starts"), held_out=load("held_out"), phones=load("phones").astype(np.int8), seal=load("seal"),
        names=np.frombuffer((prepared / "names.json").read_bytes(), np.uint8),
        **{part: packed(load(part), scale) for part, scale in SCALES.items()},
    )  # fmt: skip
    (folder / f"{source}.labels.xz").write_bytes(lzma.compress(held.getvalue()))


def unpack(source: str, folder: Path) -> None:
    """One source of the folder into runs/data."""
    prepared = PREPARED / source
    prepared.mkdir(parents=True, exist_ok=True)
    with np.load(io.BytesIO(lzma.decompress((folder / f"{source}.labels.xz").read_bytes()))) as held:
        for part in ("starts", "held_out", "seal"):
            np.save(prepared / f"{part}.npy", held[part])
        np.save(prepared / "phones.npy", held["phones"].astype(np.int16))
        for part, scale in SCALES.items():
            np.save(prepared / f"{part}.npy", unpacked(held[part], scale))
        (prepared / "names.json").write_bytes(held["names"].tobytes())
    sounds = [soundfile.read(path, dtype="int16")[0] for path in sorted(folder.glob(f"{source}.*.ogg"))]
    np.save(prepared / "audio.npy", np.concatenate(sounds))


def main() -> None:
    direction, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    if direction == "to":
        work, sources = pack, sys.argv[3:] or [path.parent.name for path in PREPARED.glob("*/names.json")]
    else:
        work, sources = unpack, [path.name.removesuffix(".labels.xz") for path in folder.glob("*.labels.xz")]
    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(work, source, folder) for source in sources]:
            future.result()


if __name__ == "__main__":
    main()
