"""What Pixar's own library finds in a USD file; as JSON on stdout. A process of its own: Blender brings another
copy."""

from __future__ import annotations

import json
import sys

from pxr import Usd, UsdGeom, UsdSkel, UsdValidation


def read(path: str) -> dict[str, object]:
    """Clock, units, what is chosen in the set of variants "take" and what each of them plays; what is wrong."""
    stage = Usd.Stage.Open(path)
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    errors = UsdValidation.ValidationContext(validators).Validate(stage)
    shown, takes = stage.GetDefaultPrim().GetVariantSet("take"), {}
    chosen = shown.GetVariantSelection()
    told = played(stage)
    stage.SetEditTarget(stage.GetSessionLayer())
    for name in shown.GetVariantNames():
        shown.SetVariantSelection(name)
        takes[name] = played(stage)
    return {
        "start": stage.GetStartTimeCode(),
        "fps": stage.GetTimeCodesPerSecond(),
        "metres": UsdGeom.GetStageMetersPerUnit(stage),
        **told,
        "chosen": chosen,
        "takes": takes,
        "errors": [error.GetMessage() for error in errors],
    }


def played(stage: Usd.Stage) -> dict[str, object]:
    """Of each skinned mesh its blend shapes with their weights, frame by frame; turns of joints."""
    first, last = stage.GetStartTimeCode(), stage.GetEndTimeCode()
    times = [first + frame for frame in range(round(last - first) + 1)]
    cache = UsdSkel.Cache()
    weights, turns, names = {}, {}, {}
    for root in (UsdSkel.Root(prim) for prim in stage.Traverse() if prim.IsA(UsdSkel.Root)):
        cache.Populate(root, Usd.PrimDefaultPredicate)
        for binding in cache.ComputeSkelBindings(root, Usd.PrimDefaultPredicate):
            animation = cache.GetSkelQuery(binding.GetSkeleton()).GetAnimQuery()
            for query in binding.GetSkinningTargets():
                if not query.HasBlendShapes():
                    continue
                mesh = query.GetPrim()
                shapes = UsdSkel.BindingAPI(mesh).GetBlendShapeTargetsRel().GetTargets()
                names[mesh.GetName()] = [shape.name for shape in shapes]
                mapper = query.GetBlendShapeMapper()
                rows = [animation.ComputeBlendShapeWeights(time) for time in times]
                weights[mesh.GetName()] = [list(mapper.Remap(row)) for row in rows]
            joints = [str(joint).rpartition("/")[2] for joint in animation.GetJointOrder()]
            for time in times:
                _, rotations, _ = animation.ComputeJointLocalTransformComponents(time)
                for joint, turn in zip(joints, rotations, strict=True):
                    turns.setdefault(joint, []).append([turn.real, *turn.imaginary])
    return {"names": names, "weights": weights, "turns": turns}


if __name__ == "__main__":
    print("RESULT", json.dumps(read(sys.argv[1])))
