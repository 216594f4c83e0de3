/** A translator for a component: loaded when it is mounted, freed when it goes. */

import { Translator } from "attendant";
import { useEffect, useState } from "react";

export interface TranslatorState {
  /** Absent while the model loads, and after an error. */
  translator?: Translator;
  /** Of loading, from 0 to 1. */
  progress: number;
  error?: Error;
}

/** @param model address of the model's folder: a string, so that a render makes no new one */
export function useTranslator(model: string, sourceLanguage: string, targetLanguage: string): TranslatorState {
  const [state, setState] = useState<TranslatorState>({ progress: 0 });
  useEffect(() => {
    // StrictMode mounts, unmounts and mounts again: the first load is stopped, and nothing of it is shown.
    const controller = new AbortController();
    const { signal } = controller;
    let translator: Translator | undefined;
    const show = (next: TranslatorState): void => {
      if (!signal.aborted) setState(next);
    };
    const load = async (): Promise<void> => {
      try {
        translator = await Translator.create({
          model,
          sourceLanguage,
          targetLanguage,
          signal,
          monitor: (target) =>
            target.addEventListener("downloadprogress", (event) => show({ progress: (event as ProgressEvent).loaded })),
        });
        if (signal.aborted) translator.destroy();
        else setState({ translator, progress: 1 });
      } catch (error) {
        show({ progress: 0, error: error as Error });
      }
    };
    show({ progress: 0 });
    void load();
    return () => {
      controller.abort();
      translator?.destroy();
    };
  }, [model, sourceLanguage, targetLanguage]);
  return state;
}
