// Pages of a server that has been in use for four weeks: charts with a past, lists that are full, a receiver that is down.

import assert from "node:assert/strict";

import { api, at, play, projectApi, scene } from "../lib.mjs";

/** Days of the chart of attempts. */
const DAYS = 30;

await play(async ({ visit }) => {
  const hooks = await api("GET", `${projectApi}hooks/`);
  const well = hooks.find(({ url }) => url === scene.receiver);
  const down = hooks.find(({ url }) => url !== scene.receiver);
  const visitor = await visit();
  const { page } = visitor;
  await visitor.signIn();

  // The overview: every hour of the last day, and who is down.
  await visitor.arrives(at.overview);
  const hours = page.getByRole("img", { name: /events in 24 hours/ }).locator("rect.bar");
  assert.equal(await hours.count(), 24);
  const heights = await hours.evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute("height"))));
  assert(heights.filter((height) => height > 0).length >= 18, `bars of ${heights}`);
  assert.equal(Math.max(...heights), 100);
  await visitor.sees(page.getByRole("row").filter({ hasText: down.url }));
  await visitor.look("weeks-overview");
  await visitor.go(at.projects);
  await visitor.look("weeks-projects");

  // The hooks, and the one that is well: nearly all was delivered, but for two bad days.
  await visitor.go(at.project("hooks"));
  await visitor.look("weeks-hooks");
  await visitor.go(at.project(`hooks/${down.id}`));
  await visitor.sees(page.locator("#standing .badge.bad"));
  await visitor.look("weeks-hook-down");
  await visitor.go(`${at.project(`hooks/${well.id}`)}deliveries/`);
  const chart = page.getByRole("region", { name: "Attempts over 30 days" });
  const days = chart.getByRole("img", { name: /attempts in 30 days/ }).locator("g");
  assert.equal(await days.count(), DAYS);
  const bad = days.filter({ has: page.locator("rect.fill-bad") });
  assert.equal(await bad.count(), 2, "two days had failures");
  assert.match(await bad.first().locator("title").textContent(), /succeeded, \d+ error status$/);
  assert.equal(await page.getByRole("row").filter({ hasText: "event.created" }).count(), 50);
  await visitor.look("weeks-deliveries");
  await visitor.link("Older").click();
  await visitor.sees(visitor.link("Newer"));
  await visitor.go(`${at.project(`hooks/${well.id}`)}deliveries/?status=failed`);
  await page.getByRole("row").filter({ hasText: "500" }).getByRole("link").first().click();
  await visitor.sees(visitor.heading("Attempts"));
  await visitor.look("weeks-delivery");

  // The issues, with their graphs, and one of them.
  await visitor.go(at.issues);
  const rows = page.getByRole("row").filter({ has: page.getByRole("checkbox", { name: /^Select MY-/ }) });
  assert.equal(await rows.count(), 5);
  await visitor.look("weeks-issues");
  await rows.filter({ hasText: "TimeoutError" }).getByRole("link").click();
  await visitor.sees(page.getByRole("heading", { level: 1 }).getByText("TimeoutError"));
  await visitor.sees(page.getByRole("region", { name: "Tags" }).getByText("4 other values"));
  await visitor.look("weeks-issue");

  // The rule that alerted, day by day.
  await visitor.go(at.project("alerts"));
  await visitor.look("weeks-rules");
  await page.getByRole("row").filter({ hasText: "once a day" }).getByRole("link").first().click();
  await visitor.sees(visitor.heading("Alerted issues"));
  await visitor.look("weeks-rule");
});
