// What /metrics shows, for Prometheus.

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
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
  text(): Promise<string>
  readonly contentType: string
}

export function createMetrics(figures: Figures): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const operations = new Counter({
    name: 'parley_operations_total',
    help: 'GraphQL operations by kind, transport and outcome.',
    labelNames: ['kind', 'transport', 'outcome'],
    registers,
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
  return {
    operation: (kind, transport, outcome) => operations.inc({ kind, transport, outcome }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
