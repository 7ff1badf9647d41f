/** The pages: each folder of `pages/` that exports some. A new page is one new folder. */
import { type ComponentType, lazy } from "react";

/** Where the side navigation shows a page (the first of them without a heading); a new section may be any other word and comes last. */
export const SECTIONS = ["Studio", "Jobs", "Pipelines", "Models", "Inference", "Data", "Notebooks", "Costs", "Administration"];

export interface PageProps {
  /** What stands for `:name` in the path, decoded. */
  params: Record<string, string>;
}

export interface Page {
  /** `/training-jobs/:name`; a name that may hold slashes is `:name*`. Fixed words win over `:name`. */
  path: string;
  /** In the navigation, the breadcrumbs and the tab: `Training jobs`, or `:name` for what stands in the path. */
  title: string;
  /** Absent: the page is reached from others (details, forms). */
  section?: string;
  load: () => Promise<{ default: ComponentType<PageProps> }>;
}

const folders = import.meta.glob<{ pages: Page[] }>("./pages/*/index.{ts,tsx}", { eager: true });

export const pages = Object.values(folders)
  .flatMap((folder) => folder.pages)
  .map((page) => ({ ...page, View: lazy(page.load) }))
  // `/training-jobs/create` before `/training-jobs/:name`.
  .sort((one, other) => Number(one.path.includes(":")) - Number(other.path.includes(":")) || other.path.length - one.path.length);

/** Pages of the side navigation, section by section, in the order in which folders name them. */
export function sections(): { title: string; pages: Page[] }[] {
  const found = Map.groupBy(
    Object.values(folders).flatMap((folder) => folder.pages).filter((page) => page.section),
    (page) => page.section ?? "",
  );
  const known = (title: string) => (SECTIONS.indexOf(title) + 1 || SECTIONS.length + 1) - 1;
  return [...found].map(([title, pages]) => ({ title, pages })).sort((one, other) => known(one.title) - known(other.title));
}
