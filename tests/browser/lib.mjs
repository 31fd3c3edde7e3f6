// What all flows share: the browser, the visitors in it, and what fails any flow that does not expect it.
//
// A flow is `await play(async (stage) => { … })`. Each visitor is a browser of their own (cookies, cache). A flow fails by itself on an
// error on the console or in a script, on what the Content Security Policy refused, on a dialog, on a request to another host, on one
// that failed, and on an answer of 400 or more that was not announced with `refused`.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { chromium } from "playwright-core";

/** What the test tells: see stage.rs. */
export const scene = JSON.parse(process.argv[2]);

/** How long a flow may take: a browser that hangs must not hang the tests. */
const FLOW_MS = 120_000;
/** How long one step may take. A machine that does ten things at once is slow. */
const STEP_MS = 20_000;
const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const LAUNCH = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const GRAVE = new Set(["serious", "critical"]);

/** Paths of the pages. */
export const at = {
  signIn: "/auth/login/",
  signOut: "/auth/logout/",
  account: "/settings/account/",
  tokens: "/settings/account/api/auth-tokens/",
  overview: `/organizations/${scene.organization}/`,
  projects: `/organizations/${scene.organization}/projects/`,
  issues: `/organizations/${scene.organization}/issues/`,
  members: `/settings/${scene.organization}/members/`,
  /** A page of a project, such as `general`. */
  project: (page, project = scene.project) => `/settings/${scene.organization}/projects/${project}/${page}/`,
};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Asks the test for something: see `Question` in stage.rs. One question at a time. */
export async function ask(question, more = {}) {
  process.stdout.write(`${JSON.stringify({ ask: question, ...more })}\n`);
  const { value, done } = await lines.next();
  assert(!done, "the test has gone");
  return JSON.parse(value);
}

/** Raises one scenario with the real Node SDK (`exception`, `full`, …); the ids of the events that the server has taken. */
export async function raise(scenario, dsn = scene.dsn) {
  const { stdout } = await promisify(execFile)(process.execPath, [scene.raise, scenario, dsn]);
  return JSON.parse(stdout).event_ids;
}

/** Sends an event without an SDK, which takes less time; the status of the answer. */
export async function send(event, dsn = scene.dsn) {
  const { origin, username, pathname } = new URL(dsn);
  const headers = { "content-type": "application/json", "x-sentry-auth": `Sentry sentry_version=7, sentry_key=${username}` };
  const answer = await fetch(`${origin}/api${pathname}/store/`, { method: "POST", headers, body: JSON.stringify(event) });
  return answer.status;
}

