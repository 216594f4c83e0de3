/** Where the weights of the voice detector are. The files of the package have them beside the modules. */

export const vadAddress = (): string => new URL("../../assets/silero-vad/silero-vad.safetensors", import.meta.url).href;
