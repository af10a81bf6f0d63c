/** Quotas as people write them. */
import { quoted } from "../../../../lib/bytes/printable.ts";

const UNITS = ["", "KiB", "MiB", "GiB", "TiB"];
const QUOTA = /^(\d{1,16}) ?(KiB|MiB|GiB|TiB|)$/;

/** Returns the bytes that `text` says, such as `500 MiB`; undefined when it is empty. @throws Error when it says none */
export function parseQuota(text: string): number | undefined {
  if (text === "") return undefined;
  const [, digits, unit = ""] = QUOTA.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** UNITS.indexOf(unit);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new Error(`not a quota: ${quoted(text, 64)}, expected bytes, or such as 500 MiB`);
}

/** Returns `quota` in the largest unit that leaves no fraction; nothing for no limit. */
export function formatQuota(quota: number | undefined): string {
  if (quota === undefined) return "";
  let [value, unit] = [quota, 0];
  while (value > 0 && value % 1024 === 0 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value} ${UNITS[unit]}`.trim();
}
