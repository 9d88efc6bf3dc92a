/** What Kubernetes demands of strings and numbers beyond their type; the API server checks it, the schema cannot say it. */

const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const DNS_SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/
const PORT_NAME = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/
const LABEL_VALUE = /^(?=.{0,63}$)([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/
const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

const patterns: Readonly<Record<string, RegExp>> = {
  'V1ObjectMeta.name': DNS_SUBDOMAIN,
  'V1ObjectMeta.namespace': DNS_LABEL,
  'V1ObjectMeta.labels': LABEL_VALUE,
  'V1LabelSelector.matchLabels': LABEL_VALUE,
  'V1ServiceSpec.selector': LABEL_VALUE,
  'V1Container.name': DNS_LABEL,
  'V1Volume.name': DNS_LABEL,
  'V1ContainerPort.name': PORT_NAME,
  'V1ServicePort.name': DNS_LABEL,
  'V1EnvVar.name': ENVIRONMENT_NAME,
  'V1ResourceRequirements.limits': QUANTITY,
  'V1ResourceRequirements.requests': QUANTITY,
  'V1VolumeResourceRequirements.limits': QUANTITY,
  'V1VolumeResourceRequirements.requests': QUANTITY,
  'V1EmptyDirVolumeSource.sizeLimit': QUANTITY,
}

const protocols = ['TCP', 'UDP', 'SCTP']
const choices: Readonly<Record<string, readonly string[]>> = {
  'V1Container.imagePullPolicy': ['Always', 'Never', 'IfNotPresent'],
  'V1ContainerPort.protocol': protocols,
  'V1ServicePort.protocol': protocols,
  'V1NetworkPolicyPort.protocol': protocols,
  'V1NetworkPolicySpec.policyTypes': ['Ingress', 'Egress'],
  'V1ServiceSpec.type': ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'],
  'V1PodSpec.restartPolicy': ['Always', 'OnFailure', 'Never'],
  'V1PodSpec.dnsPolicy': ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  'V1PodSecurityContext.fsGroupChangePolicy': ['OnRootMismatch', 'Always'],
  'V1SeccompProfile.type': ['RuntimeDefault', 'Localhost', 'Unconfined'],
  'V1TopologySpreadConstraint.whenUnsatisfiable': ['DoNotSchedule', 'ScheduleAnyway'],
  'V1StatefulSetSpec.podManagementPolicy': ['OrderedReady', 'Parallel'],
  'V1StatefulSetUpdateStrategy.type': ['RollingUpdate', 'OnDelete'],
  'V1DeploymentStrategy.type': ['RollingUpdate', 'Recreate'],
  'V1PersistentVolumeClaimSpec.accessModes': [
    'ReadWriteOnce',
    'ReadOnlyMany',
    'ReadWriteMany',
    'ReadWriteOncePod',
  ],
  'V1HTTPGetAction.scheme': ['HTTP', 'HTTPS'],
}

const portFields = new Set([
  'V1ContainerPort.containerPort',
  'V1ServicePort.port',
  'V1NetworkPolicyPort.port',
  'V1NetworkPolicyPort.endPort',
  'V1HTTPGetAction.port',
])

/**
 * What is wrong with the string or number at a model's field, or undefined.
 * @param field the model and its field, for instance `V1Container.name`
 */
export function formatProblem(field: string, value: string | number): string | undefined {
  const allowed = choices[field]
  if (allowed && !allowed.includes(String(value))) return `${value} is none of ${allowed.join(', ')}`
  const pattern = patterns[field]
  if (pattern && !pattern.test(String(value)))
    return `${JSON.stringify(value)} has not the form that is asked for`
  if (typeof value === 'number' && portFields.has(field) && (value < 1 || value > 65535)) {
    return `${value} is no port`
  }
  return undefined
}
