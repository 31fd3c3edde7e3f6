// Deliveries as they happen: a list that changes by itself, one delivery and its attempts, sent again by hand, all of a period replayed.

import assert from "node:assert/strict";

import { api, ask, at, play, projectApi, raise, scene, send } from "../lib.mjs";

await play(async ({ visit }) => {
  const hook = await api("POST", `${projectApi}hooks/`, { url: scene.receiver, events: ["event.created"] });
  await ask("trust", { secrets: [hook.secret] });
  const visitor = await visit();
  const { page } = visitor;
  await visitor.signIn();
  const list = `${at.project(`hooks/${hook.id}`)}deliveries/`;
  await visitor.go(list);
  await visitor.sees("No delivery yet");
  await visitor.look("deliveries-none");

  // Rows come by themselves, and change.
  await page.evaluate(() => (globalThis.__same = true));
  await page.locator(".live.on").waitFor();
  await ask("hold");
  await raise("exception");
  const rows = page.getByRole("row").filter({ hasText: "event.created" });
  await visitor.sees(rows.getByText("sending"));
  await visitor.look("deliveries-sending");
  await ask("release");
  await visitor.sees(rows.getByText("delivered"));
  await ask("answer", { status: 503 });
  await send({ message: "it fails" });
  await visitor.sees(rows.getByText("failed"));
  assert.equal(await rows.count(), 2);
  assert.equal(await page.evaluate(() => globalThis.__same), true);
  await visitor.look("deliveries");

  // Narrowed: the selects need no button.
  await visitor.field("State").selectOption("failed");
  await page.waitForURL((url) => url.searchParams.get("status") === "failed");
  await visitor.sees(rows);
  assert.equal(await rows.count(), 1);
  await visitor.field("State").selectOption("expired");
  await page.waitForURL((url) => url.searchParams.get("status") === "expired");
  await visitor.sees("No matching deliveries");
  await visitor.look("deliveries-none-like-this");

  // One delivery: what was sent, what was answered, each attempt. It is sent again, and this time it is taken.
  await visitor.go(`${list}?status=failed`);
  await rows.getByRole("link").first().click();
  await visitor.sees(visitor.heading("Attempts"));
  const request = page.getByRole("region", { name: "Request" });
  await visitor.sees(request.getByText(`POST ${scene.receiver}`));
  await visitor.sees(page.getByRole("region", { name: "Response" }).getByText("503"));
  await visitor.look("delivery-failed");
  const delivery = visitor.here;
  await ask("hold");
  await visitor.button("Send again").click();
  await visitor.sees(page.getByRole("status").getByText("The delivery is being sent again."));
  await visitor.sees(page.getByText(/It can be sent again once\s+it is settled/));
  await visitor.look("delivery-sending");
  await ask("answer", { status: 200 });
  await ask("release");
  await visitor.sees(page.getByRole("region", { name: "Attempts" }).getByText("succeeded"));
  await visitor.sees(visitor.button("Send again"));
  assert.equal(await page.locator("#delivery [hx-trigger]").count(), 0, "it asks for nothing more");
  await visitor.look("delivery");
  const webhooks = await ask("webhooks", { count: 3 });
  const ids = webhooks.map(({ headers }) => headers.find(([name]) => name.toLowerCase() === "x-sentry-hook-delivery")[1]);
  assert.equal(ids[1], ids[2]);
  assert(delivery.includes(ids[1]));

  // A replay of what failed meanwhile shows how far it is, and ends.
  await ask("answer", { status: 500 });
  for (const message of ["one more", "and another"]) await send({ message });
  await ask("webhooks", { count: 5 });
  await visitor.go(list);
  await visitor.sees(rows.getByText("failed"));
  await ask("answer", { status: 200 });
  await visitor.link("Replays").click();
  await visitor.sees(visitor.heading("Replays"));
  await visitor.look("replay-new");
  await visitor.field("Created in").selectOption("the last hour");
  await visitor.button("Start replay").click();
  await visitor.sees(page.getByRole("status").getByText("The replay has started."));
  await visitor.sees("2 of 2 sent again");
  await visitor.sees(page.getByRole("listitem").getByText("done"));
  assert.equal(await page.locator("main [hx-trigger]").count(), 0, "it asks for nothing more");
  await visitor.look("replay");
  await ask("webhooks", { count: 7 });

  // What happens after the list was made and before its stream is open is not missed.
  await visitor.go(list);
  await page.locator(".live.on").waitFor();
  const before = await rows.count();
  await page.route(/\/live\/$/, async (route) => {
    await send({ message: "too early" });
    await ask("webhooks", { count: 8 });
    await route.continue();
  });
  await page.reload();
  await visitor.sees(rows.nth(before));
  await page.unroute(/\/live\/$/);

  // j, k and Enter walk the list too.
  await visitor.go(list);
  await visitor.sees(rows);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  const goal = await rows.nth(1).getAttribute("data-href");
  await page.keyboard.press("Enter");
  await visitor.arrives(goal);
});
