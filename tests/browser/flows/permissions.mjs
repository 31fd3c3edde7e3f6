// Forms of others: without the session's token, from a page of another origin, from somebody whose role does not allow it.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";

import { api, ask, at, play, projectApi, scene, send, user } from "../lib.mjs";

const RULE = {
  name: "Every event",
  conditions: [{ id: "sentry.rules.conditions.every_event.EveryEventCondition" }],
  actions: [{ id: "sentry.rules.actions.notify_event.NotifyEventAction" }],
  actionMatch: "all",
  frequency: 5,
};
/** Links to forms that need more than reading. */
const INVITATIONS = ["Create project", "Add Service Hook", "Create alert rule", "Edit", "Add one"];
const READER = "reader@example.com";
const token = (visitor) => visitor.page.locator("input[name=csrf]").first().inputValue();

await play(async ({ visit }) => {
  const password = await user(READER, "read-only");
  const admin = await visit();
  await admin.signIn();

  // No token, a wrong one, that of another session.
  const reader = await visit();
  await reader.signIn(READER, password);
  const create = `${at.projects}new/`;
  for (const csrf of [undefined, "", "stub", await token(reader)]) {
    const form = { name: "forged", platform: "", ...(csrf === undefined ? {} : { csrf }) };
    const answer = await admin.context.request.post(create, { form });
    assert.equal(answer.status(), 403, `token ${csrf}`);
    assert.match(await answer.text(), /This form has expired/);
  }
  const signOut = await admin.context.request.post(at.signOut, { form: {} });
  assert.equal(signOut.status(), 403);

  // A page of another origin on the same site: cookies go along, so they must not be enough. Even with the right token.
  const csrf = await token(admin);
  const form = `<!doctype html><title>Elsewhere</title><link rel="icon" href="data:,">
    <form method="post" action="${scene.base}${create}">
    <input name="name" value="forged"><input name="csrf" value="${csrf}"><button>Win a prize</button></form>`;
  const foreign = createServer((_, answer) => answer.writeHead(200, { "content-type": "text/html" }).end(form));
  foreign.listen(0, "127.0.0.1");
  await once(foreign, "listening");
  const origin = `http://127.0.0.1:${foreign.address().port}`;
  admin.origins.add(origin);
  await admin.page.goto(origin);
  await admin.refused(403, () => admin.button("Win a prize").click());
  await admin.sees(admin.heading("This form has expired"));
  await admin.look("form-expired");
  await admin.page.goto("about:blank");
  foreign.close();
  foreign.closeAllConnections();
  await admin.go(at.projects);
  await admin.lacks(admin.page.getByText("forged"));

  // Who may only read sees everything but secrets, and no button that would be refused.
  const hook = await api("POST", `${projectApi}hooks/`, { url: scene.receiver, events: ["event.created"] });
  await ask("trust", { secrets: [hook.secret] });
  await send({ message: "hello" });
  await ask("webhooks", { count: 1 });
  const rule = await api("POST", `${projectApi}rules/`, RULE);
  const [issue] = await api("GET", `${projectApi}issues/`);
  const [delivery] = await api("GET", `${projectApi}hooks/${hook.id}/deliveries/`);
  const [key] = await api("GET", `${projectApi}keys/`);
  const ofHook = at.project(`hooks/${hook.id}`);
  const ofRule = at.project(`alerts/${rule.id}`);
  const ofIssue = `${at.issues}${issue.id}/`;
  const ofKey = at.project(`keys/${key.id}`);
  const pages = [
    [at.overview, reader.heading("Overview")],
    [at.projects, reader.heading("Projects")],
    [at.project("getting-started"), reader.heading(`Set up ${scene.project}`)],
    [at.project("general"), reader.heading("General")],
    [at.project("keys"), reader.heading("Client Keys")],
    [at.project("hooks"), reader.heading("Service Hooks")],
    [ofHook, reader.heading("Last deliveries")],
    [`${ofHook}deliveries/`, reader.heading("Deliveries")],
    [`${ofHook}deliveries/${delivery.id}/`, reader.heading("Attempts")],
    [`${ofHook}replays/`, reader.heading("Replays")],
    [at.project("alerts"), reader.heading("Alert Rules")],
    [ofRule, reader.heading("Rule")],
    [at.issues, reader.heading("Issues")],
    [ofIssue, reader.heading("This issue")],
    [at.members, reader.heading("Members")],
  ];
  for (const [path, heading] of pages) {
    await reader.go(path);
    await reader.sees(heading);
    const main = reader.page.getByRole("main");
    await reader.lacks(main.locator("form[method=post]").getByRole("button"));
    for (const name of INVITATIONS) await reader.lacks(reader.link(name));
    assert.equal((await reader.page.content()).includes(hook.secret), false, `${path} shows the secret`);
  }
  await reader.go(ofHook);
  await reader.look("hook-read-only");
  await reader.go(at.project("general"));
  await reader.look("project-general-read-only");

  // Their forms are refused all the same, with the right token.
  const own = await token(reader);
  const forms = [
    [create, { name: "mine" }],
    [at.project("general"), { name: "mine", slug: "mine" }],
    [`${at.project("general")}delete/`, { confirm: scene.project }],
    [`${at.project("getting-started")}test-event/`, {}],
    [at.project("keys"), {}],
    [ofKey, { name: "mine" }],
    [`${ofKey}toggle/`, { active: "no" }],
    [`${ofKey}delete/`, {}],
    [at.project("hooks/new"), { url: scene.receiver, events: "event.created" }],
    [`${ofHook}edit/`, { url: "http://127.0.0.1:9/", events: "event.created" }],
    [`${ofHook}test/`, {}],
    [`${ofHook}disable/`, {}],
    [`${ofHook}rotate/`, { overlap: "0" }],
    [`${ofHook}finish-rotation/`, {}],
    [`${ofHook}delete/`, {}],
    [`${ofHook}replays/`, { hours: "1", status: "failed" }],
    [`${ofHook}deliveries/${delivery.id}/redeliver/`, {}],
    [at.project("alerts/new"), { name: "mine", to: "every", frequency: "5" }],
    [`${ofRule}edit/`, { name: "mine", to: "every", frequency: "5" }],
    [`${ofRule}snooze/`, { for: "1h" }],
    [`${ofRule}delete/`, {}],
    [at.issues, { issue: issue.id, action: "resolved" }],
    [at.issues, { issue: issue.id, action: "delete" }],
    [ofIssue, { action: "resolved" }],
    [`${ofIssue}delete/`, {}],
    [at.members, { email: "eve@example.com", orgRole: "admin" }],
  ];
  for (const [path, fields] of forms) {
    const answer = await reader.context.request.post(path, { form: { csrf: own, ...fields } });
    assert.equal(answer.status(), 403, path);
    assert.match(await answer.text(), /Your role does not allow this/, path);
  }
  assert.equal((await api("GET", `${projectApi}hooks/`)).length, 1);
  assert.equal((await api("GET", `${projectApi}issues/`))[0].status, "unresolved");
  await admin.go(at.project("general"));
  assert.equal(await admin.field("Slug").inputValue(), scene.project);
});
