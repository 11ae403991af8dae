import { describe, expect, test } from 'vitest'
import { imageEnvironment, manifests, text } from './deployFiles.ts'
import { checked, workloadOf } from './kubernetesShapes.ts'

describe.for(['deploy/kubernetes/embedded.yaml', 'deploy/kubernetes/cluster.yaml'])('%s', (file) => {
  test('has no field that the API does not take', () => {
    expect(checked(manifests(file)).map(({ kind }) => kind)).toContain('Service')
  })

  test('selects the pods that it makes', () => {
    const all = checked(manifests(file))
    const { labels } = workloadOf(all).pod.metadata
    for (const one of all) {
      if (one.kind === 'Service') expect(one.spec.selector, one.metadata.name).toEqual(labels)
      if (one.kind === 'Deployment' || one.kind === 'StatefulSet' || one.kind === 'PodDisruptionBudget')
        expect(one.spec.selector.matchLabels, one.kind).toEqual(labels)
    }
  })

  test('names ports, services and volumes that are there', () => {
    const all = checked(manifests(file))
    const { workload, container, pod } = workloadOf(all)
    const ports = container.ports.map(({ name }) => name)
    for (const { httpGet } of [container.startupProbe, container.livenessProbe, container.readinessProbe])
      expect(ports).toContain(httpGet.port)
    const services = all.filter((one) => one.kind === 'Service')
    for (const { spec } of services) for (const { targetPort } of spec.ports) expect(ports).toContain(targetPort)
    if (workload.kind === 'StatefulSet')
      expect(services.find(({ metadata }) => metadata.name === workload.spec.serviceName)?.spec.clusterIP).toBe('None')
    for (const one of all) {
      if (one.kind !== 'Ingress') continue
      for (const { backend } of one.spec.rules.flatMap(({ http }) => http.paths)) {
        const target = services.find(({ metadata }) => metadata.name === backend.service.name)
        expect(target?.spec.ports.map(({ name }) => name)).toContain(backend.service.port.name)
      }
    }
    const claims = workload.kind === 'StatefulSet' ? workload.spec.volumeClaimTemplates : []
    const volumes = [...pod.spec.volumes.map(({ name }) => name), ...claims.map(({ metadata }) => metadata.name)]
    expect(container.volumeMounts.map(({ name }) => name).toSorted()).toEqual(volumes.toSorted())
  })

  test('runs as the image does: its user, its port, its data folder', () => {
    const { container, pod } = workloadOf(manifests(file))
    const { runAsUser, runAsGroup } = pod.spec.securityContext
    expect(text('Dockerfile')).toContain(`\nUSER ${runAsUser}:${runAsGroup}\n`)
    expect(text('Dockerfile')).toContain(`\nEXPOSE ${container.ports[0]?.containerPort}\n`)
    expect(container.volumeMounts.map(({ mountPath }) => mountPath)).toContain(imageEnvironment().PARLEY_DATA)
  })

  test('asks with one probe whether it lives, and with the other whether it is ready', () => {
    const { container } = workloadOf(manifests(file))
    expect(container.livenessProbe.httpGet.path).toBe('/livez')
    expect(container.startupProbe.httpGet.path).toBe('/livez')
    expect(container.readinessProbe.httpGet.path).toBe('/readyz')
  })
})

test('the keys of the secret that is made are those that the settings name', () => {
  const file = 'deploy/kubernetes/cluster.yaml'
  const { container, pod, environment } = workloadOf(manifests(file))
  const [, secretName] = /create secret generic ([\w-]+)/.exec(text(file)) ?? []
  const keys = [...text(file).matchAll(/--from-literal=(\w+)=/g)].map(([, key]) => key)
  const mounted = pod.spec.volumes.find(({ secret }) => secret !== undefined)
  expect(mounted?.secret?.secretName).toBe(secretName)
  const at = container.volumeMounts.find(({ name }) => name === mounted?.name)?.mountPath
  const named = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'))
  expect(named.map(([, value]) => value)).toEqual(keys.map((key) => `${at}/${key}`))
})

test('a node is asked to stop only after proxies could hear of it, and has time to', () => {
  const { container, pod } = workloadOf(manifests('deploy/kubernetes/cluster.yaml'))
  const pause = Number(container.lifecycle?.preStop.exec.command[1])
  expect(pause).toBeGreaterThanOrEqual(container.readinessProbe.periodSeconds)
  // Stopping takes up to 10 s.
  expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(pause + 10)
})
