/** A report with everything that a report can hold, for the tests of every format. */
import { Buffer } from "node:buffer";
import type {
  CheckReport,
  DiagramEntry,
  Finding,
  Report,
  SequenceDiagram,
  TaskReport,
} from "../model/report.ts";

const REPEAT = "npm run grade -- team-7 --seed 4f1c --only";

/** A message whose 17th byte was flipped on the wire, and which was printed nevertheless. */
export const FLIPPED: SequenceDiagram = {
  title: "The request with one bit flipped",
  entries: [
    { at: 0, type: "note", text: "a plain exchange just before this one worked" },
    { at: 0.004, type: "connect", connection: 1, port: 10001 },
    {
      at: 0.012,
      type: "frame",
      connection: 1,
      direction: "client to server",
      length: 451,
      excerpt: "2d2d2d2d2d424547494e205055424c4943204b45592d2d2d2d2d0a4d494942",
    },
    {
      at: 0.031,
      type: "frame",
      connection: 1,
      direction: "server to client",
      length: 451,
      excerpt: "2d2d2d2d2d424547494e205055424c4943204b45592d2d2d2d2d0a4d494943",
    },
    {
      at: 0.105,
      type: "frame",
      connection: 1,
      direction: "client to server",
      length: 312,
      excerpt: "6741414141414270c3a9f1d2e07b3c4495a6b7c8d9eafb0c1d2e3f4051627384",
      attack: { kind: "flip", offset: 17, detail: "bit 3 of byte 17, from a6 to ae" },
    },
    {
      at: 0.117,
      type: "printed",
      side: "server",
      stream: "stdout",
      text: "Received message: meet me at the briege at noon 5c1f\n",
      bad: true,
    },
    { at: 0.12, type: "printed", side: "server", stream: "stderr", text: "done in 0.1 s\n" },
    { at: 0.121, type: "end", connection: 1, direction: "server to client" },
    { at: 0.13, type: "exit", side: "server", ending: "ended with status 0" },
    { at: 0.131, type: "reset", connection: 1, direction: "client to server" },
    {
      at: 0.14,
      type: "printed",
      side: "client",
      stream: "stderr",
      text: "ConnectionResetError: [Errno 104]\n",
    },
    { at: 0.15, type: "exit", side: "client", ending: "ended with status 1" },
  ],
};

/** One frame of each kind of attack. */
export const ATTACKS: SequenceDiagram = {
  title: "Everything that can be done to a frame",
  entries: (
    ["read", "flip", "cut", "drop", "duplicate", "reorder", "inject", "replay", "replace"] as const
  ).flatMap((kind, index): DiagramEntry[] => [
    ...(index === 0
      ? [
          { at: 0, type: "connect", connection: 1, port: 40123 } as const,
          { at: 0.001, type: "connect", connection: 2, port: 40124, played: "server" } as const,
        ]
      : []),
    {
      at: 0.01 * (index + 1),
      type: "frame",
      connection: 1,
      direction: index % 2 === 0 ? "client to server" : "server to client",
      length: 100 + index,
      excerpt: "00112233445566778899aabbccddeeff",
      attack: { kind, offset: index, detail: `what ${kind} did here` },
    },
  ]),
};

/** A conversation of 500 entries with one attacked in the middle. */
export const LONG: SequenceDiagram = {
  title: "A long conversation",
  entries: Array.from(
    { length: 500 },
    (_, index): DiagramEntry => ({
      at: index / 100,
      type: "frame",
      connection: 1,
      direction: index % 2 === 0 ? "client to server" : "server to client",
      length: 64 + index,
      excerpt: Buffer.from(`frame number ${index}`).toString("hex"),
      ...(index === 250 && {
        attack: { kind: "replay", detail: "frame 3 of an earlier session, THE-ATTACKED-ONE" } as const,
      }),
    }),
  ),
};

export const FLIP_FINDING: Finding = {
  expected: "the server refuses a message in which one bit was changed on the wire",
  happened: 'the server printed "meet me at the briege at noon 5c1f", which neither side sent',
  why: "an attacker on the wire can change what the server reads without knowing the key: CTR mode and the like turn a flipped bit of the ciphertext into the same flipped bit of the text.",
  hint: "Authenticate the ciphertext (a MAC, an authenticated mode such as AES-GCM, or a signature), and check that before you decrypt or print anything.",
  evidence: [
    { caption: "One bit of the third piece was flipped", diagram: FLIPPED },
    {
      caption: "The piece as forwarded",
      dump: {
        label: "client to server, piece 3",
        hex: Buffer.from(
          Array.from({ length: 312 }, (_, index) => (index * 89 + (index >> 3) * 17) & 0xff),
        ).toString("hex"),
        marked: [
          [17, 18],
          [200, 204],
        ],
      },
    },
    {
      caption: "The output of the server",
      quote: "Received message: meet me at the briege at noon 5c1f\n",
    },
  ],
};

export function sampleCheck(id: string, rest: Partial<CheckReport> = {}): CheckReport {
  return {
    id,
    title: `The check called ${id}`,
    verdict: "pass",
    points: 10,
    maximum: 10,
    seconds: 1.25,
    repeat: `${REPEAT} part2/${id}`,
    ...rest,
  };
}

