// Whether the server in this container is ready: exit code 0 or 1. For the health check of an image, which has no other
// means to ask.

import { get } from 'node:http'

/** How long an answer may take, in ms. */
const patience = 2_500

const { PARLEY_HOST: host = '127.0.0.1', PARLEY_PORT: port = '4000' } = process.env
const everywhere = host === '0.0.0.0' || host === '::' || host === ''

function unhealthy(reason) {
  console.error(reason)
  process.exit(1)
}

get({ host: everywhere ? '127.0.0.1' : host, port: port || '4000', path: '/readyz', timeout: patience }, (response) => {
  response.resume()
  if (response.statusCode === 200) process.exit(0)
  unhealthy(`/readyz answered ${response.statusCode}.`)
})
  .on('timeout', () => unhealthy(`/readyz did not answer within ${patience} ms.`))
  .on('error', (error) => unhealthy(`/readyz cannot be reached: ${error.message}`))
