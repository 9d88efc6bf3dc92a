/** The codes with their class, in the order of the catalogue. */
export function catalogue(): { code: string; group: string; why: string; fix: string; more: string }[]
/** The text of docs/ERRORS.md. */
export function errorsDoc(): string
