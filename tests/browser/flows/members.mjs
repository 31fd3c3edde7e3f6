// Members: added with a password that is shown once and replaced at the first sign-in, given another role, removed.

import assert from "node:assert/strict";

import { at, play, scene } from "../lib.mjs";

const EMAIL = "ada@example.com";
const OWN = "a sentence that only Ada knows";

await play(async ({ visit }) => {
  const [admin, ada] = [await visit(), await visit()];
  await admin.signIn();
  await admin.link("Members").click();
  await admin.sees(admin.heading("Members"));
  await admin.look("members");

  const add = async (email) => {
    await admin.field("E-mail address").fill(email);
    await admin.page.getByRole("radio", { name: "read-only" }).check();
    await admin.button("Add member").click();
  };
  await admin.refused(400, () => add("no address"));
  assert.notEqual(await admin.complaintOf("E-mail address"), "");
  assert.equal(await admin.field("E-mail address").inputValue(), "no address");
  assert.equal(await admin.page.getByRole("radio", { name: "read-only" }).isChecked(), true);
  await admin.look("members-refused");
  await add(EMAIL);
  const password = (await admin.page.locator("#one-time-password").textContent()).trim();
  await admin.look("members-added");
  await admin.go(at.members);
  const row = admin.page.getByRole("row").filter({ hasText: EMAIL });
  await admin.sees(row.getByText("has not signed in yet"));
  assert.equal((await admin.page.content()).includes(password), false);

  // Somebody else has seen the password: nothing else is shown before it is replaced.
  await ada.signIn(EMAIL, password);
  await ada.arrives(at.account);
  await ada.sees("Choose one of your own to go on.");
  await ada.look("account-temporary");
  await ada.go(at.projects);
  await ada.arrives(at.account);
  await ada.field("Current password").fill(password);
  await ada.field("New password").fill(OWN);
  await ada.field("Confirm new password").fill(OWN);
  await ada.button("Change password").click();
  await ada.sees(ada.page.getByRole("status").getByText("Password changed."));
  await ada.go(at.projects);
  await ada.sees(ada.heading("Projects"));
  await ada.lacks(ada.link("Create project"));
  await ada.go(at.members);
  await ada.sees(ada.heading("Members"));
  await ada.lacks(ada.button("Add member"));
  await ada.look("members-read-only");

  // Another role holds at once.
  await admin.go(at.members);
  await admin.field(`Role of ${EMAIL}`).selectOption("member");
  await row.getByRole("button", { name: "Set" }).click();
  await admin.sees(admin.page.getByRole("status").getByText("Role changed."));
  await ada.go(at.projects);
  await ada.sees(ada.link("Create project"));

  // The last admin stays one.
  await admin.field(`Role of ${scene.user}`).selectOption("member");
  const own = admin.page.getByRole("row").filter({ hasText: scene.user });
  admin.tolerated = new Set([400, 403, 409]);
  await own.getByRole("button", { name: "Set" }).click();
  await admin.sees(admin.page.getByRole("alert"));
  await admin.look("members-last-admin");
  admin.tolerated = new Set();

  // Another password signs them out; removed, they see nothing here.
  await admin.go(at.members);
  await admin.confirm("New password", "Create a new password", row);
  const another = (await admin.page.locator("#one-time-password").textContent()).trim();
  await ada.go(at.projects);
  assert(ada.here.startsWith(at.signIn));
  await ada.signIn(EMAIL, another);
  await ada.arrives(at.account);
  await admin.go(at.members);
  await row.locator("summary", { hasText: "Remove" }).click();
  await admin.showsWhole(admin.button("Remove member"));
  await admin.look("members-remove");
  await admin.button("Remove member").click();
  await admin.sees(admin.page.getByRole("status").getByText("Member removed."));
  await admin.lacks(row);
  ada.tolerated = new Set([403, 404]);
  await ada.go(at.projects);
  await ada.lacks(ada.page.getByText(scene.project));
});
