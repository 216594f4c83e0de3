/** A SentencePiece model at work: `SentencePieceProcessor::Encode` and `Decode` (sentencepiece_processor.cc). */

import { ByteList, byteToken, fromUtf8ByByte, utf8 } from "../bytes";
import { Trie } from "../trie";
import { bestSegmentation } from "../viterbi";
import { segmentByMerges } from "./bpe";
import { createNormalizer, SPACE_SYMBOL } from "./normalizer";
import { isReserved, PieceType, pieceToByte, readModelProto, type ModelProto } from "./proto";

export interface SentencePiece {
  readonly proto: ModelProto;
  /** Pieces, unknown ones as they stand in the text. */
  encode(text: string): string[];
  /** Text of pieces; a piece that is not in the model stands for itself. */
  decode(pieces: readonly string[]): string;
  /** The id of a piece; the unknown piece's where there is none. */
  id(piece: string): number;
}

/** What a piece that does not fit costs more than the least likely one. */
const UNK_PENALTY = 10;
const LARGEST_FLOAT = 3.4028234663852886e38;

/**
 * @param file for messages
 * @throws ModelError `invalid_tokenizer`
 */
export function createSentencePiece(bytes: Uint8Array, file: string): SentencePiece {
  const proto = readModelProto(bytes, file);
  const { pieces } = proto;
  const reserved = new Map<string, number>();
  const normal = new Map<string, number>();
  const userDefinedBytes = new Trie();
  const userDefined = new Trie();
  let unkId = 0;
  pieces.forEach(({ piece, type }, id) => {
    // Only beside the byte piece "<0x00>" (see proto.ts), which stands for it.
    if (piece === "\0") return;
    (isReserved(type) ? reserved : normal).set(piece, id);
    if (type === PieceType.unknown) unkId = id;
    if (type !== PieceType.userDefined) return;
    userDefinedBytes.addBytes(utf8(piece), id);
    userDefined.addText(piece, id);
  });
  const id = (piece: string) => reserved.get(piece) ?? normal.get(piece) ?? unkId;
  const typeOf = (piece: string) => pieces[id(piece)].type;

  const normalize = createNormalizer(
    proto.normalizer,
    proto.treatWhitespaceAsSuffix,
    userDefinedBytes.empty ? undefined : userDefinedBytes,
    file,
  );
  const denormalize =
    proto.denormalizer && proto.denormalizer.charsmap.length > 0
      ? createNormalizer(proto.denormalizer, false, undefined, file)
      : undefined;
  const segment =
    proto.modelType === "unigram" ? unigramSegmenter(proto, normal, unkId) : bpeSegmenter(proto, normal, userDefined);

  return {
    proto,
    id,
    encode(text) {
      const out: string[] = [];
      let afterUnknown = false;
      for (const { piece, isUnknown } of segment(normalize(text))) {
        if (isUnknown && proto.byteFallback) out.push(...Array.from(utf8(piece), byteToken));
        else if (isUnknown && afterUnknown) out[out.length - 1] += piece;
        else out.push(piece);
        afterUnknown = isUnknown;
      }
      return out;
    },
    decode(given) {
      const text = decodePieces(given, proto, (piece) => typeOf(piece), unkId);
      return denormalize ? denormalize(text) : text;
    },
  };
}

type Segmenter = (normalized: string) => Iterable<{ piece: string; isUnknown: boolean }>;

function unigramSegmenter(proto: ModelProto, normal: ReadonlyMap<string, number>, unkId: number): Segmenter {
  let least = LARGEST_FLOAT;
  for (const { score, type } of proto.pieces) {
    if (type === PieceType.normal) least = Math.min(least, score);
  }
  const trie = new Trie();
  const scores = new Float64Array(proto.pieces.length);
  for (const [piece, id] of normal) {
    const { type, score } = proto.pieces[id];
    if (type === PieceType.unused) continue;
    trie.addText(piece, id);
    // A user-defined piece is better than any other, and better the longer it is.
    scores[id] = type === PieceType.userDefined ? Math.fround(0.1 * (utf8(piece).length - 1)) : score;
  }
  const table = { trie, scores, unkId, unkScore: Math.fround(least - UNK_PENALTY), precision: "float32" as const };
  return (text) =>
    bestSegmentation(text, table).map(({ id, start, end }) => ({
      piece: text.slice(start, end),
      isUnknown: id === unkId,
    }));
}

function bpeSegmenter(proto: ModelProto, ids: ReadonlyMap<string, number>, userDefined: Trie): Segmenter {
  const scores = Float64Array.from(proto.pieces, ({ score }) => score);
  const isUnused = (piece: string) => proto.pieces[ids.get(piece) ?? -1]?.type === PieceType.unused;
  const table = { ids, scores, userDefined, isUnused };
  return (text) => segmentByMerges(text, table).map((piece) => ({ piece, isUnknown: !ids.has(piece) }));
}

/** `SentencePieceProcessor::Decode`; a run of byte pieces is UTF-8, with one U+FFFD for each byte that is not. */
function decodePieces(
  given: readonly string[],
  { pieces, unkSurface, normalizer }: ModelProto,
  typeOf: (piece: string) => number,
  unkId: number,
): string {
  let text = "";
  let run = new ByteList();
  const endRun = (): void => {
    if (run.length > 0) text += fromUtf8ByByte(run.view(), "\ufffd");
    run = new ByteList();
  };
  // The space of the dummy prefix is dropped from the first piece, or all leading ones where extra spaces go.
  let atBeginning = true;
  let droppedSpace = false;
  for (const piece of given) {
    const type = typeOf(piece);
    if (type === PieceType.byte) {
      run.push(Uint8Array.of(pieceToByte(piece)!));
      continue;
    }
    endRun();
    if (droppedSpace || text !== "") atBeginning = false;
    droppedSpace = false;
    if (type === PieceType.control) continue;
    if (type === PieceType.unknown) {
      text += piece === pieces[unkId].piece ? unkSurface : piece;
      continue;
    }
    let rest = piece;
    if (atBeginning && (normalizer.addDummyPrefix || normalizer.removeExtraWhitespaces)) {
      if (rest.startsWith(SPACE_SYMBOL)) {
        rest = rest.slice(SPACE_SYMBOL.length);
        droppedSpace = !normalizer.removeExtraWhitespaces;
      }
    }
    text += rest.replaceAll(SPACE_SYMBOL, " ");
  }
  endRun();
  return text;
}
