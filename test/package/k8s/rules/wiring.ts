/** Whether the resources find one another: every name, label and port that one uses, another one has. */
import type { V1Container } from '@kubernetes/client-node/dist/gen/models/V1Container.js'
import { containersOf, type Manifest, ofKind, selects, type Workload, workloads } from '../manifest.js'
import { processSettings } from '../process-settings.js'
import { type Rules, unless } from './rule.js'

/** The one Secret that no manifest makes: the guide says how. */
export const SECRET_BY_HAND = 'cluster-secret'

export const wiringRules: Rules = {
  'no two resources share kind and name': (manifests) => {
    const ids = manifests.map(({ kind, metadata }) => `${kind} ${metadata?.name}`)
    return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} is there twice`)
  },

  'every resource lies in the one namespace that the manifests make': (manifests) => {
    const names = ofKind(manifests, 'Namespace').map(({ metadata }) => metadata?.name)
    if (names.length !== 1) return [`there are ${names.length} namespaces`]
    return manifests.flatMap(({ kind, metadata }) =>
      unless(
        kind === 'Namespace' || metadata?.namespace === names[0],
        `${kind} ${metadata?.name} lies elsewhere`,
      ),
    )
  },

  'a workload selects the pods that it makes, and only its own': (manifests) => {
    const all = workloads(manifests)
    return all.flatMap((workload) => {
      const chosen = all.filter(({ labels }) => selects(workload.selector, labels))
      const own = Object.keys(workload.selector).length > 0 && chosen.includes(workload)
      return [
        ...unless(own, `${workload.title} does not select its own pods`),
        ...unless(
          chosen.every((other) => other === workload),
          `${workload.title} selects pods of another`,
        ),
      ]
    })
  },

  'a Service selects the pods of one workload, and each named target port is one of theirs': (manifests) =>
    ofKind(manifests, 'Service').flatMap(({ metadata, spec }) => {
      const title = `Service ${metadata?.name}`
      const chosen = workloads(manifests).filter(
        ({ labels }) => spec?.selector && selects(spec.selector, labels),
      )
      if (chosen.length !== 1) return [`${title} selects the pods of ${chosen.length} workloads`]
      const known = chosen.flatMap(portsOf).flatMap(({ name, containerPort }) => [name, containerPort])
      const targets = (spec?.ports ?? []).map(({ port, targetPort }) => targetPort ?? port)
      return targets.flatMap((port) =>
        unless(known.includes(port), `${title} targets the unknown port ${port}`),
      )
    }),

  'a StatefulSet is named by a headless Service that also lists pods that are not ready': (manifests) =>
    ofKind(manifests, 'StatefulSet').flatMap((set) => {
      const service = ofKind(manifests, 'Service').find(
        ({ metadata }) => metadata?.name === set.spec?.serviceName,
      )
      const title = `StatefulSet ${set.metadata?.name}`
      if (!service) return [`${title} names the Service ${set.spec?.serviceName}, which is missing`]
      const podLabels = set.spec?.template.metadata?.labels ?? {}
      return [
        ...unless(service.spec?.clusterIP === 'None', `the Service of ${title} is not headless`),
        ...unless(service.spec?.publishNotReadyAddresses === true, `the Service of ${title} hides pods`),
        ...unless(selects(service.spec?.selector, podLabels), `the Service of ${title} misses its pods`),
      ]
    }),

  'every ConfigMap, Secret and service account that a pod names is there': (manifests) =>
    workloads(manifests).flatMap((workload) => missingReferences(workload, manifests)),

  'every mount has its volume, and every volume is mounted': (manifests) =>
    workloads(manifests).flatMap(({ title, pod, claims }) => {
      const volumes = [...(pod.volumes ?? []).map(({ name }) => name), ...claims]
      const mounts = containersOf(pod).flatMap(({ volumeMounts }) =>
        (volumeMounts ?? []).map(({ name }) => name),
      )
      return [
        ...mounts.flatMap((name) =>
          unless(volumes.includes(name), `${title} mounts ${name}, which is no volume`),
        ),
        ...volumes.flatMap((name) => unless(mounts.includes(name), `${title} never mounts ${name}`)),
      ]
    }),

  'a process listens on a port that its container declares, on every address': (manifests) =>
    workloads(manifests).flatMap(({ title, pod }) =>
      containersOf(pod).flatMap((container) => {
        const { flags } = processSettings(container, manifests)
        const declared = (container.ports ?? []).map(({ containerPort }) => String(containerPort))
        return [
          ...unless(declared.includes(flags.get('port') ?? ''), `${title} listens on an undeclared port`),
          ...unless(flags.get('host') === '0.0.0.0', `${title} does not listen on every address`),
        ]
      }),
    ),

  'the data folder of a process is a mounted volume': (manifests) =>
    workloads(manifests).flatMap(({ title, pod }) =>
      containersOf(pod).flatMap((container) => {
        const data = processSettings(container, manifests).flags.get('data')
        const mounted = container.volumeMounts?.some(({ mountPath }) => mountPath === data)
        return unless(data === undefined || mounted === true, `${title} keeps its data in ${data}, unmounted`)
      }),
    ),

  'a member does not start without the secret of the cluster': (manifests) =>
    workloads(manifests).flatMap(({ title, pod }) =>
      containersOf(pod).flatMap((container) => {
        const isMember = processSettings(container, manifests).command === 'node'
        return unless(
          !isMember || isClosed(container, manifests),
          `${title} is open to whoever knows its name`,
        )
      }),
    ),

  'the signaling address of a member is a Service and a port of it': (manifests) =>
    workloads(manifests).flatMap(({ title, pod }) =>
      containersOf(pod).flatMap((container) => {
        const { command, variables } = processSettings(container, manifests)
        if (command !== 'node') return []
        const address = variables.get('GOSSIP_KV_SIGNALING')
        if (!address) return [`${title} is not told where signaling is`]
        return unless(isServed(new URL(address), manifests), `${title}: no Service answers at ${address}`)
      }),
    ),
}

/** Whether a member gets the secret of the cluster, and nothing tells it to do without. */
function isClosed(container: V1Container, manifests: readonly Manifest[]): boolean {
  const { variables } = processSettings(container, manifests)
  const isGiven = container.envFrom?.some(
    ({ secretRef }) => secretRef?.name === SECRET_BY_HAND && secretRef.optional !== true,
  )
  return isGiven === true && !variables.has('GOSSIP_KV_OPEN')
}

function portsOf({ pod }: Workload) {
  return containersOf(pod).flatMap(({ ports }) => ports ?? [])
}

function isServed(address: URL, manifests: readonly Manifest[]): boolean {
  const service = ofKind(manifests, 'Service').find(({ metadata }) => metadata?.name === address.hostname)
  return service?.spec?.ports?.some(({ port }) => String(port) === address.port) ?? false
}

function missingReferences({ title, pod }: Workload, manifests: readonly Manifest[]): string[] {
  const configMaps = ofKind(manifests, 'ConfigMap')
  const keysOf = (name: string | undefined) =>
    configMaps.find(({ metadata }) => name !== undefined && metadata?.name === name)?.data
  const account = pod.serviceAccountName ?? 'default'
  const accounts = ofKind(manifests, 'ServiceAccount').map(({ metadata }) => metadata?.name)
  const findings = unless(accounts.includes(account), `${title} runs as ${account}, which is missing`)
  for (const { configMap, secret } of pod.volumes ?? []) {
    if (configMap && !keysOf(configMap.name))
      findings.push(`${title}: ConfigMap ${configMap.name} is missing`)
    if (secret) findings.push(`${title}: Secret ${secret.secretName} is missing`)
  }
  for (const { env, envFrom } of containersOf(pod)) {
    for (const { configMapRef, secretRef } of envFrom ?? []) {
      if (configMapRef && !keysOf(configMapRef.name)) {
        findings.push(`${title}: ConfigMap ${configMapRef.name} is missing`)
      }
      if (secretRef && secretRef.name !== SECRET_BY_HAND)
        findings.push(`${title}: Secret ${secretRef.name} is missing`)
    }
    for (const { name, valueFrom } of env ?? []) {
      const reference = valueFrom?.configMapKeyRef
      const isThere = reference === undefined || keysOf(reference.name)?.[reference.key] !== undefined
      if (!isThere) findings.push(`${title}: ${name} comes from a missing key of a ConfigMap`)
      if (valueFrom?.secretKeyRef) findings.push(`${title}: ${name} comes from a missing Secret`)
    }
  }
  return findings
}
