"""The add-on in German and Japanese, in a Blender that has languages: bpy from PyPI has none."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[1] / "scripts"))

from build_extension import build  # noqa: E402
from tests import sid  # noqa: E402


def test_panels_buttons_properties_and_reports_follow_the_language(tmp_path: Path) -> None:
    build(["linux-x64"], tmp_path, Path(sys.executable))[0].rename(tmp_path / "extension.zip")
    shutil.copy(HERE / "languages.py", tmp_path)
    sid.ensure()
    command = ["env", "BLENDER_USER_RESOURCES=/session/blender", "blender", "--background", "--python-exit-code", "1"]
    subprocess.run(sid.inside([*command, "--python", "languages.py"], tmp_path), check=True)
    seen = json.loads((tmp_path / "languages.json").read_text(encoding="utf-8"))
    german, japanese = seen["enabled"]["de_DE"], seen["enabled"]["ja_JP"]
    assert german["panel"] == "Wörter und Phoneme" and japanese["panel"] == "単語と音素"
    assert german["button"] == "Strips backen" and japanese["button"] == "ストリップをベイク"
    assert german["property"] == "Echte Lippenschlüsse" and japanese["property"] == "正確な閉唇"
    assert german["tooltip"] == "Wie weit sich der Kiefer bewegt; Lippenschlüsse bleiben geschlossen"
    assert japanese["tooltip"] == "顎の動きの大きさ。閉唇は閉じたままです"
    assert german["emotion"] == "Freude" and japanese["emotion"] == "喜び"
    assert "Wähle eine Tondatei." in german["report"] and "音声ファイルを選んでください。" in japanese["report"]
    english = seen["enabled"]["en_US"]
    assert english["panel"] == "Words and Phonemes" and "Choose a sound file." in english["report"]
    names = ("panel", "button", "property", "tooltip")  # "Joy" is a word of Blender's own table too, perhaps
    for language in ("de_DE", "ja_JP"):  # nothing of the add-on's is left
        assert {name: seen["disabled"][language][name] for name in names} == {name: english[name] for name in names}
