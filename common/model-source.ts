/** Where a model of the Hub's layout lies: a base, a sentence encoder, a classifier. */
export const MODEL_SOURCE = /^(file:.+|hf:\/\/[\w.-]+\/[\w.-]+@[\w./-]+)$/;
