// Client keys: made, named, limited, disabled, deleted, and what SDKs that use them are told.

import assert from "node:assert/strict";

import { at, play, send } from "../lib.mjs";

await play(async ({ visit }) => {
  const visitor = await visit();
  const { page } = visitor;
  await visitor.signIn();
  await visitor.go(at.project("keys"));
  await visitor.sees(visitor.heading("Client Keys"));
  const cards = page.locator("section.card");
  const before = await cards.count();
  await visitor.look("keys-page");
  await visitor.button("New key").click();
  await visitor.sees(page.getByRole("status").getByText("Client key created."));
  assert.equal(await cards.count(), before + 1);

  const card = cards.first();
  const dsn = (await card.locator("code[id^=dsn-]").textContent()).trim();
  assert.equal(await send({ message: "hello" }, dsn), 200);
  await card.getByLabel("Name").fill("Shop <u>front</u>");
  await card.getByRole("button", { name: "Save" }).click();
  await visitor.sees(page.getByRole("status").getByText("Changes saved."));
  const named = page.getByRole("region", { name: "Shop <u>front</u>" });
  await visitor.sees(named);

  await named.getByLabel("at most").fill("many");
  await named.getByLabel("Seconds").fill("60");
  await visitor.refused(400, () => named.getByRole("button", { name: "Save" }).click());
  await visitor.sees(page.getByRole("alert"));
  assert.equal(await named.getByLabel("at most").inputValue(), "many");
  await visitor.look("keys-page-refused");
  await named.getByLabel("at most").fill("1");
  await named.getByRole("button", { name: "Save" }).click();
  await visitor.sees(page.getByRole("status").getByText("Changes saved."));
  assert.deepEqual([await send({ message: "hello" }, dsn), await send({ message: "hello" }, dsn)], [200, 429]);

  await named.getByRole("button", { name: "Disable" }).click();
  await visitor.sees(named.getByText("Disabled"));
  assert.equal(await send({ message: "hello" }, dsn), 403);
  await named.locator("summary", { hasText: "Delete" }).click();
  await visitor.look("keys-page-delete");
  await named.getByRole("button", { name: "Delete key" }).click();
  await visitor.sees(page.getByRole("status").getByText("Client key deleted."));
  await visitor.lacks(named);
});
