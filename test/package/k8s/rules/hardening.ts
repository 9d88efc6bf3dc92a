/**
 * What a pod may do and use: the "restricted" profile of the Pod Security Standards, a root filesystem that is only read,
 * bounded memory, pinned images.
 */
import type { V1Container } from '@kubernetes/client-node/dist/gen/models/V1Container.js'
import type { V1PodSpec } from '@kubernetes/client-node/dist/gen/models/V1PodSpec.js'
import { containersOf, ofKind, workloads } from '../manifest.js'
import { type Rules, unless } from './rule.js'

const VOLUMES_ALLOWED = new Set(
  'name configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret'.split(' '),
)
const SECCOMP_ALLOWED = ['RuntimeDefault', 'Localhost']

export const hardeningRules: Rules = {
  'the namespace enforces the restricted profile': (manifests) =>
    ofKind(manifests, 'Namespace').flatMap(({ metadata }) => {
      const level = metadata?.labels?.['pod-security.kubernetes.io/enforce']
      return unless(level === 'restricted', `Namespace ${metadata?.name} enforces ${level}`)
    }),

  'every pod meets the restricted profile': (manifests) =>
    workloads(manifests).flatMap(({ title, pod }) => [
      ...podFindings(title, pod),
      ...containersOf(pod).flatMap((container) => containerFindings(title, pod, container)),
    ]),

  'no pod holds a token for the Kubernetes API': (manifests) => [
    ...workloads(manifests).flatMap(({ title, pod }) =>
      unless(pod.automountServiceAccountToken === false, `${title} mounts a token`),
    ),
    ...ofKind(manifests, 'ServiceAccount').flatMap(({ metadata, automountServiceAccountToken }) =>
      unless(automountServiceAccountToken === false, `ServiceAccount ${metadata?.name} gives out tokens`),
    ),
  ],

  'no pod gets variables from service links': (manifests) =>
    workloads(manifests).flatMap(({ title, pod }) =>
      unless(pod.enableServiceLinks === false, `${title} lets Services set variables`),
    ),

  'every container requests CPU and memory, and its memory is limited while its CPU is not': (manifests) =>
    workloads(manifests).flatMap(({ title, pod }) =>
      containersOf(pod).flatMap(({ resources }) => [
        ...unless(resources?.requests?.['cpu'] !== undefined, `${title} requests no CPU`),
        ...unless(resources?.requests?.['memory'] !== undefined, `${title} requests no memory`),
        ...unless(resources?.limits?.['memory'] !== undefined, `${title} has no memory limit`),
        ...unless(resources?.limits?.['cpu'] === undefined, `${title} has a CPU limit`),
      ]),
    ),

  'every image has a tag that stays': (manifests) =>
    workloads(manifests).flatMap(({ title, pod }) =>
      containersOf(pod).flatMap(({ image }) => {
        const tag = /:([^:/]+)$/.exec(image ?? '')?.[1]
        return unless(tag !== undefined && tag !== 'latest', `${title} runs ${image}, which may change`)
      }),
    ),
}

function podFindings(title: string, pod: V1PodSpec): string[] {
  const shared = pod.hostNetwork || pod.hostPID || pod.hostIPC
  const volumes = (pod.volumes ?? []).filter((volume) =>
    Object.keys(volume).some((source) => !VOLUMES_ALLOWED.has(source)),
  )
  return [
    ...unless(!shared, `${title} shares a namespace of its host`),
    ...volumes.map(({ name }) => `${title} has the volume ${name} of a kind that is not allowed`),
  ]
}

function containerFindings(title: string, pod: V1PodSpec, container: V1Container): string[] {
  const own = container.securityContext
  const user = own?.runAsUser ?? pod.securityContext?.runAsUser
  const nonRoot = own?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot
  const seccomp = (own?.seccompProfile ?? pod.securityContext?.seccompProfile)?.type ?? 'none'
  const added = (own?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE')
  return [
    ...unless(nonRoot === true && user !== undefined && user > 0, `${title} may run as root`),
    ...unless(SECCOMP_ALLOWED.includes(seccomp), `${title} has the seccomp profile ${seccomp}`),
    ...unless(own?.allowPrivilegeEscalation === false, `${title} may gain privileges`),
    ...unless(own?.privileged !== true, `${title} is privileged`),
    ...unless(own?.capabilities?.drop?.includes('ALL') === true, `${title} keeps capabilities`),
    ...unless(added.length === 0, `${title} adds the capabilities ${added.join(', ')}`),
    ...unless(own?.readOnlyRootFilesystem === true, `${title} may write to its root filesystem`),
    ...unless(!container.ports?.some(({ hostPort }) => hostPort), `${title} takes a port of its host`),
  ]
}
