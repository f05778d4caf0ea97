/** What a phone survey says besides the questions, in one language. Keys are what is pressed: a digit, `*` or `#`. */
export interface Phrases {
  greeting: (name: string) => string
  optOutHint: (key: string) => string
  choice: (label: string, key: string) => string
  yesOrNo: string
  keyFromTo: (lowest: number, highest: number) => string
  numberFromTo: (lowest: number, highest: number) => string
  number: string
  decimals: string
  allThatApply: string
  date: string
  speak: string
  /** Of a question that is answered by keys. */
  hearAgain: string
  skip: string
  /** Of one that is answered by speaking. */
  skipSpeaking: string
  notUnderstood: string
  notHeard: string
  /** While it is found out whether something more is to be asked. */
  moment: string
  goodbye: string
  unfinished: string
  optedOut: string
}

const ENGLISH: Phrases = {
  greeting: (name) => `Hello. This is a short survey: ${name}.`,
  optOutHint: (key) => `If you do not want to be called again, press ${spoken(key, 'star', 'hash')}.`,
  choice: (label, key) => `For ${label}, press ${apart(key)}.`,
  yesOrNo: 'For yes, press 1. For no, press 2.',
  keyFromTo: (lowest, highest) => `Press a number from ${lowest} to ${highest}.`,
  numberFromTo: (lowest, highest) => `Enter a number from ${lowest} to ${highest}, then press the hash key.`,
  number: 'Enter the number, then press the hash key.',
  decimals: 'For the decimal point, press star.',
  allThatApply: 'Press the numbers of all that apply, then the hash key.',
  date: 'Enter the date with eight digits: two for the day, two for the month, four for the year.',
  speak: 'Please speak after the tone, and press the hash key when you are done.',
  hearAgain: 'To hear this question again, press only the hash key.',
  skip: 'To skip this question, press only the hash key.',
  skipSpeaking: 'To skip this question, press the hash key right after the tone.',
  notUnderstood: 'That is not a possible answer.',
  notHeard: 'There was no answer.',
  moment: 'One moment, please.',
  goodbye: 'Thank you. That was all. Goodbye.',
  unfinished: 'Thank you. Some questions are left open. Goodbye.',
  optedOut: 'You will not be called again. Goodbye.',
}

const FINNISH: Phrases = {
  greeting: (name) => `Hei. Tämä on lyhyt kysely: ${name}.`,
  optOutHint: (key) => `Jos ette halua, että teille soitetaan uudelleen, painakaa ${spoken(key, 'tähteä', 'ruutua')}.`,
  choice: (label, key) => `${label}: painakaa ${apart(key)}.`,
  yesOrNo: 'Kyllä: painakaa 1. Ei: painakaa 2.',
  keyFromTo: (lowest, highest) => `Painakaa numeroa. Pienin on ${lowest}, suurin ${highest}.`,
  numberFromTo: (lowest, highest) =>
    `Näppäilkää luku ja painakaa sitten ruutua. Pienin on ${lowest}, suurin ${highest}.`,
  number: 'Näppäilkää luku ja painakaa sitten ruutua.',
  decimals: 'Desimaalipilkku on tähti.',
  allThatApply: 'Painakaa kaikkien sopivien vaihtoehtojen numerot ja sitten ruutua.',
  date: 'Näppäilkää päivämäärä kahdeksalla numerolla: päivä kahdella, kuukausi kahdella, vuosi neljällä.',
  speak: 'Puhukaa äänimerkin jälkeen ja painakaa lopuksi ruutua.',
  hearAgain: 'Kysymyksen voi kuunnella uudelleen painamalla pelkkää ruutua.',
  skip: 'Kysymyksen voi ohittaa painamalla pelkkää ruutua.',
  skipSpeaking: 'Kysymyksen voi ohittaa painamalla ruutua heti äänimerkin jälkeen.',
  notUnderstood: 'Se ei ole mahdollinen vastaus.',
  notHeard: 'Vastausta ei kuulunut.',
  moment: 'Pieni hetki, olkaa hyvä.',
  goodbye: 'Kiitos. Siinä kaikki. Kuulemiin.',
  unfinished: 'Kiitos. Osa kysymyksistä jäi avoimeksi. Kuulemiin.',
  optedOut: 'Teille ei enää soiteta. Kuulemiin.',
}

/** By the language of the voice; a voice of another language says the English ones. */
export function phrasesOf(voice: string | null): Phrases {
  return voice?.startsWith('fi') ? FINNISH : ENGLISH
}

function spoken(key: string, star: string, hash: string): string {
  return key === '*' ? star : key === '#' ? hash : key
}

/** Two digits are two keys, not a number. */
function apart(key: string): string {
  return [...key].join(' ')
}
