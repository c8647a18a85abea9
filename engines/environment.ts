/**
 * What a program that computes gets of this process's environment: all but the credentials of the server, the store, the hub and the signing
 * key. It reads models and texts that came from anywhere, and needs none of them.
 */
const CREDENTIALS =
  /^(?:AWS_|TEMPORAL_|HABSBURG_SIGNING_|HF_TOKEN$|HUGGING_FACE_HUB_TOKEN$|GOOGLE_APPLICATION_CREDENTIALS$|AZURE_)/;

export function environmentOfEngine(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !CREDENTIALS.test(name)));
}
