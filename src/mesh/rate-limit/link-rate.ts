/** How much goes over one link, in each direction, against what may. */

import { MEMBERS_MAX } from '../../base/member-limits.js'
import { TokenBucket } from '../../base/token-bucket.js'
import {
  LINK_BURST_BYTES,
  LINK_BYTES_PER_SECOND,
  LINK_EXCESS_FACTOR,
  LINK_FRAMES_PER_SECOND,
} from './rate-limits.js'

export class LinkRate {
  readonly #sent: readonly [frames: TokenBucket, bytes: TokenBucket]
  readonly #received: readonly [frames: TokenBucket, bytes: TokenBucket]

  constructor(now: number) {
    const [frames, bytes] = [LINK_FRAMES_PER_SECOND, LINK_BYTES_PER_SECOND]
    this.#sent = [new TokenBucket(frames, frames, now), new TokenBucket(bytes, bytes, now)]
    // The table of a large cluster comes at once, before anybody could turn the link slow.
    this.#received = [
      new TokenBucket(LINK_EXCESS_FACTOR * frames, LINK_EXCESS_FACTOR * frames + MEMBERS_MAX, now),
      new TokenBucket(LINK_EXCESS_FACTOR * bytes, LINK_EXCESS_FACTOR * bytes + LINK_BURST_BYTES, now),
    ]
  }

  /** Counts a frame that leaves; false when the link has carried enough for now. */
  sent(bytes: number, now: number): boolean {
    return spend(this.#sent, bytes, now)
  }

  /** Counts a frame that came; false when the peer sends far more than it may. */
  received(bytes: number, now: number): boolean {
    return spend(this.#received, bytes, now)
  }
}

function spend([frames, bytes]: readonly [TokenBucket, TokenBucket], length: number, now: number): boolean {
  const hasFrame = frames.take(now)
  return bytes.take(now, length) && hasFrame
}
