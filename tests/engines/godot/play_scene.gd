# Plays a clip of an imported scene, the first if none is named, and prints as JSON what it does at the given times: the
# weights of every mesh and the rotations of the bone or node "jaw" (x, y, z, w).
# godot --headless --path PROJECT --script play_scene.gd -- res://FILE TIME,TIME,... [CLIP]
extends SceneTree


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	var scene: Node = load(arguments[0]).instantiate()
	root.add_child(scene)
	var player: AnimationPlayer = scene.find_children("*", "AnimationPlayer")[0]
	var skeletons := scene.find_children("*", "Skeleton3D")
	var clips := player.get_animation_list()
	var meshes := {}
	for face: MeshInstance3D in scene.find_children("*", "MeshInstance3D"):
		if face.get_blend_shape_count() > 0:
			meshes[face] = []
	var jaw := []
	var clip := arguments[2] if arguments.size() > 2 else clips[0]
	player.play(clip)
	for time in arguments[1].split_floats(","):
		player.seek(time, true)
		for face: MeshInstance3D in meshes:
			meshes[face].append(range(face.get_blend_shape_count()).map(func(index): return face.get_blend_shape_value(index)))
		var turn: Quaternion
		if skeletons:
			turn = skeletons[0].get_bone_pose_rotation(skeletons[0].find_bone("jaw"))
		else:
			turn = scene.find_child("jaw", true, false).quaternion
		jaw.append([turn.x, turn.y, turn.z, turn.w])
	var result := {}
	for face: MeshInstance3D in meshes:
		var names := range(face.get_blend_shape_count()).map(func(index): return face.mesh.get_blend_shape_name(index))
		result[face.name] = {"names": names, "weights": meshes[face]}
	print("RESULT ", JSON.stringify(
		{"clips": clips, "length": player.get_animation(clip).length, "meshes": result, "jaw": jaw}
	))
	quit()
