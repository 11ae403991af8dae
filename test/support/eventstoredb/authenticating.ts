// A server that wants to know who calls: as the real one with security on, where nobody else may read or write streams.

import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js'
import { accessDenied } from './refusals.ts'

export interface User {
  readonly name: string
  readonly password: string
}

/** Lets only this user's calls through. Who the cluster is and what it can do is told to everybody. */
export function onlyFor({ name, password }: User): ServerInterceptor {
  const wanted = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
  const refusalFor = (metadata: Metadata) => {
    const [given] = metadata.get('authorization')
    if (given === wanted) return undefined
    // AuthenticationMiddleware.cs answers 401 to a wrong password; without one, the streams' own rights decide.
    return given === undefined ? accessDenied() : { code: status.UNAUTHENTICATED, details: 'Not authenticated.' }
  }
  return (method, call) => {
    if (!method.path.startsWith('/event_store.client.streams.')) return new ServerInterceptingCall(call)
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next(
          new ServerListenerBuilder()
            .withOnReceiveMetadata((metadata, pass) => {
              const refusal = refusalFor(metadata)
              if (refusal === undefined) pass(metadata)
              else call.sendStatus(refusal)
            })
            .build(),
        ),
    })
  }
}
