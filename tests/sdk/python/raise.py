"""Raises one known error with the real Python SDK: `raise.py SCENARIO DSN`, or what a test asks for: `raise.py described DSN ERRORS`.

ERRORS is JSON: `{"options": {"release": …}, "errors": [{"type", "value", "level", "user", "tags", "extra"}]}`, all of it optional but
`type` and `value`. They are raised and sent one after the other; those of one type are one issue.

Prints one JSON line, `{"scenario", "event_ids", "statuses", "dropped"}`, when everything has been sent. The exit code is 0 only if the
server took every event. The texts are in ../scenarios.json, which the tests read too.
"""

import hashlib
import json
import os
import logging
import sys
from pathlib import Path

import sentry_sdk
from sentry_sdk.transport import HttpTransport

FLUSH_SECONDS = 20
FILLER_PARTS = 8
TEXTS = json.loads(Path(__file__).parent.parent.joinpath("scenarios.json").read_text(encoding="utf-8"))


class WatchedTransport(HttpTransport):
    """The SDK's own transport, which also remembers what became of each request."""

    statuses = []
    dropped = []

    def _request(self, *arguments, **named):
        response = super()._request(*arguments, **named)
        self.statuses.append(response.status)
        return response

    def on_dropped_event(self, reason):
        self.dropped.append(reason)
        super().on_dropped_event(reason)


class BasketError(Exception):
    """An error of the program that raises."""


def filler(length):
    """Deterministic text that compresses about as well as real data does."""
    rounds = range(length // 64 + 1)
    return "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in rounds)[:length]


def parse_price(text, quantity, currency):
    raise ValueError(text)


def handled_exception():
    texts = TEXTS["exception"]
    try:
        parse_price(texts["value"], **texts["locals"])
    except ValueError as error:
        return [sentry_sdk.capture_exception(error)]


def chained():
    try:
        try:
            raise ConnectionError(TEXTS["chained"]["cause"])
        except ConnectionError as cause:
            raise BasketError(TEXTS["chained"]["value"]) from cause
    except BasketError as error:
        return [sentry_sdk.capture_exception(error)]


def message():
    return [sentry_sdk.capture_message(TEXTS["message"]["value"], level=TEXTS["message"]["level"])]


def log_record():
    record = TEXTS["log_record"]
    logging.getLogger(record["logger"]).error(record["template"], *record["arguments"])
    return [sentry_sdk.last_event_id()]


def fingerprint():
    with sentry_sdk.new_scope() as scope:
        scope.fingerprint = TEXTS["fingerprint"]["fingerprint"]
        return [sentry_sdk.capture_message(TEXTS["fingerprint"]["value"], level="error")]


def full():
    texts = TEXTS["full"]
    with sentry_sdk.new_scope() as scope:
        scope.set_user(texts["user"])
        scope.set_transaction_name(texts["transaction"])
        for name, value in texts["tags"].items():
            scope.set_tag(name, value)
        for name, value in texts["extra"].items():
            scope.set_extra(name, value)
        for name, value in texts["contexts"].items():
            scope.set_context(name, value)
        for breadcrumb in texts["breadcrumbs"]:
            scope.add_breadcrumb(breadcrumb)
        try:
            raise BasketError(texts["value"])
        except BasketError as error:
            return [sentry_sdk.capture_exception(error)]


def large(texts):
    with sentry_sdk.new_scope() as scope:
        text = filler(texts["filler_bytes"])
        part = len(text) // FILLER_PARTS
        for number in range(FILLER_PARTS):
            scope.set_extra(f"part-{number}", text[number * part : (number + 1) * part])
        return [sentry_sdk.capture_message(texts["value"], level="error")]


def compressed():
    return large(TEXTS["compressed"])


def big():
    return large(TEXTS["big"])


def described(errors):
    event_ids = []
    for error in errors:
        with sentry_sdk.new_scope() as scope:
            if "user" in error:
                scope.set_user(error["user"])
            if "level" in error:
                scope.set_level(error["level"])
            for name, value in error.get("tags", {}).items():
                scope.set_tag(name, value)
            for name, value in error.get("extra", {}).items():
                scope.set_extra(name, value)
            try:
                raise type(error["type"], (Exception,), {})(error["value"])
            except Exception as raised:
                event_ids.append(sentry_sdk.capture_exception(raised))
        sentry_sdk.flush(timeout=FLUSH_SECONDS)
    return event_ids


# Name, what raises, and how the request is compressed. With Brotli installed the SDK would take `br` by itself; most users have it not.
SCENARIOS = {
    "exception": (handled_exception, {"transport_compression_algo": "gzip"}),
    "chained": (chained, {"transport_compression_algo": "gzip"}),
    "message": (message, {"transport_compression_algo": "gzip"}),
    "log-record": (log_record, {"transport_compression_algo": "gzip"}),
    "fingerprint": (fingerprint, {"transport_compression_algo": "gzip"}),
    "full": (full, {"transport_compression_algo": "gzip"}),
    "big": (big, {"transport_compression_algo": "gzip"}),
    "plain": (compressed, {"transport_compression_level": 0}),
    "gzip": (compressed, {"transport_compression_algo": "gzip"}),
    "br": (compressed, {"transport_compression_algo": "br"}),
}


def main(words):
    match words:
        case ["described", dsn, errors]:
            scenario, wanted = "described", json.loads(errors)
            act, experiments, asked = lambda: described(wanted["errors"]), {}, wanted.get("options", {})
        case [scenario, dsn] if scenario in SCENARIOS:
            (act, experiments), asked = SCENARIOS[scenario], {}
        case _:
            print(f"usage: raise.py {'|'.join(SCENARIOS)} DSN, or raise.py described DSN ERRORS", file=sys.stderr)
            return 2
    # Without send_default_pii the SDK keeps the user's address to itself.
    options = {**TEXTS["options"], **asked, "send_default_pii": True}
    # Wherever it is started from, this folder's frames are the application's own.
    root = os.path.dirname(os.path.abspath(__file__))
    sentry_sdk.init(dsn=dsn, transport=WatchedTransport, project_root=root, _experiments=experiments, **options)
    event_ids = act()
    sentry_sdk.flush(timeout=FLUSH_SECONDS)
    statuses, dropped = WatchedTransport.statuses, WatchedTransport.dropped
    print(json.dumps({"scenario": scenario, "event_ids": event_ids, "statuses": statuses, "dropped": dropped}), flush=True)
    accepted = sum(200 <= status < 300 for status in statuses)
    return 0 if all(event_ids) and accepted >= len(event_ids) and not dropped else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
