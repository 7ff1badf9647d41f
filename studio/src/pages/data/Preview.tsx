/** A look at an object: a table, a picture or text. Nothing of it ever runs. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useEffect, useState } from "react";
import { size as sized } from "@/blocks/bytes";
import { Code } from "@/blocks/Code";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { useAnswer } from "@/client/query";
import { csv } from "./csv";
import { Grid } from "./Grid";
import { kindOf, packed } from "./kinds";
import { parquet, type Table } from "./parquet";
import { measured } from "./pixels";
import { beginning, GLANCE, gunzipped, PICTURE, text } from "./read";

export interface Facts {
  bucket: string;
  key: string;
  size: number;
  type?: string;
  etag?: string;
  /** As S3 was told: an object that is packed without saying so in its name. */
  encoding?: string;
}

const PIXELS = 50_000_000;

type Look = { table: Table } | { text: string; whole: boolean } | { picture: Blob } | { nothing: string };

export function Preview({ object }: { object: Facts }) {
  const look = useAnswer(["preview", object], (signal) => looked(object, signal));
  if (look.error) return <Problem error={look.error} doing="show what is in it" retry={() => void look.refetch()} />;
  if (!look.data) return <Spinner size="large" />;
  return <Shown look={look.data} name={object.key} />;
}

async function looked(object: Facts, signal: AbortSignal): Promise<Look> {
  const { bucket, key, size, type, etag } = object;
  const kind = kindOf(key, type);
  const gzip = packed(key) || object.encoding === "gzip";
  if (!size) return { nothing: "There is nothing in it: it has no bytes." };
  if (kind === "parquet" && !gzip) return { table: await parquet({ bucket, key, size, etag }, signal) };
  if (kind === "picture" && !gzip) return picture(object, signal);
  let begun = await beginning(bucket, key, size, GLANCE, signal);
  if (gzip) begun = await gunzipped(begun);
  const read = text(begun);
  if (read === undefined) return { nothing: "It is not text, nor of a kind that is shown here. Download it to open it." };
  if (kind === "csv" || kind === "tsv") return { table: csv(read, kind === "tsv" ? "\t" : undefined, begun.whole) };
  return { text: kind === "json" && begun.whole ? indented(read) : read, whole: begun.whole };
}

async function picture({ bucket, key, size }: Facts, signal: AbortSignal): Promise<Look> {
  if (size > PICTURE) return { nothing: `Pictures of more than ${sized(PICTURE)} are not shown here. Download it to open it.` };
  const { bytes } = await beginning(bucket, key, size, PICTURE, signal);
  const found = measured(bytes);
  if (!found) return { nothing: "Its name says that it is a picture, its content does not." };
  if (found.width * found.height > PIXELS) return { nothing: `It has ${found.width} × ${found.height} pixels, too many to show here.` };
  return { picture: new Blob([bytes], { type: found.type }) };
}

function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json; // as it stands, then
  }
}

function Shown({ look, name }: { look: Look; name: string }) {
  if ("nothing" in look) return <Nothing title="No preview">{look.nothing}</Nothing>;
  if ("picture" in look) return <Drawn picture={look.picture} name={name} />;
  if ("text" in look) {
    return (
      <SpaceBetween size="s">
        {!look.whole && <Alert type="info">This is its beginning: the first {sized(look.text.length)}.</Alert>}
        <Code text={look.text} label={`Content of ${name}`} />
      </SpaceBetween>
    );
  }
  const { rows, total, fields, columns } = look.table;
  return (
    <SpaceBetween size="s">
      <Box color="text-body-secondary">
        {total === rows.length ? `${total} rows` : `The first ${rows.length}${total === undefined ? "" : ` of ${total.toLocaleString("en")}`} rows`}, {columns.length === fields ? fields : `${columns.length} of ${fields}`} columns
      </Box>
      <Grid table={look.table} label={`Content of ${name}`} />
    </SpaceBetween>
  );
}

function Drawn({ picture, name }: { picture: Blob; name: string }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(picture);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [picture]);
  return url ? <img className="picture" src={url} alt={name} /> : null;
}
