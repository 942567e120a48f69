# Saves what an imported scene looks like at each time in plain colours, as godot-0.png and so on.
# godot --path PROJECT --rendering-driver opengl3 --script pictures.gd -- res://FILE WIDTH,HEIGHT,PIXELS TIME,TIME,...
# WIDTH and HEIGHT are the view's width and the height of its centre, in metres.
extends SceneTree


func _initialize() -> void:
	var arguments := OS.get_cmdline_user_args()
	var measures := arguments[1].split_floats(",")
	var viewport := SubViewport.new()
	viewport.size = Vector2i.ONE * int(measures[2])
	viewport.render_target_update_mode = SubViewport.UPDATE_ALWAYS
	root.add_child(viewport)
	var camera := Camera3D.new()
	camera.projection = Camera3D.PROJECTION_ORTHOGONAL
	camera.size = measures[0]
	camera.position = Vector3(0, measures[1], 1)
	viewport.add_child(camera)
	var scene: Node = load(arguments[0]).instantiate()
	viewport.add_child(scene)
	for part: MeshInstance3D in scene.find_children("*", "MeshInstance3D"):
		for index in part.mesh.get_surface_count():
			var material: BaseMaterial3D = part.mesh.surface_get_material(index)
			material.shading_mode = BaseMaterial3D.SHADING_MODE_UNSHADED
	var player: AnimationPlayer = scene.find_children("*", "AnimationPlayer")[0]
	player.play(player.get_animation_list()[0])
	player.pause()
	var times := arguments[2].split_floats(",")
	for index in times.size():
		player.seek(times[index], true)
		await process_frame
		await RenderingServer.frame_post_draw
		viewport.get_texture().get_image().save_png("res://godot-%d.png" % index)
	print("RESULT ", JSON.stringify(RenderingServer.get_video_adapter_name()))
	quit()
