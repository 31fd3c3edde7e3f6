// What a first visit costs: everything that a page loads, as it is sent, in bytes on the wire.

import assert from "node:assert/strict";

import { api, ask, at, play, projectApi, raise, scene } from "../lib.mjs";

/** What the first load of a page may weigh, compressed, without headers. */
const BYTES_MAX = 60 * 1024;

await play(async ({ visit }) => {
  const hook = await api("POST", `${projectApi}hooks/`, { url: scene.receiver, events: ["event.created"] });
  await ask("trust", { secrets: [hook.secret] });
  await raise("full");
  await ask("webhooks", { count: 1 });
  const [issue] = await api("GET", `${projectApi}issues/`);
  const first = await visit();
  await first.signIn();
  const cookies = await first.context.cookies();
  const here = at.project(`hooks/${hook.id}`);
  for (const path of [at.project("hooks"), here, `${here}deliveries/`, `${at.issues}${issue.id}/`]) {
    // With a cache of their own, which is empty.
    const visitor = await visit();
    await visitor.context.addCookies(cookies);
    const requests = [];
    visitor.page.on("requestfinished", (request) => requests.push(request));
    await visitor.page.goto(path, { waitUntil: "load" });
    const sizes = await Promise.all(requests.map(async (request) => [(await request.sizes()).responseBodySize, request.url()]));
    const bytes = sizes.reduce((sum, [size]) => sum + size, 0);
    assert(bytes > 0 && bytes <= BYTES_MAX, `${path} loads ${bytes} bytes: ${JSON.stringify(sizes, null, 2)}`);
    const loaded = sizes.map(([, url]) => new URL(url).pathname.split("/").at(-1));
    for (const asset of ["app.css", "app.js", "htmx.min.js"]) assert(loaded.includes(asset), `${path} loads ${loaded}`);

    // What was loaded once is not sent again.
    await visitor.page.reload({ waitUntil: "load" });
    const sent = await visitor.page.evaluate(() => {
      const loads = performance.getEntriesByType("resource").filter(({ transferSize }) => transferSize > 0);
      return loads.map(({ name }) => name).filter((url) => url.includes("/_assets/"));
    });
    assert.deepEqual(sent, []);
  }
});
