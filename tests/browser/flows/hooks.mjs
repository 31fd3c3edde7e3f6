// A service hook from its URL to its end: made, tested, its secret, disabled, looked at by the doctor, deleted.

import assert from "node:assert/strict";

import { ask, at, play, scene, send } from "../lib.mjs";

const URL_WITH_MARKUP = `${scene.receiver}?q=<img/src=x/onerror=alert(1)>`;

await play(async ({ visit }) => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.signIn();
  await visitor.go(at.project("hooks"));
  await visitor.sees("No service hook yet");
  await visitor.look("hooks-none");
  await page.getByRole("main").getByRole("link", { name: "Add Service Hook" }).first().click();
  await visitor.sees(visitor.heading("Add Service Hook"));
  assert.equal(await visitor.field("URL").evaluate((field) => field === document.activeElement), true);
  await visitor.look("hook-new");

  // What is wrong stands beside its field, and what was typed stays.
  await visitor.field("URL").fill("ftp://example.com/<b>x</b>");
  await page.getByText("Timeout, concurrency, custom headers").click();
  await visitor.field("Timeout").fill("99");
  await visitor.button("Add header").click();
  await page.getByLabel("Header's name").first().fill("Host");
  await page.getByLabel("Header's value").first().fill("example.com");
  await visitor.refused(400, () => visitor.button("Add Service Hook").click());
  assert.notEqual(await visitor.complaintOf("URL"), "");
  assert.notEqual(await visitor.complaintOf("Timeout"), "");
  await visitor.sees(page.locator("#headers-help .complaint"));
  assert.equal(await visitor.field("URL").inputValue(), "ftp://example.com/<b>x</b>");
  assert.equal(await page.getByLabel("Header's value").first().inputValue(), "example.com");
  await visitor.look("hook-new-refused");

  // Lines come and go without losing anything, then it is made.
  const add = visitor.button("Add filter");
  await add.click();
  await page.getByLabel("What is looked at").first().selectOption("level");
  await page.getByLabel("How the level is compared").first().selectOption("is at least");
  await page.getByLabel("Level", { exact: true }).first().selectOption("warning");
  await visitor.lacks(page.getByRole("textbox", { name: "Name of the tag or attribute" }));
  const lines = page.getByLabel("What is looked at");
  await add.click();
  await visitor.sees(lines.nth(1));
  await visitor.sees(page.getByRole("textbox", { name: "Name of the tag or attribute" }));
  assert(await add.evaluate((button) => button === document.activeElement), "the page was loaded again");
  await visitor.look("hook-filters");
  await visitor.button("Remove filter 2").click();
  await lines.nth(1).waitFor({ state: "detached" });
  assert.equal(await page.getByLabel("Level", { exact: true }).first().inputValue(), "30");
  assert.equal(await visitor.field("Timeout").inputValue(), "99");
  await visitor.field("URL").fill(URL_WITH_MARKUP);
  await visitor.field("Timeout").fill("3");
  await page.getByLabel("Header's name").first().fill("X-Team");
  await page.getByLabel("Header's value").first().fill("shop");
  await page.getByRole("checkbox", { name: "event.created" }).check();
  await page.getByRole("checkbox", { name: "event.alert" }).uncheck();
  await visitor.button("Add Service Hook").click();
  await visitor.sees(page.getByRole("status").getByText("Service hook created."));
  const hook = visitor.here;
  await visitor.look("hook");

  await visitor.sees(page.getByRole("definition").getByText("The event's level is"));

  // The secret, shown and copied on demand.
  const secret = page.locator("#secret");
  assert.equal(await secret.isVisible(), false);
  await page.getByText("Show the secret").click();
  const first = (await secret.textContent()).trim();
  await visitor.button("Copy the secret").click();
  await visitor.sees(page.getByText("Copied"));
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), first);
  await ask("trust", { secrets: [first] });

  // A test says on the spot what the receiver said.
  const test = page.getByRole("status", { name: "The test" });
  await visitor.button("Send test").click();
  await visitor.sees(test.getByText("The test was delivered"));
  await visitor.sees(test.getByText("204"));
  // What the test has changed changes on the page.
  const recent = page.getByRole("region", { name: "Last deliveries" });
  await visitor.sees(recent.getByRole("row").filter({ hasText: "delivered" }));
  const [webhook] = await ask("webhooks", { count: 1 });
  const headers = Object.fromEntries(webhook.headers);
  assert.equal(headers["x-team"] ?? headers["X-Team"], "shop");
  await visitor.look("hook-tested");
  await ask("answer", { status: 500 });
  await visitor.button("Send test").click();
  await visitor.sees(test.getByText("The test failed"));
  await visitor.sees(test.getByText("500"));
  await visitor.look("hook-test-failed");
  await ask("answer", { status: 204 });

  // Whose session has ended meanwhile signs in and comes back.
  await visitor.context.clearCookies({ name: "watchfire" });
  await visitor.refused(401, () => visitor.button("Send test").click());
  await visitor.arrives(at.signIn);
  await visitor.signIn();
  assert.equal(visitor.here, hook);

  // Deliveries show as they happen here too.
  await ask("trust", { secrets: [first] });
  assert.equal(await send({ message: "seen at once" }), 200);
  await visitor.sees(recent.getByRole("row").filter({ hasText: "event.created" }));
  await visitor.sees(page.locator("#standing").getByText("Healthy"));

  // Rotated: both secrets sign until the overlap is ended, then the new one alone.
  await page.getByText("Rotate", { exact: true }).click();
  await visitor.field("Overlap").selectOption("an hour");
  await visitor.look("hook-rotate");
  await visitor.button("Rotate secret").click();
  await visitor.sees(page.getByRole("status").getByText("The new secret is in use."));
  await page.getByText("Show the secret").click();
  const second = (await secret.textContent()).trim();
  assert.notEqual(second, first);
  await ask("trust", { secrets: [first, second] });
  await visitor.button("Send test").click();
  await visitor.sees(test.getByText("The test was delivered"));
  await visitor.button("End the overlap now").click();
  await visitor.sees(page.getByRole("status").getByText("The old secret is not valid any more."));
  await ask("trust", { secrets: [second] });
  await visitor.button("Send test").click();
  await visitor.sees(test.getByText("The test was delivered"));

  // The doctor: what arrived last is genuine; read as JSON and written again it is not.
  await visitor.link("A signature does not match?").click();
  await visitor.sees(visitor.heading("Signature doctor"));
  await visitor.look("doctor");
  const last = (await ask("webhooks", { count: 5 })).at(-1);
  const examine = async (body) => {
    await visitor.field("Headers as they arrived").fill(last.headers.map(([name, value]) => `${name}: ${value}`).join("\n"));
    await visitor.field("Body as it arrived").fill(body);
    await visitor.button("Examine").click();
  };
  await examine(last.text);
  await visitor.sees(visitor.heading("It is genuine"));
  await visitor.look("doctor-genuine");
  await examine(JSON.stringify(JSON.parse(last.text), null, 2));
  await visitor.sees(visitor.heading("It is not what this hook sent"));
  await visitor.look("doctor-not-genuine");

  // Edited, disabled, enabled.
  await visitor.go(hook);
  await visitor.link("Edit").click();
  await visitor.sees(visitor.heading("Edit Service Hook"));
  assert.equal(await visitor.field("URL").inputValue(), URL_WITH_MARKUP);
  assert.equal(await page.getByLabel("Header's name").first().inputValue(), "X-Team");
  assert.equal(await page.getByLabel("Header's value").first().inputValue(), "********");
  await page.getByRole("radio", { name: "Retry until delivered" }).check();
  await visitor.look("hook-edit");
  await visitor.button("Save changes").click();
  await visitor.sees(page.getByRole("status").getByText("Changes saved."));
  await visitor.sees(page.getByRole("definition").getByText("until delivered"));
  await visitor.button("Disable").click();
  await visitor.sees(page.getByRole("status").getByText("Service hook disabled."));
  await visitor.look("hook-disabled");
  await visitor.button("Enable").click();
  await visitor.sees(page.getByRole("status").getByText("Service hook enabled."));

  await visitor.go(at.project("hooks"));
  await visitor.sees(page.getByRole("row").filter({ hasText: URL_WITH_MARKUP }));
  await visitor.look("hooks");
  await visitor.go(hook);
  await page.locator("details.confirm summary", { hasText: "Delete" }).click();
  await visitor.look("hook-delete");
  await visitor.button("Delete service hook").click();
  await visitor.arrives(at.project("hooks"));
  await visitor.sees(page.getByRole("status").getByText("Service hook deleted."));
  await visitor.sees("No service hook yet");
  await visitor.refused(404, () => visitor.go(hook));
});
