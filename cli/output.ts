/** Standard output: data only, JSON unless a person reads it. */

/** Prints one line that says that a command is up: `json` to programs, `text` on a terminal. */
export function printUp(wantsJson: boolean, json: Readonly<Record<string, unknown>>, text: string): void {
  print(isForPeople(wantsJson) ? text : JSON.stringify(json))
}

/** Prints data: one line of JSON to programs, what `text` makes on a terminal. */
export function printData(wantsJson: boolean, data: unknown, text: () => string): void {
  print(isForPeople(wantsJson) ? text() : jsonLine(data))
}

/** A table with a head, columns as wide as they need to be. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => printable(cell)))
  const widths = head.map((_, column) => Math.max(...cells.map((row) => [...(row[column] ?? '')].length)))
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** A value of the store in one line, cut where it would fill the screen. */
export function brief(value: unknown, charactersMax = 60): string {
  const text = jsonLine(value)
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text
}

/** JSON in one line; bytes as the HTTP interface shows them. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value, (_key, field: unknown) => {
    return field instanceof Uint8Array ? { $base64: Buffer.from(field).toString('base64') } : field
  })
  // What JSON leaves as it is, and a terminal obeys.
  return text.replace(CONTROLS, escaped)
}

/** Prints one line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function isForPeople(wantsJson: boolean): boolean {
  return process.stdout.isTTY === true && !wantsJson
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Names and keys come from other members: none of them may send control characters to a terminal. */
function printable(cell: unknown): string {
  return cell === undefined || cell === null ? '-' : String(cell).replace(CONTROLS, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
