// The morph keys of a .vmd as mmd-parser (the reader of three.js' MMDLoader) sees them.
import { readFileSync } from "node:fs";
import mmd from "mmd-parser";

const bytes = readFileSync(process.argv[2]);
const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const vmd = new mmd.Parser().parseVmd(file, false);
const morphs = vmd.morphs.map((key) => [key.morphName, key.frameNum, key.weight]);
console.log(JSON.stringify({ model: vmd.metadata.name, motions: vmd.motions.length, cameras: vmd.cameras.length, morphs }));
