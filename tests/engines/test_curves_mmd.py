"""MikuMikuDance motions as npm's mmd-parser reads them, the reader behind three.js' MMDLoader."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lipsync_addon.exporters import FORMATS, ExportOptions, write
from lipsync_addon.exporters.channel_set import with_set
from tests.engines import node_reader
from tests.engines.prediction import hello


def test_mmd_parser_reads_every_morph(tmp_path: Path) -> None:
    path, track = tmp_path / "hello.vmd", with_set(hello(), "mmd")
    write(hello(), path, FORMATS["mmd"], ExportOptions(clip="初音ミク", max_error=0.01))
    seen = node_reader.read("read_vmd.mjs", path)
    assert (seen["model"], seen["motions"], seen["cameras"]) == ("初音ミク", 0, 0)
    assert {name for name, _, _ in seen["morphs"]} == set("あいうえおん")
    for morph in "あいうえおん":
        frames, weights = zip(*[(frame, weight) for name, frame, weight in seen["morphs"] if name == morph])
        every = np.arange(frames[-1] + 1)
        expected = track.select([morph]).at(every / 30)[:, 0]
        np.testing.assert_allclose(np.interp(every, frames, weights), expected, atol=0.0101)
        assert frames[0] == 0 and frames[-1] >= hello().duration * 30
