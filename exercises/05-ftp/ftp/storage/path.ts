/**
 * Paths as the client sees them: absolute, with `/` for the user's home, and without empty, `.` and
 * `..` components.
 *
 * This is text only; the disk is never asked. So `..` is resolved as text, even behind a link, and
 * nothing leads above `/`.
 *
 * A name is its UTF-8, unchanged. Case and Unicode normalization are left alone: `é` as one code
 * point and `é` as two are two names if the file system distinguishes them (Linux), and one if it
 * does not (macOS). The jail compares no names, except those of the server's temporary files, where
 * all such spellings count as one.
 */
import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { StorageError } from "./storage-error.ts";

/** Bytes of the longest name. */
export const NAME_LIMIT = 255;
/** Bytes of the longest path. */
export const PATH_LIMIT = 4096;
/** The start of the names of temporary files, which no client can use or see. */
export const TEMPORARY_PREFIX = ".sml-upload-";

// NUL ends a name for the system; CR and LF end a line of the protocol
const FORBIDDEN = /[\0\r\n]/;
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * Returns the path for `name`, as the client wrote it, relative to the folder `cwd`.
 *
 * @param cwd a path that this function returned, or `/`
 * @throws StorageError `name` if it contains NUL, CR, LF or a lone surrogate, is too long, or
 * reserved
 */
export function resolvePath(cwd: string, name: string): string {
  if (FORBIDDEN.test(name) || !name.isWellFormed()) throw new StorageError("name");
  const components = name.startsWith("/") ? [] : splitPath(cwd);
  for (const component of name.split("/")) {
    if (component === "..") components.pop();
    else if (component !== "" && component !== ".") components.push(component);
  }
  if (!components.every(isServed)) throw new StorageError("name");
  const path = `/${components.join("/")}`;
  if (encodeUtf8(path).length > PATH_LIMIT) throw new StorageError("name", "the path is too long");
  return path;
}

/** Returns the names on the way from `/` to `path`; none for `/`. */
export function splitPath(path: string): string[] {
  return path.split("/").filter((component) => component !== "");
}

/** Returns the parent folder of `path` and the name in it; undefined for `/`. */
export function splitLast(path: string): { folder: string; name: string } | undefined {
  const end = path.lastIndexOf("/");
  const name = path.slice(end + 1);
  return name === "" ? undefined : { folder: path.slice(0, end) || "/", name };
}

/** Reports whether clients may see and use entries with this `name`. */
export function isServed(name: string): boolean {
  if (FORBIDDEN.test(name) || !name.isWellFormed()) return false;
  return encodeUtf8(name).length <= NAME_LIMIT && !fold(name).startsWith(TEMPORARY_PREFIX);
}

/**
 * Returns what a file system that ignores case, normal forms or invisible characters may make of
 * `name`.
 */
function fold(name: string): string {
  return name.normalize("NFKC").replaceAll(IGNORABLE, "").toLowerCase().normalize("NFKC");
}
