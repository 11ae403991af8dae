// Runs the server as a process of its own, so that a test can kill, stop and start it again:
//
//   node test/support/eventstoredb/main.ts <folder> <port, or 0> [--no-batch-append] [--drop-slow-consumers]
//
// Prints one line of JSON, {"connectionString","port","pid","what"}, when it serves.

import { startEventStoreDb } from './server.ts'

const [folder, port = '0', ...flags] = process.argv.slice(2)
if (folder === undefined) throw new Error('Which folder?')
const batchAppend = !flags.includes('--no-batch-append')
const dropsSlowConsumers = flags.includes('--drop-slow-consumers')
const server = await startEventStoreDb({ folder, port: Number(port), batchAppend, dropsSlowConsumers })
const { connectionString, port: bound } = server
const what = 'Not EventStoreDB: our reading of its protocol, over the embedded log.'
process.stdout.write(`${JSON.stringify({ connectionString, port: bound, pid: process.pid, what })}\n`)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.stop())
