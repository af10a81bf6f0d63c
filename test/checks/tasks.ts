/** All tasks that can be graded, in the order of the course. */
import type { Task } from "../harness/check.ts";
import { part1 } from "./part1.ts";
import { part2 } from "./part2.ts";

export const TASKS: Task[] = [part1, part2];
