/**
 * What the harness is tried on: submissions that are broken in one way, each with the checks that must notice it, and honest
 * ones, which must lose nothing.
 *
 * README.md in this folder says how to add one.
 */
import { broken as programs } from "./broken.ts";
import { broken as edits } from "./edits.ts";
import { honest as sound } from "./honest.ts";
import type { Honest, Mutant } from "./mutant.ts";

export const mutants: Mutant[] = [...programs, ...edits];
export const honest: Honest[] = sound;
