"""What a network hears in every prepared source, so that *move* can be trained alone, in minutes and without a GPU.

    python -m model.heard --checkpoint model/checkpoints/0.2.0.pt --to offline    every prepared source
    python -m model.heard --checkpoint model/checkpoints/0.2.0.pt --to offline grid_s1    one of them

runs/heard/<to>/<source>.npy: float16 [F, P + R] phones and residual of every frame. Held-out lines and every second of
the others are heard as they are, the rest changed as training changes sound (model/augment.py, seeded). Then
`python -m model.train --run NAME --start-from model/checkpoints/0.2.0.pt --set heard=offline`.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap

from lipsync_addon.core.errors import LipsyncError
from lipsync_addon.core.phones import PHONES

from .augment import augmented, coloured, drawn_filters
from .command import arguments, in_a_sentence
from .dataset import Source, prepared
from .export import load_checkpoint
from .network import HOP, Lipsync
from .paths import HEARD, PREPARED

TOGETHER = 8
"""Lines heard as one batch: they also serve as each other's babble."""


@torch.no_grad()
def hear_source(network: Lipsync, name: str, path: Path) -> None:
    """Writes the file of one source."""
    source = Source(name)
    frames, lines = source.starts // HOP, np.arange(len(source.names))
    changed = torch.from_numpy((lines % 2 == 1) & ~np.isin(lines, source.validation_lines))
    part, generator = path.with_suffix(".part"), torch.Generator().manual_seed(0)
    heard = open_memmap(part, "w+", np.float16, (int(frames[-1]), len(PHONES) + network.config.residual))
    for group in np.array_split(lines, math.ceil(len(lines) / TOGETHER)):
        pieces = [source.audio[source.starts[line] : source.starts[line + 1]] for line in group]
        samples = torch.zeros(len(group), max(map(len, pieces)))
        for row, piece in zip(samples, pieces):
            row[: len(piece)] = torch.from_numpy(piece / np.float32(32768))
        filters = drawn_filters(len(group), generator)
        other = coloured(network.mel(augmented(samples, generator), filters), generator)
        mel = torch.where(changed[group, None, None], other, network.mel(samples))
        logits, residual = network.hear(mel)
        rows = torch.cat([torch.softmax(logits, -1), residual], dim=-1).half().numpy()
        for line, row in zip(group, rows):
            heard[frames[line] : frames[line + 1]] = row[: frames[line + 1] - frames[line]]
    heard.flush()
    part.replace(path)


@in_a_sentence()
def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument(
        "--checkpoint", type=Path, required=True, help="of a run, or one that was kept in half precision"
    )
    parser.add_argument("--to", required=True, help="name of the folder under runs/heard")
    parser.add_argument(
        "sources", nargs="*", metavar="SOURCE", help="default: every prepared one that is not there yet"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    network, folder = load_checkpoint(options.checkpoint), HEARD / options.to
    there = sorted(path.parent.name for path in PREPARED.glob("*/names.json"))
    if not there:
        raise LipsyncError(f"Nothing is prepared in {PREPARED}.", "Run python -m model.prepare first.")
    for name in options.sources:
        prepared(name)
    folder.mkdir(parents=True, exist_ok=True)
    for name in options.sources or [name for name in there if not (folder / f"{name}.npy").exists()]:
        hear_source(network, name, folder / f"{name}.npy")
        print(f"{name}: heard", flush=True)


if __name__ == "__main__":
    main()
