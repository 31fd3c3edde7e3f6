// Says whether JavaScript reads JSON bodies: one body a line on stdin, one answer a line on stdout, in the same order.
//
// An answer is `{"ok":true}` or `{"ok":false,"error":"…"}`. The exit code is 1 when a body could not be read, and 2 when there was none.

import { createInterface } from "node:readline";

let count = 0;
let refused = 0;
// readline would also cut lines at U+2028, which JSON allows in texts; latin1 keeps the bytes apart until a whole line is there.
process.stdin.setEncoding("latin1");
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  count += 1;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(line, "latin1"));
    JSON.parse(text);
    console.log(JSON.stringify({ ok: true }));
  } catch (error) {
    refused += 1;
    console.log(JSON.stringify({ ok: false, error: String(error) }));
  }
}
process.exitCode = count === 0 ? 2 : Number(refused > 0);
