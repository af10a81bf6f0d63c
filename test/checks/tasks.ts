/** All tasks that can be graded, in the order of the course. */
import type { Task } from "../harness/check.ts";
import { part2 } from "./part2.ts";

export const TASKS: Task[] = [part2];
