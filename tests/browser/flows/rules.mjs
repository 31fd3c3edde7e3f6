// An alert rule: written as a sentence, tried on what has come already, fired, snoozed, its history, its end.

import assert from "node:assert/strict";

import { api, ask, at, play, projectApi, raise, scene } from "../lib.mjs";

const NAME = "New in <em>staging</em>";

await play(async ({ visit }) => {
  const hook = await api("POST", `${projectApi}hooks/`, { url: scene.receiver, events: ["event.alert"] });
  await ask("trust", { secrets: [hook.secret] });
  await raise("exception");
  const visitor = await visit();
  const { page } = visitor;
  await visitor.signIn();
  await visitor.go(at.project("alerts"));
  await visitor.sees("No alert rule yet");
  await visitor.look("rules-none");
  await page.getByRole("main").getByRole("link", { name: "Create alert rule" }).first().click();
  await visitor.sees(visitor.heading("Create alert rule"));
  await visitor.look("rule-new");

  // Lines are added and taken away without the page being loaded again, and what was typed stays.
  await page.evaluate(() => (globalThis.__same = true));
  await visitor.field("Name").fill(NAME);
  await visitor.field("A condition to add").selectOption({ index: 1 });
  await visitor.button("Add condition").click();
  const conditions = page.getByRole("group").filter({ has: page.locator("#conditions-title") });
  await visitor.sees(conditions.getByRole("listitem").nth(1));
  const filters = page.getByRole("group").filter({ has: page.locator("#filters-title") });
  const before = await filters.getByRole("listitem").count();
  await visitor.field("A filter to add").selectOption({ index: 1 });
  await visitor.button("Add filter").click();
  await visitor.sees(filters.getByRole("listitem").nth(before));
  await visitor.look("rule-filled");
  await filters.getByRole("listitem").nth(before).getByRole("button", { name: "Remove" }).click();
  await page.waitForFunction((count) => document.querySelectorAll("fieldset:has(#filters-title) li").length === count, before);
  assert.equal(await visitor.field("Name").inputValue(), NAME);
  assert.equal(await page.evaluate(() => globalThis.__same), true);

  // Tried on what there is.
  await visitor.field("in the environment").fill("staging");
  await visitor.button("Preview").click();
  await visitor.sees(page.locator("#preview-title"));
  assert.match(await page.locator("#preview-title").innerText(), /would have fired/);
  assert.equal(await visitor.field("in the environment").inputValue(), "staging");
  await visitor.look("rule-preview");

  // What is wrong stands beside its field.
  await visitor.field("in the environment").fill("a/b\\c\nd");
  await visitor.field("Name").fill("x".repeat(300));
  await visitor.refused(400, () => visitor.button("Create alert rule").click());
  assert.notEqual(await visitor.complaintOf("Name"), "");
  await visitor.look("rule-refused");
  await visitor.field("Name").fill(NAME);
  await visitor.field("in the environment").fill("staging");
  await visitor.button("Create alert rule").click();
  await visitor.sees(page.getByRole("status").getByText("Alert rule created."));
  await visitor.sees(visitor.heading(NAME));
  const rule = visitor.here;

  // It fires on a new issue, and says so.
  await raise("chained");
  await ask("webhooks", { count: 1 });
  await visitor.go(rule);
  await visitor.sees(page.getByRole("row").filter({ hasText: "BasketError" }));
  await visitor.look("rule");

  // Snoozed and woken, here and in the list, in place.
  await page.evaluate(() => (globalThis.__same = true));
  await visitor.button(`Snooze ${NAME}`).click();
  await visitor.sees(visitor.button(`Unsnooze ${NAME}`));
  await visitor.look("rule-snoozed");
  await visitor.button(`Unsnooze ${NAME}`).click();
  await visitor.sees(visitor.button(`Snooze ${NAME}`));
  assert.equal(await page.evaluate(() => globalThis.__same), true);
  await visitor.go(at.project("alerts"));
  await visitor.sees(page.getByRole("row").filter({ hasText: NAME }));
  await visitor.look("rules");
  await visitor.button(`Snooze ${NAME}`).click();
  await visitor.sees(visitor.button(`Unsnooze ${NAME}`));

  await visitor.go(rule);
  await visitor.link("Edit").click();
  assert.equal(await visitor.field("Name").inputValue(), NAME);
  await visitor.field("at most once every").selectOption({ index: 0 });
  await visitor.button("Save changes").click();
  await visitor.sees(page.getByRole("status").getByText("Changes saved."));
  await visitor.confirm("Delete", "Delete rule");
  await visitor.sees(page.getByRole("status").getByText("Alert rule deleted."));
  await visitor.sees("No alert rule yet");
});
