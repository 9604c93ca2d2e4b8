// A browser under test: Chromium over its debugging pipe, no library between.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATIENCE_MS = 20_000;

/** Starts a browser; `tab()` opens a tab in a fresh context of its own, `close()` ends it. */
export async function browser(program) {
  const profile = mkdtempSync(join(tmpdir(), "sijill-desk-"));
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", `--user-data-dir=${profile}`, "--lang=ar", "--hide-scrollbars", "--window-size=1600,1200"];
  const child = spawn(program, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const [, , , write, read] = child.stdio;
  const waiting = new Map();
  const listeners = new Set();
  let last = 0;
  let rest = "";
  read.setEncoding("utf8");
  read.on("data", (chunk) => {
    const messages = (rest + chunk).split("\0");
    rest = messages.pop();
    for (const message of messages.map((text) => JSON.parse(text))) {
      const settle = waiting.get(message.id);
      waiting.delete(message.id);
      if (!settle) for (const listener of listeners) listener(message);
      else if (message.error) settle.reject(new Error(message.error.message));
      else settle.resolve(message.result);
    }
  });
  const send = (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      write.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });
  const close = async () => {
    await send("Browser.close").catch(() => {});
    await new Promise((done) => (child.exitCode === null ? child.once("exit", done) : done()));
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { close, tab: () => tab(send, listeners) };
}

async function tab(send, listeners) {
  const { browserContextId } = await send("Target.createBrowserContext");
  const { targetId } = await send("Target.createTarget", { url: "about:blank", browserContextId });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const say = (method, params) => send(method, params, sessionId);
  const faults = [];
  listeners.add((message) => {
    if (message.sessionId !== sessionId) return;
    const { method, params } = message;
    if (method === "Runtime.exceptionThrown") faults.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Log.entryAdded" && params.entry.source === "security") faults.push(params.entry.text);
  });
  for (const domain of ["Page", "Runtime", "Log"]) await say(`${domain}.enable`);

  /** The value of an expression in the page; a promise is waited for. */
  const ask = async (expression) => {
    const { result, exceptionDetails } = await say("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  };
  /** Waits until an expression is true, whatever pages come and go meanwhile. */
  const until = async (expression) => {
    for (const end = Date.now() + PATIENCE_MS; ; ) {
      const value = await ask(expression).catch(() => false);
      if (value) return value;
      if (Date.now() > end) {
        throw new Error(`in vain: ${expression}\nat ${await ask("location.href")}\n${await ask("document.body.innerText")}\n${faults.join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  const ready = "document.readyState === 'complete'";
  return {
    ask,
    until,
    faults,
    /** Opens an address. */
    async go(url) {
      // A change of fragment alone would not load the page again.
      await say("Page.navigate", { url: "about:blank" });
      await until("location.href === 'about:blank'");
      await say("Page.navigate", { url });
      await until(`location.href !== 'about:blank' && ${ready}`);
    },
    /** Presses what a selector finds, once it is there and can be seen. */
    async press(selector) {
      const found = `document.querySelector(${JSON.stringify(selector)})`;
      await until(`${ready} && ${found} && ${found}.checkVisibility()`);
      // The scripts are modules: they run after the page is parsed, and have run once it is complete.
      await ask(`void setTimeout(() => ${found}.click())`);
    },
    /** Waits for a page at this path. */
    at: (path) => until(`location.pathname === ${JSON.stringify(path)} && ${ready}`),
    /** What stands in the first element a selector finds, once it can be seen. */
    text: (selector) => until(`[document.querySelector(${JSON.stringify(selector)})].find((e) => e?.checkVisibility())?.innerText.trim()`),
    /** As wide as this, in CSS pixels; `scheme` is `light` or `dark`. */
    async look(width, scheme = "light") {
      await say("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: false });
      await say("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    },
    /** Without a connection, or with one again. */
    async offline(offline) {
      await say("Network.enable");
      await say("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    },
    /** A picture of the whole page. */
    async picture(file) {
      // Not beyond the viewport: Chromium then shifts pages that run from right to left.
      const [width, height] = await ask("[innerWidth, document.documentElement.scrollHeight]");
      await say("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
      const { data } = await say("Page.captureScreenshot", { format: "png" });
      writeFileSync(file, Buffer.from(data, "base64"));
    },
  };
}
