/** Which languages the two panes have: those of the model's files, or a choice where it knows several. */

import type { Seq2Seq } from "../../../src/index";
import { clear, h } from "../../ui/dom";
import type { Languages } from "./translation";

const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });

/** "fr" and "fra_Latn" are French. */
export function languageName(code: string): string {
  const tag = code.replace(/_[A-Z][a-z]{3}$/, "").replace("_", "-");
  try {
    return names.of(tag) ?? code;
  } catch {
    return code;
  }
}

/** One pane's name: a text, or a menu of languages. */
class Side {
  readonly element = h("span", {});
  private menu?: HTMLSelectElement;
  private code?: string;

  constructor(private readonly label: string) {}

  /** @returns the name of the pane */
  set(languages: readonly string[] | undefined, code: string | undefined, otherwise: string): string {
    this.code = code;
    this.menu = undefined;
    clear(this.element);
    if (languages && languages.length > 1) {
      const named = languages.map((code) => [code, languageName(code)] as const);
      named.sort(([, a], [, b]) => a.localeCompare(b));
      this.menu = h("select", { "aria-label": this.label });
      this.menu.append(...named.map(([value, text]) => h("option", { value, selected: value === code }, text)));
      this.element.append(this.menu);
      return this.label;
    }
    const name = code ? languageName(code) : otherwise;
    this.element.append(name);
    return name;
  }

  get language(): string | undefined {
    return this.menu?.value ?? this.code;
  }
}

export class LanguagePanes {
  readonly source = new Side("Language of the text");
  readonly target = new Side("Language of the result");

  /** @returns the names of the panes */
  update(model: Seq2Seq | undefined): { source: string; target: string } {
    const { languages, languagePairs } = model?.tokenizer ?? {};
    const pair = languagePairs?.[0];
    return {
      source: this.source.set(languages, pair?.source ?? languages?.[0], "Text"),
      target: this.target.set(languages, pair?.target ?? languages?.[1], "Result"),
    };
  }

  read(): Languages {
    const { language: sourceLanguage } = this.source;
    const { language: targetLanguage } = this.target;
    return { sourceLanguage, targetLanguage };
  }
}
