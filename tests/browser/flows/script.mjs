// What the script adds to pages: what goes wrong is said, nothing is sent twice, nothing that was typed is lost, streams come and go.

import assert from "node:assert/strict";

import { api, ask, at, play, projectApi, scene, send, user } from "../lib.mjs";

const PHONE = { width: 390, height: 844 };
const MEMBER = "bea@example.com";

await play(async ({ visit }) => {
  const members = `organizations/${scene.organization}/members/`;
  const password = await user(MEMBER, "member");
  const hook = await api("POST", `${projectApi}hooks/`, { url: scene.receiver, events: ["event.created"] });
  const ofHook = at.project(`hooks/${hook.id}`);

  // A form whose button is pressed twice is sent once. What was said of it goes when one wants it to.
  const visitor = await visit();
  const { page } = visitor;
  await visitor.signIn();
  await visitor.go(`${at.project("hooks")}new/`);
  await visitor.field("URL").fill(`${scene.receiver}?second`);
  await visitor.button("Add Service Hook").dblclick();
  await visitor.sees(page.getByRole("status").getByText("Service hook created."));
  const hooks = await api("GET", `${projectApi}hooks/`);
  assert.equal(hooks.length, 2);
  await ask("trust", { secrets: hooks.map(({ secret }) => secret) });
  await visitor.showsWhole(page.locator(".flash"));
  await visitor.button("Close").click();
  await visitor.lacks(page.locator(".flash"));

  // A reload asks for a page again, and sends no form again.
  await visitor.go(at.tokens);
  await visitor.field("Name").fill("sole token");
  await visitor.button("Create token").click();
  await visitor.sees(page.getByRole("status", { name: "The new token" }));
  await page.waitForLoadState();
  await page.reload();
  assert.equal(await page.getByRole("row").filter({ hasText: "sole token" }).count(), 1);
  await visitor.lacks(page.getByRole("status", { name: "The new token" }));

  // Light or dark is chosen without losing what was typed, and kept.
  await visitor.go(`${ofHook}edit/`);
  await visitor.field("URL").fill(`${scene.receiver}?third`);
  await visitor.button("Dark").click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  assert.equal(await visitor.button("Dark").getAttribute("aria-pressed"), "true");
  assert.equal(await visitor.field("URL").inputValue(), `${scene.receiver}?third`);
  await page.waitForFunction(async () => (await fetch(location.href).then((page) => page.text())).includes('data-theme="dark"'));
  await visitor.button("Auto").click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), null);

  // The field that is wrong is in sight, and ready to be typed into.
  await page.getByText("Timeout, concurrency, custom headers").click();
  await visitor.field("Timeout").fill("99");
  await visitor.refused(400, () => visitor.button("Save changes").click());
  const timeout = visitor.field("Timeout");
  assert(await timeout.evaluate((field) => field === document.activeElement), "another field has the focus");
  await visitor.showsWhole(timeout);

  // Who chooses a hook means those that are chosen, and who means every one chooses none.
  await visitor.go(`${at.project("alerts")}new/`);
  const first = page.getByRole("checkbox", { name: scene.receiver, exact: true });
  await first.check();
  assert(await page.getByRole("radio", { name: "only these:" }).isChecked());
  await page.getByRole("radio", { name: "every service hook of this project" }).check();
  assert.equal(await first.isChecked(), false);

  // A page that nobody looks at has no stream; one that is looked at again has, and shows what came meanwhile.
  await visitor.go(ofHook);
  const light = page.locator(".live");
  const isOn = (on) => page.waitForFunction((on) => document.querySelector(".live").classList.contains("on") === on, on);
  const look = (hidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await light.waitFor();
  await isOn(true);
  await look(true);
  await isOn(false);
  assert.equal(await send({ message: "meanwhile" }), 200);
  await ask("webhooks", { count: 2 });
  await look(false);
  await isOn(true);
  const recent = page.getByRole("region", { name: "Last deliveries" });
  await visitor.sees(recent.getByRole("row").filter({ hasText: "event.created" }));

  // On a phone, what is asked once more is in sight, and so is what is done with issues that are selected.
  await visitor.go(at.issues);
  await page.setViewportSize(PHONE);
  await page.getByRole("checkbox", { name: /^Select MY-/ }).first().check();
  await visitor.showsWhole(visitor.button("Resolve"));
  await page.locator(".bulk summary").click();
  await visitor.showsWhole(visitor.button("Delete issues"));
  await page.keyboard.press("Escape");
  await page.getByRole("row").filter({ hasText: "meanwhile" }).getByRole("link").first().click();
  await page.locator("summary", { hasText: "Delete issue" }).click();
  await visitor.showsWhole(visitor.button("Delete issue"));
  await page.setViewportSize({ width: 1280, height: 800 });

  // What a part of a page could not do is said above it, and stays while other parts go on.
  const bea = await visit();
  await bea.signIn(MEMBER, password);
  const { id } = (await api("GET", members)).find(({ email }) => email === MEMBER);
  const form = await bea.context.newPage();
  await form.goto(`${at.project("hooks")}new/`);
  await bea.go(ofHook);
  await api("PUT", `${members}${id}/`, { orgRole: "read-only" });
  await bea.refused(403, () => bea.button("Send test").click());
  const trouble = bea.page.locator("#trouble");
  await bea.sees(trouble.getByText("Your role does not allow this."));
  await bea.showsWhole(trouble.getByRole("alert"));
  assert.equal(await send({ message: "goes on" }), 200);
  const rows = bea.page.getByRole("region", { name: "Last deliveries" }).getByRole("row");
  await bea.sees(rows.filter({ hasText: "event.created" }).nth(1));
  await bea.sees(trouble.getByText("Your role does not allow this."));
  bea.announced.push(403);
  await form.getByRole("button", { name: "Add filter" }).click();
  await form.locator("#trouble").getByText("Your role does not allow this.").waitFor();
});
