/** What we use of eSpeak NG's Emscripten port, which has no types. It is optional, so import it dynamically. */
declare module '@echogarden/espeak-ng-emscripten' {
  interface Engine {
    /** In Hz. */
    get_samplerate(): number
    /** 0 when it was set; for an unknown voice 2, and the old one stays. An unknown variant (`en-us+zz`) gives 0. */
    set_voice(name: string): number
    /** Synchronous. Hands over pieces, the last one empty; a callback that returns true stops it. Text is SSML. */
    synthesize(text: string, onAudio: (samples: Int16Array | null) => boolean): void
  }

  export default function load(options: {
    print(text: string): void
    printErr(text: string): void
  }): Promise<{ eSpeakNGWorker: new () => Engine }>
}
