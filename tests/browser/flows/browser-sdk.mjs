// The SDK for browsers, on a page of another origin, with the modules of its npm package as they are.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { api, ask, at, play, projectApi, scene } from "../lib.mjs";

const MODULES = fileURLToPath(new URL("../node_modules/", import.meta.url));

/** The SDK and what it consists of. */
const PACKAGES = [
  "@sentry/browser",
  "@sentry/browser-utils",
  "@sentry/conventions",
  "@sentry/core",
  "@sentry/feedback",
  "@sentry/replay",
  "@sentry/replay-canvas",
  "web-vitals",
];

/** What browsers would be given of an entry of `exports`, which names a file for each kind of user. */
function forBrowsers(entry) {
  return typeof entry === "object" ? forBrowsers(entry.browser ?? entry.import ?? entry.default) : entry;
}

/** Every name that the modules import, and where it is served. */
function importMap() {
  const imports = {};
  for (const name of PACKAGES) {
    const { exports } = JSON.parse(readFileSync(join(MODULES, name, "package.json"), "utf8"));
    for (const part of Object.keys(exports).filter((part) => part.startsWith(".") && !part.includes("*"))) {
      const file = forBrowsers(exports[part]);
      if (file?.endsWith("js")) imports[join(name, part)] = `/modules/${join(name, file)}`;
    }
  }
  return { imports };
}

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify(importMap())}</script>
<script type="module">
import * as Sentry from "@sentry/browser";
Sentry.init({ dsn: ${JSON.stringify(scene.dsn)}, release: "shop@2.0.0", environment: "browser" });
Sentry.setUser({ id: "u-17", email: "zoe@example.com" });
let clicks = 0;
document.querySelector("button").addEventListener("click", () => {
  try {
    // Another error each time: the SDK keeps the same one to itself.
    null["basket-" + (clicks += 1)];
  } catch (error) {
    globalThis.eventId = Sentry.captureException(error);
  }
});
globalThis.flush = () => Sentry.flush(15000);
globalThis.isReady = true;
</script></head><body><h1>Shop</h1><button>Buy</button></body></html>`;

function serve(request, answer) {
  const path = new URL(request.url, "http://here.invalid").pathname;
  if (path === "/") return answer.writeHead(200, { "content-type": "text/html" }).end(PAGE);
  const file = join(MODULES, path.replace("/modules/", ""));
  const isModule = file.startsWith(MODULES) && /\.m?js$/.test(file) && existsSync(file);
  if (!isModule) return answer.writeHead(404).end();
  return answer.writeHead(200, { "content-type": "text/javascript" }).end(readFileSync(file));
}

await play(async ({ visit }) => {
  const hook = await api("POST", `${projectApi}hooks/`, { url: scene.receiver, events: ["event.created"] });
  await ask("trust", { secrets: [hook.secret] });
  const shop = createServer(serve);
  shop.listen(0, "127.0.0.1");
  await once(shop, "listening");
  const origin = `http://127.0.0.1:${shop.address().port}`;

  const customer = await visit({ hosts: [origin] });
  await customer.page.goto(origin);
  await customer.page.waitForFunction(() => globalThis.isReady);
  const sent = customer.page.waitForResponse((response) => response.url().startsWith(`${scene.base}/api/`));
  await customer.button("Buy").click();
  assert.equal((await sent).status(), 200);
  assert.equal(await customer.page.evaluate(() => globalThis.flush()), true);
  const id = await customer.page.evaluate(() => globalThis.eventId);

  const [webhook] = await ask("webhooks", { count: 1 });
  const { event } = JSON.parse(webhook.text);
  assert.equal(event.event_id, id);
  assert.equal(event.platform, "javascript");
  assert.equal(event.release, "shop@2.0.0");
  assert.equal(event.request.url, `${origin}/`);
  assert.match(event.exception.values[0].value, /basket/);

  const visitor = await visit();
  await visitor.signIn();
  await visitor.go(at.project("getting-started"));
  await visitor.sees(id);

  // Only where the project allows: another origin is refused, and the customer's page shows nothing of it.
  await api("PUT", projectApi, { allowedDomains: ["https://shop.example"] });
  await customer.refused(403, () => customer.button("Buy").click());
  shop.close();
  shop.closeAllConnections();
});
