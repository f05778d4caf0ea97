import { expect, test } from 'vitest'
import type { CallEvent } from '../telephony.ts'
import { EventOrder } from './order.ts'

const event = (callId: string, eventId: string): CallEvent => ({ callId, eventId, at: new Date(0), type: 'ringing' })
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('one event of a call at a time, different calls at once, and a failure holds nothing up', async () => {
  const begun: string[] = []
  const open = new Map<string, (error?: Error) => void>()
  const done: string[] = []
  const failures: object[] = []
  const order = new EventOrder(
    {
      event({ eventId }) {
        begun.push(eventId)
        return new Promise((resolve, reject) => open.set(eventId, (error) => (error ? reject(error) : resolve())))
      },
    },
    { error: (fields) => void failures.push(fields) },
  )
  for (const [callId, eventId] of ['a1', 'a2', 'b1', 'a3'].map((id) => [id[0]!, id])) {
    order.add(event(callId!, eventId!), () => done.push(eventId!))
  }
  await turn()
  expect(begun).toEqual(['a1', 'b1'])
  open.get('a1')!(new Error('away'))
  await turn()
  expect([begun, done, failures.length]).toEqual([['a1', 'b1', 'a2'], [], 1])
  // What is under way is finished; what waits is not begun.
  order.stop()
  open.get('a2')!()
  open.get('b1')!()
  await order.idle()
  expect([begun.length, done.sort(), order.busy]).toEqual([3, ['a2', 'b1'], false])
})
