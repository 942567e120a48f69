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
const mixer = new THREE.AnimationMixer(scene);
mixer.clipAction(animations[0]).play();
const meshes = {};
const jaw = [];
let bone;
scene.traverse((part) => {
  if (part.morphTargetDictionary) meshes[part.name] = { part, names: Object.keys(part.morphTargetDictionary), weights: [] };
  if (part.isBone && part.name === "jaw") bone ??= part; // FBXLoader hangs a copy for each further skin below it
});
for (const time of times.split(",")) {
  mixer.setTime(+time);
  for (const mesh of Object.values(meshes)) mesh.weights.push([...mesh.part.morphTargetInfluences]);
  jaw.push(bone.quaternion.toArray());
}
for (const mesh of Object.values(meshes)) delete mesh.part;
console.log(JSON.stringify({ clips: animations.map((clip) => clip.name), length: animations[0].duration, meshes, jaw }));
