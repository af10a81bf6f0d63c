/** All tasks that can be graded, in the order of the course. */
import type { Task } from "../check.ts";
import { exercise01 } from "./01.ts";
import { exercise02 } from "./02.ts";
import { exercise03 } from "./03.ts";
import { exercise04 } from "./04.ts";
import { exercise05 } from "./05.ts";
import { part1 } from "./part1.ts";
import { part2 } from "./part2.ts";

export const TASKS: Task[] = [part1, part2, exercise01, exercise02, exercise03, exercise04, exercise05];
