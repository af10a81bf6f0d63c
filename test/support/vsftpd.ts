/**
 * vsftpd, to compare with and to test our client against: on a free port, with all its files in one
 * folder.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFreePorts } from "./free-ports.ts";

const PROGRAMS = ["/usr/sbin/vsftpd", "/usr/local/sbin/vsftpd"];
const KEY = fileURLToPath(new URL("../keys/rsa-2048-c.pem", import.meta.url));
const PATIENCE = 5000;

export interface Vsftpd {
  port: number;
  /** The process that listens; each session has one or two more. */
  pid: number;
  /** The server's folder `files`, which clients may read and write. */
  files: string;
  stop(): Promise<void>;
}

/** Returns the path of vsftpd; undefined if it is not installed (Debian: vsftpd). */
export function findVsftpd(): string | undefined {
  return PROGRAMS.find((file) => existsSync(file));
}

/**
 * Starts vsftpd for the user `anonymous`, with TLS only and without extra privileges.
 *
 * @param folder an empty folder for its files
 */
export async function startVsftpd(program: string, folder: string): Promise<Vsftpd> {
  const [root, empty] = [join(folder, "root"), join(folder, "empty")];
  const [certificate, configuration] = [join(folder, "certificate.pem"), join(folder, "vsftpd.conf")];
  const files = join(root, "files");
  await mkdir(files, { recursive: true });
  await mkdir(empty);
  // it refuses a writable root
  await chmod(root, 0o555);
  execFileSync("openssl", [
    ...["req", "-x509", "-new", "-key", KEY, "-subj", "/CN=localhost", "-days", "2"],
    ...["-out", certificate],
  ]);
  const port = await findFreePorts(1);
  const settings = {
    listen: "YES",
    listen_address: "127.0.0.1",
    listen_port: port,
    background: "NO",
    run_as_launching_user: "YES",
    ftp_username: userInfo().username,
    // its sandbox conflicts with ours
    seccomp_sandbox: "NO",
    secure_chroot_dir: empty,
    anonymous_enable: "YES",
    no_anon_password: "NO",
    anon_root: root,
    anon_umask: "022",
    anon_world_readable_only: "NO",
    write_enable: "YES",
    anon_upload_enable: "YES",
    anon_mkdir_write_enable: "YES",
    anon_other_write_enable: "YES",
    ssl_enable: "YES",
    allow_anon_ssl: "YES",
    force_anon_logins_ssl: "YES",
    force_anon_data_ssl: "YES",
    require_ssl_reuse: "YES",
    rsa_cert_file: certificate,
    rsa_private_key_file: KEY,
    xferlog_enable: "NO",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(configuration, lines.join(""));

  const child = spawn(program, [configuration], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const ended = once(child, "exit");
  let hasEnded = false;
  ended.then(
    () => {
      hasEnded = true;
    },
    () => {},
  );
  const deadline = performance.now() + PATIENCE;
  while (!(await isListening(port)))
    if (hasEnded || performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`vsftpd does not listen: ${output}`);
    }
  return {
    port,
    pid: child.pid ?? 0,
    files,
    async stop() {
      child.kill("SIGKILL");
      await ended;
      await chmod(root, 0o755);
    },
  };
}

function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  return new Promise((resolve) => {
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => setTimeout(() => resolve(false), 20));
  });
}
