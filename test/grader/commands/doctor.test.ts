import { test } from "uvu";
import * as assert from "uvu/assert";
import { rejects } from "../../support/rejects.ts";
import { boxTest } from "../fakes/prepared-task.ts";
import { type Diagnosis, doctor, examine, remedyFor } from "./doctor.ts";

boxTest("the doctor finds nothing missing on a machine that can make boxes", async () => {
  const diagnoses: Diagnosis[] = [];
  for await (const diagnosis of examine()) diagnoses.push(diagnosis);
  assert.equal(
    diagnoses.filter(({ ok }) => !ok),
    [],
  );
  assert.equal(diagnoses.map(({ subject }) => subject).slice(0, 7), [
    "system",
    "bwrap",
    "perl",
    "prlimit",
    "a box",
    "a byte through the wiretap between two boxes",
    "a byte through the relay without isolation",
  ]);
});

test("the doctor knows the remedies", () => {
  const nothing = () => undefined;
  const set = (file: string, value: string) => (asked: string) => (asked === file ? value : undefined);
  const denied = "bwrap: setting up uid map: Permission denied";
  assert.match(remedyFor(denied, nothing), /seccomp=unconfined/);
  assert.match(
    remedyFor(denied, set("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")),
    /apparmor_restrict_unprivileged_userns=0/,
  );
  assert.match(
    remedyFor(denied, set("/proc/sys/kernel/unprivileged_userns_clone", "0")),
    /unprivileged_userns_clone=1/,
  );
  assert.match(
    remedyFor(denied, set("/proc/sys/user/max_user_namespaces", "0")),
    /max_user_namespaces=10000/,
  );
  assert.match(remedyFor("bwrap: Can't mount proc on /newroot/proc", nothing), /systempaths=unconfined/);
  assert.match(remedyFor("bwrap: loopback: Failed RTM_NEWADDR: ...", nothing), /seccomp=unconfined/);
  assert.match(remedyFor("bwrap: Can't find source path /root/x", nothing), /TMPDIR/);
  assert.match(remedyFor("inet_diag is not there", nothing), /CONFIG_INET_DIAG/);
  assert.match(remedyFor("something new", nothing), /user_namespaces\(7\)/);
});

test("the doctor takes no flags", () => rejects(doctor(["--now"]), "doctor takes no arguments, got --now"));

test.run();
