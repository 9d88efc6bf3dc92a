/** Finds what a misspelled word was meant to be. */

/** The words that one or two slips of the hand away from `written`, or that begin with it; the closest first. */
export function nearest(written: string, words: readonly string[]): string[] {
  const slipsMax = written.length <= 3 ? 1 : 2
  return words
    .map((word) => ({ word, slips: word.startsWith(written) ? 0 : distance(written.toLowerCase(), word) }))
    .filter(({ slips }) => slips <= slipsMax)
    .sort((a, b) => a.slips - b.slips)
    .map(({ word }) => word)
}

/** The least number of characters to add, remove or replace (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
