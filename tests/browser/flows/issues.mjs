// Issues that a real SDK has raised: searched, looked at down to the line that failed, resolved, ignored, reopened, and who was told.

import assert from "node:assert/strict";

import { api, ask, at, play, projectApi, raise, scene } from "../lib.mjs";

await play(async ({ visit }) => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.signIn();
  await visitor.go(at.issues);
  await visitor.sees("Nothing is broken");
  await visitor.look("issues-none");

  const hook = await api("POST", `${projectApi}hooks/`, { url: scene.receiver, events: ["event.created"] });
  await ask("trust", { secrets: [hook.secret] });
  for (const scenario of ["exception", "chained", "message", "full"]) await raise(scenario);
  await raise("exception");
  await ask("webhooks", { count: 5 });
  await visitor.go(at.issues);
  const box = page.getByRole("checkbox", { name: /^Select / });
  const rows = page.getByRole("row").filter({ has: box }).filter({ has: page.locator("time") });
  assert.equal(await rows.count(), 4);
  await visitor.look("issues");
  await page.setViewportSize({ width: 390, height: 844 });
  await visitor.showsWhole(visitor.field("Search"));
  await page.setViewportSize({ width: 1280, height: 800 });

  // Searched; what cannot be searched for is said where it was asked.
  const search = async (query) => {
    await page.keyboard.press("/");
    await visitor.field("Search").fill(query);
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.searchParams.get("query") === query);
  };
  await search("is:unresolved RangeError");
  assert.equal(await rows.count(), 1);
  await visitor.sees(rows.getByText("RangeError: cannot parse the price"));
  await search("is:unresolved nothing-like-it");
  await visitor.sees("No matching issue");
  await visitor.look("issues-none-like-this");
  visitor.tolerated = new Set([400]);
  await search("is:assigned");
  await visitor.sees(page.getByRole("alert"));
  assert.equal(await visitor.field("Search").inputValue(), "is:assigned");
  await visitor.look("issues-refused");
  visitor.tolerated = new Set();

  // One issue: the stack trace is open at the line that raised.
  await search("is:unresolved RangeError");
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await visitor.sees(page.getByRole("heading", { level: 1 }).getByText("RangeError: cannot parse the price"));
  const issue = visitor.here;
  const exception = page.getByRole("region", { name: "RangeError" });
  await visitor.sees(exception.locator("details[open] summary").getByText("parsePrice"));
  assert.match(await exception.locator("li.here").first().innerText(), /throw new RangeError/);
  await visitor.sees(page.getByRole("region", { name: "Tags" }).getByText("shop@1.4.0"));
  await visitor.look("issue");
  await visitor.link("Older").click();
  await visitor.sees(visitor.link("Newer"));
  assert(visitor.here.startsWith(`${issue}events/`));

  // Who was told.
  await visitor.link("Who was notified, and why").click();
  await visitor.sees(visitor.heading("Who was notified, and why"));
  const hooks = page.getByRole("region", { name: "Service hooks" });
  await visitor.sees(hooks.getByText("delivered"));
  await visitor.look("why");
  await hooks.getByRole("link", { name: "event.created" }).click();
  await visitor.sees(visitor.heading("Attempts"));

  // Resolved, reopened, ignored.
  await visitor.go(issue);
  await visitor.button("Resolve").click();
  await visitor.sees(visitor.button("Reopen"));
  await visitor.look("issue-resolved");
  await visitor.button("Reopen").click();
  await visitor.sees(visitor.button("Resolve"));
  await page.locator("summary", { hasText: "Ignore…" }).click();
  await visitor.field("Ignore it").selectOption({ index: 1 });
  await visitor.showsWhole(visitor.button("Ignore issue"));
  await visitor.look("issue-ignore");
  await visitor.button("Ignore issue").click();
  await visitor.sees(visitor.button("Reopen"));
  await visitor.sees(page.getByText(/^ignored until /));

  // A regression shows: what was resolved and comes again is unresolved.
  await visitor.go(at.issues);
  assert.equal(await rows.count(), 3);
  assert.equal(await visitor.button("Resolve").count(), 0, "nothing is selected");
  await visitor.field("Select all").check();
  await visitor.sees("3 selected");
  await visitor.look("issues-selected");
  await visitor.button("Resolve").click();
  await visitor.sees("Nothing is broken");
  await raise("message");
  await visitor.go(at.issues);
  assert.equal(await rows.count(), 1);
  await visitor.sees(rows.getByText("regressed"));

  // The event with everything in it, on every size of window.
  await search("BasketError");
  for (const name of await rows.getByRole("link").allInnerTexts()) assert.match(name, /BasketError/);
  await rows.getByRole("link").first().click();
  await visitor.sees(page.getByRole("heading", { level: 1 }));
  await visitor.unfold();
  await visitor.look("issue-full");

  // Deleted, many at once.
  await visitor.go(`${at.issues}?query=`);
  await rows.getByRole("checkbox").first().check();
  await visitor.confirm("Delete", "Delete issues");
  await visitor.sees(page.getByRole("status").getByText("Issues deleted."));
  assert.equal(await rows.count(), 3);
});
