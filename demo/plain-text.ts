/** Texts for people: errors without their prefix, ages, sizes and counts. */

const PREFIX = /^\[gossip-kv (ERR_[A-Z_]+)\] /

/** The message of an error as plain sentences, without the code in brackets. */
export function plainText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(PREFIX, '')
}

/** How long ago `at` was, coarsely: `now`, `12 s ago`, `3 min ago`. */
export function agoText(at: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - at) / 1000))
  if (seconds < 2) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return new Date(at).toLocaleDateString()
}

/** A size in bytes, KiB or MiB. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

/** A round trip, which members tell in whole milliseconds. */
export function roundTripText(millis: number): string {
  return millis < 1 ? '< 1 ms' : `${Math.round(millis)} ms`
}

/** `1 key`, `2,000 keys`. */
export function countText(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

/** The time of day, to the second. */
export function clockText(at: number): string {
  return new Date(at).toLocaleTimeString()
}
