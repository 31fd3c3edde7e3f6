"""Receives webhooks as Sentry's documentation tells receivers to, and writes down what it got.

`receiver.py --secret-file F --out FILE` listens on a free port of 127.0.0.1 and prints the port as its first line. F holds the hook's
`secret` in its first line and the `signingSecret` (`whsec_…`) in its second; it is read again for each request, so that a rotation can be
tested. Each request is answered 204 and becomes one JSON line in FILE:

    method, path, headers (pairs, as sent)  body (text)
    signature_valid      X-Sentry-Hook-Signature is the HMAC-SHA256 of the raw body under the secret's text bytes
    standard_valid       the Standard Webhooks library, which is not ours, accepts the headers and the body
    utf8_valid, json_valid    strictly: NaN and Infinity are no JSON
    error                the first thing that was wrong, or null

It ends when the process that started it is gone.
"""

import argparse
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks import Webhook

MAX_BODY_BYTES = 32 * 1024 * 1024
PARENT_CHECK_SECONDS = 1.0


def verify_signature(secret, payload, signature):
    """Whether `signature` is the lower-case hex HMAC-SHA256 of the payload's bytes."""
    expected = hmac.new(secret.encode("utf-8"), payload, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def judge(payload, headers, secrets):
    """What a careful receiver finds out about one request."""
    found = {"signature_valid": False, "standard_valid": False, "utf8_valid": False, "json_valid": False, "error": None}
    secret, signing_secret = secrets
    errors = []
    try:
        found["signature_valid"] = verify_signature(secret, payload, headers.get("X-Sentry-Hook-Signature", ""))
        if not found["signature_valid"]:
            errors.append("X-Sentry-Hook-Signature does not match")
        payload.decode("utf-8")
        found["utf8_valid"] = True
        json.loads(payload, parse_constant=refuse_constant)
        found["json_valid"] = True
    except (UnicodeDecodeError, ValueError) as error:
        errors.append(f"body: {error}")
    try:
        Webhook(signing_secret).verify(payload, dict(headers.items()), json_parse=False)
        found["standard_valid"] = True
    except Exception as error:  # The library's own kinds and whatever else a bad header makes it raise: each is a refusal.
        errors.append(f"Standard Webhooks: {type(error).__name__}: {error}")
    found["error"] = errors[0] if errors else None
    return found


def read_secrets(path):
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    return lines[0].strip(), lines[1].strip()


class Server(ThreadingHTTPServer):
    request_queue_size = 128


def make_handler(secret_file, out):
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            length = self.headers.get("Content-Length", "")
            if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY_BYTES:
                self.send_error(411)
                return
            payload = self.rfile.read(int(length))
            line = {
                "method": self.command,
                "path": self.path,
                "headers": list(self.headers.items()),
                "body": payload.decode("utf-8", errors="replace"),
                **judge(payload, self.headers, read_secrets(secret_file)),
            }
            with lock:
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
                out.flush()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            """One line for each request is in the file already."""

    return Handler


def end_with_parent(parent):
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--secret-file", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    read_secrets(arguments.secret_file)
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    with open(arguments.out, "a", encoding="utf-8", newline="\n") as out:
        server = Server(("127.0.0.1", 0), make_handler(arguments.secret_file, out))
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
