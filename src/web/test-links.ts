import type { QuestionInput } from '../domains/links/index.ts'

/** One question of each of the eleven types, and one that depends on an answer. */
export const ALL_TYPES: QuestionInput[] = [
  { prompt: 'Tell us about your visit', type: 'voice', fieldKey: 'visit', fallbackToText: false },
  {
    prompt: 'Describe any issues',
    type: 'voice_text_fallback',
    fieldKey: 'issues',
    configuration: { max_characters: 500 },
  },
  { prompt: 'Anything else?', type: 'text', fieldKey: 'else' },
  {
    prompt: 'How did you hear about us?',
    type: 'multiple_choice',
    fieldKey: 'source',
    configuration: { options: ['Google', 'Friend', 'Social media', 'Other'], allow_multiple: true },
  },
  {
    prompt: 'How many people came?',
    type: 'number',
    fieldKey: 'people',
    configuration: { min: 1, max: 10, step: 1 },
    required: true,
  },
  {
    prompt: 'Rate your experience',
    type: 'rating',
    fieldKey: 'rating',
    configuration: { scale_type: 'stars', max_value: 5 },
  },
  {
    prompt: 'Which design do you prefer?',
    type: 'image_choice',
    fieldKey: 'design',
    configuration: {
      cards: [
        { id: 'blue', label: 'Modern blue', media_url: 'https://example.com/blue.jpg', media_type: 'image' },
        { id: 'red', label: 'Classic red', media_url: 'https://example.com/red.mp4', media_type: 'video' },
      ],
    },
  },
  { prompt: 'Your e-mail address', type: 'email', fieldKey: 'email', required: true },
  { prompt: 'When did you come?', type: 'date', fieldKey: 'date' },
  { prompt: 'Would you come again?', type: 'yes_no', fieldKey: 'again', required: true },
  {
    prompt: 'Send us a picture or a document',
    type: 'file_upload',
    fieldKey: 'file',
    configuration: { allowed_types: ['pdf', 'png'], max_size_mb: 1 },
  },
  {
    prompt: 'Why not?',
    type: 'text',
    fieldKey: 'why_not',
    required: true,
    condition: { field: 'again', operator: 'equals', value: false },
  },
]
