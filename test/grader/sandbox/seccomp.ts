/**
 * The system call filter of a box: classic BPF over `struct seccomp_data`, see seccomp(2).
 *
 * Namespaces isolate a program from almost everything. The filter closes the gaps they leave:
 * socket families without namespaces (such as AF_VSOCK), keyrings, further namespaces, and memory
 * that belongs to no process and so escapes the memory limit.
 */
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";

interface Architecture {
  /** AUDIT_ARCH_*, which the kernel passes with each call. */
  audit: number;
  clone: number;
  socket: number;
  /** Refused with EPERM. */
  refused: number[];
  /** Refused with ENOSYS, so that a C library falls back to older calls. */
  missing: number[];
}

const ARCHITECTURES: Record<string, Architecture> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    socket: 41,
    // add_key request_key keyctl unshare setns mount userfaultfd bpf perf_event_open
    refused: [248, 249, 250, 272, 308, 165, 323, 321, 298],
    // shmget msgget semget memfd_create memfd_secret clone3 io_uring_setup
    missing: [29, 68, 64, 319, 447, 435, 425],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    socket: 198,
    refused: [217, 218, 219, 97, 268, 40, 282, 280, 241],
    missing: [194, 186, 190, 279, 447, 435, 425],
  },
};

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const CLONE_NEWUSER = 0x10000000;
const X32_CALLS = 0x40000000;
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

// offsets in struct seccomp_data: call number, architecture, lower half of the first argument
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

/** Returns the filter for `arch`, a value of `process.arch`. @throws Error if there is none */
export function seccompFilter(arch: string): Bytes {
  const architecture = ARCHITECTURES[arch];
  if (!architecture) throw new Error(`there is no system call filter for ${arch}, only for x64 and arm64`);
  const refuse = (number: number, error: number) => [ifEqual(number, 0, 1), fail(error)];
  return concat([
    load(ARCHITECTURE),
    ifEqual(architecture.audit, 1, 0),
    end(KILL),
    load(NUMBER),
    ...(arch === "x64" ? [ifAtLeast(X32_CALLS, 0, 1), fail(ENOSYS)] : []),
    ...architecture.refused.flatMap((number) => refuse(number, EPERM)),
    ...architecture.missing.flatMap((number) => refuse(number, ENOSYS)),
    ifEqual(architecture.clone, 0, 4),
    load(FIRST_ARGUMENT),
    ifAnyBit(CLONE_NEWUSER, 0, 1),
    fail(EPERM),
    end(ALLOW),
    ifEqual(architecture.socket, 0, 7),
    load(FIRST_ARGUMENT),
    ifEqual(AF_UNIX, 4, 0),
    ifEqual(AF_INET, 3, 0),
    ifEqual(AF_INET6, 2, 0),
    ifEqual(AF_NETLINK, 1, 0),
    fail(EAFNOSUPPORT),
    end(ALLOW),
    end(ALLOW),
  ]);
}

/** `struct sock_filter`: uint16 code, uint8 jump if true, uint8 jump if false, uint32 value. */
function instruction(code: number, whenTrue: number, whenFalse: number, value: number): Bytes {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint8(2, whenTrue);
  view.setUint8(3, whenFalse);
  view.setUint32(4, value, true);
  return bytes;
}

function load(offset: number): Bytes {
  return instruction(0x20, 0, 0, offset);
}

function ifEqual(value: number, whenTrue: number, whenFalse: number): Bytes {
  return instruction(0x15, whenTrue, whenFalse, value);
}

function ifAtLeast(value: number, whenTrue: number, whenFalse: number): Bytes {
  return instruction(0x35, whenTrue, whenFalse, value);
}

function ifAnyBit(bits: number, whenTrue: number, whenFalse: number): Bytes {
  return instruction(0x45, whenTrue, whenFalse, bits);
}

function end(action: number): Bytes {
  return instruction(0x06, 0, 0, action);
}

function fail(error: number): Bytes {
  return end(0x50000 | error);
}
