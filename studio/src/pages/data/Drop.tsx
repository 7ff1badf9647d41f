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
        // What is no file on a disk, as a picture of another page, has no entry.
        const found = [...event.dataTransfer.items].map((item) => {
          const [entry, file] = [item.webkitGetAsEntry(), item.getAsFile()];
          return entry ? walk(entry) : file ? [{ path: file.name, file }] : [];
        });
        void Promise.all(found).then((files) => onFiles(files.flat()));
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
