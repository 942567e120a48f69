// A character speaks a line: index.html?glb=/out/line.glb&sound=/line.wav
//
// The sound leads. Every picture asks the audio clock what is heard right now and sets the clip to that time; a clip that
// runs by its own clock drifts away from the sound whenever the page stalls.
import * as THREE from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";

const options = new URLSearchParams(location.search);
const glb = options.get("glb") ?? "/out/hello_en.glb";
const sound = options.get("sound") ?? "/examples/lines/hello_en.flac";
const button = document.querySelector("button");
const status = document.querySelector("#status");

const renderer = new THREE.WebGLRenderer({ canvas: document.querySelector("canvas"), antialias: true });
const scene = new THREE.Scene();
const camera = new THREE.PerspectiveCamera(25, 1, 0.01, 100);
scene.background = new THREE.Color("#24303a");
scene.add(new THREE.HemisphereLight("white", "#b08a7a", 2.5));
const key = new THREE.DirectionalLight("white", 2);
key.position.set(1, 1.5, 2);
scene.add(key);

const audio = new AudioContext();
let mixer;
let action;
let line; // the decoded sound
let playing = null; // { source, start }: the node that plays and when it starts, in seconds of the audio clock

/** Seconds of the line that are heard now, below 0 before its start. */
function heard() {
  // What is computed now is heard a little later, up to a quarter of a second with wireless headphones.
  return audio.currentTime - (audio.outputLatency || 0) - playing.start;
}

function draw() {
  const { clientWidth: width, clientHeight: height } = renderer.domElement;
  renderer.setSize(width, height, false);
  camera.aspect = width / height;
  camera.updateProjectionMatrix();
  if (playing) mixer.setTime(Math.max(heard(), 0));
  renderer.render(scene, camera);
}

async function play() {
  await audio.resume(); // browsers keep silent until the user clicks
  playing?.source.stop();
  action.reset(); // a clip that has run to its end stays paused there
  const source = new AudioBufferSourceNode(audio, { buffer: line });
  source.connect(audio.destination);
  playing = { source, start: audio.currentTime + 0.1 };
  source.start(playing.start);
}

/** Looks at the meshes with shape keys, from the front. */
function frame(faces) {
  const box = faces.reduce((all, face) => all.expandByObject(face), new THREE.Box3());
  const centre = box.getCenter(new THREE.Vector3());
  const distance = (0.7 * box.getSize(new THREE.Vector3()).y) / Math.tan(THREE.MathUtils.degToRad(camera.fov / 2));
  camera.position.copy(centre).add(new THREE.Vector3(0, 0, distance));
  camera.lookAt(centre);
}

async function load() {
  const gltf = await new GLTFLoader().loadAsync(glb);
  const [clip] = gltf.animations;
  const faces = [];
  gltf.scene.traverse((part) => part.morphTargetDictionary && faces.push(part));
  if (!clip || !faces.length) throw new Error(`${glb} has no ${clip ? "shape keys" : "animation"}`);
  scene.add(gltf.scene);
  frame(faces);
  mixer = new THREE.AnimationMixer(gltf.scene);
  action = mixer.clipAction(clip).setLoop(THREE.LoopOnce);
  action.clampWhenFinished = true; // else the face jumps back to rest at the end
  action.play();
  const answer = await fetch(sound);
  if (!answer.ok) throw new Error(`${sound}: ${answer.statusText}`);
  line = await audio.decodeAudioData(await answer.arrayBuffer());
  const names = new Set(faces.flatMap((face) => Object.keys(face.morphTargetDictionary)));
  status.textContent = `${clip.name}: ${clip.duration.toFixed(2)} s, ${names.size} shape keys`;
}

load().then(
  () => {
    renderer.setAnimationLoop(draw);
    button.onclick = play;
    button.disabled = false;
  },
  (error) => (status.textContent = `Not loaded: ${error.message}`),
);
