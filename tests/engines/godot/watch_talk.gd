# Lets examples/godot speak its line and prints the weights of the face beside the position of the sound, frame by frame.
# Leaves a picture of the given second as talk.png, where something is drawn. The last argument is for Talk.curves.
# godot --path PROJECT --script watch_talk.gd -- SECOND [res://FILE.tres]
extends SceneTree

var rows := []
var names := []
var talk: Node3D
var face: MeshInstance3D
var pictured := false


func _initialize() -> void:
	talk = load("res://talk.tscn").instantiate()
	if OS.get_cmdline_user_args().size() > 1:
		talk.curves = OS.get_cmdline_user_args()[1]
	root.add_child(talk)


func _process(_delta: float) -> bool:
	if face == null:
		face = talk.find_child("Face", true, false)
		names = range(face.get_blend_shape_count()).map(func(index): return face.mesh.get_blend_shape_name(index))
		return false
	var voice: AudioStreamPlayer = talk.get_node("Voice")
	if not voice.playing:
		print("RESULT ", JSON.stringify({"names": names, "rows": rows}))
		return true
	var weights := range(face.get_blend_shape_count()).map(func(index): return face.get_blend_shape_value(index))
	rows.append([voice.get_playback_position(), AudioServer.get_output_latency(), weights])
	if not pictured and voice.get_playback_position() > float(OS.get_cmdline_user_args()[0]):
		pictured = true
		if DisplayServer.get_name() != "headless":
			root.get_texture().get_image().save_png("res://talk.png")
	return false
