import { z } from 'zod'
import {
  createSpeech,
  deleteVoiceFile,
  getVoiceFile,
  type IncomingVoiceFile,
  listVoiceFiles,
  listVoices,
  updateVoiceFile,
  uploadVoiceFiles,
  type VoiceFileForm,
  type VoiceFileView,
} from '../../domains/voice-files/index.ts'
import { type AnyOperation, operation } from '../legacy/index.ts'
import { bodyAnswers, created, deleted } from './common-answers.ts'
import { writeDateTime } from './date-times.ts'
import type { MultisenderDeps } from './deps.ts'
import { PENDING_SPEECH, SPEECH_INPUT, UPLOADED_FILE, VOICE, VOICE_FILE } from './examples.ts'
import { objectField, requiredText } from './fields.ts'
import { idParam, readId, writeId } from './ids.ts'
import { location } from './location.ts'
import { dateTime, failure, id, optionalText } from './schemas.ts'
import { parseUpload } from './upload-body.ts'

/** Voices come with the server and never change, and the documentation gives each two moments: these. */
const VOICES_SINCE = '2017-01-01 00:00:00'

const naming = { voiceFileId: id, name: z.string(), description: optionalText }
const addresses = {
  url: z
    .string()
    .meta({ format: 'uri', description: 'The original file. Answers once the file is `ready`, without an end.' }),
  mp3Url: optionalText.meta({ description: 'Null until `ready`.' }),
  wavUrl: optionalText.meta({ description: 'Null until `ready`.' }),
}
const duration = z.int().meta({ description: 'Seconds; 0 until `ready`.' })
const status = z.enum(['pending', 'ready', 'failed']).meta({ description: 'Only `ready` files can be used.' })
const moments = { updatedAt: dateTime, createdAt: dateTime }

const voiceFile = z
  .object({
    ...naming,
    ...addresses,
    duration,
    status,
    text: optionalText.meta({ description: 'What is said; null for an upload.' }),
    voiceCode: optionalText.meta({ description: 'The voice that says it; null for an upload.' }),
    ...moments,
  })
  .meta({ id: 'VoiceFile' })

const uploadedFiles = z
  .object({
    files: z.array(
      z.object({
        ...naming,
        duration,
        fileName: optionalText,
        ...addresses,
        size: z.string().meta({ description: 'Bytes.' }),
        status,
        ...moments,
      }),
    ),
  })
  .meta({ id: 'UploadedVoiceFiles' })

const voice = z.object({ voiceCode: z.string(), description: z.string(), ...moments }).meta({ id: 'VoiceCode' })

const speechBody = objectField({
  name: requiredText(),
  text: requiredText().meta({ description: 'At most 80 words.' }),
  voiceCode: requiredText().meta({ description: 'Of the list of voice codes.' }),
}).meta({ id: 'TextToSpeechInput' })

const uploadBody = z
  .object({
    // `parseUpload` has made it.
    files: z
      .unknown()
      .meta({ type: 'array', items: { type: 'string', format: 'binary' }, description: 'Audio; 1 to 20 parts.' })
      .transform((files) => files as AsyncIterable<IncomingVoiceFile>),
  })
  .meta({ id: 'VoiceFileUpload' })

const namingBody = objectField({
  name: requiredText().optional().meta({ description: 'Name of the voice file.' }),
  description: requiredText().nullish().meta({ description: 'Description of the voice file.' }),
}).meta({ id: 'VoiceFileChanges' })

const voiceFileParam = idParam('voiceFileId', 'voice file')

