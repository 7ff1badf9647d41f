/** A call as the AWS CLI's line and as Python: for any operation, from its input alone. */

/** `TrainingJobName` is `training_job_name` to boto3, as botocore has it. */
export function snake(name: string, joint = "_"): string {
  return name
    .replace(/[A-Z]{2,}s$/, (plural) => joint + plural.toLowerCase())
    .replace(/(.)([A-Z][a-z]+)/g, `$1${joint}$2`)
    .replace(/([a-z0-9])([A-Z])/g, `$1${joint}$2`)
    .replace(new RegExp(`${joint}+`, "g"), joint)
    .toLowerCase();
}

export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export function asCli(service: string, operation: string, input: Record<string, unknown>): string {
  const command = service === "s3" ? "s3api" : service;
  const options = Object.entries(input)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => {
      const option = snake(name, "-");
      if (typeof value === "boolean") return value ? `--${option}` : `--no-${option}`;
      return `--${option} ${quoted(typeof value === "object" ? JSON.stringify(value) : String(value))}`;
    });
  return [`aws ${command} ${snake(operation, "-")}`, ...options].join(" \\\n  ");
}

export function asPython(service: string, operation: string, input: Record<string, unknown>): string {
  const given = Object.entries(input).filter(([, value]) => value !== undefined && value !== null);
  const members = given.map(([name, value]) => `    ${name}=${literal(value, 1)},\n`).join("");
  return `import boto3\n\nclient = boto3.client("${service}")\nclient.${snake(operation)}(${members ? `\n${members}` : ""})\n`;
}

function literal(value: unknown, depth: number): string {
  const indent = "    ".repeat(depth + 1);
  const end = "    ".repeat(depth);
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return value.length ? `[\n${value.map((one) => `${indent}${literal(one, depth + 1)},\n`).join("")}${end}]` : "[]";
  if (typeof value === "object") {
    const members = Object.entries(value).filter(([, one]) => one !== undefined);
    return members.length ? `{\n${members.map(([name, one]) => `${indent}${JSON.stringify(name)}: ${literal(one, depth + 1)},\n`).join("")}${end}}` : "{}";
  }
  return JSON.stringify(value);
}
