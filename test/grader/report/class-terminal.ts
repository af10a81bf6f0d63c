/**
 * The grading of a class on a terminal: a line for each graded student, and below them the
 * progress.
 */
import { type Grade, isCertain, isQuick, noteOn } from "./grade.ts";
import { LiveLine } from "./live-line.ts";
import { MARKS } from "./marks.ts";
import { allChecks, countVerdicts } from "./summary.ts";
import { type Paint, type Style, styles, type Terminal, VERDICT_STYLES } from "./terminal-style.ts";
import { cut, pad } from "./text-width.ts";
import { counted, formatPoints, formatSeconds, oneLine, shorten } from "./visible.ts";

const POINTS_WIDTH = 12;
const SECONDS_WIDTH = 12;
const TICK = 200;
const NOTE_LIMIT = 300;

/** Writes the progress of a class. Call `close` at the end, and after an error. */
export class ClassTerminal {
  readonly #terminal: Terminal;
  readonly #jobs: number;
  readonly #style: Paint;
  readonly #line: LiveLine;
  readonly #running = new Set<string>();
  readonly #seconds: number[] = [];
  #total = 0;
  #done = 0;

  constructor(terminal: Terminal, jobs: number) {
    this.#terminal = terminal;
    this.#jobs = jobs;
    this.#style = styles(terminal.hasColours);
    this.#line = new LiveLine(terminal, this.#style, () => this.#progress());
  }

  began(students: number): void {
    this.#total = students;
    this.#line.print(`${counted(students, "submission")}, ${this.#jobs} at a time`);
    this.#line.start(TICK);
  }

  /** @param unusable why the stored grade cannot be used, if there is one that cannot */
  started(student: string, unusable?: string): void {
    this.#running.add(student);
    if (unusable === undefined) this.#line.draw();
    else
      this.#line.print(
        oneLine(`${student}: its stored grade cannot be used: ${shorten(unusable, NOTE_LIMIT)}`),
      );
  }

  finished(grade: Grade, reused: boolean): void {
    this.#running.delete(grade.student);
    this.#done += 1;
    if (!reused && grade.seconds > 0) this.#seconds.push(grade.seconds);
    this.#line.print(this.#gradeLine(grade, reused));
  }

  /** Writes how many submissions were graded, and how many could not be. */
  ended(grades: readonly Grade[]): void {
    this.close();
    const count = (kind: Grade["outcome"]["kind"]) =>
      grades.filter(({ outcome }) => outcome.kind === kind).length;
    const uncertain = grades.filter((grade) => grade.outcome.kind === "graded" && !isCertain(grade)).length;
    const parts = [
      `${count("graded")} of ${counted(grades.length, "submission")} graded`,
      uncertain > 0 && `the grader failed in ${uncertain} of them, to be looked at (!)`,
      count("failed") > 0 && `${count("failed")} could not be graded (!)`,
      isQuick(grades) && "quick, so the points are provisional",
      count("waiting") > 0 && `${count("waiting")} left; run the same command again to continue`,
    ].filter((part) => part !== false);
    this.#terminal.write(`${parts.join(", ")}\n`);
  }

  close(): void {
    this.#running.clear();
    this.#line.close();
  }

  #gradeLine(grade: Grade, reused: boolean): string {
    const { mark, style, points } = standing(grade);
    const note = noteOn(grade);
    const took = reused ? "stored" : grade.outcome.kind === "waiting" ? "" : formatSeconds(grade.seconds);
    const right = `${points.padStart(POINTS_WIDTH)}${took.padStart(SECONDS_WIDTH)}`;
    const room = Math.max(12, this.#line.width - 2 - right.length);
    const line = `${this.#style(style, mark)} ${pad(cut(oneLine(grade.student), room), room)}${right}`;
    return note === "" ? line : `${line}\n  ${this.#style("dim", cut(oneLine(note), this.#line.width - 2))}`;
  }

  #progress(): string | undefined {
    if (this.#done === this.#total) return undefined;
    const left = this.#secondsLeft();
    return [
      `${this.#done} of ${this.#total}`,
      left !== undefined && `about ${formatSeconds(left)} left`,
      this.#running.size > 0 && `now ${[...this.#running].map(oneLine).join(", ")}`,
    ]
      .filter((part) => part !== false)
      .join("; ");
  }

  /**
   * The remaining time, if the other submissions take as long as these; undefined before the first.
   */
  #secondsLeft(): number | undefined {
    if (this.#seconds.length === 0) return undefined;
    const mean = this.#seconds.reduce((sum, seconds) => sum + seconds, 0) / this.#seconds.length;
    return (mean * (this.#total - this.#done)) / this.#jobs;
  }
}

function standing(grade: Grade): { mark: string; style: Style; points: string } {
  const { outcome } = grade;
  if (outcome.kind === "waiting") return { mark: "·", style: "dim", points: "" };
  if (!isCertain(grade) || outcome.kind === "failed")
    return { mark: MARKS.error, style: VERDICT_STYLES.error, points: MARKS.error };
  const { points, maximum } = outcome.report;
  const { fail, "not shown": unshown } = countVerdicts(allChecks(outcome.report));
  const verdict = fail > 0 ? "fail" : unshown > 0 ? "not shown" : "pass";
  const ratio = `${formatPoints(points)}/${formatPoints(maximum)}`;
  return { mark: MARKS[verdict], style: VERDICT_STYLES[verdict], points: ratio };
}
