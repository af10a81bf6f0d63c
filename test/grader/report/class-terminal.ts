/** The grading of a class on a terminal: a line for each student who is done, and below them what runs and how long it will take. */
import { type Grade, isCertain, noteOn } from "./grade.ts";
import { MARKS } from "./marks.ts";
import { allChecks, countVerdicts } from "./summary.ts";
import { type Style, styles, type Terminal } from "./terminal-style.ts";
import { cut, pad } from "./text-width.ts";
import { counted, formatPoints, formatSeconds, oneLine, shorten } from "./visible.ts";

const MAX_WIDTH = 110;
const POINTS_WIDTH = 12;
const SECONDS_WIDTH = 12;
const TICK = 200;
const NOTE_LIMIT = 300;

/** Writes how the grading of a class goes on; `close` at the end, also after an error. */
export class ClassTerminal {
  readonly #terminal: Terminal;
  readonly #jobs: number;
  readonly #style: (style: Style, text: string) => string;
  readonly #running = new Set<string>();
  readonly #seconds: number[] = [];
  #total = 0;
  #done = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal, jobs: number) {
    this.#terminal = terminal;
    this.#jobs = jobs;
    this.#style = styles(terminal.hasColours);
  }

  began(students: number): void {
    this.#total = students;
    this.#print(`${counted(students, "submission")}, ${this.#jobs} at a time`);
    if (this.#terminal.isLive) this.#timer = setInterval(() => this.#draw(), TICK).unref();
  }

  /** @param unusable why the stored grade cannot be used, if there is one that cannot */
  started(student: string, unusable?: string): void {
    this.#running.add(student);
    if (unusable === undefined) this.#draw();
    else
      this.#print(oneLine(`${student}: its stored grade cannot be used: ${shorten(unusable, NOTE_LIMIT)}`));
  }

  finished(grade: Grade, reused: boolean): void {
    this.#running.delete(grade.student);
    this.#done += 1;
    if (!reused && grade.seconds > 0) this.#seconds.push(grade.seconds);
    this.#print(this.#line(grade, reused));
  }

  /** Writes what came of it all. */
  ended(grades: readonly Grade[]): void {
    this.close();
    const count = (kind: Grade["outcome"]["kind"]) =>
      grades.filter(({ outcome }) => outcome.kind === kind).length;
    const uncertain = grades.filter((grade) => grade.outcome.kind === "graded" && !isCertain(grade)).length;
    const parts = [
      `${count("graded")} of ${counted(grades.length, "submission")} graded`,
      uncertain > 0 && `${uncertain} of them with failures of the harness, to be looked at (!)`,
      count("failed") > 0 && `${count("failed")} could not be graded (!)`,
      count("waiting") > 0 && `${count("waiting")} left; run the same again to go on`,
    ].filter((part) => part !== false);
    this.#terminal.write(`${parts.join(", ")}\n`);
  }

  /** Takes the line that is rewritten away. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#running.clear();
    this.#clear();
  }

  #line(grade: Grade, reused: boolean): string {
    const { mark, style, points } = standing(grade);
    const note = noteOn(grade);
    const took = reused
      ? "done before"
      : grade.outcome.kind === "waiting"
        ? ""
        : formatSeconds(grade.seconds);
    const right = `${points.padStart(POINTS_WIDTH)}${took.padStart(SECONDS_WIDTH)}`;
    const room = Math.max(12, this.#width - 2 - right.length);
    const line = `${this.#style(style, mark)} ${pad(cut(oneLine(grade.student), room), room)}${right}`;
    return note === "" ? line : `${line}\n  ${this.#style("dim", cut(oneLine(note), this.#width - 2))}`;
  }

  get #width(): number {
    return Math.min(this.#terminal.columns(), MAX_WIDTH);
  }

  #print(text: string): void {
    this.#clear();
    this.#terminal.write(`${text}\n`);
    this.#draw();
  }

  #clear(): void {
    if (this.#terminal.isLive) this.#terminal.write("\r\u001b[2K");
  }

  #draw(): void {
    if (!this.#terminal.isLive || this.#done === this.#total) return;
    const left = this.#secondsLeft();
    const parts = [
      `${this.#done} of ${this.#total}`,
      left !== undefined && `about ${formatSeconds(left)} left`,
      this.#running.size > 0 && `now ${[...this.#running].map(oneLine).join(", ")}`,
    ].filter((part) => part !== false);
    this.#terminal.write(`\r\u001b[2K${this.#style("cyan", cut(parts.join("; "), this.#width - 1))}`);
  }

  /** What those that are left will take, if they are like those that are done; undefined as long as none is. */
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
    return { mark: MARKS.error, style: "magenta", points: MARKS.error };
  const { points, maximum } = outcome.report;
  const { fail, "not shown": unshown } = countVerdicts(allChecks(outcome.report));
  const verdict = fail > 0 ? "fail" : unshown > 0 ? "not shown" : "pass";
  const style = ({ fail: "red", "not shown": "yellow", pass: "green" } as const)[verdict];
  return { mark: MARKS[verdict], style, points: `${formatPoints(points)}/${formatPoints(maximum)}` };
}
