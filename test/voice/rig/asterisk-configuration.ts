import type { AsteriskPackage } from './asterisk-package.ts'

export interface AsteriskPlaces {
  asterisk: AsteriskPackage
  /** Everything that Asterisk writes is below. */
  folder: string
  sipPort: number
  ariPort: number
  /** The SIP port of the phones. */
  phonesPort: number
  celFile: string
  cdrFile: string
}

export const ARI_USER = 'saygraph'
export const ARI_PASSWORD = 'only-for-tests'
/** The PJSIP endpoint that all phones are behind. */
export const PHONES = 'phones'

/** Asterisk's configuration files by name; each is one template. `rtp.conf` is another one at every start. */
export function asteriskConfiguration(places: AsteriskPlaces): Record<string, string> {
  return {
    'asterisk.conf': directories(places),
    'modules.conf': MODULES,
    'logger.conf': LOGGER,
    'http.conf': http(places),
    'ari.conf': ARI,
    'pjsip.conf': pjsip(places),
    'cel.conf': CEL,
    'cel_custom.conf': celCustom(places),
    'cdr.conf': CDR,
    'cdr_custom.conf': cdrCustom(places),
    'extensions.conf': '[general]\n',
    // Without these files Asterisk complains, or declines to load what belongs to them.
    'acl.conf': '',
    'ccss.conf': '[general]\n',
    'features.conf': '[general]\n',
    'indications.conf': INDICATIONS,
    'manager.conf': '[general]\nenabled = no\n',
    'pjproject.conf': '',
    'res_http_media_cache.conf': '[general]\n',
    'stasis.conf': '[taskpool]\n',
    'udptl.conf': '[general]\n',
    'websocket_client.conf': '',
  }
}

/**
 * A prompt's URL must not be shorter than the path at which Asterisk caches it, or it is fetched and then "does not exist
 * in any format" (asterisk/asterisk#444): the cache here has a path as short as the usual /var/cache/asterisk.
 */
function directories({ asterisk, folder }: AsteriskPlaces): string {
  return `[directories]
astetcdir => ${folder}/etc
astmoddir => ${asterisk.modules}
astvarlibdir => ${folder}/lib
astdbdir => ${folder}/lib
astkeydir => ${folder}/lib
astdatadir => ${folder}/data
astagidir => ${folder}/lib
astspooldir => ${folder}/spool
astcachedir => ${folder}/c
astrundir => ${folder}
astlogdir => ${folder}/log

[options]
nocolor = yes
; There is one, and its default would be looked for in /var.
live_dangerously = no
`
}

/** What a telephony adapter needs, and nothing else. */
const MODULES = `[modules]
autoload = no

; SIP
load = res_pjproject.so
load = res_sorcery_astdb.so
load = res_sorcery_config.so
load = res_sorcery_memory.so
load = res_timing_timerfd.so
load = res_rtp_asterisk.so
load = res_pjsip.so
; chan_pjsip does not load without it.
load = res_pjsip_pubsub.so
load = res_pjsip_session.so
load = res_pjsip_sdp_rtp.so
load = res_pjsip_caller_id.so
load = res_pjsip_rfc3326.so
load = res_pjsip_nat.so
load = res_pjsip_endpoint_identifier_ip.so
load = res_pjsip_outbound_authenticator_digest.so
load = chan_pjsip.so

; Sound
load = codec_ulaw.so
load = codec_alaw.so
load = codec_gsm.so
load = codec_resample.so
load = format_pcm.so
load = format_wav.so
load = format_sln.so
load = format_gsm.so

; ARI
load = res_http_websocket.so
; res_ari does not load without it.
load = res_websocket_client.so
load = res_stasis.so
load = res_stasis_answer.so
load = res_stasis_playback.so
load = res_stasis_recording.so
load = res_stasis_snoop.so
load = res_stasis_device_state.so
load = res_ari.so
load = res_ari_model.so
load = res_ari_applications.so
load = res_ari_asterisk.so
load = res_ari_bridges.so
load = res_ari_channels.so
load = res_ari_events.so
load = res_ari_playbacks.so
load = res_ari_recordings.so
load = res_ari_sounds.so
load = app_stasis.so
; A call leaves the bridge in which it was dialled by way of a holding one, and ends by TIMEOUT(absolute).
load = bridge_holding.so
load = func_timeout.so

; Prompts by HTTP
load = res_curl.so
load = func_curl.so
load = res_http_media_cache.so

; Call records; res_cdrel_custom writes for both since 22.8. A new call's variables may be CHANNEL(userfield) and
; CDR(userfield): the events after CHAN_START have them. No record has the dialled number or the SIP code.
load = func_callerid.so
load = func_cdr.so
load = func_channel.so
load = func_strings.so
load = res_cdrel_custom.so
load = cel_custom.so
load = cdr_custom.so

load = pbx_config.so
`

