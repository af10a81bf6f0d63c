/** Tells what of the harness works on this machine, and how to mend what does not. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { printable } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { MANIFEST_NAME } from "../manifest/manifest.ts";
import { openSubmission } from "../run/submission.ts";
import { BOX_UID, whyNoBoxes } from "../sandbox/boxes.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../sandbox/temporary-folder.ts";

export interface Symptom {
  what: string;
  ok: boolean;
  /** One line. */
  detail: string;
  /** What to do, where it is not ok. */
  mend?: string;
}

/** Tools that boxes are made with, and the Debian packages that have them. */
const TOOLS = [
  { name: "bwrap", package: "bubblewrap", flags: ["--version"] },
  { name: "perl", package: "perl-base", flags: ["-e", "print $^V"] },
  { name: "prlimit", package: "util-linux", flags: ["--version"] },
];
/** Languages of submissions; nothing is amiss where one is not there. */
const LANGUAGES = [
  { name: "python3", flags: ["--version"] },
  { name: "java", flags: ["--version"] },
  { name: "go", flags: ["version"] },
  { name: "gcc", flags: ["--version"] },
];
const BOX_PATH = "/usr/local/bin:/usr/bin:/bin";

// What stands in the way of namespaces, where one can see it, and the way out.
const BARRIERS = [
  {
    file: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    bad: "1",
    mend: "AppArmor lets only named programs make user namespaces (Ubuntu 24.04 and later): sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  },
  {
    file: "/proc/sys/kernel/unprivileged_userns_clone",
    bad: "0",
    mend: "user namespaces are for root alone: sudo sysctl -w kernel.unprivileged_userns_clone=1",
  },
  {
    file: "/proc/sys/user/max_user_namespaces",
    bad: "0",
    mend: "there may be no user namespaces: sudo sysctl -w user.max_user_namespaces=10000",
  },
];
/** What bubblewrap and the warden say, and what to do about it. */
const MENDS: [error: RegExp, mend: string][] = [
  [
    /mount proc|mounting proc/i,
    "in a container, /proc is masked: docker run --security-opt systempaths=unconfined",
  ],
  [
    /new namespace|uid map|RTM_NEWADDR|Operation not permitted|No permissions|Permission denied/i,
    "in a container: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined; elsewhere see user_namespaces(7)",
  ],
  [/Function not implemented|inet_diag|openat2/i, "Linux 5.14 or later with CONFIG_INET_DIAG is needed"],
  [/Can't find source path/i, "TMPDIR is to be a folder that everybody may pass through, such as /tmp"],
];

/** The command `npm run grade -- doctor`; returns the exit status. */
export async function doctor(args: string[]): Promise<number> {
  if (args.length > 0) throw new UsageError(`doctor takes nothing more, got ${printable(args.join(" "))}`);
  let status = 0;
  for await (const { what, ok, detail, mend } of examine()) {
    console.log(`${ok ? "✓" : "✗"} ${what}: ${printable(detail)}`);
    if (mend !== undefined) console.log(`  ${mend}`);
    if (!ok) status = 1;
  }
  if (status !== 0)
    console.log("Until then, programs run without isolation (--sandbox none), and reports say so.");
  return status;
}

/** Examines this machine, one thing after the other. */
export async function* examine(): AsyncGenerator<Symptom> {
  yield system();
  if (process.platform === "linux") {
    for (const tool of TOOLS) yield findTool(tool);
    yield* examineBoxes();
  }
  yield await exchange("none", "a byte through the relay without isolation");
  for (const { name, flags } of LANGUAGES) {
    const version = versionOf(name, flags);
    const detail = version ?? "not here; only submissions in it need it";
    yield { what: name, ok: true, detail };
  }
}

function system(): Symptom {
  const { platform, arch, version } = process;
  const ok = platform === "linux" && (arch === "x64" || arch === "arm64");
  const detail = `${platform} on ${arch}, Node ${version}${BOX_UID === undefined ? "" : `, as root: boxes belong to user ${BOX_UID}`}`;
  return ok
    ? { what: "system", ok, detail }
    : {
        what: "system",
        ok,
        detail,
        mend: "namespaces need Linux on x86-64 or ARM64, if only in a virtual machine",
      };
}

function findTool({ name, package: source, flags }: (typeof TOOLS)[number]): Symptom {
  const version = versionOf(name, flags, process.env["PATH"]);
  if (version !== undefined) return { what: name, ok: true, detail: version };
  return { what: name, ok: false, detail: "not found", mend: `sudo apt-get install ${source}` };
}

async function* examineBoxes(): AsyncGenerator<Symptom> {
  const why = await whyNoBoxes();
  if (why === undefined) yield { what: "a box", ok: true, detail: "made and ended" };
  else {
    yield { what: "a box", ok: false, detail: why, mend: mendFor(why) };
    return;
  }
  yield await exchange("bwrap", "a byte through the wiretap between two boxes");
}

/** Returns what to do about an error that a box could not be made for. */
export function mendFor(error: string, read = readSetting): string {
  const barrier = BARRIERS.find(({ file, bad }) => read(file) === bad);
  if (barrier) return barrier.mend;
  return MENDS.find(([pattern]) => pattern.test(error))?.[1] ?? "see user_namespaces(7) and bwrap(1)";
}

function readSetting(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

const SERVER = `use IO::Socket::INET;
my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ARGV[0], Listen => 1, ReuseAddr => 1) or die;
my $c = $s->accept; sysread $c, my $byte, 1; syswrite $c, $byte; `;
const CLIENT = `use IO::Socket::INET;
my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $ARGV[0]) or die;
syswrite $c, 'x'; sysread $c, my $byte, 1; print "got $byte";`;

/** Lets two small programs talk, and says what came of it. */
async function exchange(sandbox: "bwrap" | "none", what: string): Promise<Symptom> {
  const folder = makeTemporaryFolder("sml-doctor-");
  const program = (code: string) => ({ command: ["perl", "-e", code, "{port}"] });
  try {
    const tasks = { part1: { server: program(SERVER), client: program(CLIENT), timeout: 10 } };
    writeFileSync(join(folder, MANIFEST_NAME), JSON.stringify({ tasks }));
    const submission = await openSubmission(folder, { seed: "doctor", sandbox });
    try {
      const passed: number[] = [];
      const start = performance.now();
      const session = await submission.prepare("part1").open({
        tap: {
          onData: (_, __, bytes) => {
            passed.push(bytes.length);
            return bytes;
          },
        },
      });
      try {
        const client = await session.start("");
        const ok = (await client.waitForOutput("got x", 10)) && passed.length === 2;
        const took = `there and back in ${Math.round(performance.now() - start)} ms, boxes and programs included`;
        if (ok) return { what, ok, detail: took };
        return {
          what,
          ok,
          detail: `it did not come back: ${client.stderr || "no error"}`,
          mend: mendFor(client.stderr),
        };
      } finally {
        await session.close();
      }
    } finally {
      await submission.close();
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { what, ok: false, detail, mend: mendFor(detail) };
  } finally {
    await removeTemporaryFolder(folder);
  }
}

/** The first line of what a program says of itself; undefined when it is not there. */
function versionOf(name: string, flags: string[], path = BOX_PATH): string | undefined {
  const { status, stdout, stderr } = spawnSync(name, flags, {
    encoding: "utf8",
    timeout: 10_000,
    env: { ...process.env, PATH: path },
  });
  if (status !== 0) return undefined;
  return `${stdout}${stderr}`.split("\n")[0]?.trim();
}
