// The expressions of a .vrma as pixiv's three-vrm plays them, and its humanoid bones.
import { readFileSync } from "node:fs";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { VRMAnimationLoaderPlugin } from "@pixiv/three-vrm-animation";

const warnings = [];
console.warn = (...words) => warnings.push(words.join(" "));
const bytes = readFileSync(process.argv[2]);
const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const loader = new GLTFLoader();
loader.register((parser) => new VRMAnimationLoaderPlugin(parser));
const gltf = await loader.parseAsync(file, "");
const [animation] = gltf.userData.vrmAnimations;
const tracks = (map) => [...map].map(([name, track]) => [name, [...track.times], [...track.values]]);
console.log(
  JSON.stringify({
    warnings,
    count: gltf.userData.vrmAnimations.length,
    duration: animation.duration,
    moved: animation.humanoidTracks.rotation.size + animation.humanoidTracks.translation.size,
    hips: animation.restHipsPosition.toArray(),
    preset: tracks(animation.expressionTracks.preset),
    custom: tracks(animation.expressionTracks.custom),
  }),
);
