/** The two sides of an exchange, and the two directions between them. */

export const SIDES = ["client", "server"] as const;
export type Side = (typeof SIDES)[number];

export const DIRECTIONS = ["client to server", "server to client"] as const;
export type Direction = (typeof DIRECTIONS)[number];
