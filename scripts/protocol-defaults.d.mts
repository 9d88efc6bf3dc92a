/** A default of the protocol, as src/mesh/protocol/config.ts tells of it. */
export interface ProtocolDefault {
  chapter: string
  name: string
  value: string
  about: string
  source: string
}

export function protocolDefaults(): ProtocolDefault[]
export function withDefaults(text: string): string
