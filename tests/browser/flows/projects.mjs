// A project from its name to its first event, which a real SDK sends with the DSN that the page shows; its settings, its end.

import assert from "node:assert/strict";

import { at, play, raise, scene } from "../lib.mjs";

await play(async ({ visit }) => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.signIn();
  await visitor.arrives(at.overview);
  await visitor.sees(visitor.heading("Overview"));
  await visitor.look("overview-empty");
  await visitor.link("Projects").click();
  await visitor.arrives(at.projects);
  await visitor.sees(page.getByRole("row").filter({ hasText: scene.project }));
  await visitor.look("projects");

  await visitor.link("Create project").click();
  await visitor.sees(visitor.heading("Create project"));
  assert.equal(await visitor.field("Name").inputValue(), "");
  await visitor.look("project-new");
  await visitor.field("Name").fill("x".repeat(300));
  await visitor.field("Platform").selectOption("node");
  await visitor.refused(400, () => visitor.button("Create project").click());
  assert.notEqual(await visitor.complaintOf("Name"), "");
  assert.equal(await visitor.field("Platform").inputValue(), "node");
  await visitor.look("project-new-refused");

  await visitor.field("Name").fill("Shop <i>front</i>");
  await visitor.button("Create project").click();
  await visitor.sees(visitor.heading("Set up Shop <i>front</i>"));
  const made = /\/projects\/([^/]+)\//.exec(visitor.here)[1];
  await visitor.sees(page.getByText("Waiting for the first event"));
  await visitor.look("project-set-up");

  // The snippet of the chosen platform is open, and holds the DSN.
  const dsn = (await page.locator("#dsn").textContent()).trim();
  assert.equal(new URL(dsn).origin, new URL(scene.dsn).origin);
  const open = page.locator("details[open]");
  assert.equal(await open.count(), 1);
  assert((await open.innerText()).includes(dsn));
  await visitor.sees(open.getByText("npm install @sentry/node"));
  await page.getByRole("region", { name: "DSN" }).getByRole("button", { name: "Copy" }).click();
  await visitor.sees(page.getByText("Copied"));
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), dsn);

  // The event shows by itself, without the page being loaded again, and so does the next.
  await page.evaluate(() => (globalThis.__same = true));
  const [id] = await raise("exception", dsn);
  await visitor.sees(page.getByText("Events arrive"));
  await visitor.sees(page.getByText(id));
  assert.equal(await page.evaluate(() => globalThis.__same), true);
  const [next] = await raise("message", dsn);
  await visitor.sees(page.getByText(next));
  assert.equal(await page.evaluate(() => globalThis.__same), true);
  await visitor.look("project-events-arrive");
  await visitor.button("Send a test event").click();
  await visitor.sees(page.getByRole("status").getByText("The test event is recorded."));
  await visitor.sees(page.getByText("This is a test event"));

  // Settings.
  await visitor.link("General").click();
  await visitor.sees(visitor.heading("General"));
  await visitor.look("project-general");
  await visitor.field("Slug").fill(scene.project);
  await visitor.field("Allowed origins").fill("https://shop.example\n*.shop.example");
  await visitor.refused(400, () => visitor.button("Save changes").click());
  assert.notEqual(await visitor.complaintOf("Slug"), "");
  assert.equal(await visitor.field("Allowed origins").inputValue(), "https://shop.example\n*.shop.example");
  await visitor.look("project-general-refused");
  await visitor.field("Slug").fill("front");
  await visitor.button("Save changes").click();
  await visitor.sees(page.getByRole("status").getByText("Changes saved."));
  await visitor.arrives(at.project("general", "front"));
  assert.equal(await visitor.field("Allowed origins").inputValue(), "https://shop.example\n*.shop.example");
  await visitor.go(at.project("general", made));
  assert.equal(await visitor.field("Slug").inputValue(), "front");

  // Its end has to be spelled.
  await visitor.field("Type front to confirm").fill("frnt");
  await visitor.refused(400, () => visitor.button("Delete project").click());
  assert.match(await visitor.complaintOf("Type front to confirm"), /nothing was deleted/);
  await visitor.field("Type front to confirm").fill("front");
  await visitor.button("Delete project").click();
  await visitor.arrives(at.projects);
  await visitor.sees(page.getByRole("status").getByText("Project deleted."));
  await visitor.lacks(page.getByRole("row").filter({ hasText: "front" }));
  await visitor.refused(404, () => visitor.go(at.project("general", "front")));
  await visitor.sees(visitor.heading("There is nothing here"));
  await visitor.look("nothing-here");
});
