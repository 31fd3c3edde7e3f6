// Raises one known error with the real Node SDK: `node raise.mjs SCENARIO DSN`, or what a test asks for:
// `node raise.mjs described DSN ERRORS`, with the same ERRORS as ../python/raise.py.
//
// Prints one JSON line, `{"scenario", "event_ids", "statuses", "flushed"}`, when everything has been sent. The exit code is 0 only if the
// server took every event. The texts are in ../scenarios.json, which the tests read too.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import * as Sentry from "@sentry/node";

const FLUSH_MS = 20_000;
const FILLER_PARTS = 8;
const texts = JSON.parse(readFileSync(new URL("../scenarios.json", import.meta.url), "utf8"));
const statuses = [];

class BasketError extends Error {
  name = "BasketError";
}

/** The SDK's own transport, which also remembers what the server answered to each envelope that holds an event. */
function watchedTransport(options) {
  const transport = Sentry.makeNodeTransport(options);
  return {
    flush: (timeout) => transport.flush(timeout),
    async send(envelope) {
      const [, items] = envelope;
      const response = await transport.send(envelope);
      if (items.some(([header]) => header.type === "event")) statuses.push(response.statusCode ?? 0);
      return response;
    },
  };
}

/** Deterministic text that compresses about as well as real data does. */
function filler(length) {
  let text = "";
  for (let number = 0; text.length < length; number += 1) {
    text += createHash("sha256").update(String(number)).digest("hex");
  }
  return text.slice(0, length);
}

function parsePrice(text) {
  throw new RangeError(text);
}

function large({ value, filler_bytes: length }) {
  return Sentry.withScope((scope) => {
    const text = filler(length);
    const part = Math.floor(text.length / FILLER_PARTS);
    for (let number = 0; number < FILLER_PARTS; number += 1) {
      scope.setExtra(`part-${number}`, text.slice(number * part, (number + 1) * part));
    }
    return [Sentry.captureMessage(value, "error")];
  });
}

async function described(errors) {
  const eventIds = [];
  for (const wanted of errors) {
    Sentry.withScope((scope) => {
      if (wanted.user) scope.setUser(wanted.user);
      if (wanted.level) scope.setLevel(wanted.level);
      scope.setTags(wanted.tags ?? {});
      scope.setExtras(wanted.extra ?? {});
      const error = new Error(wanted.value);
      error.name = wanted.type;
      eventIds.push(Sentry.captureException(error));
    });
    await Sentry.flush(FLUSH_MS);
  }
  return eventIds;
}

const scenarios = {
  exception() {
    try {
      parsePrice(texts.exception.value);
      return [];
    } catch (error) {
      return [Sentry.captureException(error)];
    }
  },
  chained() {
    const cause = new TypeError(texts.chained.cause);
    return [Sentry.captureException(new BasketError(texts.chained.value, { cause }))];
  },
  message() {
    return [Sentry.captureMessage(texts.message.value, texts.message.level)];
  },
  fingerprint() {
    return Sentry.withScope((scope) => {
      scope.setFingerprint(texts.fingerprint.fingerprint);
      return [Sentry.captureMessage(texts.fingerprint.value, "error")];
    });
  },
  full() {
    return Sentry.withScope((scope) => {
      scope.setUser(texts.full.user);
      scope.setTransactionName(texts.full.transaction);
      scope.setTags(texts.full.tags);
      scope.setExtras(texts.full.extra);
      for (const [name, value] of Object.entries(texts.full.contexts)) scope.setContext(name, value);
      for (const breadcrumb of texts.full.breadcrumbs) scope.addBreadcrumb(breadcrumb);
      return [Sentry.captureException(new BasketError(texts.full.value))];
    });
  },
  // The transport gzips what is larger than 32 KiB by itself.
  gzip: () => large(texts.compressed),
  big: () => large(texts.big),
};

const [scenario, dsn, errors, ...rest] = process.argv.slice(2);
const isKnown = errors === undefined ? Object.hasOwn(scenarios, scenario) : scenario === "described";
if (dsn === undefined || rest.length > 0 || !isKnown) {
  console.error(`usage: raise.mjs ${Object.keys(scenarios).join("|")} DSN, or raise.mjs described DSN ERRORS`);
  process.exit(2);
}
const wanted = errors === undefined ? {} : JSON.parse(errors);
const { server_name: serverName, ...options } = { ...texts.options, ...wanted.options };
Sentry.init({ dsn, serverName, ...options, transport: watchedTransport });
const eventIds = errors === undefined ? scenarios[scenario]() : await described(wanted.errors);
const flushed = await Sentry.flush(FLUSH_MS);
const accepted = statuses.filter((status) => status >= 200 && status < 300).length;
const isAccepted = flushed && eventIds.length > 0 && accepted === eventIds.length && accepted === statuses.length;
console.log(JSON.stringify({ scenario, event_ids: eventIds, statuses, flushed }));
process.exitCode = isAccepted ? 0 : 1;
