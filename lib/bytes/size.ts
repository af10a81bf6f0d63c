/** Sizes in words. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Returns `bytes` in the largest of MiB, KiB and bytes that leaves no fraction, such as `16 KiB`. */
export function formatSize(bytes: number): string {
  if (bytes > 0 && bytes % MIB === 0) return `${bytes / MIB} MiB`;
  if (bytes > 0 && bytes % KIB === 0) return `${bytes / KIB} KiB`;
  return `${bytes} bytes`;
}
