// Presses Play on examples/web, some times over, and writes down for every picture that the page draws how much of it is
// dark, and the sound that it plays meanwhile; saves the one with the widest mouth: node talk.mjs PORT ADDRESS PICTURE
import { writeFileSync } from "node:fs";
import { withPage } from "./browser.mjs";

const [port, address, picture] = process.argv.slice(2);
const PLAYED = 3; // times: a busy machine without a graphics card draws few pictures, and Play works more than once

function spy() {
  window.records = [];
  window.widest = { dark: 0 };
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...others) {
    if (target instanceof AudioDestinationNode) {
      this.addEventListener("ended", () => (window.ended = true));
      window.tap = new AnalyserNode(this.context, { fftSize: 2048 });
      connect.call(this, window.tap);
    }
    return connect.call(this, target, ...others);
  };
  let drawn = false;
  const drawElements = WebGL2RenderingContext.prototype.drawElements;
  WebGL2RenderingContext.prototype.drawElements = function (...all) {
    drawn = true;
    return drawElements.apply(this, all);
  };
  const request = window.requestAnimationFrame;
  const small = new OffscreenCanvas(240, 240).getContext("2d", { willReadFrequently: true });
  window.requestAnimationFrame = (draw) =>
    request((time) => {
      const block = new Float32Array(2048);
      window.tap?.getFloatTimeDomainData(block);
      drawn = false;
      draw(time);
      if (!window.tap || !drawn) return;
      small.drawImage(document.querySelector("canvas"), 0, 0, 240, 240);
      const { data } = small.getImageData(100, 130, 40, 26); // around the mouth
      let dark = 0;
      for (let i = 0; i < data.length; i += 4) dark += data[i] + data[i + 1] + data[i + 2] < 330;
      window.records.push({ dark, latency: window.tap.context.outputLatency, block: [...block] });
      if (dark > window.widest.dark) {
        window.widest = { dark, picture: document.querySelector("canvas").toDataURL("image/png") };
      }
    });
}

const result = await withPage(
  port,
  address,
  async (page) => {
    for (let time = 0; time < PLAYED; time++) {
      await page.evaluate(() => (window.ended = false));
      await page.click("button:enabled");
      await page.waitForFunction(() => window.ended);
    }
    writeFileSync(picture, Buffer.from((await page.evaluate(() => window.widest.picture)).split(",")[1], "base64"));
    return page.evaluate(() => ({
      rate: window.tap.context.sampleRate,
      status: document.querySelector("#status").textContent,
      records: window.records,
    }));
  },
  async (page) => {
    await page.setViewportSize({ width: 480, height: 480 });
    await page.addInitScript(spy);
  },
);
console.log(JSON.stringify(result));
