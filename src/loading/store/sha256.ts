/** SHA-256 of bytes as they pass, and the ways in which one is written. WebCrypto would need the whole file at once. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { ModelError, quote } from "../../errors";

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** In hex. Ends it. */
  hex(): string;
}

export function createHasher(): Hasher {
  const hash = sha256.create();
  return { update: (bytes) => void hash.update(bytes), hex: () => bytesToHex(hash.digest()) };
}

/** The error for a file whose bytes are not the expected ones. Hashes are in hex. */
export const wrongHash = (path: string, found?: string, expected?: string, hint?: string): ModelError =>
  new ModelError("integrity", `${path}: its SHA-256 is ${found}, not the expected ${expected}.`, hint);

/** A name for a text that any file system takes. */
export const nameOf = (text: string): string => bytesToHex(sha256(new TextEncoder().encode(text))).slice(0, 32);

/** "sha256-" and base64, as `integrity` of a script element has it, or 64 digits of hex. In hex. */
export function parseIntegrity(file: string, value: unknown): string {
  const text = typeof value === "string" ? value.trim() : "";
  const hex = /^(?:sha256[-:])?([0-9a-f]{64})$/i.exec(text);
  if (hex) return hex[1].toLowerCase();
  const base64 = /^sha256-([A-Za-z0-9+/_-]{43}=?)$/.exec(text);
  if (base64) {
    const binary = atob(base64[1].replace(/-/g, "+").replace(/_/g, "/"));
    if (binary.length === 32) return bytesToHex(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  }
  const message = `load: integrity of ${quote(file)} must be "sha256-" and 44 characters of base64, not ${quote(value)}.`;
  throw new ModelError("invalid_option", message, "64 digits of hex, as sha256sum prints them, are read, too.");
}
