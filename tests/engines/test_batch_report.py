"""The report of a batch in Chromium: the worst comes first, the mouth is drawn, the sound plays, nothing is fetched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipsync_addon.cli import main
from tests.engines import browser


@pytest.fixture(scope="module")
def seen(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What node/report.mjs saw, with the folder."""
    site = tmp_path_factory.mktemp("site")
    (site / "voices").mkdir()
    boat, rate = soundfile.read(root / "examples" / "lines" / "boat_en.flac")
    made = {
        "good": boat,
        "clipped": np.clip(12 * boat, -1, 1),
        "<img src=x onerror=alert(1)>": boat,
        "silence": 0 * boat,
    }
    for name, samples in made.items():
        soundfile.write(site / "voices" / f"{name}.wav", samples, rate)
    (site / "voices" / "clipped.txt").write_text("Five brave puppies </script><script>throw 1</script> paddled a boat")
    (site / "voices" / "good.txt").write_text(
        "Am Abend fuhr ein bunter Zug über die Brücke, und alle Vögel flogen mit."
    )
    (site / "voices" / "broken.wav").write_bytes(b"RIFF" + 200 * b"x")
    assert main(["batch", str(site / "voices"), "--out", str(site / "build"), "--quiet", "--only", "[!s]*"]) == 1
    with browser.served(site) as address:
        found = browser.drive("report.mjs", f"{address}/build/report.html", str(site / "page.png"))
    return found | {"address": address}


def test_totals_and_the_worst_first(seen: dict) -> None:
    assert seen["sums"][:5] == ["5lines", "3baked", "0unchanged", "0kept, changed by hand", "1failed"]
    assert seen["worst"] == ["broken", "clipped", "good"]


def test_all_lines_are_listed_and_found(seen: dict) -> None:
    assert len(seen["rows"]) == 5 and len(seen["found"]) == 1
    assert any(row.startswith("<img src=x onerror=alert(1)>done") for row in seen["rows"])


def test_the_mouth_is_drawn_as_wide_as_the_moment_of_the_sound(seen: dict) -> None:
    widest, at_rest = seen["mouths"]
    assert widest > 1.3 * at_rest > 0
    assert seen["played"] == pytest.approx(4.03, abs=0.01)


def test_a_line_that_nothing_is_wrong_with_has_its_curves_mouth_and_sound_as_well(seen: dict) -> None:
    assert seen["opened"] == ["<img src=x onerror=alert(1)>"]
    assert min(seen["plots"]) > 0
    assert seen["sound"].startswith("../voices/%3Cimg")


def test_nothing_but_page_and_sound_is_asked_for(seen: dict) -> None:
    assert {url.removeprefix(seen["address"]) for url in seen["asked"]} == {"/build/report.html", "/voices/clipped.wav"}
