/** What a container's process is told: its command and flags from `args`, its variables from `env` and the ConfigMaps. */
import type { V1Container } from '@kubernetes/client-node/dist/gen/models/V1Container.js'
import { type Manifest, ofKind } from './manifest.js'

export interface ProcessSettings {
  /** The subcommand of `gossip-kv`. */
  readonly command: string
  /** Flags without their dashes, with their values. */
  readonly flags: ReadonlyMap<string, string>
  /** Variables by name; one that Kubernetes fills in itself (a field of the pod) is the empty string. */
  readonly variables: ReadonlyMap<string, string>
}

/**
 * The settings of one container.
 * @throws when an argument after the command is not of the form --flag=value.
 */
export function processSettings(container: V1Container, manifests: readonly Manifest[]): ProcessSettings {
  const [command = '', ...rest] = container.args ?? []
  const flags = rest.map((argument) => {
    const [, flag, value] = /^--([a-z-]+)=(.*)$/.exec(argument) ?? []
    if (flag === undefined || value === undefined) throw new Error(`${argument} is not --flag=value`)
    return [flag, value] as const
  })
  return { command, flags: new Map(flags), variables: variablesOf(container, manifests) }
}

function variablesOf(container: V1Container, manifests: readonly Manifest[]): Map<string, string> {
  const configMaps = ofKind(manifests, 'ConfigMap')
  const variables = new Map<string, string>()
  for (const { configMapRef } of container.envFrom ?? []) {
    const configMap = configMaps.find(({ metadata }) => metadata?.name === configMapRef?.name)
    for (const [name, value] of Object.entries(configMap?.data ?? {})) variables.set(name, value)
  }
  for (const { name, value } of container.env ?? []) variables.set(name, value ?? '')
  return variables
}
