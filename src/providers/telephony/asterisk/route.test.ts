import { expect, test } from 'vitest'
import { endpointOf } from './route.ts'

test('a number goes where its country does, in the form that is wanted there', () => {
  const byCountry = { FI: 'PJSIP/{national}@elisa', US: 'PJSIP/sip:{digits}@twilio' }
  const endpoint = 'PJSIP/{number}@trunk'
  const numbers = ['+358401234567', '+12125550123', '+46701234567', '+99912345678']
  expect(numbers.map((number) => endpointOf({ endpoint, byCountry }, number))).toEqual([
    'PJSIP/0401234567@elisa',
    'PJSIP/sip:12125550123@twilio',
    'PJSIP/+46701234567@trunk',
    'PJSIP/+99912345678@trunk',
  ])
  expect(numbers.map((number) => endpointOf({ endpoint: undefined, byCountry }, number))).toEqual([
    'PJSIP/0401234567@elisa',
    'PJSIP/sip:12125550123@twilio',
    undefined,
    undefined,
  ])
  // Nobody knows how it would be dialled there.
  expect(endpointOf({ endpoint: 'PJSIP/{national}@x', byCountry: {} }, '+99912345678')).toBe('PJSIP/99912345678@x')
})
