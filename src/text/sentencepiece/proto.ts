/**
 * Reads a SentencePiece model: a protocol buffer (protobuf.dev/programming-guides/encoding) of the message `ModelProto`
 * in sentencepiece_model.proto. Strict: what is malformed is an error that names the place, never a guess.
 */

import { ModelError, quote } from "../../errors";

/** `ModelProto.SentencePiece.Type`. */
export const PieceType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Whether no text is segmented into pieces of this type. */
export const isReserved = (type: number): boolean =>
  type === PieceType.unknown || type === PieceType.control || type === PieceType.byte;

export interface Piece {
  piece: string;
  /** Log probability (unigram) or minus the rank of the merge (BPE), as a 32-bit float. */
  score: number;
  type: number;
}

export interface NormalizerSpec {
  /** See charsmap.ts; empty where text is taken as it is. */
  charsmap: Uint8Array;
  addDummyPrefix: boolean;
  removeExtraWhitespaces: boolean;
  escapeWhitespaces: boolean;
}

export interface ModelProto {
  pieces: Piece[];
  modelType: "unigram" | "bpe";
  /** Index of the unknown piece, as the trainer was told; may differ from the piece of type "unknown" in a bad file. */
  unkId: number;
  /** What an unknown piece is decoded to. */
  unkSurface: string;
  byteFallback: boolean;
  treatWhitespaceAsSuffix: boolean;
  normalizer: NormalizerSpec;
  denormalizer?: NormalizerSpec;
}

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** One message: `fields` gives each field's number and leaves its value to be read, or skips it. */
class Message {
  private wireType = 0;
  private read = true;

  constructor(
    readonly file: string,
    private readonly bytes: Uint8Array,
    private at = 0,
    private readonly end = bytes.length,
  ) {}

  fail(what: string): ModelError {
    return new ModelError(
      "invalid_tokenizer",
      `${this.file}: ${what} (near byte ${this.at} of ${this.bytes.length}).`,
      "The file must be a SentencePiece model, whole and unchanged.",
    );
  }

  *fields(): Generator<number, void, undefined> {
    while (this.at < this.end) {
      const key = this.varint();
      const field = Math.floor(key / 8);
      this.wireType = key % 8;
      if (field < 1 || field > 0x1fffffff) throw this.fail(`${field} is not a field number`);
      this.read = false;
      yield field;
      if (!this.read) this.skip();
    }
  }

  number(): number {
    this.take(wire.varint);
    return this.varint();
  }

  boolean(): boolean {
    return this.number() !== 0;
  }

  float(): number {
    this.take(wire.fixed32);
    const at = this.advance(4);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset).getFloat32(at, true);
  }

  content(): Uint8Array {
    this.take(wire.bytes);
    const length = this.varint();
    const at = this.advance(length);
    return this.bytes.subarray(at, at + length);
  }

  text(): string {
    const content = this.content();
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
    } catch {
      throw this.fail("a string is not valid UTF-8");
    }
  }

  message(): Message {
    const content = this.content();
    return new Message(this.file, this.bytes, this.at - content.length, this.at);
  }

  private take(expected: number): void {
    if (this.wireType !== expected) throw this.fail(`a field has wire type ${this.wireType}, not ${expected}`);
    this.read = true;
  }

  private skip(): void {
    if (this.wireType === wire.varint) this.varint();
    else if (this.wireType === wire.fixed64) this.advance(8);
    else if (this.wireType === wire.bytes) this.advance(this.varint());
    else if (this.wireType === wire.fixed32) this.advance(4);
    else throw this.fail(`wire type ${this.wireType} is not known`);
  }

  /** Moves over `length` bytes and says where they begin. */
  private advance(length: number): number {
    if (length > this.end - this.at) throw this.fail(`the file ends within a field of ${length} bytes`);
    const at = this.at;
    this.at += length;
    return at;
  }

  /** Base 128, low bits first, at most ten bytes. Beyond 2^53 the low bits are lost, which no field here needs. */
  private varint(): number {
    let value = 0;
    for (let i = 0, unit = 1; i < 10; i++, unit *= 128) {
      const byte = this.bytes[this.advance(1)];
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
    throw this.fail("a number takes more than ten bytes");
  }
}

const noNormalizer = (): NormalizerSpec => ({
  charsmap: new Uint8Array(0),
  addDummyPrefix: true,
  removeExtraWhitespaces: true,
  escapeWhitespaces: true,
});

