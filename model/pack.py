"""Packs prepared sources into small files and unpacks them on another machine, one with a GPU say.

    python -m model.pack to FOLDER [SOURCE …]      runs/data -> FOLDER, about 8 MB an hour: sound as Ogg Opus (ffmpeg), the rest in 8 bits
    python -m model.pack from FOLDER               and back

Opus takes away a little of the sound, and curves are rounded to 1/254 (units) and 1/400 (opening).
"""

from __future__ import annotations

import io
import lzma
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from .network import SAMPLE_RATE
from .paths import PREPARED

CHUNK = 300 * SAMPLE_RATE
"""Samples of one sound file."""
BITRATES = {"speechocean762_en": 13, "espeak": 11, "flite": 12, "grid_s1_voices": 12, "facegood_voices": 12, "grid_s1": 18}
"""kbit/s of Opus; 14 where not named."""
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
    coded = ["-c:a", "libopus", "-b:a", f"{BITRATES.get(source, 14)}k", "-compression_level", "2"]
    for index, start in enumerate(range(0, len(audio), CHUNK)):
        sound = ["ffmpeg", "-v", "error", "-y", "-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", "-"]
        part = audio[start : start + CHUNK].tobytes()
        subprocess.run([*sound, *coded, str(folder / f"{source}.{index:03d}.opus")], input=part, check=True)
    held = io.BytesIO()
    np.savez(
        held, starts=load("starts"), held_out=load("held_out"), phones=load("phones").astype(np.int8), seal=load("seal"),
        names=np.frombuffer((prepared / "names.json").read_bytes(), np.uint8),
        **{part: packed(load(part), scale) for part, scale in SCALES.items()},
    )  # fmt: skip
    (folder / f"{source}.labels.xz").write_bytes(lzma.compress(held.getvalue()))


def unpack(source: str, folder: Path, pool: ThreadPoolExecutor) -> None:
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
    sounds = pool.map(lambda path: soundfile.read(path, dtype="int16")[0], sorted(folder.glob(f"{source}.*.opus")))
    np.save(prepared / "audio.npy", np.concatenate(list(sounds)))


def main() -> None:
    direction, folder, wanted = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    if direction == "to":
        for source in wanted or [path.parent.name for path in PREPARED.glob("*/names.json")]:
            pack(source, folder)
    else:
        with ThreadPoolExecutor() as pool:
            for path in folder.glob("*.labels.xz"):
                unpack(path.name.removesuffix(".labels.xz"), folder, pool)


if __name__ == "__main__":
    main()
