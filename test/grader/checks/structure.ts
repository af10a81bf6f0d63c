/** In this repository's layout, the scripts of the conversation import no cryptography. */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { attempts } from "../model/attempt.ts";
import { Found, NotApplicable } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";

const SCRIPTS = ["client.ts", "server.ts"];
const CRYPTOGRAPHY = /webcrypto|subtle|node:crypto|aead|fernet|signature|records|handshake|ephemeral/i;

/** @param folder the folder of the scripts, relative to the repository */
export function structure(points: number, folder: string): Check {
  return {
    id: "structure",
    title: "The conversation is apart from the cryptography",
    points,
    needs: [],
    async run({ prepared }) {
      const files = SCRIPTS.map((script) => join(prepared.source, folder, script));
      if (!files.every((file) => existsSync(file)))
        throw new NotApplicable(`there is no ${folder}/client.ts and server.ts`);
      for (const file of files) {
        const imports = readFileSync(file, "utf8").match(/^import .*$/gm) ?? [];
        const offending = imports.find((line) => CRYPTOGRAPHY.test(line));
        if (offending === undefined) continue;
        throw new Found({
          expected: "client and server send and receive messages, and name no cipher, key or signature",
          happened: `${relative(prepared.source, file)} contains: ${offending}`,
          why: "Cryptography that is repeated in every script is wrong in one of them.",
          hint: "Put it behind a channel that sends and receives whole messages.",
        });
      }
      return attempts("script", "sound", files.length);
    },
  };
}
