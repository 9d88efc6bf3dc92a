/** Parts of a path. */
import { shown, UsageError } from '../base/errors.js'

/** A percent-encoded part as text. @throws UsageError ERR_KEY_INVALID */
export function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new UsageError(
      'ERR_KEY_INVALID',
      `The path has a % that begins no encoded character, in ${shown(part)}`,
      {
        why: 'A key or label stands percent-encoded in the path',
        fix: 'Encode it as encodeURIComponent(key) does',
      },
    )
  }
}
