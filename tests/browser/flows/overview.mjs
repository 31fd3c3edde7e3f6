// The overview: what came in, what was sent, which hooks fail, and the same of each project and hook.

import assert from "node:assert/strict";

import { api, ask, at, play, projectApi, scene, send } from "../lib.mjs";

const EVENTS = 3;

await play(async ({ visit }) => {
  const hook = await api("POST", `${projectApi}hooks/`, { url: scene.receiver, events: ["event.created"] });
  await ask("trust", { secrets: [hook.secret] });
  await ask("answer", { status: 500 });
  for (let number = 1; number <= EVENTS; number += 1) assert.equal(await send({ message: `number ${number}` }), 200);
  await ask("webhooks", { count: EVENTS });
  const visitor = await visit();
  const { page } = visitor;
  await visitor.signIn();
  await visitor.arrives(at.overview);
  const tile = (name) => page.locator(".tile", { hasText: name });
  await visitor.sees(tile("Events in").getByText(String(EVENTS), { exact: true }));
  await visitor.look("overview");
  await visitor.link("Projects").click();
  await visitor.arrives(at.projects);
  await visitor.sees(page.getByRole("row").filter({ hasText: scene.project }).getByText(String(EVENTS), { exact: true }));
  await visitor.look("projects-with-figures");
  await visitor.go(at.project("hooks"));
  await visitor.sees(page.getByRole("row").filter({ hasText: scene.receiver }));
  await visitor.look("hooks-with-figures");
  await visitor.go(`${at.project(`hooks/${hook.id}`)}deliveries/`);
  const chart = page.getByRole("region", { name: "Attempts over 30 days" });
  await visitor.sees(chart);
  await chart.getByText("As a table").click();
  await visitor.sees(chart.getByRole("columnheader", { name: "Attempts" }));
  await visitor.look("deliveries-chart");
});
