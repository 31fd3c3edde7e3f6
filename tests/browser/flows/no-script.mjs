// Without JavaScript: every page is read, every form works.

import assert from "node:assert/strict";

import { ask, at, play, raise, scene } from "../lib.mjs";

await play(async ({ visit }) => {
  const visitor = await visit({ javaScript: false });
  const { page } = visitor;
  await visitor.go(at.account);
  await visitor.signIn();
  assert.equal(visitor.here, at.account);
  await visitor.look("no-script-account");

  // The menu is there on a phone too, though nothing can open it.
  await page.setViewportSize({ width: 390, height: 844 });
  await visitor.sees(visitor.link("Projects"));
  await visitor.link("Projects").click();
  await visitor.look("no-script-projects");

  await visitor.link("Create project").click();
  await visitor.field("Name").fill("Plain");
  await visitor.button("Create project").click();
  await visitor.sees(visitor.heading("Set up Plain"));
  // Playwright does not look for texts in there.
  assert.match(await page.locator("#newest").innerText(), /Without JavaScript, reload the page\./);
  await visitor.look("no-script-set-up");
  const [id] = await raise("message", (await page.locator("#dsn").textContent()).trim());
  await page.reload();
  await visitor.sees(id);

  await visitor.button("Dark").click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  await visitor.button("Auto").click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), null);

  await visitor.link("General").click();
  await visitor.field("Name").fill("Plainer");
  await visitor.button("Save changes").click();
  await visitor.sees("Changes saved.");
  await visitor.go(at.tokens);
  await visitor.field("Name").fill("plain token");
  await visitor.button("Create token").click();
  await visitor.sees("This is the new token.");

  // A hook, its test and its deliveries.
  await visitor.go(at.project("hooks"));
  await visitor.sees("No service hook yet");
  await page.getByRole("main").getByRole("link", { name: "Add Service Hook" }).first().click();
  await visitor.field("URL").fill(scene.receiver);
  await page.getByRole("checkbox", { name: "event.created" }).check();
  await visitor.button("Add Service Hook").click();
  await visitor.sees("Service hook created.");
  const hook = visitor.here;
  await page.getByText("Show the secret").click();
  await ask("trust", { secrets: [(await page.locator("#secret").textContent()).trim()] });
  await visitor.button("Send test").click();
  await visitor.sees("The test was delivered");
  await visitor.look("no-script-hook-tested");
  await raise("exception");
  await ask("webhooks", { count: 2 });
  await visitor.go(`${hook}deliveries/`);
  await visitor.field("State").selectOption("delivered");
  await visitor.button("Filter").click();
  await page.getByRole("row").filter({ hasText: "event.created" }).getByRole("link").first().click();
  await visitor.sees(visitor.heading("Attempts"));
  await visitor.button("Send again").click();
  await visitor.sees("The delivery is being sent again.");
  await ask("webhooks", { count: 3 });
  await visitor.look("no-script-delivery");

  // A rule whose lines are added and taken away by the server.
  await visitor.go(at.project("alerts"));
  await page.getByRole("main").getByRole("link", { name: "Create alert rule" }).first().click();
  await visitor.field("Name").fill("plain rule");
  await visitor.field("A condition to add").selectOption({ index: 1 });
  await visitor.button("Add condition").click();
  assert.equal(await visitor.field("Name").inputValue(), "plain rule");
  await visitor.button("Preview").click();
  await visitor.sees(page.locator("#preview-title"));
  await visitor.button("Create alert rule").click();
  await visitor.sees("Alert rule created.");
  await visitor.button("Snooze plain rule").click();
  await visitor.sees(visitor.button("Unsnooze plain rule"));

  // An issue.
  await visitor.go(at.issues);
  await visitor.field("Search").fill("is:unresolved RangeError");
  await visitor.button("Search").click();
  await page.getByRole("row").getByRole("link").first().click();
  await visitor.button("Resolve").click();
  await visitor.sees(visitor.button("Reopen"));
  await visitor.look("no-script-issue");
  await visitor.button("Sign out").click();
  await visitor.arrives(at.signIn);
  await visitor.refused(422, async () => {
    await visitor.field("E-mail address").fill(scene.user);
    await visitor.field("Password").fill("not it");
    await visitor.button("Sign in").click();
  });
  await visitor.sees("Wrong e-mail address or password");
});
