/** Streams the translation of what is typed; a new text ends the translation of the one before. */

import { useEffect, useState } from "react";
import { useTranslator } from "./useTranslator";

/** From public/models/en-fr/. */
const MODEL = new URL("./models/en-fr/", document.baseURI).href;

export function App() {
  const { translator, progress, error } = useTranslator(MODEL, "en", "fr");
  const [text, setText] = useState("Where is the station?");
  const [french, setFrench] = useState("");

  useEffect(() => {
    if (!translator) return;
    const controller = new AbortController();
    const { signal } = controller;
    const translate = async (): Promise<void> => {
      setFrench("");
      try {
        for await (const piece of translator.translateStreaming(text, { signal })) {
          if (!signal.aborted) setFrench((before) => before + piece);
        }
      } catch (reason) {
        if (!signal.aborted) setFrench(String(reason));
      }
    };
    void translate();
    return () => controller.abort();
  }, [translator, text]);

  if (error) return <p role="alert">{error.message}</p>;
  return (
    <>
      <input aria-label="English" value={text} onChange={(event) => setText(event.target.value)} />
      {translator ? <output lang="fr">{french}</output> : <progress value={progress} />}
    </>
  );
}
