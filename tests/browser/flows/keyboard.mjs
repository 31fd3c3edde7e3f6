// With the keyboard alone: going places, walking lists, the list of keys, and the order of focus.

import assert from "node:assert/strict";

import { api, at, play, scene } from "../lib.mjs";

const focus = (page) => page.evaluate(() => document.activeElement.innerText.trim() || document.activeElement.id);

await play(async ({ visit }) => {
  const [team] = await api("GET", `organizations/${scene.organization}/teams/`);
  await api("POST", `teams/${scene.organization}/${team.slug}/projects/`, { name: "second" });
  const visitor = await visit();
  const { page } = visitor;
  await visitor.go(at.signIn);
  await page.keyboard.type(scene.user);
  await page.keyboard.press("Tab");
  await page.keyboard.type(scene.password);
  await page.keyboard.press("Enter");
  await visitor.arrives(at.overview);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await visitor.sees(visitor.heading("Projects"));

  // The first stop leads past everything that is the same on each page.
  await page.keyboard.press("Tab");
  assert.equal(await focus(page), "Skip to the content");
  assert(await page.locator(".skip").evaluate((link) => link.getBoundingClientRect().top >= 0));
  await page.keyboard.press("Enter");
  assert.equal(new URL(page.url()).hash, "#main");
  await page.keyboard.press("Tab");
  assert.equal(await focus(page), "Create project");
  await page.evaluate(() => document.activeElement.blur());

  // j and k walk the list and stop at its ends, Enter opens.
  const rows = page.locator("tr[data-href]");
  const chosen = async () => rows.evaluateAll((all) => all.map((row) => row.classList.contains("selected")));
  await page.keyboard.press("j");
  assert.deepEqual(await chosen(), [true, false]);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  assert.deepEqual(await chosen(), [false, true]);
  await page.keyboard.press("k");
  assert.deepEqual(await chosen(), [true, false]);
  const goal = await rows.first().getAttribute("data-href");
  await page.keyboard.press("Enter");
  await visitor.arrives(goal);

  // g and a letter.
  const places = [
    ["o", at.overview, "Overview"],
    ["i", at.issues, "Issues"],
    ["p", at.projects, "Projects"],
    ["m", at.members, "Members"],
    ["t", at.tokens, "API tokens"],
    ["a", at.account, "Account"],
  ];
  for (const [letter, path, heading] of places) {
    await page.keyboard.press("g");
    await page.keyboard.press(letter);
    await visitor.arrives(path);
    await visitor.sees(visitor.heading(heading));
  }

  // Keys that are typed into a field are its text.
  await visitor.field("Current password").focus();
  await page.keyboard.type("gp?j");
  assert.equal(await visitor.field("Current password").inputValue(), "gp?j");
  assert.equal(visitor.here, at.account);
  await page.evaluate(() => document.activeElement.blur());

  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await keys.waitFor();
  await visitor.look("keys");
  await page.keyboard.press("Escape");
  await keys.waitFor({ state: "hidden" });

  // On a phone the menu opens and says so.
  await page.setViewportSize({ width: 390, height: 844 });
  const menu = visitor.button("Menu");
  assert.equal(await menu.getAttribute("aria-expanded"), "false");
  await menu.focus();
  await page.keyboard.press("Enter");
  assert.equal(await menu.getAttribute("aria-expanded"), "true");
  await visitor.sees(visitor.link("Projects"));
  await page.screenshot({ path: `${scene.screenshots}/menu-light-390.png` });
});
