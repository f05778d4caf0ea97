import type { Fault } from '../fault.ts'

/** The page says the same with script and without. */
export const faults: Readonly<Record<Fault, string>> = {
  required: 'Vastaa tähän kysymykseen.',
  tooLong: 'Vastaus on liian pitkä.',
  number: 'Anna luku.',
  range: 'Luku ei ole sallituissa rajoissa.',
  step: 'Anna luku, joka sopii askeliin.',
  email: 'Anna sähköpostiosoite, esimerkiksi nimi@example.com.',
  date: 'Anna päivämäärä, esimerkiksi 2026-02-28.',
  option: 'Valitse jokin vaihtoehdoista.',
  fileTooLarge: 'Tiedosto on liian suuri.',
  fileType: 'Tiedoston sisältö ei ole sallittua tyyppiä.',
  fileEmpty: 'Tiedosto on tyhjä.',
  recordingSilent: 'Äänitteestä ei kuulu mitään. Tarkista mikrofonisi ja äänitä uudelleen.',
  recordingTooLong: 'Äänite on liian pitkä. Äänitä lyhyempi.',
  recordingCut: 'Äänitteestä puuttuu osa. Lähetä se uudelleen.',
  recordingDamaged: 'Äänite on vioittunut. Äänitä uudelleen.',
  recordingWithoutSound: 'Tiedostossa ei ole ääntä. Valitse äänite.',
  invalid: 'Vastaus ei sovi kysymykseen.',
}
