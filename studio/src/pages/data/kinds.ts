/** What an object is shown as: by its name, which is what people go by, then by its type. Only pictures of pixels are drawn. */

export type Kind = "csv" | "tsv" | "parquet" | "json" | "picture" | "text";

const BY_NAME: [RegExp, Kind][] = [
  [/\.csv$/i, "csv"],
  [/\.tsv$/i, "tsv"],
  [/\.(parquet|pq)$/i, "parquet"],
  [/\.(json|ipynb|geojson)$/i, "json"],
  [/\.(png|jpe?g|gif|bmp)$/i, "picture"],
];
const BY_TYPE: [RegExp, Kind][] = [
  [/^text\/csv\b/i, "csv"],
  [/^text\/tab-separated-values\b/i, "tsv"],
  [/^application\/(vnd\.apache\.)?(x-)?parquet\b/i, "parquet"],
  [/^application\/json\b/i, "json"],
  [/^image\/(png|jpeg|gif|bmp)\b/i, "picture"],
];

export function packed(key: string): boolean {
  return /\.gz(ip)?$/i.test(key);
}

/** All that is neither is text, if it is UTF-8: HTML and SVG too, which are programs. */
export function kindOf(key: string, type = ""): Kind {
  const name = key.replace(/\.gz(ip)?$/i, "");
  const found = BY_NAME.find(([pattern]) => pattern.test(name)) ?? (/\.\w+$/.test(name) ? undefined : BY_TYPE.find(([pattern]) => pattern.test(type)));
  return found?.[1] ?? "text";
}
