"""A receiver that fails: it raises on each webhook, and the Sentry SDK in it reports that to the Watchfire that sent the webhook.

`failing_receiver.py --dsn DSN` listens on a free port of 127.0.0.1 and prints the port as its first line, then one JSON line for each
webhook: `event` (the id in its body) and `hop` (its header). Each is answered 500. It ends when the process that started it is gone.
"""

import argparse
import json
import os
import sys
import threading
import time
from wsgiref.simple_server import WSGIRequestHandler, make_server

import sentry_sdk
from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware

PARENT_CHECK_SECONDS = 1.0


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_):
        """One line for each webhook is printed already."""


def handle(environ, start_response):
    body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    line = {"event": body["id"], "hop": environ.get("HTTP_X_SENTRY_HOOK_HOP")}
    print(json.dumps(line), flush=True)
    raise RuntimeError("this receiver cannot handle webhooks")


def end_with_parent(parent):
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dsn", required=True)
    arguments = parser.parse_args()
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    sentry_sdk.init(arguments.dsn)
    server = make_server("127.0.0.1", 0, SentryWsgiMiddleware(handle), handler_class=QuietHandler)
    print(server.server_address[1], flush=True)
    sys.stderr = open(os.devnull, "w")
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