/** Calls the management API with the token of the scene; the answer's JSON, or null. The path is what follows `/api/0/`. */
export async function api(method, path, body) {
  const headers = { authorization: `Bearer ${scene.token}`, "content-type": "application/json" };
  const answer = await fetch(`${scene.base}/api/0/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** The project's path in the management API. */
export const projectApi = `projects/${scene.organization}/${scene.project}/`;

/** Makes another user; their password. */
export async function user(email, role) {
  const said = await ask("command", { arguments: ["user", "create", email, "--role", role] });
  return /^password\s+(\S+)$/m.exec(said)[1];
}

/** Runs a flow: with a browser, to its end or to its first fault. */
export async function play(flow) {
  mkdirSync(scene.screenshots, { recursive: true });
  const watchdog = setTimeout(() => fail(new Error(`still not done after ${FLOW_MS} ms`)), FLOW_MS);
  const browser = await chromium.launch({ executablePath: scene.chromium, args: LAUNCH });
  const visitors = [];
  try {
    await flow({
      async visit(options) {
        const visitor = await Visitor.enter(browser, options);
        visitors.push(visitor);
        return visitor;
      },
    });
    for (const visitor of visitors) visitor.check();
  } catch (error) {
    for (const [index, visitor] of visitors.entries()) await visitor.leaveTrace(index);
    fail(error);
  } finally {
    await browser.close();
    clearTimeout(watchdog);
    process.stdin.destroy();
  }
}

function fail(error) {
  console.error(error.stack ?? String(error));
  process.exit(1);
}

/** Somebody with a browser of their own. */
class Visitor {
  faults = [];
  /** Statuses of answers that are to come. */
  announced = [];
  /** Statuses that may come at any time. */
  tolerated = new Set();

  /** Options: `javaScript` (true), `hosts` (origins beside ours that pages may ask), and what Playwright takes. */
  static async enter(browser, { javaScript = true, hosts = [], ...options } = {}) {
    const visitor = new Visitor();
    visitor.javaScript = javaScript;
    visitor.origins = new Set([scene.base, ...hosts]);
    visitor.context = await browser.newContext({
      baseURL: scene.base,
      javaScriptEnabled: javaScript,
      viewport: WIDE,
      reducedMotion: "reduce",
      locale: "en-GB",
      permissions: ["clipboard-read", "clipboard-write"],
      ...options,
    });
    visitor.context.setDefaultTimeout(STEP_MS);
    await visitor.context.exposeFunction("__refusedByPolicy", (text) => visitor.fault(`refused by the policy: ${text}`));
    await visitor.context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        globalThis.__refusedByPolicy(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
    visitor.watch();
    visitor.page = await visitor.context.newPage();
    return visitor;
  }

  watch() {
    this.context.on("console", (message) => {
      // What was refused is judged by its status below.
      const isStatus = message.text().startsWith("Failed to load resource: the server responded with a status of ");
      if (message.type() === "error" && !isStatus) this.fault(`console: ${message.text()}`);
    });
    this.context.on("weberror", (error) => this.fault(`script: ${error.error().stack}`));
    this.context.on("dialog", (dialog) => {
      this.fault(`dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    this.context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== "data:" && !this.origins.has(origin)) this.fault(`request to another host: ${request.url()}`);
    });
    this.context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText;
      // What a page that is left was still asking for.
      if (why !== "net::ERR_ABORTED") this.fault(`${request.method()} ${request.url()}: ${why}`);
    });
    this.context.on("response", (response) => {
      if (response.status() < 400 || this.tolerated.has(response.status())) return;
      const index = this.announced.indexOf(response.status());
      if (index < 0) this.fault(`${response.request().method()} ${response.url()}: ${response.status()}`);
      else this.announced.splice(index, 1);
    });
  }

  fault(text) {
    this.faults.push(text);
  }

  /** Fails if something has happened that must not. */
  check() {
    assert.deepEqual(this.faults, []);
    assert.deepEqual(this.announced, [], "answers that were announced and did not come");
  }

  /** Does something that is answered with this status. */
  async refused(status, action) {
    this.announced.push(status);
    const answer = this.page.waitForResponse((response) => response.status() === status);
    const [result] = await Promise.all([action(), answer]);
    await this.page.waitForLoadState();
    return result;
  }

  /** Opens a page of ours. */
  async go(path) {
    return this.page.goto(path);
  }

  /** Waits until the page has this path. */
  async arrives(path) {
    await this.page.waitForURL((url) => url.pathname === path);
  }

  /** The path and query of the page. */
  get here() {
    const { pathname, search } = new URL(this.page.url());
    return pathname + search;
  }

  /** Waits until a text, or a locator, is there to be seen. */
  async sees(what) {
    const locator = typeof what === "string" ? this.page.getByText(what) : what;
    await locator.first().waitFor();
  }

  /** Whether nothing of this is on the page. */
  async lacks(locator) {
    assert.equal(await locator.count(), 0, `${locator} is on the page`);
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  link(name) {
    return this.page.getByRole("link", { name, exact: true });
  }

  field(label) {
    return this.page.getByLabel(label, { exact: true });
  }

  /** What is asked once more before it is done: opens the question inside of `scope`, which is the page if it is not named, and agrees. */
  async confirm(question, agreement, scope = this.page) {
    const details = scope.locator("details.confirm").filter({ has: this.page.locator("summary", { hasText: question }) });
    await details.locator("summary").click();
    const button = details.getByRole("button", { name: agreement, exact: true });
    await this.showsWhole(button);
    await button.click();
  }

  heading(name) {
    return this.page.getByRole("heading", { name, exact: true });
  }

  /** Waits for the complaint that stands beside a field, and is tied to it for those who do not see. */
  async complaintOf(label) {
    const field = this.field(label);
    await this.page.locator("[aria-invalid=true]").first().waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true", `${label} is not marked`);
    const described = await field.getAttribute("aria-describedby");
    return (await this.page.locator(`#${described} .complaint`).textContent()).trim();
  }

  /** Signs in through the form, as the scene's user if nobody else is named. */
  async signIn(email = scene.user, password = scene.password) {
    if (!this.page.url().includes(at.signIn)) await this.go(at.signIn);
    await this.field("E-mail address").fill(email);
    await this.field("Password").fill(password);
    await this.button("Sign in").click();
    await this.page.waitForURL((url) => url.pathname !== at.signIn);
  }

  /** Opens everything on the page that is folded. */
  async unfold() {
    await this.page.evaluate(() => {
      for (const details of document.querySelectorAll("main details:not(.confirm)")) {
        // Of those that share a name only one can be open.
        details.removeAttribute("name");
        details.open = true;
      }
    });
  }

  /** Fails where something hides a part of what was just shown. */
  async showsWhole(locator) {
    await locator.waitFor();
    const isWhole = await locator.evaluate((shown) => {
      const { left, right, top, bottom } = shown.getBoundingClientRect();
      const [x, y] = [(left + right) / 2, (top + bottom) / 2];
      const edges = [[left + 1, y], [right - 1, y], [x, top + 1], [x, bottom - 1]];
      return edges.every((point) => shown.contains(document.elementFromPoint(...point)));
    });
    assert(isWhole, `${locator} is hidden in part`);
  }

  /** Looks at the page as it is: in light and dark, on a desk and on a phone. Keeps pictures, and judges it each time. */
  async look(name) {
    for (const [size, viewport] of [["1280", WIDE], ["390", PHONE]]) {
      await this.page.setViewportSize(viewport);
      for (const colorScheme of ["light", "dark"]) {
        await this.page.emulateMedia({ colorScheme });
        const picture = `${name}-${colorScheme}-${size}`;
        // Hiding the caret would leave style attributes behind, which the policy refuses when htmx copies them.
        const options = { fullPage: true, animations: "disabled", caret: "initial" };
        await this.page.screenshot({ path: `${scene.screenshots}/${picture}.png`, ...options });
        if (this.javaScript) await this.audit(picture);
      }
      const tooWide = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert(tooWide <= 0, `${name} at ${size} is ${tooWide} pixels too wide`);
    }
    await this.page.setViewportSize(WIDE);
    await this.page.emulateMedia({ colorScheme: "light" });
    assert.deepEqual(this.faults, []);
  }

  /** What axe-core finds serious or critical. */
  async audit(name) {
    if (!(await this.page.evaluate(() => "axe" in globalThis))) await this.page.evaluate(AXE);
    const violations = await this.page.evaluate(async (tags) => {
      const { violations } = await globalThis.axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
      return violations.map(({ id, impact, help, nodes }) => {
        const found = nodes.slice(0, 3).map((node) => `${node.target.join(" ")}: ${node.failureSummary}`);
        return { id, impact, help, found };
      });
    }, AXE_TAGS);
    const grave = violations.filter(({ impact }) => GRAVE.has(impact));
    assert.deepEqual(grave, [], `accessibility of ${name}`);
  }

  async leaveTrace(index) {
    try {
      await this.page.screenshot({ path: `${scene.screenshots}/failed-${scene.flow}-${index}.png`, fullPage: true });
      console.error(`visitor ${index} was at ${this.page.url()}; faults: ${JSON.stringify(this.faults, null, 2)}`);
      console.error((await this.page.locator("body").innerText()).slice(-800));
    } catch (error) {
      console.error(`no trace of visitor ${index}: ${error}`);
    }
  }
}
