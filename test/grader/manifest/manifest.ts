/**
 * The format of submission.json: how the programs of a submission are started, and what they need.
 *
 * These schemas are the one source of the types, of the validation and of submission.schema.json.
 * Their error messages complete the sentence "expected ...".
 */
import { z } from "zod";
import { misspelled } from "./placeholders.ts";

export const MANIFEST_NAME = "submission.json";
const DEFAULT_TIMEOUT = 60;
const MAX_TIMEOUT = 600;
const MAX_PORT = 65_535;
/** A shorter one might occur in random bytes. */
const PASSWORD = /^[^\0]{8,}$/u;
const PROGRAM_NAME = /^(?!(server|client)$)[a-z][a-z0-9-]{0,31}$/;
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;
/** Relative, without `..`, without backslashes. */
const PATH = /^(?!\/)(?![\s\S]*(^|\/)\.\.(\/|$))[^\\\0]+$/;

const TIME = `seconds, more than 0 and at most ${MAX_TIMEOUT}`;
const PORT = `a whole number from 1 to ${MAX_PORT}`;
const PROGRAM = "a program to begin with";

const anyString = z.string().regex(/^[^\0]*$/, "a string without NUL characters");
const text = anyString.min(1);
/** A string in which placeholders are filled in. */
const filledIn = anyString.superRefine((value, context) => {
  const found = misspelled(value);
  if (found) context.addIssue({ code: "custom", message: `${found.meant} instead of ${found.written}` });
});
const path = z
  .string()
  .regex(PATH, 'a path below the folder, with / and without ".."')
  .meta({ id: "path", description: 'A path below the folder, with / and without "..".' });
const seconds = z.number(TIME).gt(0, TIME).lte(MAX_TIMEOUT, TIME);

const command = z
  .tuple([z.string(PROGRAM).regex(/^[^\0]+$/, PROGRAM)], filledIn, "an array of strings")
  .meta({
    id: "command",
    description:
      "A program and its arguments; no shell. {message}, {reply}, {host} and {port} are filled in; in 05, {put} and {get} instead of the texts.",
  });

const inputItem = z
  .union(
    [
      filledIn,
      z.strictObject({ wait: text.describe("Wait until the program has printed this.") }),
      z.strictObject({ seconds }),
      z.strictObject({ end: z.literal(true).describe("Close the input. Otherwise it stays open.") }),
    ],
    'a string, {"wait": text}, {"seconds": number} or {"end": true}',
  )
  .meta({
    id: "input",
    description: "A line to type, an event to wait for before the next one, or the end of the input.",
  });

const program = z
  .strictObject({
    command,
    next: z
      .array(command)
      .default([])
      .describe(
        "Commands to run in the same place, each once the one before has ended, such as the second call of a client that does one thing per call.",
      ),
    relay: command
      .optional()
      .describe(
        "A server that only relays between clients: it starts first, on the same machine, and the program once it listens.",
      ),
    stdin: z.array(inputItem).default([]).describe("The program's input, line by line."),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "names of environment variables"), filledIn)
      .default({})
      .describe("Environment variables."),
  })
  .meta({ id: "program" });

const edit = z
  .strictObject({
    file: path,
    find: text.describe("Must occur in the file; every occurrence is replaced."),
    replace: filledIn.describe("{message}, {reply}, {host} and {port} are filled in."),
  })
  .meta({ id: "edit" });

/** A path with `{name}` for the file's name; a folder stands for the files in it. */
const place = path.transform((written) => (written.includes("{name}") ? written : `${written}/{name}`));
const places = z
  .union(
    [place.transform((both) => ({ put: both, get: both })), z.strictObject({ put: place, get: place })],
    'a folder, or {"put": path, "get": path}',
  )
  .meta({
    id: "places",
    description: "A folder, or a path with {name} for the file's name; for both ways, or for each.",
  });

