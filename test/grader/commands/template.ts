/** `npm run grade -- template TASK LANGUAGE`: prints a manifest to start from. */
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { formatManifest } from "../init/format-manifest.ts";
import { LANGUAGES, manifestTemplate, TEMPLATE_TASKS } from "../manifest/template.ts";

/** Runs the command; returns the exit status. @throws UsageError if its arguments are wrong */
export function template(args: string[], print: (text: string) => void = console.log): number {
  const [task = "", language = ""] = args;
  const manifest = args.length === 2 ? manifestTemplate(task, language) : undefined;
  if (manifest === undefined)
    throw new UsageError(
      `expected template TASK LANGUAGE, with a task of ${TEMPLATE_TASKS.join(", ")}, and a language of ${LANGUAGES.join(", ")}`,
    );
  print(formatManifest(manifest).trimEnd());
  return 0;
}