const LOGGER = `[general]
dateformat = %F %T.%3q

[logfiles]
messages.log => notice,warning,error,verbose
console => notice,warning,error
`

const INDICATIONS = `[general]
country = us

[us]
description = United States
ringcadence = 2000,4000
dial = 350+440
busy = 480+620/500,0/500
ring = 440+480/2000,0/4000
congestion = 480+620/250,0/250
`

function http({ ariPort }: AsteriskPlaces): string {
  return `[general]
enabled = yes
bindaddr = 127.0.0.1
bindport = ${ariPort}
sessionlimit = 500
`
}

const ARI = `[general]
enabled = yes
pretty = no

[${ARI_USER}]
type = user
read_only = no
password_format = plain
password = ${ARI_PASSWORD}
`

function pjsip({ sipPort, phonesPort }: AsteriskPlaces): string {
  return `[global]
type = global
user_agent = saygraph-rig
keep_alive_interval = 0

[transport-udp]
type = transport
protocol = udp
bind = 127.0.0.1:${sipPort}

[${PHONES}]
type = endpoint
transport = transport-udp
context = default
aors = ${PHONES}
disallow = all
allow = ulaw
dtmf_mode = rfc4733
direct_media = no
media_address = 127.0.0.1
bind_rtp_to_media_address = yes
rtp_symmetric = no
force_rport = no
timers = no

[${PHONES}]
type = aor
contact = sip:127.0.0.1:${phonesPort}
`
}

/** Ports of RTP and RTCP. */
export function rtp(first: number, last: number): string {
  return `[general]
rtpstart = ${first}
rtpend = ${last}
; A phone's stream is taken from wherever it comes.
strictrtp = no
icesupport = no
`
}

/** Without a date format the time is seconds since 1970 with six digits behind the point. */
const CEL = `[general]
enable = yes
apps = stasis
events = CHAN_START,ANSWER,HANGUP,CHAN_END,APP_START,APP_END,USER_DEFINED
`

const quoted = (fields: readonly string[]) => fields.map((field) => `\${CSV_QUOTE(\${${field}})}`).join(',')

/** Every record is written and the file closed at once, so a killed Asterisk loses none that it had made. */
function celCustom({ celFile }: AsteriskPlaces): string {
  const fields = [
    ...['CHANNEL(uniqueid)', 'eventtype', 'eventtime', 'CHANNEL(channame)', 'CHANNEL(appname)', 'CHANNEL(appdata)'],
    ...['CHANNEL(userfield)', 'CHANNEL(accountcode)', 'userdeftype', 'eventextra'],
  ]
  return `[mappings]
${celFile} => ${quoted(fields)}
`
}

/** Calls that were not answered have no other side here, and would not be recorded. */
const CDR = `[general]
enable = yes
unanswered = yes
congestion = yes
batch = no
`

function cdrCustom({ cdrFile }: AsteriskPlaces): string {
  const fields = [
    ...['uniqueid', 'start,u', 'answer,u', 'end,u', 'disposition', 'channel', 'lastapp', 'lastdata', 'userfield'],
    ...['accountcode', 'dst', 'src', 'sequence'],
  ]
  return `[mappings]
${cdrFile} => ${quoted(fields.map((field) => `CDR(${field})`))}
`
}
