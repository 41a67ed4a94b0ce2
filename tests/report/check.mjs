// Opens reports in a headless browser and looks for what a reader would stumble over.
//
//   node check.mjs FILE.html…
//
// For each page, light and dark, on a phone and on a desktop: nothing on the console, nothing loaded, no part wider than the
// window, every part that can be focused reached by the Tab key, nothing serious found by axe. And once without script.
//
// Prints a line for each page, with how long it took to open. Exit status: 0 nothing found, 1 something found, 3 there is no
// browser (`CHROMIUM` names it; otherwise Debian's).
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const program = process.env.CHROMIUM ?? "/usr/bin/chromium";
const looks = ["light", "dark"].flatMap((colorScheme) =>
  [{ width: 390, height: 844 }, { width: 1280, height: 800 }].map((viewport) => ({ colorScheme, viewport })));

async function start() {
  if (!existsSync(program)) throw new Error(`there is no ${program}`);
  return chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
}

/// What the Tab key reaches, against what can be focused.
async function walk(page, found) {
  const wanted = await page.evaluate(() => {
    const all = [...document.querySelectorAll("a[href], button, summary, [tabindex='0']")];
    const shown = all.filter((one) => one.checkVisibility() && !one.closest("details:not([open]) > :not(summary)"));
    shown.forEach((one, place) => (one.dataset.place = place));
    return shown.length;
  });
  const reached = new Set();
  for (let step = 0; step < wanted + 5 && reached.size < wanted; step++) {
    await page.keyboard.press("Tab");
    const place = await page.evaluate(() => {
      const one = document.activeElement;
      return one?.dataset.place === undefined ? undefined : { at: one.dataset.place, seen: one.getBoundingClientRect().width > 0 };
    });
    if (place?.seen) reached.add(place.at);
  }
  if (reached.size < wanted) found.push(`the Tab key reaches ${reached.size} of ${wanted} parts`);
}

/// Enter on the head of a column sorts its table.
async function sort(page, found) {
  const button = page.locator("table.sortable th:nth-child(2) button").first();
  if (await button.count() === 0) return;
  await button.evaluate((one) => one.closest("details")?.setAttribute("open", ""));
  await button.focus();
  await page.keyboard.press("Enter");
  const sorted = await button.evaluate((one) => one.closest("th").getAttribute("aria-sort"));
  if (sorted === null) found.push("the head of a column does not sort");
}

/// A tap on a bar tells what a pointer is told.
async function tap(page, found) {
  const bar = page.locator(".picture svg rect:has(> title)").first();
  if (await bar.count() === 0) return;
  await bar.dispatchEvent("click");
  if (await page.locator(".told").textContent() === "") found.push("a tap on a bar tells nothing");
}

async function look(browser, url, { colorScheme, viewport }) {
  const found = [];
  const page = await browser.newPage({ colorScheme, viewport, bypassCSP: true });
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && found.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => found.push(`script: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:")) found.push(`it loads ${request.url()}`);
  });
  const before = performance.now();
  await page.goto(url, { waitUntil: "load" });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const opened = performance.now() - before;
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  if (wide > window) found.push(`it is ${wide} wide where there are ${window}`);
  await walk(page, found);
  await sort(page, found);
  await tap(page, found);
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  await page.addScriptTag({ path: axe });
  // The parts of a picture are presentational, and axe knows no fill: it would take its time, and judge colours that nobody sees.
  const { violations } = await page.evaluate(() => globalThis.axe.run({ exclude: ["svg *"] }, { resultTypes: ["violations"] }));
  for (const { id, impact, help, nodes } of violations) {
    const places = nodes.slice(0, 3).map((node) => `${node.target}: ${node.any[0]?.message ?? ""}`).join("; ");
    if (["serious", "critical"].includes(impact)) found.push(`axe: ${impact} ${id}, ${help} (${nodes.length}: ${places})`);
  }
  await page.close();
  return { opened, found: found.map((what) => `${colorScheme}, ${viewport.width} px: ${what}`) };
}

/// All that is to be read is there without script.
async function unscripted(browser, url) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(url);
  const parts = await page.locator("main > section").count();
  const buttons = await page.locator("button").count();
  const shown = await page.locator("h1").isVisible();
  await context.close();
  return parts > 0 && buttons === 0 && shown ? [] : [`without script: ${parts} parts, ${buttons} buttons`];
}

let browser;
try {
  browser = await start();
} catch (error) {
  console.error(`no browser: ${error.message.split("\n")[0]}`);
  process.exit(3);
}
let failed = false;
for (const file of process.argv.slice(2)) {
  const url = pathToFileURL(file).href;
  const seen = [];
  for (const one of looks) seen.push(await look(browser, url, one));
  const found = [...seen.flatMap((one) => one.found), ...(await unscripted(browser, url))];
  const times = seen.map((one) => Math.round(one.opened)).join(", ");
  console.log(`${found.length ? "✗" : "✓"} ${file} opened in ${times} ms`);
  found.forEach((what) => console.log(`  ${what}`));
  failed ||= found.length > 0;
}
await browser.close();
process.exit(failed ? 1 : 0);
