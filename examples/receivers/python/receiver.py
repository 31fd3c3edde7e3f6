"""Receives Watchfire's webhooks. Needs nothing but Python 3.9; `application` runs under any WSGI server too.

    WATCHFIRE_SECRET=8fcac28a... PORT=9100 python3 receiver.py

WATCHFIRE_SECRET    the hook's `secret`; while it is rotated, the new one and the old one with a blank between
WATCHFIRE_VERIFY    `hex` checks X-Sentry-Hook-Signature (default), `standard` the three headers of Standard Webhooks
PORT                on 127.0.0.1; 0 takes a free one. The first line of the output says which
"""

import base64
import hashlib
import hmac
import json
import logging
import os
import re
import sys
import threading
import time
from collections import OrderedDict
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

BODY_MAX_BYTES = 4 * 1024 * 1024
TIMESTAMP_TOLERANCE_SECONDS = 300
DELIVERIES_REMEMBERED = 10_000
READ_TIMEOUT_SECONDS = 30

# Unlike `print` it keeps the lines of several threads apart.
logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)
log = logging.getLogger(__name__)


class Refused(Exception):
    """The request is answered with this status, and is no webhook of ours."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


def check_hex(secrets, body, signature):
    """X-Sentry-Hook-Signature: the hex HMAC-SHA256 of the body's bytes. The key is the secret's text, as it is."""
    expected = [hmac.new(secret, body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    if not any([hmac.compare_digest(known, signature) for known in expected]):
        raise Refused("401 Unauthorized", "X-Sentry-Hook-Signature does not match")


def check_standard(secrets, body, message_id, timestamp, signatures):
    """Standard Webhooks: the base64 HMAC-SHA256 of id, timestamp and body, with dots between; not older than five minutes."""
    if not re.fullmatch(rb"[0-9]{1,12}", timestamp):
        raise Refused("401 Unauthorized", "webhook-timestamp is no time")
    if abs(time.time() - int(timestamp)) > TIMESTAMP_TOLERANCE_SECONDS:
        raise Refused("401 Unauthorized", "webhook-timestamp is too far from now")
    signed = b".".join([message_id, timestamp, body])
    expected = [b"v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()) for secret in secrets]
    given = signatures.split(b" ")
    if not any([hmac.compare_digest(known, one) for known in expected for one in given]):
        raise Refused("401 Unauthorized", "webhook-signature does not match")


class Deliveries:
    """The ids of those that are being handled and of the last that were: what comes again, after a retry or a crash of the
    sender, is not handled again."""

    def __init__(self):
        self._handling = set()
        self._handled = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, delivery):
        """Whether it is to be handled; then `end` must follow."""
        with self._lock:
            if delivery in self._handled:
                return False
            if delivery in self._handling:
                # Not 2xx: were it answered so, and then its handling failed, nobody would send it again.
                raise Refused("409 Conflict", "the delivery is being handled")
            self._handling.add(delivery)
            return True

    def end(self, delivery, succeeded):
        """What failed is as if it had not come: the next try is new."""
        with self._lock:
            self._handling.discard(delivery)
            if succeeded:
                self._handled[delivery] = None
                if len(self._handled) > DELIVERIES_REMEMBERED:
                    self._handled.popitem(last=False)


def handle(kind, webhook):
    """Your part. Answer within the hook's timeout, 5 s: what takes longer belongs into a queue."""
    log.info("accepted %s %r", kind, webhook["message"])


class Receiver:
    """The WSGI application."""

    def __init__(self, secrets, scheme):
        self._secrets = secrets
        self._scheme = scheme
        self._deliveries = Deliveries()

    def __call__(self, environ, start_response):
        try:
            self._receive(environ)
            status = "204 No Content"
        except Refused as refused:
            status = refused.status
            log.info("refused %s %s", status[:3], refused)
        except Exception as error:
            status = "500 Internal Server Error"
            log.error("failed %s: %s", type(error).__name__, error)
        start_response(status, [])
        return []

    def _receive(self, environ):
        def header(name):
            return environ.get("HTTP_" + name.upper().replace("-", "_"), "").encode("latin-1")

        if environ["REQUEST_METHOD"] != "POST":
            raise Refused("405 Method Not Allowed", "a webhook is a POST")
        # The bytes as they arrive, before anything reads them as JSON: the signature covers them.
        body = read_body(environ)
        if self._scheme == "standard":
            delivery = header("webhook-id")
            check_standard(self._secrets, body, delivery, header("webhook-timestamp"), header("webhook-signature"))
        else:
            delivery = header("X-Sentry-Hook-Delivery")
            check_hex(self._secrets, body, header("X-Sentry-Hook-Signature"))
        if not delivery:
            raise Refused("400 Bad Request", "the delivery has no id")
        if not self._deliveries.begin(delivery):
            log.info("repeated %r", delivery.decode("latin-1"))
            return
        succeeded = False
        try:
            handle(header("X-Sentry-Hook-Event").decode("latin-1"), json.loads(body))
            succeeded = True
        finally:
            self._deliveries.end(delivery, succeeded)


def read_body(environ):
    length = environ.get("CONTENT_LENGTH") or ""
    if not re.fullmatch(r"[0-9]{1,18}", length):
        raise Refused("411 Length Required", "no Content-Length")
    if int(length) > BODY_MAX_BYTES:
        raise Refused("413 Content Too Large", f"more than {BODY_MAX_BYTES} bytes")
    try:
        body = environ["wsgi.input"].read(int(length))
    except OSError:
        raise Refused("408 Request Timeout", "the body came too slowly") from None
    if len(body) < int(length):
        raise Refused("400 Bad Request", "the body broke off")
    return body


def receiver_of_environment():
    secrets = os.environ.get("WATCHFIRE_SECRET", "").split()
    if not secrets or not all(re.fullmatch("[0-9a-f]{64}", secret) for secret in secrets):
        sys.exit("WATCHFIRE_SECRET must hold the hook's `secret`: 64 hex digits")
    scheme = os.environ.get("WATCHFIRE_VERIFY", "hex")
    if scheme not in ("hex", "standard"):
        sys.exit("WATCHFIRE_VERIFY must be hex or standard")
    return Receiver([secret.encode() for secret in secrets], scheme)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Handler(WSGIRequestHandler):
    timeout = READ_TIMEOUT_SECONDS

    def log_message(self, *_):
        """Each webhook has its line already."""


application = receiver_of_environment()

if __name__ == "__main__":
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "9100")), application, Server, Handler)
    log.info("listening on http://127.0.0.1:%d/", server.server_port)
    server.serve_forever()
