// What a batch report shows once a browser has opened it, with a picture of it: node report.mjs PORT ADDRESS PICTURE
import { withPage } from "./browser.mjs";

const [port, address, picture] = process.argv.slice(2);
const asked = [];
const seen = await withPage(
  port,
  address,
  async (page) => {
    await page.setViewportSize({ width: 1100, height: 1400 });
    await page.waitForSelector("#worst article");
    const ink = (selector) =>
      page.evaluate((selector) => {
        const canvas = document.querySelector(selector);
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return data.filter((_, i) => i % 4 === 3).reduce((sum, alpha) => sum + (alpha > 0), 0);
      }, selector);
    await page.waitForFunction(() => { // a canvas has a size before anything is drawn on it
      const canvas = document.querySelector("canvas.mouth");
      return canvas?.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0);
    });
    const texts = (selector) => page.$$eval(selector, (all) => all.map((each) => each.textContent));
    const sums = await texts("#sums div"), worst = await texts("#worst h3"), rows = await texts("#lines tr");
    const mouths = [await ink("canvas.mouth")];
    const played = await page.$eval("audio", async (audio) => {
      audio.muted = true;
      await audio.play();
      await new Promise((done) => audio.addEventListener("timeupdate", done, { once: true }));
      audio.pause();
      return audio.duration;
    });
    await page.evaluate(() => {
      document.querySelector("audio").currentTime = 0;
      return new Promise((done) => document.querySelector("audio").addEventListener("seeked", () => setTimeout(done), { once: true }));
    });
    mouths.push(await ink("canvas.mouth"));
    await page.click("canvas.mouth");
    await page.waitForFunction(() => !document.querySelector("audio").paused);
    await page.click("canvas.mouth");
    await page.fill("#find", worst[0]);
    const found = await texts("#lines tr");
    await page.fill("#find", "img");
    await page.click("#lines tr.line");
    await page.waitForFunction(() => [...document.querySelectorAll("#lines canvas")].every((canvas) =>
      canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)));
    const opened = await texts("#lines tr.open h3"), plots = [await ink("#lines canvas.spark"), await ink("#lines canvas.curve")];
    const sound = await page.$eval("#lines audio", (audio) => audio.getAttribute("src"));
    await page.fill("#find", "");
    await page.screenshot({ path: picture, fullPage: true });
    return { sums, worst, rows, found, mouths, played, opened, plots, sound };
  },
  async (page) => page.on("request", (request) => asked.push(request.url())),
);
console.log(JSON.stringify({ ...seen, asked }));
