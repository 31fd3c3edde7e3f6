// Forms of others: without the session's token, from a page of another origin, from somebody whose role does not allow it.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";

import { at, play, scene, user } from "../lib.mjs";

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

  // Who may only read sees no button that would be refused, and is refused all the same.
  await reader.go(at.projects);
  await reader.sees(reader.page.getByRole("row").filter({ hasText: scene.project }));
  await reader.lacks(reader.link("Create project"));
  await reader.go(at.project("hooks"));
  await reader.sees(reader.heading("Service Hooks"));
  await reader.lacks(reader.link("Add Service Hook"));
  await reader.go(at.project("getting-started"));
  await reader.sees(reader.heading(`Set up ${scene.project}`));
  await reader.lacks(reader.button("Send a test event"));
  await reader.go(at.project("general"));
  await reader.sees(reader.heading("General"));
  await reader.lacks(reader.button("Save changes"));
  await reader.lacks(reader.button("Delete project"));
  await reader.look("project-general-read-only");
  const own = await token(reader);
  const tries = [
    [create, { name: "mine" }],
    [at.project("general"), { name: "mine", slug: "mine" }],
    [`${at.project("general")}delete/`, { confirm: scene.project }],
  ];
  for (const [path, fields] of tries) {
    const answer = await reader.context.request.post(path, { form: { csrf: own, ...fields } });
    assert.equal(answer.status(), 403, path);
    assert.match(await answer.text(), /Your role does not allow this/, path);
  }
  const event = await reader.context.request.post(`${at.project("getting-started")}test-event/`, { form: { csrf: own } });
  assert.equal(event.status(), 403, "a test event");
  await admin.go(at.project("general"));
  assert.equal(await admin.field("Slug").inputValue(), scene.project);
});
