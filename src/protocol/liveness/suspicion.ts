/** How long a suspicion lasts before its subject counts as dead. */

/**
 * Lifeguard (arXiv 1707.00788, section IV-B): the timer begins at the maximum and shrinks to the minimum with
 * the logarithm of the independent confirmations: max - (max - min) ln(n + 1) / ln(k + 1).
 * @param confirmations watchers beside the first one
 * @param k confirmations at which the minimum is reached; 0 means at once
 */
export function suspicionMillis(confirmations: number, k: number, min: number, max: number): number {
  if (confirmations >= k) return min
  const share = Math.log(confirmations + 1) / Math.log(k + 1)
  return Math.floor(max - (max - min) * share)
}
