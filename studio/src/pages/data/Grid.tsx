/** Rows of data as they stand in a file. Every cell is text. */
import type { Table } from "./parquet";

export function Grid({ table, label }: { table: Table; label: string }) {
  const numbers = table.columns.map((_, column) => table.rows.every((row) => !row[column] || !Number.isNaN(Number(row[column]))));
  return (
    <div className="grid" role="group" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">#</th>
            {table.columns.map(({ name, type }, column) => (
              <th key={column} scope="col" className={numbers[column] ? "number" : undefined}>
                {name}
                {type && <span className="kind">{type}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index}>
              <th scope="row">{index + 1}</th>
              {table.columns.map((_, column) => (
                <td key={column} className={numbers[column] ? "number" : undefined}>{row[column]}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
