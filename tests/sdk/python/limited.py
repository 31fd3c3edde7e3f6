"""Sends messages one after the other, as an SDK does whatever it is answered: `limited.py DSN COUNT`.

Prints how many the SDK has kept to itself, because it was told not to send any for a while.
"""

import json
import sys

import sentry_sdk


def main() -> None:
    dsn, count = sys.argv[1], int(sys.argv[2])
    # Without reports of what was lost: they are envelopes too.
    sentry_sdk.init(dsn=dsn, send_client_reports=False, default_integrations=False)
    transport = sentry_sdk.get_client().transport
    kept = []
    transport.on_dropped_event = kept.append
    for number in range(count):
        sentry_sdk.capture_message(f"message {number}")
        sentry_sdk.flush()
    print(json.dumps({"kept": kept}))


main()
