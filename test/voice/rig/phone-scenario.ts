import { PATIENCE_MS, type People, REFUSALS } from './people.ts'

/** A call and what happened to it, as the phones write it down: time, number of the call among all, what, and more. */
export type LogWord = 'invite' | 'answered' | 'cancelled' | 'refused' | 'heard-bye' | 'said-bye'

const RINGS_AT_MOST_MS = 300_000
const ACK_WITHIN_MS = 8_000

/**
 * The scenario for sipp (3.6) in which the dialled number decides what happens: one phone network at one port. `captures`
 * and `hangsUpAfterMs` belong to those who answer. What one has to know of sipp:
 *
 * - A status code cannot be a variable, and every label is checked when the scenario is read: so each person, and each
 *   refusal, is written out.
 * - Instead of a pause there is waiting for CANCEL with a time limit: in a pause a CANCEL is unexpected.
 * - A time limit stands at the first of several alternatives.
 * - `[auto_media_port]` in a log message ends sipp; it is the first port + 4 times the number of the call before.
 */
export function phoneScenario(
  people: People,
  played: Record<string, { capture: string; hangsUpAfterMs: number }>,
): string {
  // The longest end of a number that fits counts.
  const endings = Object.keys(people).sort((a, b) => b.length - a.length || a.localeCompare(b))
  return `<?xml version="1.0" encoding="us-ascii" ?>
<scenario name="phones">
  <recv request="INVITE">
    <action>
      <ereg regexp="INVITE sip:([^@]*)@" search_in="msg" assign_to="invite,number"/>
      <ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>
      <ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="cseq"/>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>
      <ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="contact"/>
${endings.map((ending, n) => `      <ereg regexp="INVITE sip:[^@]*${ending}@" search_in="msg" assign_to="p${n}"/>`).join('\n')}
      ${log('invite', '[call_id] [$number] [$from]')}
    </action>
  </recv>
  <Reference variables="invite"/>
${endings.map((_, n) => `  <nop next="person${n}" test="p${n}"/>`).join('\n')}
  <nop next="refuses404"/>
${endings
  .map((ending, n) => {
    const person = people[ending]!
    const begin = `  <label id="person${n}"/>\n`
    if (person.kind === 'rings') {
      return `${begin}${ringing}  <recv request="CANCEL" timeout="${RINGS_AT_MOST_MS}" ontimeout="refuses480" next="cancelled"/>\n`
    }
    if (person.kind === 'refuses') {
      return begin + (person.ringMs ? ring(person.ringMs, `refuses${person.code}`) : jump(`refuses${person.code}`))
    }
    return begin + ring(person.ringMs, `answers${n}`) + answer(n, played[ending]!)
  })
  .join('\n')}
${[...Object.entries(REFUSALS), [480, 'Temporarily Unavailable'] as const]
  .map(([code, reason]) => `  <label id="refuses${code}"/>\n${refuse(`${code} ${reason}`)}`)
  .join('\n')}
  <label id="refused"/>
  <recv request="ACK" timeout="${ACK_WITHIN_MS}" ontimeout="end" next="end"><action>${log('refused')}</action></recv>

  <label id="cancelled"/>
  <nop><action>${log('cancelled')}</action></nop>
  ${okToCancel()}
${refuse('487 Request Terminated')}

  <label id="bye"/>
  <nop><action>${log('heard-bye')}</action></nop>
  ${ok()}
  <nop next="end"/>

  <label id="end"/>
  <timewait milliseconds="1000"/>
</scenario>
`
}

const TAG = '[pid]SIPpTag[call_number]'

function log(word: LogWord, more = ''): string {
  return `<log message="[timestamp] [call_number] ${word} ${more}"/>`
}

function jump(label: string): string {
  return `  <nop next="${label}"/>\n`
}

/** Headers of what replies to the INVITE, whichever message came last: a CANCEL may have come just now. */
const toInvite = `Via:[$via]
From:[$from]
To:[$to];tag=${TAG}
Call-ID: [call_id]
CSeq:[$cseq]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>`

function reply(status: string, options = ''): string {
  return `<send${options}><![CDATA[
SIP/2.0 ${status}
${toInvite}
Content-Length: 0

]]></send>`
}

/** Replies OK to the message that came last, which is no INVITE; the To of a BYE has its tag. */
function ok(to = '[last_To:]', options = ''): string {
  return `<send${options}><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
${to}
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>`
}

const okToCancel = (options = '') => ok(`[last_To:];tag=${TAG}`, options)

const ringing = `  ${reply('180 Ringing')}\n`

function ring(ms: number, then: string): string {
  return `${ringing}  <recv request="CANCEL" timeout="${ms}" ontimeout="${then}" next="cancelled"/>\n`
}

function refuse(status: string): string {
  return `  ${reply(status, ' retrans="500" next="refused"')}\n`
}

function answer(n: number, { capture, hangsUpAfterMs }: { capture: string; hangsUpAfterMs: number }): string {
  return `  <label id="answers${n}"/>
  <send retrans="500"><![CDATA[
SIP/2.0 200 OK
${toInvite}
Content-Type: application/sdp
Content-Length: [len]

v=0
o=phone 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [auto_media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv

]]></send>
  <label id="acknowledged${n}"/>
  <!-- Both hurry: the CANCEL crossed the answer. -->
  <recv request="CANCEL" optional="true" timeout="${ACK_WITHIN_MS}" ontimeout="end" next="late${n}"/>
  <recv request="ACK"><action>${log('answered')}</action></recv>
  <nop><action><exec play_pcap_audio="${capture}"/></action></nop>
  <recv request="BYE" timeout="${Math.min(hangsUpAfterMs, PATIENCE_MS * 10)}" ontimeout="hangs-up${n}" next="bye"/>
  <label id="late${n}"/>
  ${okToCancel(` next="acknowledged${n}"`)}
  <label id="hangs-up${n}"/>
  <nop><action>${log('said-bye')}</action></nop>
  <send retrans="500"><![CDATA[
BYE [$contact] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$to];tag=${TAG}
To:[$from]
Call-ID: [call_id]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <label id="goodbye${n}"/>
  <!-- An Asterisk that was killed answers nothing, or, when it is there again, knows nothing: 481. -->
  <recv request="BYE" optional="true" timeout="3000" ontimeout="end" next="both${n}"/>
  <recv response="481" optional="true" next="end"/>
  <recv response="200" next="end"/>
  <label id="both${n}"/>
  ${ok(undefined, ` next="goodbye${n}"`)}
`
}
