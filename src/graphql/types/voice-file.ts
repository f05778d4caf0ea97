import { listVoices, type Voice, type VoiceFileForm } from '../../domains/voice-files/index.ts'
import { builder } from '../builder.ts'
import { connectionTypes, type Order, rootConnection } from '../connection.ts'
import { idOrNull } from '../global-id.ts'

const VoiceFileKindEnum = builder.enumType('VoiceFileKind', {
  description: 'Where the sound of a voice file comes from.',
  values: {
    UPLOAD: { value: 'upload', description: 'Somebody sent it (`POST /voice-files`).' },
    SPEECH: { value: 'speech', description: 'A voice of this server says its text.' },
  } as const,
})

const VoiceFileStatusEnum = builder.enumType('VoiceFileStatus', {
  description: 'How far a voice file has come. From `PENDING` it goes to one of the others, and stays there.',
  values: {
    PENDING: { value: 'pending', description: 'It waits to be synthesised and converted.' },
    READY: { value: 'ready', description: 'It can be played.' },
    FAILED: { value: 'failed', description: 'It cannot be made; `failureReason` says why.' },
  } as const,
})

const VoiceFileFailureEnum = builder.enumType('VoiceFileFailureReason', {
  description: 'Why a voice file has failed; `failureMessage` says more.',
  values: {
    EMPTY: { value: 'empty', description: 'There is no sound in it; silence would be sound.' },
    NOT_AUDIO: { value: 'not_audio', description: 'It is of no kind of audio that is known.' },
    UNSUPPORTED_CODEC: {
      value: 'unsupported_codec',
      description: 'It is audio that this server cannot decode; AAC, Vorbis and FLAC need ffmpeg beside it.',
    },
    TRUNCATED: { value: 'truncated', description: 'A part of it is missing.' },
    HOSTILE: { value: 'hostile', description: 'What its headers say cannot be true.' },
    TOO_LARGE: { value: 'too_large', description: 'It has more bytes than this server converts.' },
    TOO_LONG: { value: 'too_long', description: 'It plays longer than `AUDIO_MAX_MINUTES`.' },
    SPEECH_FAILED: { value: 'speech_failed', description: 'The voice did not say its text, after several tries.' },
    FAILED: { value: 'failed', description: 'It should have worked and did not, after several tries.' },
  } as const,
})

const VoiceGenderEnum = builder.enumType('VoiceGender', {
  description: 'How a voice sounds.',
  values: {
    FEMALE: { value: 'female', description: "A woman's voice." },
    MALE: { value: 'male', description: "A man's voice." },
  } as const,
})

const VoiceType = builder.objectRef<Voice>('Voice').implement({
  description: 'A voice that says texts. The first of each language is its default.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'What `createSpeech` calls it: `en`, `fi-female`.' }),
    language: t.exposeString('language', { description: 'ISO 639-1 code of what it speaks: `en` or `fi`.' }),
    gender: t.field({ type: VoiceGenderEnum, description: 'How it sounds.', resolve: (voice) => voice.gender }),
    description: t.exposeString('description', { description: 'The same for people, in English.' }),
  }),
})

const ALL: Order = { name: 'voiceFiles', column: 'createdAt', direction: 'desc', type: 'instant' }

