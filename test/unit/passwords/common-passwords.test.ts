import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkUncommonPassword, isCommon } from "../../../lib/passwords/common-passwords.ts";
import { throws } from "../../support/rejects.ts";

test("common passwords are refused, in whatever case", () => {
  for (const password of ["password", "12345678", "qwertyuiop", "Superman", "TRUSTNO1", "iloveyou"])
    throws(() => checkUncommonPassword(password), /^the password is one of the most common ones/);
});

test("the list has the thousand most common ones that are long enough, at least", () => {
  const digits = Array.from({ length: 3 }, (_, index) => "123456789".slice(0, 7 + index));
  assert.equal(
    digits.map((password) => isCommon(password)),
    [true, true, true],
  );
});

test("others are accepted; one that is short is refused for that", () => {
  checkUncommonPassword("correct horse battery staple");
  throws(() => checkUncommonPassword("123456"), /too short: 6 characters, at least 8/);
});

test.run();
