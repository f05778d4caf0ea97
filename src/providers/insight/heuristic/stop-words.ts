import type { Known } from './language.ts'

const ENGLISH = new Set(
  'a about above after again all also am an and any anyway are around as at back be because been before being both but by came can come could did do does doing done down each else even ever every few for from further get gets getting give go goes going got had has have having he her here hers him his how i id if ill im in into is it its ive just kind know lets like ll made make makes many maybe me mine more most much my myself no nor not now of off on once one ones only or other our out over own quite rather really s said same say says see seem seemed she should since so some something sort still such t take than that thats the their them then there theres these they theyre thing things think this those though thought through to too took two under until up us use used very want was way we well went were weve what when where which while who why will with would yeah yes yet you youd youll your youre yours uh um hm hmm er erm oh okay ok cant cannot couldnt didnt doesnt dont hadnt hasnt havent isnt wasnt werent wont wouldnt never always often sometimes actually honestly basically perhaps guess everything nothing anything everyone nobody someone anyone lot lots bit little day time times always today'.split(
    ' ',
  ),
)
const FINNISH = new Set(
  'ja on oli olivat olin olen olet olla olisi ollut ei en et eikä enkä emme eivät mutta vaikka että et kun kuin niin minä mä mun mulle minun minut minulle sinä te teidän teillä meidän me he se sen sitä siitä siihen siinä sillä ne niitä oon tosi ihan todella aivan liian myös vielä nyt vain kaikki kaikkea joka jotka jonka josta jossa tai sekä no tota tuota siis kyllä mitä mikä mitään kukaan joku jokin jotain jos koska kuten aina usein joskus ehkä kai vaan sitten taas heti eikä edes sai sain sekä oikein hyvin tämä tässä tätä tuo siellä täällä tänne sinne asia asiaa pois jo enää ole olleet aika vähän paljon nyt miten minkä mielestä mielestäni kuitenkin tosin silti'.split(
    ' ',
  ),
)

export function isStopWord(form: string, language: Known): boolean {
  return form.length < 2 || (language === 'fi' ? FINNISH.has(form) : ENGLISH.has(form))
}
