// Binds a clip that Lipsync wrote (.anim) to a character in the scene: Tools > Lipsync > Bind Clip to Character.
//
// Every curve goes to every mesh below the character that has its blend shape, whatever path and prefix the clip was
// written with, and the names that no mesh has are told. The character then speaks the sound when the scene plays.
using System.Collections.Generic;
using System.Linq;
using UnityEditor;
using UnityEngine;

public class LipsyncBind : ScriptableWizard
{
    const string BlendShape = "blendShape.";

    public GameObject character;
    public AnimationClip clip;
    public AudioClip sound;

    [MenuItem("Tools/Lipsync/Bind Clip to Character")]
    static void Open()
    {
        DisplayWizard<LipsyncBind>("Bind a clip to a character", "Bind");
    }

    void OnWizardCreate()
    {
        if (character == null || clip == null)
        {
            Debug.LogError("Lipsync: choose a character in the scene and a clip.");
            return;
        }
        if ((clip.hideFlags & HideFlags.NotEditable) != 0)
        {
            Debug.LogError("Lipsync: '" + clip.name + "' is part of an imported file: duplicate it (Ctrl+D) first.");
            return;
        }
        Undo.RegisterCompleteObjectUndo(clip, "Bind clip");
        var missing = Bind(character.transform, clip);
        if (missing.Count > 0)
            Debug.LogWarning("Lipsync: no mesh of '" + character.name + "' has " + string.Join(", ", missing.ToArray()));
        var player = character.GetComponent<LipsyncPlayer>();
        if (player == null)
            player = Undo.AddComponent<LipsyncPlayer>(character);
        player.clip = clip;
        player.GetComponent<AudioSource>().clip = sound;
        player.GetComponent<AudioSource>().playOnAwake = false;
        EditorUtility.SetDirty(player);
        Debug.Log("Lipsync: '" + clip.name + "' is bound to '" + character.name + "'. Press Play.");
    }

    /// Moves the curves of the clip to the meshes below root; returns the shapes that no mesh has, whose curves stay.
    public static List<string> Bind(Transform root, AnimationClip clip)
    {
        var missing = new List<string>();
        var faces = root.GetComponentsInChildren<SkinnedMeshRenderer>(true).Where(face => face.sharedMesh != null).ToArray();
        foreach (var binding in AnimationUtility.GetCurveBindings(clip))
        {
            if (!binding.propertyName.StartsWith(BlendShape))
                continue;
            var name = binding.propertyName.Substring(BlendShape.Length);
            var curve = AnimationUtility.GetEditorCurve(clip, binding);
            var targets = new List<EditorCurveBinding>();
            foreach (var face in faces)
            {
                var shape = ShapeOf(face.sharedMesh, name);
                if (shape == null)
                    continue;
                var path = AnimationUtility.CalculateTransformPath(face.transform, root);
                targets.Add(EditorCurveBinding.FloatCurve(path, typeof(SkinnedMeshRenderer), BlendShape + shape));
            }
            if (targets.Count == 0)
            {
                missing.Add(name);
                continue;
            }
            AnimationUtility.SetEditorCurve(clip, binding, null);
            foreach (var target in targets)
                AnimationUtility.SetEditorCurve(clip, target, curve);
        }
        return missing;
    }

    /// The mesh's own name of a shape, null if it has none: files of Maya put "blendShape1." before it.
    static string ShapeOf(Mesh mesh, string name)
    {
        var last = LastPart(name);
        for (var index = 0; index < mesh.blendShapeCount; index++)
            if (LastPart(mesh.GetBlendShapeName(index)) == last)
                return mesh.GetBlendShapeName(index);
        return null;
    }

    static string LastPart(string name)
    {
        return name.Substring(name.LastIndexOf('.') + 1);
    }
}