export function voiceFileOperations({ world, voiceFiles, voiceFileUrl }: MultisenderDeps): AnyOperation[] {
  const addressesOf = (workspaceId: string, { id, status }: VoiceFileView) => {
    const ready = (form: VoiceFileForm) => (status === 'ready' ? voiceFileUrl(workspaceId, id, form) : null)
    return { url: voiceFileUrl(workspaceId, id, 'original'), mp3Url: ready('mp3'), wavUrl: ready('wav') }
  }
  const written = (workspaceId: string, view: VoiceFileView) => ({
    ...writeNaming(view),
    ...addressesOf(workspaceId, view),
    duration: writeDuration(view),
    status: view.status,
    text: view.text,
    voiceCode: view.voice,
    ...writeMoments(view),
  })
  const writtenUpload = (workspaceId: string, view: VoiceFileView) => ({
    ...writeNaming(view),
    duration: writeDuration(view),
    fileName: view.fileName,
    ...addressesOf(workspaceId, view),
    size: String(view.size ?? 0),
    status: view.status,
    ...writeMoments(view),
  })
  return [
    operation({
      id: 'listVoiceFiles',
      method: 'GET',
      path: '/v1/voice_files',
      tag: 'Voice files',
      summary: 'List all voice files',
      description: 'By ascending id.',
      scope: 'voiceFiles:read',
      answers: [{ status: 200, description: 'The voice files.', schema: z.array(voiceFile), example: [VOICE_FILE] }],
      async handle({ viewer }) {
        const views = await listVoiceFiles(world, viewer)
        return { status: 200, body: views.map((view) => written(viewer.workspaceId, view)) }
      },
    }),
    operation({
      id: 'getVoiceFile',
      method: 'GET',
      path: '/v1/voice_files/{voiceFileId}',
      tag: 'Voice files',
      summary: 'Get one voice file',
      scope: 'voiceFiles:read',
      params: voiceFileParam,
      answers: [{ status: 200, description: 'The voice file.', schema: voiceFile, example: VOICE_FILE }],
      async handle({ viewer, params }) {
        const view = await getVoiceFile(world, viewer, readId(params.voiceFileId!))
        return { status: 200, body: written(viewer.workspaceId, view) }
      },
    }),
    operation({
      id: 'listVoiceCodes',
      method: 'GET',
      path: '/v1/voice_files/text_to_speech/voice_codes',
      tag: 'Voice files',
      summary: 'List the voices',
      description: 'A voice code stands for the language and the gender of a voice.',
      scope: 'voiceFiles:read',
      answers: [{ status: 200, description: 'The voices.', schema: z.array(voice), example: [VOICE] }],
      async handle({ viewer }) {
        const voices = listVoices(voiceFiles, viewer).map(({ code, description }) => ({
          voiceCode: code,
          description,
          updatedAt: VOICES_SINCE,
          createdAt: VOICES_SINCE,
        }))
        return { status: 200, body: voices }
      },
    }),
    operation({
      id: 'createSpeech',
      method: 'POST',
      path: '/v1/voice_files/text_to_speech',
      tag: 'Voice files',
      summary: 'Create a voice file from text',
      description: 'It is `pending` until the voice has said it.',
      scope: 'voiceFiles:write',
      body: speechBody,
      example: SPEECH_INPUT,
      names: { voice: 'voiceCode' },
      answers: [
        created('The voice file.', voiceFile, PENDING_SPEECH),
        ...bodyAnswers({ text: ['text must have at most 80 words'] }),
        {
          status: 409,
          description: 'This server has no text to speech.',
          schema: failure,
          example: { status: 409, message: 'This server has no text to speech; upload a recording instead.' },
        },
      ],
      async handle({ viewer, body: { name, text, voiceCode }, request }) {
        const { id } = await createSpeech(voiceFiles, viewer, { name, text, voice: voiceCode })
        const view = await getVoiceFile(world, viewer, id)
        return {
          status: 201,
          body: written(viewer.workspaceId, view),
          headers: location(request, `/voice_files/${view.legacyId}`),
        }
      },
    }),
    operation({
      id: 'uploadVoiceFiles',
      method: 'POST',
      path: '/v1/voice_files',
      aliases: ['/v1/voice_files/upload'],
      tag: 'Voice files',
      summary: 'Upload voice files',
      description:
        'Parts named `files`, one for each file; all are taken or none. They are `pending` until they are converted. A token in the field `access_token` has to come before the files.',
      scope: 'voiceFiles:write',
      parsers: { 'multipart/form-data': parseUpload },
      body: uploadBody,
      answers: [
        created('The voice files; `Location` is that of the first.', uploadedFiles, { files: [UPLOADED_FILE] }),
        ...bodyAnswers({ 'files.0': ['The file is empty.'] }),
      ],
      async handle({ viewer, body: { files }, request }) {
        const made = await uploadVoiceFiles(voiceFiles, viewer, files)
        const views = await Promise.all(made.map(({ id }) => getVoiceFile(world, viewer, id)))
        return {
          status: 201,
          body: { files: views.map((view) => writtenUpload(viewer.workspaceId, view)) },
          headers: location(request, `/voice_files/${views[0]!.legacyId}`),
        }
      },
    }),
    operation({
      id: 'updateVoiceFile',
      method: 'PUT',
      path: '/v1/voice_files/{voiceFileId}',
      tag: 'Voice files',
      summary: 'Rename a voice file',
      description: 'What is not sent stays as it is.',
      scope: 'voiceFiles:write',
      params: voiceFileParam,
      body: namingBody,
      example: { name: VOICE_FILE.name, description: VOICE_FILE.description },
      answers: [
        { status: 200, description: 'The voice file.', schema: voiceFile, example: VOICE_FILE },
        ...bodyAnswers({ name: ['name must not be blank'] }),
      ],
      async locate({ viewer, params }) {
        await getVoiceFile(world, viewer, readId(params.voiceFileId!))
      },
      async handle({ viewer, params, body }) {
        const { id } = await getVoiceFile(world, viewer, readId(params.voiceFileId!))
        await updateVoiceFile(world, viewer, id, body)
        return { status: 200, body: written(viewer.workspaceId, await getVoiceFile(world, viewer, id)) }
      },
    }),
    operation({
      id: 'deleteVoiceFile',
      method: 'DELETE',
      path: '/v1/voice_files/{voiceFileId}',
      tag: 'Voice files',
      summary: 'Delete a voice file',
      scope: 'voiceFiles:write',
      params: voiceFileParam,
      answers: [deleted],
      async handle({ viewer, params }) {
        const { id } = await getVoiceFile(world, viewer, readId(params.voiceFileId!))
        await deleteVoiceFile(world, viewer, id)
        return { status: 204 }
      },
    }),
  ]
}

function writeNaming({ legacyId, name, description }: VoiceFileView) {
  return { voiceFileId: writeId(legacyId), name, description }
}

/** Whole seconds; what can be heard lasts one at least. */
function writeDuration({ durationSeconds }: VoiceFileView): number {
  return durationSeconds === null ? 0 : Math.max(1, Math.round(durationSeconds))
}

function writeMoments({ updatedAt, createdAt }: VoiceFileView) {
  return { updatedAt: writeDateTime(updatedAt), createdAt: writeDateTime(createdAt) }
}
