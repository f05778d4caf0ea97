import type { Fault } from './client/fault.ts'
import { faults as enFaults } from './client/languages/faults-en.ts'
import { faults as fiFaults } from './client/languages/faults-fi.ts'

/** Everything the page says by itself. Questions and messages of a link are its owner's and are never translated. */
export interface Texts {
  required: string
  optional: string
  noAnswer: string
  yes: string
  no: string
  chooseSeveral: string
  submit: string
  continue: string
  moreToCome: string
  saved: string
  newQuestions: string
  errorTitle: string
  errorSummary: string
  thankYou: string
  goOn: string
  answerAgain: string
  npsLow: string
  npsHigh: string
  stars: (n: number, of: number) => string
  emojis: readonly [string, string, string, string, string]
  scale: (n: number, of: number) => string
  recordingHint: string
  recordingKept: string
  fileKept: (name: string) => string
  unnamedFile: string
  fileReplace: string
  fileRemove: string
  fileTypes: (list: string) => string
  maxSize: (megabytes: string) => string
  maxCharacters: (n: number) => string
  between: (min: number, max: number) => string
  atLeast: (n: number) => string
  atMost: (n: number) => string
  closed: Readonly<Record<ClosedPage, { title: string; text: string }>>
  failedTitle: string
  retryAfter: (seconds: number) => string
  requestId: (id: string) => string
  faults: Readonly<Record<Fault, string>>
}

/** Pages without a form, by the reason. */
export type ClosedPage =
  | 'NOT_FOUND'
  | 'LINK_DELETED'
  | 'LINK_PAUSED'
  | 'LINK_FULL'
  | 'RATE_LIMITED'
  | 'TOO_LARGE'
  | 'BROKEN'

const en: Texts = {
  required: 'required',
  optional: 'optional',
  noAnswer: 'No answer',
  yes: 'Yes',
  no: 'No',
  chooseSeveral: 'You can choose several.',
  submit: 'Send',
  continue: 'Continue',
  moreToCome: 'Depending on your answers there may be a few more questions.',
  saved: 'Your answers so far are saved.',
  newQuestions: 'Thank you. Your answers are saved, and there is a little more to ask.',
  errorTitle: 'Error: ',
  errorSummary: 'Please check these answers',
  thankYou: 'Thanks for your response!',
  goOn: 'Continue',
  answerAgain: 'Send another response',
  npsLow: 'Not at all likely',
  npsHigh: 'Extremely likely',
  stars: (n, of) => `${n} of ${of} stars`,
  emojis: ['Very bad', 'Bad', 'Okay', 'Good', 'Very good'],
  scale: (n, of) => `${n} of ${of}`,
  recordingHint: 'Record your answer, or choose a recording: WebM, MP4, Ogg, WAV or MP3.',
  recordingKept: 'A recording is saved. What you write here replaces it.',
  fileKept: (name) => `Saved: ${name}.`,
  unnamedFile: 'one file',
  fileReplace: 'Choose another file to replace it.',
  fileRemove: 'Remove this file',
  fileTypes: (list) => `Allowed: ${list}.`,
  maxSize: (megabytes) => `At most ${megabytes} MB.`,
  maxCharacters: (n) => `At most ${n} characters.`,
  between: (min, max) => `From ${min} to ${max}.`,
  atLeast: (n) => `At least ${n}.`,
  atMost: (n) => `At most ${n}.`,
  closed: {
    NOT_FOUND: {
      title: 'There is nothing here',
      text: 'This address leads nowhere. Please check it for typing errors.',
    },
    LINK_DELETED: { title: 'This page is gone', text: 'Its owner has removed it. No more responses are taken.' },
    LINK_PAUSED: {
      title: 'Closed for now',
      text: 'This page takes no responses at the moment. Please try again later.',
    },
    LINK_FULL: {
      title: 'All responses are in',
      text: 'This page has received all the responses it asked for. Thank you!',
    },
    RATE_LIMITED: { title: 'One moment, please', text: 'Too much came from your address at once.' },
    TOO_LARGE: {
      title: 'That was too large',
      text: 'Your files are too large. Please go back and choose smaller ones.',
    },
    BROKEN: { title: 'That did not arrive whole', text: 'Please go back and send your answers again.' },
  },
  failedTitle: 'Something went wrong',
  retryAfter: (seconds) => `Please try again in ${seconds} seconds.`,
  requestId: (id) => `It is not your fault. Please try again later. Request id: ${id}`,
  faults: enFaults,
}

