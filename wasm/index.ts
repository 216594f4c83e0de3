/** What the module exports. Pointers are byte addresses in the one memory, which the engine manages. */

export { attention, attentionScratch } from "./attention";
export { candidates, topK } from "./top_k";
export { addPositions, lookUp } from "./embed";
export { finish } from "./finish";
export { normalHalves, plainHalves } from "./halves";
export { norm } from "./norm";
export { product, productScratch } from "./product";
export { productInt8 } from "./product_int8";
export { int8Scratch } from "./product_int8_tiled";
export { quantize, quantizedBytes } from "./quantize";
export { argmax, logSoftmax, softmax } from "./softmax";
export { split } from "./split";
export { rowBytes } from "./weights";
