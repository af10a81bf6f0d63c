/**
 * `npm run grade -- doctor`: checks that this machine has what the grader needs, and says how to
 * fix it.
 */
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

export interface Diagnosis {
  subject: string;
  ok: boolean;
  /** One line. */
  detail: string;
  /** The remedy, if it is not ok. */
  remedy?: string;
}

/** Tools that make boxes, and the Debian packages that contain them. */
const TOOLS = [
  { name: "bwrap", package: "bubblewrap", flags: ["--version"] },
  { name: "perl", package: "perl-base", flags: ["-e", "print $^V"] },
  { name: "prlimit", package: "util-linux", flags: ["--version"] },
];
/** Languages of submissions; a missing one is no problem of the grader. */
const LANGUAGES = [
  { name: "python3", flags: ["--version"] },
  { name: "java", flags: ["--version"] },
  { name: "go", flags: ["version"] },
  { name: "gcc", flags: ["--version"] },
];
const BOX_PATH = "/usr/local/bin:/usr/bin:/bin";

/** Settings that forbid namespaces, and their remedies. */
const SETTINGS = [
  {
    file: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    bad: "1",
    remedy:
      "AppArmor lets only named programs make user namespaces (Ubuntu 24.04 and later): sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  },
  {
    file: "/proc/sys/kernel/unprivileged_userns_clone",
    bad: "0",
    remedy: "only root may make user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1",
  },
  {
    file: "/proc/sys/user/max_user_namespaces",
    bad: "0",
    remedy: "user namespaces are limited to none: sudo sysctl -w user.max_user_namespaces=10000",
  },
];
/** Errors of bubblewrap and the box helper, and their remedies. */
const REMEDIES: [error: RegExp, remedy: string][] = [
  [
    /mount proc|mounting proc/i,
    "in a container, /proc is masked: docker run --security-opt systempaths=unconfined",
  ],
  [
    /new namespace|uid map|RTM_NEWADDR|Operation not permitted|No permissions|Permission denied/i,
    "in a container: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined; elsewhere see user_namespaces(7)",
  ],
  [/Function not implemented|inet_diag|openat2/i, "Linux 5.14 or later with CONFIG_INET_DIAG is needed"],
  [/Can't find source path/i, "TMPDIR must be a folder that every user may enter, such as /tmp"],
];

/** Runs the command; returns the exit status: 0 if nothing is missing, else 1. */
export async function doctor(args: string[]): Promise<number> {
  if (args.length > 0) throw new UsageError(`doctor takes no arguments, got ${printable(args.join(" "))}`);
  let status = 0;
  for await (const { subject, ok, detail, remedy } of examine()) {
    console.log(`${ok ? "✓" : "✗"} ${subject}: ${printable(detail)}`);
    if (remedy !== undefined) console.log(`  ${remedy}`);
    if (!ok) status = 1;
  }
  if (status !== 0)
    console.log("Until this is fixed, programs run without isolation (--sandbox none), and reports say so.");
  return status;
}

/** Examines this machine step by step. */
export async function* examine(): AsyncGenerator<Diagnosis> {
  yield system();
  if (process.platform === "linux") {
    for (const tool of TOOLS) yield findTool(tool);
    yield* examineBoxes();
  }
  yield await exchange("none", "a byte through the relay without isolation");
  for (const { name, flags } of LANGUAGES) {
    const version = versionOf(name, flags);
    const detail = version ?? "not installed; only submissions in this language need it";
    yield { subject: name, ok: true, detail };
  }
}

function system(): Diagnosis {
  const { platform, arch, version } = process;
  const ok = platform === "linux" && (arch === "x64" || arch === "arm64");
  const detail = `${platform} on ${arch}, Node ${version}${BOX_UID === undefined ? "" : `, as root: boxes belong to user ${BOX_UID}`}`;
  return ok
    ? { subject: "system", ok, detail }
    : {
        subject: "system",
        ok,
        detail,
        remedy: "namespaces need Linux on x86-64 or ARM64; a virtual machine will do",
      };
}

function findTool({ name, package: source, flags }: (typeof TOOLS)[number]): Diagnosis {
  const version = versionOf(name, flags, process.env["PATH"]);
  if (version !== undefined) return { subject: name, ok: true, detail: version };
  return { subject: name, ok: false, detail: "not found", remedy: `sudo apt-get install ${source}` };
}

async function* examineBoxes(): AsyncGenerator<Diagnosis> {
  const why = await whyNoBoxes();
  if (why === undefined) yield { subject: "a box", ok: true, detail: "made and ended" };
  else {
    yield { subject: "a box", ok: false, detail: why, remedy: remedyFor(why) };
    return;
  }
  yield await exchange("bwrap", "a byte through the wiretap between two boxes");
}

/** Returns the remedy for an error that prevented a box. */
export function remedyFor(error: string, read = readSetting): string {
  const setting = SETTINGS.find(({ file, bad }) => read(file) === bad);
  if (setting) return setting.remedy;
  return REMEDIES.find(([pattern]) => pattern.test(error))?.[1] ?? "see user_namespaces(7) and bwrap(1)";
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

/** Lets two small programs exchange a byte. */
async function exchange(sandbox: "bwrap" | "none", subject: string): Promise<Diagnosis> {
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
        if (ok) return { subject, ok, detail: took };
        return {
          subject,
          ok,
          detail: `the byte did not come back: ${client.stderr || "no error"}`,
          remedy: remedyFor(client.stderr),
        };
      } finally {
        await session.close();
      }
    } finally {
      await submission.close();
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { subject, ok: false, detail, remedy: remedyFor(detail) };
  } finally {
    await removeTemporaryFolder(folder);
  }
}

/** Returns the first line of a program's version; undefined if it is not installed. */
function versionOf(name: string, flags: string[], path = BOX_PATH): string | undefined {
  const { status, stdout, stderr } = spawnSync(name, flags, {
    encoding: "utf8",
    timeout: 10_000,
    env: { ...process.env, PATH: path },
  });
  if (status !== 0) return undefined;
  return `${stdout}${stderr}`.split("\n")[0]?.trim();
}
