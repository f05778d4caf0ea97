import { describe } from 'vitest'
import { prepareRig } from './asterisk-package.ts'

const obstacle = await prepareRig()
if (obstacle) console.warn(`skipped: ${obstacle}`)

/** A suite with real telephones: skipped, with a word why, where the rig cannot run. */
export const describeVoice = describe.skipIf(obstacle !== undefined)
