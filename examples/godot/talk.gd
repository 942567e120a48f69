# A character speaks a line. The sound leads: every frame asks what is heard right now and sets the animation to that time.
class_name Talk
extends Node3D

## What Lipsync baked: one clip with shape keys and jaw.
@export_file("*.glb", "*.fbx") var character := "res://hello_en.glb"
## Curves alone (.tres) to play instead of the character's own clip; empty for that one.
@export_file("*.tres") var curves := ""
## Godot plays WAV, Ogg Vorbis and MP3, no FLAC.
@export_file("*.wav", "*.ogg", "*.mp3") var sound := "res://hello_en.wav"

var player: AnimationPlayer

@onready var voice: AudioStreamPlayer = $Voice


func _ready() -> void:
	var head: Node = load(character).instantiate()
	add_child(head)
	player = head.find_children("*", "AnimationPlayer")[0]
	var clip := player.get_animation_list()[0]
	if curves:
		var library := AnimationLibrary.new()
		library.add_animation("take", load(curves))
		player.add_animation_library("lipsync", library)
		clip = "lipsync/take"
	report_missing(player.get_animation(clip))
	# Nothing but heard() moves it on.
	player.callback_mode_process = AnimationMixer.ANIMATION_CALLBACK_MODE_PROCESS_MANUAL
	player.play(clip)
	voice.stream = load(sound)
	voice.play()


func _process(_delta: float) -> void:
	if voice.playing:
		player.seek(maxf(heard(), 0.0), true)


## Seconds of the line that are heard now; the position alone advances in steps of a mix, 11 to 23 ms.
func heard() -> float:
	return voice.get_playback_position() + AudioServer.get_time_since_last_mix() - AudioServer.get_output_latency()


## Says which tracks of a clip move nothing, because this character has no such mesh or shape key.
func report_missing(clip: Animation) -> void:
	var origin := player.get_node(player.root_node)
	for index in clip.get_track_count():
		var path := clip.track_get_path(index)
		var node := origin.get_node_or_null(NodePath(path.get_concatenated_names()))
		if node == null:
			push_warning("%s: there is no %s" % [clip.resource_name, path.get_concatenated_names()])
		elif clip.track_get_type(index) == Animation.TYPE_BLEND_SHAPE:
			if (node as MeshInstance3D).find_blend_shape_by_name(path.get_concatenated_subnames()) < 0:
				push_warning("%s has no shape key %s" % [node.name, path.get_concatenated_subnames()])
