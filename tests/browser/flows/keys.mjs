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
  await visitor.button("Create key").click();
  await visitor.sees(page.getByRole("status").getByText("Client key created."));
  assert.equal(await cards.count(), before + 1);

  const card = cards.first();
  const dsn = (await card.locator("code[id^=dsn-]").textContent()).trim();
  assert.equal(await send({ message: "hello" }, dsn), 200);
  await card.getByText("No rate limit").click();
  await card.getByLabel("Name").fill("Shop <u>front</u>");
  await card.getByRole("button", { name: "Save changes" }).click();
  await visitor.sees(page.getByRole("status").getByText("Changes saved."));
  const named = page.getByRole("region", { name: "Shop <u>front</u>" });
  await visitor.sees(named);

  await named.getByText("No rate limit").click();
  await named.getByLabel("Rate limit").fill("many");
  await named.getByLabel("events in").fill("60");
  await visitor.refused(400, () => named.getByRole("button", { name: "Save changes" }).click());
  await visitor.sees(page.getByRole("alert"));
  assert.equal(await named.getByLabel("Rate limit").inputValue(), "many");
  await visitor.look("keys-page-refused");
  await named.getByLabel("Rate limit").fill("1");
  await named.getByRole("button", { name: "Save changes" }).click();
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
