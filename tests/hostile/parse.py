"""Says whether Python reads JSON bodies: one body a line on stdin, one answer a line on stdout, in the same order.

An answer is `{"ok": true}` or `{"ok": false, "error": "…"}`. The exit code is 1 when a body could not be read, and 2 when there was none.
"""

import json
import sys


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def read(line):
    try:
        # What is UTF-8 all through comes back as it was: no lone surrogate hides in an escape.
        text = json.dumps(json.loads(line.decode("utf-8"), parse_constant=refuse_constant), ensure_ascii=False)
        text.encode("utf-8")
        return {"ok": True}
    except (ValueError, RecursionError) as error:
        return {"ok": False, "error": str(error)}


def main():
    answers = [read(line.removesuffix(b"\n")) for line in sys.stdin.buffer]
    for answer in answers:
        print(json.dumps(answer))
    return 2 if not answers else int(not all(answer["ok"] for answer in answers))


if __name__ == "__main__":
    sys.exit(main())
