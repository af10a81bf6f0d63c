/** A report as JSON, and back. */
import { REPORT_VERSION, type Report, reportSchema } from "../model/report.ts";
import { validate } from "../model/validate.ts";

/** Returns `report` as JSON (RFC 8259), indented, with a line break at its end. */
export function encodeReport(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Returns the report in `json`. @throws Error that names the first field that is wrong */
export function decodeReport(json: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error("the report is not JSON");
  }
  return checkReport(value);
}

/**
 * Returns `value` if it is a report.
 *
 * @throws Error as `decodeReport` does, or that names the version of an older report
 */
export function checkReport(value: unknown): Report {
  const version = versionOf(value);
  if (version !== undefined && version < REPORT_VERSION)
    throw new Error(
      `the report is of version ${version}, and this grader reads version ${REPORT_VERSION}: grade again`,
    );
  try {
    return validate(reportSchema, value);
  } catch (error) {
    throw error instanceof Error ? new Error(`the report is damaged: ${error.message}`) : error;
  }
}

function versionOf(value: unknown): number | undefined {
  const version =
    typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
  return Number.isInteger(version) ? Number(version) : undefined;
}
