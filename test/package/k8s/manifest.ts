/** The kinds of resource that this project's manifests use, and ways to look at them. */
import type { V1ConfigMap } from '@kubernetes/client-node/dist/gen/models/V1ConfigMap.js'
import type { V1Container } from '@kubernetes/client-node/dist/gen/models/V1Container.js'
import type { V1Deployment } from '@kubernetes/client-node/dist/gen/models/V1Deployment.js'
import type { V1Namespace } from '@kubernetes/client-node/dist/gen/models/V1Namespace.js'
import type { V1NetworkPolicy } from '@kubernetes/client-node/dist/gen/models/V1NetworkPolicy.js'
import type { V1PodDisruptionBudget } from '@kubernetes/client-node/dist/gen/models/V1PodDisruptionBudget.js'
import type { V1PodSpec } from '@kubernetes/client-node/dist/gen/models/V1PodSpec.js'
import type { V1Service } from '@kubernetes/client-node/dist/gen/models/V1Service.js'
import type { V1ServiceAccount } from '@kubernetes/client-node/dist/gen/models/V1ServiceAccount.js'
import type { V1StatefulSet } from '@kubernetes/client-node/dist/gen/models/V1StatefulSet.js'
import type { JsonObject } from './json.js'

/** Each kind with the type that Kubernetes' OpenAPI gives it. */
export interface Kinds {
  ConfigMap: V1ConfigMap
  Deployment: V1Deployment
  Namespace: V1Namespace
  NetworkPolicy: V1NetworkPolicy
  PodDisruptionBudget: V1PodDisruptionBudget
  Service: V1Service
  ServiceAccount: V1ServiceAccount
  StatefulSet: V1StatefulSet
}
export type Kind = keyof Kinds
export type Manifest = { [K in Kind]: Kinds[K] & { kind: K } }[Kind]
export type Labels = Readonly<Record<string, string>>

/** The group and version, and the model of client-node, of each kind. Another version of the same kind is a mistake. */
export const kinds: { readonly [K in Kind]: { readonly apiVersion: string; readonly model: string } } = {
  ConfigMap: { apiVersion: 'v1', model: 'V1ConfigMap' },
  Deployment: { apiVersion: 'apps/v1', model: 'V1Deployment' },
  Namespace: { apiVersion: 'v1', model: 'V1Namespace' },
  NetworkPolicy: { apiVersion: 'networking.k8s.io/v1', model: 'V1NetworkPolicy' },
  PodDisruptionBudget: { apiVersion: 'policy/v1', model: 'V1PodDisruptionBudget' },
  Service: { apiVersion: 'v1', model: 'V1Service' },
  ServiceAccount: { apiVersion: 'v1', model: 'V1ServiceAccount' },
  StatefulSet: { apiVersion: 'apps/v1', model: 'V1StatefulSet' },
}

/** The resources with their types; what the schema check found clean may be read so. */
export function asManifests(resources: readonly JsonObject[]): Manifest[] {
  return resources as unknown as Manifest[]
}

/** Every resource of one kind. */
export function ofKind<K extends Kind>(manifests: readonly Manifest[], kind: K): Kinds[K][] {
  return manifests.filter((manifest) => manifest.kind === kind) as unknown as Kinds[K][]
}

/** What starts pods: a Deployment or a StatefulSet, seen alike. */
export interface Workload {
  readonly title: string
  readonly name: string
  readonly namespace: string
  readonly replicas: number
  readonly selector: Labels
  readonly labels: Labels
  readonly pod: V1PodSpec
  readonly claims: readonly string[]
}

/** The workloads of the manifests; an absent field reads as Kubernetes' default. */
export function workloads(manifests: readonly Manifest[]): Workload[] {
  return manifests.flatMap((manifest) => {
    if ((manifest.kind !== 'Deployment' && manifest.kind !== 'StatefulSet') || !manifest.spec) return []
    const { spec, metadata, kind } = manifest
    const claims = 'volumeClaimTemplates' in spec ? (spec.volumeClaimTemplates ?? []) : []
    const workload: Workload = {
      title: `${kind} ${metadata?.name ?? ''}`,
      name: metadata?.name ?? '',
      namespace: metadata?.namespace ?? 'default',
      replicas: spec.replicas ?? 1,
      selector: spec.selector.matchLabels ?? {},
      labels: spec.template.metadata?.labels ?? {},
      pod: spec.template.spec ?? { containers: [] },
      claims: claims.map((claim) => claim.metadata?.name ?? ''),
    }
    return [workload]
  })
}

/** Every container of a pod, those that run before the others included. */
export function containersOf(pod: V1PodSpec): V1Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers]
}

/** True when the labels carry every pair of the selector; an empty selector takes all. */
export function selects(selector: Labels | undefined, labels: Labels): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value)
}
