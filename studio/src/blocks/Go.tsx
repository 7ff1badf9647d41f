/** A button that leads to another page. */
import Button, { type ButtonProps } from "@cloudscape-design/components/button";
import { useLocation } from "wouter";

export function Go({ href, ...rest }: ButtonProps & { href: string }) {
  const [, go] = useLocation();
  return (
    <Button
      {...rest}
      href={rest.disabled ? undefined : href}
      onFollow={(event) => {
        event.preventDefault();
        go(href);
      }}
    />
  );
}
