// What examples/unity uses of Unity, with the signatures of Unity's scripting reference and just enough behind them to
// run LipsyncBind.Bind. It stands in for Unity, which cannot be had here.
using System;
using System.Collections.Generic;
using System.Linq;

namespace UnityEngine
{
    [Flags] public enum HideFlags { None = 0, NotEditable = 8 }
    public class Object { public string name; public HideFlags hideFlags; }
    public class GameObject : Object
    {
        public Transform transform;
        public List<Component> components = new List<Component>();
        public T GetComponent<T>() where T : Component { return components.OfType<T>().FirstOrDefault(); }
    }
    public class Component : Object
    {
        public GameObject gameObject;
        public Transform transform { get { return gameObject.transform; } }
        public T GetComponent<T>() where T : Component { return gameObject.GetComponent<T>(); }
        public T[] GetComponentsInChildren<T>(bool includeInactive) where T : Component
        {
            var below = transform.children.SelectMany(child => child.GetComponentsInChildren<T>(includeInactive));
            return gameObject.components.OfType<T>().Concat(below).ToArray();
        }
    }
    public class Transform : Component { public Transform parent; public List<Transform> children = new List<Transform>(); }
    public class Behaviour : Component { }
    public class MonoBehaviour : Behaviour { }
    public class Animator : Behaviour { }
    public class AudioClip : Object { public int frequency { get { return 48000; } } }
    public class AudioSource : Behaviour
    {
        public AudioClip clip { get; set; }
        public bool playOnAwake { get; set; }
        public bool isPlaying { get { return false; } }
        public int timeSamples { get; set; }
        public void Play() { }
    }
    public class AnimationCurve { }
    public class AnimationClip : Object
    {
        public Dictionary<UnityEditor.EditorCurveBinding, AnimationCurve> curves
            = new Dictionary<UnityEditor.EditorCurveBinding, AnimationCurve>();
    }
    public class Mesh : Object
    {
        public string[] shapes;
        public int blendShapeCount { get { return shapes.Length; } }
        public string GetBlendShapeName(int shapeIndex) { return shapes[shapeIndex]; }
    }
    public class SkinnedMeshRenderer : Component { public Mesh sharedMesh { get; set; } }
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public sealed class RequireComponent : Attribute { public RequireComponent(Type requiredComponent) { } }
    public static class Debug
    {
        public static void Log(object message) { }
        public static void LogWarning(object message) { }
        public static void LogError(object message) { }
    }
}

namespace UnityEngine.Playables
{
    public enum DirectorUpdateMode { DSPClock, GameTime, UnscaledGameTime, Manual }
    public struct PlayableGraph
    {
        public void SetTimeUpdateMode(DirectorUpdateMode value) { }
        public void Evaluate() { }
        public bool IsValid() { return false; }
        public void Destroy() { }
    }
    public interface IPlayable { }
    public static class PlayableExtensions { public static void SetTime<U>(this U playable, double value) where U : struct, IPlayable { } }
    public static class AnimationPlayableUtilities
    {
        public static Animations.AnimationClipPlayable PlayClip(Animator animator, AnimationClip clip, out PlayableGraph graph)
        {
            throw new NotImplementedException();
        }
    }
}

namespace UnityEngine.Animations { public struct AnimationClipPlayable : Playables.IPlayable { } }

namespace UnityEditor
{
    using UnityEngine;
    public struct EditorCurveBinding
    {
        public string path, propertyName;
        public Type type;
        public static EditorCurveBinding FloatCurve(string inPath, Type inType, string inPropertyName)
        {
            return new EditorCurveBinding { path = inPath, type = inType, propertyName = inPropertyName };
        }
    }
    public static class AnimationUtility
    {
        public static EditorCurveBinding[] GetCurveBindings(AnimationClip clip) { return clip.curves.Keys.ToArray(); }
        public static AnimationCurve GetEditorCurve(AnimationClip clip, EditorCurveBinding binding) { return clip.curves[binding]; }
        public static void SetEditorCurve(AnimationClip clip, EditorCurveBinding binding, AnimationCurve curve)
        {
            if (curve == null) clip.curves.Remove(binding); else clip.curves[binding] = curve;
        }
        public static string CalculateTransformPath(Transform targetTransform, Transform root)
        {
            if (targetTransform == root) return "";
            var above = CalculateTransformPath(targetTransform.parent, root);
            return above == "" ? targetTransform.name : above + "/" + targetTransform.name;
        }
    }
    public class ScriptableWizard : Object { public static T DisplayWizard<T>(string title, string createButtonName) where T : ScriptableWizard { return null; } }
    public sealed class MenuItem : Attribute { public MenuItem(string itemName) { } }
    public static class Undo
    {
        public static void RegisterCompleteObjectUndo(Object objectToUndo, string name) { }
        public static T AddComponent<T>(GameObject gameObject) where T : Component { return null; }
    }
    public static class EditorUtility { public static void SetDirty(Object target) { } }
}
