/** Sizes, and what base64 holds. */

export function size(bytes: number | undefined): string {
  if (bytes === undefined) return "–";
  const units = ["bytes", "KB", "MB", "GB", "TB", "PB"];
  const power = Math.min(Math.floor(Math.log2(Math.max(1, bytes)) / 10), units.length - 1);
  return `${power ? (bytes / 1024 ** power).toPrecision(3) : bytes} ${units[power]}`;
}

export function decoded(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** `s3://bucket/a/b` is bucket and key. */
export function place(uri: string): { bucket: string; key: string } {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(uri) ?? [];
  return { bucket, key };
}

/** Give bytes to the user as a file: they are never shown as a page. */
export function download(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
