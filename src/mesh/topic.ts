/** Where the members of a cluster meet at the signaling server. */
import * as sha256 from 'lib0/hash/sha256'

/** The name of an open cluster at the signaling server: 22 characters that do not tell the cluster's name. */
export function topicOf(cluster: string): string {
  const hash = sha256.digest(new TextEncoder().encode(`open:${cluster}`))
  return btoa(String.fromCharCode(...hash))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .slice(0, 22)
}
