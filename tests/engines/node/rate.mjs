// Rates every clip of a rating page as a person would, 4 for all but 2 for sync: node rate.mjs PORT ADDRESS
import { readFile } from "node:fs/promises";
import { withPage } from "./browser.mjs";

const [port, address] = process.argv.slice(2);
const result = await withPage(port, address, async (page) => {
  const shown = [];
  while (await page.isVisible("#test")) {
    await page.waitForFunction(() => document.querySelector("video").readyState >= 1);
    shown.push(await page.$eval("video", (video) => [video.getAttribute("src"), video.videoWidth]));
    await page.click("button:visible"); // without answers nothing happens
    for (const name of ["realism", "sync", "naturalness"]) {
      await page.check(`input[name=${name}][value="${name === "sync" ? 2 : 4}"]`);
    }
    await page.click("button:visible");
  }
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
  return { shown, file: download.suggestedFilename(), saved: JSON.parse(await readFile(await download.path(), "utf8")) };
});
console.log(JSON.stringify(result));
