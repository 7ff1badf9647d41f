/** Where an object stands, in S3 and in Studio's addresses. A key may hold anything: it is never a part of a path. */

export function browse(bucket: string, prefix = ""): string {
  return `/data/browse?${new URLSearchParams({ bucket, ...(prefix && { prefix }) })}`;
}

export function stored(bucket: string, key: string): string {
  return `/data/object?${new URLSearchParams({ bucket, key })}`;
}

/** `a/b/` lies in `a/`; so does `a/c`. */
export function parent(key: string): string {
  return key.slice(0, key.replace(/\/$/, "").lastIndexOf("/") + 1);
}

/** The last part of a key: `b/` of a folder `a/b/`. */
export function leaf(key: string): string {
  return key.slice(parent(key).length);
}

// What a reader does not see, or sees elsewhere than where it stands (Unicode's marks of direction).
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A key for the eye: hidden characters are written out, so that no name looks like another. */
export function legible(key: string): string {
  return key.replace(HIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
