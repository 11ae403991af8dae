// What a storm does: it cuts connections off, again and again, while messages are sent at a steady rate.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../random.ts'

/** Cuts somebody off after about so many ms, again and again; 0: never. @returns what ends it */
export function cutting(reader: { cut(): void }, everyMs: number, random: Random): () => void {
  let timer: NodeJS.Timeout | undefined
  const again = (): void => {
    timer = setTimeout(
      () => {
        reader.cut()
        again()
      },
      random.between(everyMs / 2, everyMs * 1.5),
    )
  }
  if (everyMs > 0) again()
  return () => clearTimeout(timer)
}

/** Without an answer to so many the sender waits: a server that is behind is not to be buried. */
const mostUnderWay = 500

/** Sends so many messages at this rate a second, as long as they are answered. @returns how long it took, in s */
export async function sendSteadily(
  sender: { readonly sent: number; readonly underWay: number; send(): void },
  { messages, rate }: { readonly messages: number; readonly rate: number },
): Promise<number> {
  const begun = performance.now()
  while (sender.sent < messages) {
    const due = Math.min(messages, Math.ceil(((performance.now() - begun) / 1_000) * rate))
    while (sender.sent < due && sender.underWay < mostUnderWay) sender.send()
    await sleep(5)
  }
  return (performance.now() - begun) / 1_000
}
