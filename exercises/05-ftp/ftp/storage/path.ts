/**
 * Names as the client sees them: absolute paths in which `/` is the user's home, with no empty, `.` or `..` component.
 *
 * Everything here is text alone; what is on the disk is never asked. So `..` is what the path says it is, not what a link
 * made of it, and nothing climbs above `/`.
 *
 * A name is its UTF-8, exactly as given. Neither case nor Unicode normalisation is touched: `é` in one code point and `é`
 * in two are two names where the file system keeps them apart (Linux), and one where it does not (macOS). Nothing that
 * guards the home compares names, but for the server's own temporary files, and there all such spellings count as one.
 */
import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { StorageError } from "./storage-error.ts";

/** Bytes of the longest name of a file or folder. */
export const NAME_LIMIT = 255;
/** Bytes of the longest path. */
export const PATH_LIMIT = 4096;
/** How the names of the server's temporary files begin; no client can name such a file, and no listing shows one. */
export const TEMPORARY_PREFIX = ".sml-upload-";

// NUL ends a name early for the system; CR and LF end a line of the protocol
const FORBIDDEN = /[\0\r\n]/;
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * Returns the path that `name`, as the client wrote it, means in the folder `cwd`.
 *
 * @param cwd a path that this function returned, or `/`
 * @throws StorageError `name` when it has a NUL, CR, LF or half a surrogate pair, is too long, or is the server's own
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

/** Returns the names that lead from `/` to `path`, one after the other; none for `/` itself. */
export function splitPath(path: string): string[] {
  return path.split("/").filter((component) => component !== "");
}

/** Returns the folder that `path` is in, and its name there; undefined for `/`. */
export function splitLast(path: string): { folder: string; name: string } | undefined {
  const end = path.lastIndexOf("/");
  const name = path.slice(end + 1);
  return name === "" ? undefined : { folder: path.slice(0, end) || "/", name };
}

/** Says whether a client may see and use an entry of a folder that has this `name`. */
export function isServed(name: string): boolean {
  if (FORBIDDEN.test(name) || !name.isWellFormed()) return false;
  return encodeUtf8(name).length <= NAME_LIMIT && !fold(name).startsWith(TEMPORARY_PREFIX);
}

/** Returns what file systems that confuse case, normal forms or invisible characters might make of `name`. */
function fold(name: string): string {
  return name.normalize("NFKC").replaceAll(IGNORABLE, "").toLowerCase().normalize("NFKC");
}
