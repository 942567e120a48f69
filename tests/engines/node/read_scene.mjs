// What three.js plays of a character's file at the given times: node read_scene.mjs FILE TIME,TIME,...
import { readFileSync } from "node:fs";
import * as THREE from "three";
import { FBXLoader } from "three/addons/loaders/FBXLoader.js";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";

const [path, times] = process.argv.slice(2);
const bytes = readFileSync(path);
const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
let scene;
let animations;
if (path.endsWith(".fbx")) {
  scene = new FBXLoader().parse(file, "");
  animations = scene.animations;
} else {
  ({ scene, animations } = await new GLTFLoader().parseAsync(file, ""));
}
const meshes = {};
let bone;
scene.traverse((part) => {
  if (part.morphTargetDictionary) meshes[part.name] = part;
  if (part.isBone && part.name === "jaw") bone ??= part; // FBXLoader hangs a copy for each further skin below it
});
bone ??= scene.getObjectByName("jaw"); // a node without a skin
const takes = {};
for (const clip of animations) {
  // A mixer for each: what a clip says nothing of stays as the last one left it, and would be seen.
  const mixer = new THREE.AnimationMixer(scene);
  mixer.clipAction(clip).play();
  const seen = { length: clip.duration, meshes: {}, jaw: [] };
  for (const [name, mesh] of Object.entries(meshes)) {
    seen.meshes[name] = { names: Object.keys(mesh.morphTargetDictionary), weights: [] };
  }
  for (const time of times.split(",")) {
    mixer.setTime(+time);
    for (const [name, mesh] of Object.entries(meshes)) seen.meshes[name].weights.push([...mesh.morphTargetInfluences]);
    seen.jaw.push(bone.quaternion.toArray());
  }
  takes[clip.name.split("|").pop()] = seen;
}
console.log(JSON.stringify({ clips: animations.map((clip) => clip.name), takes, ...Object.values(takes)[0] }));
