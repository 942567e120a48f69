# Plays an animation resource on a mesh with blend shapes and prints their weights at the given times as JSON.
# godot --headless --path PROJECT --script play.gd -- res://FILE NAME,NAME,... TIME,TIME,...
extends SceneTree


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	var names := arguments[1].split(",")
	var root_node := Node3D.new()
	var face := MeshInstance3D.new()
	face.name = "Face"
	face.mesh = mesh_with(names)
	var player := AnimationPlayer.new()
	root_node.add_child(face)
	root_node.add_child(player)
	root.add_child(root_node)
	var animation: Animation = load(arguments[0])
	var library := AnimationLibrary.new()
	library.add_animation("take", animation)
	player.add_animation_library("", library)
	player.play("take")
	var rows := []
	for time in arguments[2].split_floats(","):
		player.seek(time, true)
		var row := []
		for index in names.size():
			row.append(face.get_blend_shape_value(index))
		rows.append(row)
	print("RESULT ", JSON.stringify({
		"name": animation.resource_name, "length": animation.length, "tracks": animation.get_track_count(), "weights": rows,
	}))
	quit()


func mesh_with(names: PackedStringArray) -> ArrayMesh:
	var corners := []
	corners.resize(Mesh.ARRAY_MAX)
	corners[Mesh.ARRAY_VERTEX] = PackedVector3Array([Vector3.ZERO, Vector3.RIGHT, Vector3.UP])
	var moved := PackedVector3Array([Vector3.ONE, Vector3.ONE, Vector3.ONE])
	var mesh := ArrayMesh.new()
	var shapes: Array[Array] = []
	for each in names:
		mesh.add_blend_shape(each)
		shapes.append([moved, null, null])
	mesh.add_surface_from_arrays(Mesh.PRIMITIVE_TRIANGLES, corners, shapes)
	return mesh
