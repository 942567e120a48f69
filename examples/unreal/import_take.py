"""Imports an FBX that Lipsync baked as an AnimSequence, with every curve in it. Runs in the Unreal Editor.

    import import_take
    import_take.import_take("C:/takes/hello_en.fbx", "/Game/Hero/Hero_Skeleton", "/Game/Takes", "C:/takes/hello_en.wav")
"""

import os

import unreal


def options_for(skeleton):
    """Import an animation alone, for a skeleton that the project has; keep curves as they are in the file."""
    options = unreal.FbxImportUI()
    options.set_editor_property("automated_import_should_detect_type", False)
    options.set_editor_property("mesh_type_to_import", unreal.FBXImportType.FBXIT_ANIMATION)
    options.set_editor_property("skeleton", skeleton)
    options.set_editor_property("import_mesh", False)
    options.set_editor_property("import_animations", True)
    options.set_editor_property("import_materials", False)
    options.set_editor_property("import_textures", False)
    data = options.get_editor_property("anim_sequence_import_data")
    # A shape that is 0 all through the line must be in it: else the take before goes on moving it.
    data.set_editor_property("do_not_import_curve_with_zero", False)
    data.set_editor_property("delete_existing_morph_target_curves", True)
    data.set_editor_property("remove_redundant_keys", False)
    data.set_editor_property("import_bone_tracks", True)
    # The file's own frames: at another rate closed lips fall between two of them.
    data.set_editor_property("use_default_sample_rate", False)
    data.set_editor_property("custom_sample_rate", 0)
    data.set_editor_property("animation_length", unreal.FBXAnimationLengthImportType.FBXALIT_EXPORTED_TIME)
    return options


def task_for(file, folder, options=None):
    """Imports one file without asking, over an asset of the same name."""
    if not os.path.isfile(file):
        raise FileNotFoundError(f"There is no file {file}.")
    task = unreal.AssetImportTask()
    task.set_editor_property("filename", file)
    task.set_editor_property("destination_path", folder)
    task.set_editor_property("automated", True)
    task.set_editor_property("replace_existing", True)
    task.set_editor_property("save", True)
    if options:
        # With a factory named, Unreal 5 takes these options; without, Interchange imports with its own.
        task.set_editor_property("factory", unreal.FbxFactory())
        task.set_editor_property("options", options)
    return task


def import_take(fbx, skeleton, folder="/Game/Takes", sound=None):
    """Imports a take, and its sound if one is given; writes the names of its curves to the log. Returns AnimSequences."""
    loaded = unreal.load_asset(skeleton)
    if not loaded:
        raise ValueError(f"There is no skeleton {skeleton} in the project.")
    tasks = [task_for(fbx, folder, options_for(loaded))]
    if sound:
        tasks.append(task_for(sound, folder))
    unreal.AssetToolsHelpers.get_asset_tools().import_asset_tasks(tasks)
    assets = [unreal.load_asset(path) for path in tasks[0].get_editor_property("imported_object_paths")]
    takes = [asset for asset in assets if isinstance(asset, unreal.AnimSequence)]
    if not takes:
        raise RuntimeError(f"{fbx} was not imported: the output log says why.")
    for take in takes:
        curves = unreal.AnimationLibrary.get_animation_curve_names(take, unreal.RawCurveTrackTypes.RCT_FLOAT)
        unreal.log("{}: {} curves: {}".format(take.get_name(), len(curves), ", ".join(sorted(map(str, curves)))))
        if not curves:
            unreal.log_warning(f"{take.get_name()} has no curve: was the FBX exported with shape keys?")
    return takes
