/** What people type, or an environment says, is repeated in sentences; a key or password in a url must not be. */

/** `scheme://user:password@`, whatever the password holds, and `scheme://token@`; in `hf://name@revision` nothing is secret. */
const IN_URL = /(?::\/\/[^\s/@:]*:[^\s@]*|(?<!\bhf):\/\/[^\s/@:]+)@/g;

/** Text with `://…@` in place of the credentials of every url in it. */
export function withoutCredentials(text: string): string {
  return text.replace(IN_URL, '://…@');
}
