import type { AnswerDescription, AnyOperation } from '../legacy/index.ts'

/**
 * What HTTP says beside the body's own `status` (contract/saygent.md A1). `always-200`: 200, as clients of the time
 * expect, which look at the body only. `matching`: what HTTP has for it.
 */
export type HttpStatusMode = 'always-200' | 'matching'

/** Of what no operation answered: no such address or method, OPTIONS, and a fault of the server. The same in both modes. */
const NOT_OF_OPERATIONS: ReadonlySet<number> = new Set([204, 404, 405, 500])

export function inMode<Sent extends { status: number }>(mode: HttpStatusMode, answer: Sent): Sent {
  return mode === 'matching' || NOT_OF_OPERATIONS.has(answer.status) ? answer : { ...answer, status: 200 }
}

/** The same operation, answering and described in a mode. */
export function operationInMode(mode: HttpStatusMode, operation: AnyOperation): AnyOperation {
  return {
    ...operation,
    answers: operation.answers.map((answer): AnswerDescription => inMode(mode, answer)),
    handle: async (call) => inMode(mode, await operation.handle(call)),
  }
}