const commonFields = {
  folder: path.default(".").describe("Where commands run; the submission's folder by default."),
  prepare: z
    .array(command)
    .default([])
    .describe("Commands to run once, before anything else, such as a compiler."),
  server: program,
  client: program,
  programs: z
    .record(
      z
        .string()
        .regex(PROGRAM_NAME, "names of small letters, digits and hyphens, other than server and client"),
      program,
    )
    .default({})
    .describe("More programs, by names that the task defines."),
  port: z.int(PORT).min(1, PORT).max(MAX_PORT, PORT).optional().describe("The port in the source."),
  shared: z
    .array(path)
    .default([])
    .describe(
      "Files that both sides may see, such as public keys; they are carried over, and searched like the wire.",
    ),
  secrets: z
    .array(path)
    .default([])
    .describe(
      "Files that both sides hold by arrangement, such as a key handed over in person; they are carried over, and not searched.",
    ),
  edits: z.array(edit).default([]).describe("Changes to the copy that runs."),
  hosts: z
    .array(z.string().regex(HOST_NAME, "a host name or an IPv4 address"))
    .default([])
    .describe("Names and IPv4 addresses in the source that must lead to the server."),
  timeout: seconds.default(DEFAULT_TIMEOUT).describe("The longest time for a plain exchange."),
};

const texts = z.strictObject({ message: text.exactOptional(), reply: text.exactOptional() });
const files = z.strictObject({
  server: places.describe("Where the server offers and stores files."),
  client: places.describe("Where the client has what it puts, and stores what it gets."),
});
const password = z
  .string()
  .regex(PASSWORD, "a password of 8 characters or more, which does not turn up by chance");

const textTask = z
  .strictObject({
    ...commonFields,
    texts: texts
      .default({})
      .describe("What the programs say, if the source fixes it; otherwise it is random in each run."),
  })
  .meta({ id: "task" })
  .transform((fields) => normalize({ ...fields, files: undefined, passwords: [] }));

const fileTask = z
  .strictObject({
    ...commonFields,
    files: files.describe("Where the files of an exchange are, relative to the folder."),
    passwords: z
      .array(password)
      .default([])
      .describe("Passwords that are typed or stored, and must not pass in plaintext."),
  })
  .meta({ id: "file-task", description: "A task whose programs carry files." })
  .transform((fields) => normalize({ ...fields, texts: {} }));

/** Gives the tasks of both kinds one shape, with all programs in one record. */
function normalize({ server, client, programs, port, ...fields }: TaskFields) {
  const all: Record<string, ProgramManifest> = { server, client, ...programs };
  return { ...fields, port, programs: all };
}

export const manifestSchema = z
  .strictObject({
    $schema: anyString.optional().describe("Where this schema is, for editors."),
    name: anyString.optional().describe("The name in reports; the folder's name by default."),
    tasks: z
      .strictObject({
        part1: textTask.optional(),
        part2: textTask.optional(),
        "01": textTask.optional(),
        "02": textTask.optional(),
        "03": textTask.optional(),
        "04": textTask.optional(),
        "05": fileTask.optional(),
        "06": textTask.optional(),
        "07": textTask.optional(),
      })
      .refine((tasks) => Object.keys(tasks).length > 0, "at least one task")
      .meta({ minProperties: 1, description: "The tasks that the submission solves." }),
  })
  .meta({
    title: "submission.json",
    description:
      "How the Secure Messaging Lab's grader starts the programs of a submission, and what they need.",
  });

export type Command = z.output<typeof command>;
export type ProgramManifest = z.output<typeof program>;
export type Item = z.output<typeof inputItem>;
export type Edit = z.output<typeof edit>;
/**
 * Where one side keeps the files of an exchange: paths relative to the task's folder, with `{name}`
 * for the file's name.
 */
export type FilePlaces = z.output<typeof places>;
type TaskFields = z.output<z.ZodObject<typeof commonFields>> & {
  texts: z.output<typeof texts>;
  files: z.output<typeof files> | undefined;
  passwords: string[];
};
export type TaskManifest = ReturnType<typeof normalize>;

export interface Manifest {
  name: string;
  tasks: Record<string, TaskManifest>;
}
