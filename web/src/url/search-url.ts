/** The address of a search; what is usual there is left out. */
export const searchUrl = (q: string, from: string, to = '', more = ''): string => `/search?q=${encodeURIComponent(q)}&from=${encodeURIComponent(from)}${to && to !== 'now' ? `&to=${encodeURIComponent(to)}` : ''}${more}`;
