/** A page onto which files and folders may be dropped. */
import { type DragEvent, type ReactNode, useState } from "react";

export interface Dropped {
  /** The path within what was dropped: `photos/1.png`. */
  path: string;
  file: File;
}

export function Drop({ onFiles, hint, children }: { onFiles: (files: Dropped[]) => void; hint: string; children: ReactNode }) {
  const [depth, setDepth] = useState(0); // a drag enters the page's elements one within the other
  const files = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  return (
    <div
      className="drop"
      onDragEnter={(event) => files(event) && setDepth(depth + 1)}
      onDragLeave={(event) => files(event) && setDepth(depth - 1)}
      onDragOver={(event) => files(event) && event.preventDefault()}
      onDrop={(event) => {
        if (!files(event)) return;
        event.preventDefault();
        setDepth(0);
        const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
        void Promise.all(entries.map((entry) => walk(entry))).then((found) => onFiles(found.flat()));
      }}
    >
      {depth > 0 && <div className="drop-here" aria-hidden="true">{hint}</div>}
      {children}
    </div>
  );
}

async function walk(entry: FileSystemEntry, path = ""): Promise<Dropped[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: path + entry.name, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Dropped[] = [];
  for (;;) {
    // A hundred at a time, until there are no more.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return found;
    for (const inner of entries) found.push(...(await walk(inner, `${path}${entry.name}/`)));
  }
}
