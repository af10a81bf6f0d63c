/**
 * The passwords that guessers try first: the list of zxcvbn-ts, some 49,000 of the most frequent
 * ones in published leaks, the most frequent first.
 */
import { dictionary } from "@zxcvbn-ts/language-common";
import { checkNewPassword } from "./password.ts";

const COMMON = new Set(dictionary["passwords-common"]);

/** Says whether `password` is one of the most frequent ones, in whatever case it is written. */
export function isCommon(password: string): boolean {
  return COMMON.has(password) || COMMON.has(password.toLowerCase());
}

/** Checks a new password. @throws Error as `checkNewPassword`, or when it is a common one */
export function checkUncommonPassword(password: string): void {
  checkNewPassword(password);
  if (isCommon(password))
    throw new Error("the password is one of the most common ones, which guessers try first; choose another");
}
