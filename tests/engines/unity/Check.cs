// Binds a clip whose paths and names fit no mesh exactly to a character with two, and prints the bindings that it has
// then: path, name, whether the curve is the same; at last the names that were missing.
using System;
using UnityEditor;
using UnityEngine;

static class Check
{
    static Transform Add(string name, Transform parent, params string[] shapes)
    {
        var made = new GameObject { name = name };
        made.transform = new Transform { name = name, gameObject = made, parent = parent };
        if (parent != null)
            parent.children.Add(made.transform);
        if (shapes.Length > 0)
            made.components.Add(new SkinnedMeshRenderer { gameObject = made, sharedMesh = new Mesh { shapes = shapes } });
        return made.transform;
    }

    static void Main()
    {
        var root = Add("Hero", null);
        var rig = Add("Rig", root);
        Add("Face", rig, "jawOpen", "mouthClose");
        Add("Teeth", rig, "blendShape1.jawOpen");
        var clip = new AnimationClip { name = "line" };
        AnimationCurve jaw = new AnimationCurve(), turn = new AnimationCurve();
        foreach (var name in new[] { "blendShape.jawOpen", "blendShape.tongueOut" })
            clip.curves[EditorCurveBinding.FloatCurve("Wrong/Path", typeof(SkinnedMeshRenderer), name)] = jaw;
        clip.curves[EditorCurveBinding.FloatCurve("Rig/jaw", typeof(Transform), "localEulerAnglesRaw.x")] = turn;
        var missing = LipsyncBind.Bind(root, clip);
        foreach (var pair in clip.curves)
            Console.WriteLine(pair.Key.path + " " + pair.Key.propertyName + " " + (pair.Value == jaw));
        Console.WriteLine(string.Join(",", missing.ToArray()));
    }
}
