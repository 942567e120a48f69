// Rates every clip of a rating page as a person would, 4 for all but 2 for sync: node rate.mjs PORT ADDRESS
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
  // Chromium may save into a file system of its own (tests/sid.py): what the link holds is read here.
  const saved = await page.$eval("#save", (link) => fetch(link.href).then((answer) => answer.json()));
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
  return { shown, file: download.suggestedFilename(), saved };
});
console.log(JSON.stringify(result));
