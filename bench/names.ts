// The benches there are, in the order in which they run.

/** `measures`: where the measured code runs, which is what a profile must show. `cluster`: whether it can run on those engines. */
export const benches = [
  { name: 'append', measures: 'own process', cluster: false },
  { name: 'fanout', measures: 'server', cluster: true },
  { name: 'fanout-shapes', measures: 'server', cluster: true },
  { name: 'inbox', measures: 'server', cluster: true },
  { name: 'resume', measures: 'server', cluster: true },
  { name: 'slow', measures: 'server', cluster: true },
  { name: 'idle', measures: 'server', cluster: false },
  { name: 'storm', measures: 'server', cluster: false },
  { name: 'send', measures: 'server', cluster: false },
  { name: 'latency', measures: 'server', cluster: true },
  { name: 'lag', measures: 'server', cluster: false },
  { name: 'startup', measures: 'server', cluster: false },
  { name: 'history', measures: 'own process', cluster: false },
  { name: 'rebuild', measures: 'own process', cluster: true },
] as const

export type Bench = (typeof benches)[number]
