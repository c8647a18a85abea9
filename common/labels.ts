/** Labels of tokens in training and scoring, as transformers takes them. */

/** Label of a token that is not to be predicted, as torch's cross_entropy has it. */
export const IGNORED = -100;
