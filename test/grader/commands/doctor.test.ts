import { test } from "uvu";
import * as assert from "uvu/assert";
import { rejects } from "../../support/rejects.ts";
import { boxTest } from "../fakes/prepared-task.ts";
import { doctor, examine, mendFor, type Symptom } from "./doctor.ts";

boxTest("the doctor finds all well where boxes can be made", async () => {
  const symptoms: Symptom[] = [];
  for await (const symptom of examine()) symptoms.push(symptom);
  assert.equal(
    symptoms.filter(({ ok }) => !ok),
    [],
  );
  assert.equal(symptoms.map(({ what }) => what).slice(0, 7), [
    "system",
    "bwrap",
    "perl",
    "prlimit",
    "a box",
    "a byte through the wiretap between two boxes",
    "a byte through the relay without isolation",
  ]);
});

test("the doctor knows what stands in the way", () => {
  const nothing = () => undefined;
  const set = (file: string, value: string) => (asked: string) => (asked === file ? value : undefined);
  const denied = "bwrap: setting up uid map: Permission denied";
  assert.match(mendFor(denied, nothing), /seccomp=unconfined/);
  assert.match(
    mendFor(denied, set("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")),
    /apparmor_restrict_unprivileged_userns=0/,
  );
  assert.match(
    mendFor(denied, set("/proc/sys/kernel/unprivileged_userns_clone", "0")),
    /unprivileged_userns_clone=1/,
  );
  assert.match(mendFor(denied, set("/proc/sys/user/max_user_namespaces", "0")), /max_user_namespaces=10000/);
  assert.match(mendFor("bwrap: Can't mount proc on /newroot/proc", nothing), /systempaths=unconfined/);
  assert.match(mendFor("bwrap: loopback: Failed RTM_NEWADDR: ...", nothing), /seccomp=unconfined/);
  assert.match(mendFor("bwrap: Can't find source path /root/x", nothing), /TMPDIR/);
  assert.match(mendFor("inet_diag is not there", nothing), /CONFIG_INET_DIAG/);
  assert.match(mendFor("something new", nothing), /user_namespaces\(7\)/);
});

test("the doctor takes no flags", () => rejects(doctor(["--now"]), "doctor takes nothing more, got --now"));

test.run();
