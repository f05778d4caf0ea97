import model from 'wink-eng-lite-web-model'
import winkNLP, { type WinkMethods } from 'wink-nlp'

/** English sentences and parts of speech. Loading takes about a quarter of a second, so do it in a thread. */
export function loadTagger(): WinkMethods {
  return winkNLP(model, ['sbd', 'pos'])
}
