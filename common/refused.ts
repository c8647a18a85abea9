/** What workflow code sees in place of an input that the worker could not open: it was not sealed with the secret of the server's home. */
export const REFUSED = {
  refused:
    'the embedded server takes work only from who holds the secret of its home: start it by habsburg with the same --home, and with TEMPORAL_ADDRESS unset',
} as const;
