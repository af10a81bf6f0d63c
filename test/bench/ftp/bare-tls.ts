/**
 * The floor of transfers over TLS: an HTTPS server that discards uploads, and sends from memory
 *
 * Run: tsx test/bench/ftp/bare-tls.ts BYTES KEY CERTIFICATE
 */
import type { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import process from "node:process";
import { createServer, type TLSSocket } from "node:tls";

const BLOCK_LENGTH = 512 * 1024;

const [size, key = "", certificate = ""] = process.argv.slice(2);
const bytes = Number(size);
const options = { key: readFileSync(key), cert: readFileSync(certificate) };
const server = createServer(options, (stream) => {
  let left: number | undefined;
  stream.on("error", () => stream.destroy());
  stream.on("data", (chunk: Buffer) => {
    if (chunk.toString("latin1", 0, 4) === "GET ") {
      send(stream);
      return;
    }
    // curl sends the head of a request by itself, or in front of the file
    left = left === undefined ? bytes - chunk.length + chunk.indexOf("\r\n\r\n") + 4 : left - chunk.length;
    if (left === 0) stream.end("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  });
});
server.listen(0, "127.0.0.1", () => {
  const bound = server.address();
  console.error(`Listening on 127.0.0.1:${typeof bound === "object" ? bound?.port : ""}`);
});

function send(stream: TLSSocket): void {
  const block = new Uint8Array(BLOCK_LENGTH);
  let left = bytes;
  const next = () => {
    const piece = block.subarray(0, left);
    left -= piece.length;
    if (piece.length > 0) stream.write(piece, next);
    else stream.end();
  };
  stream.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`, next);
}
