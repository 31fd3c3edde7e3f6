// Without JavaScript: every page is read, every form works.

import assert from "node:assert/strict";

import { at, play, raise, scene } from "../lib.mjs";

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
  await visitor.button("Make token").click();
  await visitor.sees("This is the new token.");
  await visitor.go(at.project("hooks"));
  await visitor.sees("No service hook yet");
  await visitor.look("no-script-hooks");
  await visitor.button("Sign out").click();
  await visitor.arrives(at.signIn);
  await visitor.refused(422, async () => {
    await visitor.field("E-mail address").fill(scene.user);
    await visitor.field("Password").fill("not it");
    await visitor.button("Sign in").click();
  });
  await visitor.sees("do not go together");
});
