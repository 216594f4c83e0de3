/** JSON without the white space between its tokens. Strings, numbers and the order of keys stay byte for byte. */

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

export function withoutSpaces(json: Uint8Array): Uint8Array {
  const out = new Uint8Array(json.length);
  let length = 0;
  let isString = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (!isString && isSpace(byte)) continue;
    out[length++] = byte;
    if (byte === QUOTE) isString = !isString;
    // An escaped quote does not end the string.
    else if (isString && byte === BACKSLASH && i + 1 < json.length) out[length++] = json[++i];
  }
  return out.subarray(0, length);
}
