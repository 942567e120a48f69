"""One module per format, track in, bytes out. FORMATS is the list of them; README.md says where each layout is from."""

from __future__ import annotations

from .base import KEYS, NAMES, PLACED, TURNING, Exporter, ExportOptions, Format, JawCurve, write

__all__ = ["EXPORTERS", "FORMATS", "ExportOptions", "Exporter", "Format", "JawCurve", "write"]

_LIST = (
    Format("livelink", ".csv", "Live Link Face", "livelink_csv"),
    Format("json", ".json", "curves as JSON", "curves_json", uses=NAMES),
    Format("unity", ".anim", "Unity animation clip", "unity_anim", uses=TURNING),
    Format("godot", ".tres", "Godot animation", "godot_tres", uses=PLACED),
    Format("vrma", ".vrma", "VRM animation", "vrma", uses=KEYS),
    Format("mmd", ".vmd", "MikuMikuDance motion", "mmd_vmd", uses=KEYS),
    Format("gltf-animation", ".glb", "glTF, animation without the character", "gltf_animation", True, TURNING),
    Format("fbx-animation", ".fbx", "FBX, animation without the character", "fbx_animation", True, TURNING),
    Format("rhubarb-tsv", ".tsv", "Rhubarb mouth shapes, TSV", "rhubarb.tsv"),
    Format("rhubarb-xml", ".xml", "Rhubarb mouth shapes, XML", "rhubarb.xml"),
    Format("papagayo", ".dat", "Moho switch data, Preston Blair shapes", "moho.preston_blair"),
    Format("textgrid", ".textgrid", "Praat TextGrid of words and phones", "textgrid"),
    Format("srt", ".srt", "subtitles, SubRip", "subtitles.srt"),
    Format("vtt", ".vtt", "subtitles, WebVTT", "subtitles.vtt"),
    Format("numpy", ".npz", "curves for NumPy", "curves_npz", uses=NAMES),
    Format("csv", ".csv", "curves as a plain table", "curves_csv", uses=NAMES),
    Format("unreal-csv", ".csv", "Unreal curve table", "unreal_curves.table_csv", uses=NAMES),
    Format("rigmapper", ".csv", "Unreal Rig Mapper", "rigmapper_csv", uses=KEYS),
    Format("a2f-csv", ".csv", "Audio2Face-3D frames", "audio2face.frames_csv", uses=NAMES),
    Format("unreal-json", ".json", "Unreal curve table", "unreal_curves.table_json", uses=KEYS),
    Format("a2f-json", ".json", "Audio2Face weights", "audio2face.weights_json", uses=NAMES),
    Format("rhubarb-json", ".json", "Rhubarb mouth shapes, JSON", "rhubarb.cues_json"),
    Format("azure", ".json", "Azure viseme events", "azure.visemes"),
    Format("azure-blend-shapes", ".json", "Azure blend shapes", "azure.blend_shapes"),
    Format("oculus", ".json", "Oculus viseme sequence", "oculus_json"),
    Format("moho", ".dat", "Moho switch data, Rhubarb shapes", "moho.rhubarb"),
)
"""The first of an ending is what that ending means."""

FORMATS: dict[str, Format] = {each.id: each for each in _LIST}
"""By id."""

EXPORTERS: dict[str, Format] = {}
"""The first of each file ending, ".csv" for example."""
for _each in _LIST:
    EXPORTERS.setdefault(_each.extension, _each)
