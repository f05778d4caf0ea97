import { createSpeech, deleteVoiceFile, updateVoiceFile } from '../../domains/voice-files/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { encodeGlobalId, idOf } from '../global-id.ts'
import { COMMON_ERRORS, ERRORS, given, IDEMPOTENCY_KEY, movePaths } from './mutation-kit.ts'

const { NotFoundError, ConflictError, UnavailableError } = ERRORS

const CreateSpeechInput = builder.inputType('CreateSpeechInput', {
  description: 'What to say.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Its name, 1 to 200 characters.' }),
    description: t.string({ description: 'What it is for, up to 2,000 characters.' }),
    text: t.string({
      required: true,
      description: 'What is said, as plain text: up to 80 words between spaces, with a letter or a digit among them.',
    }),
    voiceCode: t.string({ required: true, description: '`code` of one of `voices`.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})
const UpdateVoiceFileInput = builder.inputType('UpdateVoiceFileInput', {
  description: 'What to change of a voice file; absent keys stay as they are, and what is heard always does.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the voice file.' }),
    name: t.string({ description: 'Its name, 1 to 200 characters.' }),
    description: t.string({ description: 'What it is for, up to 2,000 characters; null: none.' }),
  }),
})
const DeleteVoiceFileInput = builder.inputType('DeleteVoiceFileInput', {
  description: 'Which voice file to delete.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the voice file.' }) }),
})

const payload = (name: string, description: string) =>
  builder.objectRef<{ id: string }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      voiceFile: t.prismaField({
        type: 'VoiceFile',
        description: 'The voice file as it is now.',
        resolve: (query, { id }, _args, context) =>
          context.reader.voiceFile.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  })
const CreateSpeechPayload = payload('CreateSpeechPayload', 'The voice file was made; its sound follows.')
const UpdateVoiceFilePayload = payload('UpdateVoiceFilePayload', 'The voice file was changed.')
const DeleteVoiceFilePayload = builder.objectRef<{ id: string }>('DeleteVoiceFilePayload').implement({
  description: 'The voice file is gone.',
  extensions: { payload: true },
  fields: (t) => ({
    deletedVoiceFileId: t.id({
      description: 'Global id of the voice file.',
      resolve: ({ id }) => encodeGlobalId('VoiceFile', id),
    }),
  }),
})

builder.mutationFields((t) => ({
  createSpeech: t.field({
    type: CreateSpeechPayload,
    description:
      'Makes a voice file of what a voice says. It is `PENDING` at first; the events `VOICE_FILE_READY` and `VOICE_FILE_FAILED` tell what becomes of it. Needs `voiceFiles:write`.',
    errors: { types: [...COMMON_ERRORS, ConflictError, UnavailableError] },
    args: { input: t.arg({ type: CreateSpeechInput, required: true, description: 'The text and its voice.' }) },
    resolve: (_root, { input: { voiceCode: voice, ...input } }, { voiceFiles, viewer }) =>
      asData(() =>
        movePaths([['voice'], ['voiceCode']], () => createSpeech(voiceFiles, viewer, { ...given(input), voice })),
      ),
  }),
  updateVoiceFile: t.field({
    type: UpdateVoiceFilePayload,
    description: 'Changes the name or description of a voice file. Needs `voiceFiles:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: UpdateVoiceFileInput, required: true, description: 'The changes.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const { id: globalId, name, description } = args.input
        const id = idOf('VoiceFile', globalId, ['id'])
        await updateVoiceFile(world, viewer, id, {
          ...(name == null ? {} : { name }),
          ...(description === undefined ? {} : { description }),
        })
        return { id }
      }),
  }),
  deleteVoiceFile: t.field({
    type: DeleteVoiceFilePayload,
    description:
      'Deletes a voice file, whatever its status, unless a campaign that is not completed plays it; its addresses end at once. Needs `voiceFiles:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: DeleteVoiceFileInput, required: true, description: 'The voice file.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('VoiceFile', args.input.id, ['id'])
        await deleteVoiceFile(world, viewer, id)
        return { id }
      }),
  }),
}))
