"""What the lips of a mesh do in a take, for the user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class LipReport:
    """What is seen at the contacts of a take on the frames of its scene, and what was done for it."""

    closures: int = 0
    sealed: int = 0
    corrected: int = 0
    open_at: tuple[float, ...] = ()
    """Seconds of the closures that this mesh cannot make."""
    lost_at: tuple[float, ...] = ()
    """Those that it can make, and that the keys do not show."""
    changed_at: tuple[float, ...] = ()
    """Those that the keys would show, were it not for what the artist changed, or for keys that no curve moves."""
    bites: int = 0
    """f and v, where teeth could be measured."""
    reached: int = 0
    bites_corrected: int = 0

    def __str__(self) -> str:
        texts = []
        if self.closures:
            texts.append(_counted(self.sealed, self.closures, "closure", ("seals", "seal"), self.corrected))
        if self.bites:
            verbs = ("reaches the teeth", "reach the teeth")
            texts.append(_counted(self.reached, self.bites, "f, v", verbs, self.bites_corrected))
        return " ".join(texts)

    def notices(self) -> tuple[str, ...]:
        """What is left undone, a sentence for each reason."""
        reasons = {
            "the character has no shape that closes them there": self.open_at,
            "the keys have no frame left for it, but Every Frame or more frames a second would": self.lost_at,
            "curves that you changed or made, or keys that are muted or driven, keep them open": self.changed_at,
        }
        return tuple(f"The lips stay apart at {_places(at)}: {why}." for why, at in reasons.items() if at)


def _places(seconds: Sequence[float]) -> str:
    places = ", ".join(f"{second:.2f} s" for second in seconds[:_SHOWN])
    return places + (f" and {len(seconds) - _SHOWN} more" if len(seconds) > _SHOWN else "")


def _counted(good: int, of: int, what: str, verbs: tuple[str, str], mended: int) -> str:
    plural = "s" if of != 1 and what == "closure" else ""
    fixed = f", {mended} corrected" if mended else ""
    return f"{good} of {of} {what}{plural} {verbs[good != 1]}{fixed}."
