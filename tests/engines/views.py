"""One clip at the same times in the same view, in plain colours: rendered by Blender, three.js and Godot.

Each returns one picture a time. No light and no smooth edges, so that a pixel's colour says
which material is seen there: only the shapes are compared.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import bpy
import numpy as np

from tests.engines import browser, godot_player, node_reader, programs

PIXELS = 256
WIDTH = 0.07
"""Metres that the picture shows, from the front without perspective."""
HEIGHT = 0.113
"""Metres above the character's origin at the picture's centre."""
PARTS = ("Skin", "Lips", "MouthBag", "Teeth", "Gums", "Tongue")
"""Materials that can be seen in that view, by their names in the example character."""


def in_blender(blend: Path, times: np.ndarray, folder: Path) -> list[Path]:
    """As the baked .blend shows it; the times must be those of frames."""
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    return _rendered(times, folder)


def imported(scene: Path, times: np.ndarray, folder: Path) -> list[Path]:
    """As Blender shows a .usdc or .abc that it has imported, in the colours of the .blend beside."""
    blend = scene.with_suffix(".blend")
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    fps = bpy.context.scene.render.fps
    materials = {each.name: tuple(each.diffuse_color) for each in bpy.data.materials}
    parts = {obj.name: [slot.name for slot in obj.material_slots] for obj in bpy.data.objects if obj.type == "MESH"}
    faces = {
        obj.name: [face.material_index for face in obj.data.polygons] for obj in bpy.data.objects if obj.name in parts
    }
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = fps
    if scene.suffix == ".abc":
        bpy.ops.wm.alembic_import(filepath=str(scene), as_background_job=False)
    else:
        bpy.ops.wm.usd_import(filepath=str(scene))
    for name, colour in materials.items():
        (bpy.data.materials.get(name) or bpy.data.materials.new(name)).diffuse_color = colour
    for obj in bpy.data.objects:
        if obj.type == "MESH" and (name := obj.name if obj.name in parts else obj.parent and obj.parent.name) in parts:
            obj.data.materials.clear()  # Alembic has none, and those of USD may be copies
            for material in parts[name]:
                obj.data.materials.append(bpy.data.materials[material])
            obj.data.polygons.foreach_set("material_index", faces[name])
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    return _rendered(times, folder)


def _rendered(times: np.ndarray, folder: Path) -> list[Path]:
    """Pictures of the open file."""
    scene = bpy.context.scene
    camera = scene.camera
    camera.data.type, camera.data.ortho_scale = "ORTHO", WIDTH
    camera.location, camera.rotation_euler = (0, -1, HEIGHT), (np.pi / 2, 0, 0)
    scene.render.engine, scene.display.render_aa = "BLENDER_WORKBENCH", "OFF"
    scene.render.resolution_x = scene.render.resolution_y = PIXELS
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform, scene.view_settings.look = "Standard", "None"
    scene.render.image_settings.file_format = "PNG"
    shading = scene.display.shading
    shading.light, shading.color_type = "FLAT", "MATERIAL"
    shading.show_cavity = shading.show_shadows = shading.show_object_outline = shading.show_specular_highlight = False
    for index, frame in enumerate((times * scene.render.fps / scene.render.fps_base).round()):
        scene.frame_set(int(frame))
        scene.render.filepath = str(folder / f"blender-{index}.png")
        bpy.ops.render.render(write_still=True)
    return _pictures(folder, "blender", times)


def in_three(glb: Path, times: np.ndarray, folder: Path) -> list[Path]:
    """As three.js shows the GLB in Chromium."""
    pages = folder / "pages"
    pages.mkdir()
    shutil.copy(Path(__file__).parent / "web" / "pictures.html", pages)
    shutil.copy(glb, pages)
    (pages / "node_modules").symlink_to(node_reader.packages())
    with browser.served(pages) as address:
        view = f"{address}/pictures.html?view=/{glb.name},{WIDTH},{HEIGHT},{PIXELS}"
        browser.drive("pictures.mjs", view, str(folder), ",".join(map(str, times.tolist())))
    return _pictures(folder, "three", times)


def in_godot(scene: Path, times: np.ndarray, folder: Path) -> list[Path]:
    """As Godot shows an imported GLB or FBX, its drawing computed by the processor."""
    made = godot_player.project(folder, scene)
    asked = [f"res://{scene.name}", f"{WIDTH},{HEIGHT},{PIXELS}", ",".join(map(str, times.tolist()))]
    options = ["--path", ".", "--rendering-driver", "opengl3", "--audio-driver", "Dummy", "--script", "pictures.gd"]
    godot_player.result(programs.output(programs.on_display(["godot", *options, "--", *asked], made), made))
    return _pictures(made, "godot", times)


def _pictures(folder: Path, program: str, times: np.ndarray) -> list[Path]:
    return [folder / f"{program}-{index}.png" for index in range(len(times))]


def pixels(picture: Path) -> np.ndarray:
    """[height, width, 3] colours 0..1 from the top left, as the file holds them."""
    image = bpy.data.images.load(str(picture))
    values = np.empty(4 * image.size[0] * image.size[1], np.float32)
    image.pixels.foreach_get(values)
    width, height = image.size
    bpy.data.images.remove(image)
    return values.reshape(height, width, 4)[::-1, :, :3]


def parts(colours: np.ndarray, materials: dict[str, np.ndarray]) -> np.ndarray:
    """[height, width] which of PARTS is seen at each pixel: the one with the nearest colour."""
    palette = np.array([materials[name] for name in PARTS])
    return np.linalg.norm(colours[:, :, None] - palette, axis=-1).argmin(-1)


def colours_of(blend: Path) -> dict[str, np.ndarray]:
    """What each material of a .blend looks like in these pictures."""
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    return {each.name: as_srgb(np.array(each.diffuse_color[:3])) for each in bpy.data.materials}


def as_srgb(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
