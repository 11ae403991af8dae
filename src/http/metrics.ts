// What /metrics shows, for Prometheus.

import type { Counter, Gauge } from 'prom-client'
import type { OperationMetrics } from './gate.ts'

/** Figures that others keep; asked for when /metrics is read. */
export interface Figures {
  /** Open sockets and event streams. */
  connections(): number
  /** Open feeds. */
  feeds(): number
  /** Events appended, and the transactions that did it, since the start. */
  appended(): { readonly events: number; readonly commits: number }
  /** By how many ms the read models are behind the log. */
  projectionLagMs(): number
}

export interface Metrics extends OperationMetrics {
  /** In the text format of Prometheus. */
  text(): Promise<{ readonly text: string; readonly contentType: string }>
}

type Labels = readonly [kind: string, transport: string, outcome: string]

/** The library of Prometheus is loaded when the metrics are first asked for: few servers are, and none of them at its start. */
export function createMetrics(figures: Figures): Metrics {
  const operations = new Map<string, { readonly labels: Labels; count: number }>()
  let registry: ReturnType<typeof registryOf> | undefined
  return {
    operation: (...labels) => {
      const key = labels.join(' ')
      const counted = operations.get(key)
      if (counted === undefined) operations.set(key, { labels, count: 1 })
      else counted.count += 1
    },
    text: async () => {
      registry ??= registryOf(figures, operations)
      const { metrics, contentType } = await registry
      return { text: await metrics(), contentType }
    },
  }
}

async function registryOf(
  figures: Figures,
  operations: ReadonlyMap<string, { readonly labels: Labels; readonly count: number }>,
): Promise<{ readonly metrics: () => Promise<string>; readonly contentType: string }> {
  const { Counter, collectDefaultMetrics, Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  new Counter({
    name: 'parley_operations_total',
    help: 'GraphQL operations by kind, transport and outcome.',
    labelNames: ['kind', 'transport', 'outcome'],
    registers,
    collect() {
      this.reset()
      for (const { labels, count } of operations.values()) this.labels(...labels).inc(count)
    },
  })
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('parley_connections', 'Open sockets and event streams.', () => figures.connections())
  gauge('parley_feeds', 'Open feeds.', () => figures.feeds())
  gauge(
    'parley_projection_lag_seconds',
    'How far the read models are behind the log.',
    () => figures.projectionLagMs() / 1_000,
  )
  const total = (name: string, help: string, read: () => number): Counter =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  total('parley_events_appended_total', 'Events appended to the log since the start.', () => figures.appended().events)
  total('parley_commits_total', 'Transactions that appended them.', () => figures.appended().commits)
  return { metrics: () => registry.metrics(), contentType: registry.contentType }
}
