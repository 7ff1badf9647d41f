/** A link to another page of Studio: a plain link that a plain click follows without loading anew. */
import Link, { type LinkProps } from "@cloudscape-design/components/link";
import { useLocation } from "wouter";

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
