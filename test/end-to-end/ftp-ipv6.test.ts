/** Exercise 05's server on an IPv6 address, with our client and third-party clients. */
import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatUsers } from "../../exercises/05-ftp/ftp/server/user-list.ts";
import { hashPassword } from "../../lib/passwords/password.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { pattern } from "../support/ftp-server.ts";
import { hasIpv6 } from "../support/has-ipv6.ts";
import { makeKeyFolder } from "../support/key-folder.ts";
import { Program, TSX } from "../support/launch.ts";
import { withFolder } from "../support/temporary.ts";

const PASSWORD = "correct horse";
const PORTS = 4;

/** What a client has to do: upload `up` as `sent`, and download `file` as `fetched`. */
interface Task {
  port: number;
  ca: string;
  keys: string;
  /** The folder with the client's files. */
  local: string;
}

const FTPLIB = `
import ftplib, ssl, sys
port, ca, local = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
ftp = ftplib.FTP_TLS(context=context)
ftp.connect("::1", int(port), timeout=120)
ftp.login("alice", "${PASSWORD}")
ftp.prot_p()
assert sorted(ftp.nlst("f*")) == ["file"]
with open(local + "/up", "rb") as file: ftp.storbinary("STOR sent", file)
with open(local + "/fetched", "wb") as file: ftp.retrbinary("RETR file", file.write)
ftp.quit()
`;

const CLIENTS: Record<string, { debian?: string; work: (task: Task) => Promise<void> }> = {
  "our client": {
    work: async ({ port, keys, local }) => {
      const common = ["--port", String(port), "--keys", keys, "--user", "alice"];
      const script = [
        ...TSX,
        "exercises/05-ftp/client.ts",
        ...common,
        "--password-file",
        join(local, "password"),
      ];
      for (const flags of [
        ["--host", "::1"],
        ["--host", "[::1]", "--tls"],
      ])
        for (const words of [
          ["put", join(local, "up"), "sent"],
          ["get", "file", join(local, "fetched")],
        ])
          await run([...script, ...flags, ...words]);
    },
  },
  curl: {
    work: async ({ port, ca, local }) => {
      const url = `ftp://[::1]:${port}`;
      const common = ["curl", "-sS", "--ssl-reqd", "--cacert", ca, "--user", `alice:${PASSWORD}`];
      await run([...common, "-T", join(local, "up"), `${url}/sent`]);
      await run([...common, `${url}/file`, "-o", join(local, "fetched")]);
    },
  },
  lftp: {
    work: async ({ port, ca, local }) => {
      const script = `
        set cmd:fail-exit true; set net:max-retries 1; set net:timeout 120; set ssl:ca-file "${ca}"; set ssl:check-hostname false
        set ftp:ssl-force true; set ftp:ssl-protect-data true
        open -u alice,"${PASSWORD}" -p ${port} ftp://[::1]
        put "${join(local, "up")}" -o sent
        # and once the server connects (EPRT)
        set ftp:passive-mode off
        get file -o "${join(local, "fetched")}"`;
      await run(["lftp", "--norc", "-c", script]);
    },
  },
  python3: {
    work: ({ port, ca, local }) => run(["python3", "-c", FTPLIB, String(port), ca, local]),
  },
};

const isHere = (await hasIpv6()) || process.env["CI"] !== undefined;
for (const [name, { work }] of Object.entries(CLIENTS)) {
  const isInstalled = name === "our client" || spawnSync(name, ["--version"]).status === 0;
  if ((isHere && isInstalled) || process.env["CI"]) test(`${name} over IPv6`, () => withServer(work));
  else {
    console.log(`left out: ${isHere ? `${name} is not here` : "this machine has no IPv6"}`);
    test.skip(`${name} over IPv6`);
  }
}

async function withServer(work: (task: Task) => Promise<void>): Promise<void> {
  const keys = await makeKeyFolder({ server: "rsa-3072", client: "rsa-2048-a" });
  try {
    await withFolder(async (folder) => {
      const [root, users] = [join(folder, "root"), join(folder, "users.csv")];
      const entry = { name: "alice", home: "/alice", quota: undefined, readOnly: false, admin: false };
      await writeFile(users, formatUsers([{ ...entry, password: await hashPassword(PASSWORD, 1000) }]), {
        mode: 0o600,
      });
      await mkdir(join(root, "alice"), { recursive: true });
      const [down, up] = [pattern(300_000), pattern(200_000)];
      await writeFile(join(root, "alice", "file"), down);
      await writeFile(join(folder, "up"), up);
      await writeFile(join(folder, "password"), `${PASSWORD}\n`, { mode: 0o600 });
      const first = await findFreePorts(PORTS);
      const passive = `${first}-${first + PORTS - 1}`;
      const server = new Program([
        ...[...TSX, "exercises/05-ftp/server.ts", "--host", "[::1]", "--port", "0", "--passive", passive],
        ...["--root", root, "--users", users, "--keys", keys.path],
      ]);
      try {
        const port = await server.port();
        await work({ port, ca: keys.file("server.cert.pem"), keys: keys.path, local: folder });
        assert.ok((await readFile(join(root, "alice", "sent"))).equals(up));
        assert.ok((await readFile(join(folder, "fetched"))).equals(down));
      } finally {
        await server.stop();
      }
    });
  } finally {
    await keys.remove();
  }
}

async function run(command: string[]): Promise<void> {
  const { status, stderr } = await new Program(command).ending;
  assert.is(status, 0, stderr);
}

test.run();
