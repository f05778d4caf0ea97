import { type Lexicon, phrases, valued } from './lexicon.ts'

/**
 * Finnish bends its words, so these are how they begin; the longest beginning counts. Consonants change as well, so some
 * stand here twice.
 */
const STEMS = valued({
  4: 'loistav mahtav erinoma upea fantasti täydelli rakast herku ykkös',
  3: 'ihana ihanin ystäväl mukav hieno kaunis kaunii paras parha parast tykkä tykän tykän tykkä nautti nauti nautin innosta mainio suosittel hauska maukas mauk tyytyväi ehdottomasti iloi kiva kivaa erinomai ammattitaito kohtelia avulia huippu mielellä ilmainen',
  2: 'hyvä hyvää hyvin hyviä parem siisti nopea helppo helpo autto auttav autet kuunteli kuunnel selkeä selkeys ajoissa kiinnost arvoi luotta luotet rauha puhdas puhta edulli tuore opin opimme hyödyl hyöty sujui sujuv ratkes ratkai lämmin lämpimä palvelualt kiito onnistu pidin pidän nappasi toimiva toimii toimi yllätyin yllättävän helppokäyt mutkat välittävä viihty',
  '-4': 'surkea surke kamala kamalan kauhe ajanhukk töyke epäystäväl inhot järkyt karme paska kelvot',
  '-3': 'huono huonon hirve pettym pettyn pettyi rikki rikko likai haise haisi haisu tylsä tylsi kaatu kaatui turha turhaa ärsyt raivo vihai epäon epäsel epämuk epäam varast huijat painajai ylihin mauton mautt sietämä pilal pilalla pahin tyhmä',
  '-2': 'myöhä hidas hitaa hita kallis kallii sotku kylmä kuiva ongelm valitta valitu valite virhe vika vikoja vial puuttu odot jono jonot peru vaike sekava melu kiire stress väsy vanhentu liian liikaa harmi ikävä väärä väärin vääri kuuma jouduin joutu suola jumi jumit töksäh kadon hukka hukku tosin outo ahdas ahta pitkä jono pelot kipe sattu rasitta jatkuva',
})

/** Whole words that begin like one above and mean something else. */
const WHOLE = valued({
  0: 'ihan hyvinkään kiitos kiittäen parhaillaan pitkään pidetty toimipiste toimisto toimitus toimituksen toimittaa odotus odotusaula perus perustuu perustettu perhe perheen hyvänen viimeisen kuivaus sattuma sattumalta',
  2: 'virheetön',
})

const PHRASES = phrases({
  4: 'vei kielen',
  3: 'ei mitään valittamista|ei valittamista|ei moitittavaa|ei mitään moitittavaa|ei huomautettavaa|niin kuin pitää|en vaihtaisi|joka sentin arvoista|tulen uudestaan|tulemme uudestaan|ei ongelmia|ei huono|ei hullumpi|pääsin heti|asia hoitui',
  2: 'helppo käyttää|opin paljon|ajoissa perillä',
  '-4': 'ei jatkoon|ei ikinä|ei enää koskaan|en tulisi|en suosittele|en voi suositella|hukkaan heitetty|kiitos vaan|kiitti vaan',
  '-3': 'ei nappaa|ei oikein nappaa|ei toimi|ei ollenkaan|ei kukaan|eikä kukaan|kukaan ei|jäi kesken|en pääse|en päässyt|en pystynyt|ei pysty|en voi|en saanut|ei saanut|ei vastannut|ei vastattu|ei löytynyt|en löytänyt|ei mitään|eikä mitään',
  '-2': 'liian kova|liian vähän|sen sijaan|sain odottaa|jouduin odottamaan',
  0: 'hyvin vähän|mitä pidit|pidä mielessä|ei kiitos|en osaa|en tiedä|en tiiä',
})

export const finnish: Lexicon = {
  value(form) {
    const whole = WHOLE.get(form)
    if (whole !== undefined) return whole
    for (let length = Math.min(form.length, 14); length >= 3; length--) {
      const value = STEMS.get(form.slice(0, length))
      if (value !== undefined) return value
    }
    return 0
  },
  phrases: PHRASES,
  negationReach: 4,
  negators: new Set('en et ei emme ette eivät eikä enkä etkä emmekä eivätkä älä ilman tuskin'.split(' ')),
  missing: new Set('kukaan mitään eikä ketään'.split(' ')),
  ands: new Set(['tai', 'ja', 'eikä']),
  yes: new Set('kyllä joo ehdottomasti varmasti tottakai'.split(' ')),
  no: new Set('en ei'.split(' ')),
  intensifiers: new Set('todella tosi erittäin hyvin hirveän kauhean niin aivan täysin oikein ihan'.split(' ')),
  diminishers: new Set('melko aika vähän hieman hiukan kai'.split(' ')),
  contrasts: new Set('mutta vaikka kuitenkin tosin silti sijaan valitettavasti harmi paitsi'.split(' ')),
  joints: new Set('ja kun koska joten niin eikä'.split(' ')),
  subjects: new Set('minä mä me he se ne hän kukaan kaikki henkilökunta'.split(' ')),
  unreal: phrases({
    0: 'pitäisi|voisi|voisitte|voisitteko|voisiko|toivoisin|toivon|kannattaisi|olisi kiva|olisi hyvä|enemmän|saisiko|tarvitaan|tarvitsemme|en uskonut|en odottanut',
  }),
  ironic: phrases({ 0: 'kiitos vaan|kiitti vaan|hienoa taas|mahtavaa taas|loistavaa taas|kiva taas' }),
}
