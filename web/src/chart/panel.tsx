import type { ReactNode } from 'react';
import { Skeleton } from '../ui/bits';

/** A chart's frame: title, unit, and what stands there while it is read or when there is nothing to draw. */
export function Panel({ title, note, loading, empty, children, tools }: { title: string; note: string; loading: boolean; empty: string | null; children: ReactNode; tools?: ReactNode }) {
  return <section className="panel chartp" aria-label={title}><header><h2 className="trunc">{title}</h2><span className="cap">{note}</span><span className="grow" />{tools}</header>{loading ? <div className="pad stack"><Skeleton w="50%" /><Skeleton w="94%" h={140} /></div> : empty ? <p className="chartempty dim">{empty}</p> : children}</section>;
}
