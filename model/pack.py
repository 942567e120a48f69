"""Packs prepared sources into small files and unpacks them on another machine, one with a GPU say.

    python -m model.pack to FOLDER [SOURCE …]      runs/data -> FOLDER, about 8 MB an hour
    python -m model.pack from FOLDER [SOURCE …]    and back

Sound becomes Ogg Opus (ffmpeg), the rest 8 bits. Opus takes away a little of the sound, and curves are rounded to 1/254
(units) and 1/400 (opening).
"""

from __future__ import annotations

import io
import lzma
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from lipsync_addon.core.errors import LipsyncError

from .command import arguments, in_a_sentence, needed
from .network import SAMPLE_RATE
from .paths import PREPARED

CHUNK = 300 * SAMPLE_RATE
"""Samples of one sound file."""
BITRATES = {
    "speechocean762_en": 13,
    "espeak": 11,
    "flite": 12,
    "grid_s1_voices": 12,
    "facegood_voices": 12,
    "grid_s1": 18,
}
"""kbit/s of Opus; 14 where not named."""
UNKNOWN = 255
LABELS = ".labels.xz"
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
        held, starts=load("starts"), held_out=load("held_out"), phones=load("phones").astype(np.int8),
        seal=load("seal"), names=np.frombuffer((prepared / "names.json").read_bytes(), np.uint8),
        **{part: packed(load(part), scale) for part, scale in SCALES.items()},
    )  # fmt: skip
    (folder / f"{source}{LABELS}").write_bytes(lzma.compress(held.getvalue()))


def unpack(source: str, folder: Path, pool: ThreadPoolExecutor) -> None:
    """One source of the folder into runs/data."""
    prepared = PREPARED / source
    labels = needed(folder / f"{source}{LABELS}", "Name a source that was packed.").read_bytes()
    prepared.mkdir(parents=True, exist_ok=True)
    with np.load(io.BytesIO(lzma.decompress(labels))) as held:
        for part in ("starts", "held_out", "seal"):
            np.save(prepared / f"{part}.npy", held[part])
        np.save(prepared / "phones.npy", held["phones"].astype(np.int16))
        for part, scale in SCALES.items():
            np.save(prepared / f"{part}.npy", unpacked(held[part], scale))
        (prepared / "names.json").write_bytes(held["names"].tobytes())
    sounds = pool.map(lambda path: soundfile.read(path, dtype="int16")[0], sorted(folder.glob(f"{source}.*.opus")))
    np.save(prepared / "audio.npy", np.concatenate(list(sounds)))


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("direction", choices=("to", "from"))
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help="default: all that are there")
    options = parser.parse_args()
    folder = options.folder
    if options.direction == "to":
        sources = options.sources or sorted(path.parent.name for path in PREPARED.glob("*/names.json"))
        if not sources:
            raise LipsyncError(f"Nothing is prepared in {PREPARED}.", "Run python -m model.prepare first.")
        for source in sources:
            needed(PREPARED / source / "names.json", f"Prepare it first: python -m model.prepare {source}")
        folder.mkdir(parents=True, exist_ok=True)
        for source in sources:
            pack(source, folder)
    else:
        sources = options.sources or sorted(path.name.removesuffix(LABELS) for path in folder.glob(f"*{LABELS}"))
        if not sources:
            raise LipsyncError(f"No packed source is in {folder}.", f"Run python -m model.pack to {folder} first.")
        with ThreadPoolExecutor() as pool:
            for source in sources:
                unpack(source, folder, pool)


if __name__ == "__main__":
    main()
