// Nothing that comes from outside is ever markup: an event, a hook, a project and a rule full of it, on every page that shows them.

import assert from "node:assert/strict";

import { api, ask, at, play, projectApi, scene, send } from "../lib.mjs";

const IMAGE = `<img src=x onerror="window.__xss=1">`;
const SCRIPT = `</script></title></textarea></pre><script>window.__xss=2</script>`;
const LINK = "javascript:window.__xss=3";
const EVERYTHING = `'">${IMAGE}${SCRIPT}<svg onload=window.__xss=4><a href="${LINK}">x</a>&lt;b&gt;`;

/** An event with markup wherever a text can be. */
const event = {
  event_id: "0123456789abcdef0123456789abcdef",
  platform: "javascript",
  level: "error",
  logger: EVERYTHING,
  transaction: EVERYTHING,
  server_name: EVERYTHING,
  release: "<b>1</b>",
  environment: "<i>prod<i>",
  dist: "<u>",
  message: EVERYTHING,
  fingerprint: [EVERYTHING],
  exception: {
    values: [
      {
        type: `<b>Type</b>${IMAGE}`,
        value: EVERYTHING,
        module: EVERYTHING,
        mechanism: { type: EVERYTHING, handled: false, data: { key: EVERYTHING } },
        stacktrace: {
          frames: [
            {
              filename: EVERYTHING,
              abs_path: LINK,
              function: EVERYTHING,
              module: EVERYTHING,
              lineno: 7,
              in_app: true,
              pre_context: [EVERYTHING],
              context_line: EVERYTHING,
              post_context: [EVERYTHING],
              vars: { [EVERYTHING]: EVERYTHING },
            },
          ],
        },
      },
    ],
  },
  user: { id: EVERYTHING, email: EVERYTHING, username: EVERYTHING, ip_address: "192.0.2.1" },
  tags: { markup: "<b>tag</b>", url: LINK },
  extra: { [EVERYTHING]: EVERYTHING, nested: { link: LINK } },
  contexts: { custom: { [EVERYTHING]: EVERYTHING }, browser: { name: IMAGE, version: IMAGE } },
  breadcrumbs: [{ type: "http", category: EVERYTHING, message: EVERYTHING, level: "info", data: { url: LINK, [EVERYTHING]: EVERYTHING } }],
  request: {
    url: LINK,
    method: "GET",
    query_string: EVERYTHING,
    cookies: EVERYTHING,
    headers: { Referer: LINK, "X-Markup": EVERYTHING },
    data: EVERYTHING,
    env: { key: EVERYTHING },
  },
  sdk: { name: IMAGE, version: IMAGE },
  modules: { [IMAGE]: IMAGE },
};

await play(async ({ visit }) => {
  const filters = [{ id: "sentry.rules.filters.tagged_event.TaggedEventFilter", key: "markup", match: "co", value: `${IMAGE}|<b>` }];
  const hook = await api("POST", `${projectApi}hooks/`, {
    url: `${scene.receiver}?q='%22><img/src=x/onerror=window.__xss=5>`,
    events: ["event.created", "event.alert"],
    headers: { "X-Markup": IMAGE },
  });
  await ask("trust", { secrets: [hook.secret] });
  await api("PUT", projectApi, { name: `${IMAGE}${SCRIPT}`.slice(0, 50) });
  const rule = await api("POST", `${projectApi}rules/`, {
    name: EVERYTHING.slice(0, 250),
    conditions: [{ id: "sentry.rules.conditions.every_event.EveryEventCondition" }],
    filters,
    actions: [{ id: "sentry.rules.actions.notify_event.NotifyEventAction" }],
    actionMatch: "all",
    filterMatch: "none",
    frequency: 5,
  });
  await ask("answer", { status: 500 });
  assert.equal(await send(event), 200);
  await ask("webhooks", { count: 2 });
  const [issue] = await api("GET", `${projectApi}issues/`);
  const deliveries = await api("GET", `${projectApi}hooks/${hook.id}/deliveries/`);

  const visitor = await visit();
  const { page } = visitor;
  await visitor.signIn();
  const ofHook = at.project(`hooks/${hook.id}`);
  const ofRule = at.project(`alerts/${rule.id}`);
  const ofIssue = `${at.issues}${issue.id}/`;
  const paths = [
    at.overview,
    at.projects,
    at.project("getting-started"),
    at.project("general"),
    at.project("keys"),
    at.project("hooks"),
    ofHook,
    `${ofHook}edit/`,
    `${ofHook}doctor/`,
    `${ofHook}replays/`,
    `${ofHook}deliveries/`,
    ...deliveries.map((delivery) => `${ofHook}deliveries/${delivery.id}/`),
    at.project("alerts"),
    ofRule,
    `${ofRule}edit/`,
    at.issues,
    `${at.issues}?query=${encodeURIComponent(IMAGE)}`,
    ofIssue,
    `${ofIssue}events/${event.event_id}/`,
    `${ofIssue}events/${event.event_id}/why/`,
  ];
  visitor.tolerated = new Set([400]);
  for (const path of paths) {
    await visitor.go(path);
    await visitor.unfold();
    const { ran, strange, links } = await page.evaluate(() => ({
      ran: globalThis.__xss,
      // What our templates never have.
      strange: [...document.querySelectorAll("main :is(img, script, iframe, object, base, b, i, u, em, [onerror], [onload])")].map(
        (element) => element.outerHTML,
      ),
      links: [...document.querySelectorAll("a[href], form[action]")].map((element) => {
        return new URL(element.getAttribute("href") ?? element.getAttribute("action"), document.baseURI).protocol;
      }),
    }));
    assert.equal(ran, undefined, path);
    assert.deepEqual(strange, [], path);
    assert.deepEqual([...new Set(links)], ["http:"], path);
  }
  await visitor.go(ofIssue);
  await visitor.sees(page.getByText(IMAGE).first());
  await visitor.look("issue-markup");
  await visitor.go(at.issues);
  await visitor.look("issues-markup");
});
