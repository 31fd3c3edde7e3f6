// The account: another password, which ends every other session.

import assert from "node:assert/strict";

import { at, play, scene } from "../lib.mjs";

const NEW = "a long sentence of one's own";

await play(async ({ visit }) => {
  const [here, elsewhere] = [await visit(), await visit()];
  for (const visitor of [here, elsewhere]) await visitor.signIn();

  await here.link("Account").click();
  await here.sees(here.heading("Account"));
  await here.sees(here.page.getByRole("definition").getByText(scene.user));
  await here.look("account");

  const change = async (old, password, again = password) => {
    await here.field("Current password").fill(old);
    await here.field("New password").fill(password);
    await here.field("Confirm new password").fill(again);
    await here.button("Change password").click();
  };
  await here.refused(422, () => change(scene.password, NEW, `${NEW}!`));
  assert.equal(await here.complaintOf("New password"), "The two are not the same.");
  await here.refused(422, () => change("not it", NEW));
  assert.equal(await here.complaintOf("Current password"), "This is not your current password.");
  await here.look("account-refused");
  await here.refused(422, () => change(scene.password, "short"));
  assert.notEqual(await here.complaintOf("New password"), "");

  await change(scene.password, NEW);
  await here.sees(here.page.getByRole("status").getByText("Password changed."));
  await here.go(at.projects);
  await here.sees(here.heading("Projects"));
  await here.lacks(here.page.getByText("Password changed."));

  await elsewhere.go(at.projects);
  assert(elsewhere.here.startsWith(at.signIn));
  await elsewhere.field("E-mail address").fill(scene.user);
  await elsewhere.field("Password").fill(scene.password);
  await elsewhere.refused(422, () => elsewhere.button("Sign in").click());
  await elsewhere.signIn(scene.user, NEW);
  await elsewhere.sees(elsewhere.heading("Projects"));
});
