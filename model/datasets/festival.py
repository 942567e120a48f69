"""Speech from festival, with its own phone times: two American voices that Debian packages, each from recordings.

`festival` (CSTR, University of Edinburgh) with `festvox-kallpc16k` (diphones of a man) and `festvox-us-slt-hts` (a woman of CMU
Arctic by hidden Markov models, at a tempo of her own: `stretch` does not change it). The times are those of the utterance's Segment
relation, by which the sound was made. `festvox-kdlpc16k` is left out: its samples run over 16 bits, which clicks.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from lipsync_addon.core.phones import arpabet_to_units, spread

from .corpora import SAMPLE_RATE
from .programs import printed_by

VOICES = {
    "kal_diphone": "festvox-kallpc16k",
    "cmu_us_slt_arctic_hts": "festvox-us-slt-hts",
}
"""{voice: Debian package}"""
_NOT_ARPABET = {
    "axr": ("ɚ",), "dx": ("ɾ",), "el": ("ə", "l"), "em": ("ə", "m"), "en": ("ə", "n"), "hv": ("h",), "nx": ("n",),
    "brth": ("sil",), "h#": ("sil",),
}  # fmt: skip
"""What festival's phone set "radio" has beside the ARPAbet (radio_phones.scm)."""
_SCRIPT = """
(if (not (member '{voice} (voice.list))) (exit))
(voice_{voice})
(Parameter.set 'Duration_Stretch {stretch})
(set! line (utt.synth (Utterance Text {text})))
(utt.save.wave line {path} 'riff)
(mapcar (lambda (segment) (format t "%s %f\\n" (item.name segment) (item.feat segment 'end)))
        (utt.relation.items line 'Segment))
"""


def radio_to_units(name: str) -> tuple[str, ...]:
    """("a", "ɪ") for festival's "ay". Raises KeyError for a name that is not of its set "radio"."""
    return _NOT_ARPABET.get(name) or arpabet_to_units(name)


def speak(text: str, voice: str, stretch: float = 1.0) -> tuple[NDArray[np.float32], list[tuple[float, float, str]]]:
    """(samples [N] at 16 kHz, [(start s, end s, unit)]). `stretch` above 1 is slower.

    Raises RuntimeError where festival, or the voice, is not installed; the sentence names the Debian package.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        script = _SCRIPT.format(voice=voice, stretch=float(stretch), text=_quoted(text), path=_quoted(str(path)))
        packages = f"festival {VOICES.get(voice, '')}".strip()
        printed = printed_by(["festival", "--pipe"], packages, script)
        if not path.exists():  # festival says what failed, and ends as if nothing had
            raise RuntimeError(f"festival did not speak; is the voice {voice} installed (apt install {packages})?")
        samples, rate = soundfile.read(path, dtype="float32")
    phones, start = [], 0.0
    for row in printed.splitlines():
        name, end = row.split()
        phones += spread(start, float(end), radio_to_units(name))
        start = float(end)
    return soxr.resample(samples, rate, SAMPLE_RATE).astype(np.float32), phones


def _quoted(text: str) -> str:
    """A string of Scheme."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
