/** The folders down to a key, each a link. */
import { Anchor } from "@/blocks/Anchor";
import { browse, legible } from "./places";

export function Trail({ bucket, path }: { bucket: string; path: string }) {
  const folders = [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1));
  return (
    <nav aria-label="Folders">
      <ol className="trail">
        <li>
          <Anchor href={browse(bucket)}>{bucket}</Anchor>
        </li>
        {folders.map((folder, index) => (
          <li key={folder}>
            <Anchor href={browse(bucket, folder)}>{legible(folder.slice(folders[index - 1]?.length ?? 0))}</Anchor>
          </li>
        ))}
      </ol>
    </nav>
  );
}