function readPiece(message: Message): Piece {
  const out: Piece = { piece: "", score: 0, type: PieceType.normal };
  for (const field of message.fields()) {
    if (field === 1) out.piece = message.text();
    else if (field === 2) out.score = message.float();
    else if (field === 3) out.type = message.number();
  }
  if (out.piece === "") throw message.fail("a piece is empty");
  if (!Number.isFinite(out.score)) throw message.fail(`the score of piece ${quote(out.piece)} is not a number`);
  if (out.type < PieceType.normal || out.type > PieceType.byte)
    throw message.fail(`${out.type} is not a type of piece`);
  return out;
}

function readNormalizer(message: Message, out: NormalizerSpec): NormalizerSpec {
  for (const field of message.fields()) {
    if (field === 2) out.charsmap = message.content();
    else if (field === 3) out.addDummyPrefix = message.boolean();
    else if (field === 4) out.removeExtraWhitespaces = message.boolean();
    else if (field === 5) out.escapeWhitespaces = message.boolean();
  }
  return out;
}

function readTrainer(message: Message, out: ModelProto): void {
  for (const field of message.fields()) {
    if (field === 3) {
      const type = message.number();
      if (type !== 1 && type !== 2) {
        throw message.fail(`model type ${type} is not supported; unigram (1) and BPE (2) are`);
      }
      out.modelType = type === 1 ? "unigram" : "bpe";
    } else if (field === 24) out.treatWhitespaceAsSuffix = message.boolean();
    else if (field === 35) out.byteFallback = message.boolean();
    else if (field === 40) out.unkId = message.number();
    else if (field === 44) out.unkSurface = message.text();
  }
}

const MAX_PIECE = 8000;

/** What sentencepiece itself checks when it loads a model (`ModelInterface::InitializePieces`). */
function check(message: Message, { pieces, byteFallback, modelType }: ModelProto): void {
  // BPE keeps one table of pieces, unigram another one for those that no text is segmented into.
  const seen = modelType === "bpe" ? [new Set<string>()] : [new Set<string>(), new Set<string>()];
  let unknown = 0;
  let bytes = 0;
  for (const { piece, type } of pieces) {
    if (piece.length >= MAX_PIECE) throw message.fail(`a piece has ${piece.length} characters`);
    // A zero byte that a converter put beside the byte piece for it: sentencepiece leaves it out.
    if (piece === "\0" && byteFallback) continue;
    if (piece.includes("\0")) throw message.fail("a piece holds a zero byte");
    const kind = seen[isReserved(type) ? seen.length - 1 : 0];
    if (kind.has(piece)) throw message.fail(`piece ${quote(piece)} is there twice`);
    kind.add(piece);
    if (type === PieceType.unknown) unknown++;
    if (type === PieceType.byte) {
      bytes++;
      if (pieceToByte(piece) === undefined) throw message.fail(`byte piece ${quote(piece)} does not name a byte`);
    }
  }
  if (unknown !== 1) throw message.fail(`there are ${unknown} unknown pieces instead of one`);
  if (bytes !== (byteFallback ? 256 : 0)) {
    throw message.fail(`there are ${bytes} byte pieces, and byte_fallback is ${byteFallback}`);
  }
}

/** The byte that a piece such as "<0x0A>" stands for. */
export function pieceToByte(piece: string): number | undefined {
  return /^<0x[0-9A-F]{2}>$/.test(piece) ? parseInt(piece.slice(3, 5), 16) : undefined;
}

/**
 * @param file for messages
 * @throws ModelError `invalid_tokenizer`
 */
export function readModelProto(bytes: Uint8Array, file: string): ModelProto {
  const out: ModelProto = {
    pieces: [],
    modelType: "unigram",
    unkId: 0,
    unkSurface: " \u2047 ",
    byteFallback: false,
    treatWhitespaceAsSuffix: false,
    normalizer: noNormalizer(),
  };
  const message = new Message(file, bytes);
  for (const field of message.fields()) {
    if (field === 1) out.pieces.push(readPiece(message.message()));
    else if (field === 2) readTrainer(message.message(), out);
    else if (field === 3) readNormalizer(message.message(), out.normalizer);
    else if (field === 5) out.denormalizer = readNormalizer(message.message(), out.denormalizer ?? noNormalizer());
  }
  if (out.pieces.length === 0) throw message.fail("it holds no pieces");
  check(message, out);
  return out;
}
