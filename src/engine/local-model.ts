/** A model that runs in this thread. */

import type { LoadOptions } from "./load-options";
import type { ModelFiles } from "../loading/sources/files";
import type { Source } from "../loading/sources/source";
import type { ModelCalls, ModelFacts, RunningModel } from "./running-model";
import { LocalSeq2Seq } from "./seq2seq";
import { transcribing } from "./parts";
import type { LocalTranscriber, TranscriberModel } from "./transcriber";
import type { LocalTranslator, TranslatorSetup } from "./translator";

export async function loadLocal(source: Source | ModelFiles, options: LoadOptions): Promise<RunningModel> {
  const model = await LocalSeq2Seq.load(source, options);
  return {
    facts: factsOf(model),
    calls: callsOf(model),
    state: () => ({ device: model.device, adapter: model.adapter, kernels: model.kernels, memory: model.memory() }),
    dispose: () => model.dispose(),
  };
}

function factsOf({ config, tokenizer, tokenizerProblem }: LocalSeq2Seq): ModelFacts {
  const { languages, languagePairs, speech } = tokenizer ?? {};
  const facts = { languages, languagePairs, ...(speech && { speech: true as const }) };
  return { config, tokenizer: tokenizer && facts, tokenizerProblem };
}

function callsOf(model: LocalSeq2Seq): ModelCalls {
  // Whoever has no tokenizer does not call it.
  const tokenizer = model.tokenizer!;
  const translators = new Map<string, LocalTranslator>();
  const translator = (setup: TranslatorSetup): LocalTranslator => {
    const key = JSON.stringify(setup);
    const made = translators.get(key) ?? model.translator(setup);
    translators.set(key, made);
    return made;
  };
  const { config, tokenizerProblem, warn } = model;
  const speechModel: TranscriberModel = {
    ...{ config, tokenizer: model.tokenizer, tokenizerProblem, warn },
    generate: (call) => model.generate(call),
    detectLanguage: (input) => model.detectLanguage(input),
  };
  let speaking: Promise<LocalTranscriber> | undefined;
  const transcriber = (): Promise<LocalTranscriber> => {
    const made = (speaking ??= transcribing().then(({ createTranscriber }) => createTranscriber(speechModel)));
    // A part that could not be loaded is asked for again.
    made.catch(() => (speaking = undefined));
    return made;
  };
  return {
    generate: (...given) => model.generate(...given),
    stream: (...given) => model.stream(...given),
    generateText: (...given) => model.generateText(...given),
    streamText: (...given) => model.streamText(...given),
    forward: (...given) => model.forward(...given),
    detectLanguage: (...given) => model.detectLanguage(...given),
    profile: (...given) => model.profile(...given),

    encode: (...given) => tokenizer.encode(...given),
    decode: (...given) => tokenizer.decode(...given),
    token: (id) => tokenizer.token(id),
    forcedBosTokenId: (targetLanguage) => tokenizer.forcedBosTokenId?.(targetLanguage),
    offsets: (ids) => tokenizer.speech!.offsets(ids),
    promptIds: (text) => tokenizer.speech!.promptIds(text),
    decoderPromptIds: (options) => tokenizer.speech!.decoderPromptIds(options),

    // These are async so that they reject where what they call throws.
    setUp: async (setup) => translator(setup).warnings,
    translate: async (setup, ...given) => translator(setup).translate(...given),
    translateStreaming: (setup, ...given) => translator(setup).translateStreaming(...given),
    align: async (setup, ...given) => translator(setup).align(...given),
    measureInputUsage: async (setup, text) => translator(setup).measureInputUsage(text),

    setUpSpeech: async (options) => (await transcriber()).check(options),
    transcribe: async (...given) => (await transcriber()).transcribe(...given),
    async *transcribeStreaming(...given) {
      yield* (await transcriber()).transcribeStreaming(...given);
    },
    detectSpokenLanguage: async (sound) => (await transcriber()).detectLanguage(sound),
    extractFeatures: async (sound) => (await transcriber()).extract(sound),
  };
}
