"""Several takes of a character in one USD: a variant each of the set "take", which programs offer as a choice.

USD has no clips. A skeleton plays one SkelAnimation; a variant says which (OpenUSD: UsdSkel, "Animation source";
variant sets). Blender writes the character once for each take; of all but the first only the animation is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ..core.errors import LipsyncError

SET = "take"
"""Name of the variant set."""


def write_variants(path: Path, takes: Sequence[str], write: Callable[[int, Path], None]) -> None:
    """Writes `path`, in which the first take is chosen. `takes`: their names; `write`: writes a file with one alone.

    Raises LipsyncError where this Blender has no Python library of USD, or two takes would get one name.
    """
    try:
        from pxr import Sdf, Tf, Usd
    except ImportError as error:
        raise LipsyncError(
            "This Blender lacks the Python library of USD, without which takes cannot be joined.",
            "Write a file for each take, or use .glb or .fbx.",
        ) from error
    names = [Tf.MakeValidIdentifier(take) for take in takes]
    if twice := [take for take, name in zip(takes, names) if names.count(name) > 1]:
        raise LipsyncError(
            f"USD cannot tell the takes {' and '.join(map(repr, twice))} apart.",
            "Rename one of them, in plain letters.",
        )
    write(0, path)
    with TemporaryDirectory() as folder:
        files = [path, *(Path(folder) / f"{name}{path.suffix}" for name in names[1:])]
        for index, file in enumerate(files[1:], 1):
            write(index, file)
        stage = Usd.Stage.Open(str(path))
        layers = [Sdf.Layer.FindOrOpen(str(file)) for file in files]
        found = [_animations(Usd.Stage.Open(layer)) for layer in layers]
        root = stage.GetDefaultPrim()
        variants = root.GetVariantSets().AddVariantSet(SET)
        for name, layer, animations in zip(names, layers, found):
            variants.AddVariant(name)
            inside = root.GetPath().AppendVariantSelection(SET, name)
            for animation, skeleton in animations:
                there = animation.ReplacePrefix(root.GetPath(), inside)
                Sdf.CreatePrimInLayer(layers[0], there)
                Sdf.CopySpec(layer, animation, layers[0], there)
                over = Sdf.CreatePrimInLayer(layers[0], skeleton.ReplacePrefix(root.GetPath(), inside))
                source = Sdf.RelationshipSpec(over, "skel:animationSource", False)
                source.targetPathList.explicitItems = [animation]
        for animation, skeleton in found[0]:  # what stands outside the variants would win over them
            above = layers[0].GetPrimAtPath(animation.GetParentPath())
            del above.nameChildren[animation.name]
            there = layers[0].GetPrimAtPath(skeleton)
            there.RemoveProperty(there.relationships["skel:animationSource"])
        variants.SetVariantSelection(names[0])
        stage.SetEndTimeCode(max(layer.endTimeCode for layer in layers))
        stage.Save()


def _animations(stage: object) -> list[tuple[object, object]]:
    """(path of a SkelAnimation, path of the skeleton that plays it)."""
    from pxr import UsdSkel

    found = []
    for prim in stage.Traverse():
        if prim.IsA(UsdSkel.Skeleton):
            source = UsdSkel.BindingAPI(prim).GetAnimationSource()
            if source:
                found.append((source.GetPath(), prim.GetPath()))
    return found
