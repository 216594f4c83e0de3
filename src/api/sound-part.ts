/** What a page does with sound itself: opens it, plays no model. The entry of a part of the package. */

export { soundBlocks, soundData } from "../audio/input";
export { recognitionClass } from "../speech/recognition";
export { Transcription } from "../speech/transcription";
