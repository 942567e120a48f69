// Saves what pictures.html shows at each time: node pictures.mjs PORT ADDRESS FOLDER TIME,TIME,...
import { writeFileSync } from "node:fs";
import { withPage } from "./browser.mjs";

const [port, address, folder, times] = process.argv.slice(2);
await withPage(port, address, async (page) => {
  await page.waitForFunction(() => window.picture);
  for (const [index, time] of times.split(",").entries()) {
    const data = await page.evaluate((time) => window.picture(time), +time);
    writeFileSync(`${folder}/three-${index}.png`, Buffer.from(data, "base64"));
  }
});
console.log("[]");
