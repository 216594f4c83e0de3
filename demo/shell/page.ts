/** What a view gets of the page around it, and what it gives. */

import type { Seq2Seq, Support } from "../../src/index";
import type { ModelHost } from "./host";

export interface Page {
  host: ModelHost;
  /** What this browser has, asked once. */
  support: Promise<Support>;
  /** What was translated last, for Look inside. */
  sentence: {
    text: string;
    model?: Seq2Seq;
    languages?: { sourceLanguage?: string; targetLanguage?: string };
    /** Start token first. */
    sequence?: readonly number[];
  };
  /** Writes what the view shows into the address, so that a link leads to the same. */
  link: (parameters: Record<string, string>) => void;
}

export interface View {
  element: HTMLElement;
  /** The view comes on screen; `parameters` are those of the address. */
  show?(parameters: URLSearchParams): void;
  /** Another view takes its place. */
  hide?(): void;
}

export type CreateView = (page: Page) => View;
