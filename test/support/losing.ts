// Somebody who is to lose a room, whoever owns it, and what goes on in it meanwhile.

import { type ApiClient, guest, registered, send } from './client.ts'
import { mutate } from './mutate.ts'
import { type OpenServer, startOpenServer } from './openServer.ts'

export interface LosingWorld {
  readonly room: string
  readonly message: string
}

export const privateRoom = { name: 'Den', visibility: 'PRIVATE' }

/** Ada owns the rooms, Bob is in them and loses them. */
export class Losing implements AsyncDisposable {
  readonly server: OpenServer
  readonly ada: ApiClient
  readonly bob: ApiClient & { readonly userId: string }
  #words = 0

  private constructor(server: OpenServer, ada: ApiClient, bob: ApiClient & { readonly userId: string }) {
    this.server = server
    this.ada = ada
    this.bob = bob
  }

  static async start(): Promise<Losing> {
    const server = await startOpenServer()
    return new Losing(server, await registered(server.graphql, 'ada'), await guest(server.graphql, 'Bob'))
  }

  /** By which what happens after the end is known. */
  newWord(): string {
    return `word-${++this.#words}-`
  }

  /** With Bob in it where it is private. */
  async makeRoom(input: Readonly<Record<string, unknown>> = privateRoom): Promise<LosingWorld> {
    const { room } = await mutate(this.ada, 'createRoom', input, 'room { id }')
    if (input.visibility === 'PRIVATE') await this.letIn(room.id)
    return { room: room.id, message: await this.say(room.id, 'the first text') }
  }

  /** @returns the message, once it is in the read models */
  async say(room: string, text: string): Promise<string> {
    const { message } = await send(this.ada, room, text)
    await this.caughtUp(room)
    return message.id
  }

  /** Ada reads her own writes: then everybody can. */
  async caughtUp(id: string): Promise<void> {
    await this.ada.query('query ($id: ID!) { room(id: $id) { topic } }', { id })
  }

  async letIn(roomId: string): Promise<void> {
    await mutate(this.ada, 'inviteToRoom', { roomId, userIds: [this.bob.userId] })
    await mutate(this.bob, 'joinRoom', { roomId })
  }

  async remove(roomId: string): Promise<void> {
    await mutate(this.ada, 'removeMember', { roomId, userId: this.bob.userId })
  }

  /** What happens once access has ended, and is then in the read models: every text of it holds the word. */
  async goOn({ room, message }: LosingWorld, word: string): Promise<void> {
    await mutate(this.ada, 'editMessage', { messageId: message, text: `edited ${word}` })
    await mutate(this.ada, 'updateRoom', { roomId: room, topic: `topic ${word}` })
    await this.say(room, `sent ${word}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }
}
