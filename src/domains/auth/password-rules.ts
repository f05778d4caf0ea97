import { z } from 'zod'
import { type Issue, ValidationError } from '../../platform/errors.ts'

const MIN_CHARACTERS = 8
const MAX_CHARACTERS = 200

/** What lists of leaked passwords begin with, as far as it is long enough to be taken at all; in lower case. */
const COMMON = new Set(
  `12345678 123456789 1234567890 12345678910 0123456789 987654321 9876543210 87654321 11223344 1122334455 12341234
   123123123 123321123 147258369 159753456 741852963 789456123 10203040 12344321 asdfghjk asdfghjkl asdfasdf asdf1234
   1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc zaq12wsx zaq1zaq1 q1w2e3r4 q1w2e3r4t5 qwertyui qwertyuiop qwerty123
   qwerty12 qwerty1234 qwer1234 qazwsxedc abcd1234 abc12345 abcdefgh abcdefghi a1b2c3d4 aa123456 aa12345678 password
   password1 password12 password123 password1234 password! p@ssword p@ssw0rd passw0rd pass1234 passport iloveyou
   iloveyou1 iloveyou2 sunshine princess football football1 baseball basketball superman spiderman starwars
   pokemon1 charlie1 michael1 jennifer computer internet whatever trustno1 letmein1 welcome1 welcome123 changeme
   changeme1 admin123 admin1234 administrator root1234 test1234 testtest secret123 master123 dragon123 monkey123
   corvette mercedes liverpool chelsea1 arsenal1 blink182 metallica fuckyou1 salasana salasana1 salasana123 perkele1
   hello123 samsung1 google123 linkedin facebook summer2024 summer2025 summer2026 winter2024 winter2025 winter2026`
    .split(/\s+/)
    .filter((word) => word !== ''),
)

/**
 * A password as it is hashed: the same however a keyboard composes its letters (NFKC), 8 to 200 characters, and not one
 * of those that are tried first. No message repeats it.
 */
export const password = z
  .string()
  .refine((value) => value.isWellFormed(), {
    params: { rule: 'unstorable_character' },
    message: 'must not contain broken surrogate pairs',
  })
  .transform(normalPassword)
  .superRefine((value, context) => {
    const refuse = (rule: string, message: string) => context.addIssue({ code: 'custom', params: { rule }, message })
    const { length } = [...value]
    if (length < MIN_CHARACTERS) refuse('too_short', `must have at least ${MIN_CHARACTERS} characters`)
    else if (length > MAX_CHARACTERS) refuse('too_long', `must have at most ${MAX_CHARACTERS} characters`)
    else if (COMMON.has(value.toLowerCase()) || new Set(value).size < 3)
      refuse('too_common', 'must not be among the passwords that are guessed first')
  })

/** The form in which passwords are compared. */
export function normalPassword(given: string): string {
  return given.normalize('NFKC')
}

/** Throws VALIDATION_FAILED (`too_common`) when a password is what everybody knows of the user. */
export function refuseOwnName(
  secret: string,
  names: readonly (string | null | undefined)[],
  path: Issue['path'] = ['password'],
): void {
  const known = names.flatMap((name) => (name ? [name.toLowerCase(), name.toLowerCase().split('@')[0]!] : []))
  if (!known.includes(secret.toLowerCase())) return
  throw new ValidationError([{ path, rule: 'too_common', message: 'must not be the e-mail address or the user name' }])
}
