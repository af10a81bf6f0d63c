/** What a misspelled word may have meant. */

/**
 * Returns the one of `known` that is most like `word`; undefined if a third of its letters, and
 * more than one, would have to change.
 */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const distances = known.map((other) => ({ other, distance: editDistance(word.toLowerCase(), other) }));
  const nearest = distances.toSorted((a, b) => a.distance - b.distance)[0];
  return nearest !== undefined && nearest.distance <= Math.max(1, word.length / 3)
    ? nearest.other
    : undefined;
}

/**
 * Returns how many letters must be changed, added, removed or exchanged with their neighbour
 * (optimal string alignment).
 */
function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row += 1) {
    const next = [row];
    rows.push(next);
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      next.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + (isSame ? 0 : 1),
          isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return at(from.length, to.length);
}