const fi: Texts = {
  required: 'pakollinen',
  optional: 'vapaaehtoinen',
  noAnswer: 'Ei vastausta',
  yes: 'Kyllä',
  no: 'Ei',
  chooseSeveral: 'Voit valita useita.',
  submit: 'Lähetä',
  continue: 'Jatka',
  moreToCome: 'Vastauksistasi riippuen kysymyksiä voi tulla vielä muutama lisää.',
  saved: 'Tähänastiset vastauksesi on tallennettu.',
  newQuestions: 'Kiitos. Vastauksesi on tallennettu, ja kysymme vielä hieman lisää.',
  errorTitle: 'Virhe: ',
  errorSummary: 'Tarkista nämä vastaukset',
  thankYou: 'Kiitos vastauksestasi!',
  goOn: 'Jatka',
  answerAgain: 'Lähetä toinen vastaus',
  npsLow: 'En lainkaan todennäköisesti',
  npsHigh: 'Erittäin todennäköisesti',
  stars: (n, of) => `${n}/${of} tähteä`,
  emojis: ['Erittäin huono', 'Huono', 'Kohtalainen', 'Hyvä', 'Erittäin hyvä'],
  scale: (n, of) => `${n}/${of}`,
  recordingHint: 'Äänitä vastauksesi tai valitse äänite: WebM, MP4, Ogg, WAV tai MP3.',
  recordingKept: 'Äänite on tallennettu. Tähän kirjoittamasi teksti korvaa sen.',
  fileKept: (name) => `Tallennettu: ${name}.`,
  unnamedFile: 'yksi tiedosto',
  fileReplace: 'Voit korvata sen valitsemalla toisen tiedoston.',
  fileRemove: 'Poista tämä tiedosto',
  fileTypes: (list) => `Sallitut tyypit: ${list}.`,
  maxSize: (megabytes) => `Enintään ${megabytes} Mt.`,
  maxCharacters: (n) => `Enintään ${n} merkkiä.`,
  between: (min, max) => `Luku väliltä ${min}–${max}.`,
  atLeast: (n) => `Vähintään ${n}.`,
  atMost: (n) => `Enintään ${n}.`,
  closed: {
    NOT_FOUND: { title: 'Täällä ei ole mitään', text: 'Osoitetta ei löydy. Tarkista, että se on kirjoitettu oikein.' },
    LINK_DELETED: {
      title: 'Sivu on poistettu',
      text: 'Sivun omistaja on poistanut sen. Vastauksia ei enää oteta vastaan.',
    },
    LINK_PAUSED: {
      title: 'Suljettu toistaiseksi',
      text: 'Vastauksia ei juuri nyt oteta vastaan. Yritä myöhemmin uudelleen.',
    },
    LINK_FULL: { title: 'Kaikki vastaukset on saatu', text: 'Kaikki tarvittavat vastaukset on jo saatu. Kiitos!' },
    RATE_LIMITED: { title: 'Pieni hetki', text: 'Osoitteestasi tuli liian monta pyyntöä kerralla.' },
    TOO_LARGE: { title: 'Liian suuri', text: 'Tiedostosi ovat liian suuria. Palaa takaisin ja valitse pienemmät.' },
    BROKEN: { title: 'Lähetys jäi kesken', text: 'Palaa takaisin ja lähetä vastauksesi uudelleen.' },
  },
  failedTitle: 'Jokin meni vikaan',
  retryAfter: (seconds) => `Yritä uudelleen ${seconds} sekunnin kuluttua.`,
  requestId: (id) => `Vika ei ole sinussa. Yritä myöhemmin uudelleen. Pyynnön tunnus: ${id}`,
  faults: fiFaults,
}

export const LANGUAGES = ['en', 'fi'] as const
export type Language = (typeof LANGUAGES)[number]
export const TEXTS: Readonly<Record<Language, Texts>> = { en, fi }
