// What the manifests for Kubernetes may hold: the fields that they use, as the API (apps/v1, v1, policy/v1, networking/v1)
// has them. A field that is not listed is an error, as it would be with strict validation by the API server.

import { z } from 'zod'

const labels = z.record(z.string(), z.string())
const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
const metadata = z.strictObject({ name, labels: labels.optional(), annotations: labels.optional() })
const selector = z.strictObject({ matchLabels: labels })
const count = z.int().min(0)
const quantity = z.string().regex(/^\d+(m|Mi|Gi)?$/)
const amounts = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional(), storage: quantity.optional() })

const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.enum(['/livez', '/readyz']), port: z.string() }),
  periodSeconds: count,
  timeoutSeconds: count.optional(),
  failureThreshold: count,
})

const container = z.strictObject({
  name,
  image: z.string(),
  imagePullPolicy: z.enum(['IfNotPresent', 'Always']),
  env: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
  envFrom: z.array(z.strictObject({ configMapRef: z.strictObject({ name }) })).optional(),
  ports: z.array(z.strictObject({ name, containerPort: count })),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  lifecycle: z
    .strictObject({ preStop: z.strictObject({ exec: z.strictObject({ command: z.array(z.string()) }) }) })
    .optional(),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  resources: z.strictObject({ requests: amounts, limits: amounts }),
  volumeMounts: z.array(z.strictObject({ name, mountPath: z.string(), readOnly: z.boolean().optional() })),
})

const volume = z.strictObject({
  name,
  emptyDir: z.strictObject({}).optional(),
  secret: z.strictObject({ secretName: name, defaultMode: count }).optional(),
})

const pod = z.strictObject({
  metadata: z.strictObject({ labels }),
  spec: z.strictObject({
    // A service named parley would otherwise set PARLEY_PORT in the container.
    enableServiceLinks: z.literal(false),
    automountServiceAccountToken: z.literal(false),
    terminationGracePeriodSeconds: count,
    topologySpreadConstraints: z
      .array(
        z.strictObject({
          maxSkew: count,
          topologyKey: z.string(),
          whenUnsatisfiable: z.enum(['ScheduleAnyway', 'DoNotSchedule']),
          labelSelector: selector,
        }),
      )
      .optional(),
    securityContext: z.strictObject({
      runAsNonRoot: z.literal(true),
      runAsUser: count,
      runAsGroup: count,
      fsGroup: count,
      fsGroupChangePolicy: z.enum(['OnRootMismatch', 'Always']).optional(),
      seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
    }),
    containers: z.tuple([container]),
    volumes: z.array(volume),
  }),
})

const claim = z.strictObject({
  metadata,
  spec: z.strictObject({
    accessModes: z.tuple([z.enum(['ReadWriteOnce', 'ReadWriteOncePod'])]),
    resources: z.strictObject({ requests: amounts }),
  }),
})

const service = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata,
  spec: z.strictObject({
    clusterIP: z.literal('None').optional(),
    selector: labels,
    ports: z.array(z.strictObject({ name, port: count, targetPort: z.string() })),
  }),
})

const configMap = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ConfigMap'),
  metadata,
  data: z.record(z.string(), z.string()),
})

const statefulSet = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('StatefulSet'),
  metadata,
  spec: z.strictObject({
    serviceName: name,
    // The data folder belongs to one server.
    replicas: z.literal(1),
    selector,
    template: pod,
    volumeClaimTemplates: z.array(claim),
  }),
})

const deployment = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata,
  spec: z.strictObject({
    replicas: count.min(2),
    selector,
    strategy: z.strictObject({
      type: z.literal('RollingUpdate'),
      rollingUpdate: z.strictObject({ maxSurge: count, maxUnavailable: count }),
    }),
    template: pod,
  }),
})

const disruptionBudget = z.strictObject({
  apiVersion: z.literal('policy/v1'),
  kind: z.literal('PodDisruptionBudget'),
  metadata,
  spec: z.strictObject({ minAvailable: count, selector }),
})

const ingress = z.strictObject({
  apiVersion: z.literal('networking.k8s.io/v1'),
  kind: z.literal('Ingress'),
  metadata,
  spec: z.strictObject({
    rules: z.array(
      z.strictObject({
        host: z.string(),
        http: z.strictObject({
          paths: z.array(
            z.strictObject({
              path: z.string(),
              pathType: z.enum(['Prefix', 'Exact']),
              backend: z.strictObject({
                service: z.strictObject({ name, port: z.strictObject({ name }) }),
              }),
            }),
          ),
        }),
      }),
    ),
    tls: z.array(z.strictObject({ hosts: z.array(z.string()), secretName: name })),
  }),
})

const manifest = z.discriminatedUnion('kind', [service, configMap, statefulSet, deployment, disruptionBudget, ingress])

export type Manifest = z.output<typeof manifest>

/** @throws {z.ZodError} a field that is missing, unknown, or not what the API takes */
export const checked = (documents: readonly unknown[]): readonly Manifest[] =>
  documents.map((document) => manifest.parse(document))

/**
 * The one StatefulSet or Deployment, with all variables that its container gets.
 * @throws {Error} there is none, or more than one
 */
export function workloadOf(documents: readonly unknown[]) {
  const all = checked(documents)
  const [workload, ...others] = all.filter((one) => one.kind === 'StatefulSet' || one.kind === 'Deployment')
  if (workload === undefined || others.length > 0) throw new Error('There is not exactly one workload.')
  const { template } = workload.spec
  const [container] = template.spec.containers
  const maps = (container.envFrom ?? []).map(({ configMapRef }) => {
    const map = all.find((one) => one.kind === 'ConfigMap' && one.metadata.name === configMapRef.name)
    if (map?.kind !== 'ConfigMap') throw new Error(`There is no ConfigMap ${configMapRef.name}.`)
    return Object.entries(map.data)
  })
  const own = (container.env ?? []).map(({ name, value }) => [name, value] as const)
  return { workload, container, pod: template, environment: Object.fromEntries([...maps.flat(), ...own]) }
}