export const VoiceFile = builder.prismaNode('VoiceFile', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'voiceFiles:read' },
  description: 'Audio to play to people: uploaded by `POST /voice-files`, or spoken by `createSpeech`.',
  fields: (t) => {
    /** An address once there is something to play. */
    const url = (form: VoiceFileForm, description: string) =>
      t.field({
        type: 'URL',
        nullable: true,
        description: `${description} For an hour, without a credential, and with byte ranges; ask again for another. Null unless \`READY\`.`,
        select: { id: true, workspaceId: true, status: true },
        resolve: ({ id, workspaceId, status }, _args, context) =>
          status === 'ready' ? context.voiceFileUrl(workspaceId, id, form) : null,
      })
    return {
      uuid: t.expose('id', { type: 'UUID', description: 'Its id in what `POST /voice-files` answers and in events.' }),
      legacyId: t.exposeInt('legacyId', { description: 'Its number in the workspace, for clients of Multisender.' }),
      name: t.exposeString('name', { description: 'Its name, for people.' }),
      description: t.exposeString('description', { nullable: true, description: 'What it is for; null: not said.' }),
      kind: t.field({
        type: VoiceFileKindEnum,
        description: 'Where its sound comes from.',
        select: { kind: true },
        resolve: (file) => file.kind,
      }),
      text: t.exposeString('text', { nullable: true, description: 'What is said; null for an upload.' }),
      voiceCode: t.exposeString('voice', {
        nullable: true,
        description: '`code` of the voice that says it; null for an upload.',
      }),
      fileName: t.exposeString('fileName', {
        nullable: true,
        description: 'What its sender called it; null for speech, and when it came without a name.',
      }),
      status: t.field({
        type: VoiceFileStatusEnum,
        description: 'How far it has come.',
        select: { status: true },
        resolve: (file) => file.status,
      }),
      failureReason: t.field({
        type: VoiceFileFailureEnum,
        nullable: true,
        description: 'Why it has failed; null: it has not.',
        select: { failure: true },
        resolve: (file) => file.failure,
      }),
      failureMessage: t.exposeString('failureMessage', {
        nullable: true,
        description: 'Why it has failed, in words; null: it has not.',
      }),
      durationSeconds: t.exposeFloat('durationSeconds', {
        nullable: true,
        description: 'How long it plays, in seconds, counted from the decoded samples. Null unless `READY`.',
      }),
      mediaType: t.exposeString('mediaType', {
        nullable: true,
        description: 'What the original is, by its content: `audio/wav`. Null unless `READY`.',
      }),
      size: t.exposeInt('size', {
        nullable: true,
        description: 'Bytes of the original; null for speech that is not ready.',
      }),
      mp3Size: t.exposeInt('mp3Size', { nullable: true, description: 'Bytes of the MP3. Null unless `READY`.' }),
      wavSize: t.exposeInt('wavSize', { nullable: true, description: 'Bytes of the WAV. Null unless `READY`.' }),
      sha256: t.exposeString('sha256', {
        nullable: true,
        description: 'SHA-256 of the original, hexadecimal; null for speech that is not ready.',
      }),
      mp3Url: url('mp3', 'An MP3 for browsers, mono, 48 kbit/s.'),
      wavUrl: url('wav', 'A WAV for telephones, mono, 16 bits at 8 kHz.'),
      originalUrl: url('original', 'What was uploaded, or came from the voice.'),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
      updatedAt: t.expose('updatedAt', {
        type: 'DateTime',
        description: 'When its name, its description or its status last changed.',
      }),
    }
  },
})

const PAGE = connectionTypes(VoiceFile, 'VoiceFile', 'voice files')

builder.queryFields((t) => ({
  voices: t.field({
    type: [VoiceType],
    description:
      'The voices that `createSpeech` takes, at most 6; none when this server cannot speak. Needs `voiceFiles:read`.',
    resolve: (_root, _args, { voiceFiles, viewer }) => [...listVoices(voiceFiles, viewer)],
  }),
  voiceFile: t.prismaField({
    type: 'VoiceFile',
    nullable: true,
    description: 'One voice file; null when your workspace has none with this id. Needs `voiceFiles:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the voice file.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('VoiceFile', id)
      return uuid === null
        ? null
        : context.reader.voiceFile.findFirst({ ...query, where: { id: uuid, deletedAt: null } })
    },
  }),
  voiceFiles: t.connection(
    {
      type: VoiceFile,
      description: 'The voice files of the workspace, newest first. Needs `voiceFiles:read`.',
      args: { status: t.arg({ type: VoiceFileStatusEnum, description: 'Only those in this status.' }) },
      resolve: (_root, args, context, info) => {
        const where = { deletedAt: null, ...(args.status ? { status: args.status } : {}) }
        return rootConnection(context.reader.voiceFile, 'VoiceFile', args, ALL, where, context, info)
      },
    },
    ...PAGE,
  ),
}))
