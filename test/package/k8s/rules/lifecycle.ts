/** How pods start, are judged, are replaced and stop. */
import type { V1Container } from '@kubernetes/client-node/dist/gen/models/V1Container.js'
import type { V1PodDisruptionBudget } from '@kubernetes/client-node/dist/gen/models/V1PodDisruptionBudget.js'
import { STOP_MILLIS_MAX } from '../../../../cli/lifetime.js'
import { containersOf, ofKind, selects, workloads } from '../manifest.js'
import { type Rules, unless } from './rule.js'

/** The longest that the processes take to stop after SIGTERM. */
const DRAIN_SECONDS = STOP_MILLIS_MAX / 1000
const DEFAULT_GRACE_SECONDS = 30
const probes = {
  startupProbe: '/livez',
  livenessProbe: '/livez',
  readinessProbe: '/readyz',
} as const

export const lifecycleRules: Rules = {
  'every container is probed on a port that it declares, and its liveness never asks for peers': (
    manifests,
  ) =>
    workloads(manifests).flatMap(({ title, pod }) =>
      pod.containers.flatMap((container) => probeFindings(title, container)),
    ),

  'a container has the time to start before it is judged': (manifests) =>
    workloads(manifests).flatMap(({ title, pod }) =>
      pod.containers.flatMap(({ startupProbe }) => {
        const seconds = (startupProbe?.periodSeconds ?? 10) * (startupProbe?.failureThreshold ?? 3)
        return unless(seconds >= 30, `${title} must start within ${seconds} s`)
      }),
    ),

  'the grace period is longer than the sleep before SIGTERM and the drain after it': (manifests) =>
    workloads(manifests).flatMap(({ title, pod }) => {
      const grace = pod.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
      const sleeps = containersOf(pod).map(({ lifecycle }) => lifecycle?.preStop?.sleep?.seconds ?? 0)
      const needed = Math.max(0, ...sleeps) + DRAIN_SECONDS
      return unless(grace > needed, `${title} is killed after ${grace} s and needs ${needed} s`)
    }),

  'a disruption budget selects a workload and never blocks a drain': (manifests) =>
    ofKind(manifests, 'PodDisruptionBudget').flatMap((budget) => {
      const labels = budget.spec?.selector?.matchLabels
      const chosen = workloads(manifests).filter((workload) => labels && selects(labels, workload.labels))
      const title = `PodDisruptionBudget ${budget.metadata?.name}`
      return [
        ...unless(chosen.length === 1, `${title} selects ${chosen.length} workloads`),
        ...chosen.flatMap(({ replicas }) =>
          unless(allowsOneAway(budget, replicas), `${title} blocks every drain`),
        ),
      ]
    }),

  'signaling is one process, and the next one listens before it goes': (manifests) =>
    ofKind(manifests, 'Deployment')
      .filter(({ metadata }) => metadata?.name === 'signaling')
      .flatMap(({ spec }) => {
        const rolling = spec?.strategy?.rollingUpdate
        return [
          ...unless(spec?.replicas === 1, 'Deployment signaling splits its topics between processes'),
          ...unless(
            rolling?.maxUnavailable === 0 && rolling.maxSurge === 1,
            'Deployment signaling rolls with a gap',
          ),
        ]
      }),

  'members start all at once': (manifests) =>
    ofKind(manifests, 'StatefulSet').flatMap(({ metadata, spec }) =>
      unless(spec?.podManagementPolicy === 'Parallel', `StatefulSet ${metadata?.name} starts one by one`),
    ),
}

function probeFindings(title: string, container: V1Container): string[] {
  const declared = (container.ports ?? []).map(({ name }) => name)
  return Object.entries(probes).flatMap(([probe, path]) => {
    const action = container[probe as keyof typeof probes]?.httpGet
    if (!action) return [`${title} has no ${probe}`]
    return [
      ...unless(action.path === path, `${title}: ${probe} asks for ${action.path}, not ${path}`),
      ...unless(declared.includes(String(action.port)), `${title}: ${probe} asks an undeclared port`),
    ]
  })
}

function allowsOneAway({ spec }: V1PodDisruptionBudget, replicas: number): boolean {
  const count = (value: number | string | undefined) =>
    typeof value === 'string' ? Math.ceil((Number.parseInt(value, 10) / 100) * replicas) : value
  const unavailable = count(spec?.maxUnavailable)
  if (unavailable !== undefined) return unavailable >= 1
  return (count(spec?.minAvailable) ?? 0) < replicas
}
