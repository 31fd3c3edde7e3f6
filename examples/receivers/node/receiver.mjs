// Receives Watchfire's webhooks. Needs nothing but Node.js 18.
//
//     WATCHFIRE_SECRET=8fcac28a... PORT=9100 node receiver.mjs
//
// WATCHFIRE_SECRET    the hook's `secret`; while it is rotated, the new one and the old one with a blank between
// WATCHFIRE_VERIFY    `hex` checks X-Sentry-Hook-Signature (default), `standard` the three headers of Standard Webhooks
// PORT                on 127.0.0.1; 0 takes a free one. The first line of the output says which
//
// In Express, take the raw body for this route: `app.post("/hook", express.raw({ type: "application/json", limit: "4mb" }), …)`, and
// give `request.body`, a Buffer, to the functions below. After `express.json()` the bytes that were signed are gone.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const BODY_MAX_BYTES = 4 * 1024 * 1024;
const TIMESTAMP_TOLERANCE_SECONDS = 300;
const DELIVERIES_REMEMBERED = 10_000;
const READ_TIMEOUT_MILLIS = 30_000;

/** The request is answered with this status, and is no webhook of ours. */
class Refused extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

/** X-Sentry-Hook-Signature: the hex HMAC-SHA256 of the body's bytes. The key is the secret's text, as it is. */
function checkHex(secrets, body, signature) {
  const matches = secrets.map((secret) => isEqual(createHmac("sha256", secret).update(body).digest("hex"), signature));
  if (!matches.includes(true)) throw new Refused(401, "X-Sentry-Hook-Signature does not match");
}

/** Standard Webhooks: the base64 HMAC-SHA256 of id, timestamp and body, with dots between; not older than five minutes. */
function checkStandard(secrets, body, { id, timestamp, signatures }) {
  if (!/^[0-9]{1,12}$/.test(timestamp)) throw new Refused(401, "webhook-timestamp is no time");
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TIMESTAMP_TOLERANCE_SECONDS) {
    throw new Refused(401, "webhook-timestamp is too far from now");
  }
  const sign = (secret) => createHmac("sha256", secret).update(`${id}.${timestamp}.`, "latin1").update(body).digest("base64");
  const given = signatures.split(" ");
  const matches = secrets.flatMap((secret) => given.map((one) => isEqual(`v1,${sign(secret)}`, one)));
  if (!matches.includes(true)) throw new Refused(401, "webhook-signature does not match");
}

function isEqual(expected, given) {
  const [one, other] = [Buffer.from(expected, "latin1"), Buffer.from(given, "latin1")];
  return one.length === other.length && timingSafeEqual(one, other);
}

/**
 * The ids of those that are being handled and of the last that were: what comes again, after a retry or a crash of the sender,
 * is not handled again.
 */
class Deliveries {
  #handling = new Set();
  #handled = new Set();

  /** Whether it is to be handled; then `end` must follow. */
  begin(id) {
    if (this.#handled.has(id)) return false;
    // Not 2xx: were it answered so, and then its handling failed, nobody would send it again.
    if (this.#handling.has(id)) throw new Refused(409, "the delivery is being handled");
    this.#handling.add(id);
    return true;
  }

  /** What failed is as if it had not come: the next try is new. */
  end(id, succeeded) {
    this.#handling.delete(id);
    if (!succeeded) return;
    this.#handled.add(id);
    // A Set keeps the order of insertion: the first is the oldest.
    if (this.#handled.size > DELIVERIES_REMEMBERED) this.#handled.delete(this.#handled.values().next().value);
  }
}

/** Your part. Answer within the hook's timeout, 5 s: what takes longer belongs into a queue. */
async function handle(kind, webhook) {
  console.log(`accepted ${kind} ${JSON.stringify(webhook.message)}`);
}

/** The bytes as they arrive, before anything reads them as JSON: the signature covers them. */
async function readBody(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    // The rest is thrown away, so that the sender sees the answer; the request's timeout ends that, too.
    if (length <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  if (length > BODY_MAX_BYTES) throw new Refused(413, `more than ${BODY_MAX_BYTES} bytes`);
  return Buffer.concat(chunks);
}

function receiver(secrets, scheme) {
  const deliveries = new Deliveries();

  async function receive(request) {
    if (request.method !== "POST") throw new Refused(405, "a webhook is a POST");
    const body = await readBody(request);
    const header = (name) => String(request.headers[name] ?? "");
    let delivery;
    if (scheme === "standard") {
      delivery = header("webhook-id");
      const signed = { id: delivery, timestamp: header("webhook-timestamp"), signatures: header("webhook-signature") };
      checkStandard(secrets, body, signed);
    } else {
      delivery = header("x-sentry-hook-delivery");
      checkHex(secrets, body, header("x-sentry-hook-signature"));
    }
    if (delivery === "") throw new Refused(400, "the delivery has no id");
    if (!deliveries.begin(delivery)) {
      console.log(`repeated ${JSON.stringify(delivery)}`);
      return;
    }
    let succeeded = false;
    try {
      await handle(header("x-sentry-hook-event"), JSON.parse(body.toString("utf8")));
      succeeded = true;
    } finally {
      deliveries.end(delivery, succeeded);
    }
  }

  return async (request, response) => {
    let status = 204;
    try {
      await receive(request);
    } catch (error) {
      status = error instanceof Refused ? error.status : 500;
      console.log(error instanceof Refused ? `refused ${status} ${error.message}` : `failed ${error}`);
    }
    response.writeHead(status).end();
  };
}

const secrets = (process.env.WATCHFIRE_SECRET ?? "").split(/\s+/).filter(Boolean);
if (secrets.length === 0 || !secrets.every((secret) => /^[0-9a-f]{64}$/.test(secret))) {
  console.error("WATCHFIRE_SECRET must hold the hook's `secret`: 64 hex digits");
  process.exit(1);
}
const scheme = process.env.WATCHFIRE_VERIFY ?? "hex";
if (!["hex", "standard"].includes(scheme)) {
  console.error("WATCHFIRE_VERIFY must be hex or standard");
  process.exit(1);
}

const server = createServer({ requestTimeout: READ_TIMEOUT_MILLIS }, receiver(secrets, scheme));
server.listen(Number(process.env.PORT ?? 9100), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/`);
});
