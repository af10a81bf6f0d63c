/** Preloaded into a server (`node --import`), marks each line that `Reports` prints by its kind. */
import { Reports } from "../../lib/cli/reports.ts";

const { add } = Reports.prototype;

Reports.prototype.add = function (kind, line) {
  add.call(this, kind, `[${kind}] ${line}`);
};
