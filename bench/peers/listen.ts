// What all peers begin with: a port of their own, told to whoever started them.

import { createServer, type Server } from 'node:http'

export function listen(): { readonly server: Server; ready(): void } {
  const server = createServer()
  return {
    server,
    ready: () => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        if (typeof address === 'object' && address !== null) process.send?.({ port: address.port })
      })
      process.on('disconnect', () => process.exit())
    },
  }
}
