import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { navigate } from './router';

/** A real link (middle click, copy address) that stays in the page on a plain click. `to` is always a path of ours. */
export function Link({ to, onClick, ...rest }: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  return (
    <a {...rest} href={to} onClick={(e: MouseEvent<HTMLAnchorElement>) => {
      onClick?.(e);
      if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
      e.preventDefault();
      navigate(to);
    }} />
  );
}
