/** The box that a program runs in: the arguments of bubblewrap, and the limits inside. */
import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";

/** The parts of the file system that all boxes of a task see. */
export interface Mounts {
  /** The folder with the files that replace /etc/hosts and so on. */
  etcFolder: string;
  /** Folders that are visible in the box, read-only: the path outside, by the path inside. */
  readOnly: Record<string, string>;
  /** PATH, in order. */
  searchPath: string[];
}

export interface Limits {
  /** Bytes, for all processes together. */
  memory: number;
  /** Bytes, for all files in the program's folder. */
  disk: number;
  processes: number;
  /** Seconds of processor time, for each process. */
  cpu: number;
}

export const LIMITS: Limits = { memory: 1 << 30, disk: 64 << 20, processes: 128, cpu: 120 };

const FILE_SIZE = 32 << 20;
// far more than the memory: V8 reserves 10 GiB of addresses for each WebAssembly memory
const ADDRESS_SPACE = 64 * 2 ** 30;
const OPEN_FILES = 1024;
const TEMPORARY = 64 << 20;
const SHARED_MEMORY = 16 << 20;

/** The user ID inside the box; outside it is that of the process which runs bubblewrap. */
const UID = 1000;
export const ETC_FILES = {
  hosts: (names: string[]) =>
    `127.0.0.1 ${["localhost", ...names].join(" ")}\n::1 localhost ip6-localhost ip6-loopback\n`,
  "nsswitch.conf": () => "passwd: files\ngroup: files\nhosts: files\n",
  // without it, localhost never resolves to ::1
  "host.conf": () => "multi on\n",
  passwd: () => `root:x:0:0:root:/root:/bin/sh\nstudent:x:${UID}:${UID}:student:/work:/bin/sh\n`,
  group: () => `root:x:0:\nstudent:x:${UID}:\n`,
};

/**
 * What libraries and runtimes read in /etc, and what reveals nothing about this computer's users:
 * not the settings of package managers, which may hold passwords.
 */
const SYSTEM_FILES = [
  /^(?:alternatives|ld\.so\.(?:cache|conf|conf\.d)|localtime|timezone|gai\.conf|terminfo)$/,
  /^(?:ssl|pki|crypto-policies|ca-certificates|gcrypt|gnutls)$/,
  /^(?:services|protocols|mime\.types|magic)$/,
  /^(?:java(?:-.+)?|mono|dotnet|php.*|perl|python[\d.]*|ruby.*|lua.*|erlang|ghc|julia|R|guile.*|tcl.*)$/,
];

/**
 * Copies the source, reports that the box is ready, and waits until it may start (see box-helper.pl
 * for the file descriptors 6 and 7); then sets the limits, and runs the program.
 */
const INSIDE = `cp -a /src/. /work/ 2>/dev/null
echo 1000 > /proc/self/oom_score_adj
cd "$1" || exit 127
shift
echo >&6
read -r _ <&7
exec "$@" 6>&- 7<&-`;

export interface BoxOptions {
  /** The folder of this computer that is copied to /work. */
  source: string;
  /** The program's folder, relative to that. */
  folder: string;
  command: string[];
  env: Record<string, string>;
  limits: Limits;
}

/** Returns the command that runs `command` in a box. */
export function boxCommand(
  { etcFolder, readOnly, searchPath }: Mounts,
  { source, folder, command, env, limits }: BoxOptions,
): string[] {
  const environment = {
    PATH: searchPath.join(":"),
    HOME: "/work",
    USER: "student",
    LOGNAME: "student",
    LANG: "C.UTF-8",
    // no output buffering
    PYTHONUNBUFFERED: "1",
    PYTHONIOENCODING: "utf-8",
    PYTHONDONTWRITEBYTECODE: "1",
    NO_COLOR: "1",
    ...env,
  };
  return [
    "bwrap",
    ...["user", "ipc", "pid", "net", "uts"].map((kind) => `--unshare-${kind}`),
    "--unshare-cgroup-try",
    ...["--hostname", "localhost", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"],
    ...["--uid", String(UID), "--gid", String(UID)],
    ...["--ro-bind", "/usr", "/usr"],
    ...["bin", "sbin", "lib", "lib32", "lib64", "libx32"].flatMap(systemFolder),
    ...["--perms", "0755", "--dir", "/etc"],
    ...systemFiles().flatMap((file) => ["--ro-bind-try", file, file]),
    ...Object.keys(ETC_FILES).flatMap((name) => ["--ro-bind", `${etcFolder}/${name}`, `/etc/${name}`]),
    ...["--proc", "/proc"],
    // not --dev, which makes a second user namespace that the helper could not enter
    ...["--size", "65536", "--tmpfs", "/dev"],
    ...["null", "zero", "full", "random", "urandom"].flatMap((name) => [
      "--dev-bind",
      `/dev/${name}`,
      `/dev/${name}`,
    ]),
    ...["--symlink", "/proc/self/fd", "/dev/fd"],
    ...["stdin", "stdout", "stderr"].flatMap((name, fd) => [
      "--symlink",
      `/proc/self/fd/${fd}`,
      `/dev/${name}`,
    ]),
    ...["--size", String(SHARED_MEMORY), "--perms", "1777", "--tmpfs", "/dev/shm"],
    ...["--size", String(TEMPORARY), "--perms", "1777", "--tmpfs", "/tmp"],
    ...["--ro-bind", source, "/src"],
    ...["--size", String(limits.disk), "--tmpfs", "/work"],
    ...Object.entries(readOnly).flatMap(([inside, outside]) => ["--ro-bind", outside, inside]),
    ...Object.entries(readOnly).flatMap(hideCache),
    ...["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/work"],
    ...Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value]),
    ...["--info-fd", "4", "--seccomp", "5"],
    ...["--", "/bin/sh", "-c", INSIDE, "sh", `/work/${folder}`],
    "prlimit",
    `--nproc=${limits.processes}`,
    `--cpu=${limits.cpu}`,
    `--fsize=${FILE_SIZE}`,
    `--as=${ADDRESS_SPACE}`,
    `--nofile=${OPEN_FILES}`,
    "--core=0",
    "--",
    // no output buffering in C programs either; not -oL, since a prompt does not end its line
    ...["stdbuf", "-o0"],
    ...command,
  ];
}

/** Hides what tools store beside packages, such as compiled solutions. */
function hideCache([inside, outside]: [string, string]): string[] {
  const isThere = existsSync(`${outside}/.cache`);
  return isThere ? ["--size", "4096", "--perms", "0555", "--tmpfs", `${inside}/.cache`] : [];
}

/** Shows /bin and the like: a link into /usr, or a folder on systems that keep them separate. */
function systemFolder(name: string): string[] {
  const path = `/${name}`;
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink()
    ? ["--symlink", readlinkSync(path), path]
    : ["--ro-bind", path, path];
}

function systemFiles(): string[] {
  return readdirSync("/etc")
    .filter(isSystemFile)
    .map((name) => `/etc/${name}`);
}

/** Whether programs in boxes see this entry of /etc. */
export function isSystemFile(name: string): boolean {
  return SYSTEM_FILES.some((pattern) => pattern.test(name));
}
