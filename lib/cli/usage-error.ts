/** A mistake of the person at the keyboard: one line on stderr, exit status 2. */
export class UsageError extends Error {}
