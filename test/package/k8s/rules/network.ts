/** Whether the network policies let through each flow that the system needs, and nothing of what it must not see. */
import type { V1NetworkPolicy } from '@kubernetes/client-node/dist/gen/models/V1NetworkPolicy.js'
import type { V1NetworkPolicyPeer } from '@kubernetes/client-node/dist/gen/models/V1NetworkPolicyPeer.js'
import type { V1NetworkPolicyPort } from '@kubernetes/client-node/dist/gen/models/V1NetworkPolicyPort.js'
import {
  containersOf,
  type Labels,
  type Manifest,
  ofKind,
  selects,
  type Workload,
  workloads,
} from '../manifest.js'
import { type Rules, unless } from './rule.js'

/** One end of a flow; without labels it is an address outside of the cluster. */
interface End {
  readonly title: string
  readonly namespace?: string
  readonly labels?: Labels
  readonly portNames?: ReadonlyMap<string, number>
}
interface Flow {
  readonly from: End
  readonly to: End
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
}

const outside: End = { title: 'an address outside' }
const dns: End = { title: 'the DNS server', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } }
const client: End = {
  title: 'a labelled client',
  namespace: 'elsewhere',
  labels: { 'gossip-kv/client': 'true' },
}
const stranger: End = { title: 'a stranger pod', namespace: 'elsewhere', labels: { app: 'stranger' } }

export const networkRules: Rules = {
  'a policy denies every pod what no other policy allows': (manifests) =>
    unless(
      ofKind(manifests, 'NetworkPolicy').some(({ spec }) => {
        const all = Object.keys(spec?.podSelector ?? {}).length === 0 && spec?.policyTypes?.length === 2
        return all && !spec?.ingress && !spec?.egress
      }),
      'no policy denies everything',
    ),

  'every flow that the system needs is allowed': (manifests) =>
    neededFlows(manifests).flatMap((flow) => unless(permits(manifests, flow), `${titleOf(flow)} is denied`)),

  'what the system does not need is denied': (manifests) =>
    unwantedFlows(manifests).flatMap((flow) =>
      unless(!permits(manifests, flow), `${titleOf(flow)} is allowed`),
    ),
}

function neededFlows(manifests: readonly Manifest[]): Flow[] {
  const member = endOf(manifests, 'member')
  const signaling = endOf(manifests, 'signaling')
  const ws = signaling.portNames?.get('ws') ?? 0
  const http = member.portNames?.get('http') ?? 0
  return [
    { from: member, to: dns, protocol: 'UDP', port: 53 },
    { from: member, to: dns, protocol: 'TCP', port: 53 },
    { from: member, to: signaling, protocol: 'TCP', port: ws },
    { from: outside, to: signaling, protocol: 'TCP', port: ws },
    { from: client, to: member, protocol: 'TCP', port: http },
    ...[1024, 32768, 65535].map((port): Flow => ({ from: member, to: member, protocol: 'UDP', port })),
  ]
}

function unwantedFlows(manifests: readonly Manifest[]): Flow[] {
  const member = endOf(manifests, 'member')
  const signaling = endOf(manifests, 'signaling')
  const http = member.portNames?.get('http') ?? 0
  return [
    { from: outside, to: member, protocol: 'TCP', port: http },
    { from: stranger, to: member, protocol: 'TCP', port: http },
    { from: stranger, to: member, protocol: 'UDP', port: 32768 },
    { from: member, to: outside, protocol: 'TCP', port: 443 },
    { from: member, to: outside, protocol: 'UDP', port: 53 },
    { from: signaling, to: outside, protocol: 'TCP', port: 443 },
    { from: signaling, to: member, protocol: 'TCP', port: http },
  ]
}

function endOf(manifests: readonly Manifest[], name: string): End {
  const workload = workloads(manifests).find((candidate) => candidate.name === name)
  if (!workload) return { title: `the missing ${name}`, namespace: 'nowhere', labels: {} }
  return {
    title: name,
    namespace: workload.namespace,
    labels: workload.labels,
    portNames: portNames(workload),
  }
}

function portNames({ pod }: Workload): Map<string, number> {
  const ports = containersOf(pod).flatMap((container) => container.ports ?? [])
  return new Map(ports.map(({ name, containerPort }) => [name ?? '', containerPort]))
}

function titleOf({ from, to, protocol, port }: Flow): string {
  return `${protocol} from ${from.title} to ${to.title} at ${port}`
}

/** A flow passes when both ends let it; an end that no policy of that direction selects lets everything. */
function permits(manifests: readonly Manifest[], flow: Flow): boolean {
  const policies = ofKind(manifests, 'NetworkPolicy')
  const egress = policies
    .filter((policy) => governs(policy, flow.from, 'Egress'))
    .map(({ spec }) => spec?.egress)
  const ingress = policies
    .filter((policy) => governs(policy, flow.to, 'Ingress'))
    .map(({ spec }) => spec?.ingress)
  const leaves = egress
    .flatMap((rules) => rules ?? [])
    .some((rule) => allows(rule.to, rule.ports, flow.to, flow))
  const enters = ingress
    .flatMap((rules) => rules ?? [])
    .some((rule) => allows(rule._from ?? fromOf(rule), rule.ports, flow.from, flow))
  return (egress.length === 0 || leaves) && (ingress.length === 0 || enters)
}

/** The generated types call the field `_from`, for `from` is a keyword in some languages; the manifest says `from`. */
function fromOf(rule: object): V1NetworkPolicyPeer[] | undefined {
  return 'from' in rule ? (rule.from as V1NetworkPolicyPeer[]) : undefined
}

function governs({ metadata, spec }: V1NetworkPolicy, end: End, direction: string): boolean {
  if (!end.labels || metadata?.namespace !== end.namespace) return false
  return spec?.policyTypes?.includes(direction) === true && selects(spec.podSelector?.matchLabels, end.labels)
}

function allows(
  peers: V1NetworkPolicyPeer[] | undefined,
  ports: V1NetworkPolicyPort[] | undefined,
  other: End,
  flow: Flow,
): boolean {
  const peerFits = !peers || peers.some((peer) => isPeer(peer, other, flow))
  return peerFits && (!ports || ports.some((port) => isPort(port, flow)))
}

function isPeer(
  { ipBlock, namespaceSelector, podSelector }: V1NetworkPolicyPeer,
  end: End,
  flow: Flow,
): boolean {
  if (ipBlock) throw new Error('this check does not know ipBlock yet')
  if (!end.labels || end.namespace === undefined) return false
  const home = (end === flow.to ? flow.from : flow.to).namespace
  const namespaceFits = namespaceSelector
    ? selects(namespaceSelector.matchLabels, { 'kubernetes.io/metadata.name': end.namespace })
    : end.namespace === home
  return namespaceFits && selects(podSelector?.matchLabels, end.labels)
}

function isPort({ protocol, port, endPort }: V1NetworkPolicyPort, flow: Flow): boolean {
  if ((protocol ?? 'TCP') !== flow.protocol) return false
  if (port === undefined) return true
  const first = typeof port === 'string' ? flow.to.portNames?.get(port) : port
  return first !== undefined && flow.port >= first && flow.port <= (endPort ?? first)
}
