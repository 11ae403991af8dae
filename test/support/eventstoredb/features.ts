// What the server says of itself: which methods it has, and that it is a cluster of one.

import { randomUUID } from 'node:crypto'
import type { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js'
import gossip from '@eventstore/db-client/generated/gossip_pb.js'
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js'
import features from '@eventstore/db-client/generated/serverfeatures_pb.js'
import type { Empty } from '@eventstore/db-client/generated/shared_pb.js'
import type { handleUnaryCall } from '@grpc/grpc-js'
import { uuidOf } from './places.ts'

/** The client appends through BatchAppend where that is named here, through Append elsewhere. */
export function supportedMethods(options: { batchAppend: boolean }): handleUnaryCall<Empty, SupportedMethods> {
  const methods = [
    method('append'),
    method('delete'),
    method('read', ['position', 'events']),
    method('tombstone'),
    ...(options.batchAppend ? [method('batchappend', ['deadline_duration'])] : []),
  ]
  const answer = new features.SupportedMethods().setMethodsList(methods).setEventStoreServerVersion('24.10.0')
  return (_call, callback) => callback(null, answer)
}

const method = (name: string, having: string[] = []) =>
  new features.SupportedMethod()
    .setServiceName('event_store.client.streams.streams')
    .setMethodName(name)
    .setFeaturesList(having)

export function clusterOfOne(port: () => number): handleUnaryCall<Empty, ClusterInfo> {
  const id = randomUUID()
  return (_call, callback) => {
    const member = new gossip.MemberInfo()
      .setInstanceId(uuidOf(id))
      .setTimeStamp(String(BigInt(Date.now()) * 10_000n))
      .setState(gossip.MemberInfo.VNodeState.LEADER)
      .setIsAlive(true)
      .setHttpEndPoint(new gossip.EndPoint().setAddress('127.0.0.1').setPort(port()))
    callback(null, new gossip.ClusterInfo().setMembersList([member]))
  }
}
