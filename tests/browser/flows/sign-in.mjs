// Signing in and out: wrong passwords, where one comes back to, the cookie, and who guesses.

import assert from "node:assert/strict";

import { at, play, scene } from "../lib.mjs";

/** More wrong passwords than are taken from one client while this runs: ten a minute. */
const GUESSES_MAX = 60;
/** How long a session lasts, in seconds. */
const SESSION_SECONDS = 14 * 86_400;
/** Places that are none of ours. */
const ELSEWHERE = [
  "https://evil.example/",
  "//evil.example/",
  "/\\evil.example/",
  "javascript:alert(1)",
  "/\t/evil.example/",
  "data:text/html,x",
];

await play(async ({ visit }) => {
  const visitor = await visit();
  const { page } = visitor;

  // Whoever is not signed in comes to the form, and from it to where they wanted.
  const wanted = at.project("general");
  await visitor.go(wanted);
  assert.equal(visitor.here, `${at.signIn}?next=${encodeURIComponent(wanted)}`);
  assert.equal(await visitor.field("E-mail address").evaluate((field) => field === document.activeElement), true);
  await visitor.look("sign-in");

  await visitor.field("E-mail address").fill(scene.user);
  await visitor.field("Password").fill("not it");
  await visitor.refused(422, () => visitor.button("Sign in").click());
  await visitor.sees(page.getByRole("alert").getByText("Wrong e-mail address or password"));
  assert.equal(await visitor.field("E-mail address").inputValue(), scene.user);
  assert.equal(await visitor.field("Password").inputValue(), "");
  await visitor.look("sign-in-wrong");

  await visitor.signIn();
  assert.equal(visitor.here, wanted);

  const cookies = await visitor.context.cookies();
  const session = cookies.find(({ name }) => name === "watchfire");
  assert.deepEqual(
    { httpOnly: session.httpOnly, sameSite: session.sameSite, path: session.path, domain: session.domain },
    { httpOnly: true, sameSite: "Lax", path: "/", domain: "127.0.0.1" },
  );
  const lasts = session.expires - Date.now() / 1000;
  assert(lasts > SESSION_SECONDS - 300 && lasts <= SESSION_SECONDS + 5, `the session lasts ${lasts} s`);
  assert.match(session.value, /^[0-9a-f]{64}$/);
  assert.equal(await page.evaluate(() => document.cookie.includes("watchfire=")), false);

  // Who is signed in already is sent on, and never to somebody else's page.
  const home = at.overview;
  for (const next of ELSEWHERE) {
    await visitor.go(`${at.signIn}?next=${encodeURIComponent(next)}`);
    assert.equal(page.url(), scene.base + home, next);
  }

  // Signing out ends the session itself: the cookie is worth nothing even to who has kept it.
  await visitor.button("Sign out").click();
  await visitor.arrives(at.signIn);
  assert.deepEqual((await visitor.context.cookies()).filter(({ name }) => name === "watchfire"), []);
  await page.goBack();
  await visitor.sees(visitor.button("Sign in"));
  await visitor.context.addCookies([session]);
  await visitor.go(home);
  assert(visitor.here.startsWith(at.signIn));
  await visitor.context.clearCookies();

  // The same places, from the form.
  for (const next of ELSEWHERE.slice(0, 2)) {
    await visitor.go(`${at.signIn}?next=${encodeURIComponent(next)}`);
    await visitor.signIn();
    assert.equal(page.url(), scene.base + home, next);
    await visitor.button("Sign out").click();
    await visitor.arrives(at.signIn);
  }

  // Whoever guesses is slowed down, and told for how long. A guess comes back every few seconds, so it may take one more.
  visitor.tolerated = new Set([422, 429]);
  await visitor.go(at.signIn);
  for (let guess = 0; guess < GUESSES_MAX; guess += 1) {
    await visitor.field("E-mail address").fill(scene.user);
    await visitor.field("Password").fill(`guess ${guess}`);
    const [answer] = await Promise.all([page.waitForResponse(/login/), visitor.button("Sign in").click()]);
    await page.waitForLoadState();
    if (answer.status() === 429) break;
  }
  await visitor.sees(page.getByRole("alert").getByText(/Too many sign-ins have failed from here\. Try again in \d+ s\./));
  await visitor.look("sign-in-throttled");
});
