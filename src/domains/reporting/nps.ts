import type { Nps } from './summary.ts'

type Groups = Pick<Nps, 'promoters' | 'passives' | 'detractors'>

/** 9 and 10 promote, 7 and 8 are passive, 0 to 6 detract. */
export function npsOfValues(values: readonly { value: string; count: number }[]): Nps {
  const groups: Groups = { promoters: 0, passives: 0, detractors: 0 }
  for (const { value, count } of values) {
    const rating = Number(value)
    groups[rating >= 9 ? 'promoters' : rating >= 7 ? 'passives' : 'detractors'] += count
  }
  return npsOf([groups])
}

/** The share of promoters less that of detractors, in percent; null of nobody. */
export function npsOf(all: readonly Groups[]): Nps {
  const count = (group: keyof Groups) => all.reduce((total, groups) => total + groups[group], 0)
  const [promoters, passives, detractors] = [count('promoters'), count('passives'), count('detractors')]
  const people = promoters + passives + detractors
  return { promoters, passives, detractors, score: people === 0 ? null : ((promoters - detractors) * 100) / people }
}
