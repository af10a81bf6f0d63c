/**
 * Soak: exercise 06's server is killed at random moments
 *
 * Run: npm run test:soak -- login [SEED]
 *
 * Three clients send while the server is killed 60 times and started again. Whatever was confirmed
 * must be in the journal, each message once and in order. Prints the seed; exits with 1 if
 * something is lost or appears twice.
 */
import process from "node:process";
import { crash } from "../support/crash.ts";
import { withHouse } from "../support/login-server.ts";

const KILLS = 60;
const PER_CLIENT = 20_000;

const seed = Number(process.argv[2] ?? Date.now() % 100_000);
console.log(`seed ${seed}`);
const start = performance.now();
await withHouse((house) => crash(house, { kills: KILLS, perClient: PER_CLIENT, seed }));
const seconds = ((performance.now() - start) / 1000).toFixed(0);
console.log(`ok    ${KILLS} kills, ${3 * PER_CLIENT} messages, each once, in ${seconds} s`);
