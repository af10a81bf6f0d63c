/** A connection that the grader made to a server, as a Node stream. */
import { Duplex } from "node:stream";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { DialledConnection } from "../model/session.ts";

/** Milliseconds between two looks at what has arrived. */
const LOOK = 5;
/** Seconds after which the stream ends in any case. */
const PATIENCE = 60;

export function streamOf(dialled: DialledConnection): Duplex {
  let seen = 0;
  const stream = new Duplex({
    allowHalfOpen: true,
    read() {},
    write(bytes: Bytes, _encoding, done) {
      dialled.write(new Uint8Array(bytes));
      done();
    },
    final(done) {
      dialled.end();
      done();
    },
    destroy(error, done) {
      clearInterval(timer);
      dialled.reset();
      done(error);
    },
  });
  const take = () => {
    const { received } = dialled;
    if (received.length > seen) stream.push(received.slice(seen));
    seen = received.length;
  };
  const timer = setInterval(take, LOOK);
  void dialled.closed(PATIENCE).then(() => {
    clearInterval(timer);
    take();
    stream.push(null);
  });
  return stream;
}
