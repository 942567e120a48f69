"""Why a mouth would not move though everything was found, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .mapping import Target
from .profile_match import Obstacle, RigInventory

_SINGLE = {
    Obstacle.MUTED: "{names} of '{owner}' is muted.",
    Obstacle.DRIVEN: "{names} of '{owner}' is driven, so the curve has no effect on it.",
    Obstacle.EMPTY: "{names} of '{owner}' moves no vertex: it has the shape of the key that it is relative to.",
    Obstacle.MASKED: "{names} of '{owner}' moves no vertex: its vertex group has no weight on what the key moves.",
    Obstacle.RANGE: "{names} of '{owner}' does not reach 0 and 1: widen the range of its slider.",
}
_PLURAL = {
    Obstacle.MUTED: "{names} of '{owner}' are muted.",
    Obstacle.DRIVEN: "{names} of '{owner}' are driven, so curves have no effect on them.",
    Obstacle.EMPTY: "{names} of '{owner}' move no vertex: they have the shapes of the keys that they are relative to.",
    Obstacle.MASKED: "{names} of '{owner}' move no vertex: their vertex groups have no weight on what the keys move.",
    Obstacle.RANGE: "{names} of '{owner}' do not reach 0 and 1: widen the ranges of their sliders.",
}
_WHOLE = {
    Obstacle.PINNED: "'{owner}' shows its active shape key only: switch off the pin below its list of shape keys.",
    Obstacle.ABSOLUTE: "The shape keys of '{owner}' are absolute, so their values do nothing: tick Relative.",
    Obstacle.REST: "The armature '{owner}' is shown in its rest position: choose Pose Position in its properties.",
    Obstacle.SOLO: "An NLA track of '{owner}' plays alone: switch off the star beside it.",
}
_STILL = (Obstacle.EMPTY, Obstacle.MASKED)
_BLOCKING = (Obstacle.MUTED, Obstacle.DRIVEN, *_STILL)
_SHOWN = 4


def obstacles(
    targets: Iterable[Target], inventory: RigInventory, still: Mapping[tuple[str, str], Obstacle] = {}
) -> tuple[str, ...]:
    """One sentence for each kind of thing in the way of these targets; where nothing at all can move, that first.

    `still`: (object, shape key) -> why it moves nothing. Of a name that several meshes have, the one with most keys
    counts: teeth and lashes often have the keys of the face, and most of them are empty.
    """
    targets = tuple(targets)
    in_the_way = {**still, **inventory.obstacles}
    said = _worth_saying(targets, still)
    sentences: list[str] = []
    stuck = 0
    for owner in dict.fromkeys(target.owner for target in targets):
        own = [target for target in targets if target.owner == owner]
        whole = inventory.obstacles.get((owner, ""))
        if whole:
            sentences.append(_WHOLE[whole].format(owner=owner))
        by_kind: dict[Obstacle, list[str]] = {}
        for target in own:
            if kind := in_the_way.get((owner, target.name)):
                by_kind.setdefault(kind, []).append(target.name)
        stuck += len(own) if whole else sum(len(by_kind.get(kind, ())) for kind in _BLOCKING)
        for kind, names in by_kind.items():
            told = [name for name in names if kind not in _STILL or (owner, name) in said]
            texts = _SINGLE if len(told) == 1 else _PLURAL
            if told:
                sentences.append(texts[kind].format(names=_listed(told), owner=owner))
    if targets and stuck == len(targets):
        sentences[0] = f"The mouth will not move: {sentences[0]}"
    return tuple(sentences)


def _worth_saying(targets: Sequence[Target], still: Mapping[tuple[str, str], Obstacle]) -> set[tuple[str, str]]:
    """The (object, shape key) among those that stand still to which the user should look."""
    count = Counter(target.owner for target in targets)
    holders: dict[str, list[str]] = {}
    for target in targets:
        holders.setdefault(target.name, []).append(target.owner)
    said = set()
    for name, owners in holders.items():
        fullest = [owner for owner in owners if count[owner] == max(map(count.__getitem__, owners))]
        if all((owner, name) in still for owner in fullest):
            said.add((fullest[0], name))
    return said


def widened_told(beyond: Mapping[Target, tuple[float, float]]) -> tuple[str, ...]:
    """A sentence on shape keys whose ranges were widened for their values; none for none."""
    if not beyond:
        return ()
    names = _listed(list(dict.fromkeys(target.name for target in beyond)))
    return (f"{names}: the range of the slider is widened to {_furthest(beyond):.2f}.",)


def limits_told(beyond: Mapping[Target, tuple[float, float]]) -> tuple[str, ...]:
    """A sentence on shape keys that would go beyond their ranges (mapping.cut_off); none for none."""
    if not beyond:
        return ()
    names = _listed(list(dict.fromkeys(target.name for target in beyond)))
    stop = "stops" if len(beyond) == 1 else "stop"
    return (
        f"{names} would go to {_furthest(beyond):.2f}, beyond the range of the slider, and {stop} there: widen it "
        "(Object Data > Shape Keys > Range) and bake again, or set the limit to 1.",
    )


def _furthest(beyond: Mapping[Target, tuple[float, float]]) -> float:
    return max((end for ends in beyond.values() for end in ends), key=lambda end: abs(end - 0.5))


def _listed(names: Sequence[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    if len(quoted) > _SHOWN + 1:
        quoted[_SHOWN:] = [f"{len(names) - _SHOWN} more"]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
