/** What an attacker at signaling needs: the description that real WebRTC makes, and candidates of its choice. */
import wrtc from '@roamhq/wrtc'

/** A real offer of a data channel, without candidates. */
export async function realOffer(): Promise<string> {
  const connection = new wrtc.RTCPeerConnection({ iceServers: [] })
  try {
    connection.createDataChannel('gossip', { negotiated: true, id: 0 })
    return (await connection.createOffer()).sdp ?? ''
  } finally {
    connection.close()
  }
}

/** A candidate line for `address` and `port`. */
export function candidateLine(address: string, port: number, number = 1): string {
  return `candidate:${number} 1 udp ${2122265343 - number} ${address} ${port} typ host generation 0`
}

/** The description with candidates in it, as sides that do not trickle send it. */
export function withCandidates(sdp: string, candidates: readonly string[]): string {
  return `${sdp.trimEnd()}\r\n${candidates.map((candidate) => `a=${candidate}\r\n`).join('')}`
}

/** An implementation that counts the candidates which reach it, by themselves and in descriptions. */
export function countingRtc(): { webrtc: typeof wrtc; candidates: string[] } {
  const candidates: string[] = []
  class CountingConnection extends wrtc.RTCPeerConnection {
    override async addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
      if (candidate?.candidate) candidates.push(candidate.candidate)
      return super.addIceCandidate(candidate ?? undefined)
    }

    override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      candidates.push(
        ...(description.sdp ?? '').split(/\r\n/).filter((line) => line.startsWith('a=candidate')),
      )
      return super.setRemoteDescription(description)
    }
  }
  return { webrtc: { ...wrtc, RTCPeerConnection: CountingConnection } as typeof wrtc, candidates }
}

/** An implementation whose channels can be spoken on directly, past everything that this library would send. */
export function rawRtc(): { webrtc: typeof wrtc; channels: RTCDataChannel[] } {
  const channels: RTCDataChannel[] = []
  class RawConnection extends wrtc.RTCPeerConnection {
    override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, options)
      channels.push(channel)
      return channel
    }
  }
  return { webrtc: { ...wrtc, RTCPeerConnection: RawConnection } as typeof wrtc, channels }
}
