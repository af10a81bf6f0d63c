/**
 * Soak: every bit of every message of a handshake flipped, with identities
 *
 * Run: npm run test:soak
 *
 * Runs the unit test of the handshake, which otherwise flips one bit in sixty-four.
 */
import process from "node:process";

process.env["EVERY_BIT"] = "1";
await import("../unit/channel/handshake.test.ts");
