/** The way to a page, from the paths alone: `/training-jobs/:name` stands below `/training-jobs`. */
import { matchRoute } from "wouter";
import { parse } from "regexparam";

export function crumbs(path: string, pages: readonly { path: string; title: string }[]): { text: string; href: string }[] {
  const parts = path.split("/").filter(Boolean);
  const trail = [{ text: "Studio", href: "/" }];
  for (let depth = 1; depth <= parts.length; depth++) {
    const href = `/${parts.slice(0, depth).join("/")}`;
    for (const page of pages) {
      const [matches, found] = matchRoute(parse, page.path, href);
      if (!matches) continue;
      const params = found as Record<string, string | undefined>;
      trail.push({ text: page.title.replace(/:(\w+)/g, (_, name: string) => params[name] ?? params["*"] ?? ""), href });
      break;
    }
  }
  return trail;
}
