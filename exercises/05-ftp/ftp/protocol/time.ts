/** Points in time as MDTM, MFMT and the facts of MLSD have them (RFC 3659 §2.3): `YYYYMMDDHHMMSS`, perhaps `.sss`, in UTC. */

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,3})\d*)?$/;

/** Returns `date` to the second. */
export function formatTime(date: Date): string {
  return date.toISOString().replaceAll(/\.\d+Z$|[-:T]/g, "");
}

/** Returns the time that `text` says, or undefined when there is no such time. */
export function parseTime(text: string): Date | undefined {
  const [, ...parts] = TIME.exec(text) ?? [];
  const [year, month, day, hour, minute, second, fraction = ""] = parts;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, "0")}Z`);
  // 30 February would become 1 March
  return Number.isNaN(date.getTime()) || formatTime(date) !== text.slice(0, 14) ? undefined : date;
}
