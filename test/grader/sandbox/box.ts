/** The box that a program runs in: bubblewrap's arguments, and the limits inside. */
import { existsSync, lstatSync, readlinkSync } from "node:fs";

/** What the boxes of a task have in common. */
export interface Mounts {
  /** The folder with the files that stand for /etc/hosts and so on. */
  etcFolder: string;
  /** Folders of this machine that the box sees too, read-only: where, and which. */
  readOnly: Record<string, string>;
  /** Where programs are searched, in this order. */
  searchPath: string[];
}

export interface Limits {
  /** Bytes of all processes together. */
  memory: number;
  /** Bytes of all files in the program's folder. */
  disk: number;
  processes: number;
  /** Seconds of computing, for each process. */
  cpu: number;
}

export const LIMITS: Limits = { memory: 1 << 30, disk: 64 << 20, processes: 128, cpu: 120 };

const FILE_SIZE = 32 << 20;
// far more than the memory: V8 sets 10 GiB of addresses aside for each piece of WebAssembly
const ADDRESS_SPACE = 64 * 2 ** 30;
const OPEN_FILES = 1024;
const TEMPORARY = 64 << 20;
const SHARED_MEMORY = 16 << 20;

/** The user inside; who it is outside is bubblewrap's caller. */
const UID = 1000;
export const ETC_FILES = {
  hosts: (names: string[]) =>
    `127.0.0.1 ${["localhost", ...names].join(" ")}\n::1 localhost ip6-localhost ip6-loopback\n`,
  "nsswitch.conf": () => "passwd: files\ngroup: files\nhosts: files\n",
  // without it, localhost never is ::1
  "host.conf": () => "multi on\n",
  passwd: () => `root:x:0:0:root:/root:/bin/sh\nstudent:x:${UID}:${UID}:student:/work:/bin/sh\n`,
  group: () => `root:x:0:\nstudent:x:${UID}:\n`,
};

// what programs look up in /etc that tells nothing of this machine's users
const SYSTEM_FILES = ["alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ssl", "localtime"];

/** Copies the source, says that it has, and waits at the gate (see warden.pl for 6 and 7); then limits, then the program. */
const INSIDE = `cp -a /src/. /work/ 2>/dev/null
echo 1000 > /proc/self/oom_score_adj
cd "$1" || exit 127
shift
echo >&6
read -r _ <&7
exec "$@" 6>&- 7<&-`;

export interface BoxOptions {
  /** The folder of this machine that is copied to /work. */
  source: string;
  /** The program's folder, relative to that. */
  folder: string;
  command: string[];
  env: Record<string, string>;
  limits: Limits;
}

/** Returns the command that runs `command` in a box. */
export function boxCommand(
  { etcFolder: etc, readOnly: mounts, searchPath: path }: Mounts,
  { source, folder, command, env, limits }: BoxOptions,
): string[] {
  const environment = {
    PATH: path.join(":"),
    HOME: "/work",
    USER: "student",
    LOGNAME: "student",
    LANG: "C.UTF-8",
    // what is printed is to come at once
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
    ...Object.keys(ETC_FILES).flatMap((name) => ["--ro-bind", `${etc}/${name}`, `/etc/${name}`]),
    ...["--proc", "/proc"],
    // made by hand, since --dev makes a second user namespace, which the warden could not enter
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
    ...Object.entries(mounts).flatMap(([inside, outside]) => ["--ro-bind", outside, inside]),
    ...Object.entries(mounts).flatMap(hideCache),
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
    // what C prints is to come at once too; with 0, since a prompt has no line's end
    ...["stdbuf", "-o0"],
    ...command,
  ];
}

/** What tools leave beside packages, such as compiled solutions, is not for submissions to read. */
function hideCache([inside, outside]: [string, string]): string[] {
  const isThere = existsSync(`${outside}/.cache`);
  return isThere ? ["--size", "4096", "--perms", "0555", "--tmpfs", `${inside}/.cache`] : [];
}

/** /bin and the like: a link into /usr, or, on systems that part them, a folder. */
function systemFolder(name: string): string[] {
  const path = `/${name}`;
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink()
    ? ["--symlink", readlinkSync(path), path]
    : ["--ro-bind", path, path];
}

function systemFiles(): string[] {
  const java = [8, 11, 17, 21, 25].map((version) => `java-${version}-openjdk`);
  return [...SYSTEM_FILES, ...java].map((name) => `/etc/${name}`).filter((path) => existsSync(path));
}
