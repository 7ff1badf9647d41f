/** Where Studio shows what an ARN names. */

const PAGES: [RegExp, (found: string[]) => string][] = [
  [/:(training-job|processing-job|transform-job|model|endpoint|endpoint-config|pipeline)\/([^/]+)$/, ([kind, name]) => `/${kind}s/${name}`],
  [/:model-package\/([^/]+)\/(\d+)$/, ([group, version]) => `/model-package-groups/${group}/${version}`],
  [/:pipeline\/([^/]+)\/execution\/([^/]+)$/, ([name, id]) => `/pipelines/${name}/${id}`],
  [/^arn:aws[\w-]*:iam::\d+:role\/(?:.*\/)?([^/]+)$/, ([name]) => `/roles/show?name=${name}`],
];

export function pageOf(arn: string): string | undefined {
  for (const [pattern, path] of PAGES) {
    const found = pattern.exec(arn);
    if (found) return path(found.slice(1));
  }
  return undefined;
}

/** Where the program of such a job writes its log. */
export function logOf(arn: string): { group: string; prefix: string } | undefined {
  const [, kind, name] = /:(training|processing|transform)-job\/([^/]+)$/.exec(arn) ?? [];
  return kind && name ? { group: `/aws/sagemaker/${kind[0]?.toUpperCase()}${kind.slice(1)}Jobs`, prefix: `${name}/` } : undefined;
}
