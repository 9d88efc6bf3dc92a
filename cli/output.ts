/** Standard output: data only, JSON unless a person reads it. */

/** Prints one line that says that a command is up: `json` to programs, `text` on a terminal. */
export function printUp(wantsJson: boolean, json: Readonly<Record<string, unknown>>, text: string): void {
  const isForPeople = process.stdout.isTTY === true && !wantsJson
  print(isForPeople ? text : JSON.stringify(json))
}

/** Prints one line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
