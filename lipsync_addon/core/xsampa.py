"""X-SAMPA, the IPA in plain letters that WebMAUS and others write.

Source: J. C. Wells, "Computer-coding the IPA: a proposed extension of SAMPA", University College London, 1995/2000.
"""

from __future__ import annotations

import re

_LETTERS: dict[str, str] = {
    "A": "ɑ", "B": "β", "B\\": "ʙ", "C": "ç", "D": "ð", "E": "ɛ", "F": "ɱ", "G": "ɣ", "G\\": "ɢ", "H": "ɥ", "H\\": "ʜ",
    "I": "ɪ", "I\\": "ᵻ", "J": "ɲ", "J\\": "ɟ", "K": "ɬ", "K\\": "ɮ", "L": "ʎ", "L\\": "ʟ", "M": "ɯ", "M\\": "ɰ",
    "N": "ŋ", "N\\": "ɴ", "O": "ɔ", "O\\": "ʘ", "P": "ʋ", "Q": "ɒ", "R": "ʁ", "R\\": "ʀ", "S": "ʃ", "T": "θ", "U": "ʊ",
    "U\\": "ᵿ", "V": "ʌ", "W": "ʍ", "X": "χ", "X\\": "ħ", "Y": "ʏ", "Z": "ʒ",
    "g": "ɡ", "h\\": "ɦ", "j\\": "ʝ", "l\\": "ɺ", "p\\": "ɸ", "r\\": "ɹ", "r\\`": "ɻ", "s\\": "ɕ", "v\\": "ʋ", "x\\": "ɧ",
    "z\\": "ʑ", "d`": "ɖ", "l`": "ɭ", "n`": "ɳ", "r`": "ɽ", "s`": "ʂ", "t`": "ʈ", "z`": "ʐ",
    "@": "ə", "@\\": "ɘ", "@`": "ɚ", "{": "æ", "}": "ʉ", "&": "ɶ", "1": "ɨ", "2": "ø", "3": "ɜ", "3\\": "ɞ", "3`": "ɝ",
    "4": "ɾ", "5": "ɫ", "6": "ɐ", "7": "ɤ", "8": "ɵ", "9": "œ",
    "?": "ʔ", "?\\": "ʕ", "<\\": "ʢ", ">\\": "ʡ", "!\\": "ǃ", "|\\": "ǀ", "|\\|\\": "ǁ", "=\\": "ǂ",
    "_w": "ʷ",
}  # fmt: skip
"""All that IPA writes otherwise; a to z but for g are themselves."""
_MARKS = re.compile(r"_[?]\\|_[^w\s]|[\"%':.=~`!|^-]\\?")
"""Stress, length, tone, voice and place, which the lips do not show."""
_SIGN = re.compile("|".join(map(re.escape, sorted(_LETTERS, key=len, reverse=True))) + f"|{_MARKS.pattern}|[a-z]")


def to_ipa(text: str) -> str:
    """ "aɪ" for "aI", "tʃ" for "tS", marks that the lips do not show left out. Raises ValueError for other text."""
    ipa, place = [], 0
    while place < len(text):
        found = _SIGN.match(text, place)
        if found is None:
            raise ValueError(f"{text[place]!r} in {text!r} is no X-SAMPA")
        sign, place = found[0], found.end()
        ipa.append(_LETTERS.get(sign, sign if sign.isalpha() else ""))
    return "".join(ipa)
