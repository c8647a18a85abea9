/** A warper changes the distribution that a token is drawn from; warpers are applied in turn. */

/** Changes logits (V) in place; a token that may not be drawn gets -Infinity. At least one token stays finite. */
export type Warper = (logits: Float32Array) => void;
