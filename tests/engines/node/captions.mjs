// What Chromium makes of subtitles beside a sound, with a picture at a second: node captions.mjs PORT ADDRESS PICTURE SECOND
import { withPage } from "./browser.mjs";

const [port, address, picture, second] = process.argv.slice(2);
const seen = await withPage(port, address, async (page) => {
  await page.setViewportSize({ width: 960, height: 400 });
  await page.waitForFunction(() => {
    const video = document.querySelector("video");
    return video.readyState > 0 && document.querySelector("track").readyState === 2;
  });
  const cues = await page.$eval("track", (track) =>
    [...track.track.cues].map((cue) => ({ start: cue.startTime, end: cue.endTime, text: cue.text, plain: cue.getCueAsHTML().textContent })),
  );
  const duration = await page.$eval("video", (video) => video.duration);
  await page.$eval(
    "video",
    (video, second) =>
      new Promise((done) => {
        video.addEventListener("seeked", () => requestAnimationFrame(() => requestAnimationFrame(done)), { once: true });
        video.currentTime = +second;
      }),
    second,
  );
  const shown = await page.$eval("track", (track) => [...track.track.activeCues].map((cue) => cue.getCueAsHTML().textContent));
  await page.screenshot({ path: picture });
  return { cues, duration, shown };
});
console.log(JSON.stringify(seen));