const PART2: TaskReport = {
  id: "part2",
  title: "A Fernet key wrapped with RSA",
  seconds: 24.2,
  points: 55,
  maximum: 90,
  shared: [{ title: "the first exchange", seconds: 9.8 }],
  exchanges: { count: 31, seconds: 2.5 },
  checks: [
    sampleCheck("works", { title: "Each side prints what the other said", points: 20, maximum: 20 }),
    sampleCheck("unicode", { title: "Texts in any language arrive whole", seconds: 0.8 }),
    sampleCheck("secret", { title: "An eavesdropper cannot read the messages", points: 25, maximum: 25 }),
    sampleCheck("unaltered", {
      title: "A message that was changed on the wire is refused",
      verdict: "fail",
      points: 0,
      maximum: 20,
      seconds: 3.4,
      finding: FLIP_FINDING,
    }),
    sampleCheck("replay", {
      title: "A message that was sent before is not accepted again",
      verdict: "fail",
      points: 0,
      maximum: 15,
      finding: {
        ...FLIP_FINDING,
        expected: "the server takes each message once",
        happened: "the server printed the same message twice",
        evidence: [
          { caption: "Every kind of attack", diagram: ATTACKS },
          { caption: "A long exchange", diagram: LONG },
        ],
      },
    }),
    sampleCheck("pinning", {
      title: "A server with another key is refused",
      verdict: "not applicable",
      points: 0,
      maximum: 0,
      reason: "part 2 does not promise this yet",
    }),
  ],
};

const EX01: TaskReport = {
  id: "01",
  title: "Persisted keys",
  seconds: 61,
  points: 10,
  maximum: 30,
  checks: [
    sampleCheck("works", { title: "Each side prints what the other said" }),
    sampleCheck("pinning", {
      title: "A server with another key is refused",
      verdict: "not shown",
      points: 0,
      reason: "the second run of the server did not listen within 20 s",
    }),
    sampleCheck("modes", {
      title: "Private keys are for their owner alone",
      verdict: "error",
      points: 0,
      reason: "the grader itself failed: ENOSPC: no space left on device",
    }),
  ],
};

/** All verdicts, diagrams of each kind, in a submission with an ordinary name. */
export const SAMPLE: Report = {
  version: 2,
  submission: { name: "Team 7", folder: "submissions/team-7" },
  seed: "4f1c",
  started: "2030-03-04T09:15:00.000Z",
  seconds: 85.2,
  isolation: { kind: "namespaces", notes: ["memory is limited for each program, not for all together"] },
  tasks: [PART2, EX01],
  points: 65,
  maximum: 120,
};

export const HOSTILE_TEXTS = {
  script: '</script></style><script>alert("pwned")</script>',
  image: "<img src=x onerror=alert(1)>",
  attribute: '" onload="alert(1)" x="',
  bidi: "\u202egnp.exe\u2066",
  controls: "a\0b\u001b[2J\u001b]0;owned\u0007c\u0085\u009b31m",
  lines: "one\nTwo\r\nFake line: 100/100\u2028third",
  surrogate: "lone \ud800 and \udfff, \ufffe and \uffff",
  cdata: "]]><!--",
};

/** A report in which every text is out to do harm, and some are a megabyte long. */
export function hostileReport(): Report {
  const all = Object.values(HOSTILE_TEXTS).join(" ");
  const long = `${"A".repeat(1 << 20)}${all}`;
  const lines = `${"<b>x</b>\n".repeat(20_000)}`;
  return {
    ...SAMPLE,
    submission: { name: all, folder: `/tmp/${all}` },
    seed: all,
    isolation: { kind: "none", notes: [all] },
    tasks: [
      {
        id: "part2",
        title: all,
        seconds: 1,
        points: 0,
        maximum: 10,
        checks: [
          sampleCheck(all, {
            title: all,
            verdict: "fail",
            points: 0,
            repeat: all,
            finding: {
              expected: all,
              happened: long,
              why: all,
              hint: all,
              evidence: [
                {
                  caption: all,
                  quote: long,
                  dump: { label: all, hex: Buffer.from(all).toString("hex"), marked: [[0, 4]] },
                  diagram: {
                    title: all,
                    entries: [
                      { at: 0, type: "note", text: long },
                      {
                        at: 0.1,
                        type: "frame",
                        connection: 1,
                        direction: "client to server",
                        length: 12,
                        excerpt: "00",
                        attack: { kind: "read", detail: long },
                      },
                      { at: 0.2, type: "printed", side: "server", stream: "stdout", text: long, bad: true },
                      { at: 0.3, type: "printed", side: "client", stream: "stdout", text: lines },
                      { at: 0.4, type: "exit", side: "client", ending: all },
                    ],
                  },
                },
              ],
            },
          }),
          sampleCheck("reason", { verdict: "error", points: 0, reason: long }),
        ],
      },
    ],
    points: 0,
    maximum: 10,
  };
}
