// API tokens: made, shown once, used, revoked.

import assert from "node:assert/strict";

import { at, play, scene } from "../lib.mjs";

const status = async (token, path) => {
  const answer = await fetch(`${scene.base}/api/0/${path}`, { headers: { authorization: `Bearer ${token}` } });
  return answer.status;
};

await play(async ({ visit }) => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.signIn();
  await visitor.link("API tokens").click();
  await visitor.sees(visitor.heading("API tokens"));
  await visitor.look("tokens");

  // Nothing ticked is a mistake, said where it was made; what was typed stays.
  await visitor.field("Name").fill("deploy <b>script</b>");
  const boxes = page.getByRole("group", { name: "Scopes" }).getByRole("checkbox");
  for (const box of await boxes.all()) await box.uncheck();
  await visitor.refused(400, () => visitor.button("Create token").click());
  await visitor.sees(page.locator("#scopes-help .complaint"));
  assert.equal(await visitor.field("Name").inputValue(), "deploy <b>script</b>");
  await visitor.look("tokens-refused");

  await visitor.field("project:read").check();
  await visitor.button("Create token").click();
  const made = page.getByRole("status", { name: "The new token" });
  await visitor.sees(made);
  const token = (await made.getByRole("code").textContent()).trim();
  await visitor.look("tokens-made");
  await made.getByRole("button", { name: "Copy" }).click();
  await visitor.sees(made.getByText("Copied"));
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);

  // It does what was ticked and nothing else.
  assert.equal(await status(token, `projects/${scene.organization}/${scene.project}/`), 200);
  assert.equal(await status(token, `projects/${scene.organization}/${scene.project}/hooks/`), 200);
  const hook = { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: "{}" };
  const refused = await fetch(`${scene.base}/api/0/projects/${scene.organization}/${scene.project}/hooks/`, hook);
  assert.equal(refused.status, 403);

  // It is shown once.
  await visitor.go(at.tokens);
  const row = page.getByRole("row").filter({ hasText: "deploy <b>script</b>" });
  await visitor.sees(row);
  assert.equal((await page.content()).includes(token), false);
  await visitor.confirm("Revoke", "Revoke token", row);
  await visitor.sees(page.getByRole("status").getByText("Token revoked."));
  await visitor.lacks(row);
  assert.equal(await status(token, `projects/${scene.organization}/${scene.project}/`), 401);
});
