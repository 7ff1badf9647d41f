/** A ClientRequestToken of 32 characters; `crypto.randomUUID` is for pages that came by TLS, or from this machine. */
export function token(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
