// A page in the Chromium that listens for a driver at a port of this machine.
import { chromium } from "playwright-core";

// Calls `use` with a page that was opened at `address`; every error on the page is an error here.
export async function withPage(port, address, use, prepare = async () => {}) {
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
  try {
    const page = await browser.contexts()[0].newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(`${message.location().url}: ${message.text()}`));
    page.on("requestfailed", (request) => errors.push(`${request.url()} was not loaded`));
    await prepare(page);
    await page.goto(address);
    const result = await use(page);
    if (errors.length) throw new Error(errors.join("\n"));
    return result;
  } finally {
    await browser.close();
  }
}
