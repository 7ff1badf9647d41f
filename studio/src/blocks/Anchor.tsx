/** A link to another page of Studio: a plain link that a plain click follows without loading anew. */
import Link, { type LinkProps } from "@cloudscape-design/components/link";
import { useLocation } from "wouter";
import { pageOf } from "./arns";

/** What an ARN names, by its name; a link where it has a page. */
export function Named({ arn }: { arn: string | undefined }) {
  const page = arn && pageOf(arn);
  return page ? <Anchor href={page}>{arn.split("/").pop()}</Anchor> : arn;
}

export function Anchor({ href, ...rest }: LinkProps & { href: string }) {
  const [, go] = useLocation();
  return (
    <Link
      {...rest}
      href={href}
      onFollow={(event) => {
        event.preventDefault();
        go(href);
      }}
    />
  );
}
