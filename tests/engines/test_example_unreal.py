"""examples/unreal against a stand-in for Unreal's Python module that refuses whatever the module's reference lacks.

Unreal itself is not at hand. Properties: FbxImportUI, FbxAnimSequenceImportData and AssetImportTask in the reference of
the Python API of Unreal 5.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

PROPERTIES = {
    "FbxImportUI": """anim_sequence_import_data automated_import_should_detect_type create_physics_asset import_animations
        import_as_skeletal import_materials import_mesh import_textures mesh_type_to_import original_import_type
        override_full_name physics_asset skeletal_mesh_import_data skeleton static_mesh_import_data""",
    "FbxAnimSequenceImportData": """add_curve_metadata_to_skeleton animation_length custom_sample_rate
        delete_existing_custom_attribute_curves delete_existing_morph_target_curves
        delete_existing_non_curve_custom_attributes do_not_import_curve_with_zero import_bone_tracks
        import_custom_attribute import_meshes_in_bone_hierarchy preserve_local_transform remove_redundant_keys
        set_material_drive_parameter_on_custom_attribute snap_to_closest_frame_boundary use_default_sample_rate""",
    "AssetImportTask": """async_ automated destination_name destination_path factory filename imported_object_paths options
        replace_existing replace_existing_settings save""",
}


class Settable:
    """An object of Unreal's with the properties that the reference lists, and no other."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def set_editor_property(self, name: str, value: Any) -> None:
        assert name in PROPERTIES[type(self).__name__].split(), name
        self.values[name] = value

    def get_editor_property(self, name: str) -> Any:
        return self.values[name]


class FbxAnimSequenceImportData(Settable):
    """Options of an animation."""


class FbxImportUI(Settable):
    """Options of an import."""

    def __init__(self) -> None:
        super().__init__()
        self.values["anim_sequence_import_data"] = FbxAnimSequenceImportData()


class AssetImportTask(Settable):
    """One file to import."""


class AnimSequence:
    """An imported take."""

    def get_name(self) -> str:
        return "line"


class Editor(ModuleType):
    """The module `unreal` of a project with one skeleton; `curves` is what an import brings."""

    def __init__(self, curves: list[str]) -> None:
        super().__init__("unreal")
        self.tasks: list[AssetImportTask] = []
        self.told: list[str] = []
        self.FbxImportUI, self.AssetImportTask, self.AnimSequence = FbxImportUI, AssetImportTask, AnimSequence
        self.FbxFactory = SimpleNamespace
        self.FBXImportType = SimpleNamespace(FBXIT_ANIMATION="animation")
        self.FBXAnimationLengthImportType = SimpleNamespace(FBXALIT_EXPORTED_TIME="exported")
        self.RawCurveTrackTypes = SimpleNamespace(RCT_FLOAT="float")
        self.AnimationLibrary = SimpleNamespace(get_animation_curve_names=lambda take, kind: curves)
        tools = SimpleNamespace(import_asset_tasks=self.import_asset_tasks)
        self.AssetToolsHelpers = SimpleNamespace(get_asset_tools=lambda: tools)
        self.log = self.log_warning = self.told.append

    def load_asset(self, path: str) -> Any:
        return {"/Game/Hero_Skeleton": "skeleton", "/Game/Takes/line": AnimSequence()}.get(path)

    def import_asset_tasks(self, tasks: list[AssetImportTask]) -> None:
        self.tasks += tasks
        tasks[0].values["imported_object_paths"] = ["/Game/Takes/line"]


@pytest.fixture
def script(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Loads import_take.py in an editor."""

    def load(editor: Editor) -> Any:
        monkeypatch.setitem(sys.modules, "unreal", editor)
        spec = importlib.util.spec_from_file_location("import_take", root / "examples" / "unreal" / "import_take.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def test_zero_curves_and_the_files_own_frames_are_kept(script: Any, tmp_path: Path) -> None:
    editor = Editor(["jawOpen", "mouthClose"])
    for name in ("line.fbx", "line.wav"):
        (tmp_path / name).touch()
    takes = script(editor).import_take(
        str(tmp_path / "line.fbx"), "/Game/Hero_Skeleton", "/Game/Takes", str(tmp_path / "line.wav")
    )
    assert len(takes) == 1 and "line: 2 curves: jawOpen, mouthClose" in editor.told
    fbx, wav = (task.values for task in editor.tasks)
    options = fbx["options"].values
    assert (options["skeleton"], options["mesh_type_to_import"]) == ("skeleton", "animation")
    animation = options["anim_sequence_import_data"].values
    kept = ("do_not_import_curve_with_zero", "remove_redundant_keys", "use_default_sample_rate", "custom_sample_rate")
    assert [animation[name] for name in kept] == [False, False, False, 0]
    assert "factory" in fbx and "options" not in wav


def test_what_is_missing_is_told(script: Any, tmp_path: Path) -> None:
    editor = Editor([])
    module = script(editor)
    with pytest.raises(FileNotFoundError, match=r"absent\.fbx"):
        module.import_take(str(tmp_path / "absent.fbx"), "/Game/Hero_Skeleton")
    with pytest.raises(ValueError, match="/Game/Absent"):
        module.import_take(str(tmp_path / "absent.fbx"), "/Game/Absent")
    (tmp_path / "line.fbx").touch()
    module.import_take(str(tmp_path / "line.fbx"), "/Game/Hero_Skeleton")
    assert any("has no curve" in line for line in editor.told)
