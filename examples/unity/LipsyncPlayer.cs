// Plays a clip in step with its sound: every frame asks which sample is heard and sets the clip to that time, so that the
// mouth keeps step when the game stalls, is paused or runs in slow motion.
using UnityEngine;
using UnityEngine.Animations;
using UnityEngine.Playables;

[RequireComponent(typeof(Animator))]
[RequireComponent(typeof(AudioSource))]
public class LipsyncPlayer : MonoBehaviour
{
    public AnimationClip clip;

    AudioSource voice;
    AnimationClipPlayable playable;
    PlayableGraph graph;

    void OnEnable()
    {
        if (clip == null)
            return;
        voice = GetComponent<AudioSource>();
        playable = AnimationPlayableUtilities.PlayClip(GetComponent<Animator>(), clip, out graph);
        graph.SetTimeUpdateMode(DirectorUpdateMode.Manual);
        voice.Play();
    }

    void Update()
    {
        if (voice == null || !voice.isPlaying || !graph.IsValid())
            return;
        playable.SetTime((double)voice.timeSamples / voice.clip.frequency);
        graph.Evaluate();
    }

    void OnDisable()
    {
        if (graph.IsValid())
            graph.Destroy();
    }
}
