import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { Health } from '../api/types';

export const useHealth = (every = 15_000) =>
  useQuery({ queryKey: ['health'], queryFn: ({ signal }) => get<Health>('/health', {}, signal), refetchInterval: every, retry: false, staleTime: 1000 });
