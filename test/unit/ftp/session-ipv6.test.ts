/** Exercise 05's server over IPv6 (RFC 2428). */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { listenForData, readAll, type Scene, withFtp } from "../../support/ftp-server.ts";
import { hasIpv6 } from "../../support/has-ipv6.ts";

const HOST = "::1";
const isHere = (await hasIpv6()) || process.env["CI"] !== undefined;

function ipv6(name: string, work: (scene: Scene) => Promise<void>): void {
  if (isHere) test(name, () => withFtp(work, { host: HOST }));
  else {
    console.log("left out: this machine has no IPv6");
    test.skip(name);
  }
}

ipv6(
  "EPSV names a port of IPv6, which works both ways; EPSV 1 is 522, and names the supported family",
  async (scene) => {
    const client = await scene.login();
    assert.match(await client.command("EPSV 2"), /^229 .*\(\|\|\|\d+\|\)$/);
    assert.match(await client.command("EPSV 1"), /^522 .*\(2\)$/);
    assert.match(await client.upload("STOR a", "contents"), /^226 /);
    assert.is(await readFile(join(scene.home, "a"), "utf8"), "contents");
    assert.is((await client.download("RETR a")).text, "contents");
    assert.match(await client.command("EPSV ALL"), /^200 /);
    for (const line of ["PASV", "PORT 127,0,0,1,10,10", "EPRT |2|::1|5000|"])
      assert.match(await client.command(line), /^501 /, line);
    assert.is((await client.download("RETR a")).text, "contents");
  },
);

ipv6("PASV and PORT know no IPv6: they are refused, and prepare nothing", async ({ login, home }) => {
  await writeFile(join(home, "a"), "contents");
  const client = await login();
  assert.match(await client.command("PASV"), /^425 .*EPSV/);
  assert.match(await client.command("PORT 127,0,0,1,200,200"), /^501 /);
  assert.match(await client.command("RETR a"), /^425 /);
});

ipv6(
  "EPRT goes to the peer itself, in any spelling of its address, and to no other host",
  async ({ login, home }) => {
    await writeFile(join(home, "a"), "contents");
    const client = await login();
    for (const line of [
      ...[
        "EPRT |1|127.0.0.1|5000|",
        "EPRT |2|::2|5000|",
        "EPRT |2|::ffff:127.0.0.1|5000|",
        "EPRT |2|::1|22|",
      ],
      ...["EPRT |2|127.0.0.1|5000|", "EPRT |1|::1|5000|", "EPRT |2|::1%lo|5000|"],
    ])
      assert.match(await client.command(line), /^501 /, line);
    assert.match(await client.command("EPRT |3|::1|5000|"), /^522 .*\(1,2\)/);
    assert.match(await client.command("RETR a"), /^425 /);
    for (const spelling of ["::1", "0:0:0:0:0:0:0:1", "0000::0001"]) {
      const { port, connection, close } = await listenForData(HOST);
      assert.match(await client.command(`EPRT |2|${spelling}|${port}|`), /^200 /);
      assert.match(await client.command("RETR a"), /^150 /);
      const socket = await connection;
      assert.is(socket.remoteAddress, HOST);
      assert.is(decodeUtf8(await readAll(client.protect(socket))), "contents");
      assert.match(await client.reply(), /^226 /);
      close();
    }
  },
);

ipv6("the log names an address of IPv6 in brackets", async ({ login, events }) => {
  await login();
  const [connected] = events.filter(({ event }) => event === "connected");
  assert.match(connected?.address ?? "", /^\[::1\]:\d+$/);
});

test.run();
