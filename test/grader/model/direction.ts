/** The two sides of an exchange, and the two directions between them. */

export type Side = "client" | "server";

export const DIRECTIONS = ["client to server", "server to client"] as const;
export type Direction = (typeof DIRECTIONS)[number];
