/** Comma-separated values as a table. */
import Papa from "papaparse";
import type { Table } from "./parquet";

const ROWS = 200;
const COLUMNS = 200;

/** Whether the first row names the columns is nowhere said: it does if nothing in it is a number, and something below is. */
export function csv(text: string, delimiter: string | undefined, whole: boolean): Table {
  const parsed = Papa.parse<string[]>(text, { delimiter, preview: ROWS + 2, skipEmptyLines: true });
  const rows = parsed.data;
  if (!whole && rows.length > 1 && !parsed.meta.truncated) rows.pop(); // it may be cut off
  const fields = Math.max(0, ...rows.map((row) => row.length));
  const numeric = (cell: string) => cell.trim() !== "" && !Number.isNaN(Number(cell));
  const named = rows.length > 1 && !rows[0]?.some(numeric);
  const head = named ? (rows.shift() ?? []) : [];
  return {
    columns: Array.from({ length: Math.min(fields, COLUMNS) }, (_, index) => ({ name: head[index] ?? String(index + 1) })),
    rows: rows.slice(0, ROWS),
    fields,
    ...(whole && rows.length <= ROWS && { total: rows.length }),
  };
}
