/** Weighs what members send: frames and payload bytes, by type. Encodes each frame once, so it costs. */
import type { Output } from '../src/mesh/protocol/step.js'
import { frameBytes } from './link-end.js'
import { Observer, type SimMember } from './member.js'

export class Traffic extends Observer {
  frames = 0
  bytes = 0
  /** Frames and bytes by type. */
  readonly byType = new Map<string, { frames: number; bytes: number }>()

  override output(_member: SimMember, output: Output): void {
    if (output.type !== 'send') return
    const bytes = frameBytes(output.frame)
    this.frames += 1
    this.bytes += bytes
    const { type } = output.frame
    const sum = this.byType.get(type) ?? { frames: 0, bytes: 0 }
    sum.frames += 1
    sum.bytes += bytes
    this.byType.set(type, sum)
  }

  /** The types with the most bytes, in words: `heartbeat 812 B, digest 90 B`, as shares of `divisor`. */
  heaviest(divisor: number, count = 4): string {
    const sorted = [...this.byType].sort(([, a], [, b]) => b.bytes - a.bytes).slice(0, count)
    return sorted.map(([type, { bytes }]) => `${type} ${(bytes / divisor).toFixed(0)} B`).join(', ')
  }
}
